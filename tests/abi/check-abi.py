# check-abi.py: the library that modules link to keeps its binary interface (broker/api/README.md, "ABI 1")
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check-abi.py SOURCE-ROOT BUILD-ROOT           as a test: TAP
# check-abi.py SOURCE-ROOT BUILD-ROOT --update  writes the baseline anew, after a change that the policy allows

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'data'))
import cases  # noqa: E402 pylint: disable=wrong-import-position

BASELINE = os.path.join(HERE, 'librb-api-1.abi')
# Private to the library and to our own programs, though the linker sees it.
PRIVATE_HEADERS = ('rb-installed.h', 'rb-json-private.h', 'rb-crash-point.h', 'rb-network.h')
# Always the same, whatever the tree is built with: sanitizers and optimisation change what the debug data say.
CFLAGS = ['-shared', '-fPIC', '-g', '-gdwarf-4', '-O0', '-std=gnu11', '-D_GNU_SOURCE', '-DG_LOG_USE_STRUCTURED', '-DG_LOG_DOMAIN="rb-api"']
ABIDW = ['abidw', '--drop-private-types', '--no-show-locs', '--no-comp-dir-path', '--no-corpus-path', '--drop-undefined-syms',
         '--exported-interfaces-only', '--type-id-style', 'hash']


def maker():
    """What made the baseline, or would: the same compiler on the same machine says the same."""
    version = subprocess.run(['cc', '--version'], stdout=subprocess.PIPE, text=True, check=True).stdout.split('\n', maxsplit=1)[0]
    name = 'gcc' if 'Free Software Foundation' in subprocess.run(['cc', '--version'], stdout=subprocess.PIPE, text=True, check=True).stdout else 'other'
    major = re.search(r'(\d+)\.\d+\.\d+\s*$', version) or re.search(r'(\d+)\.\d+', version)
    return '{} {} {}'.format(name, major.group(1) if major else '?', platform.machine())


class Tree:
    """A copy of broker/api that a case may change."""

    def __init__(self, source, build):
        self.scratch = tempfile.mkdtemp(prefix='rb-abi-')
        self.api = os.path.join(self.scratch, 'api')
        self.source = source
        self.build = build

    def __enter__(self):
        shutil.copytree(os.path.join(self.source, 'broker', 'api'), self.api)
        shutil.copy(os.path.join(self.build, 'config.h'), self.api)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.scratch)

    def edit(self, name, old, new):
        path = os.path.join(self.api, name)
        with open(path, encoding='utf-8') as file:
            text = file.read()
        assert old in text, '{} is not in {} any more'.format(old, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.replace(old, new))

    def make(self, *more):
        """The library."""
        library = os.path.join(self.scratch, 'librb-api-1.so.0')
        flags = shlex.split(cases.check('pkg-config', '--cflags', '--libs', 'gio-unix-2.0'))
        sources = sorted(os.path.join(self.api, name) for name in os.listdir(self.api) if name.endswith('.c'))
        cases.check('cc', *CFLAGS, '-I', self.api, *sources, os.path.join(HERE, 'surface.c'), *more, '-o', library, *flags)
        return library

    def compare(self, library):
        """The status of abidiff, and what it says."""
        private = os.path.join(self.scratch, 'private.suppr')
        names = set()
        for header in PRIVATE_HEADERS:
            with open(os.path.join(self.api, header), encoding='utf-8') as file:
                names.update(re.findall(r'\b(rb_\w+)\s*\(', file.read()))
        with open(private, 'w', encoding='utf-8') as file:
            for name in sorted(names):
                file.write('[suppress_function]\n  symbol_name = {}\n'.format(name))
        done = subprocess.run(['abidiff', '--no-added-syms', '--suppressions', private, BASELINE, library], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


def need_comparable():
    for program in ('abidiff', 'abidw', 'cc', 'pkg-config'):
        cases.need(program)
    with open(BASELINE, encoding='utf-8') as file:
        made_by = re.search(r'<!-- (.*) -->\s*$', file.read()).group(1)
    if made_by != maker():
        raise cases.Skip('the baseline is of {}, and this is {}'.format(made_by, maker()))


def test_kept(source, build):
    """Nothing that modules use has changed since the baseline, and what is added does not count"""
    need_comparable()
    with Tree(source, build) as tree:
        status, said = tree.compare(tree.make(os.path.join(HERE, 'added.c')))
    assert status == 0, 'the policy is in broker/api/README.md, "ABI 1":\n' + said


def test_noticed(source, build):
    """A function that is gone, a struct, a vtable and a value that changed are each noticed"""
    need_comparable()
    with Tree(source, build) as tree:
        for name in ('rb-backoff.c', 'rb-backoff.h'):
            tree.edit(name, 'rb_backoff_reset', 'rb_backoff_restart')
        tree.edit('rb-module.h', '  RbSettingType  type;', '  int            weight;\n  RbSettingType  type;')
        tree.edit('rb-connector.h', '  const char  *(*get_address) (RbConnector *self);',
                  '  void         (*added)       (RbConnector *self);\n  const char  *(*get_address) (RbConnector *self);')
        tree.edit('rb-error.h', '  RB_ERROR_FORBIDDEN,', '  RB_ERROR_UNHEARD_OF,\n  RB_ERROR_FORBIDDEN,')
        status, said = tree.compare(tree.make())
    assert status & 8, 'not taken for incompatible: {}'.format(status)
    for what in ('{rb_backoff_reset}', "'int weight'", '_RbConnectorInterface', 'RB_ERROR_FORBIDDEN'):
        assert what in said, '{} is not named in:\n{}'.format(what, said)


def update(source, build):
    with Tree(source, build) as tree:
        text = cases.check(*ABIDW, '--headers-dir', tree.api, tree.make())
        # Where it was made is nobody's business.
        text = text.replace("path='{}/".format(tree.api), "path='broker/api/").replace("path='{}/".format(HERE), "path='tests/abi/")
    with open(BASELINE, 'w', encoding='utf-8') as file:
        file.write('{}<!-- {} -->\n'.format(text, maker()))


if sys.argv[3:] == ['--update']:
    update(*sys.argv[1:3])
else:
    sys.exit(cases.run([test_kept, test_noticed], *sys.argv[1:3]))
