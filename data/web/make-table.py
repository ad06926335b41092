#!/usr/bin/env python3
# make-table.py: a language of the web page, as a module of JavaScript, from its translation
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: make-table.py LANGUAGE.po LANGUAGE.js SOURCE.js...
#
# Of the translation it takes what stands in the sources, as they are now.

import json
import os
import re
import struct
import subprocess
import sys
import tempfile

MAGIC = 0x950412de


def run(*command):
    subprocess.run(command, check=True)


def read_pairs(path):
    """What is in a .mo file: (text, translation), of plurals with U+0000 between the forms."""
    with open(path, 'rb') as file:
        data = file.read()
    magic, _revision, n, texts, translations = struct.unpack_from('<5I', data)
    assert magic == MAGIC, 'msgfmt writes little-endian'

    def read(table, i):
        length, offset = struct.unpack_from('<2I', data, table + 8 * i)
        return data[offset:offset + length].decode()

    return [(read(texts, i), read(translations, i)) for i in range(n)]


def make_module(pairs, language):
    texts = {text.split('\0')[0]: translation.split('\0') for text, translation in pairs if text}
    header = dict(pairs)['']
    plural = re.search(r'plural=\(?([n0-9 !=<>&|?:%()+-]+?)\)?;', header).group(1)
    rows = ['  {}: {}'.format(*(json.dumps(part, ensure_ascii=False) for part in row)) for row in sorted(texts.items())]
    return ('// {0}.js: the page in that language; made from po/{0}.po, to be changed there\n\n'
            'export const plural = (n) => Number({1});\n'
            'export const texts = {2};\n').format(language, plural, '{\n' + ',\n'.join(rows) + '\n}')


def main():
    po, out, sources = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        pot, merged, compiled = (os.path.join(folder, name) for name in ('page.pot', 'page.po', 'page.mo'))
        run('xgettext', '--from-code=UTF-8', '--language=JavaScript', '--keyword=N_', '--keyword=_', '--output=' + pot, *sources)
        run('msgmerge', '--quiet', '--no-fuzzy-matching', '--output-file=' + merged, po, pot)
        run('msgattrib', '--translated', '--no-fuzzy', '--no-obsolete', '--output-file=' + merged, merged)
        run('msgfmt', '--endianness=little', '--output-file=' + compiled, merged)
        module = make_module(read_pairs(compiled), os.path.splitext(os.path.basename(po))[0])
    with open(out, 'w', encoding='utf-8') as file:
        file.write(module)


main()
