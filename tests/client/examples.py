#!/usr/bin/env python3
# examples.py: the examples of the client library, run as their readers run them, against a real broker; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: examples.py BROKERD BROKERCTL COMMAND...
#
# COMMAND attaches a runtime `shout` that answers each message in capitals. No broker runs when it begins: it starts one.

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_S = 60


def wait(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError('still waiting: ' + what)
        time.sleep(0.05)    # another process's doing: there is nothing to wait on


class World:
    """Directories of its own, in which the example finds the broker's program on PATH."""

    def __init__(self, brokerd, brokerctl, command):
        self.brokerctl, self.command = brokerctl, command
        self.top = tempfile.mkdtemp(prefix='rb-')
        run = os.path.join(self.top, 'run')
        os.mkdir(run, 0o700)
        self.env = dict(os.environ, HOME=self.top, XDG_RUNTIME_DIR=run, XDG_DATA_HOME=os.path.join(self.top, 'data'),
                        XDG_CONFIG_HOME=os.path.join(self.top, 'config'), XDG_STATE_HOME=os.path.join(self.top, 'state'),
                        PATH=os.path.dirname(brokerd) + ':' + os.environ['PATH'])
        for name in ('MASONS_BROKER_ACCOUNT_ID', 'MASONS_BROKER_USER_DATA', 'MASONS_BROKER_RUNTIME_TOKEN', 'LD_PRELOAD'):
            self.env.pop(name, None)
        self.example = None

    def start(self, **more):
        # Interpreters do not load the sanitizer by themselves; meson.build says which one. They leave what they allocate behind.
        preload = os.environ.get('RB_TEST_PRELOAD', '')
        if preload:
            more = dict(more, LD_PRELOAD=preload, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
        self.example = subprocess.Popen(self.command, env=dict(self.env, **more), stderr=subprocess.PIPE, text=True)

    def ctl(self, *arguments):
        return subprocess.run([self.brokerctl, *arguments, '--json'], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=False)

    def ask(self, *arguments):
        """The answer's JSON; None when there is none."""
        done = self.ctl(*arguments)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    def broker_pid(self):
        answer = self.ask('env', '--no-start')
        return answer and answer.get('pid')

    def is_attached(self):
        assert self.example.poll() is None, 'the example ended: ' + self.example.stderr.read()
        return 'shout' in self.ctl('list', '--no-start').stdout

    def shout(self, text):
        """Sends @text, gives it to the example, returns the reply."""
        with subprocess.Popen([self.brokerctl, 'send', '--to', 'default@local', '--wait-reply=' + str(LIMIT_S), text], env=self.env,
                              stdout=subprocess.PIPE, text=True) as sender:
            try:
                wait(lambda: self.dispatch(text), 'the message in the inbox')
                return sender.communicate(timeout=LIMIT_S)[0]
            finally:
                sender.kill()

    def dispatch(self, text):
        inbox = self.ask('inbox', '--no-start')
        for row in inbox or []:
            if row['preview'] == text:
                return self.ctl('dispatch', row['id'], 'shout').returncode == 0
        return False

    def close(self):
        if self.example is not None:
            self.example.kill()
            self.example.wait()
            self.example.stderr.close()
        with contextlib.suppress(OSError, TypeError):
            pid = self.broker_pid()
            os.kill(pid, signal.SIGTERM)
            wait(lambda: not os.path.exists('/proc/{}/exe'.format(pid)), 'the end of the broker')
        shutil.rmtree(self.top, ignore_errors=True)


def test_answers(world):
    """No broker runs: the example starts one, attaches, and answers what is given to it."""
    world.start()
    wait(world.is_attached, 'the example to attach')
    reply = world.shout('hello, example')
    assert 'HELLO, EXAMPLE' in reply, reply


def test_comes_back(world):
    """The broker is killed: the example is back without anybody's doing, and works."""
    world.start()
    wait(world.is_attached, 'the example to attach')
    pid = world.broker_pid()
    os.kill(pid, signal.SIGKILL)
    wait(lambda: world.broker_pid() not in (None, pid) and world.is_attached(), 'the example to come back')
    reply = world.shout('and again')
    assert 'AND AGAIN' in reply, reply


def test_no_broker(world):
    """Nothing can be started: the example ends, and says why."""
    world.start(PATH=world.top, MASONS_BROKER_USER_DATA=os.path.join(world.top, 'elsewhere'))
    said = world.example.communicate(timeout=LIMIT_S)[1]
    assert world.example.returncode != 0, said
    assert 'runtime-brokerd' in said or 'broker' in said, said


def main():
    cases = [test_answers, test_comes_back, test_no_broker]
    print('1..{}'.format(len(cases)))
    failed = 0
    for number, case in enumerate(cases, 1):
        world = World(sys.argv[1], sys.argv[2], sys.argv[3:])
        try:
            case(world)
            print('ok {} /client/example/{}'.format(number, case.__name__[5:].replace('_', '-')))
        except Exception as error:    # a case that fails is reported, and the next one runs
            failed += 1
            print('not ok {} /client/example/{}'.format(number, case.__name__[5:].replace('_', '-')))
            print('# ' + '{}: {}'.format(type(error).__name__, error).replace('\n', '\n# '))
        finally:
            world.close()
        sys.stdout.flush()
    return 1 if failed else 0


sys.exit(main())
