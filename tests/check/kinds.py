# kinds.py: emitters, upstreams and spawn drivers: a good one passes rb-module-check; each bad one fails it, for its own reason
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import sys

from check import Checker, expect_failures

# Kind -> what a module breaks -> the cases that say so, and what is said.
BAD = {
    'emitter': {
        'changes-its-mind': ({'emitter/authority'}, 'changes its mind'),
        'no-error': ({'emitter/odd'}, 'failed without an error'),
        'foreign-error': ({'emitter/odd'}, 'not RB_ERROR'),
        'odd-code': ({'emitter/kinds'}, 'it may be NOT_SUPPORTED'),
        'drops-some': ({'emitter/many'}, "'emit' was not answered"),
        'repeats': ({'emitter/heard'}, '2 were heard'),
        'early': ({'emitter/early'}, 'before the start succeeded'),
        'forgives': ({'emitter/refused'}, 'It was refused, and'),
        'terminal': ({'emitter/failing'}, 'not UNAVAILABLE or TIMED_OUT'),
        'no-status': ({'emitter/failing', 'emitter/refused'}, "has no 'status'"),
        'cancel-unanswered': ({'emitter/silence'}, 'is not answered'),
        'optimist': ({'emitter/silence'}, 'Nobody answered, and'),
        'blocks': ({'emitter/blocking'}, 'held the main loop'),
        'stop-unanswered': ({'emitter/stop'}, 'never answered'),
        'other-thread': ({'emitter/many'}, 'on another thread'),
    },
    'upstream': {
        'no-subject': ({'upstream/calls'}, "has no 'subjectId'"),
        'no-heartbeat': ({'upstream/lease'}, "'heartbeat' failed"),
        'wrong-type': ({'upstream/calls'}, "is of the type 's', not 'b'"),
        'empty-handed': ({'upstream/features'}, "offers 'candidates', and does not"),
        'no-error': ({'upstream/odd'}, 'failed without an error'),
        'foreign-error': ({'upstream/odd'}, 'not RB_ERROR'),
        'unknown-code': ({'upstream/odd'}, 'which RbError does not have'),
        'blocks': ({'upstream/blocking'}, 'held the main loop'),
        'early': ({'upstream/early'}, 'before the start succeeded'),
        'stop-unanswered': ({'upstream/stop'}, 'never answered'),
        'cancel-unanswered': ({'upstream/cancel'}, 'is not answered'),
        'success-and-error': ({'upstream/many'}, 'succeeded and set an error'),
    },
    'spawn-driver': {
        'handles-all': ({'spawn-driver/kinds'}, 'a kind that nobody knows'),
        'no-reason': ({'spawn-driver/kinds'}, 'false without an error'),
        'unknown-starts': ({'spawn-driver/unknown'}, 'was started'),
        'no-token': ({'spawn-driver/given'}, 'no MASONS_SPAWN_TOKEN'),
        'tells-the-secret': ({'spawn-driver/given'}, "the account's secret"),
        'shell': ({'spawn-driver/prompt'}, 'A shell took the prompt'),
        'option': ({'spawn-driver/prompt'}, 'is an option'),
        'never-tells': ({'spawn-driver/exited'}, 'it is not told'),
        'tells-twice': ({'spawn-driver/exited'}, 'told 2 times'),
        'wrong-status': ({'spawn-driver/exited'}, 'the wait status is 0'),
        'ends-all': ({'spawn-driver/end'}, 'ended another runtime'),
        'gentle': ({'spawn-driver/force'}, 'does not end'),
        'leaves-children': ({'spawn-driver/force'}, 'its child goes on'),
        'dies-with-us': ({'spawn-driver/adopt'}, 'because the broker did'),
        'starts-cancelled': ({'spawn-driver/cancel'}, 'the runtime was started'),
    },
}
CONTROL = ('module/start', 'module/leaks')
HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = {
    'emitter': ('--partner', '{} {}'.format(sys.executable, os.path.join(HERE, 'paper-partner.py'))),
    'upstream': (),
    'spawn-driver': ('--spawn-kind', 'paper', '--set', 'program={runtime}'),
}
# What a directory on paper has no partner for, and what a driver need not do.
SKIPPED = {
    'emitter': set(),
    'upstream': {'upstream/control', 'upstream/refused', 'upstream/failing', 'upstream/silence'},
    'spawn-driver': {'spawn-driver/adopt'},
}


def good_case(kind):
    def run(checker):
        certificate = checker.run(kind + '-paper.so', *OPTIONS[kind])
        bad = {check['name'] for check in certificate['checks'] if check['result'] != 'passed'}
        assert bad == SKIPPED[kind], [check for check in certificate['checks'] if check['result'] != 'passed']
    run.__doc__ = 'One that keeps the contract passes every case: ' + kind
    return run


def bad_case(kind, name, cases, text):
    def run(checker):
        chosen = None if os.environ.get('RB_CHECK_FULL') else sorted(cases) + list(CONTROL)
        checker.options = OPTIONS[kind]
        expect_failures(checker, '{}-{}.so'.format(kind, name), cases, text, chosen)
    run.__doc__ = '{}: what {} does is told by {}'.format(kind, name, ', '.join(sorted(cases)))
    return run


def main():
    checker = Checker(*sys.argv[1:])
    functions = [good_case(kind) for kind in BAD]
    functions += [bad_case(kind, name, *what) for kind, faults in BAD.items() for name, what in faults.items()]
    return checker.cases(functions)


sys.exit(main())
