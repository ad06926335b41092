#!/usr/bin/env python3
# units.py: the broker's units under a real systemd user manager: activation, restarts, runtimes, restrictions; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: units.py BROKERD BROKERCTL DATA-FOLDER BUILT-DATA-FOLDER
#
# The whole is one session, as a person has it, in the order of the cases. It runs where with-manager.sh can make one, and is skipped elsewhere.

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data'))

import cases

NAME = 'io.github.runtimebroker.Broker1'
SERVICE = 'runtime-broker.service'
LIMIT_S = 60
SKIPPED = 77


def wait(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, 'still waiting: ' + what
        time.sleep(0.05)    # another process's doing: there is nothing to wait on
    return found


def systemctl(*arguments):
    return cases.check('systemctl', '--user', '--no-pager', *arguments).strip()


def get(unit, name):
    return systemctl('show', '--value', '--property=' + name, unit)


def get_limits(pid):
    """What the kernel holds against a process for ever: no new privileges, filtered system calls."""
    with open('/proc/{}/status'.format(pid), encoding='utf-8') as file:
        fields = dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)
    return fields['NoNewPrivs'] == '1', fields['Seccomp'] == '2'


class Session:
    """What a person has installed below the home."""

    def __init__(self, brokerd, brokerctl, data, built):
        self.brokerd, self.brokerctl, self.data, self.built = brokerd, brokerctl, data, built
        self.home = os.environ['HOME']
        self.units = os.path.join(self.home, '.config', 'systemd', 'user')
        self.socket = os.path.join(os.environ['XDG_RUNTIME_DIR'], 'runtime-broker', 'default', 'ipc.sock')
        self.log = os.path.join(self.home, 'broker.log')
        self.adapters = []

    def install(self):
        services = os.path.join(self.home, '.local', 'share', 'dbus-1', 'services')
        for folder in (self.units, services):
            os.makedirs(folder)
        with open(os.path.join(self.built, SERVICE), encoding='utf-8') as file:
            lines = [self.move(line) for line in file]
        with open(os.path.join(self.units, SERVICE), 'w', encoding='utf-8') as file:
            file.writelines(lines)
        for name in ('runtime-broker.socket', 'app-runtimebroker.slice'):
            shutil.copy(os.path.join(self.data, 'systemd', name), self.units)
        shutil.copy(os.path.join(self.built, NAME + '.service'), services)
        os.makedirs(os.path.join(self.home, '.config', 'runtime-broker'))
        with open(os.path.join(self.home, '.config', 'runtime-broker', 'broker.conf'), 'w', encoding='utf-8') as file:
            file.write('[broker]\nspawn-drivers=command\n[spawn]\nmemory-max-mib=64\ntasks-max=9\ncpu-percent=50\n'
                       '[command]\nkinds=idler\ncommand-idler=sh -c "echo here I am; exec sleep 600"\n')
        systemctl('daemon-reload')
        # A bus is not told of new files by everybody.
        systemctl('reload-or-restart', 'dbus.service')

    def move(self, line):
        """The program is that of the build folder; a sanitizer's leak check is no part of what a service may do."""
        if line.startswith('ExecStart='):
            options = line.split(' ', 1)[1]
            log = 'StandardError=append:{}\nEnvironment="ASAN_OPTIONS={}:detect_leaks=0"\n'.format(self.log, os.environ.get('ASAN_OPTIONS', ''))
            return 'ExecStart={} {}{}'.format(self.brokerd, options, log)
        return line

    def drop_in(self, name, *lines):
        folder = os.path.join(self.units, SERVICE + '.d')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name + '.conf'), 'w', encoding='utf-8') as file:
            file.write('[Service]\n' + ''.join(line + '\n' for line in lines))
        systemctl('daemon-reload')

    def undo(self, name):
        os.unlink(os.path.join(self.units, SERVICE + '.d', name + '.conf'))
        systemctl('daemon-reload')

    def ctl(self, *arguments):
        return cases.check(self.brokerctl, *arguments)

    def read(self, *arguments):
        done = subprocess.run([self.brokerctl, *arguments, '--json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout)

    def pid(self):
        return int(get(SERVICE, 'MainPID'))

    def is_served(self):
        return subprocess.run([self.brokerctl, 'status', '--no-start'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def knock(self):
        """At the Unix socket; somebody has to answer."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(LIMIT_S)
            client.connect(self.socket)
            client.sendall(b'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
            assert client.recv(64).startswith(b'HTTP/1.1 '), 'an answer'

    def wait_until_back(self):
        wait(lambda: self.read('status')['presence'] == 'online', 'the network')
        wait(lambda: 'shout' in self.ctl('list'), 'the adapter again')

    def attach(self, name, command):
        # Otherwise it might start one of its own while the service is restarted.
        adapter = subprocess.Popen([self.brokerctl, 'attach', '--no-start', '--name', name, '--exec', command], stdout=subprocess.DEVNULL)
        self.adapters.append(adapter)
        wait(lambda: name in self.ctl('list'), 'the endpoint')

    def spawn(self):
        """A runtime that does nothing, and its row."""
        done = cases.check(self.brokerctl, 'spawn', 'idler', 'be idle', '--json')
        return wait(lambda: [row for row in self.read('runtimes') if row['id'] == json.loads(done)['id'] and row.get('pid')], 'the runtime')[0]

    def close(self):
        for adapter in self.adapters:
            adapter.terminate()
            adapter.wait()
        self.adapters = []


def converse(session, text):
    """A message to nobody in particular is handed to the adapter, and its reply comes back."""
    with subprocess.Popen([session.brokerctl, 'send', '--to', 'default@local', '--wait-reply=50', text], stdout=subprocess.PIPE, text=True) as sender:
        message = wait(lambda: [row for row in session.read('inbox') if text in json.dumps(row)], 'the message')[0]
        session.ctl('dispatch', message['id'], 'shout')
        assert text.upper() in sender.communicate(timeout=LIMIT_S)[0]


def test_bus(session):
    """The first call on the bus starts the service, by the manager."""
    assert get(SERVICE, 'ActiveState') == 'inactive'
    said = cases.check('gdbus', 'call', '--session', '--dest', NAME, '--object-path', '/' + NAME.replace('.', '/'), '--method', NAME + '.Access')
    assert session.socket in said, said
    # It answers before its modules run, which is what the manager waits for.
    wait(lambda: get(SERVICE, 'ActiveState') == 'active', 'the service to be ready')
    assert session.pid() > 0 and get(SERVICE, 'WatchdogUSec') == '30s'


def test_restrictions(session):
    """The process can get no new privileges, its system calls are filtered; each line is in force."""
    assert get_limits(session.pid()) == (True, True)
    for name, value in (('NoNewPrivileges', 'yes'), ('LockPersonality', 'yes'), ('MemoryDenyWriteExecute', 'yes'), ('RestrictRealtime', 'yes'),
                        ('RestrictSUIDSGID', 'yes'), ('SystemCallArchitectures', 'native')):
        assert get(SERVICE, name) == value, name
    assert 'ptrace' not in get(SERVICE, 'SystemCallFilter').split() and 'execve' in get(SERVICE, 'SystemCallFilter').split()


def test_work(session):
    """Under them it stores, pushes and replies."""
    session.attach('shout', 'tr a-z A-Z')
    converse(session, 'within limits')


def test_reload(session):
    """A restart in place is the same service and process, under the same restrictions, and serves."""
    pid, before = session.pid(), session.read('status')['instance']
    systemctl('reload', SERVICE)
    wait(lambda: session.read('status')['instance'] != before, 'the next one')
    session.wait_until_back()
    assert session.pid() == pid and get(SERVICE, 'ActiveState') == 'active' and get(SERVICE, 'NRestarts') == '0'
    assert get_limits(pid) == (True, True)
    converse(session, 'in its place')


def test_restart(session):
    """A restart by the manager keeps what waits, and the adapter comes back."""
    session.ctl('send', '--to', 'default@local', 'kept')
    pid = session.pid()
    systemctl('restart', SERVICE)
    assert session.pid() != pid
    session.wait_until_back()
    assert 'kept' in session.ctl('inbox')
    converse(session, 'after that')


def test_runtime(session):
    """A runtime is a unit in its slice, with limits of its own and none of the broker's restrictions; it outlives the broker."""
    runtime = session.spawn()
    unit, pid = runtime['unit'], runtime['pid']
    assert get_limits(pid) == (False, False)
    assert get(unit, 'Slice') == 'app-runtimebroker.slice' and get(unit, 'MainPID') == str(pid)
    assert (get(unit, 'MemoryMax'), get(unit, 'TasksMax'), get(unit, 'CPUQuotaPerSecUSec')) == (str(64 << 20), '9', '500ms')
    assert get(unit, 'MemoryDenyWriteExecute') == 'no' and '/app-runtimebroker.slice/' in get(unit, 'ControlGroup')
    systemctl('restart', SERVICE)
    assert wait(lambda: session.read('runtimes'), 'the runtime')[0]['pid'] == pid
    wait(lambda: 'here I am' in session.ctl('logs', runtime['id']), 'its words in the journal')
    session.ctl('stop', runtime['id'])
    wait(lambda: not os.path.exists('/proc/{}'.format(pid)), 'its end')
    wait(lambda: get(unit, 'LoadState') == 'not-found', 'its unit to be forgotten')


def test_plain_runtime(session):
    """Without units it inherits what the broker may not do."""
    session.drop_in('plain', 'ExecStart=', 'ExecStart={} --set spawn.units=off'.format(session.brokerd))
    systemctl('restart', SERVICE)
    runtime = session.spawn()
    assert not runtime.get('unit') and get_limits(runtime['pid']) == (True, True), runtime
    session.ctl('stop', runtime['id'])
    session.undo('plain')
    systemctl('restart', SERVICE)


def test_credential(session):
    """A credential of the service manager's is the account's, and is seen by this service alone."""
    with open(os.path.join(session.home, 'masons.json'), 'w', encoding='utf-8') as file:
        json.dump({'accounts': {'default': {'connectorUrl': 'ws://127.0.0.1:1/gateway', 'token': 'mrt_test', 'apiHost': 'http://127.0.0.1:1'}}}, file)
    session.drop_in('credential', 'LoadCredential=masons.json:%h/masons.json')
    systemctl('restart', SERVICE)
    assert wait(lambda: session.read('status'), 'the status')['profile'] == 'masons'
    session.undo('credential')
    systemctl('restart', SERVICE)
    assert session.read('status')['profile'] == 'local'


def test_refused(session):
    """While another broker has the account, callers are told so at once, and the manager does not try again and again."""
    systemctl('stop', SERVICE)
    env = dict(os.environ, DBUS_SESSION_BUS_ADDRESS='disabled:', ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
    with subprocess.Popen([session.brokerd, '--set', 'broker.bus=no'], env=env) as holder:
        try:
            wait(session.is_served, 'the other broker')
            begin = time.monotonic()
            done = subprocess.run(['gdbus', 'call', '--session', '--dest', NAME, '--object-path', '/' + NAME.replace('.', '/'), '--method',
                                   NAME + '.GetStatus'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            assert 'already_running' in done.stdout and time.monotonic() - begin < 15, done.stdout
            wait(lambda: get(SERVICE, 'ActiveState') == 'failed', 'the end of the service')
            assert get(SERVICE, 'ExecMainStatus') == '3' and get(SERVICE, 'NRestarts') == '0'
        finally:
            holder.terminate()
    systemctl('reset-failed', SERVICE)


def test_beside(session):
    """With a broker beside that something else has started, the manager's socket stays, and starts the service when that one is gone."""
    systemctl('start', 'runtime-broker.socket')
    with subprocess.Popen([session.brokerd], env=dict(os.environ, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')) as holder:
        try:
            wait(session.is_served, 'the other broker')
            for _ in range(8):
                assert session.read('status')['presence'] == 'online'
            assert get('runtime-broker.socket', 'ActiveState') == 'active'
        finally:
            holder.terminate()
    assert holder.returncode == 0
    session.knock()
    wait(lambda: get(SERVICE, 'ActiveState') == 'active', 'the service to be ready')
    systemctl('stop', SERVICE, 'runtime-broker.socket')


def test_socket(session):
    """Whoever connects to the manager's socket starts it; it stays the manager's, also when the service is stopped."""
    systemctl('start', 'runtime-broker.socket')
    assert get(SERVICE, 'ActiveState') == 'inactive'
    for _ in range(2):
        session.knock()
        wait(lambda: get(SERVICE, 'ActiveState') == 'active', 'the service to be ready')
        systemctl('stop', SERVICE)
        assert os.path.exists(session.socket)


def count_daemons(session):
    n = 0
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            n += os.readlink('/proc/{}/exe'.format(pid)) == os.path.realpath(session.brokerd)
    return n


def attach_lazily(session):
    """An adapter finds no broker: the manager starts it, and nobody else does."""
    assert get(SERVICE, 'ActiveState') == 'inactive' and count_daemons(session) == 0
    with subprocess.Popen([session.brokerctl, 'attach', '--name', 'lazy', '--exec', 'cat'], stdout=subprocess.DEVNULL) as adapter:
        try:
            wait(lambda: get(SERVICE, 'ActiveState') == 'active', 'the service')
            wait(lambda: session.is_served() and 'lazy' in session.ctl('list'), 'the endpoint')
            assert session.pid() > 0 and count_daemons(session) == 1
            assert get_limits(session.pid()) == (True, True)
        finally:
            adapter.terminate()


def test_lazy(session):
    """An adapter that finds no broker has the service started by the manager's socket, and without one by the bus."""
    systemctl('start', 'runtime-broker.socket')
    attach_lazily(session)
    systemctl('stop', SERVICE)
    assert os.path.exists(session.socket)
    attach_lazily(session)
    systemctl('stop', SERVICE, 'runtime-broker.socket')
    # Nobody listens at what is left of it. The service wants it, so that it is the manager's again then.
    assert os.path.exists(session.socket)
    attach_lazily(session)
    systemctl('stop', SERVICE, 'runtime-broker.socket')


def test_lazy_refused(session):
    """Where the service cannot serve, who wanted to attach is told what is wrong, and no other broker is started."""
    session.drop_in('wrong', 'ExecStart=', 'ExecStart={} --activated --set broker.idle-exit-ms=soon'.format(session.brokerd))
    systemctl('start', 'runtime-broker.socket')
    done = subprocess.run([session.brokerctl, 'attach', '--name', 'lazy', '--exec', 'cat'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=LIMIT_S, check=False)
    assert done.returncode != 0 and 'idle-exit-ms' in done.stdout and 'wrong_settings' in done.stdout, done.stdout
    wait(lambda: count_daemons(session) == 0, 'the end of the service')
    systemctl('stop', SERVICE, 'runtime-broker.socket')
    session.undo('wrong')
    systemctl('reset-failed')


TESTS = (test_bus, test_restrictions, test_work, test_reload, test_restart, test_runtime, test_plain_runtime, test_credential, test_refused, test_beside,
         test_socket, test_lazy, test_lazy_refused)


def run_inside(programs):
    session = Session(*programs)
    try:
        session.install()
        return cases.run(TESTS, session)
    finally:
        session.close()


def main(programs):
    if programs[0] == '--inside':
        return run_inside(programs[1:])
    home = tempfile.mkdtemp(prefix='rb-')
    try:
        os.chmod(home, 0o755)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'with-manager.sh')
        done = subprocess.run(['bash', script, home, 'python3', os.path.abspath(__file__), '--inside', *map(os.path.abspath, programs)],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == SKIPPED:
            print('1..0 # SKIP ' + ' '.join(done.stdout.split()))
            return 0
        print(done.stdout, end='')
        return done.returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
