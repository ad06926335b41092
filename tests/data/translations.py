#!/usr/bin/env python3
# translations.py: that programs speak the language of the session, and to scripts always the same; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: translations.py TOP-OF-THE-SOURCE-TREE FOLDER-OF-THE-PROGRAMS BUILT-DATA-FOLDER

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import cases
import session

ID = 'io.github.runtimebroker.Broker1'
# A word of the help's heading of options in each language.
LANGUAGES = {'de': 'Optionen jedes Befehls:', 'fr': 'Options de chaque commande\u00a0:'}
# What N_(), _() and the like are: as in the preset `glib` of meson.
KEYWORDS = ('_', 'N_', 'C_:1c,2', 'NC_:1c,2', 'g_dcgettext:2', 'g_dngettext:2,3', 'g_dpgettext2:2c,3')


class Texts:
    def __init__(self, top, programs, built):
        self.top, self.programs, self.built = top, programs, built
        self.scratch = tempfile.mkdtemp(prefix='rb-')
        self.env = session.make_environment(self.scratch)

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def run(self, language, *arguments):
        """What brokerctl says, on both streams, and its exit code."""
        done = subprocess.run([os.path.join(self.programs, 'brokerctl'), *arguments], env=dict(self.env, LANGUAGE=language), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding='utf-8', check=False)
        return done.stdout, done.stderr, done.returncode

    def po(self, language):
        return os.path.join(self.top, 'po', language + '.po')


def languages(texts):
    with open(os.path.join(texts.top, 'po', 'LINGUAS'), encoding='utf-8') as file:
        return [word for line in file for word in line.split('#')[0].split()]


def test_listed(texts):
    """Each translation is listed in LINGUAS, and each that is listed is there."""
    found = sorted(name[:-len('.po')] for name in os.listdir(os.path.join(texts.top, 'po')) if name.endswith('.po'))
    assert sorted(languages(texts)) == found == sorted(LANGUAGES), found


def test_formats(texts):
    """msgfmt finds nothing wrong: every %s is where it was, nothing is fuzzy."""
    cases.need('msgfmt')
    for language in languages(texts):
        said = cases.check('msgfmt', '--check', '--statistics', '--output-file=' + os.devnull, texts.po(language), env=dict(texts.env, LANGUAGE='en'))
        assert 'fuzzy' not in said, said


def test_complete(texts):
    """Every text in the source is translated as it is now, and no translation is of a text that is gone."""
    cases.need('xgettext')
    cases.need('msgcmp')
    pot = os.path.join(texts.scratch, 'fresh.pot')
    cases.check('xgettext', '--from-code=UTF-8', '--directory=' + texts.top, '--files-from=' + os.path.join(texts.top, 'po', 'POTFILES.in'),
                *('--keyword=' + keyword for keyword in KEYWORDS), '--output=' + pot)
    for language in languages(texts):
        merged = os.path.join(texts.scratch, language + '.po')
        cases.check('msgcmp', texts.po(language), pot)
        cases.check('msgmerge', '--quiet', '--no-fuzzy-matching', '--output-file=' + merged, texts.po(language), pot)
        gone = cases.check('msgattrib', '--only-obsolete', '--no-wrap', merged)
        assert '#~ msgid' not in gone, gone


def test_help(texts):
    """Help is in the language of the session, from the build folder, too."""
    for language, heading in LANGUAGES.items():
        out, error, code = texts.run(language, 'help')
        assert heading in out and code == 0 and not error, out
        assert '--account=' in out and 'brokerctl(1)' in out
    out = texts.run('en', 'help')[0]
    assert 'Options of every verb:' in out
    assert out == texts.run('xx', 'help')[0], 'a language that is not there is English'


def test_columns(texts):
    """Letters that take two bytes do not move what stands behind them."""
    for language in LANGUAGES:
        lines = [line for line in texts.run(language, 'help')[0].split('\n') if re.match(r' {2,}-', line)]
        starts = {re.match(r'(?: {2}-\w,| {5}) --\S+ +', line).end() for line in lines if len(line.split('  ')[0]) < 29}
        assert len(lines) >= 8 and min(starts) == 29, (starts, lines)


def test_refusals(texts):
    """What is refused is refused in that language, with the same exit code and the same code in brackets."""
    english, german = texts.run('en', 'no-such-verb'), texts.run('de', 'no-such-verb')
    assert german[1] != english[1] and 'no-such-verb' in german[1] and german[2] == english[2] == 2
    english, german = texts.run('en', 'status'), texts.run('de', 'status')
    assert german[1] != english[1] and '(broker_not_running)' in german[1] and german[2] == english[2] == 3


def test_json(texts):
    """With --json everything is as it is in English: names, values, remarks, exit codes."""
    for arguments in (['status'], ['no-such-verb'], ['explain', 'x'], ['config', 'explain']):
        assert texts.run('de', '--json', *arguments) == texts.run('en', '--json', *arguments), arguments
    # What is free on a disk is another number each time.
    doctors = [re.sub(r'\d+', '0', texts.run(language, 'doctor', '--json')[0]) for language in ('en', 'de')]
    assert doctors[0] == doctors[1] and '"' in doctors[0], doctors
    with session.broker(texts.programs, texts.env) as call:
        call('send', '--to', 'default@local', 'kept')
        for view in ('list', 'inbox', 'assignments', 'outbox', 'dead-letters', 'modules', 'needs', 'env'):
            answers = [texts.run(language, view, '--json') for language in ('en', 'de', 'fr')]
            assert answers[0][2] == 0 and answers[0] == answers[1] == answers[2], (view, answers)
        assert texts.run('de', 'inbox') != texts.run('en', 'inbox')
        assert 'NACHRICHT' in texts.run('de', 'inbox')[0] and 'MESSAGE' in texts.run('en', 'inbox')[0]
        statuses = [json.loads(texts.run(language, 'status', '--json')[0]) for language in ('en', 'de')]
        assert shape(statuses[0]) == shape(statuses[1])
        assert 'Netz' in texts.run('de', 'status')[0]


def shape(value):
    """Names and states, without numbers and times, which are others each time."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value]
    return value if isinstance(value, str) and not re.search(r'\d{4}-\d\d-\d\dT', value) else type(value).__name__


def test_desktop(texts):
    """Desktop file and metainfo have the languages, too."""
    with open(os.path.join(texts.built, ID + '.desktop'), encoding='utf-8') as file:
        desktop = file.read()
    with open(os.path.join(texts.built, ID + '.metainfo.xml'), encoding='utf-8') as file:
        metainfo = file.read()
    for language in LANGUAGES:
        assert re.search(r'^Comment\[{}\]=.'.format(language), desktop, re.M), desktop
        assert '<summary xml:lang="{}">'.format(language) in metainfo, metainfo


TESTS = (test_listed, test_formats, test_complete, test_help, test_columns, test_refusals, test_json, test_desktop)

if __name__ == '__main__':
    with contextlib.closing(Texts(*sys.argv[1:])) as all_texts:
        status = cases.run(TESTS, all_texts)
    sys.exit(status)
