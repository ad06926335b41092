# code_rules.py: habits of the C code that no compiler warning covers
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import re

OWN_TYPES = r'\b(gchar|gint|gdouble|gfloat|gshort|glong)\b'
# Who may sleep, and what for.
SLEEPERS = {
    'broker/sql/rb-sql.c': 'in its own thread, between two tries of a lock that SQLite does not wait for itself',
    'tests/store/test-durability.c': 'spreads the moment of a kill over what lies between two commits',
}
# Who starts a test program by another way than rb_test_init(), and why.
STARTERS = {
    'tests/sim/test-sim.c': 'its children have a log writer of their own, and there can be one only',
}
JUMPS = r'\bgoto\s+\w+'


def check_includes(tree):
    """config.h, the file's own header, our headers, system headers; in this order."""
    for source in tree.c_files():
        if source.suffix != '.c':
            continue
        found = source.find(r'(?m)^#include ([<"])([^>"]+)[>"]')
        ours = [(line, match.group(2)) for line, match in found if match.group(1) == '"' and match.group(2) != 'config.h']
        theirs = [line for line, match in found if match.group(1) == '<']
        own = [source.name[:-2] + ending for ending in ('.h', '-private.h')]
        has_own = any(source.folder + '/' + name in tree.by_path for name in own)

        if has_own and (not ours or ours[0][1] not in own):
            yield source.path, ours[0][0] if ours else 1, "'{}' must be the first of our headers".format(own[0])
        if ours and theirs and min(theirs) < max(line for line, _ in ours):
            yield source.path, min(theirs), 'system headers come after ours'


def braces(code, start):
    """The text between the brace that opens at or after @start and the one that closes it."""
    start = code.find('{', start)
    depth = 0
    for position in range(start, len(code)):
        depth += {'{': 1, '}': -1}.get(code[position], 0)
        if depth == 0:
            return code[start:position + 1]
    return code[start:]


def outermost(body):
    """@body with what stands in inner switches blanked out."""
    inner = re.search(r'\bswitch\s*\(', body)
    if inner is None:
        return body
    block = braces(body, inner.start())
    return outermost(body.replace(block, ';', 1).replace('switch', 'select', 1))


def check_switches(tree):
    """A switch over one of our enums has no default, so that the compiler points at a forgotten value."""
    for source in tree.c_files():
        for line, match in source.find(r'\bswitch\s*\(', source.code):
            body = outermost(braces(source.code, match.start()))
            if re.search(r'\bcase\s+RB_', body) and re.search(r'\bdefault\s*:', body):
                yield source.path, line, "'default' in a switch over our enum"


def check_types(tree):
    """char and int, not gchar and gint."""
    for source in tree.c_files():
        for line, match in source.find(OWN_TYPES, source.code):
            yield source.path, line, "'{}'".format(match.group(1))


def check_gotos(tree):
    """Early returns and g_auto instead of goto."""
    for source in tree.c_files():
        for line, match in source.find(JUMPS, source.code):
            yield source.path, line, "'{}'".format(match.group(0))


def check_logging(tree):
    """The product logs through rb_log_*(), with fields (g_debug() is for us); g_error() aborts and is never used."""
    for source in tree.c_files():
        if not source.folder.startswith(('broker', 'modules')):
            continue
        for line, match in source.find(r'\bg_error\s*\(', source.code):
            yield source.path, line, 'g_error() ends the process'
        for line, match in source.find(r'\bg_(?:message|info|warning)\s*\(', source.code):
            yield source.path, line, "'{}': use rb_log_*()".format(match.group(0))


def check_sleeps(tree):
    """No test and no product code waits by sleeping."""
    for source in tree.c_files():
        if source.path in SLEEPERS:
            continue
        for line, match in source.find(r'\b(?:sleep|usleep|nanosleep|g_usleep)\s*\(', source.code):
            yield source.path, line, "'{}'".format(match.group(0))


def check_test_programs(tree):
    """A C test program starts with rb_test_init()."""
    for source in tree.c_files():
        if source.path in STARTERS:
            continue
        if source.folder.startswith('tests/') and re.search(r'\bg_test_run\s*\(', source.code):
            if not re.search(r'\brb_test_init\s*\(', source.code):
                yield source.path, 1, 'no rb_test_init()'


RULES = (
    ('code/include-order', check_includes),
    ('code/no-default-over-our-enums', check_switches),
    ('code/plain-types', check_types),
    ('code/no-goto', check_gotos),
    ('code/logging', check_logging),
    ('code/no-sleep', check_sleeps),
    ('code/test-init', check_test_programs),
)
