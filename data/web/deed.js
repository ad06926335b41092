// deed.js: what a person decides is sent, once; what is refused is said beside it
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce } from './announce.js';
import { make, setText } from './dom.js';
import { format } from './language.js';
import { ask } from './session.js';

// The change that takes the row away comes by itself; should it not come, the row may be used again.
const SETTLE_MS = 3000;

export function makeError() {
  return make('p', { class: 'error', role: 'alert' });
}

// Not `disabled`, which would take the focus away from whoever has just pressed it.
function setBusy(item, isBusy) {
  item.dataset.busy = isBusy ? 'yes' : 'no';
  item.querySelectorAll('button').forEach((button) => button.setAttribute('aria-disabled', String(isBusy)));
}

// Posts for @item, a row with a makeError() in it. Resolves to whether it was done. @failed: how a refusal is told, with %s for the reason.
export async function send(item, path, body, done, failed = '%s') {
  const error = item.querySelector('.error');

  if (item.dataset.busy === 'yes') {
    return false;
  }
  setText(error, '');
  setBusy(item, true);
  try {
    await ask('POST', path, body);
    announce(done, true);
    setTimeout(() => setBusy(item, false), SETTLE_MS);
    return true;
  } catch (refusal) {
    setText(error, format(failed, refusal.message));
    setBusy(item, false);
    return false;
  }
}
