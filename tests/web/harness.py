# harness.py: runs the tests of one program over a broker and a browser, and prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import time

from webdriver import Browser, why_not


# The page's own WebSockets, to be cut.
SOCKETS = '''
window.sockets = [];
const Real = window.WebSocket;
window.WebSocket = class extends Real { constructor(...parts) { super(...parts); window.sockets.push(this); } };
'''


class Test:
    """One broker and one browser, which the tests of a program share."""

    def __init__(self, broker, browser):
        self.broker = broker
        self.browser = browser

    def open(self, spies=None):
        """Logged in and live; @spies: what runs before anything of the page."""
        if spies is not None:
            spies = self.browser.chrome('Page.addScriptToEvaluateOnNewDocument', source=spies)['identifier']
        self.browser.go(self.broker.ticket_url())
        self.browser.wait_text('#link', 'Live')
        if spies is not None:
            self.browser.chrome('Page.removeScriptToEvaluateOnNewDocument', identifier=spies)

    def row(self, message_id, part=''):
        return '#inbox [data-key="{}"] {}'.format(message_id, part)

    def wait_for(self, selector, what=None):
        self.browser.wait(what or selector, 'return document.querySelector(arguments[0])?.checkVisibility()', selector)

    def send(self, text='a message'):
        message_id = self.broker.send(text)
        self.browser.wait('the row of the message', 'return document.querySelector(arguments[0]) !== null', self.row(message_id))
        return message_id

    def wait_gone(self, message_id):
        self.browser.wait('the row to go', 'return document.querySelector(arguments[0]) === null', self.row(message_id))


def run_all(test, tests):
    failed = 0

    print('1..{}'.format(len(tests)), flush=True)
    for number, run in enumerate(tests, 1):
        began = time.monotonic()
        name = '/web/' + run.__name__[len('test_'):].replace('_', '-')
        try:
            run(test)
            print('ok {} {}'.format(number, name), flush=True)
        except Exception as error:
            failed += 1
            print('not ok {} {}\n# {}: {}'.format(number, name, type(error).__name__, error), flush=True)
        print('# {} ({:.1f} s)'.format(run.__doc__, time.monotonic() - began), flush=True)
    return failed


def main(start, tests):
    """@start makes the broker, and what belongs to it; its close() ends all of that."""
    reason = why_not()
    if reason is not None:
        print('1..0 # SKIP ' + reason)
        return 0
    broker = start()
    browser = None
    try:
        browser = Browser()
        return 1 if run_all(Test(broker, browser), tests) else 0
    finally:
        if browser is not None:
            browser.close()
        broker.close()
