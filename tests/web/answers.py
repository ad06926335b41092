#!/usr/bin/env python3
# answers.py: what waits for a person besides messages, and what runs here: asked, answered, stopped on the page; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: answers.py RUNTIME_BROKERD BROKERCTL SIMULATED_UPSTREAM

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import checks
import harness
from network import NetworkBroker

PROMPT = 'please review this <b>now</b>, and mind the \u202egnp.exe'
OPTIONS = {
    'broker.spawn-drivers': 'command',
    'command.kinds': 'reviewer;cook;stubborn',
    'command.command-reviewer': 'sh -c "echo the reviewer is here; exec sleep 600"',
    'command.command-cook': 'sh -c "echo burnt; exit 3"',
    'command.command-stubborn': 'sh -c "exec sleep 600"',
    'spawn.approval': 'ask',
}


def need_of(answer):
    return '#needs-list [data-key="spawn:{}"]'.format(answer['idempotency_key'])


def button(row, text):
    return row + ' button[data-deed="{}"]'.format(text)


def wait_gone(test, selector):
    test.browser.wait(selector + ' to go', 'return document.querySelector(arguments[0]) === null', selector)


def runtime_of(test, kind):
    """The row of the one that runs."""
    rows = test.broker.view('runtimes')
    return '#runtimes [data-key="{}"]'.format(next(row['id'] for row in rows if row['runtime_kind'] == kind))


def wait_runtime(test, kind):
    test.broker.wait(lambda: any(row['runtime_kind'] == kind for row in test.broker.view('runtimes')), kind)
    row = runtime_of(test, kind)
    test.wait_for(row)
    return row


def test_approve(test):
    """A runtime that the network asks for shows up by itself, with what it would be told as text, and starts when a person says so"""
    test.open()
    row = need_of(test.broker.network.ask_spawn('reviewer', PROMPT))
    test.wait_for(row)
    test.browser.wait_text('#announce', 'waits for you')
    assert '\\u{202e}gnp' in test.browser.text(row + ' .what')
    test.browser.click(row + ' summary')
    test.browser.wait_text(row + ' pre', '<b>now</b>')
    assert test.browser.run('return document.querySelector(arguments[0]).children.length', row + ' pre') == 0
    test.browser.click(button(row, 'approve'))
    wait_gone(test, row)
    runtime = wait_runtime(test, 'reviewer')
    test.browser.wait_text(runtime + ' .memory', 'B')
    assert test.browser.text(runtime + ' .process').isdigit()


def test_log(test):
    """What a runtime wrote is shown, as text"""
    runtime = runtime_of(test, 'reviewer')
    test.browser.click(runtime + ' .show-log')
    test.browser.wait_text('#log-text', 'the reviewer is here')
    test.browser.press('Escape')
    assert test.browser.run('return document.activeElement.matches(arguments[0])', runtime + ' .show-log')


def test_stop(test):
    """Stopping asks first; by keys and by mouse, and Escape or Cancel stop nothing"""
    runtime = runtime_of(test, 'reviewer')
    pid = int(test.browser.text(runtime + ' .process'))
    test.browser.click(runtime + ' .stop')
    test.browser.wait_text('#stop-name', 'reviewer')
    assert test.browser.text(':focus') == 'Cancel'
    test.browser.press('Enter')
    test.browser.wait('it to close', 'return !document.querySelector("#stop").open')
    test.browser.click(runtime + ' .stop')
    test.browser.press('Escape')
    assert os.path.exists('/proc/{}'.format(pid))
    test.browser.click(runtime + ' .stop')
    test.browser.press('Tab', 'Enter')
    test.browser.wait_text(runtime + ' .state', 'ended')
    test.broker.wait(lambda: not os.path.exists('/proc/{}'.format(pid)), 'its end')
    assert test.browser.run('return document.querySelector(arguments[0]).checkVisibility()', runtime + ' .stop') is False
    assert test.browser.run('return document.activeElement !== document.body'), 'the focus is lost'


def test_ended(test):
    """One that ended by itself says how, and what it wrote is still there"""
    test.broker.run('spawn', 'cook', 'an egg')
    test.browser.wait_text('#runtimes', 'exit status 3')
    row = test.browser.run('return [...document.querySelectorAll("#runtimes tr")].find(row => row.textContent.includes("exit status 3")).dataset.key')
    test.browser.click('#runtimes [data-key="{}"] .show-log'.format(row))
    test.browser.wait_text('#log-text', 'burnt')
    test.browser.click('#log-close')
    test.broker.run('spawn', 'stubborn', 'stay')


