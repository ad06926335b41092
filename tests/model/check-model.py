#!/usr/bin/env python3
# check-model.py: explores all states of the broker's model with spin, and shows that the model can fail
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check-model.py [--full] [--trace BUG]     prints TAP; --trace prints how a bug is found, as commits and messages

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_MB = 8000
DEPTH = 100000

# What is explored: two endpoints, two messages, and so many crashes, copies, losses of an endpoint, and grants of message 0 and of the OTHER.
SMALL = {
    'deliver': 'DELIVER CRASHES=1 DUPLICATES=1 LOSSES=1',
    'assign-crash': 'ASSIGN CRASHES=1 LOSSES=0 GRANTS=1',
    'assign-again': 'ASSIGN CRASHES=1 LOSSES=1 GRANTS=2 OTHER=0',
    'assign-loss': 'ASSIGN CRASHES=0 LOSSES=1 GRANTS=1',
    'reply-crash': 'REPLY CRASHES=1 LOSSES=0',
    'reply-loss': 'REPLY CRASHES=0 LOSSES=1',
    'claim-crash': 'CLAIM CRASHES=1 DUPLICATES=1 LOSSES=0 GRANTS=1 K=2',
    'claim-again': 'CLAIM CRASHES=0 DUPLICATES=1 LOSSES=0 GRANTS=2 K=2',
    'settle-early': 'CLAIM EARLY CRASHES=1 DUPLICATES=1 LOSSES=0 GRANTS=1 OTHER=0 K=2',
}

# The same with more of everything: some minutes each.
LARGE = {
    'deliver': 'DELIVER CRASHES=2 DUPLICATES=2 LOSSES=2',
    'assign-crash': 'ASSIGN CRASHES=1 LOSSES=0 GRANTS=2',
    'assign-crashes': 'ASSIGN CRASHES=2 LOSSES=1 GRANTS=2 OTHER=0',
    'assign-loss': 'ASSIGN CRASHES=0 LOSSES=1 GRANTS=2',
    'assign-both': 'ASSIGN CRASHES=1 LOSSES=1 GRANTS=1',
    'reply-crash': 'REPLY CRASHES=2 LOSSES=0',
    'reply-both': 'REPLY CRASHES=1 LOSSES=1',
    'claim-crash': 'CLAIM CRASHES=2 DUPLICATES=1 LOSSES=0 GRANTS=1 K=2',
    'claim-again': 'CLAIM CRASHES=1 DUPLICATES=1 LOSSES=0 GRANTS=2 K=2',
    'settle-early': 'CLAIM EARLY CRASHES=1 DUPLICATES=1 LOSSES=0 GRANTS=1 K=2',
    'claim-loss': 'CLAIM CRASHES=0 DUPLICATES=1 LOSSES=1 GRANTS=1',
}

# Bugs, and the smallest part of the model in which each must be found.
BUGS = {
    'ACCEPT_BEFORE_COMMIT': 'DELIVER CRASHES=1 DUPLICATES=0 LOSSES=0',
    'DROP_AT_GRACE': 'DELIVER CRASHES=0 DUPLICATES=0 LOSSES=1',
    'LANE_IS_SKIPPED': 'DELIVER CRASHES=0 DUPLICATES=0 LOSSES=0',
    'REFUSED_IS_OVERTAKEN': 'DELIVER CRASHES=0 DUPLICATES=0 LOSSES=0',
    'END_IS_TRUSTED': 'CLAIM CRASHES=0 DUPLICATES=1 LOSSES=0 GRANTS=0 OTHER=0',
    'SETTLED_IS_UNMARKED': 'CLAIM EARLY CRASHES=0 DUPLICATES=0 LOSSES=0 GRANTS=0 OTHER=0 K=2',
    'END_IS_FORGOTTEN': 'CLAIM CRASHES=0 DUPLICATES=1 LOSSES=0 GRANTS=1 K=2',
    'PUSH_BEFORE_COMMIT': 'ASSIGN CRASHES=0 LOSSES=0 GRANTS=1',
    'YES_BEFORE_COMMIT': 'ASSIGN CRASHES=0 LOSSES=0 GRANTS=1',
    'DEADLINE_AFTER_ACCEPTANCE': 'ASSIGN CRASHES=0 LOSSES=0 GRANTS=1',
    'NO_DEADLINE_AFTER_RESTART': 'ASSIGN CRASHES=1 LOSSES=0 GRANTS=1',
    'STALE_GRANT': 'ASSIGN CRASHES=0 LOSSES=0 GRANTS=2',
    'SEND_BEFORE_COMMIT': 'REPLY CRASHES=0 LOSSES=0',
    'RECORD_IS_FORGOTTEN': 'REPLY CRASHES=0 LOSSES=0',
}

# Steps of the table that the model leaves out. The tests of the core make them (check-coverage.py).
PERSON = 'the model has no person; what a person lets in goes the way of an arrival, and the simulator has one'

NOT_MODELLED = {
    'message queued note queued': 'changes no state',
    'message staged note staged': 'changes no state',
    'message replied replied replied': 'one reply request for each message',
    'message ended note none': 'forgetting what ended is by age, and lets a very late copy in again on purpose',
    'endpoint active hinted active': 'changes no state',
    'message none held held': PERSON,
    'message none refused ended': PERSON,
    'message held note held': PERSON,
    'message held routed queue': PERSON,
    'message held stored inbox': PERSON,
    'message held refused ended': PERSON,
    'message held dismissed ended': PERSON,
    'message held settled ended': PERSON,
    'message inbox refused ended': PERSON,
}


