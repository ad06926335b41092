# subjects.py: what is measured: our daemon, and the npm daemon over an upstream that says yes to everything
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import shutil
import subprocess
import sys

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

    def __init__(self):
        super().__init__(PEER_ENTRY, '', 'measure')
        node = shutil.which('node')
        self.upstream = subprocess.Popen([node, os.path.join(INTEROP, 'yes-upstream.mjs')], stdout=subprocess.PIPE, text=True)
        port = int(self.upstream.stdout.readline())
        self.node = node
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
    def is_here():
        return os.path.exists(PEER_ENTRY) and shutil.which('node') is not None
