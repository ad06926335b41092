# cases.py: test cases that are functions, as TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import shutil
import subprocess


class Skip(Exception):
    pass


def need(program):
    if shutil.which(program) is None:
        raise Skip('there is no ' + program)


def check(*command, **options):
    """Runs @command, which must succeed; returns all that it printed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    assert done.returncode == 0, '{} ended with {}:\n{}'.format(' '.join(command), done.returncode, done.stdout)
    return done.stdout


def run(cases, *arguments):
    """Each of @cases is called with @arguments; its first line of documentation is its name."""
    failed = 0
    print('1..{}'.format(len(cases)))
    for number, case in enumerate(cases, 1):
        name = '{} - {}'.format(number, case.__doc__)
        try:
            case(*arguments)
            print('ok ' + name, flush=True)
        except Skip as reason:
            print('ok {} # SKIP {}'.format(name, reason), flush=True)
        except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            failed += 1
            print('not ok ' + name)
            for line in '{}: {}'.format(type(problem).__name__, problem).split('\n'):
                print('# ' + line, flush=True)
    return 1 if failed else 0
