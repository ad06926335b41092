// upstream.mjs: the network around a daemon, as the cases speak to it
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import http from 'node:http';
import { createRequire } from 'node:module';
import { eventually } from './tap.mjs';

const { WebSocketServer } = createRequire (import.meta.url) ('ws');

export class Upstream {
  constructor () {
    this.token = 'peer-token';
    this.all = [];
    this.log = [];
    this.wire = { push: (item) => this.wireItems.push (item) && this.all.push ({
      kind: item.from === 'broker' ? 'in' : 'out', name: item.frame.event, at: Number (process.hrtime.bigint () / 1000n), body: item.frame }) };
    this.wireItems = [];
    this.scripts = [];
    this.sends = [];
    this.endpoints = new Map ();
    this.messages = new Map ();
    this.waiting = new Map ();
    this.streams = new Set ();
    this.seq = 0;
    this.eventId = 0;
    this.capabilities = { staged_assignment: false, staged_delivery: false };
  }

  static start () {
    return new Upstream ().start ();
  }

  async violations () {
    return [];
  }

  async start () {
    this.server = http.createServer ((request, response) => this.#request (request, response));
    this.gateways = new WebSocketServer ({ server: this.server });
    this.gateways.on ('connection', (socket) => this.#gateway (socket));
    await new Promise ((resolve) => this.server.listen (0, '127.0.0.1', resolve));
    const { port } = this.server.address ();
    this.connectorUrl = `ws://127.0.0.1:${port}/gateway`;
    this.apiHost = `http://127.0.0.1:${port}`;
    return this;
  }

  async close () {
    for (const socket of this.gateways.clients)
      socket.terminate ();
    this.server.closeAllConnections ();
    await new Promise ((resolve) => this.server.close (resolve));
  }

  /* primitives */
  async requests (path) {
    return this.log.filter ((item) => !path || item.path === path);
  }

  // Everything in order: { kind: 'request' | 'in' | 'out', name, at, query, authorization, body }; 'in' is what the gateway got.
  async record () {
    return this.all;
  }

  async frames () {
    return this.wireItems;
  }

  /* waiting */

  // The bodies of the requests to @path, once @probe likes them.
  async posted (path, probe = (bodies) => bodies.length) {
    let bodies;
    await eventually (`requests to ${path}`, async () => {
      bodies = (await this.requests (path)).map ((item) => item.body);
      return probe (bodies);
    });
    return bodies;
  }

  requested (method, path) {
    return eventually (`${method} ${path}`, async () => (await this.requests (path)).find ((item) => item.method === method));
  }

  // The last word on a control event: its status, and the detail of a failure.
  async acked (key) {
    const acks = await this.posted ('/v1/runtime/control-ack', (items) => items.some ((item) => item.idempotency_key === key));
    const { status, detail } = acks.filter ((item) => item.idempotency_key === key).at (-1);
    return detail ? `${status}: ${detail}` : status;
  }

  // Has the row assigned to @endpointId, as its owner would. Resolves with the key of the event.
  dispatch (undispatchedId, endpointId, extra = {}) {
    return this.control ({
      type: 'dispatch_undispatched', undispatched_id: undispatchedId, source_message_id: undispatchedId, delivery_intent: 'external_handoff',
      broker_projection_token: `T_${undispatchedId}`, target_ref: this.targetRef (endpointId), ...extra });
  }

  async highestAck () {
    const frames = await this.frames ();
    return Math.max (0, ...frames.filter (({ frame }) => frame.event === 'DELIVERY_ACK').map (({ frame }) => frame.upToSeq));
  }

  acknowledged (messageId) {
    const { seq } = this.messages.get (messageId);
    return eventually (`the acknowledgement of ${messageId}`, async () => await this.highestAck () >= seq);
  }

  // The first thing that was sent to another agent with @content.
  sent (content) {
    return eventually (`the frame with '${content}'`, async () =>
      (await this.frames ()).find (({ from, frame }) => from === 'broker' && frame.event === 'SEND_MESSAGE' && frame.content === content)
        ?.frame);
  }

  async say (frame) {
    for (const socket of this.gateways.clients) {
      this.wire.push ({ from: 'gateway', frame });
      socket.send (JSON.stringify (frame));
    }
  }

  async deliver (message) {
    const frame = { event: 'MESSAGE_RECEIVED', messageId: `m${this.seq + 1}`, from: 'bob', contentType: 'text', metadata: {},
                    seq: ++this.seq, ...message };
    this.messages.set (frame.messageId, frame);
    await this.say (frame);
    return frame;
  }

  // Whatever was refused so far is settled by the network.
  async forgetGaps () {
    await this.say ({ event: 'DELIVERY_CURSOR', deliverySeq: this.seq, deliveredSeq: this.seq });
  }

  async deliverAgain (messageId) {
    const frame = { ...this.messages.get (messageId), seq: ++this.seq };
    await this.say (frame);
    return frame;
  }

  async control (event) {
    const key = event.idempotency_key ?? `key-${++this.eventId}`;
    const text = `id: ${++this.eventId}\ndata: ${JSON.stringify ({ version: 1, emitted_at: Date.now (), idempotency_key: key, ...event })}\n\n`;
    await eventually ('a control stream', () => this.streams.size);
    for (const stream of this.streams)
      stream.write (text);
    return key;
  }

  async amendNextRegistration (fields) {
    this.amendment = fields;
  }

  // The next answer of a route.
  async script (path, status, body, { delayMs = 0 } = {}) {
    this.scripts.push ({ path, status, body, delayMs });
  }

  // What the gateway does with the next thing sent: { status } | { error: { code, message } } | { close: true }
  async onNextSend (what) {
    this.sends.push (what);
  }

  async dropGateway () {
    for (const socket of this.gateways.clients)
      socket.close (1012, 'restart');
  }

  async becomeOld () {
    this.isOld = true;
  }

  async announce (capabilities) {
    Object.assign (this.capabilities, capabilities);
  }

  // Changes what a waiting message looks like in the listing.
  async amendCandidate (id, fields) {
    Object.assign (this.waiting.get (id), fields);
  }

  async addCandidate (fields) {
    const frame = { messageId: fields.undispatched_id, from: 'bob', content: fields.content, contentType: 'text', metadata: {} };
    this.messages.set (fields.undispatched_id, frame);
    this.waiting.set (fields.undispatched_id, {
      source_message_id: fields.undispatched_id, sender_address: 'bob', content_preview: fields.content,
      reason: 'no_target_endpoint', claim_policy: 'node_pull_only', arrived_at: 1795427510000, ...fields });
  }

  /* the model */
  #gateway (socket) {
    socket.on ('message', (text) => {
      const frame = JSON.parse (text);
      this.wire.push ({ from: 'broker', frame });
      const say = (answer) => {
        this.wire.push ({ from: 'gateway', frame: answer });
        socket.send (JSON.stringify (answer));
      };
      if (frame.event === 'REGISTER') {
        this.seq = Math.max (this.seq, frame.lastKnownSeq ?? 0);
        say ({ event: 'REGISTER_ACK', status: 'ok', protocolVersion: 4, deliverySeq: this.seq });
        for (const item of this.messages.values ())
          if (item.seq > frame.lastKnownSeq)
            say (item);
      } else if (frame.event === 'REQUEST_GAP_FILL') {
        for (const item of this.messages.values ())
          if (item.seq > frame.sinceSeq)
            say (item);
      } else if (frame.event === 'SEND_MESSAGE') {
        const what = this.sends.shift () ?? { status: 'delivered' };
        if (what.close)
          socket.terminate ();
        else if (what.error)
          say ({ event: 'ERROR', messageId: frame.messageId, to: frame.to, ...what.error });
        else
          say ({ event: 'SEND_ACK', messageId: frame.messageId, status: what.status });
      }
    });
  }

  async #request (request, response) {
    const parts = [];
    for await (const part of request)
      parts.push (part);
    const body = parts.length ? JSON.parse (Buffer.concat (parts).toString ()) : undefined;
    const path = request.url.split ('?')[0];
    this.all.push ({ kind: 'request', name: `${request.method} ${path}`, at: Number (process.hrtime.bigint () / 1000n),
                     query: request.url.split ('?')[1], authorization: request.headers.authorization, body });
    this.log.push ({ method: request.method, path: request.url, headers: request.headers, body });
    if (path === '/v1/runtime/control-events') {
      response.writeHead (200, { 'content-type': 'text/event-stream' }).flushHeaders ();
      this.streams.add (response);
      response.on ('close', () => this.streams.delete (response));
      return;
    }
    const index = this.scripts.findIndex ((item) => new RegExp (`^${item.path.replaceAll ('*', '[^/]*')}$`).test (path));
    const [item] = index >= 0 ? this.scripts.splice (index, 1) : [];
    if (item)
      await new Promise ((resolve) => setTimeout (resolve, item.delayMs));
    const [status, answer] = item ? [item.status, item.body] : this.#answer (request.method, path, body);
    response.writeHead (status, { 'content-type': 'application/json' });
    response.end (answer === undefined ? undefined : JSON.stringify (answer));
  }

