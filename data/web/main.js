// main.js: the page: logs in, then shows what there is, and what changes
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { announce } from './announce.js';
import { showAssignments } from './assignments.js';
import { sample, showCharts, watchLimits } from './charts.js';
import { get, setData, setText } from './dom.js';
import { showEndpoints } from './endpoints.js';
import { showHeld } from './held.js';
import { showInbox } from './inbox.js';
import { refreshLadder } from './ladder.js';
import { _, loadLanguage } from './language.js';
import { Live } from './live.js';
import { showModules } from './modules.js';
import { watchMore } from './more.js';
import { showNeeds } from './needs.js';
import { announceMessages, readModules, readNeeds, readRuntimes } from './news.js';
import { showOverview } from './overview.js';
import { showRuntimes } from './runtimes.js';
import { watchSearch } from './search.js';
import { ask, logIn, logOut } from './session.js';
import { state } from './state.js';
import { fillTexts } from './texts.js';
import { ageAll } from './time.js';

const AGE_MS = 1000;
const STATUS_MS = 10000;

// Each list by the id of what it is shown in.
const lists = {
  held: showHeld, 'needs-list': showNeeds, inbox: showInbox, assignments: showAssignments, endpoints: showEndpoints, runtimes: showRuntimes,
};

function show() {
  showOverview();
  Object.values(lists).forEach((showList) => showList());
  showModules();
  showCharts();
}

function setLink(name, text) {
  setData(get('link'), 'state', name);
  setText(get('link'), text);
}

// @mayReturn: trying again may help.
function closeDoor(text, mayReturn = false) {
  setLink('ended', mayReturn ? _('No connection') : _('Not logged in'));
  get('main').hidden = true;
  get('logout').hidden = true;
  document.querySelectorAll('dialog').forEach((dialog) => dialog.close());
  get('gate').hidden = false;
  get('gate-retry').hidden = !mayReturn;
  setText(get('gate-reason'), text);
  get('gate-title').focus();
}

let lost = false;

function onState(name, text) {
  setLink(name, text);
  if (name === 'broken' && !lost) {
    announce(_('The connection to the broker is lost; it is being tried again.'), true);
  } else if (name === 'live' && lost) {
    announce(_('The broker is back.'), true);
  }
  lost = name === 'broken';
}

function onChanged(changes) {
  get('gate').hidden = true;
  get('main').hidden = false;
  get('logout').hidden = false;
  announceMessages(changes);
  show();
  refreshLadder(changes);
  if (changes?.needs) {
    readNeeds(showNeeds);
  }
  if (changes?.runtimes) {
    readRuntimes(showRuntimes);
  }
}

function isWatched() {
  return !document.hidden && !get('main').hidden && !lost;
}

// What only counts, and changes nothing that is told: limits, connections, memory, modules.
async function refreshStatus() {
  if (!isWatched()) {
    return;
  }
  try {
    state.status = await ask('GET', 'status');
    showOverview();
    showCharts();
    readModules(showModules);
    if (state.runtimes.some((runtime) => runtime.ended_at === undefined)) {
      readRuntimes(showRuntimes);
    }
  } catch {
    // The WebSocket finds out.
  }
}

function onTick() {
  if (isWatched()) {
    ageAll();
    showAssignments();
    sample();
  }
}

function watchButtons(live) {
  watchSearch();
  watchLimits();
  Object.entries(lists).forEach(([id, showList]) => watchMore(id, showList));
  get('logout').addEventListener('click', async () => {
    await logOut().catch(() => {});
    closeDoor(_('You logged out.'));
  });
  get('gate-again').addEventListener('click', () => live.again());
}

async function start() {
  const live = new Live({ state: onState, changed: onChanged, ended: closeDoor });

  await loadLanguage();
  fillTexts();
  watchButtons(live);
  try {
    if (!await logIn()) {
      closeDoor(_('This page is not logged in.'));
      return;
    }
  } catch (error) {
    closeDoor(error.code === 'ticket_invalid' ? _('The ticket in the address was used already, or is older than a minute.') : error.message);
    return;
  }
  live.start();
  setInterval(onTick, AGE_MS);
  setInterval(refreshStatus, STATUS_MS);
}

start();
