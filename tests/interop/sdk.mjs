// sdk.mjs: the unmodified BrokerClient of the npm package against our daemon; prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// usage: node sdk.mjs BROKERD BROKERCTL MODULE-FOLDER
//        node sdk.mjs --peer    the npm daemon itself, to prove that the cases describe it; what we do better is skipped

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Machine, PeerMachine } from './broker.mjs';
import { Skip, eventually, run, skipAll } from './tap.mjs';

const sdk = await import ('@masons/runtime-broker')
  .catch ((error) => error.code === 'ERR_MODULE_NOT_FOUND' ? null : Promise.reject (error));
if (sdk === null)
  skipAll ('the npm package is not here: `npm ci` in tests/interop, or sh tests/run.sh');

const { BrokerClient, ConnectorUnavailableError, RuntimeAssignmentReplyHandleStaleError } = sdk;
const ACCOUNT = 'interop';

const isPeer = process.argv[2] === '--peer';
const machine = isPeer ? new PeerMachine () : new Machine (...process.argv.slice (2).map ((name) => path.resolve (name)));
if (isPeer)
  await machine.startUpstream ();
machine.adoptEnvironment ();
const { token, address } = await machine.account (ACCOUNT);
const first = {};       // the client that spawns the daemon and sends
const second = {};      // the client that takes assignments
const bystanders = [];  // processes whose pids stand for other adapters

