#!/usr/bin/env python3
# sessions.py: two sessions of one person, two accounts in one, a keyring that is locked when the bus starts the daemon; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: sessions.py BROKERD BROKERCTL DATA-FOLDER BUILT-DATA-FOLDER MOCK-SECRETS

import contextlib
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from activation import NAME, PATH, Session, Skip, main, wait

CREDENTIALS = '{"accounts":{"default":{"connectorUrl":"wss://gw.invalid/gateway","token":"t"}}}'


class Beside(Session):
    """Another session of the person of @first: the same home and runtime directory, a bus of its own."""

    def __init__(self, first):
        self.__dict__.update(first.__dict__)
        self.env = dict(first.env)
        self.bus = None

    def close(self):
        if self.bus is not None:
            self.bus.kill()
            self.bus.wait()
            self.bus.stdout.close()


@contextlib.contextmanager
def two_sessions(first, *options):
    first.start_bus(*options)
    second = Beside(first)
    second.start_bus(*options, name='bus-2')
    try:
        yield second
    finally:
        second.close()


def end_daemon(session):
    pid = session.pid()
    os.kill(pid, signal.SIGTERM)
    wait(lambda: not os.path.exists('/proc/{}'.format(pid)), 'the end of the daemon')


def count_daemons(session):
    """Of this home alone."""
    n = 0
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            if os.readlink('/proc/{}/exe'.format(pid)) == os.path.realpath(session.brokerd):
                with open('/proc/{}/environ'.format(pid), 'rb') as file:
                    n += 'HOME={}\0'.format(session.top).encode() in file.read()
    return n


def wait_alone(session):
    """Who was refused is gone soon."""
    wait(lambda: count_daemons(session) == 1, 'there to be one broker')


def test_second_session(first):
    """The bus of a second session starts no second broker, and its callers are told at once where the first one is."""
    with two_sessions(first) as second:
        first.call('GetStatus')
        pid = first.pid()
        second.is_refused('Error.BadState', 'already_running', 'not on this bus', 'pid {}'.format(pid), 'socket ' + first.socket)
        second.is_refused('already_running')
        assert first.pid() == pid
        wait_alone(first)
        assert "'online'" in first.call('GetStatus')


def test_second_adapters(first):
    """Adapters and brokerctl of the second session find the broker by its files, and work with it as those of the first do."""
    with two_sessions(first) as second:
        first.call('GetStatus')
        wait(first.is_found, 'the discovery file')
        with subprocess.Popen([second.brokerctl, 'attach', '--name', 'shout', '--exec', 'tr a-z A-Z'], env=second.env,
                              stdout=subprocess.DEVNULL) as adapter:
            wait(lambda: 'shout' in first.call('ListEndpoints'), 'the adapter of the second session')
            with subprocess.Popen([first.brokerctl, 'send', '--to', 'default@local', '--wait-reply=20', 'across'], env=first.env,
                                  stdout=subprocess.PIPE, text=True) as sender:
                wait(lambda: 'across' in second.ctl('inbox'), 'the message')
                message = second.ctl('inbox').split('\n')[1].split()[0]
                second.ctl('dispatch', message, 'shout')
                assert 'ACROSS' in sender.communicate()[0]
            assert 'shout' in second.ctl('list')
            adapter.terminate()
        wait_alone(first)


def test_session_ends(first):
    """When the session of the broker ends it serves on; when the broker ends, too, the next call of the second session starts its own."""
    with two_sessions(first) as second:
        first.call('GetStatus')
        first.ctl('send', '--to', 'default@local', 'kept')
        pid = first.pid()
        first.bus.kill()
        first.bus.wait()
        assert 'kept' in second.ctl('inbox') and second.pid() == pid
        second.is_refused('already_running')
        end_daemon(second)
        wait(lambda: "'online'" in second.ask(), 'its own broker')
        assert 'kept' in second.call('ListInbox')
        assert second.pid() != pid
        end_daemon(second)


