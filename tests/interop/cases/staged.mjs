// staged.mjs: messages that are claimed for an endpoint in advance, and held until it comes for them (protocol.md 12.5)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { Adapter, refused } from '../adapter.mjs';

export const prepare = (upstream) => upstream.announce ({ staged_assignment: true, staged_delivery: true });

export default (machine) => {
  const { upstream } = machine;
  let worker, item;

  async function statesOf (assignmentId, probe = () => true) {
    const posted = await upstream.posted ('/v1/runtime/processing-state', (items) =>
      probe (items.filter ((state) => state.assignment_id === assignmentId)));
    return posted.filter ((state) => state.assignment_id === assignmentId).map ((state) => `${state.state_sequence} ${state.state}`);
  }

  // The daemon asks for what waits as soon as something arrives, which may be before the network knows of it; a nudge tells it.
  async function arrives (content, metadata = {}) {
    const messageId = await upstream.deliver (content, metadata);
    await upstream.parked (messageId);
    await nudge (messageId);
    return messageId;
  }

  async function nudge (undispatched_id) {
    const key = await upstream.control ({ type: 'dispatch_nudge', undispatched_id, target_endpoint_id: worker.endpoint });
    assert.equal (await upstream.acked (key), 'applied');
  }

  return [
    ['poll-without-time-is-empty', async () => {
      worker = await Adapter.attached (machine, 'worker');
      await upstream.requested ('GET /v1/runtime/capabilities');
      assert.deepEqual (await worker.staged (0), { items: [] });
    }],

    ['poll-ends-empty-after-its-time', async () => {
      const start = Date.now ();
      assert.deepEqual (await worker.staged (250), { items: [] });
      assert.ok (Date.now () - start >= 240);
    }],

    ['poll-ends-with-what-arrives', async () => {
      const poll = worker.staged (15000);
      const messageId = await arrives ('staged', { correlation_id: 'c-1' });
      const { items } = await poll;
      [item] = items;
      assert.match (item.staged_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual (items, [{
        endpoint_id: worker.endpoint, undispatched_id: messageId, source_message_id: messageId, assignment_id: item.assignment_id,
        staged_at: item.staged_at, message: { from: 'bob', content: 'staged', contentType: 'text', sourceMessageId: messageId } }]);
      const claim = (await upstream.posted ('/v1/runtime/self-claim')).at (-1);
      assert.deepEqual ([claim.undispatched_id, claim.target_endpoint_id, claim.assignment_mode, claim.recover_existing],
                        [messageId, worker.endpoint, 'staged', undefined]);
      assert.deepEqual (await statesOf (item.assignment_id), ['2 delivery_attempted']);
    }],

    ['presence-count-includes-it', async () => {
      assert.deepEqual (await worker.presenceCount (), { bound_continuation_count: 1 });
    }],

    ['every-poll-returns-it-and-counts', async () => {
      assert.deepEqual ((await worker.staged (1000)).items, [item]);
      assert.deepEqual (await statesOf (item.assignment_id), ['2 delivery_attempted', '3 delivery_attempted']);
    }],

    ['a-poll-may-leave-the-count-alone', async () => {
      assert.deepEqual ((await worker.staged (1000, { mark_attempt: false })).items, [item]);
      assert.equal ((await statesOf (item.assignment_id)).length, 2);
    }],

    ['acceptance-takes-it-out', async () => {
      const handle = { sourceMessageId: item.source_message_id, assignmentId: item.assignment_id };
      // Its sequence is too low for what was reported meanwhile, and raised.
      await worker.report (handle, 'adapter_accepted', 2);
      assert.equal ((await statesOf (item.assignment_id)).at (-1), '4 adapter_accepted');
      assert.deepEqual (await worker.staged (30), { items: [] });
      assert.equal ((await worker.reply (handle, 'r1', 'answer to the staged')).status, 'delivered');
      assert.equal ((await upstream.sent ('answer to the staged')).metadata.correlation_id, 'c-1');
    }],

    ['failure-takes-it-out', async () => {
      const messageId = await arrives ('unwanted');
      const [unwanted] = (await worker.staged (15000)).items;
      assert.equal (unwanted.source_message_id, messageId);
      await worker.report ({ sourceMessageId: messageId, assignmentId: unwanted.assignment_id }, 'processing_failed', 3);
      assert.deepEqual (await worker.staged (30), { items: [] });
    }],

    ['a-nudge-looks-at-once', async () => {
      await upstream.addRow ('u-nudged', 'nudged');
      const poll = worker.staged (15000);
      await nudge ('u-nudged');
      const [nudged] = (await poll).items;
      assert.equal (nudged.message.content, 'nudged');
      await worker.report ({ sourceMessageId: nudged.source_message_id, assignmentId: nudged.assignment_id }, 'processing_failed', 3);
    }],

    ['settling-drops-what-is-staged', machine.difference ('IMP-40: the npm daemon goes on offering it', async () => {
      const messageId = await arrives ('settled');
      await worker.staged (15000);
      await worker.settle (messageId);
      assert.deepEqual (await worker.staged (30), { items: [] });
    })],

    ['accepted-work-is-not-staged-again', machine.difference ('12.2: the npm daemon offers work that was accepted with every look', async () => {
      await upstream.addRow ('u-accepted', 'accepted');
      await nudge ('u-accepted');
      const accepted = (await worker.staged (15000)).items.find ((candidate) => candidate.message.content === 'accepted');
      await worker.report ({ sourceMessageId: accepted.source_message_id, assignmentId: accepted.assignment_id }, 'adapter_accepted', 3);
      const looks = (await upstream.requests ('POST /v1/runtime/claim-candidates')).length;
      await nudge ('u-accepted');
      await upstream.posted ('/v1/runtime/claim-candidates', (items) => items.length > looks);
      const { items } = await worker.staged (200);
      assert.ok (!items.some ((candidate) => candidate.assignment_id === accepted.assignment_id));
    })],

    ['refusals', async () => {
      const outcome = async (body, pid = worker.pid) => {
        const answer = await machine.call ('POST', '/v1/runtime/staged-delivery', { pid, body });
        return `${answer.status} ${answer.body.error}`;
      };
      const body = { endpoint_id: worker.endpoint, plugin_pid: worker.pid, timeout_ms: 0 };
      assert.equal (await outcome (body, null), '400 plugin_pid_invalid');
      const stranger = machine.otherProcess ();
      assert.equal (await outcome (body, stranger), '403 plugin_pid_mismatch');
      assert.equal (await outcome ({ ...body, endpoint_id: 'nobody' }), '404 unknown_endpoint');
      assert.equal (await outcome ({ ...body, plugin_pid: stranger }, stranger), '403 endpoint_pid_mismatch');
    }],

    ['an-endpoint-that-ends-releases-its-poll', async () => {
      const brief = await Adapter.attached (machine, 'worker');
      const pid = brief.pid;
      const poll = machine.call ('POST', '/v1/runtime/staged-delivery', {
        pid, body: { endpoint_id: brief.endpoint, plugin_pid: pid, timeout_ms: 20000 } });
      await new Promise ((resolve) => setTimeout (resolve, 100));
      await brief.client.unregisterEndpoint (brief.endpoint);
      assert.deepEqual (await poll, { status: 200, body: { items: [] } });
      await brief.close ();
      await worker.close ();
    }],
  ];
};
