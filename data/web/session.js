// session.js: who we are to the broker: one ticket, exchanged once for a session
//
// SPDX-License-Identifier: LGPL-2.1-or-later

// Of this tab alone, and gone with it. No cookie: a browser would send it to every port of this machine, by itself.
const KEY = 'runtime-broker-session';

// The broker's own words for what it refuses.
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let session = sessionStorage.getItem(KEY);

export function getSession() {
  return session;
}

export function forgetSession() {
  session = null;
  sessionStorage.removeItem(KEY);
}

async function call(method, path, headers, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
    credentials: 'omit',
  });
  const answer = await response.json().catch(() => ({}));

  if (!response.ok) {
    throw new Refusal(response.status, answer.error ?? 'unknown', answer.message ?? answer.error ?? response.statusText);
  }
  return answer;
}

// What stands behind "#" is taken out of the address before anything else, so that no history keeps it.
function takeTicket() {
  const found = /^#ticket=([\w-]+)$/.exec(location.hash);

  if (found) {
    history.replaceState(null, '', location.pathname);
  }
  return found?.[1];
}

// Whether there is a session to try: a ticket wins over what an earlier page of this tab left.
export async function logIn() {
  const ticket = takeTicket();

  if (ticket !== undefined) {
    forgetSession();
    session = (await call('POST', 'login', {}, { ticket })).session;
    sessionStorage.setItem(KEY, session);
  }
  return session !== null;
}

export async function logOut() {
  const old = session;

  forgetSession();
  if (old !== null) {
    await call('POST', 'logout', {}, { session: old });
  }
}

// One of the operator's routes.
export function ask(method, path, body) {
  return call(method, `/v1/operator/${path}`, { Authorization: `Page ${session}` }, body);
}
