#!/usr/bin/env python3
# test-rules.py: each lint rule finds what it is there to find, and lets good code pass; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import sys

sys.dont_write_bytecode = True

import code_rules
import layers
import limits
import log_names
import protocol_map
import style
from tree import Source

HEADER = '/* {}: a thing\n *\n * SPDX-License-Identifier: LGPL-2.1-or-later */\n'
READMES = {'README.md': 'x\n', 'broker/README.md': 'x\n', 'broker/core/README.md': 'x\n', 'tests/README.md': 'x\n'}


class Bench:
    """A tree made of a dictionary: path -> text."""

    def __init__(self, files):
        self.sources = [Source(path, text) for path, text in sorted(files.items())]
        self.by_path = {source.path: source for source in self.sources}

    def c_files(self):
        return [source for source in self.sources if source.suffix in ('.c', '.h')]

    def folders(self):
        return sorted({source.folder for source in self.sources})

    def header_folders(self):
        return {source.name: source.folder for source in self.sources if source.suffix == '.h'}


def c(path, body):
    return {path: HEADER.format(path.rsplit('/', 1)[1]) + body}


def every_log():
    """A file that logs everything that the npm daemon logs."""
    lines = ['rb_log_{} ("{}", NULL);\n'.format(level, name) for level, names in log_names.NAMES.items() for name in names.split()]
    return c('broker/core/rb-a.c', ''.join(lines))


def with_log(old, new):
    return {path: text.replace(old, new) for path, text in every_log().items()}


def mapped(row=None, said=None, test='core-a', source='tests/core/test-a.c'):
    """A tree whose one test says @said, with a table of one @row; without them: all sections."""
    every = ', '.join(protocol_map.all_sections())
    table = '{}\n\n| {} | all | `{}` |\n'.format(protocol_map.HEADING, row or every, test)
    return {'tests/README.md': table, source: '/* protocol.md {}. */\n'.format(said or every)}


def bounded(row='| `box` | things | 3 | pushes back | refused |', code='{ "box", "things", RB_BOUND_PUSHES_BACK, "refused" }',
            test='{ "box", drive_box },'):
    """A tree with one bound, its row and its test."""
    return {'broker/README.md': '{}\n\n{}\n'.format(limits.HEADING, row), 'broker/core/rb-a.c': code, 'tests/core/test-a.c': test}


