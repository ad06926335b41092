// ladder.js: what became of one message, or endpoint: the steps with their times, the rule, what comes next
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { formatSpan, formatTime, get, make, reconcile, setText, words } from './dom.js';
import { ask } from './session.js';
import { nameOf } from './state.js';

const MORE_MS = 300;

let shown = null;
let timer = null;

function timerText(timed) {
  return `${words(timed.what ?? '')} at ${formatTime(timed.at)}: ${timed.then ?? ''}`;
}

function facts(story) {
  const holder = story.held_by;
  const rows = [
    ['Is', [words(story.place ?? story.state ?? story.kind ?? ''), story.since ? `since ${formatTime(story.since)}` : ''].filter(Boolean).join(', ')],
    ['From', story.sender_address],
    ['With', holder ? `${nameOf(holder.endpoint_id)}, process ${holder.pid ?? '?'}, ${holder.state}` : undefined],
    ['Rule', story.rule?.text],
    ['Next', story.next],
    ['Timers', story.timers?.map(timerText).join('; ') || undefined],
    ['Outcome', story.outcome ? words(story.outcome) : undefined],
    ['Why', story.reason ? words(story.reason) : undefined],
    ['Conversation', story.correlation_id],
    ['Id', story.id],
  ];

  return rows.filter(([, value]) => value).map(([name, value]) => ({ name, value }));
}

function showFacts(story) {
  reconcile(get('ladder-facts'), facts(story), (fact) => fact.name,
    (fact) => make('div', {}, make('dt', {}, fact.name), make('dd')),
    (node, fact) => setText(node.querySelector('dd'), fact.value));
}

function showSteps(steps) {
  const rows = steps.map((step, i) => ({ ...step, i, after: i > 0 ? new Date(step.at) - new Date(steps[i - 1].at) : null }));

  reconcile(get('ladder-steps'), rows, (step) => `${step.i}-${step.step}`,
    () => make('li', {}, make('strong'), ' ', make('time'), ' ', make('small'), make('p')),
    (node, step) => {
      const after = step.after === null ? '' : step.after < 1000 ? `+${step.after} ms` : `+${formatSpan(step.after)}`;

      setText(node.querySelector('strong'), words(step.step));
      setText(node.querySelector('time'), formatTime(step.at));
      node.querySelector('time').dateTime = step.at;
      setText(node.querySelector('small'), after);
      setText(node.querySelector('p'), [step.endpoint_id ? nameOf(step.endpoint_id) : '', words(step.rule ?? ''), step.detail ?? ''].filter(Boolean).join(' · '));
    });
}

async function read(id) {
  try {
    const story = await ask('GET', `explain/${encodeURIComponent(id)}`);

    if (id !== shown) {
      return;
    }
    showFacts(story);
    showSteps(story.ladder ?? []);
    setText(get('ladder-note'), '');
  } catch (error) {
    setText(get('ladder-note'), error.message);
  }
}

export function showLadder(id) {
  shown = id;
  get('ladder-facts').replaceChildren();
  get('ladder-steps').replaceChildren();
  setText(get('ladder-note'), 'Looking');
  get('ladder').showModal();
  read(id);
}

// While it is open it follows.
export function refreshLadder(changes) {
  if (shown === null || !get('ladder').open) {
    return;
  }
  if (changes === null || [changes.inbox, changes.assignments, changes.endpoints].some((part) => part !== undefined && shown in part)) {
    timer ??= setTimeout(() => {
      timer = null;
      read(shown);
    }, MORE_MS);
  }
}
