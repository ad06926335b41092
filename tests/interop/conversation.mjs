// conversation.mjs: one conversation from the start of a daemon to its end, with everything that was said on all sides (protocol.md 24.1)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { RawAdapter, modernHeaders } from './raw-adapter.mjs';
import { eventually } from './tap.mjs';

const EMITTED_AT = 1795427510029;
const TRACE = `00-${'a'.repeat (32)}-${'b'.repeat (16)}-01`;

const frontArgs = { agent_id: 'front', kind: 'custom', client_kind: 'custom', client_version: '1.0.0', session_name: 'a session',
                    workspace: { root: '/src/x', cwd: '/src/x/lib', branch: 'main' }, tracking_ref: 'X-1', task_hint: 'talks',
                    execution_surface: 'owner_attached', runtime_capabilities: ['foreground_channel_v1', 'remote_spawn_v1'] };
const workerArgs = { agent_id: 'worker', kind: 'codex', runtime_session_id: 's1', runtime_capabilities: ['background_exchange_v1'],
                     background_exchange_mode: 'adapter_managed_turn' };

export const nowUs = () => Number (process.hrtime.bigint () / 1000n);

// What happened in one step.
class Step {
  constructor (name) {
    Object.assign (this, { name, answers: [], frames: [], network: [] });
  }
}

class Conversation {
  constructor (machine) {
    this.machine = machine;
    this.upstream = machine.upstream;
    this.steps = [];
    this.adapters = {};
    this.seen = 0;
  }

  // A request of an adapter; its answer is part of the record.
  async call (who, method, target, body) {
    const pid = this.adapters[who]?.pid;
    const answer = await this.machine.call (method, target, { pid, body: body && (target.startsWith ('/v1/runtime') || /register|reattach|hint/.test (target)
      ? { plugin_pid: pid, ...body } : body) });
    this.step.answers.push ({ at: nowUs (), who, request: `${method} ${target}`, ...answer });
    return answer.body;
  }

  async attach (who) {
    const adapter = await RawAdapter.open (this.machine, this.adapters[who]?.pid ?? this.machine.otherProcess (), modernHeaders);
    adapter.onFrame = (frame) => this.step.frames.push ({ at: nowUs (), who, frame });
    this.adapters[who] = Object.assign (adapter, { endpoint: this.adapters[who]?.endpoint, token: this.adapters[who]?.token });
    this.step.answers.push ({ at: nowUs (), who, request: 'GET /v1/stream', extensions: adapter.socket.extensions, protocol: adapter.socket.protocol });
  }

  async register (who, args) {
    const answer = await this.call (who, 'POST', '/v1/endpoint/register', args);
    Object.assign (this.adapters[who], { endpoint: answer.endpoint_id, token: answer.endpoint_owner_token });
  }

  // A call of the worker about an assignment.
  about (route, [sourceMessageId, assignmentId], extra) {
    const { endpoint, token } = this.adapters.worker;
    return this.call ('worker', 'POST', `/v1/runtime/${route}`, {
      endpoint_id: endpoint, endpoint_owner_token: token, source_message_id: sourceMessageId, assignment_id: assignmentId, ...extra });
  }

  report (handle, state, sequence, extra) {
    return this.about ('processing-state', handle, {
      state, state_sequence: sequence, state_event_id: `${handle[1]}:${state}`, occurred_at: EMITTED_AT, ...extra });
  }

  // Until the network was sent (and the adapters were pushed) what @probe looks for in this step.
  until (what, probe) {
    return eventually (`${this.step.name}: ${what}`, async () => {
      const entries = (await this.upstream.record ()).slice (this.seen);
      const texts = [...entries.map (({ kind, name, body }) => `${kind} ${name} ${JSON.stringify (body ?? null)}`),
                     ...this.step.frames.map (({ who, frame }) => `push ${who} ${JSON.stringify (frame)}`)];
      return (typeof probe === 'number') ? texts.filter ((text) => what.test (text)).length >= probe : texts.some ((text) => what.test (text));
    });
  }

  async run (name, action) {
    this.step = new Step (name);
    this.steps.push (this.step);
    await action ();
    const all = await this.upstream.record ();
    this.step.network = all.slice (this.seen);
    this.seen = all.length;
  }
}

