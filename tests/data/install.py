#!/usr/bin/env python3
# install.py: what `meson install` puts where, and that it works there, moved and below a home; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: install.py MESON TOP-OF-THE-SOURCE-TREE BUILD-FOLDER PREFIX LIBDIR MODULE...
#
# The build folder is installed as it is, below a folder of the test. A tree of another prefix is only configured: the programs in it
# are the same ones, the files that name paths are made by meson.

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True

import cases
import module_kit
import session

ID = 'io.github.runtimebroker.Broker1'

# Each file that is installed, as a pattern from the prefix on. What is not here is not expected.
EXPECTED = (
    r'bin/(brokerctl|rb-module-check|runtime-broker-mcp|runtime-brokerd)',
    r'LIBDIR/librb-(api|client)-1\.so(\.0)?',
    r'LIBDIR/pkgconfig/rb-(api|client)-1\.pc',
    r'LIBDIR/runtime-broker/modules/(MODULES)\.so',
    r'include/runtime-broker-1/rb-[a-z-]+\.h',
    r'include/rb-client-1/rb-client(-(calls|endpoint|error|message|pull|version|work))?\.h',
    r'lib/systemd/user/(runtime-broker\.(service|socket)|app-runtimebroker\.slice)',
    r'libexec/runtime-broker/runtime-broker-module',
    r'share/applications/ID\.desktop',
    r'share/bash-completion/completions/brokerctl',
    r'share/dbus-1/interfaces/ID\.xml',
    r'share/dbus-1/services/ID\.service',
    r'share/icons/hicolor/scalable/apps/ID\.svg',
    r'share/icons/hicolor/symbolic/apps/ID-symbolic\.svg',
    r'share/locale/(LANGUAGES)/LC_MESSAGES/runtime-broker\.mo',
    r'share/man/man(1/(brokerctl|rb-module-check|runtime-broker-mcp)\.1|5/broker\.conf\.5|8/runtime-brokerd\.8)',
    r'share/metainfo/ID\.metainfo\.xml',
    r'share/runtime-broker/(module-template/[a-zA-Z.-]+\.in|new-module\.sh)',
    r'share/doc/runtime-broker/module-tutorial\.md',
    r'share/zsh/site-functions/_brokerctl',
)
# What there is where the tools for it were found.
OPTIONAL = (
    r'LIBDIR/girepository-1\.0/Rb-1\.typelib',
    r'share/gir-1\.0/Rb-1\.gir',
    r'share/vala/vapi/rb-client-1\.(vapi|deps)',
    r'share/doc/rb-client-1/.*',
)
PRIVATE_HEADERS = ('rb-crash-point.h', 'rb-installed.h', 'rb-json-private.h', 'rb-network.h')


