// main.js: the page: logs in, then shows what there is, and what changes
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { showAssignments } from './assignments.js';
import { sample, showCharts, watchLimits } from './charts.js';
import { ageAll, announce, get, setData, setText } from './dom.js';
import { showEndpoints } from './endpoints.js';
import { showHeld } from './held.js';
import { showInbox } from './inbox.js';
import { refreshLadder } from './ladder.js';
import { Live } from './live.js';
import { readNeeds, showNeeds } from './needs.js';
import { showOverview } from './overview.js';
import { watchSearch } from './search.js';
import { ask, logIn, logOut } from './session.js';
import { state } from './state.js';

const AGE_MS = 1000;
const STATUS_MS = 10000;

function show() {
  showOverview();
  showHeld();
  showNeeds();
  showInbox();
  showAssignments();
  showEndpoints();
  showCharts();
}

function setLink(name, text) {
  setData(get('link'), 'state', name);
  setText(get('link'), text);
}

function closeDoor(text) {
  setLink('ended', 'Not logged in');
  get('main').hidden = true;
  get('logout').hidden = true;
  get('ladder').close();
  get('gate').hidden = false;
  setText(get('gate-reason'), text);
  get('gate-title').focus();
}

let lost = false;

function onState(name, text) {
  setLink(name, text);
  if (name === 'broken' && !lost) {
    announce('The connection to the broker is lost; it is being tried again.');
  } else if (name === 'live' && lost) {
    announce('The broker is back.');
  }
  lost = name === 'broken';
}

function announceNews(changes) {
  const news = Object.values(changes?.inbox ?? {}).filter((row) => row !== null && state.inbox.has(row.id));

  if (news.length > 0) {
    announce(news.length === 1 ? `A message from ${news[0].sender_address} waits in the inbox.` : `${news.length} messages changed in the inbox.`);
  }
}

function onChanged(changes) {
  get('main').hidden = false;
  get('logout').hidden = false;
  announceNews(changes);
  show();
  refreshLadder(changes);
  if (changes !== null) {
    readNeeds(changes);
  }
}

// What only counts, and changes nothing that is told: limits, connections.
async function refreshStatus() {
  if (document.hidden || get('main').hidden || lost) {
    return;
  }
  try {
    state.status = await ask('GET', 'status');
    showOverview();
    showCharts();
  } catch {
    // The WebSocket finds out.
  }
}

function onTick() {
  if (document.hidden || get('main').hidden) {
    return;
  }
  ageAll();
  showAssignments();
  sample();
}

async function start() {
  watchSearch();
  watchLimits();
  get('logout').addEventListener('click', async () => {
    await logOut().catch(() => {});
    closeDoor('You logged out.');
  });
  try {
    if (!await logIn()) {
      closeDoor('This page is not logged in.');
      return;
    }
  } catch (error) {
    closeDoor(error.code === 'ticket_invalid' ? 'The ticket in the address was used already, or is older than a minute.' : error.message);
    return;
  }
  new Live({ state: onState, changed: onChanged, ended: closeDoor }).start();
  setInterval(onTick, AGE_MS);
  setInterval(refreshStatus, STATUS_MS);
}

start();
