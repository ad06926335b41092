# session.py: one scripted session that goes on over any number of deaths of the daemon, and what must hold at its end
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Three adapters do what adapters do, one thing after the other: send, dispatch, accept, reply, fail, claim, settle, lose the
# channel and reattach, unregister; the daemon is stopped in order and started again in the middle, and takes over a buffer file of
# another broker. Each step may be cut off anywhere and is then gone on with, as a careful adapter would, with the ids it had.

import glob
import json
import os
import select
import sqlite3
import subprocess
import time

from adapter import Adapter, Gone, Refused, operator
from crash import Conversation, World, listed, lost_or_twice, unexplained

STEP_LIMIT_S = 40
CUT_OFF_LIMIT_S = 0.5         # a message that is there shows up sooner after the daemon is ready
IMPORT_LIMIT_S = 2
MAX_DEATHS = 6
PAUSE_S = 0.005
LARGE = 'x' * 60000
IMPORTED = 'message of another broker'

# What becomes of a message: what follows after it was found in the inbox, and after it was accepted.
KINDS = {
    'answered': ('dispatch', 'reply'),
    'failed': ('dispatch', 'fail'),
    'claimed': ('claim', 'reply'),
    'settled': ('settle', None),
    'dropped': ('dispatch', 'settle'),
    'moved': ('hand_over', 'reply'),
}


class Errand(Conversation):
    def __init__(self, number, kind, size=0):
        super().__init__(number)
        self.kind = kind
        self.content += ' ' + kind + LARGE[:size]
        self.reply += LARGE[:size]
        self.tried = set()            # steps that were asked for at least once
        self.unsure = False           # a send or a reply whose outcome the daemon itself did not know
        self.since = time.monotonic()


