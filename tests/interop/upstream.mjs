// upstream.mjs: the simulated upstream (tests/upstream) as the cases speak to it
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { eventually } from './tap.mjs';

// Before anything is changed for the sake of the SDK.
const ownEnvironment = { ...process.env };
const nothingStaged = { staged_assignment: false, staged_delivery: false };

export class Upstream {
  // Starts @program. What it offers at first: direct messages and claims, nothing staged.
  static async start (program) {
    const self = new Upstream ();
    self.child = spawn (program, [], { env: ownEnvironment, stdio: ['ignore', 'pipe', 'inherit'] });
    self.pids = [self.child.pid];
    self.child.once ('exit', (code, signal) => self.isClosing || console.log (`# the simulated upstream has left with ${signal ?? code}`));
    const [port] = await once (createInterface ({ input: self.child.stdout }), 'line');
    Object.assign (self, { apiHost: `http://127.0.0.1:${port}`, connectorUrl: `ws://127.0.0.1:${port}/gateway`, token: 'sim-token',
                           address: 'agent@sim', seqs: new Map (), messages: 0, keys: 0 });
    await self.announce (nothingStaged);
    return self;
  }

  async close () {
    this.isClosing = true;
    const exited = once (this.child, 'exit');
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.kill ('SIGTERM'))
      await exited;
  }

  async #ask (method, target, body) {
    const answer = await fetch (this.apiHost + target, { method, body: body && JSON.stringify (body) });
    const text = await answer.text ();
    if (!answer.ok)
      throw new Error (`${method} ${target}: ${answer.status} ${text}`);
    return text ? JSON.parse (text) : undefined;
  }

  #tell (what, body = {}) {
    return this.#ask ('POST', `/sim/${what}`, body);
  }

  /* what came */

  async #items (what, name) {
    const { items } = await this.#ask ('GET', `/sim/${what}${name ? `?name=${encodeURIComponent (name)}` : ''}`);
    // What a frame CLOSE has is its code and its reason.
    return items.map (({ text, ...item }) => ({ ...item, body: text && item.name !== 'CLOSE' ? JSON.parse (text) : text || undefined }));
  }

  // The requests of the API so far: { name: 'POST /v1/...', status, query, at_us, body }.
  requests (name) {
    return this.#items ('requests', name);
  }

  // What the gateway was sent so far: { name: 'REGISTER', at_us, body }.
  frames (name) {
    return this.#items ('frames', name);
  }

  // Everything in order, each with its kind: 'request', 'frame'.
  async record () {
    const [requests, frames] = await Promise.all ([this.requests (), this.frames ()]);
    return [...requests.map ((item) => ({ kind: 'request', ...item })), ...frames.map ((item) => ({ kind: 'frame', ...item }))]
      .sort ((a, b) => a.at_us - b.at_us);
  }

  // The times that dispatches carried: what reports an assignment repeats them.
  async emittedTimes () {
    return (await this.#items ('events-out', 'dispatch_undispatched')).map ((item) => item.body.emitted_at);
  }

  // What the broker did against the protocol.
  async violations () {
    const { items } = await this.#ask ('GET', '/sim/violations');
    return items.map (({ name, text }) => `${name}: ${text}`);
  }

  // The bodies of the posts to @path, once @probe likes them.
  async posted (path, probe = (bodies) => bodies.length) {
    let bodies;
    await eventually (`posts to ${path}`, async () => {
      bodies = (await this.requests (`POST ${path}`)).map ((item) => item.body);
      return probe (bodies);
    });
    return bodies;
  }

  requested (name) {
    return eventually (name, async () => (await this.requests (name)).length);
  }

  // How often the daemon has sent @content to other agents, and the first such frame.
  async sentTimes (content) {
    return (await this.frames ('SEND_MESSAGE')).filter (({ body }) => body.content === content).length;
  }

  sent (content) {
    return eventually (`the frame with '${content.slice (0, 40)}'`, async () =>
      (await this.frames ('SEND_MESSAGE')).find (({ body }) => body.content === content)?.body);
  }

  async highestAck () {
    return Math.max (0, ...(await this.frames ('DELIVERY_ACK')).map (({ body }) => body.upToSeq));
  }

  async isAcknowledged (messageId) {
    return await this.highestAck () >= this.seqs.get (messageId);
  }

  acknowledged (messageId) {
    return eventually (`the acknowledgement of ${messageId}`, () => this.isAcknowledged (messageId));
  }

  // Until the network knows that the message waits, and never sends it again.
  async parked (messageId) {
    await this.posted ('/v1/runtime/undispatched-changed', (items) =>
      items.some ((item) => item.action === 'add' && item.source_message_id === messageId));
    await this.acknowledged (messageId);
  }

  // The last word on a control event: its status, and the detail of a failure.
  async acked (key) {
    const acks = await this.posted ('/v1/runtime/control-ack', (items) => items.some ((item) => item.idempotency_key === key));
    const { status, detail } = acks.filter ((item) => item.idempotency_key === key).at (-1);
    return detail ? `${status}: ${detail}` : status;
  }

  async registration (endpointId) {
    const { endpoints } = await this.#ask ('GET', '/sim/state');
    return endpoints.find ((item) => item.endpoint_id === endpointId).registration;
  }

  async targetRef (endpointId) {
    const { runtime_session_id, background_exchange_mode } = await this.registration (endpointId);
    const session = background_exchange_mode === 'adapter_managed_turn' ? { runtime_session_id } : {};
    return { kind: 'projection_endpoint', projection_endpoint_id: endpointId, ...session, background_exchange_mode };
  }

  /* what the network does */

  // A message of bob's. Resolves with its id.
  async deliver (content, metadata = {}) {
    const id = `m${++this.messages}`;
    const { seq } = await this.#tell ('deliver', { id, from: 'bob', content, metadata });
    this.seqs.set (id, seq);
    return id;
  }

  // The same message under its number, or under one more.
  resend (messageId) {
    return this.#tell ('resend', { seq: this.seqs.get (messageId) });
  }

  async deliverAgain (messageId) {
    this.seqs.set (messageId, (await this.#tell ('deliver', { id: messageId, again: true })).seq);
  }

  // A frame as it is; without a number it comes only once.
  say (frame) {
    return this.#tell ('frame', { frame });
  }

  // Whatever was refused so far is settled.
  async forgetGaps () {
    const { last_seq } = await this.#ask ('GET', '/sim/state');
    await this.#tell ('cursor', { deliverySeq: last_seq, deliveredSeq: last_seq });
  }

  dropGateway () {
    return this.#tell ('end', { how: 'close', code: 1012, reason: 'restart' });
  }

  // What becomes of the next thing sent: { how: 'stored' | 'drop' | 'error', code, message }.
  onNextSend (what) {
    return this.#tell ('answer-sends', { ...what, times: 1 });
  }

  // The next answer of a route; '*' in @path stands for any text. Without a body it is that of the model, later.
  script (path, status, body, { delayMs = 0 } = {}) {
    return this.#tell ('fault', { request: `POST ${path}`, kind: 'status', status, ...(body && { body }), delay_ms: delayMs, times: 1 });
  }

  delay (path, delayMs) {
    return this.#tell ('fault', { request: `POST ${path}`, kind: 'delay', delay_ms: delayMs, times: 1 });
  }

  announce (capabilities) {
    return this.#tell ('settings', { capabilities });
  }

  becomeOld () {
    return this.#tell ('settings', { legacy: true });
  }

  // A message that only the network knows of.
  addRow (id, content) {
    return this.#tell ('row', { id, from: 'bob', content });
  }

  addHistory (conversationId, item) {
    return this.#tell ('history', { conversation_id: conversationId, item });
  }

  // Has the message assigned to the endpoint, as its owner would. Resolves with the key of the event, which is the assignment's id.
  async dispatch (undispatchedId, endpointId) {
    const { idempotency_key } = await this.#tell ('event', {
      type: 'dispatch_undispatched', undispatched_id: undispatchedId, endpoint_id: endpointId });
    return idempotency_key;
  }

  // The same event once more.
  async dispatchAgain (key) {
    const { body } = (await this.#items ('events-out', 'dispatch_undispatched')).find ((item) => item.body.idempotency_key === key);
    await this.control (body);
  }

  // Any event, whether the model would send it or not. Resolves with its key.
  async control (event) {
    const key = event.idempotency_key ?? `key-${++this.keys}`;
    const data = JSON.stringify ({ version: 1, emitted_at: Date.now (), idempotency_key: key, ...event });
    await this.#tell ('event', { data });
    return key;
  }
}
