// runtimes.js: what was started here: how it is, what it wrote, and how to end it
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce } from './announce.js';
import { makeError, send } from './deed.js';
import { get, make, makeForeign, plain, reconcile, setData, setForeign, setText } from './dom.js';
import { N_, _, format, formatNumber, words } from './language.js';
import { showLog } from './log.js';
import { cut } from './more.js';
import { nameOf, state } from './state.js';
import { formatAmount } from './amounts.js';
import { makeSince, setSince } from './time.js';

// How many that have ended are shown behind those that run.
const ENDED_MAX = 3;
const origins = { network: N_('asked for by the network'), person: N_('started by hand') };

function labelOf(runtime) {
  return plain((runtime.endpoint_id && state.endpoints.has(runtime.endpoint_id) ? nameOf(runtime.endpoint_id) : undefined) ?? runtime.runtime_kind ?? runtime.id);
}

function originOf(runtime) {
  return origins[runtime.origin] ? _(origins[runtime.origin]) : '';
}

// Resolves to whether the person is sure.
function confirmStop(runtime) {
  const dialog = get('stop');

  dialog.returnValue = 'cancel';
  setText(get('stop-name'), labelOf(runtime));
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'stop'), { once: true });
  });
}

async function stop(row, runtime) {
  if (await confirmStop(runtime)) {
    announce(format(_('%s is being stopped.'), labelOf(runtime)), true);
    await send(row, 'runtimes/stop', { id: runtime.id }, format(_('%s has ended.'), labelOf(runtime)), _('It could not be stopped: %s'));
  }
}

function makeActions(runtime) {
  const about = () => make('span', { class: 'unseen' }, ': ', makeForeign('span', {}, labelOf(runtime)));
  const cell = make('td', { class: 'number actions' },
    make('button', { type: 'button', class: 'show-log', onclick: () => showLog(runtime.id, labelOf(runtime)) }, _('Log'), about()),
    make('button', { type: 'button', class: 'stop', onclick: () => stop(cell, runtime) }, _('Stop'), about()),
    makeError());

  return cell;
}

function create(runtime) {
  return make('tr', {},
    make('th', { scope: 'row' }, makeForeign('span', { class: 'name' }), make('small', {}, makeForeign('span', { class: 'kind' }), ' ', make('span', { class: 'origin' }))),
    make('td', {}, make('span', { class: 'state', lang: 'en' }), make('small', { lang: 'en' })),
    make('td', {}, makeSince(runtime.started_at ?? runtime.since)),
    make('td', { class: 'number memory' }),
    make('td', { class: 'number process' }),
    makeActions(runtime));
}

// Whoever has just stopped it goes on in its row.
function hideStop(row, isHidden) {
  const hadFocus = row.querySelector('.stop') === document.activeElement;

  row.querySelector('.stop').hidden = isHidden;
  if (isHidden && hadFocus) {
    (row.querySelector('.show-log:not([hidden])') ?? get('runtimes-title')).focus();
  }
}

function update(row, runtime) {
  const mark = row.querySelector('.state');
  const isEnded = runtime.ended_at !== undefined;

  setForeign(row.querySelector('.name'), labelOf(runtime));
  setForeign(row.querySelector('.kind'), runtime.runtime_kind === labelOf(runtime) ? '' : runtime.runtime_kind ?? '');
  setText(row.querySelector('.origin'), originOf(runtime));
  setText(mark, words(runtime.runtime_state ?? ''));
  setData(mark, 'state', runtime.runtime_state);
  setForeign(row.querySelector('td small'), isEnded ? runtime.ended_with ?? runtime.reason ?? '' : '');
  setSince(row.querySelector('time'), runtime.ended_at ?? runtime.started_at ?? runtime.since);
  setText(row.querySelector('.memory'), runtime.memory_bytes ? formatAmount(runtime.memory_bytes, 'bytes') : '');
  setText(row.querySelector('.process'), runtime.pid && !isEnded ? String(runtime.pid) : '');
  row.querySelector('.show-log').hidden = runtime.log_file === undefined && runtime.unit === undefined;
  hideStop(row, isEnded);
}

export function showRuntimes() {
  const running = state.runtimes.filter((runtime) => runtime.ended_at === undefined);
  const ended = state.runtimes.filter((runtime) => runtime.ended_at !== undefined)
    .sort((a, b) => (a.ended_at < b.ended_at ? 1 : -1)).slice(0, ENDED_MAX);
  const rows = [...running, ...ended];

  setText(get('runtimes-count'), running.length > 0 ? formatNumber(running.length) : '');
  get('runtimes-empty').hidden = rows.length > 0;
  get('runtimes-view').hidden = rows.length === 0;
  reconcile(get('runtimes'), cut('runtimes', rows), (runtime) => runtime.id, create, update);
}
