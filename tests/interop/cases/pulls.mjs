// pulls.mjs: what an adapter asks for by itself: list, claims, history, counts, settling (protocol.md 10.5, 10.6, 10.7, 11.10, 12.6)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { Adapter, refused } from '../adapter.mjs';

const traceparent = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const listRoute = '/v1/runtime/claim-candidates';
const claimRoute = '/v1/runtime/self-claim';

export default (machine) => {
  const { upstream } = machine;
  let worker, front;

  async function waiting (content, metadata = {}) {
    const messageId = await upstream.deliver (content, metadata);
    await upstream.parked (messageId);
    return messageId;
  }

  // The answer to a request in the name of the worker, whose body may be made wrong.
  async function outcome (method, target, body, pid = worker.pid) {
    const answer = await machine.call (method, target, { pid, body });
    return `${answer.status} ${answer.body.error}`;
  }

  async function nonceOf (endpoint) {
    return (await upstream.registration (endpoint)).endpoint_nonce;
  }

  return [
    ['list/what-waits', async () => {
      worker = await Adapter.attached (machine, 'worker');
      assert.deepEqual (await worker.list (), []);
      const content = `long ${'x'.repeat (100)}`;
      const id = await waiting (content, { correlation_id: 'c-1', note: 'n' });
      const [item] = await worker.list ();
      assert.match (item.metadata.traceparent, traceparent);
      assert.match (item.arrived_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual ({ ...item, arrived_at: '', metadata: { ...item.metadata, traceparent: '' } }, {
        id, source_message_id: id, arrived_at: '', sender_address: 'bob', content, content_type: 'text', reason: 'unaddressed',
        claim_policy: 'node_pull_only', original_correlation_id: 'c-1', metadata: { correlation_id: 'c-1', note: 'n', traceparent: '' } });
      const { endpoint_nonce, ...body } = (await upstream.posted (listRoute)).at (-1);
      assert.equal (endpoint_nonce, await nonceOf (worker.endpoint));
      assert.deepEqual (body, { type: 'runtime_claim_candidates', version: 1, endpoint_id: worker.endpoint, limit: 256 });
    }],

    ['list/without-naming-the-only-endpoint', async () => {
      assert.deepEqual (await worker.client.listUndispatched (), await worker.list ());
    }],

    ['list/what-only-the-network-knows', async () => {
      await upstream.script (listRoute, 200, { items: [{
        undispatched_id: 'u-7', source_message_id: 's-7', sender_address: 'carol', content_preview: 'preview', reason: 'closed_session_continuation',
        claim_policy: 'bound_session_pull_only', arrived_at: 1795427510029, target_endpoint_id_hint: 'ep_old', in_reply_to: 'c-7',
        active_assignment_id: 'as-7', active_target_endpoint_id: 'ep_7', conversation_ref: { kind: 'session_conversation', id: 'sc-7' },
        origin_scid: 'dropped' }] });
      assert.deepEqual (await worker.list (), [{
        id: 'u-7', source_message_id: 's-7', arrived_at: '2026-11-23T09:51:50.029Z', sender_address: 'carol', content: 'preview',
        content_type: 'text', metadata: {}, reason: 'closed_session_continuation', claim_policy: 'bound_session_pull_only',
        active_assignment_id: 'as-7', active_target_endpoint_id: 'ep_7', conversation_ref: { kind: 'session_conversation', id: 'sc-7' },
        original_target_endpoint_id: 'ep_old', original_correlation_id: 'c-7' }]);
    }],

    ...[['refused-upstream', 403, { error: 'not_yours', message: 'no' }, 403, 'not_yours'],
        ['refused-upstream-without-a-code', 500, {}, 500, 'claim_candidates_failed'],
        ['malformed', 200, { items: 5 }, 502, 'invalid_claim_candidates_response'],
        ['malformed-item', 200, { items: [{ undispatched_id: 'x' }] }, 502, 'invalid_claim_candidates_item']]
      .flatMap (([name, status, body, expectedStatus, code]) => [
        [`list/${name}`, async () => {
          await upstream.script (listRoute, status, body);
          await refused (worker.list (), expectedStatus, code);
        }],
        [`presence-count/${name}`, async () => {
          await upstream.script (listRoute, status, body);
          await refused (worker.presenceCount (), expectedStatus, code);
        }]]),

    ['list/refusals', async () => {
      const target = `/v1/undispatched?endpoint_id=${worker.endpoint}`;
      assert.equal ((await machine.call ('GET', target)).body.error, 'plugin_pid_invalid');
      assert.equal (await outcome ('GET', target, undefined, machine.otherProcess ()), '403 endpoint_pid_mismatch');
      assert.equal (await outcome ('GET', '/v1/undispatched?endpoint_id=nobody'), '409 no_active_endpoint');
      assert.equal (await outcome ('GET', '/v1/undispatched', undefined, machine.otherProcess ()), '409 no_active_endpoint');
      const { endpoint_id } = await worker.client.registerEndpoint ({ agentId: 'second', kind: 'custom' });
      await refused (worker.client.listUndispatched (), 409, 'ambiguous_endpoint');
      await worker.client.unregisterEndpoint (endpoint_id);
    }],

    ['presence-count/own-continuations', async () => {
      assert.deepEqual (await worker.presenceCount (), { bound_continuation_count: 0 });
      const item = { source_message_id: 's', sender_address: 'bob', content_preview: 'p', reason: 'correlated_continuation', arrived_at: 1 };
      await upstream.script (listRoute, 200, { items: [
        { ...item, undispatched_id: 'u-1', claim_policy: 'bound_session_pull_only', target_endpoint_id_hint: worker.endpoint },
        { ...item, undispatched_id: 'u-2', claim_policy: 'bound_session_pull_only', target_endpoint_id_hint: 'ep_other' },
        { ...item, undispatched_id: 'u-3', claim_policy: 'node_pull_only', target_endpoint_id_hint: worker.endpoint }] });
      assert.deepEqual (await worker.presenceCount (), { bound_continuation_count: 1 });
    }],

    ['presence-count/refusals', async () => {
      assert.equal (await outcome ('GET', '/v1/undispatched/presence'), '400 endpoint_id_required');
      assert.equal (await outcome ('GET', '/v1/undispatched/presence?endpoint_id=nobody'), '409 no_active_endpoint');
    }],

    ['presence-count/of-another-process-refused', machine.difference ('IMP-13: the npm daemon lets anybody count', async () => {
      const stranger = machine.otherProcess ();
      assert.equal (await outcome ('GET', `/v1/undispatched/presence?endpoint_id=${worker.endpoint}`, undefined, stranger),
                    '403 endpoint_pid_mismatch');
    })],

    ['claim/what-waits', async () => {
      const id = await waiting ('to be claimed', { correlation_id: 'c-2', message_id: 'rm-2' });
      const { assignment, message } = await worker.claim (id);
      const [, traceId] = message.metadata.traceparent.match (traceparent);
      assert.deepEqual ({ ...message, metadata: { ...message.metadata, traceparent: '' } }, {
        from: 'bob', content: 'to be claimed', contentType: 'text', sourceMessageId: id,
        metadata: { correlation_id: 'c-2', message_id: 'rm-2', traceparent: '' } });
      assert.deepEqual (assignment, {
        undispatchedId: id, sourceMessageId: id, assignmentId: assignment.assignmentId, deliveryIntent: 'external_handoff',
        replyCorrelationId: 'c-2', originalTraceId: traceId, targetRef: {
          kind: 'projection_endpoint', projection_endpoint_id: worker.endpoint, runtime_session_id: 'session-1',
          background_exchange_mode: 'adapter_managed_turn' } });
      const { endpoint_nonce, ...body } = (await upstream.posted (claimRoute)).at (-1);
      assert.equal (endpoint_nonce, await nonceOf (worker.endpoint));
      assert.deepEqual (body, { undispatched_id: id, target_endpoint_id: worker.endpoint, recover_existing: true });
      const state = (await upstream.posted ('/v1/runtime/processing-state')).at (-1);
      assert.deepEqual ([state.state, state.state_event_id, state.state_sequence],
                        ['assigned_to_runtime_target', `${assignment.assignmentId}:assigned`, 1]);
      assert.deepEqual (await worker.claim (id), { assignment, message });
      await worker.report (assignment, 'adapter_accepted', 2);
      await refused (worker.claim (id), 409, 'runtime_assignment_in_progress');
      assert.equal ((await worker.reply (assignment, 'r1', 'answer to the claimed')).status, 'delivered');
      assert.equal ((await upstream.sent ('answer to the claimed')).metadata.in_reply_to, 'rm-2');
    }],

    ['claim/as-staged', async () => {
      await upstream.script (claimRoute, 409, { error: 'taken' });
      await refused (worker.claim ('u-8', { assignmentMode: 'staged', recoverExisting: false }), 409, 'runtime_self_claim_rejected');
      const body = (await upstream.posted (claimRoute)).at (-1);
      assert.deepEqual ([body.assignment_mode, body.recover_existing], ['staged', true]);
    }],

    ...[[409, 409], [404, 404], [422, 422], [500, 503]].map (([status, expected]) =>
      [`claim/refused-upstream-with-${status}`, async () => {
        await upstream.script (claimRoute, status, { error: 'taken', message: 'somebody has it' });
        await refused (worker.claim ('u-9'), expected, 'runtime_self_claim_rejected');
      }]),

    ['claim/malformed-answer-is-released', async () => {
      const answer = { undispatched_id: 'u-10', source_message_id: 's-10', assignment_id: 'as-10', broker_projection_token: 'T',
                       target_ref: await upstream.targetRef (worker.endpoint) };
      await upstream.script (claimRoute, 200, answer);
      await upstream.script (`${claimRoute}/release`, 204);
      await refused (worker.claim ('u-10'), 502, 'runtime_self_claim_rejected');
      const { endpoint_nonce, ...released } = (await upstream.posted (`${claimRoute}/release`)).at (-1);
      assert.equal (endpoint_nonce, await nonceOf (worker.endpoint));
      assert.deepEqual (released, answer);
    }],

    ['claim/malformed-answer-that-cannot-be-released', async () => {
      await upstream.script (claimRoute, 200, { undispatched_id: 'u-11' });
      await refused (worker.claim ('u-11'), 503, 'runtime_self_claim_outcome_unknown');
    }],

    ['claim/answer-for-another-target-is-released', async () => {
      await upstream.script (claimRoute, 200, {
        undispatched_id: 'u-12', source_message_id: 's-12', assignment_id: 'as-12', broker_projection_token: 'T', assigned_at: 1, claimed: true,
        target_ref: { ...await upstream.targetRef (worker.endpoint), runtime_session_id: 'another' },
        message: { from: 'bob', content: 'x', contentType: 'text', sourceMessageId: 's-12' } });
      await upstream.script (`${claimRoute}/release`, 204);
      await refused (worker.claim ('u-12'), 502, 'runtime_self_claim_response_invalid');
      assert.equal ((await upstream.posted (`${claimRoute}/release`)).at (-1).undispatched_id, 'u-12');
    }],

    ['claim/assignment-that-cannot-be-reported-is-released', async () => {
      const id = await waiting ('hard to claim');
      await upstream.script ('/v1/runtime/processing-state', 409, { error: 'conflict' });
      await refused (worker.claim (id), 409, 'runtime_self_claim_assignment_projection_failed');
      assert.equal ((await upstream.posted (`${claimRoute}/release`)).at (-1).undispatched_id, id);
    }],

    ['claim/release-that-fails-is-an-unknown-outcome', async () => {
      const id = await waiting ('harder to claim');
      await upstream.script ('/v1/runtime/processing-state', 409, { error: 'conflict' });
      await upstream.script (`${claimRoute}/release`, 500, {});
      await assert.rejects (worker.claim (id), /503.*runtime_self_claim_outcome_unknown.*assigned_state_projection_failed/s);
    }],

    ['claim/refusals', async () => {
      front = await Adapter.attached (machine, 'foreground');
      await refused (front.claim ('x'), 409, 'missing_background_exchange_v1');
      await refused (worker.claim (''), 400, 'undispatched_id_invalid');
      const body = { endpoint_id: worker.endpoint, plugin_pid: worker.pid, endpoint_owner_token: worker.ownerToken, undispatched_id: 'x' };
      const route = '/v1/runtime/assignment-claim';
      assert.equal ((await machine.call ('POST', route, { body })).body.error, 'plugin_pid_invalid');
      assert.equal (await outcome ('POST', route, body, front.pid), '403 plugin_pid_mismatch');
      assert.equal (await outcome ('POST', route, { ...body, endpoint_id: 'nobody' }), '404 unknown_endpoint');
      assert.equal (await outcome ('POST', route, { ...body, endpoint_id: front.endpoint }), '403 endpoint_pid_mismatch');
      assert.equal (await outcome ('POST', route, { ...body, endpoint_owner_token: 'wrong' }), '403 endpoint_owner_token_mismatch');
    }],

    ['history/page', async () => {
      const conversation_ref = { kind: 'session_conversation', id: 'sc-1' };
      const item = { message_id: 'm-1', source_node_id: 'n-1', target_node_id: 'n-2', timestamp: '2026-01-02T03:04:05.678Z' };
      await upstream.script ('/v1/runtime/session-conversation-history', 200, {
        conversation_ref, has_more: true, items: [{ ...item, content: 'hello', content_type: 'text', secret: 'dropped' }, item], cursor: 'dropped' });
      assert.deepEqual (await worker.history ({ limit: 2, before: 'm-9', after: 'm-0' }), {
        conversation_ref, has_more: true, items: [{ ...item, content: 'hello', content_type: 'text' }, item] });
      const { endpoint_nonce, ...body } = (await upstream.posted ('/v1/runtime/session-conversation-history')).at (-1);
      assert.equal (endpoint_nonce, await nonceOf (worker.endpoint));
      assert.deepEqual (body, { type: 'runtime_session_conversation_history', version: 1, endpoint_id: worker.endpoint, conversation_ref,
                                limit: 2, before: 'm-9', after: 'm-0' });
    }],

    ['history/refused-upstream', async () => {
      await upstream.script ('/v1/runtime/session-conversation-history', 404, { error: 'no_conversation', message: 'no such conversation' });
      await assert.rejects (worker.history (), /no such conversation/);
    }],

    ['history/refused-upstream-with-its-code', machine.difference ('IMP-18: the npm daemon answers 500 internal_error', async () => {
      await upstream.script ('/v1/runtime/session-conversation-history', 404, { error: 'no_conversation', message: 'no such conversation' });
      await refused (worker.history (), 404, 'no_conversation');
    })],

    ['history/refusals', async () => {
      const route = '/v1/runtime/session-conversation-history';
      const body = { endpoint_id: worker.endpoint, plugin_pid: worker.pid, endpoint_owner_token: worker.ownerToken,
                     conversation_ref: { kind: 'session_conversation', id: 'sc-1' } };
      assert.equal ((await machine.call ('POST', route, { body })).body.error, 'plugin_pid_invalid');
      assert.equal (await outcome ('POST', route, body, front.pid), '403 plugin_pid_mismatch');
      assert.equal (await outcome ('POST', route, { ...body, endpoint_id: front.endpoint }), '403 endpoint_pid_mismatch');
      assert.equal (await outcome ('POST', route, { ...body, endpoint_owner_token: 'wrong' }), '403 endpoint_owner_token_mismatch');
    }],

    ['settle/without-an-answer', async () => {
      const id = await waiting ('no answer needed');
      assert.deepEqual (await worker.settle (id), { settled: true, remove_reason: 'handled_no_reply' });
      const { endpoint_nonce, ...body } = (await upstream.posted ('/v1/runtime/self-settle')).at (-1);
      assert.equal (endpoint_nonce, await nonceOf (worker.endpoint));
      assert.deepEqual (body, { undispatched_id: id, endpoint_id: worker.endpoint });
      assert.ok (!(await worker.list ()).some ((item) => item.id === id));
    }],

    ['settle/refused-upstream-is-a-value', async () => {
      await upstream.script ('/v1/runtime/self-settle', 409, { error: 'already_settled', message: 'somebody did' });
      assert.deepEqual (await worker.settle ('u-13'), { error: 'already_settled', message: 'somebody did' });
      await upstream.script ('/v1/runtime/self-settle', 404, {});
      assert.deepEqual (await worker.settle ('u-13'), { error: 'runtime_self_settle_rejected', message: 'runtime self-settle was rejected' });
    }],

    ['settle/malformed-answer', async () => {
      await upstream.script ('/v1/runtime/self-settle', 200, { settled: true });
      assert.deepEqual (await worker.settle ('u-13'), { error: 'invalid_self_settle_response', message: 'invalid self-settle response' });
    }],

    ['settle/upstream-away', async () => {
      await upstream.script ('/v1/runtime/self-settle', 500, {});
      await refused (worker.settle ('u-13'), 503, 'runtime_self_settle_unavailable');
    }],

    ['settle/refusals', async () => {
      const route = '/v1/runtime/self-settle';
      const body = { endpoint_id: worker.endpoint, plugin_pid: worker.pid, undispatched_id: 'x' };
      assert.deepEqual (await worker.settle (''), { error: 'undispatched_id_invalid', message: 'undispatched_id is required' });
      assert.equal ((await machine.call ('POST', route, { body })).body.error, 'plugin_pid_invalid');
      assert.equal (await outcome ('POST', route, body, front.pid), '403 plugin_pid_mismatch');
      assert.equal (await outcome ('POST', route, { ...body, endpoint_id: front.endpoint }), '403 endpoint_pid_mismatch');
      await front.close ();
      await worker.close ();
    }],
  ];
};
