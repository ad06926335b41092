#!/usr/bin/env python3
# test-mutants.py: the simulator finds each deliberate bug, by the invariant that it breaks, and nothing without it; prints TAP
#
#   test-mutants.py SIM FOLDER     FOLDER has the programs sim-mutant-NAME; those of $RB_MUTANTS alone, if that is set
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from mutate import Mutant, MutantError

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS = 2
# The invariants have to find it without the table of transitions, which is checked in the same runs.
# Seeds of each mutant, from the one it names: that saves time, and there are few that see a request at the very moment of a stop.
SEEDS = 300
SECONDS = 120
FAILS = re.compile(r'^seed (\d+) fails at step (\d+): (.*)$', re.MULTILINE)
INVARIANT = re.compile(r'invariant (\d+): ')


class Verdict:
    def __init__(self, ok, text, details=''):
        self.ok, self.text, self.details = ok, text, details


def run(program, *arguments):
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)


def check_finding(mutant, done):
    """(seed or None, verdict) of a run of @mutant."""
    found = FAILS.search(done.stdout)
    if found is None:
        return None, Verdict(False, 'not found in {} seeds'.format(SEEDS), done.stdout)
    seed, step, text = found.groups()
    invariant = INVARIANT.match(text)
    where = 'seed {}, step {}: {}'.format(seed, step, text)
    if done.returncode != 1:
        return seed, Verdict(False, 'status {} after {}'.format(done.returncode, where), done.stdout)
    if invariant is None or int(invariant.group(1)) not in mutant.invariants:
        return seed, Verdict(False, 'not by invariant {}, but {}'.format(mutant.head['invariant'], where), done.stdout)
    return seed, Verdict(True, where)


def try_mutant(mutant, sim, folder):
    try:
        done = run(os.path.join(folder, 'sim-mutant-' + mutant.name), '--first={}'.format(mutant.first), '--seeds={}'.format(SEEDS),
                   '--jobs=1', '--failures=0', '--no-table')
        seed, verdict = check_finding(mutant, done)
        if not verdict.ok:
            return verdict
        done = run(sim, '--seed={}'.format(seed))
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(False, str(error))
    if done.returncode != 0:
        return Verdict(False, 'seed {} fails without the bug too'.format(seed), done.stdout)
    return verdict


def check_readme(mutants):
    with open(os.path.join(HERE, 'mutants', 'README.md'), encoding='utf-8') as file:
        rows = [line.rstrip('\n') for line in file if line.startswith('| `')]
    missing = [mutant.row() for mutant in mutants if mutant.row() not in rows]
    if missing or len(rows) != len(mutants):
        return Verdict(False, 'its rows are not those of mutate.py --table', '\n'.join(missing))
    return Verdict(True, '{} mutants'.format(len(mutants)))


def report(number, name, verdict):
    print('{} {} - {}: {}'.format('ok' if verdict.ok else 'not ok', number, name, verdict.text), flush=True)
    for line in verdict.details.splitlines():
        print('# ' + line)


def select(mutants):
    names = os.environ.get('RB_MUTANTS', '').split()
    return [mutant for mutant in mutants if not names or mutant.name in names]


def main(sim, folder):
    mutants = [Mutant.load(path) for path in sorted(glob.glob(os.path.join(HERE, 'mutants', '*.mutant')))]
    chosen = select(mutants)
    start = time.monotonic()
    print('1..{}'.format(len(chosen) + 1))
    verdicts = [check_readme(mutants)]
    report(1, 'README.md', verdicts[0])
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for number, (mutant, verdict) in enumerate(zip(chosen, pool.map(lambda one: try_mutant(one, sim, folder), chosen)), 2):
            report(number, mutant.name, verdict)
            verdicts.append(verdict)
    print('# {} of {} mutants found in {:.0f} s'.format(sum(verdict.ok for verdict in verdicts[1:]), len(chosen), time.monotonic() - start))
    return 0 if all(verdict.ok for verdict in verdicts) else 1


if __name__ == '__main__':
    try:
        sys.exit(main(*sys.argv[1:]))
    except (MutantError, TypeError) as error:
        print('Bail out! {}'.format(error))
        sys.exit(1)
