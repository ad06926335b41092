# style.py: how files begin, end and are built
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import itertools
import os
import re

MAX_LINES = 700
MAX_COLUMNS = 160
LICENCE = 'SPDX-License-Identifier: LGPL-2.1-or-later'
COMMENT_STARTS = {'.c': '/* ', '.h': '/* ', '.py': '# ', '.sh': '# ', '.mjs': '// ', '.js': '// '}
TEXT_SUFFIXES = tuple(COMMENT_STARTS) + ('.md', '.build', '.txt', '.in', '.map', '.xml', '.json', '.supp')
# Said in two halves, so that this file does not break its own rule.
LEFT_OVERS = r'\b(?:' + '|'.join(('TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK')) + r')\b'


def first_comment(lines, start):
    if start == '/* ':
        return '\n'.join(lines).split('*/')[0]
    return '\n'.join(itertools.takewhile(lambda line: line.startswith(start.strip()), lines))


def check_first_lines(tree):
    """The first line says the file's name and what it is; the licence follows."""
    for source in tree.sources:
        start = COMMENT_STARTS.get(source.suffix)
        if start is None:
            continue
        lines = source.lines
        first = 1 if lines[0].startswith('#!') else 0
        if not lines[first].startswith('{}{}: '.format(start, source.name)):
            yield source.path, first + 1, "must begin with '{}{}: what it is'".format(start, source.name)
        if LICENCE not in first_comment(lines[first:], start):
            yield source.path, first + 3, "no '{}' in the first comment".format(LICENCE)


def check_headers(tree):
    """A header has #pragma once and G_BEGIN_DECLS."""
    for source in tree.c_files():
        if source.suffix == '.h' and '#pragma once' not in source.lines:
            yield source.path, 1, "no '#pragma once'"
        if source.suffix == '.h' and source.text.count('G_BEGIN_DECLS') != source.text.count('G_END_DECLS'):
            yield source.path, 1, 'G_BEGIN_DECLS and G_END_DECLS do not pair'


def check_length(tree):
    """No source file is longer than 700 lines."""
    for source in tree.sources:
        if source.suffix in COMMENT_STARTS and len(source.lines) - 1 > MAX_LINES:
            yield source.path, MAX_LINES, '{} lines'.format(len(source.lines) - 1)


def check_left_overs(tree):
    """Nothing is left to be done later."""
    for source in tree.sources:
        if source.suffix in TEXT_SUFFIXES and source.name != 'LICENSE':
            for line, match in source.find(LEFT_OVERS):
                yield source.path, line, "'{}'".format(match.group(0))


def check_whitespace(tree):
    """Lines end in one line feed, without blanks before it; no tabs, no endless lines."""
    for source in tree.sources:
        if source.suffix not in TEXT_SUFFIXES:
            continue
        if source.text and not source.text.endswith('\n'):
            yield source.path, len(source.lines), 'no line feed at the end'
        for number, line in enumerate(source.lines, 1):
            if line.endswith((' ', '\t', '\r')) and source.suffix != '.md':
                yield source.path, number, 'blank at the end of the line'
            if '\t' in line and source.suffix not in ('.md', '.json'):
                yield source.path, number, 'tab'
            if len(line) > MAX_COLUMNS and source.suffix in ('.c', '.h', '.py', '.sh', '.mjs'):
                yield source.path, number, '{} columns'.format(len(line))


def needs_readme(folder):
    depth = folder.count('/')
    return depth == 0 and folder not in ('', '.ci') or depth == 1 and folder.startswith(('broker/', 'modules/'))


def check_readmes(tree):
    """The top and every folder has a README.md."""
    for folder in [''] + [folder for folder in tree.folders() if needs_readme(folder)]:
        if os.path.join(folder, 'README.md') not in tree.by_path:
            yield folder or '.', 1, 'no README.md'


