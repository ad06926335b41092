// ladder.js: what became of one message, or endpoint: the steps with their times, the rule, what comes next
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { get, make, makeForeign, reconcile, setForeign, setText } from './dom.js';
import { _, format, formatNumber, words } from './language.js';
import { ask } from './session.js';
import { nameOf } from './state.js';
import { formatSpan, formatTime } from './time.js';

const MORE_MS = 300;

let shown = null;
let timer = null;

function timerText(timed) {
  return format(_('%s at %s: %s'), words(timed.what ?? ''), formatTime(timed.at), timed.then ?? '');
}

function placeText(story) {
  const place = words(story.place ?? story.state ?? story.kind ?? '');

  return story.since ? format(_('%s, since %s'), place, formatTime(story.since)) : place;
}

function holderText(holder) {
  return format(_('%s, process %s, %s'), nameOf(holder.endpoint_id), holder.pid ?? '?', holder.state);
}

function facts(story) {
  const rows = [
    ['is', _('Is'), placeText(story)],
    ['from', _('From'), story.sender_address],
    ['with', _('With'), story.held_by ? holderText(story.held_by) : undefined],
    ['rule', _('Rule'), story.rule?.text],
    ['next', _('Next'), story.next],
    ['timers', _('Timers'), story.timers?.map(timerText).join('; ')],
    ['outcome', _('Outcome'), story.outcome ? words(story.outcome) : undefined],
    ['why', _('Why'), story.reason ? words(story.reason) : undefined],
    ['conversation', _('Conversation'), story.correlation_id],
    ['id', _('Id'), story.id],
  ];

  return rows.filter(([, , value]) => value).map(([id, name, value]) => ({ id, name, value }));
}

// Values are in the words of the broker, or of others.
function showFacts(story) {
  reconcile(get('ladder-facts'), facts(story), (fact) => fact.id,
    (fact) => make('div', {}, make('dt', {}, fact.name), make('dd', { lang: 'en', dir: 'auto' })),
    (node, fact) => setForeign(node.querySelector('dd'), fact.value));
}

function afterText(after) {
  if (after === null) {
    return '';
  }
  return after < 1000 ? `+${formatNumber(after)} ms` : `+${formatSpan(after)}`;
}

function updateStep(node, step) {
  const detail = [step.endpoint_id ? nameOf(step.endpoint_id) : '', words(step.rule ?? ''), step.detail ?? ''];

  setText(node.querySelector('strong'), words(step.step));
  setText(node.querySelector('time'), formatTime(step.at));
  node.querySelector('time').dateTime = step.at;
  setText(node.querySelector('small'), afterText(step.after));
  setForeign(node.querySelector('p'), detail.filter(Boolean).join(' · '));
}

function showSteps(steps) {
  const rows = steps.map((step, i) => ({ ...step, i, after: i > 0 ? new Date(step.at) - new Date(steps[i - 1].at) : null }));

  reconcile(get('ladder-steps'), rows, (step) => `${step.i}-${step.step}`,
    () => make('li', {}, make('strong', { lang: 'en' }), ' ', make('time'), ' ', make('small', { lang: 'en' }), makeForeign('p', { lang: 'en' })),
    updateStep);
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
  setText(get('ladder-note'), _('Looking'));
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
