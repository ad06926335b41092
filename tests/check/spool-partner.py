# spool-partner.py: the network of connector-spool.c, as the partner of rb-module-check
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import sys

SPOOL = os.path.join(os.environ['RB_CHECK_DIRECTORY'], 'spool')
SUBJECT = os.path.join(SPOOL, 'subject')
OTHER = os.path.join(SPOOL, 'other')


def deliver(number, words):
    ident, content = words.split(' ', 1)
    name = '{:020}'.format(number)
    hidden = os.path.join(SUBJECT, '.' + name)
    with open(hidden, 'w', encoding='utf-8') as file:
        file.write('other\n{}\n{}'.format(ident, content))
    os.rename(hidden, os.path.join(SUBJECT, name))
    return 'ok'


def sent():
    contents = []
    for name in sorted(os.listdir(OTHER)):
        if name.startswith('.') or not name.endswith('subject'):
            continue
        with open(os.path.join(OTHER, name), encoding='utf-8') as file:
            contents.append(file.read().split('\n', 2)[2])
    return 'ok ' + ' '.join(contents)


def answer(number, line):
    word, _, rest = line.partition(' ')
    if word == 'deliver':
        return deliver(number, rest)
    if word == 'sent':
        return sent()
    if word in ('drop', 'refuse', 'silence'):
        with open(SUBJECT + '.' + word, 'w', encoding='utf-8'):
            return 'ok'
    return 'error unknown word'


def main():
    os.makedirs(SUBJECT)
    os.makedirs(OTHER)
    print('set spool=' + SPOOL)
    print('address other')
    print('can deliver sent drop refuse silence')
    print('ready', flush=True)
    for number, line in enumerate(sys.stdin):
        print(answer(number, line.rstrip('\n')), flush=True)


main()
