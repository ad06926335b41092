// connect.mjs: the handshake, the channel, and what becomes of both when something breaks
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Adapter, roles } from '../adapter.mjs';
import { RawAdapter } from '../raw-adapter.mjs';
import { eventually } from '../tap.mjs';

const trueCapabilities = ['endpoint_metadata_v1', 'remote_spawn_v1', 'runtime_assignment_reply_v1', 'runtime_assignment_claim_v1',
                          'runtime_claim_candidates_v1', 'undispatched_presence_v1', 'push_receipt_ack_v1', 'structured_workspace_v1'];

export default (machine) => {
  const { upstream } = machine;
  let first, second;

  function states (adapter) {
    return adapter.states.map ((state) => state.phase);
  }

  return [
    ['calls-before-connect-are-refused-by-the-sdk', async () => {
      first = await Adapter.discover (machine);
      first.endpoint = 'none';
      const handle = { sourceMessageId: 'none', assignmentId: 'none' };
      for (const call of [() => first.register (roles.foreground), () => first.settle ('x'), () => first.staged (1)])
        await assert.rejects (call, /connect must be called before/);
      for (const call of [() => first.report (handle, 'adapter_accepted', 2), () => first.reply (handle, 'r', 'x'), () => first.claim ('x'),
                          () => first.history ()])
        await assert.rejects (call, /connect must be called before|endpoint_owner_token missing/);
    }],

    ['handshake', async () => {
      const before = Date.now ();
      const answer = await first.connect (machine.otherProcess ());
      const { client } = first;
      assert.deepEqual (Object.keys (answer).sort (), ['network_presence', 'server_capabilities', 'server_protocol_version',
                                                        'server_version', 'session_id']);
      assert.equal (answer.server_protocol_version, '1.1');
      assert.equal (answer.network_presence, 'online');
      assert.match (client.sessionId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal (client.networkPresence, 'online');
      assert.equal (client.serverVersion, (await machine.call ('GET', '/health')).body.version);
      for (const name of trueCapabilities)
        assert.equal (client.serverCapabilities[name], true, name);
      assert.equal (client.serverCapabilities.undispatched_inbox_v1, false);
      const [{ phase, lastFailureReason, since }] = first.states;
      assert.deepEqual ([phase, lastFailureReason], ['connected', null]);
      assert.ok (since >= before && since <= Date.now ());
    }],

    ['connecting-twice-is-refused-by-the-sdk', async () => {
      await assert.rejects (first.connect (first.pid), /already connected/);
    }],

    ['handshake-of-another-major-version-is-refused', async () => {
      const answer = await machine.call ('POST', '/v1/initialize', { body: { client_protocol_version: '2.0', client_kind: 'custom' } });
      assert.deepEqual (answer, { status: 400, body: {
        error: 'protocol_version_mismatch', message: 'broker IPC protocol major 1 does not match client protocol major 2' } });
    }],

    ['handshake-without-a-kind-is-refused', async () => {
      const answer = await machine.call ('POST', '/v1/initialize', { body: { client_protocol_version: '1.1', client_kind: '' } });
      assert.deepEqual (answer, { status: 400, body: {
        error: 'bad_request', message: 'client_kind is required and must be a non-empty string' } });
    }],

    ['wrong-token-is-refused', async () => {
      const answer = await machine.call ('POST', '/v1/initialize', { headers: { authorization: 'Bearer wrong' }, body: {} });
      assert.deepEqual (answer, { status: 401, body: { error: 'unauthorized' } });
    }],

    ['unknown-route-is-refused', async () => {
      const answer = await machine.call ('POST', '/v1/nothing', { body: {} });
      assert.deepEqual (answer, { status: 404, body: { error: 'not_found', path: '/v1/nothing' } });
    }],

    ['known-route-by-another-method-is-refused', machine.difference ('IMP-63: the npm daemon answers 404 to a known path with another method', async () => {
      const answer = await machine.call ('GET', '/v1/send');
      assert.deepEqual (answer, { status: 405, body: { error: 'method_not_allowed', path: '/v1/send' } });
    })],

    ['unused-query-is-ignored', machine.difference ('IMP-64: the npm daemon knows no route with a query it does not use', async () => {
      const answer = await machine.call ('POST', '/v1/initialize?x=1', { body: { client_protocol_version: '1.1', client_kind: 'custom' } });
      assert.equal (answer.status, 200);
    })],

    ['malformed-body-is-the-callers-fault', machine.difference ('IMP-1: the npm daemon answers 500 to what is no JSON object', async () => {
      const record = machine.discovery ();
      const answer = await fetch (`${record.ipcUrl}/v1/send`, { method: 'POST', body: '{"endpoint_id":',
                                                                headers: { authorization: `Bearer ${record.bearerToken}` } });
      assert.equal (answer.status, 400);
      assert.equal ((await answer.json ()).error, 'bad_request');
    })],

    ['too-large-body-has-an-answer', machine.difference ('IMP-12: the npm daemon drops the connection', async () => {
      const answer = await machine.call ('POST', '/v1/send', { body: { content: 'x'.repeat (1 << 20) } });
      assert.deepEqual (answer, { status: 413, body: { error: 'body_too_large', message: 'request body too large' } });
    })],

    ['web-pages-are-refused', machine.difference ('IMP-11: the npm daemon lets web pages reach the port', async () => {
      const answer = await machine.call ('GET', '/health', { headers: { origin: 'https://example.com' } });
      assert.equal (answer.status, 403);
    })],

    ['channel-refusals', async () => {
      const record = machine.discovery ();
      const outcome = (target, headers) => RawAdapter.refusal (record, target, headers);
      const bearer = { authorization: `Bearer ${record.bearerToken}` };
      assert.equal (await outcome ('/v1/other', { ...bearer, 'x-plugin-pid': '1' }), 404);
      assert.equal (await outcome ('/v1/stream', { 'authorization': 'Bearer wrong', 'x-plugin-pid': '1' }), 401);
      assert.equal (await outcome ('/v1/stream', bearer), 400);
      assert.equal (await outcome ('/v1/stream', { ...bearer, 'x-plugin-pid': '0' }), 400);
    }],

    ['pings-are-answered', async () => {
      second = await Adapter.discover (machine);
      await second.connect (machine.otherProcess (), { heartbeatIntervalMs: 20, heartbeatTimeoutMs: 4000, heartbeatMissesBeforeDisconnect: 1 });
      // One unanswered ping of many would have ended the channel.
      await new Promise ((resolve) => setTimeout (resolve, 300));
      assert.deepEqual ([second.disconnects, states (second)], [0, ['connected']]);
      await second.close ();
    }],

    ['a-daemon-that-hangs-is-noticed', async () => {
      second = await Adapter.discover (machine);
      await second.connect (machine.otherProcess (), { heartbeatIntervalMs: 30, heartbeatTimeoutMs: 60, heartbeatMissesBeforeDisconnect: 2 });
      const { pid } = machine.discovery ();
      process.kill (pid, 'SIGSTOP');
      try {
        await eventually ('the loss of the channel', () => second.disconnects === 1);
        assert.equal (second.client.connectionState.phase, 'reconnecting');
      } finally {
        process.kill (pid, 'SIGCONT');
      }
      await second.phase ('connected');
      assert.equal (machine.discovery ().pid, pid);
      await second.close ();
    }],

    ['presence-follows-the-network', async () => {
      await upstream.dropGateway ();
      await eventually ('both changes of presence', () => first.presences.length >= 2);
      assert.deepEqual (first.presences, [['reconnecting', 'connector_disconnected'], ['online', 'connector_reconnected']]);
      assert.equal (first.client.networkPresence, 'online');
      const posted = await upstream.posted ('/v1/runtime/network-presence-changed', (items) => items.length >= 3);
      assert.deepEqual (posted.map ((body) => [body.state, body.reason]),
                        [['online', 'connector_connected'], ['reconnecting', 'connector_disconnected'], ['online', 'connector_reconnected']]);
    }],

    ['initialize-knows-the-presence', async () => {
      const other = await Adapter.discover (machine);
      assert.equal ((await other.connect (machine.otherProcess ())).network_presence, 'online');
      await other.close ();
    }],

    ['a-second-client-of-one-process-displaces-the-first', async () => {
      const rival = await Adapter.discover (machine);
      await first.register (roles.foreground);
      await rival.connect (first.pid);
      await eventually ('the loss of the channel', () => first.disconnects === 1);
      await rival.close ();
      await first.phase ('connected');
      assert.deepEqual (states (first).slice (-2), ['reconnecting', 'connected']);
      assert.equal ((await first.send ('bob', 'still here')).status, 'delivered');
    }],

    ['a-displaced-channel-is-told-so', async () => {
      const pid = machine.otherProcess ();
      const one = await RawAdapter.open (machine, pid);
      const two = await RawAdapter.open (machine, pid);
      assert.deepEqual (await one.closed, { code: 1000, reason: 'replaced' });
      two.close ();
    }],

    ['endpoints-move-to-the-new-channel-of-their-process', machine.difference ('IMP-14: with the npm daemon they stay bound to the dead channel', async () => {
      const pid = machine.otherProcess ();
      const one = await RawAdapter.open (machine, pid);
      const { endpoint_id } = await one.register ({ kind: 'custom', agent_id: 'mover' });
      const two = await RawAdapter.open (machine, pid);
      await one.closed;
      const messageId = await upstream.deliver ('to the new channel', { target_endpoint_id: endpoint_id });
      assert.equal ((await two.taken ((frame) => frame.content === 'to the new channel')).sourceMessageId, messageId);
      two.close ();
    })],

    ['a-closed-channel-leaves-its-endpoints-waiting', async () => {
      second = await Adapter.attached (machine, 'foreground');
      await upstream.posted (`/v1/runtime-endpoints/${second.endpoint}/state`);
      await second.close ();
      const posted = await upstream.posted (`/v1/runtime-endpoints/${second.endpoint}/state`, (items) => items.length >= 2);
      assert.deepEqual (posted.map ((body) => [body.state, body.reason]), [['active', 'register'], ['reconnecting', 'ipc_close']]);
    }],

    ['a-dead-process-loses-its-endpoints', async () => {
      const lost = await Adapter.attached (machine, 'foreground');
      await upstream.posted (`/v1/runtime-endpoints/${lost.endpoint}/state`);
      await machine.kill (lost.pid, 'SIGKILL');
      await lost.close ();
      const posted = await upstream.posted (`/v1/runtime-endpoints/${lost.endpoint}/state`, (items) => items.length >= 2);
      assert.deepEqual (posted.map ((body) => [body.state, body.reason]), [['active', 'register'], ['closed', 'plugin_exit']]);
      await upstream.requested (`DELETE /v1/runtime-endpoints/${lost.endpoint}`);
    }],

    ['a-daemon-that-is-gone-at-connect-is-an-error-and-then-started', async () => {
      const late = await Adapter.discover (machine);
      const before = machine.discovery ();
      await first.close ();
      await machine.kill (before.pid, 'SIGKILL');
      await assert.rejects (late.connect (machine.otherProcess ()));
      assert.equal (late.client.connectionState.phase, 'never_connected');
      assert.notEqual (late.client.connectionState.lastFailureReason, null);
      await late.phase ('connected');
      assert.notEqual (machine.noteDaemon ().pid, before.pid);
      await late.close ();
    }],

    ['an-error-that-nobody-listens-to-ends-nobody', async () => {
      const quiet = await Adapter.discover (machine);
      quiet.client.removeAllListeners ('error');
      await quiet.connect (machine.otherProcess ());
      await machine.kill (machine.discovery ().pid, 'SIGKILL');
      await eventually ('the loss of the channel', () => quiet.disconnects);
      await quiet.phase ('connected');
      machine.noteDaemon ();
      await quiet.close ();
    }],
  ];
};
