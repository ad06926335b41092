# webdriver.py: a headless Chromium, driven over the WebDriver protocol with nothing but the standard library
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--window-size=1280,1000']
KEYS = {'Tab': '\ue004', 'Enter': '\ue007', 'Escape': '\ue00c', 'Down': '\ue015', 'Space': ' '}
PATIENCE_S = 20


def why_not():
    """Why there can be no browser here; None: there can."""
    for program in ('chromium', 'chromedriver'):
        if shutil.which(program) is None:
            return program + ' is not installed'
    return None


class Failure(Exception):
    pass


class Browser:
    """One browser with a profile of its own that is gone with it."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix='runtime-broker-web-')
        self.driver = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.base = 'http://127.0.0.1:{}'.format(self.read_port())
        self.session = None
        options = {'binary': shutil.which('chromium'), 'args': ARGUMENTS + ['--user-data-dir=' + self.profile]}
        answer = self.call('POST', '/session', {'capabilities': {'alwaysMatch': {'browserName': 'chrome', 'goog:chromeOptions': options}}})
        self.session = '/session/' + answer['sessionId']

    def read_port(self):
        for line in self.driver.stdout:
            found = re.search(r'started successfully on port (\d+)', line)
            if found:
                return int(found.group(1))
        raise Failure('chromedriver does not start')

    def close(self):
        try:
            if self.session is not None:
                self.call('DELETE', self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, path, body=None):
        data = None if method in ('GET', 'DELETE') else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {'Content-Type': 'application/json'}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)['value']
        except urllib.error.HTTPError as error:
            raise Failure(json.load(error)['value']['message'].split('\n')[0]) from None

    def ask(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def go(self, url):
        # The same address with another fragment would be no navigation.
        self.ask('POST', '/url', {'url': 'about:blank'})
        self.ask('POST', '/url', {'url': url})

    def run(self, script, *arguments):
        return self.ask('POST', '/execute/sync', {'script': script, 'args': list(arguments)})

    def run_async(self, script, *arguments):
        return self.ask('POST', '/execute/async', {'script': script, 'args': list(arguments)})

    def chrome(self, command, **parameters):
        return self.ask('POST', '/goog/cdp/execute', {'cmd': command, 'params': parameters})

    def find(self, selector):
        return self.ask('POST', '/element', {'using': 'css selector', 'value': selector})[ELEMENT]

    def text(self, selector):
        return self.run('return document.querySelector(arguments[0])?.textContent ?? ""', selector)

    def click(self, selector):
        """Where the mouse would: what is hidden or covered cannot be clicked."""
        self.ask('POST', '/element/{}/click'.format(self.find(selector)), {})

    def press(self, *keys):
        actions = []
        for key in keys:
            for char in KEYS.get(key, key):
                actions += [{'type': 'keyDown', 'value': char}, {'type': 'keyUp', 'value': char}]
        self.ask('POST', '/actions', {'actions': [{'type': 'key', 'id': 'keyboard', 'actions': actions}]})

    def wait(self, what, script, *arguments):
        """Until @script returns something true, which is returned."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            value = self.run(script, *arguments)
            if value:
                return value
            time.sleep(0.03)
        raise Failure('still waiting for ' + what)

    def wait_text(self, selector, part):
        return self.wait('"{}" in {} (which says "{}")'.format(part, selector, self.text(selector)),
                         'return [...document.querySelectorAll(arguments[0])].some(node => node.checkVisibility() && '
                         'node.textContent.includes(arguments[1]))', selector, part)
