// log.js: the last that a runtime wrote; while it is open it follows
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, setText } from './dom.js';
import { _, format } from './language.js';
import { ask } from './session.js';

const FOLLOW_MS = 2000;

let shown = null;
let timer = null;

// Whoever reads further up stays there.
function showText(text) {
  const place = get('log-text');
  const wasAtEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 4;

  setText(place, text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, ''));
  if (wasAtEnd) {
    place.scrollTop = place.scrollHeight;
  }
}

async function read(id, name) {
  if (id !== shown || !get('log').open) {
    return;
  }
  try {
    const answer = await ask('GET', `runtimes/${encodeURIComponent(id)}/log`);

    if (id !== shown) {
      return;
    }
    showText(answer.text);
    setText(get('log-note'), answer.text === '' ? format(_('%s has written nothing.'), name) : '');
    timer = setTimeout(() => read(id, name), FOLLOW_MS);
  } catch (error) {
    setText(get('log-note'), error.message);
  }
}

export function showLog(id, name) {
  clearTimeout(timer);
  shown = id;
  setText(get('log-text'), '');
  setText(get('log-note'), '');
  get('log').showModal();
  read(id, name);
}
