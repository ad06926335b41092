// raw-adapter.mjs: an adapter made of fetch and ws alone: without more said, one from before capabilities, owner tokens and receipts
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { once } from 'node:events';
import { createRequire } from 'node:module';
import { eventually } from './tap.mjs';

const { WebSocket } = createRequire (import.meta.url) ('ws');

// What makes it one of today.
export const modernHeaders = { 'x-masons-ipc-capabilities': 'endpoint_metadata_v1,push_receipt_ack_v1' };

export class RawAdapter {
  // Opens the channel of process @pid; @headers may make it a newer adapter.
  static async open (machine, pid, headers = {}) {
    const self = new RawAdapter ();
    const record = machine.discovery ();
    Object.assign (self, { machine, pid, frames: [], acknowledges: headers === modernHeaders });
    machine.adapters.add (self);
    self.socket = new WebSocket (`${record.ipcUrl.replace ('http', 'ws')}/v1/stream`, {
      headers: { 'authorization': `Bearer ${record.bearerToken}`, 'x-plugin-pid': String (pid), ...headers } });
    self.socket.on ('message', (text) => self.#take (JSON.parse (text)));
    self.closed = new Promise ((resolve) => self.socket.once ('close', (code, reason) => resolve ({ code, reason: String (reason) })));
    await once (self.socket, 'open');
    return self;
  }

  // The status with which a channel is refused.
  static async refusal (record, target, headers) {
    const socket = new WebSocket (record.ipcUrl.replace ('http', 'ws') + target, { headers });
    socket.on ('error', () => {});
    const [, response] = await once (socket, 'unexpected-response');
    response.destroy ();
    return response.statusCode;
  }

  #take (frame) {
    this.frames.push (frame);
    this.onFrame?.(frame);
    if (this.acknowledges && frame.push_id)
      this.socket.send (JSON.stringify ({ event: 'push_ack', push_id: frame.push_id }));
  }

  call (method, target, body, headers) {
    return this.machine.call (method, target, { pid: this.pid, body, headers });
  }

  async register (args) {
    const { body } = await this.call ('POST', '/v1/endpoint/register', { plugin_pid: this.pid, ...args });
    this.endpoint = body.endpoint_id;
    return body;
  }

  taken (probe) {
    return eventually ('a frame at the old adapter', () => this.frames.find (probe));
  }

  close () {
    this.socket.close (1000, 'client_close');
  }
}
