// modules.js: the connector, the upstream, spawn drivers and emitters, and how they are
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, make, makeForeign, reconcile, setData, setForeign, setText } from './dom.js';
import { words } from './language.js';
import { state } from './state.js';
import { makeSince, setSince } from './time.js';

function create(module) {
  return make('tr', {},
    make('th', { scope: 'row', lang: 'en' }),
    make('td', { class: 'kind', lang: 'en' }),
    make('td', {}, make('span', { class: 'state', lang: 'en' })),
    make('td', {}, module.since ? makeSince(module.since) : ''),
    makeForeign('td', { class: 'reason', lang: 'en' }));
}

function update(row, module) {
  const since = row.querySelector('time');

  setForeign(row.querySelector('th'), module.name);
  setText(row.querySelector('.kind'), words(module.kind ?? '').replaceAll('-', ' '));
  setText(row.querySelector('.state'), module.state ?? '');
  setData(row.querySelector('.state'), 'state', module.state);
  if (since && module.since) {
    setSince(since, module.since);
  }
  setForeign(row.querySelector('.reason'), module.reason ?? '');
}

export function showModules() {
  reconcile(get('modules'), state.modules, (module) => `${module.kind}/${module.name}`, create, update);
}
