# network.py: the simulated upstream (tests/upstream), and a broker on it: a network that asks for runtimes and refuses events
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import subprocess
import urllib.request

from broker import Broker


class Network:
    def __init__(self, program, credentials):
        self.process = subprocess.Popen([program, '--write-credentials', credentials], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.base = 'http://127.0.0.1:{}'.format(int(self.process.stdout.readline()))

    def tell(self, what, **body):
        request = urllib.request.Request('{}/sim/{}'.format(self.base, what), json.dumps(body).encode(), {'Content-Type': 'application/json'}, method='POST')
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else None

    def ask_spawn(self, kind, prompt):
        return self.tell('event', type='spawn_request', runtime_kind=kind, prompt=prompt, origin='owner_initiated_spawn')

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class NetworkBroker(Broker):
    """On profile masons; with @options as for runtime-brokerd."""

    def __init__(self, daemon, ctl, upstream, *options):
        self.upstream = upstream
        self.network = None
        super().__init__(daemon, ctl, '--profile', 'masons', *options)

    def start(self):
        if self.network is None:
            credentials = os.path.join(self.folder, 'credentials.json')
            self.network = Network(self.upstream, credentials)
            # Else adapters fetch messages before anybody can look at them.
            self.network.tell('settings', capabilities={'staged_assignment': False, 'staged_delivery': False})
            self.env['MASONS_BROKER_CREDENTIALS_FILE'] = credentials
            self.env['MASONS_BROKER_API_HOST'] = self.network.base
        super().start()
        self.wait(lambda: self.view('status').get('presence') == 'online', 'the network')

    def close(self):
        super().close()
        self.network.close()
