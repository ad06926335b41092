# paper-partner.py: the other side of emitter-paper.c, as the partner of rb-module-check
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import sys

PAPER = os.path.join(os.environ['RB_CHECK_DIRECTORY'], 'paper-')


def answer(word):
    if word == 'heard':
        return 'ok {}'.format(len([name for name in os.listdir(os.path.dirname(PAPER)) if name.startswith('paper-heard')]))
    with open(PAPER + word, 'w', encoding='utf-8'):
        return 'ok'


def main():
    print('set paper=' + PAPER)
    print('can heard refuse fail silence')
    print('ready', flush=True)
    for line in sys.stdin:
        print(answer(line.strip()), flush=True)


main()
