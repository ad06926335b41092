# connectors.py: a good connector passes rb-module-check; each bad one fails it, for its own reason
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import sys

from check import Checker, expect_failures

# What a module breaks -> the cases that say so, and what is said. Beside them the cases of CONTROL run, and pass.
BAD = {
    'no-summary': ({'module/info'}, 'has no summary'),
    'opens-in-constructor': ({'module/construct'}, 'opens files'),
    'holds-itself': ({'module/configure', 'module/settings'}, 'never freed'),
    'foreign-setting': ({'module/settings'}, 'not RB_ERROR'),
    'stop-unstarted': ({'module/stop-unstarted'}, "'stop' was not answered"),
    'stop-while-starting': ({'module/stop-anytime'}, "'start' was not answered"),
    'cancelled-start': ({'module/cancel-start'}, 'although it was cancelled'),
    'blocks-start': ({'module/blocking'}, 'held the main loop'),
    'answers-twice': ({'module/start', 'module/stop-anytime'}, 'answered 2 times'),
    'leaks-files': ({'module/leaks', 'connector/leaks'}, 'file descriptors became'),
    'connected-twice': ({'connector/connected'}, "'connected' 2 times"),
    'delivers-early': ({'connector/quiet'}, 'before it was started'),
    'mangles': ({'connector/message'}, 'The content came as'),
    'numbers-down': ({'connector/order'}, 'came after the number'),
    'ignores-window': ({'connector/window'}, 'in a window of 3'),
    'ignores-bytes': ({'connector/bytes'}, 'in a window of 5000'),
    'loses-accept': ({'connector/accept'}, 'came again'),
    'loses-released': ({'connector/release'}, 'does not come again'),
    'no-backoff': ({'connector/backoff'}, 'there is no backoff'),
    'forgets-undecided': ({'connector/redelivery'}, 'does not come again'),
    'never-reconnects': ({'connector/reconnect'}, 'does not connect again'),
    'blocks-send': ({'connector/blocking'}, "'send_async' held the main loop"),
    'other-thread': ({'connector/threads'}, 'on another thread'),
    'sends-twice': ({'connector/send', 'connector/send-many'}, 'is there twice'),
    'sends-early': ({'connector/send-early'}, 'another code than RB_ERROR_UNAVAILABLE'),
    'foreign-error': ({'connector/errors'}, 'not RB_ERROR'),
    'no-error': ({'connector/errors'}, 'failed without an error'),
    'error-and-success': ({'connector/cancel'}, 'succeeded and set an error'),
    'no-details': ({'connector/refused'}, "has no 'connector_code'"),
    'cancel-unanswered': ({'connector/cancel', 'connector/silence'}, 'not answered'),
    'sure-of-silence': ({'connector/silence'}, 'OUTCOME_UNKNOWN'),
    'stop-unanswered': ({'connector/stop'}, 'never answered'),
    'talks-after-stop': ({'connector/stop'}, "'disconnected' after it was stopped"),
    'crashes': ({'connector/release'}, 'It crashed'),
    'critical': ({'connector/release'}, 'A library complained'),
    'never-returns': ({'connector/send'}, 'something never returns'),
}
CONTROL = ('module/start', 'connector/message', 'connector/send-early')


def good(checker):
    """A connector that keeps the contract passes every case"""
    certificate = checker.run('connector-spool.so', '--strict')
    failed = [check for check in certificate['checks'] if check['result'] != 'passed']
    assert not failed and certificate['complete'] and certificate['result'] == 'passed', failed


def bad_case(name, cases, text):
    def run(checker):
        chosen = None if os.environ.get('RB_CHECK_FULL') else sorted(cases) + [case for case in CONTROL if case not in cases]
        expect_failures(checker, 'connector-' + name + '.so', cases, text, chosen)
    run.__doc__ = 'What {} does is told by {}'.format(name, ', '.join(sorted(cases)))
    return run


def main():
    program, modules = sys.argv[1:]
    partner = '{} {}'.format(sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'spool-partner.py'))
    checker = Checker(program, modules, '--partner', partner)
    return checker.cases([good] + [bad_case(name, *what) for name, what in BAD.items()])


sys.exit(main())
