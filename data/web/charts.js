// charts.js: counters as they grow, and limits as far as they are full
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { formatAmount } from './amounts.js';
import { draw, get, make, reconcile, setData, setText } from './dom.js';
import { _, format, formatNumber, ngettext, words } from './language.js';
import { state } from './state.js';

const SAMPLES = 60;
const SAMPLE_MS = 2000;
const WIDTH = 120;
const HEIGHT = 28;
// What everybody wants to see; others once they are not nought.
const COUNTERS = ['received', 'pushed', 'taken', 'replies', 'sent'];

const samples = new Map();   // counter to its last values
let sampledAt = 0;
let allLimits = false;

export function sample() {
  if (Date.now() - sampledAt < SAMPLE_MS) {
    return;
  }
  sampledAt = Date.now();
  for (const [name, value] of Object.entries(state.status.counters ?? {})) {
    const values = samples.get(name) ?? [];

    values.push(value);
    if (values.length > SAMPLES) {
      values.shift();
    }
    samples.set(name, values);
  }
  showCounters();
}

// How much came in each of the last intervals; nothing before somebody looked.
function growths(name, value) {
  const values = [...(samples.get(name) ?? []), value];

  return values.slice(1).map((v, i) => Math.max(0, v - values[i]));
}

function path(growth) {
  const most = Math.max(1, ...growth);
  const step = WIDTH / (SAMPLES - 1);
  const begin = WIDTH - (growth.length - 1) * step;

  return growth.map((n, i) => `${i === 0 ? 'M' : 'L'}${(begin + i * step).toFixed(1)} ${(HEIGHT - 2 - (n / most) * (HEIGHT - 4)).toFixed(1)}`).join('');
}

function createCounter() {
  return make('li', {}, make('span', { class: 'name', lang: 'en' }), make('strong', { class: 'number' }),
    draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', class: 'spark' }, draw('path', { class: 'base', d: `M0 ${HEIGHT - 2}H${WIDTH}` }), draw('path', { class: 'line' })));
}

function updateCounter(node, { name, value }) {
  const growth = growths(name, value);
  const line = path(growth);
  const lately = growth.reduce((sum, n) => sum + n, 0);

  setText(node.querySelector('.name'), words(name));
  setText(node.querySelector('strong'), formatNumber(value));
  node.querySelector('svg').setAttribute('aria-label', format(_('%s in the last two minutes'), formatNumber(lately)));
  if (node.querySelector('.line').getAttribute('d') !== line) {
    node.querySelector('.line').setAttribute('d', line);
  }
}

function showCounters() {
  const counters = Object.entries(state.status.counters ?? {})
    .map(([name, value]) => ({ name, value }))
    .filter(({ name, value }) => value > 0 || COUNTERS.includes(name))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));

  reconcile(get('counters'), counters, (counter) => counter.name, createCounter, updateCounter);
}

function rank(name) {
  const place = COUNTERS.indexOf(name);

  return place < 0 ? COUNTERS.length : place;
}

function createLimit(limit) {
  const id = `limit-${limit.name}`;

  return make('li', {}, make('span', { class: 'name', id, lang: 'en' }), make('span', {}, make('span', { class: 'number' }), ' ', make('span', { class: 'unit', lang: 'en' })),
    make('div', { class: 'meter', role: 'meter', 'aria-labelledby': id, 'aria-valuemin': '0' }, make('div', { class: 'fill' }), make('div', { class: 'peak' })),
    make('small', {}, make('span', { class: 'most' }), make('span', { class: 'policy', lang: 'en' })));
}

function part(n, limit) {
  return `${limit > 0 ? Math.min((n / limit) * 100, 100) : 0}%`;
}

function updateLimit(node, limit) {
  const { name, used, peak, unit } = limit;
  const meter = node.querySelector('.meter');
  const amount = format(_('%s of %s'), formatAmount(used, unit), formatAmount(limit.limit, unit));
  const most = format(_('at most %s so far'), formatAmount(peak, unit));
  const reached = limit.reached > 0 ? format(ngettext('; reached %s time:', '; reached %s times:', limit.reached), formatNumber(limit.reached)) : '';

  setText(node.querySelector('.name'), words(name));
  setText(node.querySelector('.number'), amount);
  setText(node.querySelector('.unit'), unit === 'bytes' ? '' : unit);
  meter.setAttribute('aria-valuenow', Math.min(used, limit.limit));
  meter.setAttribute('aria-valuemax', limit.limit);
  meter.setAttribute('aria-valuetext', amount);
  meter.querySelector('.fill').style.inlineSize = part(used, limit.limit);
  meter.querySelector('.peak').style.insetInlineStart = part(peak, limit.limit);
  setData(meter, 'full', used >= limit.limit * 0.9 && limit.manner !== 'forgets' ? 'yes' : 'no');
  setText(node.querySelector('.most'), `${most}${reached}`);
  setText(node.querySelector('.policy'), limit.reached > 0 ? ` ${limit.policy}` : '');
}

function showLimits() {
  const limits = Object.entries(state.status.limits ?? {})
    .map(([name, limit]) => ({ name, ...limit }))
    .filter((limit) => limit.limit > 0 && (allLimits || limit.used > 0 || limit.reached > 0))
    .sort((a, b) => b.used / b.limit - a.used / a.limit || a.name.localeCompare(b.name));

  reconcile(get('limits'), allLimits ? limits : limits.slice(0, 6), (limit) => limit.name, createLimit, updateLimit);
}

export function watchLimits() {
  get('limits-more').addEventListener('click', () => {
    allLimits = !allLimits;
    get('limits-more').setAttribute('aria-expanded', String(allLimits));
    setText(get('limits-more'), allLimits ? _('Show fewer limits') : _('Show all limits'));
    showLimits();
  });
}

export function showCharts() {
  showCounters();
  showLimits();
}
