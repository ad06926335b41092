// live.js: the WebSocket over which changes come, and what to do when it breaks
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { N_, _ } from './language.js';
import { Refusal, ask, forgetSession, getSession } from './session.js';
import { apply, load } from './state.js';

const PROTOCOL = 'runtime-broker.page.1';
const LOGGED_OUT = 4401;
const BROKEN = 4400;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
// After so much waiting nobody will come back here: who starts it again may get another port.
const PATIENCE_MS = 60000;
const LAST_WORDS_MS = 1000;
// Of the time, the lists are being read again for at most a quarter.
const REST_FACTOR = 3;

// What is read at once, and again when more changed than is told.
const paths = {
  status: 'status', needs: 'needs?inbox=no', runtimes: 'runtimes?all=yes', modules: 'modules',
  endpoints: 'endpoints', inbox: 'inbox', held: 'held', assignments: 'assignments',
};

const endings = {
  idle: N_('This page is not logged in any more: it was not used for long, or the broker was started again.'),
  other: N_('You logged out, or other pages took the place of this one.'),
  stopped: N_('The broker was stopped. The next command or program that needs it starts it again.'),
  gone: N_('The broker does not answer here any more: it was stopped, or started again at another address.'),
};

export class Live {
  // @told: { state (name, text), changed (changes or null), ended (text, whether trying again may help) }
  constructor(told) {
    this.told = told;
    this.wait = FIRST_WAIT_MS;
    this.waited = 0;
    this.waiting = null;    // changes that came while the lists were on their way
    this.socket = null;
    this.timer = null;
    this.restUntil = 0;
    this.isOver = false;
    document.addEventListener('visibilitychange', () => this.onVisible());
  }

  // A broken WebSocket does not say why; a request does.
  async start() {
    this.timer = null;
    this.isOver = false;
    try {
      await ask('GET', 'status');
      this.open();
    } catch (error) {
      this.failed(error);
    }
  }

  again() {
    this.wait = FIRST_WAIT_MS;
    this.waited = 0;
    this.start();
  }

  failed(error) {
    if (error instanceof Refusal && error.status === 401) {
      this.end('idle');
    } else {
      this.retry();
    }
  }

  // @mayReturn: the session may still be good.
  end(ending, mayReturn = false) {
    this.isOver = true;
    clearTimeout(this.timer);
    this.timer = null;
    if (!mayReturn) {
      forgetSession();
    }
    this.told.ended(_(endings[ending]), mayReturn);
  }

  // A page that nobody looks at does not try; it does when somebody does.
  retry() {
    this.told.state('broken', _('Reconnecting'));
    if (this.waited >= PATIENCE_MS) {
      this.end('gone', true);
    } else if (!document.hidden) {
      this.timer = setTimeout(() => this.start(), this.wait);
      this.waited += this.wait;
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    }
  }

  onVisible() {
    if (!document.hidden && !this.isOver && this.socket === null && this.timer === null) {
      this.start();
    }
  }

  open() {
    const socket = new WebSocket(`ws://${location.host}/ui/live`, [PROTOCOL, `session.${getSession()}`]);

    this.socket = socket;
    this.waiting = null;
    socket.addEventListener('open', () => this.read());
    socket.addEventListener('message', (event) => this.receive(event.data));
    socket.addEventListener('close', (event) => this.closed(event));
  }

  closed(event) {
    this.socket = null;
    clearTimeout(this.timer);
    this.timer = null;
    if (event.code === LOGGED_OUT) {
      this.end('other');
    } else if (event.reason === 'broker_shutdown') {
      this.end('stopped');
    } else {
      this.retry();
    }
  }

  // What cannot be understood has told us nothing: all is read anew.
  receive(text) {
    try {
      this.take(JSON.parse(text));
    } catch (error) {
      console.error(error);
      this.socket?.close(BROKEN);
    }
  }

  take(changes) {
    if (this.waiting !== null) {
      this.waiting.push(changes);
      return;
    }
    apply(changes);
    this.told.changed(changes);
    if (changes.all) {
      this.readSoon();
    }
  }

  readSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.read();
    }, Math.max(0, this.restUntil - performance.now()));
  }

  // What comes while the lists are on their way is newer than they are, or the same: it is applied to them afterwards.
  async read() {
    const socket = this.socket;
    const began = performance.now();

    this.waiting = [];
    try {
      const answers = await Promise.all(Object.values(paths).map((path) => ask('GET', path)));

      if (socket === this.socket && socket !== null) {
        this.show(Object.fromEntries(Object.keys(paths).map((name, i) => [name, answers[i]])));
        this.restUntil = performance.now() + REST_FACTOR * (performance.now() - began);
      }
    } catch (error) {
      console.error(error);
      // A broker that stops refuses first, and then says why.
      setTimeout(() => socket?.close(BROKEN), LAST_WORDS_MS);
    }
  }

  show(lists) {
    const missed = this.waiting.splice(0);

    this.waiting = null;
    load(lists);
    missed.forEach(apply);
    this.wait = FIRST_WAIT_MS;
    this.waited = 0;
    this.told.state('live', _('Live'));
    this.told.changed(null);
    if (missed.some((changes) => changes.all)) {
      this.readSoon();
    }
  }
}
