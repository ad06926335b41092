# broker.py: the built broker in directories of its own, and what its user does beside the page
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

PATIENCE_S = 30


class Broker:
    def __init__(self, daemon, ctl, *options):
        self.daemon = daemon
        self.ctl = ctl
        self.options = options
        self.folder = tempfile.mkdtemp(prefix='runtime-broker-web-')
        self.env = dict(os.environ, HOME=self.folder, MASONS_BROKER_USER_DATA=os.path.join(self.folder, 'data'), TZ='UTC', LC_ALL='C.UTF-8')
        self.env.pop('DISPLAY', None)
        self.env.pop('WAYLAND_DISPLAY', None)
        for name in ('RUNTIME_DIR', 'CONFIG_HOME', 'DATA_HOME', 'STATE_HOME', 'CACHE_HOME'):
            path = os.path.join(self.folder, name.lower())
            os.mkdir(path, 0o700)
            self.env['XDG_' + name] = path
        self.adapters = []
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.daemon, '--set', 'broker.bus=no', *self.options], env=self.env, stderr=subprocess.DEVNULL)
        self.wait(lambda: self.run('status', check=False).returncode == 0, 'the broker')

    def wait(self, condition, what, patience_s=PATIENCE_S):
        until = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > until:
                raise RuntimeError('still waiting for ' + what)
            time.sleep(0.05)

    def run(self, *arguments, check=True):
        return subprocess.run([self.ctl, *arguments], env=self.env, check=check, capture_output=True, text=True, timeout=60)

    def view(self, *arguments):
        return json.loads(self.run(*arguments, '--json').stdout)

    def attach(self, name, command):
        self.adapters.append(subprocess.Popen([self.ctl, 'attach', '--name', name, '--exec', command], env=self.env, stdin=subprocess.DEVNULL,
                                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.wait(lambda: any(row.get('session_name') == name for row in self.view('list')), name)

    def send(self, text):
        """The id of a message to ourselves, for nobody in particular."""
        return self.run('send', '--to', 'default@local', text).stdout.split()[-1]

    def ticket_url(self):
        return self.run('open', '--print').stdout.strip()

    def stop(self, kill=False):
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait()
            self.process = None

    def detach(self):
        for adapter in self.adapters:
            adapter.terminate()
            adapter.wait()
        self.adapters = []

    def stop_started(self):
        """An adapter whose broker was killed starts another one, which is nobody's child."""
        shown = self.run('env', '--json', check=False)
        if shown.returncode == 0:
            os.kill(json.loads(shown.stdout)['pid'], signal.SIGTERM)
            self.wait(lambda: self.run('env', check=False).returncode != 0, 'its end')

    def close(self):
        self.detach()
        self.stop()
        self.stop_started()
        shutil.rmtree(self.folder, ignore_errors=True)