// A pid of its own that lives as long as we do: a channel belongs to a process.
function otherProcess () {
  const child = spawn (process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
  bystanders.push (child);
  return child.pid;
}

async function discover () {
  const client = await BrokerClient.discover ({
    accountId: ACCOUNT, runtimeToken: token, userDataDir: machine.data, timeoutMs: 15000, ...machine.spawnOptions (),
  });
  const record = machine.discovery (ACCOUNT, token);
  machine.pids.add (record.pid);
  client.inbox = [];
  client.states = [];
  client.on ('message_received', (message) => client.inbox.push (message));
  client.on ('connectionstate', (state) => client.states.push (state.phase));
  client.on ('error', () => {});
  return client;
}

function connect (client, pluginPid) {
  client.pid = pluginPid;
  return client.connect ({ pluginPid, clientKind: 'custom', clientVersion: '1.0.0',
                           reconnectBackoffInitialMs: 100, reconnectBackoffMaxMs: 400 });
}

// What the SDK has no call for: local dispatch, in the name of the endpoint's own process.
async function dispatch (client, undispatchedId, endpointId) {
  const record = machine.discovery (ACCOUNT, token);
  const answer = await fetch (`${record.ipcUrl}/v1/dispatch`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${record.bearerToken}`, 'x-plugin-pid': String (client.pid),
               'content-type': 'application/json' },
    body: JSON.stringify ({ undispatched_id: undispatchedId, target_endpoint_id: endpointId }),
  });
  assert.equal (answer.status, 200, await answer.text ());
}

function oursOnly (reason) {
  if (isPeer)
    throw new Skip (reason);
}

function taken (client, probe) {
  return eventually ('a message at the client', () => client.inbox.find (probe));
}

async function report (assignment, state, sequence, extra = {}) {
  await second.client.reportRuntimeProcessingState ({
    endpointId: second.endpoint, sourceMessageId: assignment.sourceMessageId, assignmentId: assignment.assignmentId,
    stateEventId: `${assignment.assignmentId}:${state}:${sequence}`, stateSequence: sequence, state, ...extra,
  });
}

function reply (assignment, replyRequestId, content) {
  return second.client.sendRuntimeAssignmentReply ({
    endpointId: second.endpoint, sourceMessageId: assignment.sourceMessageId, assignmentId: assignment.assignmentId,
    replyRequestId, content,
  });
}

// From the sender's send() to the assignment at the second client.
async function assign (content) {
  await first.client.send (first.endpoint, address, content);
  const row = await eventually ('the message in the inbox', async () =>
    (await second.client.listUndispatched ({ endpointId: second.endpoint })).find ((item) => item.content === content));
  await dispatch (second.client, row.id, second.endpoint);
  const message = await taken (second.client, (item) => item.content === content && item.runtimeAssignment);
  return { row, message, assignment: message.runtimeAssignment };
}

const cases = [
  ['discover/spawns-the-daemon', async () => {
    first.client = await discover ();
    const record = machine.discovery (ACCOUNT, token);
    assert.equal (first.client.spawnedNew, true);
    assert.equal (first.client.ipcUrl, record.ipcUrl);
    assert.equal (fs.realpathSync (`/proc/${record.pid}/exe`), fs.realpathSync (machine.program));
  }],

  ['discover/finds-the-running-one', async () => {
    second.client = await discover ();
    assert.equal (second.client.spawnedNew, false);
    assert.equal (second.client.ipcUrl, first.client.ipcUrl);
  }],

  ['call-before-connect/refused-by-the-sdk', async () => {
    await assert.rejects (first.client.registerEndpoint ({ agentId: 'a', kind: 'custom' }), /connect/);
  }],

  ['connect/handshake', async () => {
    const answer = await connect (first.client, process.pid);
    assert.match (answer.server_protocol_version, /^1\./);
    assert.equal (answer.network_presence, 'online');
    assert.match (first.client.sessionId, /^[0-9a-f-]{36}$/);
    assert.equal (first.client.networkPresence, 'online');
    assert.equal (first.client.connectionState.phase, 'connected');
    for (const name of ['endpoint_metadata_v1', 'remote_spawn_v1', 'runtime_assignment_reply_v1', 'runtime_assignment_claim_v1',
                        'runtime_claim_candidates_v1', 'undispatched_presence_v1', 'push_receipt_ack_v1', 'structured_workspace_v1'])
      assert.equal (first.client.serverCapabilities[name], true, name);
    assert.equal (first.client.serverCapabilities.undispatched_inbox_v1, false);
    await connect (second.client, otherProcess ());
  }],

  ['connect/twice-refused-by-the-sdk', async () => {
    await assert.rejects (connect (first.client, process.pid), /already connected/);
  }],

  ['register/sender', async () => {
    const outcome = await first.client.registerEndpoint ({
      agentId: 'sender', kind: 'custom', sessionName: 'interop sender', trackingRef: 'X-1', taskHint: 'sends',
      workspace: { root: '/src/x', cwd: '/src/x', branch: 'main' },
      executionSurface: 'owner_attached', runtimeCapabilities: ['foreground_channel_v1'],
    });
    assert.equal (typeof outcome.endpoint_id, 'string');
    assert.match (outcome.endpoint_owner_token, /^[0-9a-f-]{36}$/);
    first.endpoint = outcome.endpoint_id;
  }],

  ['register/worker', async () => {
    const outcome = await second.client.registerEndpoint ({
      agentId: 'worker', kind: 'custom', runtimeSessionId: 'session-1', executionSurface: 'headless',
      runtimeCapabilities: ['background_exchange_v1'], backgroundExchangeMode: 'adapter_managed_turn',
    });
    second.endpoint = outcome.endpoint_id;
    assert.notEqual (second.endpoint, first.endpoint);
  }],

  ['register/bad-workspace-refused', async () => {
    await assert.rejects (first.client.registerEndpoint ({ agentId: 'a', kind: 'custom', workspace: { root: ' ', cwd: '/' } }),
                          /422.*workspace\.root must be a non-empty string/s);
  }],

  ['register/reserved-session-id-refused', async () => {
    await assert.rejects (first.client.registerEndpoint ({ agentId: 'a', kind: 'custom', runtimeSessionId: '__masons_x' }),
                          /400.*invalid_runtime_session_id/s);
  }],

  ['send/unaddressed-waits-in-the-inbox', async () => {
    const sent = await first.client.send (first.endpoint, address, 'unaddressed', 'text', { note: 'n' });
    assert.equal (typeof sent.messageId, 'string');
    assert.ok (['delivered', 'stored'].includes (sent.status), sent.status);
    first.waiting = await eventually ('the message in the inbox', async () =>
      (await second.client.listUndispatched ({ endpointId: second.endpoint }))[0]);
    assert.equal (first.waiting.content, 'unaddressed');
    assert.equal (first.waiting.sender_address, address);
    assert.equal (first.waiting.reason, 'unaddressed');
    assert.equal (first.waiting.metadata.note, 'n');
    assert.equal (first.waiting.metadata.source_endpoint_id, first.endpoint);
    assert.match (first.waiting.metadata.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  }],

  ['list/without-endpoint', async () => {
    const items = await second.client.listUndispatched ();
    assert.deepEqual (items.map ((item) => item.id), [first.waiting.id]);
  }],

  ['presence/count', async () => {
    const presence = await second.client.readUndispatchedPresence ({ endpointId: second.endpoint });
    assert.deepEqual (presence, { bound_continuation_count: 0 });
  }],

  ['receive/assignment', async () => {
    await dispatch (second.client, first.waiting.id, second.endpoint);
    const message = await taken (second.client, (item) => item.content === 'unaddressed');
    const assignment = message.runtimeAssignment;
    assert.equal (message.from, address);
    assert.equal (message.contentType, 'text');
    assert.equal (message.metadata.dispatched_from, first.waiting.id);
    assert.equal (message.metadata.delivery_intent, 'external_handoff');
    assert.equal (message.sourceMessageId, first.waiting.source_message_id);
    assert.equal (assignment.undispatchedId, first.waiting.id);
    assert.equal (assignment.deliveryIntent, 'external_handoff');
    assert.deepEqual (assignment.targetRef, {
      kind: 'projection_endpoint', projection_endpoint_id: second.endpoint, runtime_session_id: 'session-1',
      background_exchange_mode: 'adapter_managed_turn',
    });
    assert.equal (assignment.replyCorrelationId, message.metadata.correlation_id);
    second.assignment = assignment;
  }],

  ['reply/before-acceptance-refused', async () => {
    await assert.rejects (reply (second.assignment, 'early', 'too early'), /runtime_assignment_not_accepted/);
  }],

  ['processing-state/accepted-and-started', async () => {
    await report (second.assignment, 'adapter_accepted', 2);
    await report (second.assignment, 'processing_started', 3, { detail: 'at work' });
  }],

  ['processing-state/of-the-broker-refused', async () => {
    await assert.rejects (report (second.assignment, 'reply_emitted', 4), /reply_emitted_broker_owned/);
  }],

  ['processing-state/unknown-assignment-refused', async () => {
    await assert.rejects (report ({ sourceMessageId: 'none', assignmentId: 'none' }, 'adapter_accepted', 2),
                          /409.*runtime_assignment_unknown/s);
  }],

  ['processing-state/another-clients-endpoint-refused', async () => {
    await assert.rejects (first.client.reportRuntimeProcessingState ({
      endpointId: second.endpoint, sourceMessageId: second.assignment.sourceMessageId, assignmentId: second.assignment.assignmentId,
      stateEventId: 'x', stateSequence: 9, state: 'processing_started',
    }), /endpoint_owner_token missing/);
  }],

  ['reply/reaches-the-sender', async () => {
    second.replied = await reply (second.assignment, 'r1', 'the answer');
    assert.match (second.replied.messageId, /^[0-9a-f-]{36}$/);
    const message = await taken (first.client, (item) => item.content === 'the answer');
    assert.equal (message.from, address);
    assert.equal (message.metadata.correlation_id, second.assignment.replyCorrelationId);
    assert.equal (message.metadata.source_endpoint_id, second.endpoint);
    assert.equal (message.runtimeAssignment, undefined);
  }],

  ['reply/repeated-sends-nothing-again', async () => {
    const again = await reply (second.assignment, 'r1', 'the answer');
    assert.deepEqual (again, second.replied);
    const marker = await assign ('a later message');
    await report (marker.assignment, 'adapter_accepted', 2);
    await reply (marker.assignment, 'r1', 'a later answer');
    await taken (first.client, (item) => item.content === 'a later answer');
    assert.equal (first.client.inbox.filter ((item) => item.content === 'the answer').length, 1);
  }],

  ['reply/other-content-is-a-conflict', async () => {
    await assert.rejects (reply (second.assignment, 'r1', 'another answer'), /runtime_assignment_reply_idempotency_conflict/);
  }],

  ['reply/stale-handle-has-its-error', async () => {
    await assert.rejects (reply (second.assignment, 'r2', 'a second answer'), (error) => {
      assert.ok (error instanceof RuntimeAssignmentReplyHandleStaleError, String (error));
      assert.equal (error.code, 'reply_handle_stale');
      assert.equal (error.brokerCode, 'runtime_assignment_unknown');
      return true;
    });
  }],

  ['processing-state/failed-retryable-returns-to-the-inbox', async () => {
    const { assignment, row } = await assign ('try again');
    await report (assignment, 'processing_failed', 2, { retryable: true, reasonCode: 'busy' });
    await eventually ('the message in the inbox again', async () =>
      (await second.client.listUndispatched ({ endpointId: second.endpoint })).some ((item) => item.id === row.id));
  }],

  ['send/reply-aware-correlation', async () => {
    // Who answers a message by its correlation id stays in the conversation.
    const answer = first.client.inbox.find ((item) => item.content === 'the answer');
    await first.client.send (first.endpoint, address, 'thanks', 'text', { in_reply_to: answer.metadata.correlation_id });
    const row = await eventually ('the answer to the answer', async () => {
      const pushed = second.client.inbox.find ((item) => item.content === 'thanks');
      return pushed ?? (await second.client.listUndispatched ({ endpointId: second.endpoint })).find ((item) => item.content === 'thanks');
    });
    assert.equal (row.metadata.correlation_id, answer.metadata.correlation_id);
  }],

  ['send/correlation-id-refused', async () => {
    await assert.rejects (first.client.send (first.endpoint, address, 'x', 'text', { correlation_id: 'mine' }),
                          /400.*correlation_id_forbidden/s);
  }],

  ['send/another-source-refused', async () => {
    await assert.rejects (first.client.send (first.endpoint, address, 'x', 'text', { source_endpoint_id: second.endpoint }),
                          /403.*source_endpoint_id_mismatch/s);
  }],

  ['send/as-another-endpoint-refused', async () => {
    oursOnly ('IMP-13: the npm daemon lets anybody send as anybody');
    await assert.rejects (first.client.send (second.endpoint, address, 'x'), /403.*endpoint_pid_mismatch/s);
  }],

  ['send/unknown-endpoint-refused', async () => {
    await assert.rejects (first.client.send ('nobody', address, 'x'), /404.*unknown_endpoint/s);
  }],

  ['send/unknown-recipient-refused', async () => {
    oursOnly ('the npm daemon has no code for what the network refuses (IMP-25)');
    await assert.rejects (first.client.send (first.endpoint, 'nobody@local', 'x'), /502.*connector_rejected.*unknown_recipient/s);
  }],

  ['send/no-room-at-the-recipient-has-its-error', async () => {
    oursOnly ('needs a network that can be full');
    const full = await machine.account ('full', '--set', 'local.mailbox-limit=1');
    await first.client.send (first.endpoint, full.address, 'the one that fits');
    await assert.rejects (first.client.send (first.endpoint, full.address, 'one too many'), (error) => {
      assert.ok (error instanceof ConnectorUnavailableError, String (error));
      assert.equal (error.code, 'connector_unavailable');
      assert.equal (error.retryable, true);
      return true;
    });
  }],

  ['unsupported/has-an-honest-error', async () => {
    // What the network of one machine does not offer says so; it neither hangs nor pretends.
    oursOnly ('the npm daemon has an upstream that offers it');
    const scope = { plugin_pid: second.client.pid, endpoint_id: second.endpoint };
    await assert.rejects (second.client.claimRuntimeAssignment ({ endpointId: second.endpoint, undispatchedId: 'x' }),
                          /503.*runtime_self_claim_unsupported/s);
    await assert.rejects (second.client.readRuntimeConversationHistory ({
      endpointId: second.endpoint, conversationRef: { kind: 'session_conversation', id: 'x' } }),
                          /503.*runtime_conversation_history_unsupported/s);
    await assert.rejects (second.client.selfSettleUndispatched ({ ...scope, undispatched_id: 'x' }),
                          /503.*runtime_self_settle_unsupported/s);
    await assert.rejects (second.client.awaitStagedDelivery ({ ...scope, timeout_ms: 10 }), /503.*_unsupported/s);
  }],

  ['send/unicode-and-large-come-back-as-they-were', async () => {
    const content = `\u{1F600} "quotes" \\ \u0001 ${'x'.repeat (256 * 1024)}`;
    const { message } = await assign (content);
    assert.equal (message.content, content);
    await report (message.runtimeAssignment, 'adapter_accepted', 2);
  }],

  ['kill/clients-come-back-to-a-new-daemon', async () => {
    const before = machine.discovery (ACCOUNT, token);
    first.client.states.length = 0;
    second.client.states.length = 0;
    let disconnected = 0;
    first.client.once ('disconnected', () => disconnected++);
    await machine.kill (before.pid, 'SIGKILL');
    await eventually ('both clients connected again', () =>
      [first, second].every (({ client }) => client.states.includes ('reconnecting') && client.connectionState.phase === 'connected'));
    const after = await machine.healthy (ACCOUNT, token, before.pid);
    assert.equal (disconnected, 1);
    assert.notEqual (after.pid, before.pid);
    assert.notEqual (after.bearerToken, before.bearerToken);
    assert.equal (fs.realpathSync (`/proc/${after.pid}/exe`), fs.realpathSync (machine.program));
  }],

  ['kill/inbox-is-as-it-was', async () => {
    oursOnly ('IMP-30, IMP-34: the npm daemon keeps it in memory');
    const contents = (await second.client.listUndispatched ()).map ((item) => item.content);
    assert.ok (contents.includes ('try again'), JSON.stringify (contents));
  }],

  ['kill/reply-record-is-as-it-was', async () => {
    oursOnly ('IMP-30, IMP-34: the npm daemon keeps it in memory');
    // Same reply id, other daemon: the answer that was given, and nothing sent a second time.
    const again = await reply (second.assignment, 'r1', 'the answer').catch ((error) => error);
    if (again instanceof Error)
      assert.match (String (again), /target_mismatch|reply_handle_stale|stale/);
    else
      assert.deepEqual (again, second.replied);
    assert.equal (first.client.inbox.filter ((item) => item.content === 'the answer').length, 1);
  }],

  ['kill/old-endpoint-id-still-works-in-the-sdk', async () => {
    const { message } = await assignTo ('after the kill');
    await report (message.runtimeAssignment, 'adapter_accepted', 2);
    await reply (message.runtimeAssignment, 'r1', 'answer after the kill');
    await taken (first.client, (item) => item.content === 'answer after the kill');
  }],

  ['close/unregister-ends-the-endpoint', async () => {
    const { endpoint_id: endpoint } = await first.client.registerEndpoint ({ agentId: 'short-lived', kind: 'custom' });
    await first.client.unregisterEndpoint (endpoint);
    await assert.rejects (first.client.send (endpoint, address, 'x'), /404.*unknown_endpoint/s);
  }],

  ['close/the-daemon-stays', async () => {
    await first.client.close ();
    await second.client.close (second.endpoint);
    const record = await machine.healthy (ACCOUNT, token);
    await machine.kill (record.pid);
    assert.equal (machine.discovery (ACCOUNT, token), null, 'the discovery file goes with its owner');
  }],

  ['sanitizers/nothing-found', async () => {
    assert.deepEqual (machine.reports (), []);
  }],
];

// After a reconnect the worker's endpoint has a new id, which the SDK knows and we find in the listing of assignments.
async function assignTo (content) {
  await first.client.send (first.endpoint, address, content);
  const row = await eventually ('the message in the inbox', async () =>
    (await second.client.listUndispatched ()).find ((item) => item.content === content));
  const endpoint = second.client.endpointAliases.get (second.endpoint) ?? second.endpoint;
  await dispatch (second.client, row.id, endpoint);
  return { message: await taken (second.client, (item) => item.content === content && item.runtimeAssignment) };
}

let passed = false;
try {
  passed = await run ('/interop/sdk/', cases);
} finally {
  for (const { client } of [first, second])
    await client?.close ().catch (() => {});
  await machine.close ();
  for (const child of bystanders)
    child.kill ();
}
process.exit (passed ? 0 : 1);
