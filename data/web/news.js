// news.js: what has changed since, in words for those who do not see it, and lists that a change only mentions
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce } from './announce.js';
import { plain } from './dom.js';
import { _, format, formatNumber, ngettext } from './language.js';
import { ask } from './session.js';
import { state } from './state.js';

const COLLECT_MS = 200;

const timers = new Map();

export function announceMessages(changes) {
  const news = Object.values(changes?.inbox ?? {}).filter((row) => row !== null && state.inbox.has(row.id));

  if (news.length === 1) {
    announce(format(_('A message from %s waits in the inbox.'), plain(news[0].sender_address ?? _('somebody'))));
  } else if (news.length > 1) {
    announce(format(ngettext('%s message changed in the inbox.', '%s messages changed in the inbox.', news.length), formatNumber(news.length)));
  }
}

function announceNeeds(before) {
  const known = new Set(before.map((need) => need.id));
  const spawns = state.needs.filter((need) => need.kind === 'spawn' && !known.has(need.id));

  if (spawns.length > 0) {
    announce(_('A runtime is to be started here, and waits for you.'));
  }
}

function readSoon(name, path, show) {
  if (timers.has(name)) {
    return;
  }
  timers.set(name, setTimeout(async () => {
    timers.delete(name);
    try {
      const before = state[name];

      state[name] = await ask('GET', path);
      show(before);
    } catch {
      // With the next change.
    }
  }, COLLECT_MS));
}

// @show: shows that list.
export function readNeeds(show) {
  readSoon('needs', 'needs?inbox=no', (before) => {
    announceNeeds(before);
    show();
  });
}

export function readRuntimes(show) {
  readSoon('runtimes', 'runtimes?all=yes', show);
}

export function readModules(show) {
  readSoon('modules', 'modules', show);
}
