// texts.js: what index.html says, by the names that stand there as data-text (content) and data-label (of what has no text)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { make } from './dom.js';
import { N_, _ } from './language.js';

export const texts = {
  skip: N_('Skip to the content'),
  connecting: N_('Connecting'),
  logout: N_('Log out'),
  gate: N_('Log in'),
  'gate-how': N_('Type this in a terminal; it opens a page that is logged in:'),
  'gate-again': N_('Try again'),
  overview: N_('Overview'),
  needs: N_('Needs you'),
  inbox: N_('Inbox'),
  'inbox-empty': N_('Nothing waits for a decision.'),
  assignments: N_('Assignments'),
  'assignments-empty': N_('Nobody works on a message just now.'),
  message: N_('Message'),
  with: N_('With'),
  state: N_('State'),
  until: N_('until'),
  now: N_('now'),
  endpoints: N_('Endpoints'),
  'endpoints-empty': N_('No runtime is attached. `brokerctl attach` makes a program one.'),
  name: N_('Name'),
  since: N_('Since'),
  waiting: N_('Waiting'),
  'on-the-way': N_('On the way'),
  process: N_('Process'),
  runtimes: N_('Started here'),
  'runtimes-empty': N_('No runtime that was started here runs.'),
  runtime: N_('Runtime'),
  memory: N_('Memory'),
  actions: N_('Actions'),
  modules: N_('Modules'),
  kind: N_('Kind'),
  'last-error': N_('Last error'),
  search: N_('Search'),
  words: N_('Words that a message has'),
  counters: N_('Counters'),
  limits: N_('Limits'),
  'limits-more': N_('Show all limits'),
  ladder: N_('What became of it'),
  steps: N_('Steps'),
  log: N_('What it wrote last'),
  close: N_('Close'),
  cancel: N_('Cancel'),
  stop: N_('Stop'),
  'stop-title': N_('Stop this runtime?'),
  'stop-note': N_('It is asked to end, and after a while made to, with all that it has started. What it had not accepted returns to the inbox.'),
};

// What stands in backquotes is typed, not read.
function makeMarked(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? make('code', {}, part) : part));
}

export function fillTexts() {
  for (const node of document.querySelectorAll('[data-text]')) {
    node.replaceChildren(...makeMarked(_(texts[node.dataset.text])));
  }
  for (const node of document.querySelectorAll('[data-label]')) {
    node.setAttribute('aria-label', _(texts[node.dataset.label]));
  }
}
