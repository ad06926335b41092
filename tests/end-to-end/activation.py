#!/usr/bin/env python3
# activation.py: the bus or a service manager's socket starts the daemon, it leaves when nobody needs it, and comes back; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: activation.py BROKERD BROKERCTL DATA-FOLDER BUILT-DATA-FOLDER

import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NAME = 'io.github.runtimebroker.Broker1'
PATH = '/io/github/runtimebroker/Broker1'
LIMIT_S = 30


class Skip(Exception):
    pass


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=LIMIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def need(program):
    if shutil.which(program) is None:
        raise Skip('there is no ' + program)


def wait(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('still waiting: ' + what)
        time.sleep(0.01)    # another process's doing: there is nothing to wait on


class Session:
    """A session of somebody's, with directories of its own."""

    def __init__(self, programs):
        self.brokerd, self.brokerctl, self.data, self.built = programs
        self.top = tempfile.mkdtemp(prefix='rb-')
        self.run = os.path.join(self.top, 'run')
        os.mkdir(self.run, 0o700)
        self.env = dict(os.environ, HOME=self.top, XDG_RUNTIME_DIR=self.run, XDG_DATA_HOME=os.path.join(self.top, 'data'),
                        XDG_CONFIG_HOME=os.path.join(self.top, 'config'), XDG_CONFIG_DIRS=os.path.join(self.top, 'etc'),
                        XDG_DATA_DIRS=os.path.join(self.top, 'share'))
        self.env.pop('DBUS_SESSION_BUS_ADDRESS', None)
        self.bus = None
        self.socket = os.path.join(self.run, 'runtime-broker', 'default', 'ipc.sock')

    def start_bus(self, *options, name='bus'):
        """A bus that knows how to start the broker, by the installed service file."""
        need('dbus-daemon')
        need('gdbus')
        services = os.path.join(self.top, 'services-of-' + name)
        os.mkdir(services)
        with open(os.path.join(self.data, 'dbus', NAME + '.service.in'), encoding='utf-8') as file:
            lines = [line for line in file.read().split('\n') if not line.startswith('SystemdService=')]
        with open(os.path.join(services, NAME + '.service'), 'w', encoding='utf-8') as file:
            file.write('\n'.join(' '.join([line.replace('@bindir@/runtime-brokerd', self.brokerd), *options]) if line.startswith('Exec=') else line
                                 for line in lines))
        config = os.path.join(self.top, name + '.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write('<busconfig><type>session</type><listen>unix:path={0}/{2}</listen><servicedir>{1}</servicedir>'
                       '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>'
                       '</busconfig>'
                       .format(self.run, services, name))
        self.bus = subprocess.Popen(['dbus-daemon', '--nofork', '--print-address', '--config-file=' + config], env=self.env,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.env['DBUS_SESSION_BUS_ADDRESS'] = self.bus.stdout.readline().strip()

    def call(self, method, *arguments):
        return subprocess.run(['gdbus', 'call', '--session', '--timeout', str(LIMIT_S), '--dest', NAME, '--object-path', PATH, '--method',
                               '{}.{}'.format(NAME, method), *arguments], env=self.env, stdout=subprocess.PIPE, text=True, check=True).stdout

    def ask(self):
        """What GetStatus says, or how it is refused."""
        return subprocess.run(['gdbus', 'call', '--session', '--timeout', str(LIMIT_S), '--dest', NAME, '--object-path', PATH, '--method',
                               NAME + '.GetStatus'], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout

    def is_refused(self, *what):
        """A call is answered at once, by an error that says each of @what."""
        begin = time.monotonic()
        said = self.ask()
        taken = time.monotonic() - begin
        assert said.startswith('Error: ') and all(text in said for text in what), said
        print('# refused in {:.0f} ms: {}'.format(taken * 1000, ' '.join(said.split())))
        # A bus waits 25 s for one that says nothing, and callers do no less.
        assert taken < 15, taken

    def has_owner(self):
        return 'true' in subprocess.run(['gdbus', 'call', '--session', '--dest', 'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus',
                                         '--method', 'org.freedesktop.DBus.NameHasOwner', NAME], env=self.env, stdout=subprocess.PIPE,
                                        text=True, check=True).stdout

    def pid(self):
        return int(self.status()['pid'])

    def status(self):
        connection = UnixConnection(self.socket)
        try:
            connection.request('GET', '/v1/operator/env')
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def is_found(self):
        """Also by who looks for the discovery file, which is written when the modules have started."""
        return subprocess.run([self.brokerctl, 'status'], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def ctl(self, *arguments):
        return subprocess.run([self.brokerctl, *arguments], env=self.env, stdout=subprocess.PIPE, text=True, check=True).stdout

    def close(self):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError):
            pid = self.pid()
            os.kill(pid, signal.SIGTERM)
            wait(lambda: not os.path.exists('/proc/{}'.format(pid)) or is_zombie(pid), 'the end of the daemon')
        if self.bus is not None:
            self.bus.kill()
            self.bus.wait()
            self.bus.stdout.close()
        shutil.rmtree(self.top, ignore_errors=True)


def is_zombie(pid):
    with contextlib.suppress(OSError):
        with open('/proc/{}/stat'.format(pid), encoding='utf-8') as file:
            return file.read().rsplit(')', 1)[1].split()[0] == 'Z'
    return True


def test_bus(session):
    """The first call on the bus starts it, and is answered."""
    session.start_bus()
    begin = time.monotonic()
    answer = session.call('Access')
    print('# activated and answered in {:.0f} ms, gdbus with it'.format((time.monotonic() - begin) * 1000))
    assert "'socket': <'{}'>".format(session.socket) in answer, answer
    wait(lambda: "'online'" in session.call('GetStatus'), 'the network')


def test_idle(session):
    """It leaves when nobody has needed it for long, and the next call finds what was there."""
    session.start_bus('--set', 'broker.idle-exit-ms=2000')
    session.call('GetStatus')
    session.ctl('send', '--to', 'default@local', 'kept')
    wait(lambda: 'kept' in session.call('ListInbox'), 'the message')
    wait(lambda: not session.has_owner(), 'the daemon to leave')
    assert not os.path.exists(session.socket)
    assert 'kept' in session.call('ListInbox')


def test_attached(session):
    """It stays while somebody is attached."""
    session.start_bus('--set', 'broker.idle-exit-ms=2000')
    session.call('GetStatus')
    pid = session.pid()
    with subprocess.Popen([session.brokerctl, 'attach', '--name', 'here', '--exec', 'cat'], env=session.env, stdout=subprocess.DEVNULL) as adapter:
        wait(lambda: 'here' in session.call('ListEndpoints'), 'the endpoint')
        # Twice the time after which it would leave; there is no event that says that nothing happens.
        time.sleep(4)
        assert session.has_owner() and session.pid() == pid
        adapter.terminate()
    wait(lambda: not session.has_owner(), 'the daemon to leave')


def test_refused(session):
    """While a broker without the bus serves the account, callers are told so at once, and that one goes on."""
    with subprocess.Popen([session.brokerd, '--set', 'broker.bus=no'], env=dict(session.env, DBUS_SESSION_BUS_ADDRESS='disabled:')) as holder:
        try:
            wait(session.is_found, 'the broker')
            session.start_bus()
            session.is_refused('Error.BadState', 'already_running', 'not on this bus')
            session.is_refused('Error.BadState', 'already_running', 'not on this bus')
            assert session.pid() == holder.pid
        finally:
            holder.terminate()
        assert holder.wait() == 0
    wait(lambda: not session.has_owner(), 'the end of the last one that was started in vain')
    wait(lambda: "'online'" in session.call('GetStatus'), 'its own broker')


def test_wrong_settings(session):
    """Callers are told what keeps it from starting."""
    session.start_bus('--set', 'broker.idle-exit-ms=soon')
    session.is_refused('Error.Invalid', 'idle-exit-ms', 'soon')


def test_unwanted_bus(session):
    """Where settings want no bus, callers are told so, and the broker serves all the others."""
    session.start_bus('--set', 'broker.bus=no')
    session.is_refused('Error.Unavailable', 'broker.bus')
    wait(session.is_found, 'the broker')
    session.is_refused('Error.Unavailable', 'broker.bus')
    session.ctl('restart')
    session.is_refused('Error.Unavailable', 'broker.bus')


def listen(session):
    os.makedirs(os.path.dirname(session.socket), 0o700)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(session.socket)
    listening.listen()
    return listening


def start_with(session, listening):
    """As a service manager does: the socket is descriptor 3, and the process knows that it is meant."""
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.execve(session.brokerd, [session.brokerd], dict(session.env, LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'))
    finally:
        os._exit(127)


def end(pid):
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0


def test_socket(session):
    """Whoever connected before it ran is answered; the socket stays for the next one, also after a restart in place."""
    with contextlib.closing(listen(session)) as listening:
        early = UnixConnection(session.socket)
        early.connect()
        pid = start_with(session, listening)
        early.request('GET', '/v1/operator/env')
        assert json.loads(early.getresponse().read())['pid'] == pid
        early.close()
        end(pid)
        assert os.path.exists(session.socket)

        pid = start_with(session, listening)
        assert session.pid() == pid
        wait(session.is_found, 'the discovery file')
        session.ctl('restart')
        assert session.pid() == pid
        end(pid)
        assert os.path.exists(session.socket)


def test_socket_in_vain(session):
    """Whoever connected is turned away when another broker has the account, so that the service manager does not start it for them again."""
    with contextlib.closing(listen(session)) as listening, subprocess.Popen([session.brokerd], env=session.env) as holder:
        try:
            wait(session.is_found, 'the broker')
            early = [UnixConnection(session.socket) for _ in range(3)]
            for client in early:
                client.connect()
            assert os.waitpid(start_with(session, listening), 0)[1] == 0
            assert [client.sock.recv(1) for client in early] == [b''] * 3
            assert not select.select([listening], [], [], 0)[0]
            for client in early:
                client.close()
        finally:
            holder.terminate()


def test_wrong_socket(session):
    """A socket elsewhere than it is to listen is left alone, and it listens where it is to."""
    other = os.path.join(session.run, 'other.sock')
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(other)
        listening.listen()
        pid = start_with(session, listening)
        wait(lambda: os.path.exists(session.socket), 'its own socket')
        assert session.pid() == pid
        end(pid)
    assert not os.path.exists(session.socket) and os.path.exists(other)


def test_units(session):
    """The units are what systemd takes for ones, without a word of warning, and the service is not taken for an unsafe one."""
    need('systemd-analyze')
    units = os.path.join(session.top, 'units')
    os.mkdir(units)
    with open(os.path.join(session.built, 'runtime-broker.service'), encoding='utf-8') as file:
        text = file.read()
    start = [line for line in text.split('\n') if line.startswith('ExecStart=')][0]
    with open(os.path.join(units, 'runtime-broker.service'), 'w', encoding='utf-8') as file:
        file.write(text.replace(start, 'ExecStart=' + session.brokerd))
    for name in ('runtime-broker.socket', 'app-runtimebroker.slice'):
        shutil.copy(os.path.join(session.data, 'systemd', name), units)
    done = subprocess.run(['systemd-analyze', 'verify', '--user', '--man=no', *(os.path.join(units, name) for name in os.listdir(units))],
                          env=session.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout
    # What cannot work in a user manager counts against it; without any restriction it was 96.
    done = subprocess.run(['systemd-analyze', 'security', '--user', '--offline=true', '--threshold=70', os.path.join(units, 'runtime-broker.service')],
                          env=session.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


TESTS = (test_bus, test_idle, test_attached, test_refused, test_wrong_settings, test_unwanted_bus, test_socket, test_socket_in_vain, test_wrong_socket,
         test_units)


def main(programs, tests):
    failed = 0
    print('1..{}'.format(len(tests)))
    for number, test in enumerate(tests, 1):
        session = Session([os.path.abspath(path) for path in programs])
        name = '{} - {}'.format(number, test.__doc__)
        try:
            test(session)
            print('ok ' + name, flush=True)
        except Skip as reason:
            print('ok {} # SKIP {}'.format(name, reason), flush=True)
        except (AssertionError, OSError, subprocess.CalledProcessError, http.client.HTTPException) as problem:
            failed += 1
            print('not ok ' + name)
            print('# {!r}'.format(problem), flush=True)
        finally:
            session.close()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:], TESTS))
