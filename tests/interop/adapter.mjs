// adapter.mjs: a host of the npm SDK, with everything that it was told
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { BrokerClient } from '@masons/runtime-broker';
import { eventually } from './tap.mjs';

export const roles = {
  // Speaks to its owner: takes what is addressed to it and answers to what it sent.
  foreground: { agentId: 'front', kind: 'custom', executionSurface: 'owner_attached', runtimeCapabilities: ['foreground_channel_v1'] },
  // Works for others: takes assignments.
  worker: { agentId: 'worker', kind: 'custom', runtimeSessionId: 'session-1', executionSurface: 'headless',
            runtimeCapabilities: ['background_exchange_v1'], backgroundExchangeMode: 'adapter_managed_turn' },
  resident: { agentId: 'resident', kind: 'custom', runtimeCapabilities: ['background_exchange_v1'],
              backgroundExchangeMode: 'resident_endpoint' },
};

export class Adapter {
  // Finds or starts a daemon on @machine.
  static async discover (machine, options = {}) {
    const self = new Adapter ();
    self.machine = machine;
    self.client = await BrokerClient.discover ({ ...machine.discoverOptions (), ...options });
    machine.adapters.add (self);
    machine.noteDaemon ();
    Object.assign (self, { inbox: [], states: [], presences: [], errors: [], disconnects: 0 });
    self.client.on ('message_received', (message) => self.inbox.push (message));
    self.client.on ('connectionstate', (state) => self.states.push (state));
    self.client.on ('presence', (presence, reason) => self.presences.push ([presence, reason]));
    self.client.on ('disconnected', () => self.disconnects++);
    self.client.on ('error', (error) => self.errors.push (error));
    return self;
  }

  connect (pid, options = {}) {
    this.pid = pid;
    return this.client.connect ({ pluginPid: pid, clientKind: 'custom', clientVersion: '1.0.0',
                                  reconnectBackoffInitialMs: 50, reconnectBackoffMaxMs: 200, ...options });
  }

  // Discovers, connects as a process of its own and registers as @role.
  static async attached (machine, role, extra = {}) {
    const self = await Adapter.discover (machine);
    await self.connect (machine.otherProcess ());
    await self.register ({ ...roles[role], ...extra });
    return self;
  }

  async register (args) {
    const outcome = await this.client.registerEndpoint (args);
    this.endpoint = outcome.endpoint_id;
    this.ownerToken = outcome.endpoint_owner_token;
    return outcome;
  }

  send (to, content, ...rest) {
    return this.client.send (this.endpoint, to, content, ...rest);
  }

  list () {
    return this.client.listUndispatched ({ endpointId: this.endpoint });
  }

  listed (probe) {
    return eventually ('a message in the list', async () => (await this.list ()).find (probe));
  }

  taken (probe) {
    return eventually ('a message at the adapter', () => this.inbox.find (probe));
  }

  phase (name) {
    return eventually (`phase '${name}'`, () => this.client.connectionState.phase === name);
  }

  report ({ sourceMessageId, assignmentId }, state, sequence, extra = {}) {
    return this.client.reportRuntimeProcessingState ({
      endpointId: this.endpoint, sourceMessageId, assignmentId, stateEventId: `${assignmentId}:${state}:${sequence}`,
      stateSequence: sequence, state, ...extra,
    });
  }

  reply ({ sourceMessageId, assignmentId }, replyRequestId, content, extra = {}) {
    return this.client.sendRuntimeAssignmentReply ({
      endpointId: this.endpoint, sourceMessageId, assignmentId, replyRequestId, content, ...extra,
    });
  }

  claim (undispatchedId, extra = {}) {
    return this.client.claimRuntimeAssignment ({ endpointId: this.endpoint, undispatchedId, ...extra });
  }

  settle (undispatchedId) {
    return this.client.selfSettleUndispatched ({ plugin_pid: this.pid, endpoint_id: this.endpoint, undispatched_id: undispatchedId });
  }

  staged (timeoutMs, extra = {}) {
    return this.client.awaitStagedDelivery ({ plugin_pid: this.pid, endpoint_id: this.endpoint, timeout_ms: timeoutMs, ...extra });
  }

  presenceCount () {
    return this.client.readUndispatchedPresence ({ endpointId: this.endpoint });
  }

  history (extra = {}) {
    return this.client.readRuntimeConversationHistory ({
      endpointId: this.endpoint, conversationRef: { kind: 'session_conversation', id: 'sc-1' }, ...extra });
  }

  close () {
    return this.client.close ().catch (() => {});
  }
}

// The SDK has no class for most refusals: their text is `broker METHOD PATH failed: STATUS BODY`.
export async function refused (promise, status, code) {
  await assert.rejects (promise, (error) => {
    const [, got, body] = String (error.message).match (/failed: (\d+) (.*)$/s) ?? [];
    assert.equal (`${got} ${body && JSON.parse (body).error}`, `${status} ${code}`, String (error));
    return true;
  });
}
