// held.js: messages that a rule holds until a person lets them in, or turns them away
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { makeError, send } from './deed.js';
import { get, make, makeForeign, reconcile, setForeign, setText } from './dom.js';
import { makeAbout, senderOf } from './inbox.js';
import { N_, _, format, words } from './language.js';
import { cut } from './more.js';
import { state } from './state.js';
import { makeSince } from './time.js';

const reasons = {
  held: N_('a rule says that its sender has to ask'),
  held_quota: N_('a stranger has sent many'),
  held_loop: N_('agents talk with each other for too long'),
  held_behind: N_('an earlier message of its conversation is held'),
};

function answer(item, row, verb, done) {
  send(item, `held/${verb}`, { message_id: row.id, remember: item.querySelector('input').checked }, done);
}

function create(row) {
  const item = make('li', { class: 'message' },
    make('p', { class: 'from' }, makeForeign('strong', {}, senderOf(row)), ' ', makeSince(row.since ?? row.arrived_at)),
    makeForeign('p', { class: 'preview' }),
    make('p', { class: 'why' }),
    make('form', {},
      make('label', {}, make('input', { type: 'checkbox' }), ' ', _('Always, for this sender')),
      make('button', { type: 'submit' }, _('Accept'), makeAbout(row)),
      make('button', { type: 'button', onclick: () => answer(item, row, 'refuse', _('The message was refused.')) }, _('Refuse'), makeAbout(row))),
    makeError());

  item.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    answer(item, row, 'accept', _('The message was accepted.'));
  });
  return item;
}

function update(item, row) {
  setForeign(item.querySelector('.preview'), row.preview ?? '');
  setText(item.querySelector('.why'), format(_('held: %s'), reasons[row.reason] ? _(reasons[row.reason]) : words(row.reason ?? '')));
}

export function showHeld() {
  reconcile(get('held'), cut('held', [...state.held.values()]), (row) => row.id, create, update);
}
