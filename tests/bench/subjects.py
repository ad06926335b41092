# subjects.py: what is measured: our daemon, and the npm daemon over the simulated upstream
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import shutil
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'crash'))

from adapter import Broker

INTEROP = os.path.join(HERE, '..', 'interop')
PEER_ENTRY = os.path.join(INTEROP, 'node_modules', '@masons', 'runtime-broker', 'dist', 'broker', 'entry.js')
PEER_TOKEN = 'token-of-the-measurement'


class Ours(Broker):
    name = 'runtime-brokerd'

    def __init__(self, build):
        super().__init__(os.path.join(build, 'broker', 'runtime-brokerd'), os.path.join(build, 'modules'), 'measure')


class Peer(Broker):
    name = 'npm 0.2.36'

    def __init__(self, build):
        super().__init__(PEER_ENTRY, '', 'measure')
        self.node = shutil.which('node')
        self.upstream = subprocess.Popen([self.upstream_of(build), '--token', PEER_TOKEN], stdout=subprocess.PIPE, text=True)
        port = int(self.upstream.stdout.readline())
        # Nothing is staged for anybody, so the daemon has nothing to ask for again and again.
        settings = json.dumps({'capabilities': {'staged_assignment': False, 'staged_delivery': False}}).encode()
        urllib.request.urlopen('http://127.0.0.1:{}/sim/settings'.format(port), settings).close()
        credentials = os.path.join(self.top, 'credentials.json')
        with open(credentials, 'w', encoding='utf-8') as file:
            json.dump({'accounts': {'measure': {
                'connectorUrl': 'ws://127.0.0.1:{}/gateway'.format(port), 'token': PEER_TOKEN,
                'apiHost': 'http://127.0.0.1:{}'.format(port)}}}, file)
        self.env['MASONS_BROKER_CREDENTIALS_FILE'] = credentials

    def command(self):
        return [self.node, self.program]

    def remove(self):
        super().remove()
        self.upstream.kill()
        self.upstream.wait()

    @staticmethod
    def upstream_of(build):
        return os.path.join(build, 'tests', 'upstream', 'simulated-upstream')

    @classmethod
    def is_here(cls, build):
        return os.path.exists(PEER_ENTRY) and os.path.exists(cls.upstream_of(build)) and shutil.which('node') is not None
