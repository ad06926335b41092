// needs.js: what waits for a person besides the messages of the inbox
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce, get, make, makeSince, reconcile, setText, words } from './dom.js';
import { ask } from './session.js';
import { state } from './state.js';

const COLLECT_MS = 200;
// What has a list, and forms, of its own.
const ELSEWHERE = ['dispatch', 'held', 'loop'];
const titles = {
  'dead-letter': 'The network refused an event for good',
  upstream: 'The network cannot be reached, or refuses us',
  store: 'Nothing can be stored',
};

let timer = null;

// Asked for again only when it may be another list.
export function readNeeds(changes) {
  if (changes.inbox === undefined && changes.status.needs === state.needs.length) {
    return;
  }
  timer ??= setTimeout(async () => {
    timer = null;
    try {
      state.needs = await ask('GET', 'needs');
      showNeeds();
    } catch {
      // With the next change.
    }
  }, COLLECT_MS);
}

async function retry(need, button, note) {
  button.disabled = true;
  try {
    await ask('POST', 'dead-letters/retry', { id: Number(need.subject) });
    announce('The event is sent again.');
  } catch (error) {
    setText(note, error.message);
    button.disabled = false;
  }
}

function create(need) {
  const note = make('p', { class: 'error', role: 'alert' });
  const item = make('li', {}, make('h3'), make('p', { class: 'what' }));

  if (need.since) {
    item.querySelector('h3').after(makeSince(need.since));
  }
  if (need.choices?.some((choice) => choice.action === 'retry')) {
    const button = make('button', { type: 'button', onclick: () => retry(need, button, note) }, 'Send again');

    item.append(button, note);
  } else if (need.choices?.length > 0) {
    item.append(make('p', { class: 'hint' }, make('code', {}, 'brokerctl needs'), ' tells what can be done.'));
  }
  return item;
}

function update(node, need) {
  setText(node.querySelector('h3'), titles[need.kind] ?? words(need.kind).replaceAll('-', ' '));
  setText(node.querySelector('.what'), [need.who, need.what].filter(Boolean).join(': '));
}

export function showNeeds() {
  const others = state.needs.filter((need) => !ELSEWHERE.includes(need.kind));

  get('needs').hidden = others.length === 0 && state.held.size === 0;
  reconcile(get('needs-list'), others, (need) => need.id, create, update);
}
