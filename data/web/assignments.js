// assignments.js: who works on what, as a time line; the columns beside it say the same in words
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, make, makeForeign, reconcile, setData, setForeign, setText } from './dom.js';
import { showLadder } from './ladder.js';
import { formatNumber, words } from './language.js';
import { cut } from './more.js';
import { ask } from './session.js';
import { nameOf, state } from './state.js';
import { formatSpan, formatTime } from './time.js';

// The line is at least so long, and longer only for what has been worked on for longer.
const SHORTEST_MS = 60000;
const LONGEST_MS = 24 * 3600 * 1000;

// How those that have ended ended, once the broker has said so.
const outcomes = new Map();

async function readOutcome(messageId) {
  outcomes.set(messageId, 'ended');
  try {
    const story = await ask('GET', `explain/${encodeURIComponent(messageId)}`);
    const last = story.ladder?.at(-1);

    outcomes.set(messageId, words(story.outcome ?? last?.step ?? 'ended'));
  } catch {
    // It stays "ended".
  }
}

function create(assignment) {
  return make('tr', {},
    make('th', { scope: 'row' }, makeForeign('button', { class: 'quiet', type: 'button', onclick: () => showLadder(assignment.message_id) })),
    makeForeign('td', { class: 'with' }),
    make('td', {}, make('span', { class: 'state', lang: 'en' }), ' ', make('time')),
    make('td', { class: 'axis' }, make('div', { class: 'bar', 'aria-hidden': 'true' })));
}

function drawBar(bar, assignment, from, now) {
  const begin = Math.max(new Date(assignment.assigned_at).getTime(), from);
  const end = assignment.ended_at ? new Date(assignment.ended_at).getTime() : now;
  const span = now - from;

  bar.style.marginInlineStart = `${((begin - from) / span) * 100}%`;
  bar.style.inlineSize = `${Math.max(((end - begin) / span) * 100, 0.75)}%`;
  setData(bar, 'state', assignment.state);
}

function updateFor(from, now) {
  return (row, assignment) => {
    const end = assignment.ended_at ? new Date(assignment.ended_at) : now;
    const shown = assignment.ended_at ? outcomes.get(assignment.message_id) ?? 'ended' : words(assignment.state);

    setForeign(row.querySelector('button'), assignment.sender_address ?? assignment.message_id);
    setForeign(row.querySelector('.with'), nameOf(assignment.endpoint_id));
    setText(row.querySelector('.state'), shown);
    setData(row.querySelector('.state'), 'state', assignment.state);
    setText(row.querySelector('time'), formatSpan(end - new Date(assignment.assigned_at)));
    drawBar(row.querySelector('.bar'), assignment, from, now);
  };
}

function startOf(rows, now) {
  const first = Math.min(...rows.map((row) => new Date(row.assigned_at).getTime()));

  return now - Math.min(Math.max((now - first) * 1.05, SHORTEST_MS), LONGEST_MS);
}

export function showAssignments() {
  const now = Date.now();
  const alive = [...state.assignments.values()];
  const ended = [...state.ended.values()].filter((row) => !state.assignments.has(row.message_id));
  const rows = [...alive, ...ended].sort((a, b) => (a.assigned_at < b.assigned_at ? 1 : -1));
  const shown = cut('assignments', rows);

  setText(get('assignments-count'), alive.length > 0 ? formatNumber(alive.length) : '');
  get('assignments-empty').hidden = rows.length > 0;
  get('assignments-view').hidden = rows.length === 0;
  if (rows.length === 0) {
    return;
  }
  ended.filter((row) => !outcomes.has(row.message_id)).forEach((row) => readOutcome(row.message_id));
  const from = startOf(shown, now);

  setText(get('axis-from'), formatTime(new Date(from)));
  reconcile(get('assignments'), shown, (row) => row.assignment_id, create, updateFor(from, now));
}
