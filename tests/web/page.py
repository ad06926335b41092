#!/usr/bin/env python3
# page.py: the web page in a real browser, with real clicks and keys: logging in, messages, strangers; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: page.py RUNTIME_BROKERD BROKERCTL

import http.server
import json
import os
import sys
import threading
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import checks
import harness
from broker import Broker

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>'
HELD = '#held [data-key="{}"] {}'
# Far above what it takes (a tenth of it), for machines that do much else meanwhile.
PAINT_MAX_MS = 3000


def test_login(test):
    """A ticket lets the page in; it does not stay in the address, and the page is painted soon"""
    url = test.broker.ticket_url()
    test.browser.go(url)
    test.browser.wait_text('#link', 'Live')
    assert test.browser.run('return location.hash') == ''
    assert test.browser.run('return document.cookie') == ''
    test.browser.wait_text('#facts', 'online')
    test.browser.wait_text('#endpoints', 'quick')
    paint = test.browser.run('return performance.getEntriesByName("first-contentful-paint")[0].startTime')
    print('# first contentful paint after {:.0f} ms'.format(paint))
    assert paint < PAINT_MAX_MS
    return url


def test_second_use(test):
    """A ticket that was used, and one that never was one, show how to get another"""
    used = test.broker.ticket_url()
    test.browser.go(used)
    test.browser.wait_text('#link', 'Live')
    test.browser.run('sessionStorage.clear()')
    for url in (used, used[:-4] + 'AAAA', used.split('#')[0]):
        test.browser.go(url)
        test.browser.wait_text('#gate', 'brokerctl open')
        assert test.browser.text('#link') == 'Not logged in'
        assert test.browser.run('return document.querySelector("#main").checkVisibility()') is False


def test_reload(test):
    """The page stays logged in when it is loaded again, and logs out when it is told to"""
    test.open()
    test.browser.ask('POST', '/refresh')
    test.browser.wait_text('#link', 'Live')
    test.browser.click('#logout')
    test.browser.wait_text('#gate', 'You logged out')
    test.browser.ask('POST', '/refresh')
    test.browser.wait_text('#gate', 'brokerctl open')


def test_live(test):
    """A message shows up by itself, as text whatever it says, and is announced"""
    test.open()
    message_id = test.send('hello ' + HOSTILE)
    assert HOSTILE[:20] in test.browser.text(test.row(message_id, '.preview'))
    test.browser.wait_text('#announce', 'waits in the inbox')
    test.browser.click(test.row(message_id, '.quiet'))
    test.browser.wait_text('#ladder-steps', 'received')
    assert test.browser.run('return [window.hacked ?? 0, document.querySelectorAll("#inbox img, #inbox script, dialog img").length]') == [0, 0]
    test.browser.press('Escape')
    test.broker.run('dispatch', message_id, 'quick')
    test.wait_gone(message_id)


def test_mouse(test):
    """By mouse: a message is given to the endpoint that is chosen, which shows on the time line, and its ladder tells it"""
    test.open()
    message_id = test.send()
    test.browser.click(test.row(message_id, 'select'))
    test.browser.click(test.row(message_id, 'option:nth-child({})'.format(1 + choices(test, message_id).index('slow'))))
    test.browser.click(test.row(message_id, 'form button'))
    test.wait_gone(message_id)
    test.browser.wait_text('#assignments .with', 'slow')
    test.browser.click('#assignments tr:first-child button')
    test.browser.wait_text('#ladder-steps', 'accepted')
    test.browser.wait_text('#ladder-facts', 'a person dispatched it')
    assert test.browser.run('return document.querySelector("dialog").matches(":modal")')
    test.browser.click('#ladder-close')
    assert test.browser.run('return document.querySelector("dialog").open') is False


def choices(test, message_id):
    return test.browser.run('return [...document.querySelectorAll(arguments[0])].map(node => node.textContent)', test.row(message_id, 'option'))