# rule -> (what it must refuse, what it must accept)
CASES = {
    'limits': (
        [bounded(row=''), bounded(row='| `box` | things | 3 | forgets | refused |'), bounded(row='| `box` | others | 3 | pushes back | refused |'),
         bounded(row='| `box` | things | 3 | pushes back | dropped |'), bounded(code=''), bounded(test=''),
         bounded(code='{ "box", "things", RB_BOUND_PUSHES_BACK, "refused" }, { "new", "things", RB_BOUND_FORGETS, "x" }')],
        [bounded(), bounded(test='rb_test_assert_bound (bounds, "box")'),
         bounded(code='#define SAID "refused"\n{ "box", "things", RB_BOUND_PUSHES_BACK,\n  SAID }')]),
    'layers/folders': (
        [{**c('broker/core/rb-a.c', '#include "rb-s.h"\n'), 'broker/ipc/rb-s.h': ''},
         {**c('modules/x/rb-a.c', '#include "rb-c.h"\n'), 'broker/core/rb-c.h': ''},
         c('broker/unheard-of/rb-a.c', '')],
        [{**c('broker/ipc/rb-a.c', '#include "rb-c.h"\n'), 'broker/core/rb-c.h': ''}]),
    'layers/headers': (
        [c('broker/core/rb-a.c', '#include <libsoup/soup.h>\n'), c('broker/core/rb-a.c', '#include <sqlite3.h>\n'),
         c('broker/ipc/rb-a.c', '#include <gmodule.h>\n')],
        [c('broker/ipc/rb-a.c', '#include <libsoup/soup.h>\n'), c('modules/local/rb-a.c', '#include <json-glib/json-glib.h>\n')]),
    'layers/words': (
        [c('broker/core/rb-a.c', 'void f (void) { g_dbus_x (); }\n'), c('broker/core/rb-a.c', 'GDBusConnection *x;\n')],
        [c('broker/core/rb-a.c', '/* g_dbus_x () */ const char *a = "GDBus";\n')]),
    'layers/core-is-pure': (
        [c('broker/core/rb-a.c', 'int f (void) { return g_get_monotonic_time (); }\n'), c('broker/core/rb-a.c', '#include <stdio.h>\n')],
        [c('broker/core/rb-a.c', 'void f (X *x) { x->read (1); rb_time (); }\n'),
         c('broker/store/rb-a.c', 'int f (void) { return g_get_monotonic_time (); }\n')]),
    'layers/printing': (
        [c('broker/store/rb-a.c', 'void f (void) { g_print ("x"); }\n')],
        [c('broker/ctl/rb-a.c', 'void f (void) { g_print ("x"); }\n')]),
    'files/first-lines': (
        [{'broker/core/rb-a.c': '/* rb-b.c: x\n * SPDX-License-Identifier: LGPL-2.1-or-later */\n'},
         {'broker/core/rb-a.c': '/* rb-a.c: x */\n'}, {'tests/a.py': '#!/usr/bin/env python3\nx\n'}],
        [c('broker/core/rb-a.c', ''), {'tests/a.sh': '#!/bin/sh\n# a.sh: x\n#\n# SPDX-License-Identifier: LGPL-2.1-or-later\n'}]),
    'files/headers': ([c('broker/core/rb-a.h', '')], [c('broker/core/rb-a.h', '#pragma once\n')]),
    'files/length': ([c('broker/core/rb-a.c', '\n' * 700)], [c('broker/core/rb-a.c', '\n' * 690)]),
    'files/nothing-left-over': ([c('broker/core/rb-a.c', '/* ' + 'TO' + 'DO: x */\n')], [c('broker/core/rb-a.c', '/* methods */\n')]),
    'files/whitespace': (
        [c('broker/core/rb-a.c', 'int a; \n'), c('broker/core/rb-a.c', '\tint a;\n'), c('broker/core/rb-a.c', 'int a;'),
         c('broker/core/rb-a.c', 'int a;\r\n')],
        [c('broker/core/rb-a.c', 'int a;\n')]),
    'files/readme-in-every-folder': (
        [{**READMES, 'broker/store/rb-a.c': ''}, {'tests/README.md': ''}],
        [{**READMES, 'broker/core/rb-a.c': '', 'tests/core/test-a.c': ''}]),
    'build/every-source-listed': (
        [{**c('broker/core/rb-a.c', ''), 'broker/core/meson.build': "files('rb-aa.c', 'xrb-a.c')"}],
        [{**c('tests/core/test-a.c', ''), 'tests/core/meson.build': "files('test-a.c')"}]),
    'build/sources-sorted': (
        [{'broker/core/meson.build': "x = files(\n  'rb-b.c',\n  'rb-a.c',\n)\n"}],
        [{'broker/core/meson.build': "x = files(\n  'rb-a.c',\n  'rb-b.c',\n)\n"}]),
    'build/lock-file': (
        [{'tests/interop/package-lock.json': '{"resolved": "x"}\n'}], [{'tests/interop/package-lock.json': '{"version": "1"}\n'}]),
    'translations/potfiles': (
        [{**c('broker/ctl/rb-a.c', 'x = _("Text");\n'), 'po/POTFILES.in': ''}, {'po/POTFILES.in': 'broker/none.c\n'}],
        [{**c('broker/ctl/rb-a.c', 'x = _("Text");\n'), 'po/POTFILES.in': '# files\nbroker/ctl/rb-a.c\n'}]),
    'translations/page': (
        [{'data/web/a.js': "x = _('Text');\n", 'po/POTFILES.in': '', 'broker/ipc/meson.build': "files('../../data/web/a.js')\n"},
         {'data/web/a.js': "x = N_('Text');\n", 'po/POTFILES.in': 'data/web/a.js\n', 'broker/ipc/meson.build': ''}],
        [{'data/web/a.js': "x = _('Text');\n", 'po/POTFILES.in': 'data/web/a.js\n', 'broker/ipc/meson.build': "files('../../data/web/a.js')\n"},
         {'data/web/language.js': 'export function _(text) {}\n'}]),
    'code/include-order': (
        [{**c('broker/core/rb-a.c', '#include "rb-b.h"\n#include "rb-a.h"\n'), **c('broker/core/rb-a.h', '')},
         c('broker/core/rb-a.c', '#include <glib.h>\n#include "rb-b.h"\n')],
        [{**c('broker/core/rb-a.c', '#include "config.h"\n\n#include "rb-a.h"\n#include "rb-b.h"\n\n#include <glib.h>\n'),
          **c('broker/core/rb-a.h', '')}]),
    'code/no-default-over-our-enums': (
        [c('broker/core/rb-a.c', 'switch (x) { case RB_ONE: return 1; default: return 0; }\n')],
        [c('broker/core/rb-a.c', "switch (x) { case 'a': return 1; default: return 0; }\n"),
         c('broker/core/rb-a.c', 'switch (x) { case RB_ONE: switch (y) { case 1: f (); default: g (); } break; case RB_TWO: break; }\n')]),
    'code/plain-types': ([c('broker/core/rb-a.c', 'gchar *a;\n')], [c('broker/core/rb-a.c', 'gint64 a;\n')]),
    'code/no-goto': ([c('broker/core/rb-a.c', 'goto out;\n')], [c('broker/core/rb-a.c', '/* goto out */\n')]),
    'code/logging': ([c('broker/core/rb-a.c', 'g_warning ("x");\n')], [c('broker/core/rb-a.c', 'rb_log_warning ("x", NULL);\n')]),
    'code/no-sleep': ([c('tests/core/a.c', 'g_usleep (1);\n')], [c('tests/core/a.c', 'rb_sleep_watch ();\n')]),
    'code/test-init': (
        [c('tests/core/a.c', 'int main (void) { return g_test_run (); }\n')],
        [c('tests/core/a.c', 'int main (void) { rb_test_init (); return g_test_run (); }\n')]),
    'log/names': (
        [{}, with_log('rb_log_info ("broker_ready"', 'rb_log_info ("broker_done"'),
         with_log('rb_log_info ("broker_ready"', 'rb_log_warning ("broker_ready"')],
        [every_log(), with_log('rb_log_info ("broker_ready"', 'rb_log_message ("broker_ready"'),
         with_log('rb_log_info ("broker_ready", NULL)', 'a = "broker_ready"')]),
    'tests/protocol-map': (
        [{'tests/README.md': 'x\n'}, mapped(row='3.1'), mapped(test='core-b'), mapped(said='3.1'),
         mapped(said=', '.join(protocol_map.all_sections()).replace('24.3', '24.31')),
         {**mapped(), 'tests/core/test-a.c': '/* {} */\n'.format(', '.join(protocol_map.all_sections()))}],
        [mapped(), mapped(test='interop', source='tests/interop/cases/a.mjs'),
         mapped(test='modules-http-a', source='tests/modules/http/test-http-a.c')]),
}


def failures(check, refused, accepted):
    for number, files in enumerate(refused):
        if not list(check(Bench(files))):
            yield 'lets bad example {} pass'.format(number)
    for number, files in enumerate(accepted):
        for path, line, text in check(Bench(files)):
            yield 'refuses good example {}: {}:{}: {}'.format(number, path, line, text)


def main():
    rules = layers.RULES + style.RULES + code_rules.RULES + limits.RULES + log_names.RULES + protocol_map.RULES
    failed = 0
    print('1..{}'.format(len(rules)))
    for number, (name, check) in enumerate(rules, 1):
        problems = list(failures(check, *CASES[name])) if name in CASES else ['has no examples']
        failed += bool(problems)
        print('{} {} /lint-rules/{}'.format('not ok' if problems else 'ok', number, name))
        for problem in problems:
            print('# ' + problem)
    return 1 if failed else 0


sys.exit(main())
