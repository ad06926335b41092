#!/usr/bin/env python3
# test-fault.py: fault.c does to files what it says; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test-fault.py FAULT-LIBRARY

import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from rounds import print_cases

# What each script has at hand: two files, one there already, and a way to end without power.
START = '''
import errno, os
def opened(name, flags=os.O_RDWR | os.O_CREAT):
    return os.open(os.path.join(top, name), flags, 0o600)
def sync_names():
    fd = os.open(top, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
def error(call, *args):
    try:
        call(*args)
    except OSError as problem:
        return problem.errno
    return 0
old = opened('old')
'''
POWER = 'open:2:1:power'      # the second open() is the end
END = '\nopened("end")\n'
OLD = b'o' * 2048


class Outcome:
    """What a script left behind."""

    def __init__(self, library, script, fault, seed):
        with tempfile.TemporaryDirectory(prefix='rb-fault.') as top:
            self.outside = os.path.join(top, 'outside')
            inside = os.path.join(top, 'inside')
            os.mkdir(inside)
            with open(os.path.join(inside, 'old'), 'wb') as file:
                file.write(OLD)
            text = 'top, outside = {!r}, {!r}\n'.format(inside, self.outside) + START + script
            done = subprocess.run([sys.executable, '-c', text], env={
                **os.environ, 'LD_PRELOAD': library, 'RB_FAULT_DIR': inside, 'RB_FAULT': fault, 'RB_FAULT_SEED': str(seed)},
                stdout=subprocess.PIPE, check=False)
            self.status = done.returncode
            self.output = done.stdout.decode().strip()
            self.files = {name: read(os.path.join(inside, name)) for name in os.listdir(inside)}
            self.outside = read(self.outside) if os.path.exists(self.outside) else None


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def is_mixed(data):
    """Each sector is the old or the new one, whole."""
    sectors = [data[i:i + 512] for i in range(0, len(data), 512)]
    return len(data) == len(OLD) and all(sector in (b'o' * 512, b'n' * 512) for sector in sectors)


# name -> script, fault, seed, what must hold of the outcome
CASES = {
    'unsynced-write-is-lost': ('os.pwrite(old, b"new", 0)' + END, POWER, 0,
                               lambda it: it.status == -9 and it.files == {'old': OLD}),
    'synced-write-stays': ('os.pwrite(old, b"new", 0); os.fdatasync(old); os.pwrite(old, b"lost", 9)' + END, POWER, 0,
                           lambda it: it.files['old'] == b'new' + OLD[3:]),
    'growth-is-lost': ('os.lseek(old, 0, os.SEEK_END); os.write(old, b"more")' + END, POWER, 0,
                       lambda it: it.files['old'] == OLD),
    'append-is-lost': ('fd = opened("old", os.O_WRONLY | os.O_APPEND); os.write(fd, b"more")' + END, 'open:3:1:power', 0,
                       lambda it: it.files['old'] == OLD),
    'truncation-is-lost': ('os.ftruncate(old, 5)' + END, POWER, 0, lambda it: it.files['old'] == OLD),
    'unsynced-file-is-not-there': ('os.write(opened("new"), b"x")' + END, 'open:3:1:power', 0,
                                   lambda it: it.files == {'old': OLD}),
    'synced-file-is-there': ('fd = opened("new"); os.write(fd, b"x"); os.fsync(fd)' + END, 'open:3:1:power', 0,
                             lambda it: it.files == {'old': OLD, 'new': b'x'}),
    'unsynced-rename-is-undone': (
        'fd = opened("new"); os.write(fd, b"x"); os.fsync(fd); os.rename(top + "/new", top + "/old")' + END, 'open:3:1:power', 0,
        lambda it: it.files == {'old': OLD, 'new': b'x'}),
    'linked-file-has-what-was-synced': (
        'fd = opened("new"); os.write(fd, b"x"); os.fsync(fd); os.write(fd, b"lost"); os.link(top + "/new", top + "/name");'
        ' os.unlink(top + "/new"); sync_names()' + END,
        'open:4:1:power', 0, lambda it: it.files == {'old': OLD, 'name': b'x'}),
    'synced-rename-stays': (
        'fd = opened("new"); os.write(fd, b"x"); os.fsync(fd); os.rename(top + "/new", top + "/old"); sync_names()' + END,
        'open:4:1:power', 0, lambda it: it.files == {'old': b'x'}),
    'some-of-it-may-stay': ('for i in range(0, 2048, 512): os.pwrite(old, b"n" * 512, i)' + END, POWER, 3,
                            lambda it: is_mixed(it.files['old']) and b'n' in it.files['old'] and b'o' in it.files['old']),
    'lying-sync-keeps-nothing': ('os.pwrite(old, b"new", 0); os.fsync(old); os.kill(os.getpid(), 9)', 'sync:1:0:lie', 0,
                                 lambda it: it.files['old'] == b'new' + OLD[3:]),
    'fails-once': ('print(error(os.write, old, b"ab"), error(os.write, old, b"cd"))', 'write:1:1:ENOSPC', 0,
                   lambda it: it.output == '28 0' and it.files['old'][:2] == b'cd'),
    'fails-for-a-while': ('print(*[error(os.fsync, old) for i in range(5)])', 'sync:2:3:EIO', 0,
                          lambda it: it.output == '0 5 5 5 0'),
    'fails-for-ever': ('print(*[error(os.fsync, old) for i in range(4)])', 'sync:2:0:EIO', 0, lambda it: it.output == '0 5 5 5'),
    'writes-half': ('print(os.write(old, b"abcd"))', 'write:1:1:short', 0,
                    lambda it: it.output == '2' and it.files['old'] == b'ab' + OLD[2:]),
    'open-fails': ('print(error(opened, "new"))', 'open:2:1:EIO', 0, lambda it: it.output == '5' and 'new' not in it.files),
    'rename-fails': ('print(error(os.rename, top + "/old", top + "/new"))', 'rename:1:1:ENOSPC', 0,
                     lambda it: it.output == '28' and it.files == {'old': OLD}),
    'remove-fails': ('print(error(os.unlink, top + "/old"))', 'remove:1:1:EIO', 0,
                     lambda it: it.output == '5' and it.files == {'old': OLD}),
    'kills-before-the-call': ('os.write(old, b"ab"); os.write(old, b"cd")', 'write:2:1:kill', 0,
                              lambda it: it.status == -9 and it.files['old'] == b'ab' + OLD[2:]),
    'other-files-are-left-alone': (
        'fd = os.open(outside, os.O_WRONLY | os.O_CREAT, 0o600); print(error(os.write, fd, b"x"), error(os.fsync, fd))' + END,
        'write:1:0:EIO', 0, lambda it: it.output == '0 0' and it.outside == b'x'),
}


def main():
    library = os.path.abspath(sys.argv[1])
    results = []
    for name, (script, fault, seed, holds) in CASES.items():
        outcome = Outcome(library, script, fault, seed)
        problem = 'status {}, output {!r}, files {}'.format(
            outcome.status, outcome.output, {key: value[:40] for key, value in outcome.files.items()})
        results.append(('fault/' + name, [] if holds(outcome) else [problem]))
    return print_cases(results)


sys.exit(main())
