#!/usr/bin/env python3
# crash.py: kills the daemon at random moments of conversations and compares what came with what must come; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: crash.py BROKERD MODULE-FOLDER
# RB_CRASH_SEED: the seed (default: random, printed). RB_CRASH_KILLS: how often to kill (default: 50).
#
# Two adapters hold conversations through a real daemon: the sender sends a message to our own address, it waits in the inbox,
# is dispatched to the worker, accepted and answered, and the answer reaches the sender. The daemon is killed with SIGKILL at
# moments that the seed decides, started again, and the adapters go on with the ids they had. What was acknowledged must
# then have happened once: no message lost, none twice, nothing left lying.

import os
import random
import select
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from adapter import Adapter, Broker, Gone, Refused, operator

OPEN_CONVERSATIONS = 4
SETTLE_LIMIT_S = 60
REQUEST_LIMIT_S = 20
EXPLAIN_LIMIT_S = 5
CASES = ('survives', 'messages-arrive-once', 'replies-arrive-once', 'reply-ids-keep-their-message', 'nothing-is-left',
         'every-message-says-how-it-ended', 'stops-cleanly')


class Conversation:
    """What the adapters know of one message. They keep it over a crash of the daemon, as a careful adapter would."""

    def __init__(self, number):
        self.content = 'message {}'.format(number)
        self.reply = 'reply {}'.format(number)
        self.step = 'send'
        self.acknowledged = False     # the daemon said 200 to the send
        self.row = None               # undispatched id
        self.assignment = None        # what came with the push
        self.reply_ids = set()        # message ids that the daemon gave for the one reply request

    @property
    def finished(self):
        return self.step == 'done'


