#!/usr/bin/env python3
# languages.py: the page in the language of whoever looks at it, all of it; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: languages.py RUNTIME_BROKERD BROKERCTL SIMULATED_UPSTREAM

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness
from network import NetworkBroker

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
OPTIONS = {'broker.spawn-drivers': 'command', 'command.kinds': 'cook', 'command.command-cook': 'sleep 600'}
# Each text of the German table between marks, so that what is written without them has not been looked up.
MARK = '''
const done = arguments[arguments.length - 1];
(async () => {
  const [language, table, texts] = await Promise.all(['language', 'de', 'texts'].map(name => import(`/ui/${name}.js`)));
  const marked = Object.entries(table.texts).map(([text, forms]) => [text, forms.map(form => `\u27e6${form}\u27e7`)]);
  language.setTable({ plural: table.plural, texts: Object.fromEntries(marked) });
  document.querySelectorAll('main ul, main ol, main dl, main tbody, dialog ol, dialog dl').forEach(node => node.replaceChildren());
  document.querySelector('#announce').replaceChildren();
  texts.fillTexts();
})().then(() => done(null), error => done(String(error)));
'''
# What names things, or what others say, has a language of its own.
UNMARKED = '''
const strip = (text) => {
  for (let before = null; before !== text;) [before, text] = [text, text.replace(/\u27e6[^\u27e6\u27e7]*\u27e7/g, '')];
  return text;
};
const isBare = (text) => /\\p{L}/u.test(strip(text));
const bad = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (node.checkVisibility() && !node.closest('[lang]:not(html), time, code, script, noscript, h1') && isBare(walker.currentNode.data)) {
    bad.push(walker.currentNode.data.trim());
  }
}
for (const node of document.querySelectorAll('[aria-label], [title], [alt], [placeholder]')) {
  for (const name of ['aria-label', 'title', 'alt', 'placeholder']) {
    if (node.hasAttribute(name) && node.checkVisibility() && !node.closest('time, [lang]:not(html)') && isBare(node.getAttribute(name))) {
      bad.push(`${name}: ${node.getAttribute(name)}`);
    }
  }
}
return bad;
'''


def speak(test, languages):
    agent = test.browser.run('return navigator.userAgent')
    test.browser.chrome('Network.setUserAgentOverride', userAgent=agent, acceptLanguage=languages)


def test_chosen(test):
    """The first language of the browser's that there is; dates and numbers are written as there; else English"""
    for languages, lang, log_out in (('de-AT,de,en', 'de', 'Abmelden'), ('fr', 'fr', 'Se déconnecter'), ('es,fr-CA,de', 'fr', 'Se déconnecter'),
                                     ('es', 'en', 'Log out'), ('en-US,de', 'en', 'Log out')):
        speak(test, languages)
        test.browser.go(test.broker.ticket_url())
        test.browser.wait_text('#logout', log_out)
        assert test.browser.run('return document.documentElement.lang') == lang
    speak(test, 'de')
    test.browser.go(test.broker.ticket_url())
    test.browser.wait_text('#endpoints time', 'vor ')
    test.browser.wait_text('#endpoints-title', 'Endpunkte')


def test_listed(test):
    """The page knows the languages of po/LINGUAS, and their tables have the same texts"""
    with open(os.path.join(TOP, 'po', 'LINGUAS'), encoding='utf-8') as file:
        languages = file.read().split()
    tables = test.browser.run_async('const [names, done] = arguments;'
                                    'Promise.all(names.map(name => import(`/ui/${name}.js`))).then(all => done(all.map(table => Object.keys(table.texts))))',
                                    languages)
    assert all(sorted(table) == sorted(tables[0]) and len(table) > 100 for table in tables), [len(table) for table in tables]
    chosen = test.browser.run_async('const [names, done] = arguments; import("/ui/language.js").then(m => done(names.map(name => m.choose([name]).name)))',
                                    languages)
    assert chosen == languages, chosen


