// needs.js: what waits for a person besides messages, each with what can be done
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { makeError, send } from './deed.js';
import { get, make, makeForeign, reconcile, setForeign, setText } from './dom.js';
import { N_, _, words } from './language.js';
import { cut } from './more.js';
import { ask } from './session.js';
import { state } from './state.js';
import { makeSince } from './time.js';

// What has a list, and forms, of its own.
const ELSEWHERE = ['dispatch', 'held', 'loop'];
const titles = {
  spawn: N_('A runtime is to be started here'),
  'dead-letter': N_('The network refused an event for good'),
  upstream: N_('The network cannot be reached, or refuses us'),
  store: N_('Nothing can be stored'),
  post: N_('The network does not take what happens here'),
  outbox: N_('Too much waits for the network'),
  module: N_('A module does not run'),
  runtime: N_('A runtime does not start'),
  disk: N_('The disk is almost full'),
  forgotten: N_('Something that waited for you had to go'),
};

// By the action of a choice: what its button says, and what is sent.
const deeds = {
  approve: { text: N_('Approve'), path: 'spawns/approve', bodyOf: (need, always) => ({ id: need.subject, always }), done: N_('The runtime is started.') },
  deny: { text: N_('Deny'), path: 'spawns/deny', bodyOf: (need, always) => ({ id: need.subject, always }), done: N_('The runtime is not started.') },
  retry: { text: N_('Send again'), path: 'dead-letters/retry', bodyOf: (need) => ({ id: Number(need.subject) }), done: N_('The event is sent again.') },
  dismiss: { text: N_('Dismiss'), path: 'needs/dismiss', bodyOf: (need) => ({ id: need.id }), done: N_('It is dismissed.') },
};

function makeButton(item, need, action, isFirst) {
  const deed = deeds[action];
  const always = () => item.querySelector('input')?.checked ?? false;

  return make('button', { type: 'button', 'data-deed': action, class: isFirst ? 'first' : undefined,
    onclick: () => send(item, deed.path, deed.bodyOf(need, always()), _(deed.done)) },
  _(deed.text), make('span', { class: 'unseen' }, ': ', makeForeign('span', {}, need.what ?? '')));
}

// It comes from somebody else, and may be long: only for whoever wants to see it.
async function readPrompt(details, need) {
  const place = details.querySelector('pre');

  try {
    const spawn = (await ask('GET', 'spawns?prompts=yes')).find((row) => row.id === need.subject);

    setText(place, spawn?.prompt ?? '');
  } catch (error) {
    setText(place, error.message);
  }
}

function makePrompt(need) {
  const details = make('details', {}, make('summary', {}, _('What it would be told')), make('pre', { lang: 'und', dir: 'auto', tabindex: '0' }));

  details.addEventListener('toggle', () => details.open && readPrompt(details, need));
  return details;
}

function makeDeeds(item, need, known) {
  const form = make('form', {});

  form.addEventListener('submit', (event) => event.preventDefault());
  if (need.kind === 'spawn') {
    form.append(make('label', {}, make('input', { type: 'checkbox' }), ' ', _('Always, for this kind')));
  }
  form.append(...known.map((action, i) => makeButton(item, need, action, i === 0)));
  return form;
}

function create(need) {
  const known = (need.choices ?? []).map((choice) => choice.action).filter((action) => deeds[action]);
  const item = make('li', {}, make('h3'), makeForeign('p', { class: 'what' }));

  if (need.since) {
    item.querySelector('h3').after(makeSince(need.since));
  }
  if (need.kind === 'spawn') {
    item.append(makePrompt(need));
  }
  if (known.length > 0) {
    item.append(makeDeeds(item, need, known), makeError());
  } else if (need.choices?.length > 0) {
    item.append(make('p', { class: 'hint' }, _('What can be done:'), ' ', make('code', {}, 'brokerctl needs')));
  }
  return item;
}

function update(node, need) {
  setText(node.querySelector('h3'), titles[need.kind] ? _(titles[need.kind]) : words(need.kind).replaceAll('-', ' '));
  setForeign(node.querySelector('.what'), [need.who, need.what].filter(Boolean).join(': '));
}

export function showNeeds() {
  const others = state.needs.filter((need) => !ELSEWHERE.includes(need.kind));

  get('needs').hidden = others.length === 0 && state.held.size === 0;
  reconcile(get('needs-list'), cut('needs-list', others), (need) => need.id, create, update);
}