class World:
    def __init__(self, broker, rng):
        self.broker = broker
        self.rng = rng
        self.helper = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.adapters = {'sender': Adapter(os.getpid(), self.wait_for), 'worker': Adapter(self.helper.pid, self.wait_for)}
        self.endpoints = {}           # name -> (endpoint id, owner token)
        self.conversations = []
        self.arrived = {}             # message content -> source message ids at the worker
        self.replied = {}             # reply content -> source message ids at the sender
        self.address = None
        self.record = None
        self.request_limit_s = REQUEST_LIMIT_S
        self.kill_at_request = None   # (requests until then, delay after it was sent in seconds)

    # -- attaching ------------------------------------------------------------------------------------------------------

    def attach(self, record):
        self.record = record
        for adapter in self.adapters.values():
            adapter.close()
        for name, adapter in self.adapters.items():
            adapter.connect(record)
            if name not in self.endpoints or not self.reattach(name, adapter):
                self.register(name, adapter)
        if self.address is None:
            self.address = operator(record, 'status')['address']

    def reattach(self, name, adapter):
        endpoint_id, _ = self.endpoints[name]
        try:
            adapter.call('POST', '/v1/endpoint/{}/reattach'.format(endpoint_id), {'plugin_pid': adapter.pid})
            return True
        except Refused as refusal:
            if refusal.code == 'endpoint_not_reconnecting':
                return True
            raise

    def register(self, name, adapter):
        body = {'agent_id': name, 'plugin_pid': adapter.pid, 'kind': 'custom', 'execution_surface': 'headless'}
        if name != 'sender':
            body.update(runtime_capabilities=['background_exchange_v1'], background_exchange_mode='resident_endpoint')
        answer = adapter.call('POST', '/v1/endpoint/register', body)
        self.endpoints[name] = (answer['endpoint_id'], answer['endpoint_owner_token'])

    # -- what comes -----------------------------------------------------------------------------------------------------

    def wait_for(self, request):
        """Until @request is readable: takes what comes on the channels."""
        self.count_request()
        while True:
            streams = [adapter.stream for adapter in self.adapters.values() if adapter.stream is not None]
            readable = select.select([request, *streams], [], [], self.request_limit_s)[0]
            if not readable:
                raise AssertionError('no answer in {} s'.format(self.request_limit_s))
            if request in readable:
                return
            self.listen()

    def count_request(self):
        if self.kill_at_request is None:
            return
        left, delay_s = self.kill_at_request
        self.kill_at_request = (left - 1, delay_s)
        if left == 0:
            # The request is on its way; what happens to it now is what this test is about.
            time.sleep(delay_s)
            self.broker.kill()

    def listen(self):
        for name, adapter in self.adapters.items():
            for frame in adapter.frames() if adapter.stream is not None else ():
                if frame.get('event') == 'message_received':
                    # First remember, then acknowledge: the other order would lose it here.
                    getattr(self, 'on_' + name)(frame)
                    adapter.send_frame({'event': 'push_ack', 'push_id': frame['push_id']})

    def on_worker(self, frame):
        self.arrived.setdefault(frame['content'], set()).add(frame['sourceMessageId'])
        for conversation in self.conversations:
            if conversation.content == frame['content'] and conversation.assignment is None:
                conversation.assignment = frame['runtimeAssignment']
                conversation.step = 'accept'

    def on_sender(self, frame):
        self.replied.setdefault(frame['content'], set()).add(frame['sourceMessageId'])

    def message_ids(self):
        """Of all that came."""
        return set().union(*self.arrived.values(), *self.replied.values())

    # -- what is done ---------------------------------------------------------------------------------------------------

    def advance(self, conversation):
        try:
            getattr(self, 'do_' + conversation.step)(conversation)
        except Refused as refusal:
            # "Not now": the step is tried again with the same ids. Any other refusal is wrong here.
            if not refusal.retryable:
                raise

    def do_send(self, conversation):
        endpoint_id, _ = self.endpoints['sender']
        # When the answer does not come the outcome is unknown. A person would look; we go on without sending again.
        conversation.step = 'find'
        try:
            self.adapters['sender'].call('POST', '/v1/send', {
                'endpoint_id': endpoint_id, 'to': self.address, 'content': conversation.content})
            conversation.acknowledged = True
        except Refused as refusal:
            if not refusal.retryable:
                raise
            conversation.step = 'send'

    def do_find(self, conversation):
        endpoint_id, _ = self.endpoints['worker']
        answer = self.adapters['worker'].call('GET', '/v1/undispatched?endpoint_id=' + endpoint_id)
        for item in answer['items']:
            if item['content'] == conversation.content:
                conversation.row = item['id']
                conversation.step = 'dispatch'
                return

    def dispatch_to(self, name, conversation):
        endpoint_id, _ = self.endpoints[name]
        try:
            self.adapters[name].call('POST', '/v1/dispatch', {
                'undispatched_id': conversation.row, 'target_endpoint_id': endpoint_id})
        except Refused as refusal:
            # An earlier try that was cut off may have worked: then the push comes.
            if refusal.code != 'dispatch_failed':
                raise

    def do_dispatch(self, conversation):
        self.dispatch_to('worker', conversation)
        if conversation.step == 'dispatch':
            conversation.step = 'wait'

    def do_wait(self, conversation):
        """The push comes by itself; after a restore the message is in the inbox again."""
        conversation.step = 'find'

    def ids(self, conversation, adapter='worker'):
        endpoint_id, owner_token = self.endpoints[adapter]
        return {'endpoint_id': endpoint_id, 'endpoint_owner_token': owner_token, 'plugin_pid': self.adapters[adapter].pid,
                'source_message_id': conversation.assignment['sourceMessageId'],
                'assignment_id': conversation.assignment['assignmentId']}

    def do_accept(self, conversation):
        try:
            self.adapters['worker'].call('POST', '/v1/runtime/processing-state', {
                **self.ids(conversation), 'state': 'adapter_accepted', 'state_sequence': 2,
                'state_event_id': conversation.assignment['assignmentId'] + ':accepted'})
            conversation.step = 'reply'
        except Refused as refusal:
            if refusal.code != 'runtime_assignment_unknown':
                raise
            # It was taken back before we accepted: it comes again, as another assignment of the same message.
            conversation.assignment = None
            conversation.step = 'find'

    def do_reply(self, conversation):
        answer = self.adapters['worker'].call('POST', '/v1/runtime/assignment-reply', {
            **self.ids(conversation), 'reply_request_id': 'r', 'content': conversation.reply})
        conversation.reply_ids.add(answer['messageId'])
        conversation.step = 'done'

    # -- the run --------------------------------------------------------------------------------------------------------

    def turn(self, keep_open):
        """One step of one open conversation, and whatever has come."""
        unfinished = [one for one in self.conversations if not one.finished]
        if len(unfinished) < OPEN_CONVERSATIONS and keep_open:
            unfinished.append(Conversation(len(self.conversations)))
            self.conversations.append(unfinished[-1])
        self.listen()
        if unfinished:
            self.advance(self.rng.choice(unfinished))


def kill_later(process, delay_s):
    timer = threading.Timer(delay_s, process.kill)
    timer.start()
    return timer


def kill_often(broker, world, kills):
    """One kill in five comes before the daemon is ready, one at a moment of the clock, the others while a request is at work."""
    ready_s = 0.2
    for number in range(kills):
        broker.start()
        begun = time.monotonic()
        timer = None
        if number % 5 == 0:
            timer = kill_later(broker.process, world.rng.uniform(0, ready_s))
        elif number % 5 == 1:
            timer = kill_later(broker.process, ready_s + world.rng.uniform(0, 0.25))
        else:
            world.kill_at_request = (world.rng.randrange(60), world.rng.uniform(0, 0.002))
        try:
            record = broker.wait_until_ready()
            ready_s = time.monotonic() - begun
            world.attach(record)
            while True:
                world.turn(keep_open=True)
        except Gone:
            world.kill_at_request = None
            if timer is not None:
                timer.join()
            broker.process.wait()


