#!/usr/bin/env python3
# faults.py: lets the n-th write, sync, rename, open or removal fail, or be the last, and compares with what must hold; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: faults.py CRASH-BROKERD CRASH-CONNECTOR MODULE-FOLDER FAULT-LIBRARY
# RB_CRASH_ALL=1: at each call (default: some of them). RB_CRASH_SEED: which ones, and what a power loss leaves (default: random, printed).
# RB_CRASH_JOBS: how many sessions at once (default: 1).

import os
import sys

sys.dont_write_bytecode = True

from rounds import N_STARTS, Round, main, spread

# kind -> what may happen to its calls, how many calls in a row it happens to, and how many of them the short run tries
FAULTS = {
    'write': (('ENOSPC', 1, 2), ('ENOSPC', 3, 2), ('EIO', 1, 2), ('short', 1, 2), ('kill', 1, 2), ('power', 1, 6)),
    'sync': (('EIO', 1, 3), ('kill', 1, 1), ('power', 1, 5)),
    'rename': (('ENOSPC', 1, 1), ('kill', 1, 1), ('power', 1, 2)),
    'open': (('ENOSPC', 1, 2), ('EIO', 1, 4), ('kill', 1, 1), ('power', 1, 1)),
    'remove': (('EIO', 1, 1), ('kill', 1, 1), ('power', 1, 1)),
    'log-write': (('ENOSPC', 20, 1),),
    'log-open': (('EIO', 1, 1),),
    'log-rename': (('EIO', 1, 1), ('kill', 1, 1)),
}
ENDING = ('kill', 'power')


def make_round(rounds, start, kind, n, count, action):
    env = {'RB_FAULT': '{}:{}:{}:{}'.format(kind, n, count, action)}
    if action == 'power':
        env['RB_FAULT_SEED'] = str(rounds.rng.choice((0, rounds.rng.randrange(1, 1 << 31))))
    # A start may fail, and then says why.
    exits = (-9,) if action in ENDING else (1,)
    return Round('crash-faults/{}-{}'.format(kind, action if count == 1 else '{}-times-{}'.format(action, count)),
                 start, env, exits, 'start {} {}'.format(start, env))


def choose(rounds, passed):
    for kind, actions in FAULTS.items():
        for action, count, how_many in actions:
            for start in range(N_STARTS):
                n_calls = passed[start][kind]
                if rounds.is_long:
                    numbers = range(1, n_calls + 1)
                elif start == 0:
                    numbers = spread(rounds.rng, max(1, n_calls * 8 // 10), how_many)
                else:
                    continue
                for n in numbers:
                    yield make_round(rounds, start, kind, n, count, action)


def only(rounds):
    """RB_CRASH_ONLY=<start> <kind>:<n>:<count>:<action> [<seed>]: that one alone, to look at it"""
    start, fault, *seed = os.environ['RB_CRASH_ONLY'].split()
    kind, n, count, action = fault.split(':')
    one = make_round(rounds, int(start), kind, int(n), int(count), action)
    if seed:
        one.env['RB_FAULT_SEED'] = seed[0]
    return [one], ()


def make_rounds(rounds):
    if 'RB_CRASH_ONLY' in os.environ:
        return only(rounds)
    passed = rounds.trace('RB_FAULT_TRACE')
    print('# calls in a session: ' + ', '.join('{} {}'.format(sum(each[kind] for each in passed), kind) for kind in FAULTS))
    return list(choose(rounds, passed)), ()


if __name__ == '__main__':
    sys.exit(main(make_rounds))