def build_files(tree, source):
    """The meson.build files that may name @source: its folder's and those above it."""
    folder = source.folder
    while True:
        path = os.path.join(folder, 'meson.build')
        if path in tree.by_path:
            yield tree.by_path[path]
        if not folder:
            return
        folder = os.path.dirname(folder)


def names_in_build(source):
    """What a meson.build may call it: rb-a.c; in loops over tests and fixtures also `a` for test-a.c, `a` for a.c."""
    names = [source.name]
    if source.folder.startswith('tests'):
        stem = os.path.splitext(source.name)[0]
        names += [stem, re.sub(r'^test-', '', stem)]
    return names


def check_listed(tree):
    """Every C file, and every header of the API, is listed in a meson.build."""
    for source in tree.c_files():
        if source.suffix == '.h' and (source.folder != 'broker/api' or source.name.endswith('-private.h')):
            continue
        names = '|'.join(re.escape(name) for name in names_in_build(source))
        if not any(re.search(r"['/](?:{})'".format(names), build.text) for build in build_files(tree, source)):
            yield source.path, 1, 'not listed in any meson.build'


def check_sorted(tree):
    """Sources are listed sorted, one a line."""
    for build in tree.sources:
        if build.name != 'meson.build':
            continue
        for line, match in build.find(r"files\(\n((?:\s*'[^']+',\n)+)\s*\)"):
            names = re.findall(r"'([^']+)'", match.group(1))
            if names != sorted(names):
                wrong = next(name for name, right in zip(names, sorted(names)) if name != right)
                yield build.path, line, "not sorted, from '{}' on".format(wrong)


def check_translations(tree):
    """po/POTFILES.in lists exactly the files with translated text."""
    potfiles = tree.by_path.get('po/POTFILES.in')
    listed = [line for line in (potfiles.lines if potfiles else []) if line and not line.startswith('#')]
    for path in listed:
        if path not in tree.by_path:
            yield 'po/POTFILES.in', listed.index(path) + 1, "'{}' does not exist".format(path)
    if listed != sorted(listed):
        yield 'po/POTFILES.in', 1, 'not sorted'
    for source in tree.c_files():
        if source.folder.startswith('tests'):
            continue
        marks = source.find(r'(?<![\w.>])(?:_|N_|Q_|C_|NC_|ngettext|g_dngettext)\s*\(', source.code)
        if marks and source.path not in listed:
            yield source.path, marks[0][0], 'has translated text and is not in po/POTFILES.in'


def check_page_texts(tree):
    """What the web page says is extracted for translation, and goes into its tables."""
    potfiles = tree.by_path.get('po/POTFILES.in')
    listed = potfiles.lines if potfiles else []
    build = tree.by_path.get('broker/ipc/meson.build')
    for source in tree.sources:
        # language.js defines what others say.
        if source.suffix != '.js' or source.folder != 'data/web' or source.name == 'language.js':
            continue
        marks = source.find(r'(?<![\w.])(?:_|N_|ngettext)\(')
        if marks and source.path not in listed:
            yield source.path, marks[0][0], 'has translated text and is not in po/POTFILES.in'
        if marks and (build is None or source.path not in build.text):
            yield source.path, marks[0][0], 'has translated text and is not among page_scripts of broker/ipc/meson.build'


def check_lock_file(tree):
    """The npm lock file names versions and digests, not where to download from."""
    for source in tree.sources:
        if source.name == 'package-lock.json':
            for line, _ in source.find(r'"resolved"'):
                yield source.path, line, 'a download address'


RULES = (
    ('files/first-lines', check_first_lines),
    ('files/headers', check_headers),
    ('files/length', check_length),
    ('files/nothing-left-over', check_left_overs),
    ('files/whitespace', check_whitespace),
    ('files/readme-in-every-folder', check_readmes),
    ('build/every-source-listed', check_listed),
    ('build/sources-sorted', check_sorted),
    ('build/lock-file', check_lock_file),
    ('translations/potfiles', check_translations),
    ('translations/page', check_page_texts),
)