def settle(broker, world):
    """No more kills: everything that is open must come to its end."""
    broker.start()
    world.attach(broker.wait_until_ready())
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while time.monotonic() < deadline:
        world.turn(keep_open=False)
        if not in_limbo(world) and not listed(world, 'inbox'):
            return


def in_limbo(world):
    """What was acknowledged, or came although it was cut off, and has not come to its end."""
    begun = [one for one in world.conversations if one.acknowledged or one.row is not None or one.assignment is not None]
    return [one.content for one in begun if not one.finished or one.reply not in world.replied]


def lost_or_twice(conversations, came, text):
    for one in conversations:
        times = len(came.get(text(one), ()))
        if times > 1:
            yield "'{}' came {} times".format(text(one), times)
        if times == 0 and one.acknowledged:
            yield "'{}' was acknowledged and never came".format(text(one))
    known = {text(one) for one in conversations}
    yield from ("'{}' came and was never sent".format(content) for content in came if content not in known)


def explain(world, message_id):
    """While the disk is full it may be refused for a moment."""
    try:
        return operator(world.record, 'explain/' + message_id)
    except Refused as refusal:
        if not refusal.retryable:
            raise
        return {'place': str(refusal), 'ladder': []}


def unexplained(world):
    """Everything that came has reached its end, and `explain` knows it."""
    for message_id in sorted(world.message_ids()):
        deadline = time.monotonic() + EXPLAIN_LIMIT_S
        answer = explain(world, message_id)
        while answer['place'] != 'ended' and time.monotonic() < deadline:
            time.sleep(0.02)
            answer = explain(world, message_id)
        if answer['place'] != 'ended' or not answer['ladder']:
            yield '{}: {}'.format(message_id, answer)


def judge(broker, world):
    """name of a case -> its problems"""
    done = [one for one in world.conversations if one.finished]
    problems = {
        'survives': [] if len(done) > len(world.conversations) // 2 else ['only {} conversations ended'.format(len(done))],
        'messages-arrive-once': list(lost_or_twice(world.conversations, world.arrived, lambda one: one.content)),
        'replies-arrive-once': list(lost_or_twice(world.conversations, world.replied, lambda one: one.reply)),
        'reply-ids-keep-their-message': ["'{}' has the ids {}".format(one.reply, one.reply_ids)
                                         for one in done if len(one.reply_ids) != 1],
        'nothing-is-left': ['open: ' + content for content in in_limbo(world)],
    }
    for name in ('inbox', 'assignments'):
        problems['nothing-is-left'] += ['{}: {}'.format(name, row) for row in listed(world, name)]
    problems['every-message-says-how-it-ended'] = list(unexplained(world))
    status = broker.stop()
    problems['stops-cleanly'] = [] if status == 0 else ['exit status {}: {}'.format(status, broker.stderr())]
    return problems


def listed(world, name):
    body = operator(world.record, name)
    return body if isinstance(body, list) else body.get('items', body.get(name, []))


def main():
    seed = int(os.environ.get('RB_CRASH_SEED') or random.SystemRandom().randrange(1 << 31))
    kills = int(os.environ.get('RB_CRASH_KILLS') or 50)
    broker = Broker(sys.argv[1], sys.argv[2])
    world = World(broker, random.Random(seed))
    print('1..{}'.format(len(CASES)))
    print('# RB_CRASH_SEED={} RB_CRASH_KILLS={}'.format(seed, kills), flush=True)

    try:
        kill_often(broker, world, kills)
        settle(broker, world)
        problems = judge(broker, world)
    except (Refused, Gone, AssertionError) as problem:
        print('Bail out! after {} starts: {}: {}\n# {}'.format(
            broker.starts, type(problem).__name__, problem, broker.stderr()[-1000:]))
        return 1
    finally:
        world.helper.kill()
        world.helper.wait()
        broker.remove()

    print('# {} kills, {} conversations, {} sends cut off'.format(
        kills, len(world.conversations), sum(not one.acknowledged for one in world.conversations)))
    for number, name in enumerate(CASES, 1):
        print('{} {} /crash/{}'.format('not ok' if problems[name] else 'ok', number, name))
        for problem in problems[name]:
            print('# ' + problem)
    return 1 if any(problems.values()) else 0


if __name__ == '__main__':
    sys.exit(main())
