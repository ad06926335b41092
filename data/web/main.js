// main.js: the page: logs in, then shows
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { logIn, ask } from './session.js';

async function start() {
  const notice = document.getElementById('notice');

  try {
    await logIn();
    document.getElementById('status').textContent = JSON.stringify(await ask('GET', 'status'), null, 2);
    notice.textContent = 'Logged in';
  } catch (error) {
    notice.textContent = error.message;
  }
}

start();
