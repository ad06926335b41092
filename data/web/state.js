// state.js: what the broker has shown, and what has changed since
//
// SPDX-License-Identifier: LGPL-2.1-or-later

// How many assignments that have ended stay in sight.
const ENDED_MAX = 12;

export const state = {
  status: {},
  needs: [],
  runtimes: [],             // that were started here
  modules: [],
  endpoints: new Map(),     // by their id
  inbox: new Map(),         // by the message's id
  held: new Map(),          // likewise: of those that a person has to let in
  assignments: new Map(),   // likewise
  ended: new Map(),         // likewise: of those, what ended while we looked
};

function fillMap(map, rows, keyOf) {
  map.clear();
  for (const row of rows) {
    map.set(keyOf(row), row);
  }
}

export function load({ status, needs, runtimes, modules, endpoints, inbox, held, assignments }) {
  state.status = status;
  state.needs = needs;
  state.runtimes = runtimes;
  state.modules = modules;
  fillMap(state.endpoints, endpoints, (row) => row.endpoint_id);
  fillMap(state.inbox, inbox, (row) => row.id);
  fillMap(state.held, held, (row) => row.id);
  fillMap(state.assignments, assignments, (row) => row.message_id);
}

// Later ones end up behind, where they belong.
function applyMap(map, changes, gone) {
  for (const [key, row] of Object.entries(changes ?? {})) {
    if (row === null) {
      gone?.(key, map.get(key));
      map.delete(key);
    } else {
      map.set(key, row);
    }
  }
}

// Of a message it is told where it is; only its reason says that it is not in the inbox yet.
function isHeld(row) {
  return row?.reason?.startsWith('held') ?? false;
}

function pick(changes, isMeant) {
  return changes && Object.fromEntries(Object.entries(changes).map(([id, row]) => [id, isMeant(row) ? row : null]));
}

function keepEnded(messageId, assignment) {
  if (assignment === undefined) {
    return;
  }
  state.ended.set(messageId, { ...assignment, ended_at: new Date().toISOString(), state: 'ended' });
  while (state.ended.size > ENDED_MAX) {
    state.ended.delete(state.ended.keys().next().value);
  }
}

export function apply(changes) {
  state.status = changes.status;
  applyMap(state.endpoints, changes.endpoints);
  applyMap(state.inbox, pick(changes.inbox, (row) => !isHeld(row)));
  applyMap(state.held, pick(changes.inbox, isHeld));
  applyMap(state.assignments, changes.assignments, keepEnded);
}

export function nameOf(endpointId) {
  const endpoint = state.endpoints.get(endpointId);

  return endpoint?.session_name ?? endpoint?.label ?? endpointId ?? '';
}
