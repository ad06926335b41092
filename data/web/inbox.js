// inbox.js: the messages that wait for a decision, and the form with which it is made
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { makeError, send } from './deed.js';
import { get, make, makeForeign, plain, reconcile, setForeign, setText } from './dom.js';
import { showLadder } from './ladder.js';
import { N_, _, format, formatNumber, words } from './language.js';
import { cut } from './more.js';
import { nameOf, state } from './state.js';
import { makeSince, setSince } from './time.js';

const reasons = {
  unaddressed: N_('is for nobody in particular'),
  unmatched: N_('belongs to no conversation that is known'),
};

// More would make the page slow: each message has a list of them.
const CHOICES_MAX = 50;

function why(row) {
  const reason = reasons[row.reason] ? _(reasons[row.reason]) : words(row.reason ?? _('waits'));

  return row.hint_endpoint_id ? format(_('%s, was for %s'), reason, plain(nameOf(row.hint_endpoint_id))) : reason;
}

export function senderOf(row) {
  return plain(row.sender_address ?? _('somebody'));
}

// For whoever does not see beside what it stands.
export function makeAbout(row) {
  return make('span', { class: 'unseen' }, format(_(': the message from %s'), senderOf(row)));
}

async function dispatch(item, row) {
  const select = item.querySelector('select');
  const name = select.selectedOptions[0]?.textContent;
  const isDone = await send(item, 'dispatch', { undispatched_id: row.id, target_endpoint_id: select.value },
    format(_('The message is with %s now.'), name), _('It could not be dispatched: %s'));

  if (!isDone && item.contains(document.activeElement)) {
    select.focus();
  }
}

function makeForm(row) {
  const id = `to-${row.id}`;

  return make('form', {},
    make('label', { for: id }, _('Give to'), ' ', make('span', { class: 'unseen' }, format(_('an endpoint: the message from %s'), senderOf(row)))),
    make('select', { id, required: true, lang: 'und' }),
    make('button', { type: 'submit' }, _('Dispatch'), make('span', { class: 'unseen' }, format(_(': the message from %s'), senderOf(row)))));
}

function create(row) {
  const item = make('li', { class: 'message' },
    make('p', { class: 'from' }, makeForeign('strong'), ' ', makeSince(row.since)),
    makeForeign('p', { class: 'preview' }),
    make('p', { class: 'why' }),
    makeForm(row),
    make('button', { class: 'quiet', type: 'button', onclick: () => showLadder(row.id) }, _('Explain'), makeAbout(row)),
    makeError());

  item.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    dispatch(item, row);
  });
  return item;
}

function choices() {
  const endpoints = [...state.endpoints.values()].filter((endpoint) => endpoint.state === 'active');
  const rest = endpoints.length - CHOICES_MAX;
  const rows = endpoints.slice(0, CHOICES_MAX).map((endpoint) => ({ id: endpoint.endpoint_id, text: plain(nameOf(endpoint.endpoint_id)) }));

  if (rest > 0) {
    rows.push({ id: '', text: format(_('%s more: brokerctl dispatch'), formatNumber(rest)) });
  }
  return rows;
}

// The choice that was made stays, unless it is no choice any more.
function updateChoices(select, rows) {
  reconcile(select, rows, (row) => row.id, (row) => make('option', { value: row.id, disabled: row.id === '' }),
    (option, row) => setText(option, row.text));
  if (rows.length > 0 && select.selectedIndex < 0) {
    select.selectedIndex = 0;
  }
  select.disabled = rows.length === 0;
}

function updateWith(rows) {
  return (item, row) => {
    setForeign(item.querySelector('.from strong'), row.sender_address ?? _('somebody'));
    setForeign(item.querySelector('.preview'), row.preview ?? '');
    setText(item.querySelector('.why'), why(row));
    setSince(item.querySelector('time'), row.since);
    updateChoices(item.querySelector('select'), rows);
    item.querySelector('form').classList.toggle('nobody', rows.length === 0);
  };
}

export function showInbox() {
  const rows = [...state.inbox.values()].sort((a, b) => (a.since < b.since ? -1 : 1));

  setText(get('inbox-count'), rows.length > 0 ? formatNumber(rows.length) : '');
  get('inbox-empty').hidden = rows.length > 0;
  reconcile(get('inbox'), cut('inbox', rows), (row) => row.id, create, updateWith(choices()));
}
