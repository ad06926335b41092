#!/usr/bin/env python3
# package.py: debian/ against the tree, as far as that can be told without building packages; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: package.py MESON TOP-OF-THE-SOURCE-TREE BUILD-FOLDER PREFIX VERSION LIBRARY
#
# tests/package/run.sh builds and tries the packages.

import fnmatch
import json
import os
import re
import sys

sys.dont_write_bytecode = True

import cases

# Where Debian has it by itself.
ALWAYS_THERE = {'gcc', 'libc6-dev'}
LIBRARY_PACKAGES = ('librb-api-1-0', 'librb-client-1-0')


class Package:
    def __init__(self, meson, top, build, prefix, version, *libraries):
        self.meson, self.top, self.build, self.prefix, self.version, self.libraries = meson, top, build, prefix, version, libraries

    def read(self, *path):
        with open(os.path.join(self.top, *path), encoding='utf-8') as file:
            return file.read()

    def lists(self):
        """What goes where: package -> patterns."""
        for name in os.listdir(os.path.join(self.top, 'debian')):
            if name.endswith('.install'):
                yield name[:-len('.install')], self.read('debian', name).split()


def matches(path, pattern):
    parts, wanted = path.split('/'), pattern.split('/')
    return len(parts) >= len(wanted) and all(fnmatch.fnmatchcase(*pair) for pair in zip(parts, wanted))


def test_version(package):
    """The newest entry of the changelog is of the version in meson.build."""
    first = re.match(r'runtime-broker \(([^)]+)\) ', package.read('debian', 'changelog'))
    assert first and first.group(1) == package.version, first


def test_every_file(package):
    """Each file that is installed is in exactly one package, and each line of the lists finds one."""
    places = json.loads(cases.check(package.meson, 'introspect', package.build, '--installed'))
    used = set()
    for place in places.values():
        path = 'usr' + place[len(package.prefix):]
        # debian/rules leaves it out: it has fonts and scripts of other projects in it.
        if path == 'usr/share/doc/rb-client-1':
            continue
        found = [(name, pattern) for name, patterns in package.lists() for pattern in patterns if matches(path, pattern)]
        # The link that the loader follows is made beside the library and not listed.
        assert len({name for name, _ in found}) == 1, (path, found)
        used.update(found)
    unused = [(name, pattern) for name, patterns in package.lists() for pattern in patterns if (name, pattern) not in used]
    assert not [line for line in unused if line[0] not in ('librb-api-1-dev', 'librb-client-1-dev') or not line[1].endswith('.so')], unused


def test_build_needs(package):
    """What install-needs.sh installs for building is what the package is built with."""
    control = package.read('debian', 'control')
    depends = re.search(r'^Build-Depends:\n((?: .*\n)+)', control, re.M).group(1)
    names = set(re.findall(r'^ ([a-z0-9.+-]+)', depends, re.M))
    needs = set(re.findall(r'^(?:build|wish) (\S+) ', package.read('data', 'install-needs.sh'), re.M))
    missing = needs - names - ALWAYS_THERE
    assert not missing, 'not in Build-Depends: {}'.format(sorted(missing))


def test_symbols(package):
    """The symbols files have what the libraries export. A new one gets a line with the version it came with; one that goes is a new soname."""
    cases.need('nm')
    assert len(package.libraries) == len(LIBRARY_PACKAGES)
    for name, library in zip(LIBRARY_PACKAGES, package.libraries):
        exported = set(re.findall(r' [TDBRV] (rb_\w+)$', cases.check('nm', '-D', '--defined-only', library), re.M))
        listed = set(re.findall(r'^ (rb_\w+)@Base ', package.read('debian', name + '.symbols'), re.M))
        assert exported, 'nothing is exported'
        assert exported == listed, '{}: not listed: {}; not exported: {}'.format(name, sorted(exported - listed), sorted(listed - exported))


def test_scripts(package):
    """The package's own tests are scripts that a shell can read, and are named in debian/tests/control."""
    named = re.findall(r'^Tests: (\S+)$', package.read('debian', 'tests', 'control'), re.M)
    folder = os.path.join(package.top, 'debian', 'tests')
    programs = [name for name in os.listdir(folder) if os.access(os.path.join(folder, name), os.X_OK)]
    assert sorted(named) == sorted(programs), (named, programs)
    for name in os.listdir(folder):
        if name != 'control':
            cases.check('sh', '-n', os.path.join(folder, name))
    assert os.access(os.path.join(package.top, 'debian', 'rules'), os.X_OK)


TESTS = (test_version, test_every_file, test_build_needs, test_symbols, test_scripts)

if __name__ == '__main__':
    sys.exit(cases.run(TESTS, Package(*sys.argv[1:])))
