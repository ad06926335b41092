# adapter.py: a small adapter and the broker under it, in the standard library of Python alone
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import base64
import glob
import hashlib
import http.client
import json
import os
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse

FOREIGN_VARIABLES = ('MASONS_BROKER_ACCOUNT_ID', 'MASONS_BROKER_API_HOST', 'MASONS_BROKER_CREDENTIALS_FILE')
READY_LIMIT_S = 20


class Gone(Exception):
    """The broker is not there, or went away in the middle."""


class Refused(Exception):
    """The broker answered with an error."""

    def __init__(self, status, body):
        super().__init__('{} {}'.format(status, body))
        self.status = status
        self.code = body.get('error', '') if isinstance(body, dict) else ''
        self.retryable = isinstance(body, dict) and body.get('retryable') is True


class Broker:
    """One daemon in directories of its own; it may be killed and started again."""

    def __init__(self, program, modules, account='crash', options=()):
        self.program = os.path.abspath(program)
        self.modules = os.path.abspath(modules)
        self.account = account
        self.options = list(options)
        self.top = tempfile.mkdtemp(prefix='rb-crash.')
        self.data = os.path.join(self.top, 'data')
        self.process = None
        self.starts = 0
        self.env = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
        self.env.update({
            # A daemon may warn, about a database that came back for one; a critical is a bug of ours.
            'G_DEBUG': 'fatal-criticals',
            'HOME': self.top,
            'MASONS_BROKER_ACCOUNT_ID': account,
            'MASONS_BROKER_USER_DATA': self.data,
            'OPENCLAW_HOME': os.path.join(self.top, 'openclaw'),
            'XDG_CONFIG_HOME': os.path.join(self.top, 'config'),
            'XDG_DATA_HOME': os.path.join(self.top, 'share'),
            'XDG_RUNTIME_DIR': os.path.join(self.top, 'run'),
            'XDG_STATE_HOME': os.path.join(self.top, 'state'),
        })
        os.mkdir(self.env['XDG_RUNTIME_DIR'], 0o700)

    def command(self):
        return [self.program, '--set', 'broker.modules-dir=' + self.modules, *self.options]

    def start(self, prefix=(), env=None):
        """@prefix: words in front of the program, such as strace's; @env: variables of this start alone"""
        self.starts += 1
        log = open(os.path.join(self.top, 'stderr'), 'ab')
        with log:
            self.process = subprocess.Popen(
                [*prefix, *self.command()],
                env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)

    def discovery(self):
        for path in glob.glob(os.path.join(self.data, 'runtime-broker', self.account, '*', 'discovery.json')):
            try:
                with open(path, encoding='utf-8') as file:
                    return json.load(file)
            except (FileNotFoundError, ValueError):
                pass
        return None

    def wait_until_ready(self, is_child=True):
        """The discovery record of the process that was started last; Gone when it left."""
        deadline = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < deadline:
            record = self.discovery()
            if record is not None and (not is_child or record['pid'] == self.process.pid) and healthy(record):
                return record
            if self.process.poll() is not None:
                raise Gone('the daemon left with {}'.format(self.process.returncode))
            time.sleep(0.002)
        raise AssertionError('not healthy after {} s: {}'.format(READY_LIMIT_S, self.stderr()))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)

    def stop(self):
        """Ends it as a person would; returns its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=15)
        self.process = None
        return status

    def stderr(self):
        with open(os.path.join(self.top, 'stderr'), encoding='utf-8', errors='replace') as file:
            return file.read()[-4000:]

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.top, ignore_errors=True)


def healthy(record):
    try:
        connection = http.client.HTTPConnection('127.0.0.1', urllib.parse.urlsplit(record['ipcUrl']).port, timeout=2)
        connection.request('GET', '/health', headers={'Authorization': 'Bearer ' + record['bearerToken']})
        return connection.getresponse().status == 200
    except OSError:
        return False
    except http.client.HTTPException:
        return False


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def operator(record, name):
    """What an operator route of the Unix socket answers; Gone when there is no whole answer."""
    connection = UnixConnection(record['ipcSocket'])
    try:
        connection.request('GET', '/v1/operator/' + name)
        response = connection.getresponse()
        body = json.loads(response.read())
    except (OSError, http.client.HTTPException) as error:
        raise Gone('{}: {!r}'.format(name, error)) from error
    finally:
        connection.close()
    if response.status != 200:
        raise Refused(response.status, body)
    return body


class Adapter:
    """One channel and the requests beside it, in the name of process @pid."""

    # @on_wait: called with the socket of a request until that is readable; some requests are answered only when a push was
    # acknowledged, so somebody has to look after the channels meanwhile
    def __init__(self, pid, on_wait=None):
        self.pid = pid
        self.on_wait = on_wait
        self.record = None
        self.http = None
        self.stream = None
        self.buffer = b''
        self.fragments = b''

    def connect(self, record):
        self.close()
        self.record = record
        self.port = urllib.parse.urlsplit(record['ipcUrl']).port
        try:
            self.http = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
            self.call('POST', '/v1/initialize', {'client_protocol_version': '1.1', 'client_kind': 'custom'})
            self.stream = socket.create_connection(('127.0.0.1', self.port), timeout=10)
            self.upgrade()
        except (OSError, http.client.HTTPException) as error:
            raise Gone(str(error)) from error

    def upgrade(self):
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = ['GET /v1/stream HTTP/1.1', 'Host: 127.0.0.1:{}'.format(self.port), 'Upgrade: websocket', 'Connection: Upgrade',
                 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: ' + key,
                 'Authorization: Bearer ' + self.record['bearerToken'], 'x-plugin-pid: {}'.format(self.pid),
                 'x-masons-ipc-capabilities: endpoint_metadata_v1,push_receipt_ack_v1']
        self.stream.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n')
        while b'\r\n\r\n' not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        if not head.startswith(b'HTTP/1.1 101'):
            raise Refused(int(head.split()[1]), head.decode())
        accept = base64.b64encode(hashlib.sha1(key.encode() + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())
        if accept not in head:
            raise AssertionError('wrong Sec-WebSocket-Accept')

    def close(self):
        for one in (self.http, self.stream):
            if one is not None:
                one.close()
        self.http = self.stream = None
        self.buffer = self.fragments = b''

    def call(self, method, path, body=None):
        """The answer of a request; Refused with its code, Gone when there is no whole answer."""
        headers = {'Authorization': 'Bearer ' + self.record['bearerToken'], 'x-plugin-pid': str(self.pid)}
        if body is not None:
            headers['Content-Type'] = 'application/json'
        try:
            self.http.request(method, path, None if body is None else json.dumps(body).encode(), headers)
            if self.on_wait is not None:
                self.on_wait(self.http.sock)
            response = self.http.getresponse()
            answer = json.loads(response.read() or b'null')
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Gone('{} {}: {!r}'.format(method, path, error)) from error
        if response.status >= 400:
            raise Refused(response.status, answer)
        return answer

    def fill(self):
        data = self.stream.recv(65536)
        if not data:
            raise Gone('the channel was closed')
        self.buffer += data

    def frames(self, wait_s=0):
        """Each JSON frame that has come; waits up to @wait_s for the first."""
        try:
            while select.select([self.stream], [], [], wait_s)[0]:
                self.fill()
                wait_s = 0
            yield from self.parse()
        except OSError as error:
            raise Gone(str(error)) from error

    def parse(self):
        while len(self.buffer) >= 2:
            length, start = self.buffer[1] & 0x7f, 2
            if length >= 126:
                size = 2 if length == 126 else 8
                if len(self.buffer) < 2 + size:
                    return
                length, start = int.from_bytes(self.buffer[2:2 + size], 'big'), 2 + size
            if len(self.buffer) < start + length:
                return
            first, payload = self.buffer[0], self.buffer[start:start + length]
            self.buffer = self.buffer[start + length:]
            yield from self.take(first & 0x0f, bool(first & 0x80), payload)

    def take(self, opcode, final, payload):
        if opcode == 8:
            raise Gone('the channel was closed')
        if opcode == 9:
            self.write(10, payload)
        elif opcode in (0, 1):
            self.fragments += payload
            if final:
                text, self.fragments = self.fragments, b''
                yield json.loads(text)

    def write(self, opcode, payload):
        mask = secrets.token_bytes(4)
        size = len(payload)
        if size < 126:
            head = struct.pack('!BB', 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack('!BBH', 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack('!BBQ', 0x80 | opcode, 0x80 | 127, size)
        try:
            self.stream.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))
        except OSError as error:
            raise Gone(str(error)) from error

    def send_frame(self, frame):
        self.write(1, json.dumps(frame).encode())
