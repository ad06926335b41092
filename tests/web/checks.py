# checks.py: whether people who do not see, or not well, can use the page
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os

AXE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'node_modules', 'axe-core', 'axe.min.js')
# Colours that are on their way from one scheme to the other would be measured. An animation of a row that the page draws anew is
# cancelled, which is an end too.
RUN_AXE = '''
const done = arguments[arguments.length - 1];
Promise.allSettled(document.getAnimations().map(animation => animation.finished)).then(() => axe.run(document)).then(results => done({
  passes: results.passes.length,
  problems: results.violations.filter(violation => ['serious', 'critical'].includes(violation.impact))
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => node.target.join(' ')).slice(0, 5)}`),
}), error => done({ passes: 0, problems: [String(error)] }));
'''
USABLE = ('button', 'combobox', 'searchbox', 'textbox', 'link', 'checkbox', 'meter', 'img', 'table', 'dialog', 'region', 'heading')
LANDMARKS = ('banner', 'main', 'search')

CONTRAST = '''
const luminance = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const groundOf = (node) => {
  for (let at = node; at !== null; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const bad = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest('.unseen, script, noscript, :disabled, form.nobody')) continue;
  const style = getComputedStyle(node);
  const [a, b] = [luminance(parse(style.color)), luminance(groundOf(node))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) bad.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return bad;
'''

PAGE = '''
const bad = [];
const levels = [...document.querySelectorAll('h1, h2, h3')].filter((node) => node.checkVisibility()).map((node) => Number(node.tagName[1]));
if (levels.filter((level) => level === 1).length !== 1) bad.push('there is not one h1');
levels.slice(1).forEach((level, i) => { if (level > levels[i] + 1) bad.push(`h${level} behind h${levels[i]}`); });
const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
if (new Set(ids).size !== ids.length) bad.push('an id is there twice');
for (const table of document.querySelectorAll('table')) {
  if ([...table.querySelectorAll('thead th')].some((head) => head.scope !== 'col' || !head.textContent.trim())) bad.push('a column has no head');
  if ([...table.querySelectorAll('tbody tr')].some((row) => row.querySelector('th[scope=row]') === null)) bad.push('a row has no head');
}
for (const node of document.querySelectorAll('select, input')) {
  if (node.labels.length === 0) bad.push(`no label: ${node.id}`);
}
if (document.documentElement.lang === '' || document.title === '') bad.push('no language, or no title');
if (document.querySelector('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])') !== null) bad.push('an order of its own for Tab');
if (document.querySelector('#announce').getAttribute('role') !== 'status') bad.push('nothing is announced');
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) bad.push('wider than the window');
const foreign = performance.getEntriesByType('resource').filter((entry) => new URL(entry.name).origin !== location.origin);
if (foreign.length > 0) bad.push(`from elsewhere: ${foreign[0].name}`);
return bad;
'''


def check_tree(browser):
    """The tree that screen readers get."""
    browser.chrome('Accessibility.enable')
    nodes = [node for node in browser.chrome('Accessibility.getFullAXTree')['nodes'] if not node.get('ignored')]
    roles = [node['role']['value'] for node in nodes]
    problems = ['no landmark "{}"'.format(role) for role in LANDMARKS if role not in roles]

    for node in nodes:
        role = node['role']['value']
        if role in USABLE and not node.get('name', {}).get('value', '').strip():
            problems.append('a {} has no name'.format(role))
    names = {node['name']['value'] for node in nodes if node['role']['value'] == 'combobox'}
    if not any('the message from default@local' in name for name in names):
        problems.append('the choice does not say whose message it is about: {}'.format(names))
    return problems


def check_page(browser):
    return browser.run(PAGE)


def check_contrast(browser, scheme):
    """WCAG 2 AA: 4.5 to 1."""
    return ['{}: {}'.format(scheme, problem) for problem in browser.run(CONTRAST)]


def why_no_axe():
    return None if os.path.exists(AXE) else 'axe-core is not installed (npm ci in tests/web)'


def check_axe(browser):
    """What axe-core finds that is serious or critical, in both colour schemes."""
    if why_no_axe() is not None:
        print('# ' + why_no_axe())
        return []
    with open(AXE, encoding='utf-8') as file:
        source = file.read()
    problems = []
    for scheme in ('light', 'dark'):
        set_scheme(browser, scheme)
        found = browser.run_async(source + RUN_AXE)
        assert found['passes'] > 10, found
        problems += ['{}: {}'.format(scheme, problem) for problem in found['problems']]
    set_scheme(browser, 'light')
    return problems


def set_scheme(browser, scheme):
    browser.chrome('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
