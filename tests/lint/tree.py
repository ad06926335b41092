# tree.py: the source tree as the lint rules see it
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import re

TOP_FOLDERS = ('broker', 'modules', 'data', 'po', 'tests')
SKIPPED_FOLDERS = ('node_modules', '__pycache__')


class Source:
    """One text file: its path from the top of the tree, and its lines."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.folder, self.name = os.path.split(path)
        self.suffix = os.path.splitext(self.name)[1]
        self._code = None

    @property
    def lines(self):
        return self.text.split('\n')

    @property
    def code(self):
        """The C text without comments and without what stands in quotes; line numbers stay the same."""
        if self._code is None:
            self._code = strip_c(self.text)
        return self._code

    def find(self, pattern, text=None):
        """(line number, match) for each match of @pattern."""
        text = self.text if text is None else text
        return [(text.count('\n', 0, match.start()) + 1, match) for match in re.finditer(pattern, text)]


def strip_c(text):
    def blank(match):
        token = match.group(0)
        if token.startswith('/'):
            return re.sub(r'[^\n]', ' ', token)
        return token[0] + re.sub(r'[^\n]', ' ', token[1:-1]) + token[-1]

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.DOTALL)


class Tree:
    def __init__(self, top):
        self.top = top
        self.sources = [Source(path, text) for path, text in read_files(top)]
        self.by_path = {source.path: source for source in self.sources}

    def c_files(self):
        return [source for source in self.sources if source.suffix in ('.c', '.h')]

    def folders(self):
        return sorted({source.folder for source in self.sources})

    def header_folders(self):
        """Where each of our headers is: name -> folder."""
        return {source.name: source.folder for source in self.sources if source.suffix == '.h'}


def read_files(top):
    for name in sorted(os.listdir(top)):
        path = os.path.join(top, name)
        if os.path.isfile(path) and name != '.git':
            yield from read_file(top, path)
    for folder in TOP_FOLDERS + ('.ci',):
        for here, folders, names in os.walk(os.path.join(top, folder)):
            folders[:] = sorted(set(folders) - set(SKIPPED_FOLDERS))
            for name in sorted(names):
                yield from read_file(top, os.path.join(here, name))


def read_file(top, path):
    with open(path, 'rb') as file:
        data = file.read()
    try:
        yield os.path.relpath(path, top), data.decode('utf-8')
    except UnicodeDecodeError:
        return  # a corpus file or a picture: nothing to read line by line