def test_at_once(first):
    """Of two sessions that call in the same moment one has the broker, the other is told so; none waits, whoever wins."""
    with two_sessions(first) as second:
        callers = [subprocess.Popen(['gdbus', 'call', '--session', '--dest', NAME, '--object-path', PATH, '--method', NAME + '.GetStatus'],
                                    env=session.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for session in (first, second)]
        begin = time.monotonic()
        answers = [caller.communicate()[0] for caller in callers]
        print('# both answered in {:.0f} ms'.format((time.monotonic() - begin) * 1000))
        codes = [caller.returncode for caller in callers]
        assert sorted(code == 0 for code in codes) == [False, True], answers
        assert 'already_running' in answers[codes.index(0) - 1], answers
        assert 'pid ' in answers[codes.index(0) - 1], answers
        assert time.monotonic() - begin < 15
        wait_alone(first)


def test_two_accounts(session):
    """Brokers of two accounts run side by side in one session: the first has the name, the second serves all else, and has it next."""
    session.start_bus()
    work = [session.brokerctl, '--account', 'work']
    session.call('GetStatus')
    with subprocess.Popen([session.brokerd, '--account', 'work'], env=session.env) as second:
        wait(lambda: subprocess.run([*work, 'status'], env=session.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    check=False).returncode == 0, 'the second account')
        session.ctl('send', '--to', 'work@local', 'for work')
        wait(lambda: 'for work' in session.ctl('--account', 'work', 'inbox'), 'the message')
        session.ctl('--account', 'work', 'send', '--to', 'default@local', 'for default')
        wait(lambda: 'for default' in session.call('ListInbox'), 'the other message')
        assert 'for work' not in session.call('ListInbox')
        assert count_daemons(session) == 2
        end_daemon(session)
        wait(lambda: 'for work' in session.call('ListInbox'), 'the name to go to the second')
        second.terminate()
        assert second.wait() == 0


@contextlib.contextmanager
def locked_keyring(session, *options):
    """Logged in by the keyring, which is locked by then: its prompt stays until somebody answers it."""
    session.start_bus(*options)
    with subprocess.Popen([session.mock_secrets], env=session.env, stdout=subprocess.PIPE, text=True) as mock:
        try:
            assert mock.stdout.readline() == 'ready\n'
            done = subprocess.run([session.brokerctl, 'login', '-'], input=CREDENTIALS, env=session.env, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            if 'built without' in done.stdout:
                raise Skip('built without libsecret')
            assert done.returncode == 0, done.stdout
            set_mode(session, 'asking')
            yield
        finally:
            mock.kill()


def set_mode(session, mode):
    subprocess.run(['gdbus', 'call', '--session', '--dest', 'org.freedesktop.secrets', '--object-path', '/org/freedesktop/secrets', '--method',
                    'io.github.runtimebroker.Mock.SetMode', mode], env=session.env, stdout=subprocess.DEVNULL, check=True)


def test_keyring_locked(session):
    """Callers of a start for which the keyring has to be unlocked are told so at once, by one process, and served when it is."""
    with locked_keyring(session):
        session.is_refused('Error.Unavailable', 'keyring_locked', 'default', 'asked')
        session.is_refused('Error.Unavailable', 'keyring_locked')
        wait_alone(session)
        set_mode(session, 'open')
        wait(lambda: "'masons'" in session.ask(), 'the broker')
        wait_alone(session)


def test_keyring_stays_locked(session):
    """Who does not unlock it in time has no broker, which says so and ends; the next call asks again."""
    with locked_keyring(session, '--set', 'broker.keyring-timeout-ms=1000'):
        for _ in range(2):
            session.is_refused('Error.Unavailable', 'keyring_locked')
            wait(lambda: count_daemons(session) == 0, 'the end of it')
        set_mode(session, 'open')
        assert "'masons'" in session.call('GetStatus')


TESTS = (test_second_session, test_second_adapters, test_session_ends, test_at_once, test_two_accounts, test_keyring_locked,
         test_keyring_stays_locked)


if __name__ == '__main__':
    Session.mock_secrets = os.path.abspath(sys.argv[5])
    sys.exit(main(sys.argv[1:5], TESTS))
