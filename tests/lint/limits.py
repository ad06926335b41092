# limits.py: everything bounded is described, documented and driven to its limit
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import re

README = 'broker/README.md'
HEADING = '## Limits'
# A row of a table of RbBoundInfo: name, unit, manner, policy (or the name of a macro for it).
ROW = r'\{\s*"([a-z0-9_]+)",\s*"([^"]+)",\s*RB_BOUND_(PUSHES_BACK|WAITS|FORGETS),\s*(?:"((?:[^"\\]|\\.)*)"|([A-Z]+))\s*\}'
MANNERS = {'PUSHES_BACK': 'pushes back', 'WAITS': 'waits', 'FORGETS': 'forgets'}
# How a test says that it drives a bound: a row of its table, or an assertion about it.
DRIVEN = (r'\{ "([a-z0-9_]+)", (?:rb_)?drive_\w+', r'rb_test_assert_bound \([^;]*?"([a-z0-9_]+)"\)', r'info->name, ==, "([a-z0-9_]+)"')


def described(tree):
    """(source, line number, name, unit, manner, policy) for each bound in the code."""
    for source in tree.c_files():
        if not source.folder.startswith(('broker/', 'modules/')):
            continue
        for number, match in source.find(ROW):
            name, unit, manner, policy, macro = match.groups()
            if macro:
                policy = re.search(r'#define {} "([^"]*)"'.format(macro), source.text).group(1)
            yield source, number, name, unit, MANNERS[manner], policy


def documented(tree):
    """name -> (line number, cells) for each row of the table."""
    lines = tree.by_path[README].lines if README in tree.by_path else []
    found = {}
    if HEADING not in lines:
        return found
    for number, line in enumerate(lines[lines.index(HEADING):], lines.index(HEADING) + 1):
        match = re.match(r'\| `(\w+)` \|(.*)\|$', line)
        if match:
            found[match.group(1)] = (number, [cell.strip() for cell in match.group(2).split('|')])
    return found


def driven(tree):
    names = set()
    for source in tree.c_files():
        if source.folder.startswith('tests/'):
            for pattern in DRIVEN:
                names.update(re.findall(pattern, source.text))
    return names


def check_limits(tree):
    """What has a limit is described once, has a row under "Limits" in broker/README.md that says the same, and a test that drives it."""
    rows = documented(tree)
    tests = driven(tree)
    seen = set()
    for source, number, name, unit, manner, policy in described(tree):
        if name in seen:
            yield source.path, number, "'{}' is described twice".format(name)
        seen.add(name)
        if name not in rows:
            yield source.path, number, "'{}' has no row in {}".format(name, README)
        elif rows[name][1][0] != unit or rows[name][1][2:] != [manner, policy]:
            yield README, rows[name][0], "'{}' counts {}, {}: {}".format(name, unit, manner, policy)
        if name not in tests:
            yield source.path, number, "no test drives '{}' to its limit".format(name)
    for name in sorted(set(rows) - seen):
        yield README, rows[name][0], "nothing in the code is called '{}'".format(name)


RULES = (
    ('limits', check_limits),
)