class Session(World):
    def __init__(self, broker, starts):
        super().__init__(broker, None)
        self.starts = starts          # environments of the orderly starts
        self.second = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.adapters['guest'] = Adapter(self.second.pid, self.wait_for)
        self.closed = set()           # names of the adapters that are not there
        self.leaving = set()          # names of those that asked to be unregistered
        self.removed = set()          # endpoint ids that were unregistered
        self.step_limit_s = STEP_LIMIT_S
        self.problems = []
        self.exits = []               # of daemons that died, or failed
        self.script = self.write_script()
        self.position = 0
        self.current = None           # the errand of the step at work
        self.settling = None          # undispatched id of the imported message, once that was asked for
        self.imported = False         # it is settled

    def write_script(self):
        return [
            lambda: self.carry('answered'),
            lambda: self.carry('failed'),
            lambda: self.carry('claimed'),
            lambda: self.carry('settled'),
            lambda: self.carry('dropped', size=len(LARGE)),
            lambda: self.carry('moved'),
            lambda: self.carry('answered', until='reply'),
            lambda: self.leave('sender'),
            lambda: self.carry_on(),
            lambda: self.come_back('sender'),
            lambda: self.hear(),
            lambda: self.carry('answered', until='reply', size=len(LARGE)),
            lambda: self.carry('answered', until='dispatch'),
            self.restart,
            lambda: self.carry_on(),
            lambda: self.hear(),
            self.settle_imported,
            lambda: self.carry('claimed', until='reply'),
            lambda: self.carry_on(),
            lambda: self.hear(),
        ]

    # -- the steps of the script ----------------------------------------------------------------------------------------

    def wait(self, condition, what):
        deadline = time.monotonic() + self.step_limit_s
        while not condition():
            self.listen()
            if time.monotonic() > deadline:
                raise AssertionError('{}: not within {} s'.format(what, self.step_limit_s))
            self.rest()

    def rest(self):
        """A moment, or until something comes."""
        streams = [adapter.stream for adapter in self.adapters.values() if adapter.stream is not None]
        select.select(streams, [], [], PAUSE_S)

    def carry(self, kind, until='done', size=0):
        """A new message of @kind, up to the step @until."""
        if self.current is None:
            self.current = Errand(len(self.conversations), kind, size)
            self.conversations.append(self.current)
        if not self.push_on(self.current, until):
            # Its send was cut off and nothing came of it: so that the script gets everywhere, another one.
            self.current.step = 'given up'
            self.current = None
            self.carry(kind, until, size)
        self.current = None

    def push_on(self, errand, until):
        """FALSE when it was never sent."""
        deadline = time.monotonic() + self.step_limit_s
        while errand.step not in (until, 'done'):
            if errand.step == 'find' and self.is_lost(errand):
                return False
            before = errand.step
            self.listen()
            self.advance(errand)
            if time.monotonic() > deadline:
                raise AssertionError("'{}' stays at '{}'".format(errand.content[:40], errand.step))
            if errand.step in (before, 'find'):
                self.rest()
        return True

    def is_lost(self, errand):
        return (not errand.acknowledged and errand.row is None and errand.assignment is None
                and time.monotonic() - max(errand.since, self.attached) > (4 if errand.unsure else CUT_OFF_LIMIT_S))

    def carry_on(self):
        """All that was begun, to its end."""
        for errand in self.conversations:
            if errand.step != 'given up':
                self.push_on(errand, 'done')

    def hear(self):
        """Every reply that was acknowledged."""
        self.wait(lambda: all(one.reply in self.replied for one in self.conversations if one.reply_ids), 'replies')

    def leave(self, name):
        self.adapters[name].close()
        self.closed.add(name)

    def come_back(self, name):
        self.closed.discard(name)
        self.join(name)

    def restart(self):
        self.stop_daemon()
        self.position += 1
        self.write_buffer_file()
        self.broker.start(env=self.starts.pop(0) if self.starts else None)
        self.attach(self.broker.wait_until_ready())
        self.position -= 1

    def stop_daemon(self):
        """Whoever dies while it stops was killed: then there is nothing to stop any more."""
        status = self.broker.stop()
        if status != 0:
            self.exits.append(status)

    def buffer_path(self):
        state, = glob.glob(os.path.join(self.broker.data, 'runtime-broker', self.broker.account, '*', ''))
        return os.path.join(state, 'buffers', 'ep_gone.ndjson')

    def write_buffer_file(self):
        """What another broker would have left (protocol.md 3.9), with a line that nobody understands."""
        path = self.buffer_path()
        line = {'id': 'imported-1', 'arrived_at': '2026-01-02T03:04:05.678Z',
                'envelope': {'from': 'bob@local', 'content': IMPORTED, 'contentType': 'text', 'sourceMessageId': 'imported-1'}}
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(json.dumps(line) + '\n{"id":\n')

    def settle_imported(self):
        """It must have come once; that it is gone on a second try is right too."""
        deadline = time.monotonic() + self.step_limit_s
        unread = time.monotonic() + IMPORT_LIMIT_S
        while not self.imported:
            rows = [row for row in self.rows() if row['content'] == IMPORTED]
            if len(rows) > 1:
                self.problems.append('the imported message is there {} times'.format(len(rows)))
            if rows:
                again = self.settling is not None
                self.settling = rows[0]['id']
                self.imported = self.try_settle(again)
            elif self.settling is not None:
                self.imported = self.try_settle(True)
            elif time.monotonic() > unread and os.path.exists(self.buffer_path()):
                # The file could not be read; the log says so, and the next start tries again.
                unread = deadline
                self.stop_daemon()
                self.broker.start()
                self.attach(self.broker.wait_until_ready())
            elif time.monotonic() > deadline:
                raise AssertionError('the message of another broker did not come')
            else:
                self.rest()

    def try_settle(self, again):
        try:
            self.settle(self.settling, again)
            return True
        except Refused as refusal:
            if not refusal.retryable:
                raise
            self.rest()
            return False

    # -- attaching ------------------------------------------------------------------------------------------------------

    def attach(self, record):
        self.record = record
        for adapter in self.adapters.values():
            adapter.close()
        for name in self.adapters:
            if name not in self.closed:
                self.join(name)
        if self.address is None:
            self.address = operator(record, 'status')['address']
        self.attached = time.monotonic()

    def join(self, name):
        """Until it is done: a disk may be full for a while."""
        deadline = time.monotonic() + self.step_limit_s
        while True:
            try:
                self.adapters[name].connect(self.record)
                if name not in self.endpoints or not self.reattach(name, self.adapters[name]):
                    self.register(name, self.adapters[name])
                return
            except Refused as refusal:
                if refusal.code == 'endpoint_unknown' and name in self.leaving:
                    # Nobody heard the answer.
                    self.forget(name)
                    return
                if not refusal.retryable or time.monotonic() > deadline:
                    raise
                self.rest()

    def on_guest(self, frame):
        """It never accepts anything."""
        for errand in self.conversations:
            if errand.content == frame['content'] and errand.step in ('hand_over', 'find', 'wait_guest'):
                errand.step = 'unregister'

    # -- steps of a message ---------------------------------------------------------------------------------------------

    def rows(self):
        endpoint_id, _ = self.endpoints['worker']
        return self.adapters['worker'].call('GET', '/v1/undispatched?endpoint_id=' + endpoint_id)['items']

    def do_send(self, errand):
        errand.since = time.monotonic()
        try:
            super().do_send(errand)
        except Refused as refusal:
            if refusal.code != 'connector_send_outcome_unknown':
                raise
            errand.unsure = True

    def do_find(self, errand):
        for row in self.rows():
            if row['content'] == errand.content:
                errand.row = row['id']
                errand.step = 'dispatch' if 'unregister' in errand.tried else KINDS[errand.kind][0]
                return

    def do_hand_over(self, errand):
        if 'guest' not in self.endpoints:
            self.join('guest')
        self.dispatch_to('guest', errand)
        if errand.step == 'hand_over':
            errand.step = 'find'

    def do_unregister(self, errand):
        errand.tried.add('unregister')
        self.leaving.add('guest')
        if 'guest' in self.endpoints:
            endpoint_id, _ = self.endpoints['guest']
            self.adapters['guest'].call('DELETE', '/v1/endpoint/' + endpoint_id)
            self.forget('guest')
        errand.step = 'find'

    def forget(self, name):
        """It is unregistered, and does not come back."""
        self.removed.add(self.endpoints.pop(name)[0])
        self.closed.add(name)
        self.adapters[name].close()

    def do_claim(self, errand):
        endpoint_id, owner_token = self.endpoints['worker']
        try:
            answer = self.adapters['worker'].call('POST', '/v1/runtime/assignment-claim', {
                'endpoint_id': endpoint_id, 'plugin_pid': self.adapters['worker'].pid, 'endpoint_owner_token': owner_token,
                'undispatched_id': errand.row})
        except Refused as refusal:
            # Before a kill it was claimed, and came back into the inbox: it is looked for again.
            if refusal.code != 'runtime_self_claim_rejected':
                raise
            errand.step = 'find'
            return
        self.arrived.setdefault(answer['message']['content'], set()).add(answer['message']['sourceMessageId'])
        errand.assignment = answer['assignment']
        errand.step = 'accept'

    def do_accept(self, errand):
        super().do_accept(errand)
        if errand.step == 'reply':
            errand.step = KINDS[errand.kind][1]

    def do_fail(self, errand):
        again = 'fail' in errand.tried
        errand.tried.add('fail')
        try:
            self.adapters['worker'].call('POST', '/v1/runtime/processing-state', {
                **self.ids(errand), 'state': 'processing_failed', 'state_sequence': 9,
                'state_event_id': errand.assignment['assignmentId'] + ':failed', 'reason_code': 'broken'})
        except Refused as refusal:
            if refusal.code != 'runtime_assignment_unknown' or not again:
                raise
        errand.step = 'done'

    def settle(self, row, tried):
        endpoint_id, _ = self.endpoints['worker']
        try:
            self.adapters['worker'].call('POST', '/v1/runtime/self-settle', {
                'endpoint_id': endpoint_id, 'plugin_pid': self.adapters['worker'].pid, 'undispatched_id': row})
        except Refused as refusal:
            if refusal.code != 'runtime_self_settle_rejected' or not tried:
                raise

    def do_settle(self, errand):
        again = 'settle' in errand.tried
        errand.tried.add('settle')
        self.settle(errand.row, again)
        errand.step = 'done'

    def do_reply(self, errand):
        try:
            super().do_reply(errand)
        except Refused as refusal:
            if refusal.code != 'connector_send_outcome_unknown':
                raise
            # The record keeps it so. The adapter says that this is the end of it.
            errand.unsure = True
            errand.step = 'fail'

    # -- the run --------------------------------------------------------------------------------------------------------

    def go_on(self):
        while self.position < len(self.script):
            self.script[self.position]()
            self.position += 1

    def judge(self):
        """What must hold when all is done; the daemon is stopped then."""
        yield from self.problems
        finished = [one for one in self.conversations if one.step != 'given up']
        pushed = [one for one in finished if one.kind != 'settled']
        yield from lost_or_twice(pushed, self.arrived, lambda one: one.content)
        yield from self.judge_replies(finished)
        yield from self.judge_rest()
        yield from unexplained(self)
        yield from self.judge_endpoints()
        yield from self.judge_stop()
        yield from check_files(self.broker)

    def judge_stop(self):
        status = self.broker.stop()
        if status == -9:
            # A fault that was kept for this moment.
            self.exits.append(status)
            self.broker.start()
            self.broker.wait_until_ready()
            status = self.broker.stop()
        if status != 0:
            yield 'exit status {}: {}'.format(status, self.broker.stderr())

    def judge_replies(self, finished):
        for one in finished:
            ids = self.replied.get(one.reply, set())
            if len(ids) > 1 or len(one.reply_ids) > 1:
                yield "the reply to '{}' came as {}, was answered as {}".format(one.content[:40], ids, one.reply_ids)
            if one.reply_ids and ids and one.reply_ids != ids:
                yield "the reply to '{}' was answered as {} and came as {}".format(one.content[:40], one.reply_ids, ids)
            if one.reply_ids and not ids:
                yield "the reply to '{}' was acknowledged and never came".format(one.content[:40])

    def judge_rest(self):
        """Nothing is left but what the daemon itself did not know; that may only be what we gave up."""
        given_up = [one.content for one in self.conversations if one.step == 'given up' or one.unsure]
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and (self.left(given_up) or listed(self, 'outbox')):
            self.listen()
            self.rest()
        yield from self.left(given_up)
        yield from ('in the outbox: {}'.format(row) for row in listed(self, 'outbox'))
        yield from ('given up by us: {}'.format(row) for row in listed(self, 'dead-letters'))

    def left(self, but):
        rows = ['in the inbox: {}'.format(row) for row in listed(self, 'inbox')
                if not any(content.startswith(row['preview'][:20]) for content in but)]
        return rows + ['an assignment: {}'.format(row) for row in listed(self, 'assignments')]

    def judge_endpoints(self):
        known = {row['endpoint_id'] for row in listed(self, 'endpoints')}
        yield from ('the endpoint of the {} is gone'.format(name)
                    for name, (endpoint_id, _) in self.endpoints.items() if endpoint_id not in known)
        yield from ('endpoint {} is there again'.format(endpoint_id) for endpoint_id in self.removed & known)

    def close(self):
        for helper in (self.helper, self.second):
            helper.kill()
            helper.wait()
            helper.stdin.close()
        for adapter in self.adapters.values():
            adapter.close()


