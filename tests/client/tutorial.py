#!/usr/bin/env python3
# tutorial.py: the tutorial of the client library, followed from an empty directory exactly as it is written; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: tutorial.py MESON SOURCES BUILD PREFIX LIBDIR LIBASAN MODULE...
#
# What the page says is what is done: a block of C or Python is written to the file that the line before it names, a block of sh is typed, in a
# terminal of its own where the paragraph before it says so, and a block of text is what it prints; `...` stands for anything. Blocks without a
# language are installing, which is done here from the build folder.

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data'))

import cases
import install

LIMIT_S = 90
PYTHON = '/usr/bin/python3'


class Tutorial:
    def __init__(self, top):
        with open(os.path.join(top, 'broker', 'client', 'doc', 'tutorial.md'), encoding='utf-8') as file:
            self.text = file.read()
        self.examples = os.path.join(top, 'broker', 'client', 'examples')

    def steps(self):
        """(language, what the paragraph before says, the block's text) one after another."""
        paragraph = ''
        for part in re.split(r'(?m)^(```\w*\n.*?^```\n)', self.text, flags=re.S):
            block = re.match(r'```(\w*)\n(.*)```\n$', part, re.S)
            if block:
                yield block.group(1), paragraph, block.group(2)
                paragraph = ''
            else:
                paragraph = part.strip().split('\n\n')[-1]


class Desk:
    """One who has a home with the library in ~/.local, and reads the page."""

    def __init__(self, installed, prefix, asan):
        self.folder = os.path.join(installed.scratch, 'desk')
        os.mkdir(self.folder)
        self.env = dict(installed.env)
        self.shell = []        # what each terminal was told
        self.terminals = []    # of (process, file with what it prints)
        self.prefix = prefix
        self.make_wrappers(os.path.join(installed.scratch, 'wrappers'), asan)

    def make_wrappers(self, folder, asan):
        """With a library with sanitizers, programs need them too; the reader of the page has no such library."""
        os.mkdir(folder)
        self.env['PATH'] = folder + ':' + self.env['PATH']
        lines = {'python3': 'exec {} "$@"'.format(PYTHON)}
        if asan:
            lines = {'python3': 'LD_PRELOAD={} ASAN_OPTIONS=detect_leaks=0 exec {} "$@"'.format(asan, PYTHON),
                     'cc': 'exec /usr/bin/cc -fsanitize=address,undefined "$@"'}
            self.env['ASAN_OPTIONS'] = 'detect_leaks=0'
        for name, line in lines.items():
            path = os.path.join(folder, name)
            with open(path, 'w', encoding='utf-8') as file:
                file.write('#!/bin/sh\n' + line + '\n')
            os.chmod(path, 0o755)

    def command(self, text):
        return ['sh', '-e', '-c', '\n'.join([*self.shell, text])]

    def open_terminal(self, text):
        output = tempfile.TemporaryFile('w+')
        process = subprocess.Popen(self.command(text), cwd=self.folder, env=self.env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.terminals.append((process, output))

    def type(self, text):
        done = subprocess.run(self.command(text), cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=LIMIT_S)
        return done.returncode, done.stdout

    def printed(self):
        """By the terminal that was opened last."""
        output = self.terminals[-1][1]
        output.seek(0)
        return output.read()

    def close(self):
        for process, output in self.terminals:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            output.close()
        _, text = self.type('brokerctl env --json --no-start')
        with contextlib.suppress(ValueError, OSError):
            pid = json.loads(text)['pid']
            os.kill(pid, signal.SIGTERM)
            wait(lambda: not os.path.exists('/proc/{}/exe'.format(pid)), 'the end of the broker')


def wait(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, 'still waiting: {}'.format(what() if callable(what) else what)
        time.sleep(0.1)    # other processes' doing: there is nothing to wait on


def fits(expected, printed):
    """Columns are as wide as what stands in them, and a line of dots is any number of lines."""
    lines = [' '.join(line.split()) for line in expected.strip().split('\n')]
    pattern = '\n'.join('(?:.*)' if line == '...' else re.escape(line).replace(r'\.\.\.', '.*') for line in lines)
    text = '\n'.join(' '.join(line.split()) for line in printed.strip().split('\n'))
    return re.fullmatch(pattern, text, re.S) is not None


def test_files(tutorial, _):
    """The programs on the page are the examples, which are tests of their own."""
    programs = {}
    for language, paragraph, text in tutorial.steps():
        if language in ('c', 'python'):
            programs[re.search(r'`([\w.]+)`:$', paragraph).group(1)] = text
    assert set(programs) == {'shout.c', 'count.py'}, sorted(programs)
    for name, text in programs.items():
        with open(os.path.join(tutorial.examples, name), encoding='utf-8') as file:
            assert file.read() == text, name + ' on the page is not broker/client/examples/' + name


def test_followed(tutorial, desk):
    """Followed exactly as written, from an empty directory, each command does what the page says."""
    steps = list(tutorial.steps())
    counts = {'sh': 0, 'text': 0}
    for number, (language, paragraph, text) in enumerate(steps):
        expected = steps[number + 1][2] if number + 1 < len(steps) and steps[number + 1][0] == 'text' else None
        if language in ('c', 'python'):
            with open(os.path.join(desk.folder, re.search(r'`([\w.]+)`:$', paragraph).group(1)), 'w', encoding='utf-8') as file:
                file.write(text)
        elif language == 'sh':
            counts['sh'] += 1
            follow(desk, paragraph, text, expected)
        elif language == 'text' and not is_checked(steps, number):
            wait(lambda said=text: fits(said, desk.printed()), lambda said=text: said + '--- it printed:\n' + desk.printed())
            counts['text'] += 1
    assert counts['sh'] > 12 and counts['text'] >= 2, counts


def is_checked(steps, number):
    """The block before it was a command of the first terminal, which was compared at once."""
    language, paragraph, _ = steps[number - 1]
    return language == 'sh' and not is_of_its_own(paragraph) and not steps[number][1]


def is_of_its_own(paragraph):
    return re.search(r'\b(second|third) terminal\b|terminal of its own', paragraph) is not None


def follow(desk, paragraph, text, expected):
    if re.match(r'(lib=|cd |mkdir )', text):
        if text.startswith('mkdir'):
            status, printed = desk.type(text)
            assert status == 0, printed
            desk.folder = os.path.join(desk.folder, text.split()[1])
        else:
            desk.shell.append(text)
    elif is_of_its_own(paragraph):
        desk.open_terminal(text)
    else:
        # A list may not have it yet; who reads the page would look again, too. What changes something is typed once.
        said = []
        again = expected is not None and not text.startswith('message=')

        def try_it():
            said[:] = desk.type(text)
            if said[0] == 0 and (expected is None or fits(expected, said[1])):
                return True
            assert again or expected is None and text.startswith('brokerctl explain'), '{}{}'.format(text, said[1])
            return False

        wait(try_it, lambda: '{}--- should print:\n{}--- printed:\n{}'.format(text, expected, said[1] if said else ''))


def main(meson, top, build, prefix, libdir, asan, *modules):
    with contextlib.closing(install.Install(meson, top, build, prefix, libdir, *modules)) as installed:
        home = install.install_home(installed)
        with contextlib.closing(Desk(installed, home, asan)) as desk:
            return cases.run((test_files, test_followed), Tutorial(top), desk)


sys.exit(main(*sys.argv[1:]))
