#!/usr/bin/env python3
# shots.py: the pictures of the page that the README shows, of a broker that works
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: shots.py RUNTIME_BROKERD BROKERCTL FOLDER; then: pngquant --ext .png --force --speed 1 64 FOLDER/*.png; optipng FOLDER/*.png

import base64
import json
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import checks
from broker import Broker
from webdriver import Browser

ENDPOINTS = (('editor', 'sleep 600'), ('reviewer', 'sleep 600'), ('translator', "sh -c 'sleep 3; tr a-z A-Z'"), ('night-shift', 'sleep 600'))
WORK = (
    ('anna', 'Please review the change to the parser before noon: two tests of the lexer fail on 32 bit.', 'reviewer'),
    ('ben', 'The changelog of 0.2 needs a paragraph on restarts.', 'editor'),
    ('anna', 'Guten Morgen. Can you give me the English of the invitation?', 'translator'),
    ('carla', 'Run the long benchmark tonight, and tell me if it is slower than last week.', 'night-shift'),
)
WAITING = (
    ('ben', 'Which of you has the access list of the staging host? It has to go out today.'),
    ('carla', 'Deploy of the documentation failed at 09:12: <b>no space left</b> on the build machine.'),
    ('anna', 'When you are done with the parser: the same for the printer, please.'),
)
SIZE = (1180, 1130)


class Senders:
    """Other accounts of this machine, whose brokers start when they are needed."""

    def __init__(self, broker):
        self.broker = broker
        self.accounts = set()

    def send(self, account, text):
        self.accounts.add(account)
        return self.broker.run('--account', account, 'send', '--to', 'default@local', text).stdout.split()[-1]

    def close(self):
        for account in self.accounts:
            shown = json.loads(self.broker.run('--account', account, 'env', '--json').stdout)
            os.kill(shown['pid'], signal.SIGTERM)


def play(broker, senders):
    for name, command in ENDPOINTS:
        broker.attach(name, command)
    for account, text, name in WORK:
        message_id = senders.send(account, text)
        broker.wait(lambda: any(row['id'] == message_id for row in broker.view('inbox')), 'the message')
        broker.run('dispatch', message_id, name)
        time.sleep(4)
    for account, text in WAITING:
        senders.send(account, text)
        time.sleep(1)


def shoot(browser, folder, name):
    shot = browser.chrome('Page.captureScreenshot', format='png', optimizeForSpeed=False)
    with open(os.path.join(folder, name + '.png'), 'wb') as file:
        file.write(base64.b64decode(shot['data']))


def main():
    daemon, ctl, folder = sys.argv[1:4]
    broker = Broker(daemon, ctl)
    senders = Senders(broker)
    browser = Browser()
    try:
        browser.chrome('Emulation.setDeviceMetricsOverride', width=SIZE[0], height=SIZE[1], deviceScaleFactor=1, mobile=False)
        browser.chrome('Emulation.setScrollbarsHidden', hidden=True)
        browser.go(broker.ticket_url())
        browser.wait_text('#link', 'Live')
        play(broker, senders)
        time.sleep(3)
        for scheme in ('light', 'dark'):
            checks.set_scheme(browser, scheme)
            time.sleep(0.5)
            shoot(browser, folder, 'page-' + scheme)
        checks.set_scheme(browser, 'light')
        browser.click('#assignments tr:last-child button')
        browser.wait_text('#ladder-steps', 'accepted')
        time.sleep(0.5)
        shoot(browser, folder, 'ladder')
    finally:
        browser.close()
        senders.close()
        broker.close()


main()
