# session.py: a session of somebody who has never had a broker, and a broker in it
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import contextlib
import os
import signal
import subprocess
import time

import cases

LIMIT_S = 60
OURS = ('XDG_', 'MASONS_', 'RB_', 'DBUS_', 'LD_', 'PKG_CONFIG', 'DESTDIR', 'LC_', 'LANG')


def make_environment(scratch, **additions):
    """Environment of programs that have their home below @scratch, and speak English unless @additions say otherwise."""
    home, run = os.path.join(scratch, 'home'), os.path.join(scratch, 'run')
    os.mkdir(home, 0o700)
    os.mkdir(run, 0o700)
    env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    env.update(HOME=home, XDG_RUNTIME_DIR=run, DBUS_SESSION_BUS_ADDRESS='disabled:', LC_ALL='C.UTF-8', **additions)
    return env


@contextlib.contextmanager
def broker(folder, env, *options):
    """A broker whose programs are in @folder; gives a function that calls its brokerctl."""
    ctl = os.path.join(folder, 'brokerctl')

    def call(*arguments):
        return cases.check(ctl, *arguments, env=env)

    with subprocess.Popen([os.path.join(folder, 'runtime-brokerd'), *options], env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + LIMIT_S
            while subprocess.run([ctl, 'status', '--json'], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline, 'the broker does not answer'
                time.sleep(0.02)    # another process's doing: there is nothing to wait on
            yield call
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, process.returncode
