// old-network.mjs: an upstream of the 0.2.5 age, which knows neither capabilities nor claims nor tokens (protocol.md 20.1, 20.2)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { Adapter } from '../adapter.mjs';
import { RawAdapter } from '../raw-adapter.mjs';

export const prepare = (upstream) => upstream.becomeOld ();

export default (machine) => {
  const { upstream } = machine;
  let worker, front, id;

  return [
    ['send-and-inbox-work', async () => {
      worker = await Adapter.attached (machine, 'worker');
      front = await Adapter.attached (machine, 'foreground');
      assert.equal ((await front.send ('bob', 'hello')).status, 'delivered');
      id = await upstream.deliver ('for nobody');
      await upstream.parked (id);
    }],

    ['direct-messages-need-no-claim', machine.difference ('20.2 row 10: the npm daemon refuses every direct message', async () => {
      await upstream.deliver ('directly', { target_endpoint_id: front.endpoint });
      await front.taken ((message) => message.content === 'directly');
    })],

    ['the-list-is-that-of-the-daemon', machine.difference ('20.2 row 13: the npm daemon answers with the error of the network', async () => {
      const [item] = await worker.list ();
      assert.deepEqual ([item.id, item.content, item.reason], [id, 'for nobody', 'unaddressed']);
    })],

    ['an-old-adapter-lists-without-naming-itself', machine.difference ('20.2 row 13: the npm daemon wants the header of a later age', async () => {
      await worker.client.close (worker.endpoint);
      await front.client.close (front.endpoint);
      const old = await RawAdapter.open (machine, machine.otherProcess ());
      await old.register ({ agent_id: 'old', kind: 'custom' });
      const answer = await machine.call ('GET', '/v1/undispatched');
      old.close ();
      assert.equal (answer.status, 200);
      assert.ok (answer.body.items.some ((item) => item.id === id));
    })],

    ['a-dispatch-needs-no-token', machine.difference ('20.2 row 1: the npm daemon refuses it', async () => {
      worker = await Adapter.attached (machine, 'worker');
      const key = await upstream.dispatch (id, worker.endpoint);
      assert.equal (await upstream.acked (key), 'applied');
      const { runtimeAssignment } = await worker.taken ((item) => item.content === 'for nobody');
      await worker.report (runtimeAssignment, 'adapter_accepted', 2);
      assert.equal ((await worker.reply (runtimeAssignment, 'r1', 'answered of old')).status, 'delivered');
      const states = await upstream.posted ('/v1/runtime/processing-state', (items) => items.some ((item) => item.state === 'reply_emitted'));
      assert.ok (states.every ((item) => item.broker_projection_token === undefined));
    })],

    ['a-reply-may-be-sent-where-reporting-it-is-forbidden', machine.difference ('20.2 row 2: the npm daemon does not get that far', async () => {
      const messageId = await upstream.deliver ('not to be reported');
      await upstream.parked (messageId);
      await upstream.dispatch (messageId, worker.endpoint);
      const { runtimeAssignment } = await worker.taken ((item) => item.content === 'not to be reported');
      await worker.report (runtimeAssignment, 'adapter_accepted', 2);
      await upstream.script ('/v1/runtime/processing-state', 403, { error: 'no_authority' });
      assert.equal ((await worker.reply (runtimeAssignment, 'r1', 'sent anyway')).status, 'delivered');
    })],
  ];
};
