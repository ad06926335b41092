# rounds.py: one session after the other, each with another fault, and what came of it as TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import collections
import concurrent.futures
import os
import random
import shutil
import sys
import tempfile
import traceback

from adapter import Broker
from masons import MasonsBroker, MasonsSession
from session import Session, play

# The log is rotated now and then; nothing waits for a desktop.
OPTIONS = ('--set', 'log.file-size=4096')
N_STARTS = 2

# One fault: the case it belongs to, which of the orderly starts gets it, its environment, the exit statuses that are right, and
# perhaps the environment of another fault, for the start after it.
Round = collections.namedtuple('Round', 'case start env exits name then', defaults=(None,))


class Rounds:
    """What is the same for all sessions of a run: the programs, and how long it may take."""

    def __init__(self, brokerd, local_module, modules, fault_library, upstream=None):
        self.brokerd = brokerd
        self.upstream = upstream      # None: profile local
        self.session_class = MasonsSession if upstream else Session
        self.fault_library = os.path.abspath(fault_library)
        self.modules = tempfile.mkdtemp(prefix='rb-crash-modules.')
        for name in os.listdir(modules):
            if name.endswith('.so'):
                shutil.copy(os.path.join(modules, name), self.modules)
        shutil.copy(local_module, os.path.join(self.modules, 'connector-local.so'))
        self.seed = int(os.environ.get('RB_CRASH_SEED') or random.SystemRandom().randrange(1, 1 << 31))
        self.rng = random.Random(self.seed)
        self.is_long = os.environ.get('RB_CRASH_ALL') == '1'
        self.jobs = int(os.environ.get('RB_CRASH_JOBS') or 2)

    def broker(self):
        if self.upstream:
            return MasonsBroker(self.brokerd, self.modules, self.upstream, options=OPTIONS)
        return Broker(self.brokerd, self.modules, options=OPTIONS)

    def fault_env(self, broker, **variables):
        """Of a daemon under the eyes of fault.c; a sanitizer's library is then not the first that is loaded."""
        return {'LD_PRELOAD': self.fault_library, 'RB_FAULT_DIR': broker.data,
                'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0', **variables}

    def trace(self, variable):
        """What each of the starts of a session without faults passes: a counter of words for each."""
        broker = self.broker()
        try:
            paths = [os.path.join(broker.top, 'trace-{}'.format(i)) for i in range(N_STARTS)]
            problems, _ = play(broker, [self.fault_env(broker, **{variable: path}) for path in paths],
                               self.session_class)
            if problems:
                raise AssertionError('a session without any fault: {}'.format(problems))
            return [count_words(path) for path in paths]
        finally:
            broker.remove()

    def play(self, one):
        """Returns the problems of a round, how its daemons ended, and whether its fault happened."""
        broker = self.broker()
        trace = os.path.join(broker.top, 'trace')
        try:
            env = self.fault_env(broker, RB_FAULT_TRACE=trace, **one.env)
            starts = [env if i == one.start else None for i in range(N_STARTS)]
            then = one.then and self.fault_env(broker, **one.then)
            problems, exits = play(broker, starts, self.session_class, then)
            problems += judge_exits(exits, one.exits, broker)
            return problems, exits, -9 in exits or 'fault ' in read(trace)
        except Exception:  # a mistake of the test itself is to end neither a long run nor its report
            return [traceback.format_exc()], [], True
        finally:
            broker.remove()

    def run(self, rounds, extra=()):
        """Plays all and prints a case for each word in their `case`, and for @extra: (name, problems). Returns the exit status."""
        cases = list(dict.fromkeys(one.case for one in rounds))
        problems = {name: [] for name in cases}
        statuses = collections.Counter()
        happened = collections.Counter()
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for one, (found, exits, hit) in zip(rounds, pool.map(self.play, rounds)):
                happened[one.case] += hit
                statuses.update(exits)
                for problem in found:
                    # At once: a long run takes its time.
                    print_comment('{}: {}'.format(one.name, problem))
                    problems[one.case].append(one.name)
        for name in cases:
            if happened[name] == 0:
                problems[name].append('it never happened')
        print('# {} sessions with a fault, in {} of them it happened: {} kills, {} refused starts; RB_CRASH_SEED={}'.format(
            len(rounds), sum(happened.values()), statuses[-9], statuses[1], self.seed))
        return print_cases([*extra, *problems.items()])

    def close(self):
        shutil.rmtree(self.modules, ignore_errors=True)


def judge_exits(exits, right, broker):
    """A start that fails says why, on one line; nothing ends in another way than it was made to."""
    for status in exits:
        if status not in right:
            yield 'exit status {}: {}'.format(status, broker.stderr()[-1500:])
    lines = broker.stderr().splitlines()
    if 1 in exits and [line for line in lines if not line.startswith('runtime-brokerd: ')]:
        yield 'more than one clear line: {}'.format(lines)
    if 1 in exits and len(lines) != exits.count(1):
        yield 'exit status 1 with {} lines: {}'.format(len(lines), lines)


def print_comment(text):
    print('\n'.join('# ' + line for line in text.splitlines()))


def print_cases(cases):
    failed = 0
    for number, (name, found) in enumerate(cases, 1):
        failed += bool(found)
        print('{} {} /{}'.format('not ok' if found else 'ok', number, name))
        for problem in found:
            print_comment(problem)
    print('1..{}'.format(len(cases)), flush=True)
    return 1 if failed else 0


def read(path):
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except FileNotFoundError:
        return ''


def count_words(path):
    return collections.Counter(line.split()[0] for line in read(path).splitlines())


def spread(rng, n, how_many):
    """@how_many of the numbers 1 to @n, at least the first; one from each stretch."""
    if how_many >= n:
        return list(range(1, n + 1))
    edges = [1 + n * i // how_many for i in range(how_many + 1)]
    return [rng.randrange(edges[i], edges[i + 1]) for i in range(how_many)]


def main(make_rounds, arguments):
    """@make_rounds: what to play, and (name, problems) of what needs no session"""
    sys.stdout.reconfigure(line_buffering=True)
    rounds = Rounds(*arguments)
    try:
        return rounds.run(*make_rounds(rounds))
    except AssertionError as problem:
        print('Bail out! {}'.format(problem))
        return 1
    finally:
        rounds.close()
