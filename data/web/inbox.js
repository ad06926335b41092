// inbox.js: the messages that wait for a decision, and the form with which it is made
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce, get, make, makeSince, reconcile, setSince, setText, words } from './dom.js';
import { showLadder } from './ladder.js';
import { ask } from './session.js';
import { nameOf, state } from './state.js';

const reasons = {
  unaddressed: 'is for nobody in particular',
  unmatched: 'belongs to no conversation that is known',
};

function why(row) {
  const hint = row.hint_endpoint_id ? `, was for ${nameOf(row.hint_endpoint_id)}` : '';

  return `${reasons[row.reason] ?? words(row.reason ?? 'waits')}${hint}`;
}

// Whoever dispatched from the keyboard goes on with the message that comes next.
function focusOn(item) {
  (item?.isConnected ? item.querySelector('select') : get('inbox-title')).focus();
}

async function dispatch(item, row) {
  const select = item.querySelector('select');
  const button = item.querySelector('form button');
  const name = select.selectedOptions[0]?.textContent;
  const hadFocus = item.contains(document.activeElement);
  const next = item.nextElementSibling ?? item.previousElementSibling;

  setText(item.querySelector('.error'), '');
  button.disabled = true;
  try {
    await ask('POST', 'dispatch', { undispatched_id: row.id, target_endpoint_id: select.value });
    announce(`The message is with ${name} now.`);
    if (hadFocus) {
      focusOn(next);
    }
  } catch (error) {
    setText(item.querySelector('.error'), `It could not be dispatched: ${error.message}`);
    button.disabled = false;
    select.focus();
  }
}

function makeForm(row) {
  const id = `to-${row.id}`;

  return make('form', {},
    make('label', { for: id }, 'Give to ', make('span', { class: 'unseen' }, `an endpoint: the message from ${row.sender_address ?? 'somebody'}`)),
    make('select', { id, required: true }),
    make('button', { type: 'submit' }, 'Dispatch'));
}

function create(row) {
  const item = make('li', { class: 'message' },
    make('p', { class: 'from' }, make('strong'), ' ', makeSince(row.since)),
    make('p', { class: 'preview' }),
    make('p', { class: 'why' }),
    makeForm(row),
    make('button', { class: 'quiet', type: 'button', onclick: () => showLadder(row.id) }, 'Explain',
      make('span', { class: 'unseen' }, `: the message from ${row.sender_address ?? 'somebody'}`)),
    make('p', { class: 'error', role: 'alert' }));

  item.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    dispatch(item, row);
  });
  return item;
}

// The choice that was made stays, unless it is no choice any more.
function updateChoices(select) {
  const endpoints = [...state.endpoints.values()].filter((endpoint) => endpoint.state === 'active');

  reconcile(select, endpoints, (endpoint) => endpoint.endpoint_id,
    (endpoint) => make('option', { value: endpoint.endpoint_id }),
    (option, endpoint) => setText(option, nameOf(endpoint.endpoint_id)));
  if (endpoints.length > 0 && select.selectedIndex < 0) {
    select.selectedIndex = 0;
  }
}

function update(item, row) {
  setText(item.querySelector('.from strong'), row.sender_address ?? 'somebody');
  setText(item.querySelector('.preview'), row.preview ?? '');
  setText(item.querySelector('.why'), why(row));
  setSince(item.querySelector('time'), row.since);
  updateChoices(item.querySelector('select'));
  item.querySelector('select').disabled = item.querySelector('select').options.length === 0;
  item.querySelector('form').classList.toggle('nobody', item.querySelector('select').disabled);
}

export function showInbox() {
  const rows = [...state.inbox.values()].sort((a, b) => (a.since < b.since ? -1 : 1));

  setText(get('inbox-count'), rows.length > 0 ? String(rows.length) : '');
  get('inbox-empty').hidden = rows.length > 0;
  reconcile(get('inbox'), rows, (row) => row.id, create, update);
}
