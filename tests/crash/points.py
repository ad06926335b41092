#!/usr/bin/env python3
# points.py: kills the daemon at each of its crash points and compares with what must hold; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: points.py POINT-HEADER BROKERD CRASH-BROKERD CRASH-CONNECTOR MODULE-FOLDER FAULT-LIBRARY [SIMULATED-UPSTREAM]
# With a simulated upstream on profile masons, otherwise on profile local.
# RB_CRASH_ALL=1: at each passage of each point, killed and without power (default: a kill at one passage of each; on profile masons of
# those alone where it does more than on profile local). RB_CRASH_SEED: which passages (default: random, printed).
# RB_CRASH_JOBS: how many sessions at once (default: 2).

import glob
import os
import re
import sys

sys.dont_write_bytecode = True

from rounds import Round, main, spread

# What a broker on profile masons does not do.
LOCAL_ALONE = ('local-', 'file-between-names')
# What the network is told, and the delivery cursor, depend on these.
MASONS_MOST = ('store-before-commit', 'store-after-commit', 'store-before-callback', 'store-after-callback',
               'file-before-write', 'file-before-place', 'file-after-place')
POINT = re.compile(r'POINT \((\w+), +"([\w-]+)"\)')


def read_points(path):
    with open(path, encoding='utf-8') as file:
        return [text for _, text in POINT.findall(file.read())]


def make_env(rounds, point, passage, power):
    env = {'RB_CRASH_AT': '{}:{}{}'.format(point, passage, ':power' if power else '')}
    if power:
        env['RB_FAULT_SEED'] = str(rounds.rng.choice((0, rounds.rng.randrange(1, 1 << 31))))
    return env


def make_round(rounds, prefix, points, point, start, passage, power=False):
    """Half of the starts after it are killed too, where they recover, if they get there."""
    env = make_env(rounds, point, passage, power)
    then = None
    if rounds.rng.random() < 0.5:
        then = make_env(rounds, rounds.rng.choice(points), rounds.rng.randrange(1, 4), power)
    return Round(prefix + point, start, env, (-9,), 'start {} {} then {}'.format(start, env, then), then)


def choose(rounds, prefix, points, passed):
    """In the short run each point once, at the start where it is passed most often."""
    if rounds.upstream is not None and not rounds.is_long:
        points = [point for point in points if point in MASONS_MOST]
    for point in points:
        if rounds.is_long:
            for start, counts in enumerate(passed):
                for passage in range(1, counts[point] + 1):
                    for power in (False, True):
                        yield make_round(rounds, prefix, points, point, start, passage, power)
        else:
            counts = [each[point] for each in passed]
            start = counts.index(max(counts))
            # The last passages do not come in every session.
            for passage in spread(rounds.rng, max(1, counts[start] * 8 // 10), 1):
                yield make_round(rounds, prefix, points, point, start, passage)


def find_shipped(brokerd, modules, points):
    """The programs, modules and libraries without points that have the name of one nevertheless."""
    paths = [brokerd, *glob.glob(os.path.join(modules, '*.so')), *glob.glob(os.path.join(os.path.dirname(brokerd), 'api', '*.so*'))]
    for path in paths:
        if os.path.isfile(path):
            with open(path, 'rb') as file:
                data = file.read()
            yield from ('{} has {}'.format(path, point) for point in points if point.encode() in data)


def make_rounds(rounds):
    points = read_points(sys.argv[1])
    prefix = 'crash-points/'
    if rounds.upstream is not None:
        prefix = 'crash-points-masons/'
        points = [point for point in points if not point.startswith(LOCAL_ALONE)]
    passed = rounds.trace('RB_CRASH_TRACE')
    missing = [point for point in points if not any(counts[point] for counts in passed)]
    chosen = list(choose(rounds, prefix, [point for point in points if point not in missing], passed))
    print('# {} points, {} passages in a session'.format(len(points), sum(sum(counts.values()) for counts in passed)))
    return chosen, [(prefix + 'each-is-reached', ['never reached: ' + point for point in missing]),
                    (prefix + 'none-ships', list(find_shipped(sys.argv[2], sys.argv[5], points)))]


if __name__ == '__main__':
    sys.exit(main(make_rounds, sys.argv[3:]))
