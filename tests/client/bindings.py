#!/usr/bin/env python3
# bindings.py: the client library as other languages see it: each kind of call through introspection, against a real broker; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: bindings.py BROKERD

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

import gi
gi.require_version('Rb', '1')
from gi.repository import GLib, Rb

LIMIT_S = 60


def until(condition, what):
    """Turns the loop."""
    state = {'late': False}

    def on_late():
        state['late'] = True
        return False

    timer = GLib.timeout_add_seconds(LIMIT_S, on_late)
    while not condition() and not state['late']:
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer) if not state['late'] else None
    assert not state['late'], 'still waiting: ' + what


def run(source, call, *arguments):
    """source.CALL_async(...), then what source.CALL_finish() returns or raises."""
    results = []
    getattr(source, call + '_async')(*arguments, lambda _source, result: results.append(result))
    until(lambda: results, call)
    return getattr(source, call + '_finish')(results[0])


class World:
    def __init__(self, brokerd):
        self.received = []
        self.store = True
        self.client = Rb.Client(program=brokerd, kind='test', version='7')
        self.client.connect('message', self.on_message)
        run(self.client, 'connect', None)
        self.endpoint = run(self.client, 'register', Rb.ClientEndpoint(session_name='snake', workspace='/w'), None)
        # A reply to what an endpoint sent itself is not pushed to it.
        self.asker = run(self.client, 'register', Rb.ClientEndpoint.new('custom', 'asker'), None)

    def on_message(self, client, endpoint, message):
        self.received.append((endpoint, message))
        return self.store


def test_properties(world):
    """Properties are read by name, and what they are is what the broker said."""
    assert world.client.props.phase == Rb.ClientPhase.CONNECTED
    assert world.client.get_phase() == Rb.ClientPhase.CONNECTED
    assert world.client.props.account == 'default'
    assert world.endpoint.props.id.startswith('ep_') and world.endpoint.has_id(world.endpoint.get_id())
    assert world.endpoint.props.generation == 1 and world.endpoint.props.kind == 'custom'
    assert 'background_exchange_v1' in world.endpoint.props.capabilities


def send(world, text, metadata=None):
    return run(world.client, 'send', world.asker, 'default@local', text, None, metadata, None)


def find(world, text):
    """The inbox's row of @text."""
    rows = []

    def look():
        rows[:] = [row for row in json.loads(run(world.client, 'inbox', world.endpoint, None))['items'] if row['content'] == text]
        return rows

    until(look, text)
    return rows[0]


def test_work(world):
    """What is sent waits in the inbox, is claimed, accepted, started and replied to; the reply comes as a message."""
    sent, message_id, status, _correlation_id = send(world, 'do it', '{"note":"n-1"}')
    assert sent and message_id and status in ('delivered', 'stored'), (sent, message_id, status)
    work = run(world.client, 'claim', world.endpoint, find(world, 'do it')['id'], None)
    assert work.props.content == 'do it' and work.props.sender == 'default@local' and work.props.assignment_id
    assert json.loads(work.props.metadata)['note'] == 'n-1' and work.dup_metadata_member('note') == 'n-1'
    assert run(world.client, 'report', world.endpoint, work, Rb.ClientState.ACCEPTED, None, None)
    assert run(world.client, 'report', world.endpoint, work, Rb.ClientState.STARTED, 'soon', None)
    replied, reply_id, _status = run(world.client, 'reply', world.endpoint, work, None, 'done', None, None)
    assert replied and reply_id
    until(lambda: [message for _endpoint, message in world.received if message.get_content() == 'done'], 'the reply')
    endpoint = [endpoint for endpoint, message in world.received if message.get_content() == 'done'][0]
    assert endpoint == world.asker


