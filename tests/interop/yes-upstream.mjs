// yes-upstream.mjs: what the npm daemon needs around it: a gateway of one address, and an API that agrees to everything
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prints its port on the first line and runs until it is ended. What is sent comes back as a message of the same address, and
// what the daemon put in its inbox may be listed by every endpoint.

import http from 'node:http';
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire (import.meta.url) ('ws');

const ADDRESS = 'peer@yes';
const known = new Map ();       // undispatched id -> candidate
const waiting = new Set ();     // ids of those that wait
let endpoints = 0;
let sequence = 0;

function answer (response, status, body) {
  response.writeHead (status, { 'content-type': 'application/json' });
  response.end (body === undefined ? undefined : JSON.stringify (body));
}

async function bodyOf (request) {
  const parts = [];
  for await (const part of request)
    parts.push (part);
  return parts.length ? JSON.parse (Buffer.concat (parts).toString ()) : {};
}

function candidate (event) {
  return {
    undispatched_id: event.undispatched_id, source_message_id: event.source_message_id, sender_address: event.sender_address,
    content_preview: event.content_preview, reason: event.reason, claim_policy: 'node_pull_only', arrived_at: event.arrived_at,
    in_reply_to: event.in_reply_to,
  };
}

const routes = {
  'GET /v1/whoami': () => [200, { subjectId: 'node-1', subjectType: 'agent-runtime' }],
  'GET /v1/runtime/capabilities': () => [200, { staged_assignment: false, staged_delivery: false }],
  'POST /v1/runtime-endpoints': () => [201, { endpoint_id: `ep_${++endpoints}`, heartbeat_after_seconds: 600 }],
  'POST /v1/runtime/inbound-route-claim': () => [200, { action: 'route' }],
  'POST /v1/runtime/claim-candidates': () => [200, { items: [...waiting].map ((id) => known.get (id)) }],
  'POST /v1/runtime/undispatched-changed': (body) => {
    known.set (body.undispatched_id, candidate (body));
    waiting.add (body.undispatched_id);
    return [204];
  },
  'POST /v1/runtime/processing-state': (body) => {
    if (body.state === 'assigned_to_runtime_target')
      waiting.delete (body.undispatched_id);
    else if (body.state === 'target_lost_before_acceptance' || (body.state === 'processing_failed' && body.retryable))
      waiting.add (body.undispatched_id);
    return [204];
  },
};

const server = http.createServer (async (request, response) => {
  const path = request.url.split ('?')[0];
  if (path === '/v1/runtime/control-events') {
    response.writeHead (200, { 'content-type': 'text/event-stream' }).flushHeaders ();
    return;
  }
  const route = routes[`${request.method} ${path}`] ?? (() => [204]);
  answer (response, ...route (await bodyOf (request)));
});

new WebSocketServer ({ server }).on ('connection', (socket) => {
  const say = (frame) => socket.send (JSON.stringify (frame));
  socket.on ('message', (text) => {
    const frame = JSON.parse (text);
    if (frame.event === 'REGISTER') {
      sequence = Math.max (sequence, frame.lastKnownSeq ?? 0);
      say ({ event: 'REGISTER_ACK', status: 'ok', protocolVersion: 4, deliverySeq: sequence });
    } else if (frame.event === 'SEND_MESSAGE') {
      say ({ event: 'SEND_ACK', messageId: frame.messageId, status: 'delivered' });
      say ({ event: 'MESSAGE_RECEIVED', messageId: frame.messageId, from: ADDRESS, content: frame.content,
             contentType: frame.contentType, metadata: frame.metadata, seq: ++sequence });
    }
  });
});

server.listen (0, '127.0.0.1', () => console.log (server.address ().port));
