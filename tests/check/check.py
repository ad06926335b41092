# check.py: runs rb-module-check, for the tests of it
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data'))
import cases  # noqa: E402 pylint: disable=wrong-import-position

# How long a bad module is waited for; good ones have the default.
BAD_PATIENCE_MS = 1500
BAD_TIMEOUT_S = 12


class Checker:
    """rb-module-check, the folder of the modules that it checks, and the options for all of them."""

    def __init__(self, program, modules, *options):
        self.program = program
        self.modules = modules
        self.options = options

    def call(self, *arguments):
        # The leaks of a module are found by the sanitizer in the process of the case, which then fails.
        return subprocess.run([self.program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=600)

    def run(self, module, *arguments):
        """The certificate."""
        done = self.call('--json', *self.options, *arguments, os.path.join(self.modules, module))
        assert done.returncode in (0, 1), '{}: {}{}'.format(done.returncode, done.stdout, done.stderr)
        certificate = json.loads(done.stdout)
        assert (certificate['result'] == 'passed') == (done.returncode == 0), done.stdout
        return certificate

    def cases(self, functions):
        return cases.run(functions, self)


def expect_failures(checker, module, names, text, chosen=None):
    """Exactly the cases @names fail, and at least one says @text. @chosen: the cases that run; None: all, and then others may fail too."""
    only = [option for name in chosen or () for option in ('--only', name)]
    certificate = checker.run(module, '--patience', str(BAD_PATIENCE_MS), '--timeout', str(BAD_TIMEOUT_S if chosen is None else 4), *only)
    failed = {check['name']: check['reason'] for check in certificate['checks'] if check['result'] == 'failed'}
    assert set(failed) == set(names) if chosen is not None else set(names) <= set(failed), failed
    assert any(text in reason for reason in failed.values()), failed