class Run:
    def __init__(self, name, settings, bug=None, folder=None):
        self.name = name
        self.settings = settings
        self.bug = bug
        self.folder = os.path.join(folder, name)
        self.problem = None

    def defines(self):
        bug = ['-DBUG_' + self.bug] if self.bug else []
        return ['-D' + word for word in self.settings.split()] + bug

    def tell(self, *command, timeout=3600):
        result = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
                                check=False)
        return result.returncode, result.stdout

    def build(self, *more):
        os.makedirs(self.folder)
        shutil.copy(os.path.join(HERE, 'broker.pml'), self.folder)
        for command in (
                (sys.executable, os.path.join(HERE, 'make-tables.py'), os.path.join(HERE, 'transitions.txt'), 'promela', 'transitions.pml'),
                ('spin', *self.defines(), *more, '-a', 'broker.pml'),
                ('cc', '-O0' if self.bug else '-O2', '-w', '-DSAFETY', '-DMEMLIM={}'.format(MEMORY_MB), '-o', 'pan', 'pan.c')):
            status, text = self.tell(*command)
            if status != 0:
                self.problem = '{}: {}'.format(command[0], text.strip())
                return False
        return True

    def explore(self):
        if self.build('-DCOVER'):
            _, self.text = self.tell('./pan', '-m{}'.format(DEPTH))
            self.read(self.text)
        return self

    def read(self, text):
        self.made = set(re.findall(r'^made: (.*)$', text, re.M))
        self.violated = 'assertion violated' in text
        self.is_complete = 'Search not completed' not in text and 'max search depth too small' not in text
        self.states = self.number(r'(\d+) states, stored')
        self.depth = self.number(r'depth reached (\d+)')
        self.memory_mb = self.number(r'([\d.]+)\s+total actual memory usage')
        self.seconds = self.number(r'elapsed time ([\d.]+) seconds')
        if self.states is None:
            self.problem = 'pan: ' + text.strip()[-500:]

    def number(self, pattern):
        found = re.search(pattern, self.text)
        return float(found.group(1)) if found else None

    def figures(self):
        return '{:,.0f} states, depth {:.0f}, {:.0f} MB, {:.1f} s ({})'.format(self.states, self.depth, self.memory_mb, self.seconds,
                                                                             self.settings)


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = False

    def say(self, is_ok, name, note=None):
        self.n += 1
        self.failed |= not is_ok
        print('{} {} {}'.format('ok' if is_ok else 'not ok', self.n, name))
        for line in (note or '').splitlines():
            print('# ' + line)
        sys.stdout.flush()


def table_steps():
    with open(os.path.join(HERE, 'transitions.txt'), encoding='ascii') as file:
        lines = [line.split('#')[0].split() for line in file]
    return [' '.join(words[1:]) for words in lines if words and words[0] == 'step']


def check_exhausted(tap, run):
    if run.problem:
        tap.say(False, '/model/exhausted/' + run.name, run.problem)
    elif run.violated or not run.is_complete:
        tap.say(False, '/model/exhausted/' + run.name, run.text[-2000:])
    else:
        tap.say(True, '/model/exhausted/' + run.name, run.figures())


def check_found(tap, run):
    if run.problem:
        tap.say(False, '/model/finds/' + run.name, run.problem)
    else:
        tap.say(run.violated, '/model/finds/' + run.name, 'after {:,.0f} states'.format(run.states) if run.violated else
                'the bug is there, and nothing is violated')


def check_table(tap, runs):
    """A step that the model never makes is one that nothing was proved of."""
    made = set().union(*(run.made for run in runs if not run.problem))
    missing = [step for step in table_steps() if step not in made and step not in NOT_MODELLED]
    needless = [step for step in NOT_MODELLED if step in made or step not in table_steps()]
    tap.say(not missing, '/model/table/each-step-is-made', '\n'.join(missing))
    tap.say(not needless, '/model/table/exceptions-are-needed', '\n'.join(needless))


def explore_all(runs):
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(Run.explore, runs))


def print_trace(bug, folder):
    run = Run(bug.lower(), BUGS[bug], bug, folder)
    if not run.build():
        sys.exit(run.problem)
    run.tell('./pan', '-m2000', '-i')      # the shortest that it finds
    _, text = run.tell('spin', *run.defines(), '-t', '-c', 'broker.pml')
    print(text)


def main():
    missing = [program for program in ('spin', 'cc') if shutil.which(program) is None]
    if missing:
        print('1..0 # SKIP {} is not installed (Debian: apt-get install spin)'.format(' and '.join(missing)))
        return 0

    with tempfile.TemporaryDirectory(prefix='rb-model-') as folder:
        if '--trace' in sys.argv:
            print_trace(sys.argv[sys.argv.index('--trace') + 1], folder)
            return 0

        tap = Tap()
        parts = LARGE if '--full' in sys.argv else SMALL
        print('1..{}'.format(len(parts) + len(BUGS) + 2))
        runs = explore_all([Run(name, settings, None, folder) for name, settings in parts.items()])
        for run in runs:
            check_exhausted(tap, run)
        check_table(tap, runs)
        for run in explore_all([Run(bug.lower().replace('_', '-'), settings, bug, folder) for bug, settings in BUGS.items()]):
            check_found(tap, run)
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
