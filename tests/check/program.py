# program.py: what rb-module-check says and how it ends, whatever it is given
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import hashlib
import json
import os
import sys
import tempfile

from check import Checker

GOOD = 'connector-spool.so'
BAD = 'connector-no-summary.so'


def module(checker, name):
    return os.path.join(checker.modules, name)


def lines(checker):
    """People read TAP, with the rule and the reason of what failed"""
    done = checker.call('--only', 'module/info', '--only', 'module/construct', module(checker, BAD))
    assert done.returncode == 1, done
    assert 'not ok 1 - module/info\n# The setting ' in done.stdout and '# rule: ' in done.stdout, done.stdout
    assert 'ok 2 - module/construct # ' in done.stdout and '1..2\n' in done.stdout, done.stdout


def skipped(checker):
    """Without a partner its cases are skipped; with --strict that fails the run"""
    arguments = ('--only', 'connector/order', module(checker, GOOD))
    done = checker.call(*arguments)
    assert done.returncode == 0 and "# SKIP it needs a partner that can 'deliver'" in done.stdout, done
    assert checker.call('--strict', *arguments).returncode == 1


def certificate(checker):
    """The certificate says which file was checked, and what came of each case"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'certificate.json')
        done = checker.call('--only', 'module/info', '--certificate', path, module(checker, GOOD))
        assert done.returncode == 0, done
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
    with open(module(checker, GOOD), 'rb') as file:
        assert data['sha256'] == hashlib.sha256(file.read()).hexdigest()
    assert (data['certificate'], data['module'], data['kind'], data['abi'], data['result']) == (1, 'spool', 'connector', 1, 'passed'), data
    assert not data['complete'], 'one case of many is not all'
    assert [check['name'] for check in data['checks']] == ['module/info'] and data['checks'][0]['ms'] >= 0, data


def expected(checker):
    """A listed case may fail; one that passes fails the run, and so does a name that no case has"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'expected')
        only = ('--only', 'module/info', '--expected-failures', path)
        with open(path, 'w', encoding='utf-8') as file:
            file.write('# not yet\nmodule/info  the summary is missing\n')
        done = checker.call(*only, module(checker, BAD))
        assert done.returncode == 0 and 'an expected failure' in done.stdout, done
        done = checker.call(*only, module(checker, GOOD))
        assert done.returncode == 1 and 'take it off the list' in done.stdout, done
        with open(path, 'w', encoding='utf-8') as file:
            file.write('module/inof\n')
        done = checker.call(*only, module(checker, GOOD))
        assert done.returncode == 2 and 'module/inof' in done.stderr, done


def usage(checker):
    """Wrong options, settings and names end with 2, and say what is wrong"""
    good = module(checker, GOOD)
    for arguments, text in ((('--only', 'no/such', good), 'no/such'), (('--set', 'colour=red', good), 'colour'), (('--set', 'colour', good), 'KEY=VALUE'),
                            (('--settings', '/nonexistent', good), 'nonexistent'), ((), 'Name one module'), ((good, good), 'Name one module'),
                            (('--bad', good), '--bad'), (('--timeout', '-1', good), 'above 0'), (('--twin', '--partner', 'x', good), 'twin')):
        done = checker.call(*arguments)
        assert done.returncode == 2 and text.lower() in done.stderr.lower(), (arguments, done)


def not_loaded(checker):
    """What the broker would not load ends with 3 and the loader's reason"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'connector-damaged.so')
        for contents, mode, reason in ((b'\x7fELF', 0o644, 'module_damaged'), (b'', 0o666, 'module_writable')):
            with open(path, 'wb') as file:
                file.write(contents)
            os.chmod(path, mode)
            done = checker.call(path)
            assert done.returncode == 3 and reason in done.stderr, done
    done = checker.call('/nonexistent/connector-x.so')
    assert done.returncode == 3 and 'module_not_found' in done.stderr, done


def lists(checker):
    """--list names each case with its rule; --help names each option; --version the ABI"""
    done = checker.call('--list', module(checker, GOOD))
    assert done.returncode == 0 and 'connector/window' in done.stdout and 'module/leaks' in done.stdout, done
    done = checker.call('--help')
    assert done.returncode == 0 and '--expected-failures' in done.stdout and 'Exit status' in done.stdout, done
    done = checker.call('--version')
    assert done.returncode == 0 and 'ABI 1' in done.stdout, done


def bad_partner(checker):
    """A partner that cannot be started, ends or babbles fails the case with that reason"""
    for command, text in (('/nonexistent/partner', 'cannot be started'), ('true', 'The partner ended'), ('echo hello', "said 'hello'")):
        done = checker.call('--only', 'connector/order', '--partner', command, module(checker, GOOD))
        assert done.returncode == 1 and text in done.stdout, (command, done)


def main():
    return Checker(*sys.argv[1:]).cases([lines, skipped, certificate, expected, usage, not_loaded, lists, bad_partner])


sys.exit(main())