def test_refused(world):
    """A refusal is an error of the domain, with a code that says what one can do about it."""
    try:
        run(world.client, 'claim', world.endpoint, 'there is none', None)
        raise AssertionError('it was claimed')
    except GLib.Error as error:
        assert error.domain == GLib.quark_to_string(Rb.client_error_quark()), error.domain
        assert error.code in [int(code) for code in (Rb.ClientError.NOT_FOUND, Rb.ClientError.BAD_STATE, Rb.ClientError.REJECTED)], error.code
        assert not Rb.ClientError.is_transient(error)
    try:
        send(world, 'x', 'no json')
        raise AssertionError('it was sent')
    except GLib.Error as error:
        assert error.matches(Rb.client_error_quark(), Rb.ClientError.INVALID), error


def test_staged(world):
    """A list of messages comes as one, or the broker says that it stages nothing."""
    try:
        assert run(world.client, 'staged', world.endpoint, 10, None) == []
    except GLib.Error as error:
        assert error.matches(Rb.client_error_quark(), Rb.ClientError.NOT_SUPPORTED), error


def test_request(world):
    """Any route, with text in and out."""
    health = json.loads(run(world.client, 'request', 'GET', '/health', None, None))
    assert health['ok'] is True, health


def test_fail(world):
    """Work ends without a reply, too."""
    send(world, 'not this')
    work = run(world.client, 'claim', world.endpoint, find(world, 'not this')['id'], None)
    run(world.client, 'report', world.endpoint, work, Rb.ClientState.ACCEPTED, None, None)
    assert run(world.client, 'fail', world.endpoint, work, 'no_tool', 'there is none', False, None)


def test_close(world):
    """Unregistered and closed, the client says so."""
    phases = []
    world.client.connect('phase-changed', lambda _client, phase, _failure: phases.append(phase))
    assert run(world.client, 'unregister', world.endpoint, None)
    results = []
    world.client.close_async(lambda _source, result: results.append(result))
    until(lambda: results, 'the end')
    world.client.close_finish(results[0])
    assert phases == [Rb.ClientPhase.CLOSED], phases


def main():
    cases = [test_properties, test_work, test_refused, test_staged, test_request, test_fail, test_close]
    print('1..{}'.format(len(cases)))
    world = World(sys.argv[1])
    failed = 0
    for number, case in enumerate(cases, 1):
        try:
            case(world)
            print('ok {} /client/bindings/{}'.format(number, case.__name__[5:]))
        except Exception as error:    # a case that fails is reported, and the next one runs
            failed += 1
            print('not ok {} /client/bindings/{}'.format(number, case.__name__[5:]))
            print('# ' + traceback.format_exc().replace('\n', '\n# '))
        sys.stdout.flush()
    return 1 if failed else 0


def find_broker_pid(top):
    for folder, _, names in os.walk(top):
        if 'discovery.json' in names:
            with open(os.path.join(folder, 'discovery.json'), encoding='utf-8') as file:
                return json.load(file)['pid']
    return None


def in_own_directories():
    """The directories are read when a program begins, so the cases run in another one; the broker that it starts is stopped here."""
    top = tempfile.mkdtemp(prefix='rb-')
    try:
        run_dir = os.path.join(top, 'run')
        os.mkdir(run_dir, 0o700)
        env = dict(os.environ, HOME=top, XDG_RUNTIME_DIR=run_dir, XDG_DATA_HOME=os.path.join(top, 'data'),
                   XDG_CONFIG_HOME=os.path.join(top, 'config'), XDG_STATE_HOME=os.path.join(top, 'state'), RB_TEST_INSIDE='1')
        if env.get('RB_TEST_PRELOAD'):
            # The interpreter does not load the sanitizer by itself, and leaves what it allocates behind.
            env.update(LD_PRELOAD=env['RB_TEST_PRELOAD'], ASAN_OPTIONS=env.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
        status = subprocess.run([sys.executable, *sys.argv], env=env, check=False).returncode
        pid = find_broker_pid(top)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
        return status
    finally:
        shutil.rmtree(top, ignore_errors=True)


sys.exit(main() if 'RB_TEST_INSIDE' in os.environ else in_own_directories())
