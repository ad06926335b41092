#!/usr/bin/env python3
# surroundings.py: runtime directories and homes that are not as they should be, and disks that are full or read-only; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: surroundings.py BROKERD BROKERCTL DATA-FOLDER BUILT-DATA-FOLDER
# Disks are small ones of their own, in a mount namespace; where none can be made, these cases skip and say so.

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from activation import Session, Skip, main, wait

WITHIN = 'RB_TEST_HAS_NAMESPACE'
NOBODY = 65534
DISK = 'size=4m,mode=700'


def enter_namespace():
    """Mounts are ours alone then, and gone with us."""
    if WITHIN in os.environ or shutil.which('unshare') is None:
        return
    for options in (['--mount'], ['--mount', '--user', '--map-root-user']):
        command = ['unshare', *options, '--propagation', 'private']
        if subprocess.run([*command, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.environ[WITHIN] = '1'
            os.execvp('unshare', [*command, sys.executable, *sys.argv])


def mount(*arguments):
    if WITHIN not in os.environ:
        raise Skip('nothing can be mounted here')
    subprocess.run(['mount', *arguments], check=True)


@contextlib.contextmanager
def disk_at_home(session):
    """The session's home, with all of the broker's files, is a disk of 4 MiB."""
    home = os.path.join(session.top, 'home')
    os.mkdir(home)
    mount('-t', 'tmpfs', '-o', DISK, 'tmpfs', home)
    session.env.update(HOME=home, XDG_DATA_HOME=os.path.join(home, 'data'), XDG_CONFIG_HOME=os.path.join(home, 'config'))
    try:
        yield home
    finally:
        session.close()
        subprocess.run(['umount', '--lazy', home], check=True)


def fill(home):
    with contextlib.suppress(OSError), open(os.path.join(home, 'filler'), 'wb', buffering=0) as file:
        while True:
            file.write(bytes(4096))


def make_room(home):
    os.unlink(os.path.join(home, 'filler'))


def try_ctl(session, *arguments):
    return subprocess.run([session.brokerctl, *arguments], env=session.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def run_daemon(session, **how):
    """A start that is to fail: its exit code, and what it says."""
    done = subprocess.run([session.brokerd], env=session.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30, check=False, **how)
    print('# ' + done.stderr.strip().replace('\n', '\n# '))
    return done.returncode, done.stderr


def check_runtime_dir(session, path, why):
    """With a runtime directory that cannot be used everything works, and one line says so."""
    session.env['XDG_RUNTIME_DIR'] = path
    with subprocess.Popen([session.brokerd], env=session.env, stderr=subprocess.PIPE, text=True) as daemon:
        wait(session.is_found, 'the broker')
        access = session.call('Access')
        assert "'socket': <'{}/".format(os.path.join(session.top, 'data')) in access, access
        session.ctl('send', '--to', 'default@local', 'hello')
        session.ctl('inbox')
        daemon.terminate()
        said = daemon.stderr.read()
        assert daemon.wait() == 0
    print('# ' + said.strip())
    assert said.count('\n') == 1 and why in said and path in said, said


def test_runtime_dirs(session):
    """A runtime directory that is another's, open to others, no directory or not absolute is not used; the broker says so, and serves."""
    session.start_bus()
    open_to_all = os.path.join(session.top, 'open')
    os.mkdir(open_to_all)
    os.chmod(open_to_all, 0o777)
    check_runtime_dir(session, open_to_all, 'others may write')
    assert not os.listdir(open_to_all)
    check_runtime_dir(session, os.path.join(session.top, 'bus.conf'), 'no directory')
    check_runtime_dir(session, 'somewhere', 'not absolute')
    others = '/proc' if os.geteuid() != 0 else os.path.join(session.top, 'others')
    if os.geteuid() == 0:
        os.mkdir(others)
        os.chown(others, NOBODY, -1)
    check_runtime_dir(session, others, 'belongs to')


def test_no_runtime_dir(session):
    """Without a runtime directory, or with one that has to be made first, there is nothing to say."""
    for path in (None, os.path.join(session.top, 'new', 'run')):
        session.env.pop('XDG_RUNTIME_DIR', None)
        if path is not None:
            session.env['XDG_RUNTIME_DIR'] = path
        with subprocess.Popen([session.brokerd], env=session.env, stderr=subprocess.PIPE, text=True) as daemon:
            wait(session.is_found, 'the broker')
            daemon.terminate()
            assert daemon.stderr.read() == '' and daemon.wait() == 0


def test_homes(session):
    """A home that is not set or cannot be made ends the start with one line that names it; one that is missing is made."""
    for name in ('XDG_DATA_HOME', 'XDG_CONFIG_HOME'):
        session.env.pop(name)
    session.env['HOME'] = os.path.join(session.top, 'new', 'home')
    with subprocess.Popen([session.brokerd], env=session.env) as daemon:
        wait(session.is_found, 'the broker')
        daemon.terminate()
        assert daemon.wait() == 0
    how = {}
    if os.geteuid() == 0:
        how = {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}
        if subprocess.run([session.brokerd, '--version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **how).returncode != 0:
            raise Skip('nobody else can run the program')
    session.env.update(HOME='/nonexistent/home', XDG_CONFIG_DIRS='/nonexistent/etc')
    session.env.pop('XDG_RUNTIME_DIR')
    code, said = run_daemon(session, **how)
    assert code == 1 and said.count('\n') == 1 and '/nonexistent/home' in said, said
    if how:
        # Of whoever runs the tests otherwise, it would be the real one.
        session.env.pop('HOME')
        code, said = run_daemon(session, **how)
        assert code == 1 and said.count('\n') == 1 and 'HOME is not set' in said, said


def test_read_only(session):
    """On a read-only disk a start ends with one line, callers on the bus hear it; so it is for a broker that was there before."""
    with disk_at_home(session) as home:
        mount('-o', 'remount,ro', home)
        code, said = run_daemon(session)
        assert code == 1 and said.count('\n') == 1 and 'Read-only file system' in said, said
        session.start_bus()
        session.is_refused('Error.Unavailable', 'start_failed', 'Read-only file system')
        mount('-o', 'remount,rw', home)
        wait(lambda: "'online'" in session.ask(), 'the network')
        session.ctl('send', '--to', 'default@local', 'kept')
        end(session)
        mount('-o', 'remount,ro', home)
        session.is_refused('Read-only file system')
        mount('-o', 'remount,rw', home)
        wait(lambda: "'online'" in session.ask(), 'the network again')
        assert 'kept' in session.call('ListInbox')


def end(session, number=signal.SIGTERM):
    pid = session.pid()
    os.kill(pid, number)
    wait(lambda: not os.path.exists('/proc/{}'.format(pid)) and not session.has_owner(), 'the end of the daemon')


def send(session, text):
    """The message's id, when it was acknowledged."""
    done = try_ctl(session, '--json', 'send', '--to', 'default@local', text)
    if done.returncode == 0:
        return json.loads(done.stdout)['message_id']
    assert 'disk' in done.stderr or 'space' in done.stderr, done.stderr
    return None


def send_until_full(session):
    """The ids of what was acknowledged. Who waits for what is being written when the disk gets full hears why within seconds, as all others do."""
    acknowledged = set()
    while True:
        begin = time.monotonic()
        done = try_ctl(session, '--json', 'send', '--to', 'default@local', 'x' * 10000)
        taken = time.monotonic() - begin
        assert taken < 10, (taken, done.stderr)
        if done.returncode == 0:
            acknowledged.add(json.loads(done.stdout)['message_id'])
        else:
            print('# refused in {:.1f} s: {}'.format(taken, ' '.join(done.stderr.split())))
            assert 'disk full' in done.stderr, done.stderr
            return acknowledged


def listed(session):
    return {row['id'] for row in json.loads(session.ctl('--json', 'inbox'))}


def test_full_start(session):
    """A start on a full disk ends with one line, callers on the bus hear it, and the next one with room is as any."""
    with disk_at_home(session) as home:
        fill(home)
        code, said = run_daemon(session)
        assert code == 1 and said.count('\n') == 1 and 'No space left' in said, said
        session.start_bus()
        session.is_refused('No space left')
        make_room(home)
        wait(lambda: "'online'" in session.ask(), 'the network')


def test_full_work(session):
    """When the disk gets full what was acknowledged stays, all the rest is refused and says why, and with room it goes on by itself."""
    with disk_at_home(session) as home:
        session.start_bus()
        wait(lambda: "'online'" in session.ask(), 'the network')
        acknowledged = {send(session, 'before {}'.format(i)) for i in range(3)}
        fill(home)
        acknowledged |= send_until_full(session)
        pid = session.pid()
        assert acknowledged <= listed(session)
        needs = session.ctl('needs')
        assert 'disk full' in needs, needs
        assert 'disk full' in session.call('ListNeeds')
        done = subprocess.run(['gdbus', 'call', '--session', '--dest', 'io.github.runtimebroker.Broker1', '--object-path',
                               '/io/github/runtimebroker/Broker1', '--method', 'io.github.runtimebroker.Broker1.Send', 'default@local', 'text', '{}'],
                              env=session.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode != 0 and 'Error.Unavailable' in done.stdout and 'full' in done.stdout, done.stdout
        assert 'page' not in try_ctl(session, 'open', '--print').stderr

        make_room(home)
        wait(lambda: send(session, 'after') is not None, 'it to go on by itself')
        assert session.pid() == pid and acknowledged <= listed(session)
        wait(lambda: 'disk full' not in session.ctl('needs'), 'the need to go')


def test_full_kill(session):
    """Killed on a full disk, with work on its way: the next one serves, or says why it cannot, and has all that was acknowledged."""
    with disk_at_home(session) as home:
        session.start_bus()
        wait(lambda: "'online'" in session.ask(), 'the network')
        acknowledged = {send(session, 'before {}'.format(i)) for i in range(3)}
        fill(home)
        with subprocess.Popen([session.brokerctl, '--json', 'send', '--to', 'default@local', 'y' * 100000], env=session.env, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as sender:
            end(session, signal.SIGKILL)
            said = sender.communicate()[0]
            if sender.returncode == 0:
                acknowledged.add(json.loads(said)['message_id'])
        answer = session.ask()
        print('# {:.200}'.format(answer.strip()))
        assert not answer.startswith('Error: ') or 'full' in answer or 'No space' in answer, answer
        make_room(home)
        wait(lambda: "'online'" in session.ask(), 'one that goes on')
        assert acknowledged <= listed(session)
        assert send(session, 'after') is not None


TESTS = (test_runtime_dirs, test_no_runtime_dir, test_homes, test_read_only, test_full_start, test_full_work, test_full_kill)


if __name__ == '__main__':
    enter_namespace()
    sys.exit(main(sys.argv[1:5], TESTS))
