#!/usr/bin/env python3
# lint.py: holds the tree against the rules of design and style; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: lint.py TOP_OF_THE_SOURCE_TREE [RULE...]

import sys

sys.dont_write_bytecode = True

import code_rules
import layers
import limits
import log_names
import protocol_map
import style
from tree import Tree

RULES = layers.RULES + style.RULES + code_rules.RULES + limits.RULES + log_names.RULES + protocol_map.RULES
SHOWN = 30


def main():
    tree = Tree(sys.argv[1])
    rules = [rule for rule in RULES if len(sys.argv) < 3 or rule[0] in sys.argv[2:]]
    failed = 0

    print('1..{}'.format(len(rules)))
    for number, (name, check) in enumerate(rules, 1):
        problems = list(check(tree))
        failed += bool(problems)
        print('{} {} /lint/{}'.format('not ok' if problems else 'ok', number, name))
        if problems:
            print('# {}'.format(check.__doc__))
        for path, line, text in problems[:SHOWN]:
            print('# {}:{}: {}'.format(path, line, text))
        if len(problems) > SHOWN:
            print('# and {} more'.format(len(problems) - SHOWN))
    return 1 if failed else 0


sys.exit(main())
