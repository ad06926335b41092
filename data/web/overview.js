// overview.js: how the broker is, in a few words
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { formatTime, get, make, reconcile, setData, setText, words } from './dom.js';
import { state } from './state.js';

function presenceNote(status) {
  if (status.link_error) {
    return status.link_error;
  }
  return `${words(status.presence_reason ?? '')}${status.presence_since ? `, since ${formatTime(status.presence_since)}` : ''}`;
}

function facts(status) {
  const ready = status.ready !== false;

  return [
    { name: 'Network', value: status.presence ?? '', note: presenceNote(status), mood: status.presence === 'online' ? 'good' : 'bad' },
    { name: 'Broker', value: ready ? 'ready' : 'not ready', mood: ready ? 'good' : 'bad',
      note: ready ? `version ${status.product_version ?? '?'}, profile ${status.profile ?? '?'}` : status.not_ready_reason },
    { name: 'Endpoints', value: String(status.endpoints ?? 0), note: `${status.channels ?? 0} connected` },
    { name: 'Inbox', value: String(status.inbox ?? 0), note: 'wait for a decision', mood: status.inbox > 0 ? 'busy' : undefined },
    { name: 'Assignments', value: String(status.assignments ?? 0), note: 'being worked on' },
    { name: 'Outbox', value: String(status.outbox ?? 0), note: 'the network is still to hear' },
  ];
}

function create(fact) {
  return make('div', {}, make('dt', {}, fact.name), make('dd', {}, make('strong'), make('span')));
}

function update(node, fact) {
  setData(node, 'mood', fact.mood ?? 'plain');
  setText(node.querySelector('strong'), fact.value);
  setText(node.querySelector('span'), fact.note ?? '');
}

export function showOverview() {
  setText(get('address'), state.status.address ?? '');
  reconcile(get('facts'), facts(state.status), (fact) => fact.name, create, update);
}
