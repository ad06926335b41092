#!/usr/bin/env python3
# faults.py: lets the n-th write, sync, rename, open, removal or touch fail, or be the last, and compares with what must hold; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: faults.py CRASH-BROKERD CRASH-CONNECTOR MODULE-FOLDER FAULT-LIBRARY [SIMULATED-UPSTREAM]
# With a simulated upstream on profile masons, otherwise on profile local.
# RB_CRASH_ALL=1: at each call (default: some of them). RB_CRASH_SEED: which ones, and what a power loss leaves (default: random, printed).
# RB_CRASH_CASES: those alone, such as `write-*` or `*-power`. RB_CRASH_JOBS: how many sessions at once (default: 2).

import fnmatch
import glob
import os
import sys
import time

sys.dont_write_bytecode = True

from adapter import Gone, Refused, operator
from rounds import N_STARTS, Round, main, read, spread
from session import finish, play

# kind -> what may happen to its calls, how many calls in a row it happens to, and how many of them the short run tries
FAULTS = {
    'write': (('ENOSPC', 1, 2), ('ENOSPC', 3, 2), ('EIO', 1, 2), ('short', 1, 2), ('kill', 1, 2), ('power', 1, 6)),
    'sync': (('EIO', 1, 3), ('kill', 1, 1), ('power', 1, 5)),
    'rename': (('ENOSPC', 1, 1), ('kill', 1, 1), ('power', 1, 2)),
    'open': (('ENOSPC', 1, 2), ('EIO', 1, 4), ('kill', 1, 1), ('power', 1, 1)),
    'remove': (('EIO', 1, 1), ('kill', 1, 1), ('power', 1, 1)),
    'touch': (('ENOSPC', 1, 1), ('kill', 1, 1)),
    'log-write': (('ENOSPC', 20, 1),),
    'log-open': (('EIO', 1, 1),),
    'log-rename': (('EIO', 1, 1), ('kill', 1, 1)),
}
# What the short run tries on profile masons, where the delivery cursor and what the network was told are at stake.
MASONS_MOST = ('rename-kill', 'rename-power', 'sync-power', 'write-power')
ENDING = ('kill', 'power')


def name_of(rounds):
    return 'crash-faults' if rounds.upstream is None else 'crash-faults-masons'


def make_round(rounds, start, kind, n, count, action):
    env = {'RB_FAULT': '{}:{}:{}:{}'.format(kind, n, count, action)}
    if action == 'power':
        env['RB_FAULT_SEED'] = str(rounds.rng.choice((0, rounds.rng.randrange(1, 1 << 31))))
    # A start may fail, and then says why.
    exits = (-9,) if action in ENDING else (1,)
    return Round('{}/{}-{}'.format(name_of(rounds), kind, action if count == 1 else '{}-times-{}'.format(action, count)),
                 start, env, exits, 'start {} {}'.format(start, env))


