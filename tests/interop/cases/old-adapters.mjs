// old-adapters.mjs: an adapter of the 0.2.5 age and the SDK of today on one daemon (protocol.md 20.1, 20.2)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { Adapter } from '../adapter.mjs';
import { RawAdapter } from '../raw-adapter.mjs';

const workerArgs = { agent_id: 'old-worker', kind: 'custom', runtime_session_id: 'old-session', runtime_capabilities: ['background_exchange_v1'],
                     background_exchange_mode: 'adapter_managed_turn' };

export default (machine) => {
  const { upstream } = machine;
  let modern, front, worker, work;

  async function assigned (content, adapter) {
    const messageId = await upstream.deliver (content);
    await upstream.parked (messageId);
    const key = await upstream.dispatch (messageId, adapter.endpoint);
    const frame = await adapter.taken ((item) => item.content === content);
    assert.equal (await upstream.acked (key), 'applied');
    return { ...frame.runtimeAssignment, frame };
  }

  // A call of the old worker about @work, without what was invented later.
  function about ({ sourceMessageId, assignmentId }, route, extra) {
    return worker.call ('POST', `/v1/runtime/${route}`, {
      endpoint_id: worker.endpoint, plugin_pid: worker.pid, source_message_id: sourceMessageId, assignment_id: assignmentId, ...extra });
  }

  const accept = (extra = {}) => about (work, 'processing-state', {
    state_event_id: `${work.assignmentId}:accepted`, state_sequence: 2, state: 'adapter_accepted', ...extra });
  const reply = (extra = {}) => about (work, 'assignment-reply', { reply_request_id: 'r1', content: 'an old answer', ...extra });

  return [
    ['registers-beside-the-sdk', async () => {
      modern = await Adapter.attached (machine, 'worker');
      front = await RawAdapter.open (machine, machine.otherProcess ());
      await front.call ('POST', '/v1/initialize', { client_protocol_version: '1.0', client_kind: 'custom', client_version: '0.2.5' });
      assert.equal (typeof (await front.register ({ agent_id: 'old', kind: 'custom', workspace: '/src/old' })).endpoint_id, 'string');
      worker = await RawAdapter.open (machine, machine.otherProcess ());
      await worker.register (workerArgs);
      assert.equal (new Set ([modern.endpoint, front.endpoint, worker.endpoint]).size, 3);
    }],

    ['sends', async () => {
      const answer = await front.call ('POST', '/v1/send', { endpoint_id: front.endpoint, to: 'bob', content: 'from of old' });
      assert.deepEqual ([answer.status, answer.body.status], [200, 'delivered']);
      assert.equal ((await upstream.sent ('from of old')).metadata.source_endpoint_id, front.endpoint);
    }],

    ['is-pushed-to-without-a-receipt', async () => {
      const messageId = await upstream.deliver ('to the old', { target_endpoint_id: front.endpoint });
      const frame = await front.taken ((item) => item.content === 'to the old');
      assert.deepEqual ([frame.event, frame.push_id, frame.from], ['message_received', undefined, 'bob']);
      await upstream.acknowledged (messageId);
    }],

    ['gets-the-answers-to-what-it-sent', machine.difference ('20.2 row 8: the npm daemon parks them where an old adapter never looks', async () => {
      const { correlation_id } = (await upstream.sent ('from of old')).metadata;
      await upstream.deliver ('answer to the old', { correlation_id });
      await front.taken ((item) => item.content === 'answer to the old');
    })],

    ['takes-a-dispatch', async () => {
      work = await assigned ('old work', worker);
      assert.equal (work.frame.push_id, undefined);
      assert.deepEqual (work.targetRef, { kind: 'projection_endpoint', projection_endpoint_id: worker.endpoint,
                                          runtime_session_id: 'old-session', background_exchange_mode: 'adapter_managed_turn' });
    }],

    ['wrong-owner-token-refused', async () => {
      for (const call of [accept, reply])
        assert.deepEqual ((await call ({ endpoint_owner_token: 'wrong' })).body.error, 'endpoint_owner_token_mismatch');
    }],

    ['reports-and-replies-without-an-owner-token', machine.difference ('20.2 row 3: the npm daemon refuses adapters that know no token', async () => {
      assert.deepEqual (await accept (), { status: 200, body: { ok: true } });
      const answer = await reply ();
      assert.deepEqual ([answer.status, answer.body.status], [200, 'delivered']);
      assert.equal ((await upstream.sent ('an old answer')).metadata.message_id, answer.body.messageId);
      assert.deepEqual ((await reply ()).body, answer.body);
    })],

    ['another-process-is-not-let-through-without-a-token', async () => {
      const stranger = machine.otherProcess ();
      const body = { endpoint_id: worker.endpoint, plugin_pid: stranger, source_message_id: work.sourceMessageId,
                     assignment_id: work.assignmentId, state_event_id: 'x', state_sequence: 5, state: 'processing_started' };
      assert.equal ((await machine.call ('POST', '/v1/runtime/processing-state', { pid: stranger, body })).body.error, 'endpoint_pid_mismatch');
    }],

    ['the-sdk-still-needs-its-token', async () => {
      const { sourceMessageId, assignmentId } = await assigned ('modern work', modern);
      const body = { endpoint_id: modern.endpoint, plugin_pid: modern.pid, source_message_id: sourceMessageId, assignment_id: assignmentId,
                     state_event_id: 'x', state_sequence: 2, state: 'adapter_accepted' };
      assert.equal ((await machine.call ('POST', '/v1/runtime/processing-state', { pid: modern.pid, body })).body.error,
                    'endpoint_owner_token_mismatch');
      await modern.report ({ sourceMessageId, assignmentId }, 'adapter_accepted', 2);
    }],

    ['reattaches-and-gets-what-came-meanwhile', async () => {
      const { pid, endpoint } = front;
      front.close ();
      await upstream.posted (`/v1/runtime-endpoints/${endpoint}/state`, (items) => items.length >= 2);
      await upstream.deliver ('while the old was away', { target_endpoint_id: endpoint });
      await upstream.posted ('/v1/runtime/inbound-routed', (items) => items.some ((item) => item.route_kind === 'reconnecting_endpoint'));
      front = await RawAdapter.open (machine, pid);
      const answer = await front.call ('POST', `/v1/endpoint/${endpoint}/reattach`, { plugin_pid: pid });
      assert.deepEqual (answer, { status: 200, body: { restored: true, reconnecting_buffer_count: 1 } });
      assert.equal ((await front.taken ((item) => item.content === 'while the old was away')).push_id, undefined);
      front.endpoint = endpoint;
    }],

    ['unregisters', async () => {
      const answer = await front.call ('DELETE', `/v1/endpoint/${front.endpoint}`);
      assert.deepEqual (answer, { status: 200, body: { ok: true } });
      await upstream.requested (`DELETE /v1/runtime-endpoints/${front.endpoint}`);
      for (const adapter of [front, worker, modern])
        await adapter.close ();
    }],
  ];
};
