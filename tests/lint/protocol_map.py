# protocol_map.py: every section of the protocol has a test that names it
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import re

README = 'tests/README.md'
HEADING = '## Which test holds which section of the protocol'

# Section -> how many subsections; 0: it has none. What is not here (1, 2, 25, 26) is vocabulary, numbers and notes.
SECTIONS = {
    3: 11, 4: 6, 5: 5, 6: 2, 7: 11, 8: 5, 9: 8, 10: 7, 11: 10, 12: 7, 13: 12, 14: 14, 15: 8, 16: 6, 17: 0, 18: 4, 19: 0, 20: 3,
    21: 8, 22: 0, 23: 0, 24: 3,
}


def all_sections():
    for section, count in SECTIONS.items():
        if count == 0:
            yield str(section)
        for number in range(1, count + 1):
            yield '{}.{}'.format(section, number)


def rows(readme):
    """(line number, [section], [test]) for each row of the table."""
    lines = readme.lines
    if HEADING not in lines:
        return
    for number, line in enumerate(lines[lines.index(HEADING):], lines.index(HEADING) + 1):
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if len(cells) == 3 and re.match(r'\d', cells[0]):
            yield number, re.split(r', *', cells[0]), re.findall(r'`([^`]+)`', cells[2])


def names_of(source):
    """The test `folder-name` of a source tests/folder/.../test-name.c."""
    match = re.match(r'tests/([^/]+)/', source.folder + '/')
    stem = re.match(r'(?:test|fuzz)-(.+)\.c$', source.name)
    return ['{}-{}'.format(match.group(1), stem.group(1))] if match and stem else []


def sources_of(tree, test):
    """The sources of the test `folder-name`, or of a folder that a test is made of."""
    found = [source for source in tree.sources if test in names_of(source)]
    return found or [source for source in tree.sources if source.folder.startswith('tests/' + test + '/') or source.folder == 'tests/' + test]


def names(source, section):
    """A line that says protocol.md says the section's number, too."""
    pattern = r'(?m)^.*protocol\.md.*(?<![\d.]){}(?!\.?\d)'.format(re.escape(section))
    return re.search(pattern, source.text) is not None


def check_map(tree):
    """The table in tests/README.md names, for each section of the protocol, tests that say its number."""
    readme = tree.by_path[README]
    mapped = set()
    for line, sections, tests in rows(readme):
        mapped.update(sections)
        found = {test: sources_of(tree, test) for test in tests}
        for test, sources in found.items():
            if not sources:
                yield README, line, "there is no test '{}'".format(test)
        for section in sections:
            if not any(names(source, section) for sources in found.values() for source in sources):
                yield README, line, "none of the tests says '{}'".format(section)
    for section in all_sections():
        if section not in mapped:
            yield README, 1, 'section {} is not in the table'.format(section)


RULES = (
    ('tests/protocol-map', check_map),
)