  #answer (method, path, body) {
    if (method === 'DELETE')
      this.retired = (this.retired ?? new Set ()).add (path);
    if (method === 'GET' && path.startsWith ('/v1/runtime-endpoints/'))
      return this.retired?.has (path) ? [200, { retired_at: '2026-01-02T03:04:05.678Z' }] : [404, {}];
    if (this.isOld && /capabilities|claim|history|self-/.test (path))
      return [404, { error: 'not_found' }];
    switch (`${method} ${path}`) {
      case 'GET /v1/whoami':
        return [200, { subjectId: 'node-1', subjectType: 'agent-runtime' }];
      case 'GET /v1/runtime/capabilities':
        return [200, this.capabilities];
      case 'POST /v1/runtime-endpoints': {
        const id = `ep_${this.endpoints.size + 1}`;
        this.endpoints.set (id, body);
        const amendment = this.amendment;
        this.amendment = {};
        return [201, { endpoint_id: id, heartbeat_after_seconds: 600, ...amendment }];
      }
      case 'POST /v1/runtime/inbound-route-claim':
        return [200, { action: 'route' }];
      case 'POST /v1/runtime/claim-candidates':
        return [200, { items: [...this.waiting.values ()] }];
      case 'POST /v1/runtime/undispatched-changed':
        if (body.action === 'add')
          this.waiting.set (body.undispatched_id, {
            undispatched_id: body.undispatched_id, source_message_id: body.source_message_id, sender_address: body.sender_address,
            content_preview: body.content_preview, reason: body.reason, claim_policy: 'node_pull_only', arrived_at: body.arrived_at,
            in_reply_to: body.in_reply_to, target_endpoint_id_hint: body.target_endpoint_id_hint });
        return [204];
      case 'POST /v1/runtime/processing-state':
        if (body.state === 'assigned_to_runtime_target')
          this.waiting.delete (body.undispatched_id);
        return [204];
      case 'POST /v1/runtime/self-claim': {
        if (!this.waiting.delete (body.undispatched_id))
          return [409, { error: 'already_assigned', message: 'somebody has it' }];
        const { messageId, from, content, contentType, metadata } = this.messages.get (body.undispatched_id);
        return [200, { assignment_id: `as_${messageId}`, source_message_id: messageId, undispatched_id: messageId, assigned_at: Date.now (),
                       broker_projection_token: `T_${messageId}`, claimed: true, target_ref: this.targetRef (body.target_endpoint_id),
                       message: { from, content, contentType, metadata, sourceMessageId: messageId } }];
      }
      case 'POST /v1/runtime/self-settle':
        if (!this.waiting.delete (body.undispatched_id))
          return [404, { error: 'undispatched_not_found', message: 'no such message' }];
        return [200, { settled: true, remove_reason: 'handled_no_reply', undispatched_id: body.undispatched_id }];
      case 'POST /v1/runtime/session-conversation-history':
        return [200, { conversation_ref: body.conversation_ref, has_more: false, items: [] }];
    }
    return [204];
  }

  targetRef (endpointId) {
    const { runtime_session_id, background_exchange_mode } = this.endpoints.get (endpointId);
    const mode = background_exchange_mode === 'adapter_managed_turn' ? { runtime_session_id } : {};
    return { kind: 'projection_endpoint', projection_endpoint_id: endpointId, ...mode, background_exchange_mode };
  }
}
