// assignments.mjs: work that the network gives to an endpoint, what becomes of it, and the answer (protocol.md 11.5, 11.7, 11.8)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { RuntimeAssignmentProcessingStateError, RuntimeAssignmentReplyHandleStaleError } from '@masons/runtime-broker';
import { Adapter, refused, roles } from '../adapter.mjs';
import { RawAdapter } from '../raw-adapter.mjs';
import { eventually } from '../tap.mjs';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const traceparent = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

export default (machine) => {
  const { upstream } = machine;
  let worker, work, replied;

  // A message that waits in the inbox.
  async function waiting (content, metadata = {}) {
    const messageId = await upstream.deliver (content, metadata);
    await upstream.parked (messageId);
    return messageId;
  }

  // The same given to @adapter.
  async function assigned (content, { adapter = worker, metadata } = {}) {
    const id = await waiting (content, metadata);
    const key = await upstream.dispatch (id, adapter.endpoint);
    const message = await adapter.taken ((item) => item.content === content && item.runtimeAssignment);
    assert.equal (await upstream.acked (key), 'applied');
    return { id, key, message, ...message.runtimeAssignment };
  }

  async function statesOf (key, probe = () => true) {
    const posted = await upstream.posted ('/v1/runtime/processing-state', (items) =>
      probe (items.filter ((item) => item.assignment_id === key)));
    return posted.filter ((item) => item.assignment_id === key);
  }

  function rejectedAs (brokerCode, category, message) {
    return (error) => {
      assert.ok (error instanceof RuntimeAssignmentProcessingStateError, String (error));
      assert.deepEqual ([error.name, error.code, error.brokerCode, error.assignmentFailureCategory, error.retryable, error.message],
                        ['RuntimeAssignmentProcessingStateError', 'runtime_processing_state_rejected', brokerCode, category, false, message]);
      return true;
    };
  }

  async function failsDispatch (expected, id, extra) {
    const key = await upstream.control ({
      type: 'dispatch_undispatched', undispatched_id: id, source_message_id: id, delivery_intent: 'external_handoff',
      broker_projection_token: 'T', target_ref: await upstream.targetRef (worker.endpoint), ...extra });
    assert.equal (await upstream.acked (key), `failed: ${expected}`);
  }

  return [
    ['dispatch/reaches-the-adapter', async () => {
      worker = await Adapter.attached (machine, 'worker');
      work = await assigned ('some work', { metadata: { correlation_id: 'c-9', message_id: 'rm-9', note: 'n' } });
      const { from, contentType, sourceMessageId, metadata, runtimeAssignment } = work.message;
      assert.deepEqual ([from, contentType, sourceMessageId], ['bob', 'text', work.id]);
      const [, traceId] = metadata.traceparent.match (traceparent);
      assert.deepEqual ({ ...metadata, traceparent: '' }, {
        correlation_id: 'c-9', message_id: 'rm-9', note: 'n', traceparent: '', dispatched_from: work.id, delivery_intent: 'external_handoff' });
      assert.deepEqual (runtimeAssignment, {
        undispatchedId: work.id, sourceMessageId: work.id, assignmentId: work.key, deliveryIntent: 'external_handoff',
        replyCorrelationId: 'c-9', originalTraceId: traceId, targetRef: {
          kind: 'projection_endpoint', projection_endpoint_id: worker.endpoint, runtime_session_id: 'session-1',
          background_exchange_mode: 'adapter_managed_turn' } });
      const [state] = await statesOf (work.key);
      assert.deepEqual ([state.state, state.state_event_id, state.state_sequence, state.undispatched_id],
                        ['assigned_to_runtime_target', `${work.key}:assigned`, 1, work.id]);
      assert.equal (typeof state.broker_projection_token, 'string');
    }],

    ['reply/before-acceptance-refused', async () => {
      await refused (worker.reply (work, 'early', 'too early'), 409, 'runtime_assignment_not_accepted');
    }],

    ['processing-state/accepted-and-started', async () => {
      await worker.report (work, 'adapter_accepted', 2, { occurredAt: 1795427510000 });
      await worker.report (work, 'processing_started', 3, { detail: 'at work', undispatchedId: work.id });
      const states = (await statesOf (work.key)).slice (1);
      assert.deepEqual (states, [
        { type: 'runtime_processing_state', version: 1, source_message_id: work.id, assignment_id: work.key, undispatched_id: work.id,
          state_event_id: `${work.key}:adapter_accepted:2`, state_sequence: 2, state: 'adapter_accepted', occurred_at: 1795427510000,
          target_ref: work.targetRef },
        { type: 'runtime_processing_state', version: 1, source_message_id: work.id, assignment_id: work.key, undispatched_id: work.id,
          state_event_id: `${work.key}:processing_started:3`, state_sequence: 3, state: 'processing_started',
          occurred_at: states[1].occurred_at, detail: 'at work', target_ref: work.targetRef }]);
    }],

    ...['assigned_to_runtime_target', 'reply_requested', 'reply_emitted'].map ((state) =>
      [`processing-state/${state}-refused`, async () => {
        await refused (worker.report (work, state, 4), 403, `${state}_broker_owned`);
      }]),

    ['processing-state/unknown-assignment-refused', async () => {
      await refused (worker.report ({ sourceMessageId: 'none', assignmentId: 'none' }, 'adapter_accepted', 2), 409, 'runtime_assignment_unknown');
    }],

    ['processing-state/of-another-target-refused', async () => {
      const other = await Adapter.attached (machine, 'worker', { runtimeSessionId: 'session-2' });
      await refused (other.report (work, 'processing_started', 4), 403, 'runtime_assignment_target_mismatch');
      await other.client.close (other.endpoint);
    }],

    ['processing-state/of-another-client-refused-by-the-sdk', async () => {
      const other = await Adapter.discover (machine);
      await other.connect (machine.otherProcess ());
      other.endpoint = worker.endpoint;
      await assert.rejects (other.report (work, 'processing_started', 4), /endpoint_owner_token missing/);
      await assert.rejects (other.reply (work, 'r', 'x'), /endpoint_owner_token missing/);
      await assert.rejects (other.claim ('x'), /endpoint_owner_token missing/);
      await assert.rejects (other.history (), /endpoint_owner_token missing/);
      await other.close ();
    }],

    ['processing-state/wrong-owner-token-refused', async () => {
      const body = { endpoint_id: worker.endpoint, plugin_pid: worker.pid, endpoint_owner_token: 'wrong', source_message_id: work.id,
                     assignment_id: work.key, state_event_id: 'x', state_sequence: 4, state: 'processing_started' };
      const answer = await machine.call ('POST', '/v1/runtime/processing-state', { pid: worker.pid, body });
      assert.deepEqual ([answer.status, answer.body.error], [403, 'endpoint_owner_token_mismatch']);
    }],

    ...['assignment_in_progress', 'target_unavailable_before_acceptance', 'acceptance_rejected', 'processing_failed_or_expired',
        'reply_handle_stale'].map ((category) => [`processing-state/refused-as-${category}`, async () => {
      await upstream.script ('/v1/runtime/processing-state', 409, { error: 'state_conflict', message: 'not now', assignment_failure_category: category });
      await assert.rejects (worker.report (work, 'processing_started', 4),
                            rejectedAs ('runtime_processing_state_rejected', category, 'state_conflict: not now'));
    }]),

    ['processing-state/refused-without-a-category', async () => {
      await upstream.script ('/v1/runtime/processing-state', 422, { error: 'bad_state', assignment_failure_category: 'another' });
      await refused (worker.report (work, 'processing_started', 4), 409, 'runtime_processing_state_rejected');
    }],

    ['processing-state/upstream-away', async () => {
      await upstream.script ('/v1/runtime/processing-state', 500, {});
      await refused (worker.report (work, 'processing_started', 4), 503, 'runtime_processing_state_rejected');
      await worker.report (work, 'processing_started', 4);
    }],

    ['reply/refused-as-a-category', async () => {
      await upstream.script ('/v1/runtime/processing-state', 403, { message: 'no more', assignment_failure_category: 'processing_failed_or_expired' });
      await assert.rejects (worker.reply (work, 'r0', 'refused'),
                            rejectedAs ('runtime_reply_request_rejected', 'processing_failed_or_expired', 'no more'));
    }],

    ['reply/refused-without-a-category', async () => {
      await upstream.script ('/v1/runtime/processing-state', 409, { error: 'nope' });
      await refused (worker.reply (work, 'r0', 'refused'), 409, 'runtime_reply_request_rejected');
      await upstream.script ('/v1/runtime/processing-state', 503, {});
      await refused (worker.reply (work, 'r0', 'refused'), 503, 'runtime_reply_request_rejected');
    }],

    ['reply/reaches-the-sender', async () => {
      replied = await worker.reply (work, 'r1', 'the answer', { contentType: 'text/markdown', metadata: {
        note: 'mine', correlation_id: 'forged', require_live: true, message_id: 'forged' } });
      assert.equal (replied.status, 'delivered');
      const frame = await upstream.sent ('the answer');
      const { traceparent: trace, ...metadata } = frame.metadata;
      assert.match (replied.messageId, uuid);
      assert.notEqual (frame.messageId, replied.messageId);
      assert.notEqual (trace.match (traceparent)[1], work.originalTraceId);
      assert.deepEqual ([frame.to, frame.contentType, metadata], ['bob', 'text/markdown', {
        note: 'mine', originalTraceId: work.originalTraceId, message_id: replied.messageId, in_reply_to: 'rm-9', correlation_id: 'c-9',
        source_endpoint_id: worker.endpoint, require_live: false }]);
      const states = await statesOf (work.key, (items) => items.some ((item) => item.state === 'reply_emitted'));
      const requested = states.filter ((item) => item.state === 'reply_requested').at (-1);
      const emitted = states.find ((item) => item.state === 'reply_emitted');
      assert.deepEqual ([requested.state_event_id, requested.reply_request_id, requested.broker_projection_token],
                        [`${work.key}:reply_requested:r1`, 'r1', emitted.broker_projection_token]);
      assert.deepEqual ([emitted.state_event_id, emitted.reply_request_id, emitted.outbound_message_id, emitted.state_sequence],
                        [`${work.key}:reply_emitted:r1`, 'r1', replied.messageId, requested.state_sequence + 1]);
    }],

    ['reply/repeated-sends-nothing-again', async () => {
      const again = await worker.reply (work, 'r1', 'the answer', { contentType: 'text/markdown', metadata: { message_id: 'x', note: 'mine' } });
      assert.deepEqual (again, replied);
      assert.equal (await upstream.sentTimes ('the answer'), 1);
    }],

    ['reply/other-content-is-a-conflict', async () => {
      await refused (worker.reply (work, 'r1', 'another'), 409, 'runtime_assignment_reply_idempotency_conflict');
    }],

    ['reply/stale-handle-has-its-error', async () => {
      await assert.rejects (worker.reply (work, 'r2', 'a second answer'), (error) => {
        assert.ok (error instanceof RuntimeAssignmentReplyHandleStaleError, String (error));
        assert.deepEqual ([error.name, error.code, error.brokerCode, error.retryable, error.message],
                          ['RuntimeAssignmentReplyHandleStaleError', 'reply_handle_stale', 'runtime_assignment_unknown', false,
                           'source assignment is not known to this broker']);
        return true;
      });
    }],

    ['reply/without-a-request-id-refused', async () => {
      work = await assigned ('more work');
      await worker.report (work, 'adapter_accepted', 2);
      await refused (worker.reply (work, '', 'x'), 400, 'reply_request_id_required');
    }],

    ['reply/two-at-once-send-one-message', async () => {
      const [one, two] = await Promise.all ([worker.reply (work, 'r1', 'twice'), worker.reply (work, 'r1', 'twice')]);
      assert.deepEqual (one, two);
      assert.equal (await upstream.sentTimes ('twice'), 1);
    }],

    ['reply/refused-by-the-network-may-be-repeated', async () => {
      work = await assigned ('difficult');
      await worker.report (work, 'adapter_accepted', 2);
      await upstream.onNextSend ({ how: 'error', code: 'BUSY', message: 'not now' });
      await assert.rejects (worker.reply (work, 'r1', 'difficult answer'), /not now/);
      const { messageId } = await worker.reply (work, 'r1', 'difficult answer');
      const frames = (await upstream.frames ('SEND_MESSAGE')).filter (({ body }) => body.content === 'difficult answer');
      assert.deepEqual (frames.map (({ body }) => body.metadata.message_id), [messageId, messageId]);
    }],

    ['reply/lost-with-its-connection-stays-unknown', async () => {
      work = await assigned ('lost');
      await worker.report (work, 'adapter_accepted', 2);
      await upstream.onNextSend ({ how: 'drop' });
      const isUnknown = { name: 'ConnectorSendOutcomeUnknownError', message: 'Connection closed before SEND_ACK' };
      await assert.rejects (worker.reply (work, 'r1', 'lost answer'), isUnknown);
      await assert.rejects (worker.reply (work, 'r1', 'lost answer'), isUnknown);
      await eventually ('the network again', () => worker.client.networkPresence === 'online');
      assert.equal (await upstream.sentTimes ('lost answer'), 1);
    }],

    ...[['processing_failed', { retryable: true, reasonCode: 'busy' }], ['waiting_for_runtime_capability', {}],
        ['target_lost_before_acceptance', {}]].map (([state, extra]) =>
      [`processing-state/${state}-before-acceptance-returns-it`, async () => {
        work = await assigned (`returned by ${state}`);
        await worker.report (work, state, 2, extra);
        await refused (worker.report (work, 'adapter_accepted', 3), 409, 'runtime_assignment_unknown');
        // It can be given away once more.
        const key = await upstream.dispatch (work.id, worker.endpoint);
        await worker.taken ((item) => item.runtimeAssignment?.assignmentId === key);
        await worker.report ({ ...work, assignmentId: key }, 'adapter_accepted', 2);
      }]),

    ...[['processing_failed', 'failed'], ['expired', 'expired']].map (([state, name]) =>
      [`processing-state/${name}-for-good-ends-it`, async () => {
        work = await assigned (`ended by ${state}`);
        await worker.report (work, state, 2);
        await refused (worker.report (work, 'adapter_accepted', 3), 409, 'runtime_assignment_unknown');
        await failsDispatch (`unknown undispatched_id: ${work.id}`, work.id);
      }]),

    ['dispatch/resident-endpoint', async () => {
      const resident = await Adapter.attached (machine, 'resident');
      const { targetRef } = await assigned ('for the resident', { adapter: resident });
      assert.deepEqual (targetRef, { kind: 'projection_endpoint', projection_endpoint_id: resident.endpoint,
                                     background_exchange_mode: 'resident_endpoint' });
      await resident.client.close (resident.endpoint);
    }],

    ['dispatch/same-key-again-is-applied-once', async () => {
      work = await assigned ('only once');
      await upstream.dispatchAgain (work.key);
      await upstream.posted ('/v1/runtime/control-ack', (items) => items.filter ((item) => item.idempotency_key === work.key).length === 2);
      assert.equal (await upstream.acked (work.key), 'applied');
      assert.equal (worker.inbox.filter ((item) => item.content === 'only once').length, 1);
      await worker.report (work, 'adapter_accepted', 2);
    }],

    ['dispatch/refusals', async () => {
      const id = await waiting ('hard to place');
      const front = await Adapter.attached (machine, 'foreground');
      const target = await upstream.targetRef (worker.endpoint);
      await failsDispatch ('dispatch broker_projection_token missing', id, { broker_projection_token: undefined });
      await failsDispatch ('unknown undispatched_id: nothing', 'nothing');
      await failsDispatch ('source_message_id mismatch: another', id, { source_message_id: 'another' });
      await failsDispatch ('target endpoint not found: nobody', id, { target_ref: { ...target, projection_endpoint_id: 'nobody' } });
      await failsDispatch (`target endpoint is not background-exchange capable: ${front.endpoint}`, id,
                           { target_ref: { ...target, projection_endpoint_id: front.endpoint } });
      await failsDispatch (`target endpoint is not background-exchange capable: ${worker.endpoint}`, id,
                           { target_ref: { ...target, runtime_session_id: 'another' } });
      await upstream.script ('/v1/runtime/processing-state', 409, { error: 'taken' });
      await failsDispatch ('taken', id);
      // Each time it was put back.
      await upstream.dispatch (id, worker.endpoint);
      await worker.taken ((item) => item.content === 'hard to place');
      await front.client.close (front.endpoint);
    }],

    ['dispatch/without-a-receipt-returns-it', async () => {
      const mute = await RawAdapter.open (machine, machine.otherProcess (), { 'x-masons-ipc-capabilities': 'push_receipt_ack_v1' });
      const { agentId: agent_id, kind, runtimeSessionId: runtime_session_id, runtimeCapabilities: runtime_capabilities,
              backgroundExchangeMode: background_exchange_mode } = roles.worker;
      await mute.register ({ agent_id, kind, runtime_session_id, runtime_capabilities, background_exchange_mode });
      const id = await waiting ('no receipt');
      const key = await upstream.dispatch (id, mute.endpoint);
      await mute.taken ((frame) => frame.content === 'no receipt');
      assert.equal (await upstream.acked (key), `failed: target endpoint did not acknowledge push receipt: ${mute.endpoint}`);
      const lost = (await statesOf (key, (items) => items.length >= 2)).at (-1);
      assert.deepEqual ([lost.state, lost.state_event_id, lost.state_sequence, lost.reason_code, 'broker_projection_token' in lost],
                        ['target_lost_before_acceptance', `${key}:target_lost`, 2, 'ipc_push_not_received', false]);
      assert.equal (lost.occurred_at, (await statesOf (key))[0].occurred_at + 1);
      await upstream.dispatch (id, worker.endpoint);
      await worker.taken ((item) => item.content === 'no receipt');
      mute.close ();
    }],

    ['dispatch/lost-with-its-endpoint-returns', async () => {
      const brief = await Adapter.attached (machine, 'worker');
      const lost = await assigned ('not for long', { adapter: brief });
      await brief.client.close (brief.endpoint);
      const state = (await statesOf (lost.key, (items) => items.length >= 2)).at (-1);
      assert.deepEqual ([state.state, state.reason_code], ['target_lost_before_acceptance', 'endpoint_lost']);
      await upstream.dispatch (lost.id, worker.endpoint);
      await worker.taken ((item) => item.content === 'not for long');
    }],

    ['dispatch/by-a-local-program', async () => {
      const id = await waiting ('dispatched here');
      const body = { undispatched_id: id, target_endpoint_id: worker.endpoint };
      // Nobody has given the daemon a token for it; a network that minds answers so.
      const refusal = await machine.call ('POST', '/v1/dispatch', { pid: worker.pid, body });
      assert.deepEqual ([refusal.status, refusal.body.error], [400, 'dispatch_failed']);
      await upstream.script ('/v1/runtime/processing-state', 204);
      assert.deepEqual (await machine.call ('POST', '/v1/dispatch', { pid: worker.pid, body }), { status: 200, body: { ok: true } });
      await worker.taken ((item) => item.content === 'dispatched here');
      const again = await machine.call ('POST', '/v1/dispatch', { pid: worker.pid, body: { ...body, undispatched_id: 'nothing' } });
      assert.deepEqual (again, { status: 400, body: { error: 'dispatch_failed', message: 'unknown undispatched_id: nothing' } });
      const empty = await machine.call ('POST', '/v1/dispatch', { pid: worker.pid, body: { ...body, undispatched_id: '' } });
      assert.deepEqual ([empty.status, empty.body.error], [400, 'dispatch_body_invalid']);
    }],

    ['control/what-nobody-knows', async () => {
      assert.equal (await upstream.acked (await upstream.control ({ type: 'a_later_idea' })), 'applied: unknown_variant_dropped');
      assert.equal (await upstream.acked (await upstream.control ({ type: 'dispatch_nudge', version: 2 })), 'failed: unsupported_protocol_version');
      assert.equal (await upstream.acked (await upstream.control ({ type: 'dispatch_nudge', undispatched_id: 'x', target_endpoint_id: 'y' })),
                    'applied');
    }],

    ['control/owner-session-delivery-has-no-handler', async () => {
      const key = await upstream.control ({
        type: 'owner_session_delivery', owner_session_message_id: 'osm', owner_session_delivery_attempt_id: 'osa',
        owner_session_delivery_token: 'T', content_type: 'text', text: 'hello', owner_session_target_ref: {
          kind: 'owner_session_runtime_target', projection_endpoint_id: worker.endpoint, runtime_session_id: 'session-1',
          runtime_session_identity_key: 'k', background_exchange_mode: 'adapter_managed_turn' } });
      assert.equal (await upstream.acked (key), 'failed: no_handler:owner_session_delivery');
    }],

    ['control/malformed-event-of-a-known-type', machine.difference ('IMP-50: the npm daemon says it applied what it cannot read', async () => {
      const key = await upstream.control ({ type: 'force_unregister', emitted_at: 'now', endpoint_id: worker.endpoint });
      assert.equal (await upstream.acked (key), 'failed: invalid_control_event');
    })],
  ];
};
