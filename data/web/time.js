// time.js: moments and spans, as people say them
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { make, setText } from './dom.js';
import { locale } from './language.js';

const DAY_MS = 24 * 3600 * 1000;
const formats = new Map();

// They are expensive to make.
function formatOf(name, makeFormat) {
  if (!formats.has(name)) {
    formats.set(name, makeFormat());
  }
  return formats.get(name);
}

function formatFull(time) {
  return formatOf('full', () => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })).format(time);
}

export function formatTime(iso) {
  const time = new Date(iso);
  const clock = formatOf('clock', () => new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' }));

  return Date.now() - time < DAY_MS * 5 / 6 ? clock.format(time) : formatFull(time);
}

function split(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));

  if (seconds < 60) {
    return [seconds, 'second'];
  }
  if (seconds < 3600) {
    return [Math.floor(seconds / 60), 'minute'];
  }
  return seconds < 48 * 3600 ? [Math.floor(seconds / 3600), 'hour'] : [Math.floor(seconds / 86400), 'day'];
}

export function formatSpan(ms) {
  const [n, unit] = split(ms);

  return formatOf(unit, () => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' })).format(n);
}

function age(node) {
  const [n, unit] = split(Date.now() - new Date(node.dateTime));

  setText(node, formatOf('ago', () => new Intl.RelativeTimeFormat(locale, { style: 'short' })).format(-n, unit));
}

// How long ago; it goes on by itself.
export function setSince(node, iso) {
  if (node.dateTime !== iso) {
    node.dateTime = iso;
    node.title = formatFull(new Date(iso));
  }
  age(node);
}

export function makeSince(iso) {
  const node = make('time', { class: 'since' });

  setSince(node, iso);
  return node;
}

export function ageAll() {
  document.querySelectorAll('time.since').forEach(age);
}