// Plays the conversation on @machine and resolves with its steps.
export async function record (machine) {
  const talk = new Conversation (machine);
  const { upstream, adapters } = Object.assign (talk, { upstream: machine.upstream });
  const state = (who, name) => new RegExp (`request POST /v1/runtime-endpoints/${adapters[who].endpoint}/state .*"${name}"`);
  let child, as1;

  await talk.run ('start', async () => {
    child = machine.start ();
    await machine.healthy ();
    for (const what of [/control-events/, /capabilities/, /network-presence-changed/, /frame REGISTER /])
      await talk.until (what);
  });

  await talk.run ('initialize', async () => {
    await talk.call ('nobody', 'POST', '/v1/initialize', {
      client_protocol_version: '1.1', client_kind: 'custom', client_version: '1.0.0', capabilities: { endpoint_metadata_v1: true } });
  });

  for (const [who, args] of [['front', frontArgs], ['worker', workerArgs]])
    await talk.run (`register ${who}`, async () => {
      await talk.attach (who);
      await talk.register (who, args);
      await talk.until (state (who, 'register'));
    });

  await talk.run ('send', async () => {
    await talk.call ('front', 'POST', '/v1/send', {
      endpoint_id: adapters.front.endpoint, to: 'bob', content: 'hello', metadata: { note: 'n', traceparent: TRACE } });
  });

  await talk.run ('send with errors', async () => {
    const body = { endpoint_id: adapters.front.endpoint, to: 'bob', content: 'x' };
    await talk.call ('front', 'POST', '/v1/send', { ...body, endpoint_id: 'nobody' });
    await talk.call ('front', 'POST', '/v1/send', { ...body, metadata: { correlation_id: 'mine' } });
    await talk.call ('front', 'POST', '/v1/send', { ...body, metadata: { target_endpoint_id: 'mine' } });
    await talk.call ('front', 'POST', '/v1/send', { ...body, metadata: { source_endpoint_id: 'mine' } });
    await upstream.onNextSend ({ how: 'stored' });
    await talk.call ('front', 'POST', '/v1/send', { ...body, content: 'for later' });
  });

  await talk.run ('direct answer', async () => {
    const { metadata } = await upstream.sent ('hello');
    await upstream.deliver ('hello yourself', { correlation_id: metadata.correlation_id, message_id: 'rm1', traceparent: TRACE });
    await talk.until (/push front/);
    await talk.until (/inbound-routed/);
    await talk.until (/frame DELIVERY_ACK/);
  });

  await talk.run ('message for nobody', async () => {
    await upstream.deliver (`one ${'\u{1F600}'.repeat (90)}`, { correlation_id: 'c9', message_id: 'rm2', nested: { list: [1, 'two', null, 1.5] } });
    await talk.until (/undispatched-changed/);
    await talk.until (/frame DELIVERY_ACK/);
  });

  await talk.run ('list and count', async () => {
    await talk.call ('worker', 'GET', `/v1/undispatched?endpoint_id=${adapters.worker.endpoint}`);
    await talk.call ('worker', 'GET', `/v1/undispatched/presence?endpoint_id=${adapters.worker.endpoint}`);
    await talk.call ('worker', 'GET', '/v1/undispatched?endpoint_id=nobody');
  });

  await talk.run ('dispatch', async () => {
    as1 = await upstream.dispatch ('m2', adapters.worker.endpoint);
    await talk.until (/push worker/);
    await talk.until (/control-ack/);
  });

  await talk.run ('work', async () => {
    await talk.about ('assignment-reply', ['m2', as1], { reply_request_id: 'r0', content: 'too early' });
    await talk.report (['m2', as1], 'adapter_accepted', 2);
    await talk.report (['m2', as1], 'processing_started', 3, { detail: 'at work', undispatched_id: 'm2' });
    await talk.report (['m2', as1], 'reply_emitted', 4);
    await talk.report (['m2', 'none'], 'processing_started', 4);
  });

  await talk.run ('reply', async () => {
    await talk.about ('assignment-reply', ['m2', as1], {
      reply_request_id: 'r1', content: 'yo', contentType: 'text/markdown', metadata: { note: 'mine', correlation_id: 'forged' } });
    await talk.until (/reply_emitted/);
  });

  await talk.run ('reply again', async () => {
    const body = { reply_request_id: 'r1', content: 'yo', contentType: 'text/markdown', metadata: { correlation_id: 'x', note: 'mine' } };
    await talk.about ('assignment-reply', ['m2', as1], body);
    await talk.about ('assignment-reply', ['m2', as1], { ...body, content: 'another' });
    await talk.about ('assignment-reply', ['m2', as1], { ...body, reply_request_id: 'r2' });
  });

  await talk.run ('claim', async () => {
    await upstream.deliver ('two', { message_id: 'rm3' });
    await talk.until (/undispatched-changed/);
    await talk.until (/frame DELIVERY_ACK/);
    const { endpoint, token } = adapters.worker;
    const body = { endpoint_id: endpoint, endpoint_owner_token: token, undispatched_id: 'm3' };
    const { assignment } = await talk.call ('worker', 'POST', '/v1/runtime/assignment-claim', body);
    await talk.call ('worker', 'POST', '/v1/runtime/assignment-claim', body);
    await talk.call ('worker', 'POST', '/v1/runtime/assignment-claim', { ...body, undispatched_id: 'unheard-of' });
    await talk.report (['m3', assignment.assignmentId], 'processing_failed', 2, { retryable: true, reason_code: 'busy' });
  });

  await talk.run ('settle', async () => {
    await upstream.deliver ('three');
    await talk.until (/undispatched-changed/);
    await talk.until (/frame DELIVERY_ACK/);
    const body = { endpoint_id: adapters.worker.endpoint, undispatched_id: 'm4' };
    await talk.call ('worker', 'POST', '/v1/runtime/self-settle', body);
    await talk.call ('worker', 'POST', '/v1/runtime/self-settle', { ...body, undispatched_id: 'unheard-of' });
  });

  await talk.run ('history', async () => {
    const { endpoint, token } = adapters.worker;
    await upstream.addHistory ('sc-1', { message_id: 'h1', source_node_id: 'n1', target_node_id: 'n2', timestamp: '2026-01-02T03:04:05.678Z',
                                         content: 'long ago', content_type: 'text' });
    await talk.call ('worker', 'POST', '/v1/runtime/session-conversation-history', {
      endpoint_id: endpoint, endpoint_owner_token: token, conversation_ref: { kind: 'session_conversation', id: 'sc-1' }, limit: 5 });
  });

  await talk.run ('control events with errors', async () => {
    await upstream.control ({ idempotency_key: 'k0', type: 'dispatch_undispatched', emitted_at: EMITTED_AT, undispatched_id: 'unheard-of',
                              source_message_id: 'unheard-of', delivery_intent: 'external_handoff', broker_projection_token: 'T',
                              target_ref: await upstream.targetRef (adapters.worker.endpoint) });
    await talk.until (/control-ack.*k0/);
    await upstream.control ({ idempotency_key: 'k1', type: 'a_later_idea', emitted_at: EMITTED_AT });
    await talk.until (/control-ack.*k1/);
    await upstream.control ({ idempotency_key: 'k2', type: 'dispatch_nudge', version: 7, emitted_at: EMITTED_AT });
    await talk.until (/control-ack.*k2/);
    await upstream.control ({ idempotency_key: 'k3', type: 'spawn_request', runtime_kind: 'abacus', prompt: 'x', origin: 'owner_initiated_spawn',
                              emitted_at: EMITTED_AT });
    await talk.until (/control-ack.*k3/);
  });

  await talk.run ('heartbeat and hint', async () => {
    await talk.call ('front', 'POST', `/v1/endpoint/${adapters.front.endpoint}/heartbeat`);
    await talk.call ('front', 'POST', `/v1/endpoint/${adapters.front.endpoint}/task-hint`, { task_hint: '\u{1F600}'.repeat (201) });
  });

  await talk.run ('network away and back', async () => {
    await upstream.dropGateway ();
    await talk.until (/push .*presence_changed/, 4);
    await talk.until (/network-presence-changed/, 2);
    await talk.until (/frame REGISTER /);
  });

  await talk.run ('channel away and back', async () => {
    const before = adapters.front;
    before.close ();
    await talk.until (state ('front', 'ipc_close'));
    await upstream.deliver ('meanwhile', { target_endpoint_id: before.endpoint });
    await talk.until (/inbound-routed/);
    await talk.until (/frame DELIVERY_ACK/);
    await talk.attach ('front');
    await talk.call ('front', 'POST', `/v1/endpoint/${before.endpoint}/reattach`, {});
    await talk.until (/push front/);
    await talk.until (state ('front', 'reattach'));
    await talk.call ('front', 'POST', `/v1/endpoint/${before.endpoint}/reattach`, {});
  });

  await talk.run ('unregister', async () => {
    const key = { idempotency_key: 'k4', emitted_at: EMITTED_AT };
    await talk.call ('front', 'DELETE', `/v1/endpoint/${adapters.front.endpoint}`);
    await talk.until (state ('front', 'explicit_unregister'));
    await upstream.control ({ ...key, type: 'force_unregister', endpoint_id: adapters.worker.endpoint, reason: 'owner' });
    await talk.until (/control-ack/);
    await talk.until (state ('worker', 'explicit_unregister'));
    await talk.until (/request DELETE/, 2);
  });

  await talk.run ('stop', async () => {
    // One endpoint is left, and waits for its adapter.
    await talk.register ('front', { agent_id: 'left', kind: 'custom' });
    await talk.until (state ('front', 'register'));
    for (const adapter of Object.values (adapters)) {
      adapter.close ();
      await adapter.closed;
    }
    await talk.until (state ('front', 'ipc_close'));
    child.kill ('SIGTERM');
    talk.step.answers.push ({ at: nowUs (), who: 'daemon', exit: await child.exited, discovery: machine.discovery () });
  });

  return { steps: talk.steps, emittedTimes: await upstream.emittedTimes () };
}
