#!/usr/bin/env python3
# count.py: counts the test cases of a run and says the result on one line
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: count.py TESTLOG_JSON EXIT_STATUS_OF_MESON_TEST
#
# Meson counts programs; people count test cases, which are the TAP lines of each program.

import json
import re
import sys

TAP_LINE = re.compile(r'^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(?:#\s*(skip|todo)\b.*)?$', re.IGNORECASE)
GOOD_RESULTS = ('OK', 'SKIP')
TAIL_LINES = 25
NOISE = re.compile(r'^# \S+-DEBUG: ')


def cases(stdout):
    """(name, outcome) of each test case that a program printed."""
    for line in stdout.split('\n'):
        match = TAP_LINE.match(line)
        if match is None:
            continue
        failed, name, directive = match.groups()
        if directive is not None:
            yield name, 'skipped'
        else:
            yield name, 'failed' if failed else 'passed'


def print_tail(text):
    lines = [line for line in (text or '').rstrip().split('\n') if not NOISE.match(line)]
    for line in lines[-TAIL_LINES:]:
        print('    ' + line)


def count(log):
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    for line in log:
        program = json.loads(line)
        found = list(cases(program.get('stdout') or ''))
        for name, outcome in found:
            counts[outcome] += 1
            if outcome == 'failed':
                print('failed: {} {}'.format(program['name'], name))
        # A crash, a time-out or a leak at the end shows in no case: it counts as one of its own.
        if program['result'] not in GOOD_RESULTS and not any(outcome == 'failed' for _, outcome in found):
            counts['failed'] += 1
            print('failed: {} ({}, exit status {})'.format(program['name'], program['result'], program.get('returncode')))
        if program['result'] not in GOOD_RESULTS:
            print_tail(program.get('stdout'))
            print_tail(program.get('stderr'))
        if program['result'] == 'SKIP' and not found:
            counts['skipped'] += 1
            print('skipped: {}'.format(program['name']))
    return counts


def main():
    try:
        with open(sys.argv[1], encoding='utf-8') as log:
            counts = count(log)
    except (OSError, ValueError) as error:
        print('no results: {}'.format(error))
        counts = {'passed': 0, 'failed': 0, 'skipped': 0}

    status = int(sys.argv[2])
    if status != 0 and counts['failed'] == 0:
        counts['failed'] = 1
        print('failed: meson test left with status {}'.format(status))

    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**counts))
    return 1 if counts['failed'] or counts['passed'] == 0 else 0


sys.exit(main())
