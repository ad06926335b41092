#!/usr/bin/env python3
# test-oracle.py: the judge of the crash test sees what is lost, what came twice and what is left; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import sys

sys.dont_write_bytecode = True

from crash import Conversation, in_limbo, lost_or_twice


class World:
    def __init__(self, conversation, **replied):
        self.conversations = [conversation]
        self.replied = replied


def conversation(acknowledged=True, step='done', row='row'):
    one = Conversation(1)
    one.acknowledged, one.step, one.row = acknowledged, step, row
    return one


def problems(one, came):
    return list(lost_or_twice([one], came, lambda each: each.content))


CASES = (
    ('arrived-once', lambda: problems(conversation(), {'message 1': {'a'}}) == []),
    ('same-id-again-is-one', lambda: problems(conversation(), {'message 1': {'a', 'a'}}) == []),
    ('another-id-is-twice', lambda: 'came 2 times' in problems(conversation(), {'message 1': {'a', 'b'}})[0]),
    ('acknowledged-and-lost', lambda: 'never came' in problems(conversation(), {})[0]),
    ('cut-off-and-lost-is-right', lambda: problems(conversation(acknowledged=False), {}) == []),
    ('cut-off-and-twice', lambda: 'came 2 times' in problems(conversation(acknowledged=False), {'message 1': {'a', 'b'}})[0]),
    ('never-sent', lambda: 'was never sent' in problems(conversation(), {'message 1': {'a'}, 'message 2': {'b'}})[0]),
    ('not-finished', lambda: in_limbo(World(conversation(step='reply'))) == ['message 1']),
    ('reply-did-not-come', lambda: in_limbo(World(conversation())) == ['message 1']),
    ('finished', lambda: in_limbo(World(conversation(), **{'reply 1': {'a'}})) == []),
    ('cut-off-and-gone-is-no-limbo', lambda: in_limbo(World(conversation(acknowledged=False, step='find', row=None))) == []),
)


def main():
    failed = 0
    print('1..{}'.format(len(CASES)))
    for number, (name, holds) in enumerate(CASES, 1):
        good = holds()
        failed += not good
        print('{} {} /crash-oracle/{}'.format('ok' if good else 'not ok', number, name))
    return 1 if failed else 0


sys.exit(main())
