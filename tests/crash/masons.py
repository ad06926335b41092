# masons.py: the scripted session on profile masons, over the simulated upstream
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The network is a process of its own and survives the daemon, with what it was told and what it was not. It gives work away itself,
# so messages are claimed here rather than dispatched.

import http.client
import json
import os
import subprocess

from adapter import Broker, Refused
from session import LARGE, Session

HANDLE = 'agent@sim'


class Network:
    """One simulated upstream; its end is its own."""

    def __init__(self, program, folder):
        self.credentials = os.path.join(folder, 'credentials.json')
        self.process = subprocess.Popen(
            [program, '--handle', HANDLE, '--write-credentials', self.credentials],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        # Otherwise it would stage for one of the adapters what the other one claims.
        self.ask('POST', 'settings', {'capabilities': {'staged_assignment': False, 'staged_delivery': False}})

    def env(self):
        return {'MASONS_BROKER_CREDENTIALS_FILE': self.credentials, 'MASONS_BROKER_API_HOST': 'http://127.0.0.1:{}'.format(self.port)}

    def ask(self, method, name, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
        connection.request(method, '/sim/' + name, None if body is None else json.dumps(body), {'Content-Type': 'application/json'})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status >= 400:
            raise AssertionError('{}: {} {}'.format(name, response.status, text))
        return json.loads(text or b'null')

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class MasonsBroker(Broker):
    def __init__(self, program, modules, upstream, options=()):
        super().__init__(program, modules, account='default', options=options)
        self.network = Network(upstream, self.top)
        self.env.update(self.network.env())

    def remove(self):
        super().remove()
        self.network.close()


class MasonsSession(Session):
    def __init__(self, broker, starts):
        super().__init__(broker, starts)
        self.sendings = set()    # message ids of the replies

    def write_script(self):
        return [
            lambda: self.carry('claimed'),
            lambda: self.carry('settled'),
            lambda: self.carry('claimed', size=len(LARGE)),
            lambda: self.carry('claimed', until='reply'),
            lambda: self.leave('sender'),
            lambda: self.carry_on(),
            lambda: self.come_back('sender'),
            lambda: self.hear(),
            lambda: self.carry('claimed', until='reply'),
            lambda: self.carry('claimed', until='claim'),
            self.restart,
            lambda: self.carry_on(),
            lambda: self.hear(),
            self.settle_imported,
        ]

    def on_sender(self, frame):
        """A reply that is sent again has its id in the metadata; the network names each sending anew."""
        self.sendings.add(frame['sourceMessageId'])
        self.replied.setdefault(frame['content'], set()).add(frame['metadata']['message_id'])

    def message_ids(self):
        return set().union(self.sendings, *self.arrived.values())

    def settle(self, row, tried):
        """A repetition that the network refuses was settled before, and our own row ended with that, or ends by itself."""
        try:
            super().settle(row, False)
        except Refused as refusal:
            if refusal.code != 'undispatched_not_found' or not tried:
                raise

    def judge(self):
        yield from super().judge()
        yield from ('the network objects: {}'.format(one) for one in self.broker.network.ask('GET', 'violations')['items'])