def check_files(broker):
    """The databases as SQLite itself sees them, and no file that is half of something."""
    for name in ('broker.db', 'network.db'):
        for path in glob.glob(os.path.join(broker.data, '**', name), recursive=True):
            database = sqlite3.connect(path)
            answer = database.execute('PRAGMA integrity_check').fetchall()
            if answer != [('ok',)]:
                yield '{}: {}'.format(name, answer)
            if name == 'network.db':
                yield from ('mailbox {}: {} messages, {} bytes are counted, and none waits'.format(*row) for row in database.execute(
                    'SELECT handle, messages, bytes FROM mailbox WHERE (messages != 0 OR bytes != 0)'
                    ' AND NOT EXISTS (SELECT 1 FROM message WHERE mailbox = mailbox.id)'))
            database.close()
    for path in glob.glob(os.path.join(broker.data, '**', '*.tmp.*'), recursive=True):
        yield 'left over: ' + os.path.relpath(path, broker.data)


def play(broker, starts, session_class=Session, then=None):
    """The session with the daemon started in the environments @starts, one for each orderly start; @then is that of the start after
    the first death.

    Returns the problems, and the exit statuses of the daemons that did not come to an orderly stop."""
    starts = list(starts)
    session = session_class(broker, starts)
    try:
        broker.start(env=starts.pop(0) if starts else None)
        return finish(broker, session, then)
    finally:
        session.close()


def finish(broker, session, then=None):
    """From wherever the session is; a daemon was started. As play()."""
    try:
        while True:
            try:
                session.attach(broker.wait_until_ready())
                session.go_on()
                return list(session.judge()), session.exits
            except Gone as gone:
                session.exits.append(end_of(broker, gone))
                if len(session.exits) > MAX_DEATHS:
                    raise AssertionError('it does not come back: {}'.format(session.exits)) from gone
                broker.start(env=then)
                then = None
    except (Refused, AssertionError) as problem:
        text = '{}: {}'.format(type(problem).__name__, str(problem)[:2000])
        return [*session.problems, text, broker.stderr()[-1500:]], session.exits


def end_of(broker, gone):
    """How the daemon ended: it has to, when its connections do."""
    try:
        return broker.process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        raise AssertionError('the daemon lives, but {}'.format(gone)) from gone
