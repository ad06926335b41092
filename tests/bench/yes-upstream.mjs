// yes-upstream.mjs: the network that the npm daemon needs before it starts: a gateway and an API that agree to everything
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prints its port on the first line. Runs until it is ended.

import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire (path.join (import.meta.dirname ?? path.dirname (new URL (import.meta.url).pathname), '../interop/x.js'));
const { WebSocketServer } = require ('ws');

let endpoints = 0;

function answer (response, status, body) {
  response.writeHead (status, { 'content-type': 'application/json' });
  response.end (body === undefined ? undefined : JSON.stringify (body));
}

const server = http.createServer ((request, response) => {
  const { method, url } = request;
  request.resume ();
  if (url.startsWith ('/v1/whoami'))
    answer (response, 200, { subjectId: 'node-1', subjectType: 'agent-runtime' });
  else if (url.startsWith ('/v1/runtime/control-events'))
    response.writeHead (200, { 'content-type': 'text/event-stream' }).flushHeaders ();
  else if (url.startsWith ('/v1/runtime/capabilities'))
    answer (response, 200, { staged_assignment: false, staged_delivery: false });
  else if (method === 'POST' && url === '/v1/runtime-endpoints')
    answer (response, 201, { endpoint_id: `ep_${++endpoints}`, heartbeat_after_seconds: 600 });
  else
    answer (response, 204);
});

new WebSocketServer ({ server }).on ('connection', (socket) => {
  socket.on ('message', (text) => {
    const frame = JSON.parse (text);
    if (frame.event === 'REGISTER')
      socket.send (JSON.stringify ({ event: 'REGISTER_ACK', status: 'ok', protocolVersion: 4, deliverySeq: 0 }));
  });
});

server.listen (0, '127.0.0.1', () => console.log (server.address ().port));