class Install:
    """The build, installed once for all cases, and a home to run it in."""

    def __init__(self, meson, top, build, prefix, libdir, *modules):
        self.meson, self.top, self.build, self.prefix, self.libdir, self.modules = meson, top, build, prefix, libdir, modules
        self.scratch = tempfile.mkdtemp(prefix='rb-')
        self.destdir = os.path.join(self.scratch, 'dest')
        self.env = session.make_environment(self.scratch)
        if prefix == '/usr':
            # There the loader looks by itself, and nowhere else.
            self.env['LD_LIBRARY_PATH'] = os.path.join(self.destdir + prefix, libdir)
        self.home = self.env['HOME']
        # Whatever the mask of who runs the tests is, meson's own is what counts.
        cases.check(meson, 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', self.destdir, env=self.env)
        self.root = self.destdir + prefix

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def files(self):
        for folder, _, names in os.walk(self.destdir):
            for name in names:
                yield os.path.join(folder, name)

    def expected(self, wanted=EXPECTED):
        with open(os.path.join(self.top, 'po', 'LINGUAS'), encoding='utf-8') as file:
            languages = [word for line in file for word in line.split('#')[0].split()]
        for pattern in wanted:
            yield (pattern.replace('LIBDIR', re.escape(self.libdir)).replace('MODULES', '|'.join(map(re.escape, self.modules)))
                   .replace('ID', re.escape(ID)).replace('LANGUAGES', '|'.join(languages) or '-'))


def running_modules(call):
    return {'{kind}-{name}'.format(**module) for module in json.loads(call('modules', '--json')) if module['state'] == 'running'}


def test_files(install):
    """Each file is one that is expected, everything that is expected is there, and nothing lies outside of the prefix."""
    patterns = list(install.expected())
    optional = list(install.expected(OPTIONAL))
    seen = set()
    for path in install.files():
        assert path.startswith(install.root + '/'), path
        name = os.path.relpath(path, install.root)
        matching = [pattern for pattern in patterns if re.fullmatch(pattern, name)]
        assert matching or any(re.fullmatch(pattern, name) for pattern in optional), 'not expected: ' + name
        seen.update(matching)
    missing = [pattern for pattern in patterns if pattern not in seen and '(-)' not in pattern]
    assert not missing, 'missing: {}'.format(missing)
    installed = {os.path.basename(path) for path in install.files()}
    assert not installed & set(PRIVATE_HEADERS)
    assert {module + '.so' for module in install.modules} <= installed


def test_modes(install):
    """Programs can be run, nothing can be changed by others, and no path of the build is left in what is read as text."""
    for path in install.files():
        mode = os.lstat(path).st_mode
        if os.path.islink(path):
            continue
        assert mode & 0o022 == 0 and mode & 0o044 == 0o044, (path, oct(mode))
        assert mode & 0o111 or '/bin/' not in path, path
        if path.endswith(('.service', '.socket', '.pc', '.desktop', '.xml')):
            with open(path, encoding='utf-8') as file:
                assert install.build not in file.read(), path


def test_paths(install):
    """The bus, the service manager and pkg-config are told the paths that the files have."""
    check_paths(os.path.join(install.root, 'share'), os.path.join(install.root, 'lib', 'systemd', 'user'),
                os.path.join(install.root, install.libdir, 'pkgconfig'), install.prefix, install.libdir)


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def check_paths(share, units, pkgconfig, prefix, libdir):
    daemon = os.path.join(prefix, 'bin', 'runtime-brokerd')
    assert re.search(r'^Exec={}( |$)'.format(re.escape(daemon)), read(share, 'dbus-1', 'services', ID + '.service'), re.M)
    assert re.search(r'^ExecStart={}( |$)'.format(re.escape(daemon)), read(units, 'runtime-broker.service'), re.M)
    module_dir = cases.check('pkg-config', '--variable=moduledir', os.path.join(pkgconfig, 'rb-api-1.pc')).strip()
    assert module_dir == os.path.join(prefix, libdir, 'runtime-broker', 'modules'), module_dir


def test_moved(install):
    """The tree works where it lies now: the library, the modules and the translations that belong to it are found."""
    assert cases.check(os.path.join(install.root, 'bin', 'brokerctl'), '--version', env=install.env).startswith('brokerctl ')
    assert 'Usage:' in cases.check(os.path.join(install.root, 'bin', 'runtime-brokerd'), '--help', env=install.env)
    with session.broker(install.root + '/bin', install.env) as call:
        assert {'connector-local', 'upstream-local'} <= running_modules(call)
        call('send', '--to', 'default@local', 'kept')
        assert 'kept' in call('inbox')
    with session.broker(install.root + '/bin', install.env) as call:
        assert 'kept' in call('inbox')


def configure_home(install):
    """A build folder for ~/.local, configured only; gives the prefix and which file of it goes where."""
    prefix = os.path.join(install.home, '.local')
    build = os.path.join(install.scratch, 'build')
    cases.check(install.meson, 'setup', build, install.top, '--prefix=' + prefix, '-Dtests=false', '--libdir=' + install.libdir, env=install.env)
    places = json.loads(cases.check(install.meson, 'introspect', build, '--installed', env=install.env))
    return prefix, places


def install_home(install):
    """Lays everything below ~/.local, with what a build for it writes; gives the prefix."""
    prefix, places = configure_home(install)
    outside = [place for place in places.values() if not place.startswith(prefix + '/')]
    assert not outside, outside
    assert prefix + '/share/systemd/user/runtime-broker.service' in places.values()
    assert prefix + '/share/dbus-1/services/{}.service'.format(ID) in places.values()
    shutil.copytree(install.root, prefix, symlinks=True, dirs_exist_ok=True)
    for source, place in places.items():
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(source, place)
    return prefix


def test_home(install):
    """Below ~/.local each file is where it is looked for, and modules and adapters of other people are built with pkg-config."""
    prefix = install_home(install)
    check_paths(prefix + '/share', prefix + '/share/systemd/user', os.path.join(prefix, install.libdir, 'pkgconfig'), prefix, install.libdir)
    load_own_module(install, prefix)
    build_own_adapter(install, prefix)


def load_own_module(install, prefix):
    env = dict(install.env, PKG_CONFIG_PATH=os.path.join(prefix, install.libdir, 'pkgconfig'))
    modules = cases.check('pkg-config', '--variable=moduledir', 'rb-api-1', env=env).strip()
    flags = cases.check('pkg-config', '--cflags', '--libs', 'rb-api-1', env=env).split()
    source = os.path.join(install.top, 'tests', 'data', 'emitter-example.c')
    compiler = os.environ.get('CC', 'cc').split()
    # No -z defs: a library with sanitizers leaves theirs to the program.
    cases.check(*compiler, '-Wall', '-Werror', '-Wno-unused-function', '-shared', '-fPIC', source, '-o', os.path.join(modules, 'emitter-example.so'), *flags,
                env=env)
    with session.broker(prefix + '/bin', install.env, '--set', 'broker.emitters=example') as call:
        assert 'emitter-example' in running_modules(call)


def build_own_adapter(install, prefix):
    """The example of the client library, as its reader builds it: thirty lines, pkg-config, and no header of another library of ours."""
    env = dict(install.env, PKG_CONFIG_PATH=os.path.join(prefix, install.libdir, 'pkgconfig'))
    source = os.path.join(install.top, 'broker', 'client', 'examples', 'shout.c')
    with open(source, encoding='utf-8') as file:
        assert len(file.readlines()) <= 30
    flags = cases.check('pkg-config', '--cflags', '--libs', 'rb-client-1', env=env).split()
    assert '-lrb-client-1' in flags and not [flag for flag in flags if flag in ('-lrb-api-1', '-lsoup-3.0')], flags
    # A library with sanitizers leaves theirs to the program.
    cases.check(*os.environ.get('CC', 'cc').split(), '-Wall', '-Wextra', '-Werror', source, '-o', os.path.join(install.scratch, 'shout'), *flags,
                '-Wl,--unresolved-symbols=ignore-in-shared-libs', env=env)


def test_uninstall(install):
    """What meson says that it installs is all that there is: packagers and `ninja uninstall` go by that list."""
    places = json.loads(cases.check(install.meson, 'introspect', install.build, '--installed', env=install.env))
    listed = set()
    for place in places.values():
        path = install.destdir + place
        listed.update(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names) if os.path.isdir(path) else listed.add(path)
    unlisted = set(install.files()) - listed
    # Links to libraries and translations are made at the end and not listed.
    assert not [path for path in unlisted if not path.endswith(('.so', '.so.0', '.mo'))], unlisted


def test_quickstart(install):
    """What quickstart.sh builds has each program that a broker or a person starts."""
    built = cases.check('ninja', '-C', install.build, '-t', 'query', 'quickstart')
    for folder in ('bin', os.path.join('libexec', 'runtime-broker')):
        for name in os.listdir(os.path.join(install.destdir + install.prefix, folder)):
            assert name == 'rb-module-check' or re.search('/' + re.escape(name) + '$', built, re.M), name + ' is missing in:\n' + built


def test_tutorial(install):
    """The tutorial for modules, followed as it is written: its commands, and its code is what they made."""
    module_kit.follow_tutorial(install)


def test_kinds(install):
    """new-module.sh makes a module of each kind that builds and passes rb-module-check; wrong names are refused."""
    module_kit.make_each_kind(install)


TESTS = (test_files, test_modes, test_paths, test_moved, test_home, test_quickstart, test_tutorial, test_kinds, test_uninstall)


def main(arguments):
    with contextlib.closing(Install(*arguments)) as install:
        return cases.run(TESTS, install)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
