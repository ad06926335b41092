// search.js: messages by what they say, also those that are over
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { formatTime, get, make, setText, words } from './dom.js';
import { showLadder } from './ladder.js';
import { ask } from './session.js';

const LIMIT = 20;

// Every other part of a snippet is what was looked for.
function makeSnippet(parts) {
  return make('p', { class: 'preview' }, ...(parts ?? []).map((part, i) => (i % 2 === 1 ? make('mark', {}, part) : part)));
}

function makeRow(row) {
  const peer = `${row.direction === 'out' ? 'to' : 'from'} ${row.peer ?? 'somebody'}`;

  return make('li', {},
    make('button', { class: 'quiet', type: 'button', onclick: () => showLadder(row.id) }, peer),
    ' ', make('time', { datetime: row.at }, formatTime(row.at)),
    ' ', make('small', {}, words(row.outcome ?? row.state ?? '')),
    makeSnippet(row.snippet));
}

async function search(text) {
  try {
    const answer = await ask('GET', `search?limit=${LIMIT}&words=${encodeURIComponent(text)}`);
    const more = answer.before !== undefined ? ' (the last ones; brokerctl search finds more)' : '';

    get('found').replaceChildren(...answer.rows.map(makeRow));
    setText(get('found-note'), answer.rows.length === 0 ? 'Nothing has these words.' : `Found: ${answer.rows.length}${more}`);
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
