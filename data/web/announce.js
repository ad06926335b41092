// announce.js: what screen readers say by themselves: news, no chatter
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get } from './dom.js';

// Behind what is being read out.
const FIRST_MS = 400;
const BETWEEN_MS = 5000;

let waiting = null;
let timer = null;
let saidAt = -Infinity;

// Of several that come close together only the last is said; an answer to what a person has just done is @urgent.
export function announce(text, urgent = false) {
  waiting = text;
  if (urgent) {
    clearTimeout(timer);
    timer = null;
  }
  timer ??= setTimeout(() => {
    timer = null;
    saidAt = performance.now();
    get('announce').textContent = waiting;
  }, urgent ? FIRST_MS : Math.max(FIRST_MS, saidAt + BETWEEN_MS - performance.now()));
}
