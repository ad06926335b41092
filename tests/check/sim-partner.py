# sim-partner.py: the simulated upstream (tests/upstream) as the partner of rb-module-check: sim-partner.py SIMULATED-UPSTREAM gateway|emitter|upstream
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import subprocess
import sys
import urllib.request

ADDRESS = 'peer@sim'


class Simulation:
    def __init__(self, program, kind):
        # The stream of control events may be asked for in between.
        self.times = 2 if kind == 'upstream' else 1
        # It ends with us: both are in the process group of the case.
        self.process = subprocess.Popen([program, '--token', 'check-token'], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else (b'{}' if method == 'POST' else None)
        request = urllib.request.Request('http://127.0.0.1:{}{}'.format(self.port, path), data=data, method=method,
                                         headers={'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def deliver(self, words):
        ident, content = words.split(' ', 1)
        self.ask('POST', '/sim/deliver', {'id': ident, 'from': ADDRESS, 'content': json.loads(content)})

    def sent(self, _):
        frames = self.ask('GET', '/sim/frames?name=SEND_MESSAGE')['items']
        contents = [json.dumps(frame['content'], ensure_ascii=False) for frame in (json.loads(frame['text']) for frame in frames)]
        return ' '.join(content for content in contents if ' ' not in content)

    def drop(self, _):
        self.ask('POST', '/sim/end', {'how': 'drop', 'at': 'now'})

    def refuse(self, _):
        self.ask('POST', '/sim/answer-sends', {'how': 'error', 'code': 'RECIPIENT_UNKNOWN', 'message': 'no such address'})
        self.ask('POST', '/sim/fault', {'request': '* /v1/*', 'kind': 'status', 'status': 422, 'times': self.times, 'body': '{"code":"refused"}'})

    def fail(self, _):
        self.ask('POST', '/sim/fault', {'request': '* /v1/*', 'kind': 'status', 'status': 503, 'times': self.times, 'body': '{}'})

    def silence(self, _):
        self.ask('POST', '/sim/answer-sends', {'how': 'never'})
        self.ask('POST', '/sim/fault', {'request': '* /v1/*', 'kind': 'hang', 'times': 0})

    def heard(self, _):
        return str(self.ask('GET', '/sim/requests?text=check')['count'])

    def control(self, _):
        self.ask('POST', '/sim/event', {'type': 'spawn_request'})


KINDS = {
    'gateway': ('set url=ws://127.0.0.1:{}/gateway', 'set send-ack-timeout-ms=1500', 'set backoff-initial-ms=50', 'address ' + ADDRESS,
                'can deliver sent drop refuse silence'),
    'emitter': ('set api-host=http://127.0.0.1:{}', 'can heard refuse fail silence'),
    'upstream': ('set api-host=http://127.0.0.1:{}', 'set event-backoff-ms=50', 'can control refuse fail silence'),
}


def main():
    simulation = Simulation(sys.argv[1], sys.argv[2])
    for line in KINDS[sys.argv[2]]:
        print(line.format(simulation.port))
    print('ready', flush=True)
    for line in sys.stdin:
        word, _, rest = line.rstrip('\n').partition(' ')
        try:
            said = getattr(simulation, word)(rest)
            print('ok ' + said if said else 'ok', flush=True)
        except (AttributeError, OSError, ValueError) as problem:
            print('error {}: {}'.format(type(problem).__name__, problem), flush=True)


main()
