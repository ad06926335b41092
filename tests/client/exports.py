#!/usr/bin/env python3
# exports.py: what librb-client-1 exports is what its public headers declare, and they need nothing of ours; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: exports.py LIBRARY SOURCE-FOLDER BUILT-FOLDER HEADER...

import os
import re
import shutil
import subprocess
import sys

LIBRARY, SOURCE, BUILT = sys.argv[1:4]
HEADERS = sys.argv[4:]


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def declared():
    names = set()
    for header in HEADERS:
        text = re.sub(r'/\*.*?\*/', '', read(header), flags=re.S)
        names.update(re.findall(r'\b(rb_\w+)\s+\(', text))
        # G_DECLARE_FINAL_TYPE declares this one.
        names.update(name + '_get_type' for name in re.findall(r'G_DECLARE_FINAL_TYPE \(\w+, (\w+),', text))
    return {name for name in names if not name.endswith('_quark ()')}


def mapped():
    return set(re.findall(r'^\s+(rb_\w+);', read(os.path.join(SOURCE, 'librb-client-1.map')), flags=re.M))


def exported():
    lines = subprocess.run(['nm', '-D', '--defined-only', LIBRARY], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return {line.split()[2] for line in lines if line.split()[1] in 'TDBRVW'}


def test_map():
    """Each public function is exported."""
    assert declared() == mapped(), declared() ^ mapped()
    assert len(declared()) > 50, declared()


def test_library():
    """Nothing else is."""
    assert exported() == mapped(), exported() ^ mapped()


def test_headers():
    """Each public header compiles alone, as C and as C++, with GIO and nothing of broker/api."""
    flags = subprocess.run(['pkg-config', '--cflags', 'gio-2.0'], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    compilers = [['cc', '-x', 'c', '-std=c11'], ['c++', '-x', 'c++']]
    for header in HEADERS:
        for compiler in compilers:
            if shutil.which(compiler[0]) is None:
                continue
            done = subprocess.run([*compiler, '-Wall', '-Wextra', '-Werror', '-fsyntax-only', *flags, '-I', SOURCE, '-I', BUILT, '-'],
                                  input='#include "{}"\n'.format(os.path.basename(header)), stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode == 0, done.stderr


def test_documented():
    """Each public function has a documentation comment that names its parameters."""
    text = ''.join(read(os.path.join(SOURCE, name)) for name in sorted(os.listdir(SOURCE)) if name.endswith('.c'))
    for name in sorted(mapped()):
        if name.endswith('_get_type'):
            continue
        comment = re.search(r'/\*\*\n \* {}:(.*?)\*/\n[^(]*?{} \((.*?)\)\n'.format(name, name), text, flags=re.S)
        assert comment, name + ' has none'
        for parameter in re.findall(r'(\w+)(?:,|$)', comment.group(2)):
            assert parameter == 'void' or '@{}:'.format(parameter) in comment.group(1), '{}: {}'.format(name, parameter)


def main():
    cases = [test_map, test_library, test_headers, test_documented]
    print('1..{}'.format(len(cases)))
    failed = 0
    for number, case in enumerate(cases, 1):
        try:
            case()
            print('ok {} /client/exports/{}'.format(number, case.__name__[5:]))
        except Exception as error:    # a case that fails is reported, and the next one runs
            failed += 1
            print('not ok {} /client/exports/{}'.format(number, case.__name__[5:]))
            print('# ' + '{}: {}'.format(type(error).__name__, error).replace('\n', '\n# '))
    return 1 if failed else 0


sys.exit(main())
