// normalise.mjs: a recorded conversation without what is different each time: ids, times, traces, tokens, ports
//
// SPDX-License-Identifier: LGPL-2.1-or-later

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const traceparent = /^(00)-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const isoMs = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const traceId = /^[0-9a-f]{32}$/;

// Times that the script itself has chosen stay: whatever repeats them has to repeat them exactly.
const chosenTimes = new Set ([1795427510029]);

// What is posted whenever it is ready. Each is compared, but not when it came.
const background = [/\/state \w+$/, /network-presence-changed \w+$/, /^request DELETE /, /capabilities$/, /control-events$/, /whoami$/];

// Gives the same name to the same thing wherever it comes up: the step that mentions it first, and its number there.
class Names {
  constructor (emittedTimes) {
    this.emittedTimes = emittedTimes;
    this.names = new Map ();
  }

  begin (step) {
    this.step = step;
    this.counts = {};
  }

  of (kind, text) {
    if (!this.names.has (text)) {
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      this.names.set (text, `<${kind} ${this.counts[kind]} of ${this.step}>`);
    }
    return this.names.get (text);
  }
}

const blank = { of: (kind) => `<${kind}>` };

function plainText (text, key, names) {
  const trace = text.match (traceparent);
  if (trace)
    return `00-${names.of ('trace', trace[2])}-${names.of ('span', trace[3])}-${trace[4]}`;
  if (traceId.test (text))
    return names.of ('trace', text);
  if (key === 'broker_projection_token')
    return names.of ('token', text);
  return text.replaceAll (uuid, (id) => names.of ('uuid', id)).replaceAll (isoMs, (time) => chosenTimes.has (Date.parse (time)) ? time : '<time>')
    .replaceAll (/plugin_pid=\d+/g, 'plugin_pid=<pid>');
}

function plainTime (value, key, names) {
  if (chosenTimes.has (value))
    return value;
  // A report of an assignment has to repeat the time of its event.
  return key === 'occurred_at' && names.emittedTimes?.includes (value) ? '<emitted at>' : '<ms>';
}

function plain (value, names, key) {
  if (typeof value === 'string')
    return plainText (value, key, names);
  if (typeof value === 'number' && value > 1e12)
    return plainTime (value, key, names);
  if (typeof value === 'number' && key === 'plugin_pid')
    return '<pid>';
  if (Array.isArray (value))
    return value.map ((item) => plain (item, names));
  if (value === null || typeof value !== 'object')
    return value;
  const keys = Object.keys (value).filter ((name) => value[name] !== undefined && name !== 'at').sort ();
  return Object.fromEntries (keys.map ((name) => [name, plain (value[name], names, name)]));
}

const textOf = (value) => JSON.stringify (plain (value, blank));

function sortedByText (items) {
  return items.map ((item) => [textOf (item), item]).sort (([a], [b]) => a < b ? -1 : a > b ? 1 : 0).map (([, item]) => item);
}

function framesByReceiver (frames) {
  const receivers = [...new Set (frames.map (({ who }) => who))].sort ();
  return Object.fromEntries (receivers.map ((who) => [who, frames.filter ((item) => item.who === who).map (({ frame }) => frame)]));
}

// The things of a step whose order is the same every time, as short texts.
function orderOf (step) {
  const events = [
    ...step.answers.map ((item) => [item.at, `answer ${item.who} ${item.request ?? ''} ${item.status ?? ''}`]),
    ...step.frames.map ((item) => [item.at, `push ${item.who} ${item.frame.event}`]),
    ...step.network.map ((item) => [item.at_us, `${item.kind} ${item.name} ${item.body?.state ?? ''}`]),
  ];
  const isOrdered = (text) => !background.some ((pattern) => pattern.test (text.trim ())) && !/presence_changed|reply_emitted$/.test (text);
  return events.sort ((a, b) => a[0] - b[0]).map (([, text]) => text.trim ()).filter (isOrdered).map ((text) => plainText (text, '', blank));
}

// @steps as conversation.mjs records them. Returns by step: what the adapters were answered and pushed, what the API was sent (in no
// order) and the gateway (in order), and in which order all that came.
export function normalised ({ steps, emittedTimes }) {
  const names = new Names (emittedTimes);
  const ofKind = (step, kind) => step.network.filter ((item) => item.kind === kind);
  return steps.map ((step) => {
    names.begin (step.name);
    return {
      name: step.name,
      answers: plain (step.answers, names),
      frames: plain (framesByReceiver (step.frames), names),
      gateway: plain (ofKind (step, 'frame').map ((item) => item.body), names),
      api: plain (sortedByText (ofKind (step, 'request').map (({ name, query, body }) => ({ name, query, body }))), names),
      order: orderOf (step),
    };
  });
}