def test_keyboard(test):
    """By keys alone: along the page to the message, chosen, given, and on to the next one"""
    test.open()
    first = test.send('first')
    second = test.send('second')
    test.browser.run('document.activeElement.blur(); window.scrollTo(0, 0)')
    for _ in range(20):
        test.browser.press('Tab')
        if test.browser.run('return document.activeElement.matches(arguments[0])', test.row(first, 'select')):
            break
    else:
        raise AssertionError('Tab does not come to the message')
    outline = test.browser.run('return getComputedStyle(document.activeElement).outlineStyle')
    assert outline == 'solid', 'the focus cannot be seen: ' + outline
    test.browser.press('qu', 'Tab', 'Enter')
    test.wait_gone(first)
    test.browser.wait('the focus on the next message', 'return document.activeElement.matches(arguments[0])', test.row(second, 'select'))
    test.browser.press('Tab', 'Tab', 'Enter')
    test.browser.wait_text('#ladder-steps', 'stored')
    test.browser.press('Escape')
    assert test.browser.run('return document.activeElement.matches(arguments[0])', test.row(second, '.quiet'))
    test.broker.run('dispatch', second, 'quick')
    test.wait_gone(second)


def test_search(test):
    """What is over is found by its words, and the words are marked"""
    test.open()
    message_id = test.send('where is the pomegranate')
    test.broker.run('dispatch', message_id, 'quick')
    test.wait_gone(message_id)
    test.browser.click('#words')
    test.browser.press('pomegranate', 'Enter')
    test.browser.wait_text('#found mark', 'pomegranate')
    test.browser.click('#found button')
    test.browser.wait_text('#ladder-facts', message_id)
    test.browser.press('Escape')


def test_refused(test):
    """What the broker refuses is said beside the message, and may be tried again"""
    test.open()
    message_id = test.send()
    test.browser.run('document.querySelector(arguments[0]).selectedOptions[0].value = "gone"', test.row(message_id, 'select'))
    test.browser.click(test.row(message_id, 'form button'))
    test.browser.wait_text(test.row(message_id, '.error'), 'could not be dispatched')
    assert test.browser.run('return document.querySelector(arguments[0]).disabled', test.row(message_id, 'form button')) is False
    test.broker.run('dispatch', message_id, 'quick')
    test.wait_gone(message_id)


POLICY = '''
const [path, body, done] = arguments;
fetch('/v1/operator/policy' + path, { method: 'POST', body: JSON.stringify(body),
  headers: { Authorization: 'Page ' + sessionStorage.getItem('runtime-broker-session') } }).then(answer => answer.json()).then(done);
'''


def test_held(test):
    """What a rule holds is in no inbox until a person lets it in; what is refused is gone"""
    test.open()
    rule = test.browser.run_async(POLICY, '', {'what': 'message', 'sender': 'default@local', 'action': 'hold'})
    accepted = test.broker.send('may I come in? ' + HOSTILE)
    refused = test.broker.send('and I?')
    for message_id in (accepted, refused):
        test.browser.wait('the held message', 'return document.querySelector(arguments[0]) !== null', HELD.format(message_id, ''))
        test.wait_gone(message_id)
    test.browser.wait_text('#needs', 'a rule says')
    assert test.browser.run('return document.querySelectorAll("#held img, #held script").length') == 0
    test.browser.click(HELD.format(accepted, '[type=submit]'))
    test.browser.wait('it in the inbox', 'return document.querySelector(arguments[0]) !== null', test.row(accepted))
    test.browser.click(HELD.format(refused, '[type=button]'))
    test.browser.wait('it to go', 'return document.querySelector(arguments[0]) === null', HELD.format(refused, ''))
    test.browser.wait('nothing to need anybody', 'return document.querySelector("#needs").hidden')
    test.browser.run_async(POLICY, '/remove', {'id': rule['id']})
    test.broker.run('dispatch', accepted, 'quick')
    test.wait_gone(accepted)


def test_restart(test):
    """A restart of the broker shows, and mends by itself"""
    test.open()
    test.browser.run('window.seen = []; new MutationObserver(() => seen.push(document.querySelector("#link").textContent))'
                     '.observe(document.querySelector("#link"), { childList: true, characterData: true, subtree: true })')
    test.broker.run('restart')
    test.browser.wait('the link to break and to mend', 'return seen.includes("Reconnecting") && seen.at(-1) === "Live"')
    message_id = test.send('after the restart')
    test.broker.run('dispatch', message_id, 'quick')
    test.wait_gone(message_id)


