// endpoints.js: who is attached, and how they are
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, make, makeForeign, reconcile, setData, setForeign, setText } from './dom.js';
import { showLadder } from './ladder.js';
import { formatNumber, locale } from './language.js';
import { cut } from './more.js';
import { nameOf, state } from './state.js';
import { makeSince, setSince } from './time.js';

function create(endpoint) {
  const id = endpoint.endpoint_id;

  return make('tr', {},
    make('th', { scope: 'row' }, makeForeign('button', { class: 'quiet', type: 'button', onclick: () => showLadder(id) }), makeForeign('small')),
    make('td', {}, make('span', { class: 'state', lang: 'en' })),
    make('td', {}, makeSince(endpoint.state_since)),
    make('td', { class: 'number' }),
    make('td', { class: 'number' }),
    make('td', { class: 'number' }));
}

function update(row, endpoint) {
  const [queued, onTheWay, process] = row.querySelectorAll('td.number');
  const mark = row.querySelector('.state');

  setForeign(row.querySelector('button'), nameOf(endpoint.endpoint_id));
  setForeign(row.querySelector('small'), endpoint.task_hint ?? endpoint.label ?? endpoint.kind ?? '');
  setText(mark, endpoint.state);
  setData(mark, 'state', endpoint.state);
  setSince(row.querySelector('time'), endpoint.state_since);
  setText(queued, formatNumber(endpoint.queued ?? 0));
  setText(onTheWay, formatNumber(endpoint.on_the_way ?? 0));
  setText(process, endpoint.plugin_pid ? String(endpoint.plugin_pid) : '');
}

export function showEndpoints() {
  const rows = [...state.endpoints.values()].sort((a, b) => nameOf(a.endpoint_id).localeCompare(nameOf(b.endpoint_id), locale));

  setText(get('endpoints-count'), rows.length > 0 ? formatNumber(rows.length) : '');
  get('endpoints-empty').hidden = rows.length > 0;
  get('endpoints-view').hidden = rows.length === 0;
  reconcile(get('endpoints'), cut('endpoints', rows), (endpoint) => endpoint.endpoint_id, create, update);
}
