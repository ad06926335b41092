// live.js: the WebSocket over which changes come, and what to do when it breaks
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { Refusal, ask, forgetSession, getSession } from './session.js';
import { apply, load } from './state.js';

const PROTOCOL = 'runtime-broker.page.1';
const LOGGED_OUT = 4401;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

export class Live {
  // @told: { state (name, text), changed (changes or null), ended (text) }
  constructor(told) {
    this.told = told;
    this.wait = FIRST_WAIT_MS;
    this.waiting = null;
  }

  // A broken WebSocket does not say why; a request does.
  async start() {
    try {
      await ask('GET', 'status');
      this.open();
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error) {
    if (error instanceof Refusal && error.status === 401) {
      this.end('This page is not logged in any more: it was not used for long, or the broker was started again.');
    } else {
      this.retry();
    }
  }

  end(text) {
    forgetSession();
    this.told.ended(text);
  }

  retry() {
    this.told.state('broken', 'Reconnecting');
    setTimeout(() => this.start(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  open() {
    const socket = new WebSocket(`ws://${location.host}/ui/live`, [PROTOCOL, `session.${getSession()}`]);

    socket.addEventListener('open', () => this.read());
    socket.addEventListener('message', (event) => this.receive(JSON.parse(event.data)));
    socket.addEventListener('close', (event) => this.closed(event));
  }

  closed(event) {
    if (event.code === LOGGED_OUT) {
      this.end('You logged out, or other pages took the place of this one.');
    } else {
      this.retry();
    }
  }

  receive(changes) {
    if (this.waiting !== null) {
      this.waiting.push(changes);
    } else if (changes.all) {
      this.read();
    } else {
      apply(changes);
      this.told.changed(changes);
    }
  }

  // What comes while the lists are on their way is newer than they are, or the same: it is applied to them afterwards.
  async read() {
    this.waiting = [];
    try {
      const names = ['status', 'needs', 'endpoints', 'inbox', 'held', 'assignments'];
      const answers = await Promise.all(names.map((name) => ask('GET', name)));

      load(Object.fromEntries(names.map((name, i) => [name, answers[i]])));
      const missed = this.waiting.splice(0);
      this.waiting = null;
      missed.filter((changes) => !changes.all).forEach(apply);
      this.wait = FIRST_WAIT_MS;
      this.told.state('live', 'Live');
      this.told.changed(null);
      if (missed.some((changes) => changes.all)) {
        this.read();
      }
    } catch (error) {
      this.waiting = null;
      if (error instanceof Refusal && error.status === 401) {
        this.failed(error);
      }
    }
  }
}