FOREIGN = '''
const [base, ticket, session, done] = arguments;
const results = {};
const tries = {
  read: () => fetch(base + '/v1/operator/status', { headers: { Authorization: 'Page ' + session } }),
  post: () => fetch(base + '/v1/operator/dispatch', { method: 'POST', body: '{}', headers: { Authorization: 'Page ' + session } }),
  login: () => fetch(base + '/ui/login', { method: 'POST', body: JSON.stringify({ ticket }) }),
  simple: () => fetch(base + '/ui/login', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ ticket }) }),
  script: () => new Promise((resolve, reject) => {
    const node = document.createElement('script');
    node.src = base + '/ui/main.js';
    node.onload = () => resolve({ type: 'loaded' });
    node.onerror = reject;
    document.head.append(node);
  }),
  socket: () => new Promise((resolve, reject) => {
    const socket = new WebSocket(base.replace('http', 'ws') + '/ui/live', ['runtime-broker.page.1', 'session.' + session]);
    socket.onopen = () => resolve({ type: 'open' });
    socket.onerror = reject;
  }),
};
Promise.all(Object.entries(tries).map(async ([name, attempt]) => {
  try { results[name] = (await attempt()).type; } catch { results[name] = 'refused'; }
})).then(() => done(results));
'''


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(b'<!doctype html><title>elsewhere</title>')

    def log_message(self, *arguments):
        pass


def test_foreign(test):
    """A page of somebody else, even on this machine and with a session, gets nothing: no answer, no login, no WebSocket, no script"""
    test.open()
    session = test.browser.run('return sessionStorage.getItem("runtime-broker-session")')
    url = test.broker.ticket_url()
    base, ticket = url.split('/ui/#ticket=')
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        test.browser.go('http://127.0.0.1:{}/'.format(server.server_port))
        results = test.browser.run_async(FOREIGN, base, ticket, session)
    finally:
        server.shutdown()
        server.server_close()
    # What is sent without asking cannot be kept from being sent: it is refused, and its answer is not to be read.
    assert results.pop('simple') in ('opaque', 'refused'), results
    assert set(results.values()) == {'refused'}, results
    test.browser.go(url)
    test.browser.wait_text('#link', 'Live')


def test_foreign_host(test):
    """By a name that is not ours the page does not exist"""
    request = urllib.request.Request(test.broker.ticket_url().split('#')[0], headers={'Host': 'evil.example'})
    try:
        urllib.request.urlopen(request)
        raise AssertionError('served')
    except urllib.error.HTTPError as error:
        assert error.code == 403 and json.load(error)['error'] == 'forbidden_host'


def test_accessible(test):
    """Everything that can be used has a role and a name; landmarks and headings are in order; tables have heads; text is readable, light and dark"""
    test.open()
    message_id = test.send('for the look of it')
    busy = test.send('to be worked on')
    test.broker.run('dispatch', busy, 'slow')
    test.browser.wait_text('#assignments .with', 'slow')
    problems = checks.check_tree(test.browser) + checks.check_page(test.browser) + checks.check_axe(test.browser)
    for scheme in ('light', 'dark'):
        checks.set_scheme(test.browser, scheme)
        problems += checks.check_contrast(test.browser, scheme)
    test.browser.click(test.row(message_id, '.quiet'))
    test.browser.wait_text('#ladder-steps', 'received')
    problems += checks.check_contrast(test.browser, 'dark, ladder')
    test.browser.press('Escape')
    assert not problems, problems
    test.broker.run('dispatch', message_id, 'quick')


def test_killed(test):
    """A broker that is gone shows; the next one is at the same port, but knows nobody, and the page says how to log in again"""
    test.open()
    test.broker.stop(kill=True)
    test.browser.wait_text('#link', 'Reconnecting')
    port = test.browser.run('return location.port')
    test.broker.start()
    assert test.broker.ticket_url().startswith('http://127.0.0.1:{}/'.format(port)), 'it is at another port'
    test.browser.wait_text('#gate', 'started again')
    test.browser.wait_text('#gate', 'brokerctl open')
    test.open()
    test.browser.wait_text('#assignments .with', 'slow')


TESTS = (test_login, test_second_use, test_reload, test_live, test_mouse, test_keyboard, test_search, test_refused, test_held, test_restart,
         test_foreign, test_foreign_host, test_accessible, test_killed)


def start():
    broker = Broker(*sys.argv[1:3])
    # One that never replies: a reply would be a message to ourselves again.
    broker.attach('quick', 'false')
    broker.attach('slow', 'sleep 600')
    return broker


sys.exit(harness.main(start, TESTS))
