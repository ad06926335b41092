#!/usr/bin/env python3
# count.py: counts the test cases of a run and says the result on one line
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: count.py JUNIT_XML EXIT_STATUS_OF_MESON_TEST

import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """What became of one <testcase>."""
    if case.find('failure') is not None or case.find('error') is not None:
        return 'failed'
    if case.find('skipped') is not None:
        return 'skipped'
    return 'passed'


def count(root):
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    for suite in root.iter('testsuite'):
        cases = suite.findall('testcase')
        for case in cases:
            result = outcome(case)
            counts[result] += 1
            if result == 'failed':
                print('failed: {} {}'.format(suite.get('name'), case.get('name')))
        # A program that died, timed out or broke its plan may have only passing cases before that.
        broken = int(suite.get('errors', 0)) + int(suite.get('failures', 0))
        seen = sum(1 for case in cases if outcome(case) == 'failed')
        if broken > seen:
            counts['failed'] += broken - seen
            print('failed: {} (the program itself)'.format(suite.get('name')))
    return counts


def main():
    try:
        counts = count(ElementTree.parse(sys.argv[1]).getroot())
    except (OSError, ElementTree.ParseError) as error:
        print('no results: {}'.format(error))
        counts = {'passed': 0, 'failed': 0, 'skipped': 0}

    status = int(sys.argv[2])
    if status != 0 and counts['failed'] == 0:
        # Sanitizer reports at exit and the like: meson knows about a failure that no case shows.
        counts['failed'] = 1
        print('failed: meson test left with status {}'.format(status))

    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**counts))
    return 1 if counts['failed'] or counts['passed'] == 0 else 0


sys.exit(main())
