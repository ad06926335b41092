# module_kit.py: what is installed for those who write modules: the tutorial and the template, in a home of their own
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import re
import subprocess

import cases

# A connector that one reads in one sitting: lines of code, without blank ones, comments and lone braces.
MAX_CODE_LINES = 200


def environment(install):
    """Of somebody who has installed into ~/.local, with the session of a test."""
    prefix = os.path.join(install.home, '.local')
    env = dict(install.env, PATH=os.path.join(prefix, 'bin') + ':' + os.environ['PATH'],
               PKG_CONFIG_PATH=os.path.join(prefix, install.libdir, 'pkgconfig'))
    # A library with sanitizers leaves theirs to the program.
    env['LDFLAGS'] = '-Wl,--unresolved-symbols=ignore-in-shared-libs'
    return prefix, env


def blocks(text, language):
    return re.findall(r'(?ms)^```' + language + r'\n(.*?)^```$', text)


def check_code(text, project):
    with open(os.path.join(project, 'connector-letterbox.c'), encoding='utf-8') as file:
        code = file.read()
    position = 0
    for block in blocks(text, 'c'):
        found = code.find(block)
        assert found >= 0, 'this is not in the file:\n' + block
        position = max(position, found)
    assert position > 0
    lines = [line for line in code.split('\n') if not re.fullmatch(r'\s*(/\*.*\*/|[{}];?)?\s*', line)]
    assert len(lines) < MAX_CODE_LINES, len(lines)


def what_failed(project):
    """Of the module's own test."""
    try:
        with open(os.path.join(project, 'build', 'meson-logs', 'testlog.txt'), encoding='utf-8') as file:
            return '\n'.join(line for line in file.read().split('\n') if line.startswith(('not ok', '# ')))
    except OSError:
        return ''


def follow_tutorial(install):
    prefix, env = environment(install)
    with open(os.path.join(prefix, 'share', 'doc', 'runtime-broker', 'module-tutorial.md'), encoding='utf-8') as file:
        text = file.read()
    directory = os.path.join(install.scratch, 'tutorial')
    os.mkdir(directory)
    commands = blocks(text, 'sh')
    assert len(commands) >= 4
    done = subprocess.run(['sh', '-eu'], input='\n'.join(commands), cwd=directory, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=240)
    assert done.returncode == 0, done.stdout + what_failed(os.path.join(directory, 'connector-letterbox'))
    assert re.search(r'letterbox.*running', done.stdout) and 'a letter to myself' in done.stdout, done.stdout
    project = os.path.join(directory, 'connector-letterbox')
    with open(os.path.join(project, 'certificate.json'), encoding='utf-8') as file:
        certificate = json.load(file)
    assert certificate['result'] == 'passed' and certificate['module'] == 'letterbox', certificate
    check_code(text, project)


def make_each_kind(install):
    prefix, env = environment(install)
    script = os.path.join(prefix, 'share', 'runtime-broker', 'new-module.sh')
    for kind in ('upstream', 'spawn-driver', 'emitter'):
        project = os.path.join(install.scratch, kind + ' of mine')
        cases.check('sh', script, kind, 'my-own2', project, env=env)
        build = os.path.join(project, 'build')
        cases.check(install.meson, 'setup', '-Dwerror=true', build, project, env=env)
        cases.check(install.meson, 'test', '-C', build, env=env)
        assert subprocess.run(['sh', script, kind, 'my-own2', project], stderr=subprocess.DEVNULL, check=False).returncode == 1
    for arguments in ((), ('emitter',), ('plug', 'a'), ('emitter', 'A'), ('emitter', 'a-'), ('emitter', '../a'), ('emitter', ''), ('emitter', '1a')):
        done = subprocess.run(['sh', script, *arguments], cwd=install.scratch, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 2 and 'Usage' in done.stderr, arguments
