#!/usr/bin/env python3
# check-coverage.py: the tests of the core make every step of the table of transitions
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check-coverage.py PROGRAM...     each is run with RB_TRANSITIONS, and what they counted is added up; prints TAP

import collections
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# Steps that no test makes, and why.
NEVER = {}


def table_steps():
    with open(os.path.join(HERE, 'transitions.txt'), encoding='ascii') as file:
        lines = [line.split('#')[0].split() for line in file]
    return [words[1:] for words in lines if words and words[0] == 'step']


def seen_as(step):
    """Rows show the cause of a message's step alone."""
    return tuple(step) if step[0] == 'message' else (step[0], step[1], step[3])


def run(programs, path):
    """Fewer random sessions than on their own: here they need only do everything once."""
    environment = dict(os.environ, RB_TRANSITIONS=path, RB_SEEDS='40')
    for program in programs:
        result = subprocess.run([program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            yield '{} failed: {}'.format(os.path.basename(program), result.stdout[-500:])


def read_counts(path):
    counts = collections.Counter()
    if os.path.exists(path):
        with open(path, encoding='ascii') as file:
            for line in file:
                number, step = line.rstrip('\n').split('\t')
                counts[seen_as(step.split())] += int(number)
    return counts


def say(number, is_ok, name, lines):
    print('{} {} {}'.format('ok' if is_ok else 'not ok', number, name))
    for line in lines:
        print('# ' + line.replace('\n', '\n# '))


def main():
    with tempfile.TemporaryDirectory(prefix='rb-coverage-') as folder:
        path = os.path.join(folder, 'counts')
        problems = list(run(sys.argv[1:], path))
        counts = read_counts(path)

    steps = table_steps()
    missing = [' '.join(step) for step in steps if counts[seen_as(step)] == 0 and ' '.join(step) not in NEVER]
    needless = [text for text in NEVER if counts[seen_as(text.split())] > 0]
    print('1..3')
    say(1, not problems, '/coverage/programs-pass', problems)
    say(2, not missing, '/coverage/each-step-is-made', missing or
        ['{:>7} {}'.format(counts[seen_as(step)], ' '.join(step)) for step in steps])
    say(3, not needless, '/coverage/exceptions-are-needed', needless)
    return 1 if problems or missing or needless else 0


if __name__ == '__main__':
    sys.exit(main())
