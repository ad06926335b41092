#!/usr/bin/env python3
# mutate.py: writes a source file with one deliberate bug in it
#
#   mutate.py MUTANT TOP OUTPUT    the file that MUTANT changes, read below TOP, with the bug, to OUTPUT
#   mutate.py --table MUTANT...    the rows of mutants/README.md
#
# A mutant begins with lines "key: value": file, bug (one sentence), invariant (numbers of design.md section 10, one of which must find
# it), first (nullable: the seed to begin with). Then come changes: the text after a line "------ old" must stand in the file exactly
# once, and the text after the line "------ new" takes its place.
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import re
import sys

KEYS = ('file', 'bug', 'invariant', 'first')
MARK = re.compile(r'^------ (old|new)\n', re.MULTILINE)


class MutantError(Exception):
    """What is wrong with a mutant, for whoever changed what it changes."""


class Mutant:
    def __init__(self, name, text):
        self.name = name
        head, *parts = MARK.split(text)
        self.head = dict(self._read_line(line) for line in head.splitlines())
        self.changes = self._read_changes(parts)
        if not {'file', 'bug', 'invariant'} <= self.head.keys():
            raise self.error('has no file, no bug or no invariant')

    @classmethod
    def load(cls, path):
        with open(path, encoding='utf-8') as file:
            return cls(os.path.basename(path).removesuffix('.mutant'), file.read())

    def error(self, text):
        return MutantError("mutant '{}' {}".format(self.name, text))

    def _read_line(self, line):
        key, colon, value = line.partition(': ')
        if key not in KEYS or not colon or not value:
            raise self.error("has a head with the line '{}'".format(line))
        return key, value

    def _read_changes(self, parts):
        kinds, texts = parts[0::2], parts[1::2]
        if not kinds or kinds != ['old', 'new'] * (len(kinds) // 2):
            raise self.error('is not a head and pairs of old and new')
        return list(zip(texts[0::2], texts[1::2]))

    @property
    def file(self):
        return self.head['file']

    @property
    def bug(self):
        return self.head['bug']

    @property
    def invariants(self):
        return [int(number) for number in self.head['invariant'].split(', ')]

    @property
    def first(self):
        return int(self.head.get('first', 1))

    def apply(self, source):
        for old, new in self.changes:
            if source.count(old) != 1:
                raise self.error("does not apply: {} has {} times\n{}\nMake the same bug in what {} says now".format(
                    self.file, source.count(old), old, self.file))
            source = source.replace(old, new)
        return source

    def row(self):
        return '| `{}` | `{}` | {} | {} |'.format(self.name, self.file.rsplit('/', 1)[1], self.bug, self.head['invariant'])


def write(mutant, top, output):
    with open(os.path.join(top, mutant.file), encoding='utf-8') as file:
        text = mutant.apply(file.read())
    with open(output, 'w', encoding='utf-8') as file:
        file.write(text)


def main(arguments):
    try:
        if arguments[:1] == ['--table']:
            print('\n'.join(Mutant.load(path).row() for path in arguments[1:]))
        elif len(arguments) == 3:
            write(Mutant.load(arguments[0]), arguments[1], arguments[2])
        else:
            print('usage: mutate.py MUTANT TOP OUTPUT | --table MUTANT...', file=sys.stderr)
            return 2
    except MutantError as error:
        print('mutate.py: {}'.format(error), file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
