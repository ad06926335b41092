// overview.js: how the broker is, in a few words
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, make, plain, reconcile, setData, setForeign, setText } from './dom.js';
import { N_, _, format, formatNumber, words } from './language.js';
import { state } from './state.js';
import { formatTime } from './time.js';

const presences = { online: N_('online'), offline: N_('offline') };

function presenceNote(status) {
  if (status.link_error) {
    return plain(status.link_error);
  }
  return status.presence_since ? format(_('%s, since %s'), words(status.presence_reason ?? ''), formatTime(status.presence_since)) : words(status.presence_reason ?? '');
}

function facts(status) {
  const ready = status.ready !== false;

  return [
    { id: 'network', name: _('Network'), value: presences[status.presence] ? _(presences[status.presence]) : status.presence ?? '',
      note: presenceNote(status), mood: status.presence === 'online' ? 'good' : 'bad' },
    { id: 'broker', name: _('Broker'), value: ready ? _('ready') : _('not ready'), mood: ready ? 'good' : 'bad',
      note: ready ? format(_('version %s, profile %s'), status.product_version ?? '?', status.profile ?? '?') : status.not_ready_reason },
    { id: 'endpoints', name: _('Endpoints'), value: formatNumber(status.endpoints ?? 0), note: format(_('%s connected'), formatNumber(status.channels ?? 0)) },
    { id: 'inbox', name: _('Inbox'), value: formatNumber(status.inbox ?? 0), note: _('wait for a decision'), mood: status.inbox > 0 ? 'busy' : undefined },
    { id: 'assignments', name: _('Assignments'), value: formatNumber(status.assignments ?? 0), note: _('being worked on') },
    { id: 'outbox', name: _('Outbox'), value: formatNumber(status.outbox ?? 0), note: _('the network is still to hear') },
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
  setForeign(get('address'), state.status.address ?? '');
  reconcile(get('facts'), facts(state.status), (fact) => fact.id, create, update);
}