def test_deny_always(test):
    """By keys alone: no, and never again: that is a rule"""
    row = need_of(test.broker.network.ask_spawn('stubborn', 'go on'))
    test.wait_for(row)
    test.browser.run('document.querySelector(arguments[0]).focus()', row + ' summary')
    test.browser.press('Tab', 'Space', 'Tab', 'Tab', 'Enter')
    wait_gone(test, row)
    rules = test.broker.view('policy')
    assert [(rule['what'], rule['kind'], rule['action']) for rule in rules] == [('spawn', 'stubborn', 'deny')], rules
    assert test.browser.run('return document.activeElement !== document.body'), 'the focus is lost'


def test_accessible(test):
    """With something in each part of the page axe finds nothing serious, light and dark, and in dialogs neither"""
    test.wait_for(need_of(test.broker.network.ask_spawn('cook', 'a soup')))
    problems = checks.check_axe(test.browser)
    for opener in ('.show-log', '.stop:not([hidden])'):
        test.browser.click('#runtimes ' + opener)
        problems += checks.check_axe(test.browser)
        test.browser.press('Escape')
    assert not problems, problems


def test_answered_elsewhere(test):
    """What was answered elsewhere goes, and whoever was at it is not lost"""
    row = '#needs-list [data-key^="spawn:"]'
    test.browser.run('document.querySelector(arguments[0]).focus()', button(row, 'approve'))
    test.broker.run('deny', test.broker.view('spawns')[0]['id'])
    wait_gone(test, row)
    assert test.browser.run('return document.activeElement !== document.body'), 'the focus is lost'


def test_dead_letter(test):
    """An event that was refused for good is sent again"""
    test.broker.network.tell('fault', request='POST /v1/runtime/undispatched-changed', kind='status', status=422, times=1)
    test.broker.network.tell('deliver', id='m1', **{'from': 'bob@sim', 'content': 'hello'})
    test.browser.wait_text('#needs-list h3', 'refused an event')
    test.browser.click('#needs-list button[data-deed="retry"]')
    wait_gone(test, '#needs-list button[data-deed="retry"]')
    assert test.broker.view('dead-letters') == []


def test_dismiss(test):
    """Or nobody wants it sent any more"""
    test.broker.network.tell('fault', request='POST /v1/runtime/undispatched-changed', kind='status', status=422, times=1)
    test.broker.network.tell('deliver', id='m2', **{'from': 'bob@sim', 'content': 'hello'})
    test.browser.wait_text('#needs-list h3', 'refused an event')
    test.browser.click('#needs-list button[data-deed="dismiss"]')
    wait_gone(test, '#needs-list button[data-deed="retry"]')
    assert test.broker.view('dead-letters') == []


def test_failed_module_needs(test):
    """A module that does not run is among what needs a person, too"""
    test.browser.wait_text('#needs-list h3', 'A module does not run')


def test_modules(test):
    """Each module with its kind and state, and since when"""
    rows = test.browser.run('return [...document.querySelectorAll("#modules tr")].map(row => [...row.children].map(cell => cell.textContent))')
    found = {(row[1], row[0]): row for row in rows}
    for kind, name in (('connector', 'gateway'), ('upstream', 'http'), ('emitter', 'http'), ('spawn driver', 'command')):
        assert found[kind, name][2] == 'running' and 'ago' in found[kind, name][3], rows


def test_failed_module(test):
    """One that cannot be loaded says why"""
    row = test.browser.run('return [...document.querySelectorAll("#modules tr")].find(row => row.textContent.includes("no-such"))?.textContent')
    assert row is not None and 'failed' in row and len(row) > len('no-suchspawn driverfailed') + 10, row


TESTS = (test_approve, test_log, test_stop, test_ended, test_deny_always, test_accessible, test_answered_elsewhere, test_dead_letter, test_dismiss,
         test_modules, test_failed_module_needs, test_failed_module)


def start():
    options = dict(OPTIONS, **{'broker.spawn-drivers': 'command;no-such'})
    return NetworkBroker(*sys.argv[1:4], *(part for name, value in options.items() for part in ('--set', '{}={}'.format(name, value))))


sys.exit(harness.main(start, TESTS))
