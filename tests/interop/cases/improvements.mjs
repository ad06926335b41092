// improvements.mjs: what an upstream or an adapter may notice of the npm daemon's weak points, and that we have mended them
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Adapter, refused } from '../adapter.mjs';
import { RawAdapter, modernHeaders } from '../raw-adapter.mjs';
import { eventually } from '../tap.mjs';

export default (machine) => {
  const { upstream } = machine;
  let front, worker;

  const stateRoute = (endpoint) => `/v1/runtime-endpoints/${endpoint}/state`;
  const reported = (endpoint, reason) => upstream.posted (stateRoute (endpoint), (items) => items.some ((item) => item.reason === reason));
  const inInbox = (id) => upstream.posted ('/v1/runtime/undispatched-changed', (items) =>
    items.some ((item) => item.action === 'add' && item.undispatched_id === id));

  async function waiting (content) {
    const messageId = await upstream.deliver (content);
    await inInbox (messageId);
    return messageId;
  }

  // An endpoint without its adapter, and a message that waits for it there.
  async function buffered (content) {
    const adapter = await RawAdapter.open (machine, machine.otherProcess (), modernHeaders);
    await adapter.register ({ kind: 'custom', agent_id: 'away' });
    adapter.close ();
    await reported (adapter.endpoint, 'ipc_close');
    const messageId = await upstream.deliver (content, { target_endpoint_id: adapter.endpoint });
    await upstream.posted ('/v1/runtime/inbound-routed', (items) => items.some ((item) => item.source_message_id === messageId));
    return { adapter, messageId };
  }

  return [
    ['what-waits-in-the-network-at-the-start-is-taken', machine.differenceByChance ('IMP-4: the npm daemon loses what comes while it starts', async () => {
      const messageId = await upstream.deliver ('early bird');
      worker = await Adapter.attached (machine, 'worker');
      await inInbox (messageId);
    })],

    ['log-is-private', machine.difference ('IMP-10: the log of the npm daemon may be read by others', async () => {
      worker ??= await Adapter.attached (machine, 'worker');
      const folder = path.join (machine.data, 'runtime-broker', 'log');
      for (const name of fs.existsSync (folder) ? fs.readdirSync (folder) : [])
        assert.equal (fs.statSync (path.join (folder, name)).mode & 0o077, 0, name);
    })],

    ['message-without-the-optional-fields', machine.difference ('IMP-42: the npm daemon shows them as missing', async () => {
      front = await Adapter.attached (machine, 'foreground');
      await front.send ('bob', 'tell me little');
      const raw = await RawAdapter.open (machine, machine.otherProcess (), modernHeaders);
      await raw.register ({ kind: 'custom', agent_id: 'raw' });
      const messageId = 'bare-1';
      await upstream.say ({ event: 'MESSAGE_RECEIVED', messageId, from: 'bob', content: 'bare' });
      await inInbox (messageId);
      const item = await worker.listed ((candidate) => candidate.id === messageId);
      assert.equal (item.content_type, 'text');
      const key = await upstream.dispatch (messageId, worker.endpoint);
      assert.equal (await upstream.acked (key), 'applied');
      assert.equal ((await worker.taken ((message) => message.content === 'bare')).contentType, 'text');
      raw.close ();
    })],

    ['control-ack-is-repeated', machine.difference ('IMP-51: the npm daemon acknowledges once', async () => {
      await upstream.script ('/v1/runtime/control-ack', 503, {});
      const key = await upstream.control ({ type: 'force_unregister', endpoint_id: 'nobody', reason: 'owner' });
      await upstream.posted ('/v1/runtime/control-ack', (items) => items.filter ((item) => item.idempotency_key === key).length === 2);
    })],

    ['one-slow-event-does-not-hold-up-another', machine.difference ('IMP-66: the npm daemon handles one after the other', async () => {
      const id = await waiting ('slow to place');
      await upstream.delay ('/v1/runtime/processing-state', 1500);
      const slow = await upstream.dispatch (id, worker.endpoint);
      const quick = await upstream.control ({ type: 'force_unregister', endpoint_id: 'nobody', reason: 'owner' });
      await upstream.acked (quick);
      assert.ok (!(await upstream.posted ('/v1/runtime/control-ack')).some ((item) => item.idempotency_key === slow));
      await upstream.acked (slow);
    })],

    ['closed-session-is-recognised', machine.difference ('IMP-29: the npm daemon does not look', async () => {
      const gone = await Adapter.attached (machine, 'foreground');
      await gone.client.close (gone.endpoint);
      await upstream.requested (`DELETE /v1/runtime-endpoints/${gone.endpoint}`);
      const messageId = await upstream.deliver ('for one who left', { target_endpoint_id: gone.endpoint });
      await inInbox (messageId);
      const event = (await upstream.posted ('/v1/runtime/undispatched-changed')).find ((item) => item.undispatched_id === messageId);
      assert.deepEqual ([event.reason, event.target_endpoint_id_hint], ['closed_session_continuation', gone.endpoint]);
    })],

    ['claim-that-fails-leaves-the-message', machine.difference ('IMP-35: the npm daemon has forgotten it then', async () => {
      const id = await waiting ('stays here');
      await upstream.script ('/v1/runtime/processing-state', 409, { error: 'conflict' });
      await refused (worker.claim (id), 409, 'runtime_self_claim_assignment_projection_failed');
      const key = await upstream.dispatch (id, worker.endpoint);
      assert.equal (await upstream.acked (key), 'applied');
    })],

    ['one-lost-assignment-does-not-take-others-along', machine.difference ('IMP-32: the npm daemon takes back all that is not accepted', async () => {
      const silent = await RawAdapter.open (machine, machine.otherProcess (), modernHeaders);
      await silent.register ({ kind: 'custom', agent_id: 'w', runtime_session_id: 'sx', runtime_capabilities: ['background_exchange_v1'],
                               background_exchange_mode: 'adapter_managed_turn' });
      const first = await upstream.dispatch (await waiting ('kept'), silent.endpoint);
      assert.equal (await upstream.acked (first), 'applied');
      silent.acknowledges = false;
      const second = await upstream.dispatch (await waiting ('lost'), silent.endpoint);
      await eventually ('the failure of the second', async () => (await upstream.acked (second)).startsWith ('failed'));
      silent.close ();
      const lost = (await upstream.posted ('/v1/runtime/processing-state')).filter ((item) => item.state === 'target_lost_before_acceptance');
      assert.ok (lost.some ((item) => item.assignment_id === second));
      assert.ok (!lost.some ((item) => item.assignment_id === first));
    }, 4000)],

    ['buffered-message-survives-the-end-of-its-endpoint', machine.difference ('IMP-20: the npm daemon deletes it', async () => {
      const { adapter, messageId } = await buffered ('do not drop me');
      await adapter.call ('DELETE', `/v1/endpoint/${adapter.endpoint}`);
      await inInbox (messageId);
    })],

    ['buffered-message-reaches-the-successor', machine.difference ('IMP-20: with the npm daemon it waits for one that never comes back', async () => {
      const args = { kind: 'custom', agent_id: 'heir', runtime_session_id: 'heir-1' };
      const before = await RawAdapter.open (machine, machine.otherProcess (), modernHeaders);
      await before.register (args);
      before.close ();
      await reported (before.endpoint, 'ipc_close');
      await upstream.deliver ('to be inherited', { target_endpoint_id: before.endpoint });
      await upstream.posted ('/v1/runtime/inbound-routed', (items) => items.some ((item) => item.routed_to_endpoint_id === before.endpoint));
      const heir = await RawAdapter.open (machine, before.pid, modernHeaders);
      await heir.register (args);
      await heir.taken ((frame) => frame.content === 'to be inherited');
      heir.close ();
      // It may be the endpoint of before, whose first close was reported above.
      const closes = heir.endpoint === before.endpoint ? 2 : 1;
      await upstream.posted (stateRoute (heir.endpoint), (items) => items.filter ((item) => item.reason === 'ipc_close').length >= closes);
    })],

    ['transition-is-reported-in-the-end', machine.difference ('IMP-24: the npm daemon forgets it after two attempts', async () => {
      for (let i = 0; i < 2; i++)
        await upstream.script ('/v1/runtime-endpoints/*/state', 503, {});
      const late = await Adapter.attached (machine, 'foreground');
      await upstream.posted (stateRoute (late.endpoint), (items) => items.length >= 2);
      // What is left over goes out with the next connection.
      await upstream.dropGateway ();
      await upstream.posted (stateRoute (late.endpoint), (items) => items.length >= 3);
      await late.client.close (late.endpoint);
    }, 3000)],

    ['refused-message-is-asked-for-again', machine.difference ('IMP-26: the npm daemon waits for the network to think of it', async () => {
      await upstream.forgetGaps ();
      await upstream.script ('/v1/runtime/inbound-route-claim', 500, {});
      await upstream.deliver ('ask for me', { target_endpoint_id: front.endpoint });
      await front.taken ((message) => message.content === 'ask for me');
    })],
    ['same-message-under-another-number', machine.difference ('IMP-44: the npm daemon waits for it ever after', async () => {
      await upstream.forgetGaps ();
      const messageId = await upstream.deliver ('numbered twice', { target_endpoint_id: front.endpoint });
      await front.taken ((message) => message.content === 'numbered twice');
      await upstream.deliverAgain (messageId);
      await upstream.acknowledged (messageId);
    })],

    ['routed-event-refused-for-good-does-not-block', machine.difference ('IMP-28: the npm daemon refuses a message that was delivered', async () => {
      await upstream.forgetGaps ();
      await upstream.script ('/v1/runtime/inbound-routed', 422, { error: 'bad_event' });
      const messageId = await upstream.deliver ('badly reported', { target_endpoint_id: front.endpoint });
      await front.taken ((message) => message.content === 'badly reported');
      await upstream.acknowledged (messageId);
    })],

  ];
};
