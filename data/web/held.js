// held.js: messages that a rule holds until a person lets them in, or turns them away
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce, get, make, makeSince, reconcile, setText, words } from './dom.js';
import { ask } from './session.js';
import { state } from './state.js';

const reasons = {
  held: 'a rule says that its sender has to ask',
  held_quota: 'a stranger has sent many',
  held_loop: 'agents talk with each other for too long',
  held_behind: 'an earlier message of its conversation is held',
};

async function answer(item, row, verb, done) {
  const buttons = item.querySelectorAll('button');

  setText(item.querySelector('.error'), '');
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await ask('POST', `held/${verb}`, { message_id: row.id, remember: item.querySelector('input').checked });
    announce(done);
  } catch (error) {
    setText(item.querySelector('.error'), error.message);
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function create(row) {
  const sender = row.sender_address ?? 'somebody';
  const unseen = () => make('span', { class: 'unseen' }, `: the message from ${sender}`);
  const item = make('li', { class: 'message' },
    make('p', { class: 'from' }, make('strong', {}, sender), ' ', makeSince(row.since ?? row.arrived_at)),
    make('p', { class: 'preview' }),
    make('p', { class: 'why' }),
    make('form', {},
      make('label', {}, make('input', { type: 'checkbox' }), ' Always, for this sender'),
      make('button', { type: 'submit' }, 'Accept', unseen()),
      make('button', { type: 'button', onclick: () => answer(item, row, 'refuse', 'The message was refused.') }, 'Refuse', unseen())),
    make('p', { class: 'error', role: 'alert' }));

  item.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    answer(item, row, 'accept', 'The message was accepted.');
  });
  return item;
}

function update(item, row) {
  setText(item.querySelector('.preview'), row.preview ?? '');
  setText(item.querySelector('.why'), `held: ${reasons[row.reason] ?? words(row.reason ?? '')}`);
}

export function showHeld() {
  reconcile(get('held'), [...state.held.values()], (row) => row.id, create, update);
}