def test_plurals(test):
    """One and many are told apart as each language does it"""
    forms = '''const [lang, done] = arguments;
    Promise.all([import('/ui/language.js'), import(`/ui/${lang}.js`)]).then(([language, table]) => {
      language.setTable(table);
      done([0, 1, 2].map(n => language.ngettext('%s message changed in the inbox.', '%s messages changed in the inbox.', n)));
    });'''
    german = test.browser.run_async(forms, 'de')
    french = test.browser.run_async(forms, 'fr')
    assert german[0] == german[2] != german[1], german
    assert french[0] == french[1] != french[2], french


def fill(test):
    """Something in each part of the page."""
    network = test.broker.network
    network.ask_spawn('cook', 'a soup')
    network.tell('fault', request='POST /v1/runtime/undispatched-changed', kind='status', status=422, times=1)
    network.tell('deliver', id='w0', **{'from': 'bob@sim', 'content': 'is over'})
    test.broker.run('spawn', 'cook', 'an egg')
    test.broker.wait(lambda: test.broker.view('dead-letters'), 'the dead letter')
    network.tell('deliver', id='w1', **{'from': 'bob@sim', 'content': 'waits here'})
    test.broker.wait(lambda: any(row['id'] == 'w1' for row in test.broker.view('inbox')), 'the message')
    test.broker.run('policy', 'set', 'hold', '*@sim')
    network.tell('deliver', id='w2', **{'from': 'carla@sim', 'content': 'may I?'})
    test.broker.wait(lambda: test.broker.view('held'), 'the held message')


def test_untranslated(test):
    """No text is left that nobody can translate: lists, forms, dialogs, the log-in"""
    speak(test, 'en')
    test.open(harness.SOCKETS)
    fill(test)
    assert test.browser.run_async(MARK) is None
    test.browser.run('window.sockets.at(-1).close()')
    for selector in ('#facts > div', '#held > li', '#needs-list > li + li', '#inbox > li', '#endpoints > tr', '#runtimes > tr', '#modules > tr',
                     '#counters > li', '#limits > li'):
        test.wait_for(selector)
    test.browser.wait_text('#link', '\u27e6Live')
    bad = test.browser.run(UNMARKED)
    test.browser.click('#inbox .quiet')
    test.browser.wait_text('#ladder-steps', 'stored')
    bad += test.browser.run(UNMARKED)
    test.browser.press('Escape')
    test.browser.click('#runtimes .show-log')
    test.browser.wait_text('#log-note', '\u27e6')
    bad += test.browser.run(UNMARKED)
    test.browser.press('Escape')
    test.browser.click('#runtimes .stop:not([hidden])')
    bad += test.browser.run(UNMARKED)
    test.browser.press('Escape')
    test.browser.click('#words')
    test.browser.press('waits', 'Enter')
    test.browser.wait_text('#found', 'bob@sim')
    bad += test.browser.run(UNMARKED)
    test.browser.click('#logout')
    test.wait_for('#gate')
    bad += test.browser.run(UNMARKED)
    assert not bad, bad


def test_narrow(test):
    """Longer words do not make it wider than a small window"""
    for languages in ('de', 'fr'):
        speak(test, languages)
        test.browser.go(test.broker.ticket_url())
        test.wait_for('#runtimes > tr')
        test.browser.chrome('Emulation.setDeviceMetricsOverride', width=360, height=800, deviceScaleFactor=1, mobile=False)
        wide = test.browser.run('return [document.documentElement.scrollWidth, document.documentElement.clientWidth]')
        test.browser.chrome('Emulation.clearDeviceMetricsOverride')
        assert wide[0] <= wide[1], wide


TESTS = (test_chosen, test_listed, test_plurals, test_untranslated, test_narrow)


def start():
    broker = NetworkBroker(*sys.argv[1:4], *(part for name, value in OPTIONS.items() for part in ('--set', '{}={}'.format(name, value))))
    broker.attach('quick', 'false')
    return broker


sys.exit(harness.main(start, TESTS))