def choose(rounds, passed):
    for kind, actions in FAULTS.items():
        for action, count, how_many in actions:
            for start in range(N_STARTS):
                n_calls = passed[start][kind]
                if n_calls == 0:
                    # The local network alone has bells to touch.
                    continue
                if rounds.is_long:
                    numbers = range(1, n_calls + 1)
                elif start == 0:
                    numbers = spread(rounds.rng, max(1, n_calls * 8 // 10), how_many)
                else:
                    continue
                for n in numbers:
                    yield make_round(rounds, start, kind, n, count, action)


def full_disk(rounds, passed):
    """A disk that stays full: the daemon lives, says so wherever one may look, and refuses; nothing is lost when there is room again."""
    n = rounds.rng.randrange(passed[0]['write'] // 4, passed[0]['write'] // 2)
    broker = rounds.broker()
    broker.options = []           # a log that is rotated seldom
    session = rounds.session_class(broker, [])
    try:
        broker.start(env=rounds.fault_env(broker, RB_FAULT='write:{}:0:ENOSPC'.format(n)))
        session.request_limit_s = session.step_limit_s = 2
        try:
            session.attach(broker.wait_until_ready())
            session.go_on()
        except AssertionError:
            pass     # it waits, or is refused again and again
        yield from judge_refusal(broker, session)
        broker.kill()
        broker.process.wait()
        session.request_limit_s = session.step_limit_s = 20
        broker.start()
        yield from finish(broker, session)[0]
    except (Gone, Refused) as problem:
        yield 'write {}: {!r}'.format(n, problem)
    finally:
        session.close()
        broker.remove()


def fill(session):
    """An endpoint comes and goes until nothing can be written: how far the session came before it was given up is the machine's to say."""
    sender = session.adapters['sender']
    sender.connect(session.record)
    deadline = time.monotonic() + 60
    while operator(session.record, 'status')['ready'] and time.monotonic() < deadline:
        try:
            answer = sender.call('POST', '/v1/endpoint/register', {
                'agent_id': 'filler', 'plugin_pid': sender.pid, 'kind': 'custom', 'execution_surface': 'headless'})
            sender.call('DELETE', '/v1/endpoint/' + answer['endpoint_id'])
        except (AssertionError, Refused):
            pass     # it is full now, or was for a moment


def judge_refusal(broker, session):
    fill(session)
    status = operator(session.record, 'status')
    if status['ready'] or 'disk full' not in status['not_ready_reason']:
        yield 'status: ready {}, {}'.format(status['ready'], status.get('not_ready_reason'))
    try:
        session.adapters['sender'].connect(session.record)
        session.adapters['sender'].call('POST', '/v1/send', {
            'endpoint_id': session.endpoints['sender'][0], 'to': session.address, 'content': 'no room'})
        yield 'a message was taken'
    except Refused as refusal:
        if not refusal.retryable:
            yield 'not to be tried again: {}'.format(refusal)
    log = ''.join(read(path) for path in glob.glob(os.path.join(broker.data, 'runtime-broker', 'log', '*.log*')))
    if '"msg":"storage_unavailable"' not in log:
        yield 'the log does not say so'


def lying_disk(rounds):
    """The judge's own test: where a sync is not one, a power loss loses what was acknowledged, and that is seen."""
    broker = rounds.broker()
    try:
        problems, _ = play(broker, [rounds.fault_env(
            broker, RB_FAULT='sync:1:0:lie', RB_CRASH_AT='store-after-callback:40:power')], rounds.session_class)
        if not problems:
            yield 'nobody noticed'
    finally:
        broker.remove()


def only(rounds):
    """RB_CRASH_ONLY=<start> <kind>:<n>:<count>:<action> [<seed>]: that one alone, to look at it"""
    start, fault, *seed = os.environ['RB_CRASH_ONLY'].split()
    kind, n, count, action = fault.split(':')
    one = make_round(rounds, int(start), kind, int(n), int(count), action)
    if seed:
        one.env['RB_FAULT_SEED'] = seed[0]
    return [one], ()


def is_wanted(rounds, case):
    if rounds.upstream is not None and not rounds.is_long and case not in MASONS_MOST:
        return False
    return fnmatch.fnmatch(case, os.environ.get('RB_CRASH_CASES', '*'))


def make_rounds(rounds):
    if 'RB_CRASH_ONLY' in os.environ:
        return only(rounds)
    passed = rounds.trace('RB_FAULT_TRACE')
    print('# calls in a session: ' + ', '.join('{} {}'.format(sum(each[kind] for each in passed), kind) for kind in FAULTS))
    cases = {'full-disk-refuses-and-comes-back': full_disk(rounds, passed), 'lost-syncs-are-noticed': lying_disk(rounds)}
    extra = [('{}/{}'.format(name_of(rounds), name), list(found)) for name, found in cases.items() if is_wanted(rounds, name)]
    return [one for one in choose(rounds, passed) if is_wanted(rounds, one.case.split('/')[1])], extra


if __name__ == '__main__':
    sys.exit(main(make_rounds, sys.argv[1:]))
