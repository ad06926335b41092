// local.mjs: the SDK on the network of one machine, where what is sent to the own address comes back
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { ConnectorUnavailableError, RuntimeAssignmentReplyHandleStaleError } from '@masons/runtime-broker';
import { Adapter, refused } from '../adapter.mjs';
import { eventually } from '../tap.mjs';

export default (machine) => {
  const { address } = machine;
  let front, worker, waiting, work, replied;

  const current = (adapter) => adapter.client.endpointAliases.get (adapter.endpoint) ?? adapter.endpoint;

  // The network of one machine has no owner who gives work away, so the endpoint's own process does.
  async function dispatch (undispatchedId) {
    const body = { undispatched_id: undispatchedId, target_endpoint_id: current (worker) };
    const answer = await machine.call ('POST', '/v1/dispatch', { pid: worker.pid, body });
    assert.equal (answer.status, 200, JSON.stringify (answer.body));
  }

  // From the sender's send() to the assignment at the worker.
  async function assigned (content) {
    await front.send (address, content);
    const row = await worker.listed ((item) => item.content === content);
    await dispatch (row.id);
    const message = await worker.taken ((item) => item.content === content && item.runtimeAssignment);
    return { row, message, ...message.runtimeAssignment };
  }

  return [
    ['discover/spawns-the-daemon', async () => {
      front = await Adapter.discover (machine);
      const record = machine.discovery ();
      assert.equal (front.client.spawnedNew, true);
      assert.equal (front.client.ipcUrl, record.ipcUrl);
      assert.equal (fs.realpathSync (`/proc/${record.pid}/exe`), fs.realpathSync (machine.program));
    }],

    ['connect/handshake', async () => {
      const answer = await front.connect (machine.otherProcess ());
      assert.deepEqual ([answer.server_protocol_version, answer.network_presence], ['1.1', 'online']);
    }],

    ['register/two-adapters', async () => {
      await front.register ({
        agentId: 'sender', kind: 'custom', sessionName: 'interop sender', trackingRef: 'X-1', taskHint: 'sends',
        workspace: { root: '/src/x', cwd: '/src/x', branch: 'main' },
        executionSurface: 'owner_attached', runtimeCapabilities: ['foreground_channel_v1'],
      });
      worker = await Adapter.attached (machine, 'worker');
      assert.notEqual (worker.endpoint, front.endpoint);
    }],

    ['register/refusals', async () => {
      await refused (front.client.registerEndpoint ({ agentId: 'a', kind: 'custom', workspace: { root: ' ', cwd: '/' } }), 422, 'invalid_request');
      await refused (front.client.registerEndpoint ({ agentId: 'a', kind: 'custom', runtimeSessionId: '__masons_x' }), 400,
                     'invalid_runtime_session_id');
    }],

    ['send/unaddressed-waits-in-the-inbox', async () => {
      const sent = await front.send (address, 'unaddressed', 'text', { note: 'n' });
      assert.equal (typeof sent.messageId, 'string');
      assert.ok (['delivered', 'stored'].includes (sent.status), sent.status);
      waiting = await worker.listed ((item) => item.content === 'unaddressed');
      assert.equal (waiting.sender_address, address);
      assert.equal (waiting.reason, 'unaddressed');
      assert.equal (waiting.metadata.note, 'n');
      assert.equal (waiting.metadata.source_endpoint_id, front.endpoint);
      assert.match (waiting.metadata.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    }],

    ['list/without-endpoint', async () => {
      const items = await worker.client.listUndispatched ();
      assert.deepEqual (items.map ((item) => item.id), [waiting.id]);
    }],

    ['presence/count', async () => {
      assert.deepEqual (await worker.presenceCount (), { bound_continuation_count: 0 });
    }],

    ['receive/assignment', async () => {
      await dispatch (waiting.id);
      const message = await worker.taken ((item) => item.content === 'unaddressed');
      work = message.runtimeAssignment;
      assert.deepEqual ([message.from, message.contentType, message.sourceMessageId], [address, 'text', waiting.source_message_id]);
      assert.deepEqual ([message.metadata.dispatched_from, message.metadata.delivery_intent], [waiting.id, 'external_handoff']);
      assert.deepEqual ([work.undispatchedId, work.deliveryIntent, work.replyCorrelationId],
                        [waiting.id, 'external_handoff', message.metadata.correlation_id]);
      assert.deepEqual (work.targetRef, {
        kind: 'projection_endpoint', projection_endpoint_id: worker.endpoint, runtime_session_id: 'session-1',
        background_exchange_mode: 'adapter_managed_turn' });
    }],

    ['reply/before-acceptance-refused', async () => {
      await refused (worker.reply (work, 'early', 'too early'), 409, 'runtime_assignment_not_accepted');
    }],

    ['processing-state/accepted-and-started', async () => {
      await worker.report (work, 'adapter_accepted', 2);
      await worker.report (work, 'processing_started', 3, { detail: 'at work' });
    }],

    ['processing-state/refusals', async () => {
      await refused (worker.report (work, 'reply_emitted', 4), 403, 'reply_emitted_broker_owned');
      await refused (worker.report ({ sourceMessageId: 'none', assignmentId: 'none' }, 'adapter_accepted', 2), 409, 'runtime_assignment_unknown');
    }],

    ['reply/reaches-the-sender', async () => {
      replied = await worker.reply (work, 'r1', 'the answer');
      assert.match (replied.messageId, /^[0-9a-f-]{36}$/);
      const message = await front.taken ((item) => item.content === 'the answer');
      assert.equal (message.from, address);
      assert.equal (message.metadata.correlation_id, work.replyCorrelationId);
      assert.equal (message.metadata.source_endpoint_id, worker.endpoint);
      assert.equal (message.runtimeAssignment, undefined);
    }],

    ['reply/repeated-sends-nothing-again', async () => {
      assert.deepEqual (await worker.reply (work, 'r1', 'the answer'), replied);
      const marker = await assigned ('a later message');
      await worker.report (marker, 'adapter_accepted', 2);
      await worker.reply (marker, 'r1', 'a later answer');
      await front.taken ((item) => item.content === 'a later answer');
      assert.equal (front.inbox.filter ((item) => item.content === 'the answer').length, 1);
    }],

    ['reply/other-content-is-a-conflict', async () => {
      await refused (worker.reply (work, 'r1', 'another answer'), 409, 'runtime_assignment_reply_idempotency_conflict');
    }],

    ['reply/stale-handle-has-its-error', async () => {
      await assert.rejects (worker.reply (work, 'r2', 'a second answer'), RuntimeAssignmentReplyHandleStaleError);
    }],

    ['processing-state/failed-retryable-returns-to-the-inbox', async () => {
      const { row, ...assignment } = await assigned ('try again');
      await worker.report (assignment, 'processing_failed', 2, { retryable: true, reasonCode: 'busy' });
      await worker.listed ((item) => item.id === row.id);
    }],

    ['send/reply-aware-correlation', async () => {
      // Who answers a message by its correlation id stays in the conversation.
      const { correlation_id } = front.inbox.find ((item) => item.content === 'the answer').metadata;
      await front.send (address, 'thanks', 'text', { in_reply_to: correlation_id });
      const row = await eventually ('the answer to the answer', async () =>
        worker.inbox.find ((item) => item.content === 'thanks') ?? (await worker.list ()).find ((item) => item.content === 'thanks'));
      assert.equal (row.metadata.correlation_id, correlation_id);
    }],

    ['send/refusals', async () => {
      await refused (front.send (address, 'x', 'text', { correlation_id: 'mine' }), 400, 'correlation_id_forbidden');
      await refused (front.send (address, 'x', 'text', { source_endpoint_id: worker.endpoint }), 403, 'source_endpoint_id_mismatch');
      await refused (front.client.send (worker.endpoint, address, 'x'), 403, 'endpoint_pid_mismatch');
      await refused (front.client.send ('nobody', address, 'x'), 404, 'unknown_endpoint');
    }],

    ['send/unknown-recipient-refused', async () => {
      await assert.rejects (front.send ('nobody@local', 'x'), /502.*connector_rejected.*unknown_recipient/s);
    }],

    ['send/no-room-at-the-recipient-has-its-error', async () => {
      const full = await machine.localAccount ('full', '--set', 'local.mailbox-limit=1');
      await front.send (full.address, 'the one that fits');
      await assert.rejects (front.send (full.address, 'one too many'), (error) => {
        assert.ok (error instanceof ConnectorUnavailableError, String (error));
        assert.deepEqual ([error.code, error.retryable], ['connector_unavailable', true]);
        return true;
      });
    }],

    ['unsupported/has-an-honest-error', async () => {
      // What the network of one machine does not offer says so; it neither hangs nor pretends.
      await refused (worker.history (), 503, 'runtime_conversation_history_unsupported');
      await refused (worker.claim ('x'), 404, 'runtime_self_claim_rejected');
      assert.equal ((await worker.settle ('x')).error, 'runtime_self_settle_rejected');
      assert.deepEqual (await worker.staged (10), { items: [] });
    }],

    ['claim/what-waits', async () => {
      await front.send (address, 'pulled');
      const row = await worker.listed ((item) => item.content === 'pulled');
      const { assignment, message } = await worker.claim (row.id);
      assert.deepEqual ([message.content, assignment.undispatchedId], ['pulled', row.id]);
      assert.deepEqual ((await worker.claim (row.id)).assignment, assignment);
      await worker.report (assignment, 'adapter_accepted', 2);
      await worker.reply (assignment, 'pulled-1', 'done');
    }],

    ['settle/what-waits-and-what-is-accepted', async () => {
      const settled = { settled: true, remove_reason: 'handled_no_reply' };
      await front.send (address, 'needs no answer');
      const row = await worker.listed ((item) => item.content === 'needs no answer');
      assert.deepEqual (await worker.settle (row.id), settled);
      assert.ok (!(await worker.client.listUndispatched ()).some ((item) => item.id === row.id));

      const { message, ...assignment } = await assigned ('needs work and no answer');
      await worker.report (assignment, 'adapter_accepted', 2);
      assert.deepEqual (await worker.settle (assignment.undispatchedId), settled);
    }],

    ['send/unicode-and-large-come-back-as-they-were', async () => {
      const content = `\u{1F600} "quotes" \\ \u0001 ${'x'.repeat (256 * 1024)}`;
      const { message, ...assignment } = await assigned (content);
      assert.equal (message.content, content);
      await worker.report (assignment, 'adapter_accepted', 2);
    }],

    ['kill/clients-come-back-to-a-new-daemon', async () => {
      const before = machine.discovery ();
      await machine.kill (before.pid, 'SIGKILL');
      for (const adapter of [front, worker])
        await eventually ('a new connection', () =>
          adapter.disconnects === 1 && adapter.client.connectionState.phase === 'connected');
      const after = await machine.healthy (before.pid);
      assert.notEqual (after.pid, before.pid);
      assert.notEqual (after.bearerToken, before.bearerToken);
      assert.equal (fs.realpathSync (`/proc/${after.pid}/exe`), fs.realpathSync (machine.program));
    }],

    ['kill/inbox-is-as-it-was', async () => {
      const contents = (await worker.client.listUndispatched ()).map ((item) => item.content);
      assert.ok (contents.includes ('try again'), JSON.stringify (contents));
    }],

    ['kill/reply-record-is-as-it-was', async () => {
      // Same reply id, other daemon: the answer that was given, and nothing sent a second time.
      const again = await worker.reply (work, 'r1', 'the answer').catch ((error) => error);
      if (again instanceof Error)
        assert.match (String (again), /target_mismatch|reply_handle_stale|stale/);
      else
        assert.deepEqual (again, replied);
      assert.equal (front.inbox.filter ((item) => item.content === 'the answer').length, 1);
    }],

    ['kill/old-endpoint-id-still-works-in-the-sdk', async () => {
      const assignment = await assigned ('after the kill');
      await worker.report (assignment, 'adapter_accepted', 2);
      await worker.reply (assignment, 'r1', 'answer after the kill');
      await front.taken ((item) => item.content === 'answer after the kill');
    }],

    ['close/unregister-ends-the-endpoint', async () => {
      const { endpoint_id: endpoint } = await front.client.registerEndpoint ({ agentId: 'short-lived', kind: 'custom' });
      await front.client.unregisterEndpoint (endpoint);
      await refused (front.client.send (endpoint, address, 'x'), 404, 'unknown_endpoint');
    }],

    ['close/the-daemon-stays', async () => {
      await front.client.close ();
      await worker.client.close (worker.endpoint);
      const record = await machine.healthy ();
      await machine.kill (record.pid);
      assert.equal (machine.discovery (), null, 'the discovery file goes with its owner');
    }],
  ];
};
