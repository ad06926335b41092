// search.js: messages by what they say, also those that are over
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, make, plain, setText } from './dom.js';
import { showLadder } from './ladder.js';
import { _, format, formatNumber, words } from './language.js';
import { ask } from './session.js';
import { formatTime } from './time.js';

const LIMIT = 20;

// Every other part of a snippet is what was looked for.
function makeSnippet(parts) {
  return make('p', { class: 'preview', lang: 'und', dir: 'auto' }, ...(parts ?? []).map((part, i) => (i % 2 === 1 ? make('mark', {}, plain(part)) : plain(part))));
}

function makeRow(row) {
  const peer = format(row.direction === 'out' ? _('to %s') : _('from %s'), plain(row.peer ?? _('somebody')));

  return make('li', {},
    make('button', { class: 'quiet', type: 'button', onclick: () => showLadder(row.id) }, peer),
    ' ', make('time', { datetime: row.at }, formatTime(row.at)),
    ' ', make('small', { lang: 'en' }, words(row.outcome ?? row.state ?? '')),
    makeSnippet(row.snippet));
}

async function search(text) {
  try {
    const answer = await ask('GET', `search?limit=${LIMIT}&words=${encodeURIComponent(text)}`);
    const found = answer.before !== undefined ? _('Found: %s (the last ones; brokerctl search finds more)') : _('Found: %s');

    get('found').replaceChildren(...answer.rows.map(makeRow));
    setText(get('found-note'), answer.rows.length === 0 ? _('Nothing has these words.') : format(found, formatNumber(answer.rows.length)));
  } catch (error) {
    get('found').replaceChildren();
    setText(get('found-note'), error.message);
  }
}

export function watchSearch() {
  get('search').addEventListener('submit', (event) => {
    event.preventDefault();
    search(get('words').value);
  });
}
