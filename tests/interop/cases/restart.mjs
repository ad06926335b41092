// restart.mjs: the daemon is killed in the middle of work, and its adapters start another
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Adapter } from '../adapter.mjs';
import { eventually } from '../tap.mjs';

export default (machine) => {
  const { upstream } = machine;
  let front, worker, before, id, work, replied;

  const current = (adapter) => adapter.client.endpointAliases.get (adapter.endpoint) ?? adapter.endpoint;

  function cursorOnDisk () {
    try {
      return JSON.parse (fs.readFileSync (path.join (machine.stateDir (), 'delivery-cursor.json'), 'utf8')).lastKnownSeq;
    } catch {
      return 0;
    }
  }

  async function accepted (content) {
    const messageId = await upstream.deliver (content);
    await upstream.parked (messageId);
    await upstream.dispatch (messageId, current (worker));
    const { runtimeAssignment } = await worker.taken ((item) => item.content === content && item.runtimeAssignment);
    await worker.report (runtimeAssignment, 'adapter_accepted', 2);
    return runtimeAssignment;
  }

  return [
    ['killed/clients-come-back-to-a-new-daemon', async () => {
      front = await Adapter.attached (machine, 'foreground', { runtimeSessionId: 'front-1' });
      worker = await Adapter.attached (machine, 'worker');
      id = await upstream.deliver ('waits through the kill');
      await upstream.parked (id);
      work = await accepted ('answered before the kill');
      replied = await worker.reply (work, 'r1', 'the answer before the kill');
      await upstream.posted ('/v1/runtime/processing-state', (items) => items.some ((item) => item.state === 'reply_emitted'));
      work = await accepted ('begun before the kill');
      before = machine.discovery ();
      await eventually ('the cursor on the disk', async () => cursorOnDisk () === await upstream.highestAck ());
      await machine.kill (before.pid, 'SIGKILL');
      for (const adapter of [front, worker])
        await eventually ('a new connection', () => adapter.disconnects === 1 && adapter.client.connectionState.phase === 'connected');
      const after = await machine.healthy (before.pid);
      assert.notEqual (after.pid, before.pid);
      assert.notEqual (after.bearerToken, before.bearerToken);
      assert.deepEqual (machine.daemons (), [after.pid]);
      for (const adapter of [front, worker])
        assert.deepEqual (adapter.states.map ((state) => state.phase), ['connected', 'reconnecting', 'connected']);
      assert.equal (front.states[1].lastFailureReason, 'stream_closed');
    }],

    ['killed/endpoints-are-the-same-ones', machine.difference ('7.2: the npm daemon registers new ones; the SDK has aliases of the old', async () => {
      for (const adapter of [front, worker])
        assert.equal (current (adapter), adapter.endpoint);
      assert.equal ((await upstream.requests ('POST /v1/runtime-endpoints')).length, 2);
    })],

    ['killed/the-new-link-continues-where-the-old-one-was', async () => {
      const registers = await upstream.frames ('REGISTER');
      assert.deepEqual (registers.map (({ body }) => body.lastKnownSeq), [0, await upstream.highestAck ()]);
    }],

    ['killed/old-endpoint-ids-go-on-working-in-the-sdk', async () => {
      assert.equal ((await front.send ('bob', 'sent after the kill')).status, 'delivered');
      assert.equal ((await upstream.sent ('sent after the kill')).metadata.source_endpoint_id, current (front));
      assert.ok (Array.isArray (await worker.list ()));
      const later = await accepted ('given after the kill');
      assert.equal ((await worker.reply (later, 'r1', 'answered after the kill')).status, 'delivered');
    }],

    ['killed/the-presence-count-goes-on', machine.difference ('IMP-58: the SDK does not follow its aliases here, and needs them', async () => {
      assert.deepEqual (await worker.presenceCount (), { bound_continuation_count: 0 });
    })],

    ['killed/what-waited-waits-as-it-was', machine.difference ('IMP-30: the npm daemon forgets the messages in its inbox', async () => {
      const item = (await worker.list ()).find ((candidate) => candidate.id === id);
      assert.equal (item.content, 'waits through the kill');
      assert.match (String (item.metadata.traceparent), /^00-/);
      const key = await upstream.dispatch (id, current (worker));
      assert.equal (await upstream.acked (key), 'applied');
    })],

    ['killed/work-that-was-begun-can-be-answered', machine.difference ('IMP-34, IMP-62: the npm daemon forgets its assignments', async () => {
      assert.equal ((await worker.reply (work, 'r1', 'answered in the end')).status, 'delivered');
    })],

    ['killed/an-answer-that-was-given-is-not-given-again', machine.difference ('IMP-34: the npm daemon forgets its answers', async () => {
      const { sourceMessageId } = (await upstream.posted ('/v1/runtime/processing-state')).filter ((state) => state.state === 'reply_emitted')
        .map ((state) => ({ sourceMessageId: state.source_message_id }))[0];
      const assignmentId = (await upstream.posted ('/v1/runtime/processing-state'))
        .find ((state) => state.source_message_id === sourceMessageId).assignment_id;
      assert.deepEqual (await worker.reply ({ sourceMessageId, assignmentId }, 'r1', 'the answer before the kill'), replied);
      assert.equal (await upstream.sentTimes ('the answer before the kill'), 1);
    })],

    ['killed/an-answer-from-the-network-finds-the-successor', machine.difference ('IMP-62: with the npm daemon it waits in the inbox', async () => {
      await front.send ('bob', 'asked of bob');
      const { correlation_id } = (await upstream.sent ('asked of bob')).metadata;
      const { pid } = machine.discovery ();
      await machine.kill (pid, 'SIGKILL');
      await eventually ('a new connection', () => front.disconnects === 2 && front.client.connectionState.phase === 'connected');
      await machine.healthy (pid);
      await upstream.deliver ('answer of bob', { correlation_id });
      await front.taken ((message) => message.content === 'answer of bob');
    }, 3000)],

    ['restarted/the-sdk-comes-back-to-the-same-process', async () => {
      machine.oursOnly ('the npm daemon cannot be restarted, only ended');
      const before = await machine.healthy ();
      process.kill (before.pid, 'SIGUSR1');
      await upstream.deliver ('sent during the restart', { target_endpoint_id: front.endpoint });
      await eventually ('a new connection', () => front.disconnects === 3 && front.client.connectionState.phase === 'connected');
      await front.taken ((message) => message.content === 'sent during the restart');
      const { pid, ipcUrl, bearerToken } = await machine.healthy ();
      assert.deepEqual ([pid, ipcUrl, bearerToken], [before.pid, before.ipcUrl, before.bearerToken]);
      assert.equal (current (front), front.endpoint);
      assert.equal ((await upstream.requests ('POST /v1/runtime-endpoints')).length, 2);
    }],

    ['stopped/takes-its-endpoints-and-its-record-along', async () => {
      const { pid } = await machine.healthy ();
      await front.close ();
      await worker.close ();
      await machine.kill (pid);
      assert.equal (machine.discovery (), null);
    }],

    ['stopped/with-a-channel-open', machine.difference ('IMP-15: the npm daemon waits 5 s for its adapters', async () => {
      const child = machine.start ();
      await machine.healthy ();
      const adapter = await Adapter.discover (machine);
      // Whoever comes back by himself would start another one.
      await adapter.connect (machine.otherProcess (), { reconnectBackoffInitialMs: 60000, reconnectBackoffMaxMs: 60000 });
      const start = Date.now ();
      child.kill ('SIGTERM');
      const status = await Promise.race ([child.exited, new Promise ((resolve) => setTimeout (resolve, 4000, 'still there'))]);
      await adapter.close ();
      if (status === 'still there')
        await machine.kill (child.pid, 'SIGKILL');
      assert.equal (status, 0);
      assert.ok (Date.now () - start < 4000);
    }, 5000)],

    ['killed/in-a-burst-of-acknowledgements', async () => {
      machine.start ();
      const { pid } = await machine.healthy ();
      for (let i = 0; i < 5; i++)
        await upstream.acknowledged (await upstream.deliver (`burst ${i}`));
      await machine.kill (pid, 'SIGKILL');
      machine.start ();
      const { pid: next } = await machine.healthy (pid);
      await upstream.acknowledged (await upstream.deliver ('after the burst'));
      await machine.kill (next, 'SIGKILL');
    }],
  ];
};
