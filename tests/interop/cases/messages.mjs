// messages.mjs: what an adapter sends, and what is pushed to it directly
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { ConnectorSendOutcomeUnknownError, ConnectorUnavailableError } from '@masons/runtime-broker';
import { Adapter, refused } from '../adapter.mjs';
import { RawAdapter } from '../raw-adapter.mjs';
import { eventually } from '../tap.mjs';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export default (machine) => {
  const { upstream } = machine;
  let front, other, replied;

  return [
    ['send/delivered', async () => {
      front = await Adapter.attached (machine, 'foreground');
      other = await Adapter.attached (machine, 'foreground');
      const answer = await front.send ('bob', 'hello', 'text/markdown', { note: { deep: [1, null, 'x'] } });
      assert.equal (answer.status, 'delivered');
      const { messageId, to, content, contentType, metadata } = await upstream.sent ('hello');
      assert.deepEqual ([answer.messageId, to, content, contentType], [messageId, 'bob', 'hello', 'text/markdown']);
      assert.match (messageId, uuid);
      assert.match (metadata.correlation_id, uuid);
      assert.match (metadata.traceparent, traceparent);
      assert.deepEqual ({ ...metadata, correlation_id: '', traceparent: '' }, {
        note: { deep: [1, null, 'x'] }, correlation_id: '', traceparent: '', source_endpoint_id: front.endpoint, require_live: false });
    }],

    ['send/stored', async () => {
      await upstream.onNextSend ({ how: 'stored' });
      assert.equal ((await front.send ('bob', 'for later')).status, 'stored');
      assert.equal ((await upstream.sent ('for later')).contentType, 'text');
    }],

    ['send/keeps-the-trace-it-is-given', async () => {
      const trace = `00-${'a'.repeat (32)}-${'b'.repeat (16)}-00`;
      await front.send ('bob', 'traced', 'text', { traceparent: trace });
      assert.equal ((await upstream.sent ('traced')).metadata.traceparent, trace);
    }],

    ['send/replaces-a-trace-that-is-none', async () => {
      await front.send ('bob', 'badly traced', 'text', { traceparent: '00-0-0-0' });
      assert.match ((await upstream.sent ('badly traced')).metadata.traceparent, traceparent);
    }],

    ['send/unicode-and-large-leave-as-they-are', async () => {
      const content = `\u{1F600} "quotes" \\ \u0001 ${'x'.repeat (256 * 1024)}`;
      await front.send ('bob', content);
      assert.equal ((await upstream.sent (content)).content, content);
    }],

    ...[['correlation-id', 'correlation_id', 'mine', 400, 'correlation_id_forbidden'],
        ['target-endpoint', 'target_endpoint_id', 'mine', 400, 'target_endpoint_id_forbidden'],
        ['another-source', 'source_endpoint_id', 'ep_other', 403, 'source_endpoint_id_mismatch']]
      .map (([name, key, value, status, code]) => [`send/${name}-refused`, async () => {
        await refused (front.send ('bob', 'x', 'text', { [key]: value }), status, code);
      }]),

    ['send/own-source-is-fine', async () => {
      await front.send ('bob', 'as myself', 'text', { source_endpoint_id: front.endpoint });
    }],

    ['send/unknown-endpoint-refused', async () => {
      await refused (front.client.send ('nobody', 'bob', 'x'), 404, 'unknown_endpoint');
    }],

    ['send/reconnecting-endpoint-refused', async () => {
      const gone = await Adapter.attached (machine, 'foreground');
      await gone.close ();
      await upstream.posted (`/v1/runtime-endpoints/${gone.endpoint}/state`, (items) => items.length >= 2);
      const answer = await machine.call ('POST', '/v1/send', { pid: gone.pid, body: { endpoint_id: gone.endpoint, to: 'bob', content: 'x' } });
      assert.deepEqual ([answer.status, answer.body.error], [409, 'endpoint_not_active']);
    }],

    ['send/as-another-process-refused', machine.difference ('IMP-13: the npm daemon lets anybody send as anybody', async () => {
      await refused (other.client.send (front.endpoint, 'bob', 'x'), 403, 'endpoint_pid_mismatch');
    })],

    ['send/without-a-recipient-refused', machine.difference ('IMP-68: the npm daemon sends it on', async () => {
      await refused (front.send (undefined, 'x'), 400, 'bad_request');
    })],

    ['send/refused-by-the-network', async () => {
      await upstream.onNextSend ({ how: 'error', code: 'TARGET_NOT_FOUND', message: 'no such agent' });
      await assert.rejects (front.send ('nobody', 'x'), /no such agent/);
    }],

    ['send/refused-by-the-network-with-its-code', machine.difference ('IMP-25: the npm daemon answers 500 internal_error', async () => {
      await upstream.onNextSend ({ how: 'error', code: 'TARGET_NOT_FOUND', message: 'no such agent' });
      await refused (front.send ('nobody', 'x'), 502, 'connector_rejected');
    })],

    ['send/lost-with-its-connection-has-its-error', async () => {
      await upstream.onNextSend ({ how: 'drop' });
      await assert.rejects (front.send ('bob', 'who knows'), (error) => {
        assert.ok (error instanceof ConnectorSendOutcomeUnknownError, String (error));
        assert.deepEqual ([error.name, error.code, error.retryable, error.message],
                          ['ConnectorSendOutcomeUnknownError', 'connector_send_outcome_unknown', false, 'Connection closed before SEND_ACK']);
        return true;
      });
    }],

    ['send/without-a-connection-has-its-error', async () => {
      await assert.rejects (front.send ('bob', 'too early'), (error) => {
        assert.ok (error instanceof ConnectorUnavailableError, String (error));
        assert.deepEqual ([error.name, error.code, error.retryable, error.message],
                          ['ConnectorUnavailableError', 'connector_unavailable', true, 'WebSocket not connected']);
        return true;
      });
      await eventually ('the network again', () => front.client.networkPresence === 'online');
      assert.equal ((await front.send ('bob', 'back again')).status, 'delivered');
    }],

    ['receive/reply-to-what-was-sent', async () => {
      await front.send ('bob', 'a question');
      const { metadata } = await upstream.sent ('a question');
      const messageId = await upstream.deliver ('an answer', {
        correlation_id: metadata.correlation_id, message_id: 'rm-1', extra: { deep: [true] } });
      replied = await front.taken ((message) => message.content === 'an answer');
      assert.match (replied.metadata.traceparent, traceparent);
      assert.deepEqual ({ ...replied, metadata: { ...replied.metadata, traceparent: '' } }, {
        from: 'bob', content: 'an answer', contentType: 'text', sourceMessageId: messageId,
        metadata: { correlation_id: metadata.correlation_id, message_id: 'rm-1', extra: { deep: [true] }, traceparent: '' } });
      const [claim] = await upstream.posted ('/v1/runtime/inbound-route-claim');
      assert.deepEqual ([claim.source_message_id, claim.routed_to_endpoint_id, claim.route_kind],
                        [messageId, front.endpoint, 'active_endpoint']);
      const [routed] = await upstream.posted ('/v1/runtime/inbound-routed');
      assert.deepEqual ([routed.source_message_id, routed.routed_to_endpoint_id, routed.route_kind],
                        [messageId, front.endpoint, 'active_endpoint']);
      await upstream.acknowledged (messageId);
    }],

    ['receive/content-of-another-type', async () => {
      await upstream.say ({ event: 'MESSAGE_RECEIVED', messageId: 'typed', from: 'bob', content: '# title', contentType: 'text/markdown',
                            metadata: { target_endpoint_id: front.endpoint } });
      assert.equal ((await front.taken ((message) => message.content === '# title')).contentType, 'text/markdown');
    }],

    ['send/answer-stays-in-the-conversation', async () => {
      const { correlation_id } = replied.metadata;
      await front.send ('bob', 'thanks', 'text', { in_reply_to: correlation_id });
      const { metadata } = await upstream.sent ('thanks');
      assert.deepEqual ([metadata.correlation_id, metadata.in_reply_to], [correlation_id, correlation_id]);
    }],

    ['send/answer-to-what-another-endpoint-got-is-a-new-conversation', async () => {
      const { correlation_id } = replied.metadata;
      await other.send ('bob', 'me too', 'text', { in_reply_to: correlation_id });
      const { metadata } = await upstream.sent ('me too');
      assert.notEqual (metadata.correlation_id, correlation_id);
      assert.equal (metadata.in_reply_to, correlation_id);
    }],

    ['receive/addressed-to-an-endpoint', async () => {
      await upstream.deliver ('to the other', { target_endpoint_id: other.endpoint });
      await other.taken ((message) => message.content === 'to the other');
      assert.ok (!front.inbox.some ((message) => message.content === 'to the other'));
    }],

    ['receive/the-frame-names-its-endpoint', machine.difference ('IMP-16: the frames of the npm daemon name no endpoint', async () => {
      const raw = await RawAdapter.open (machine, machine.otherProcess ());
      await raw.register ({ kind: 'custom', agent_id: 'a' });
      await upstream.deliver ('named', { target_endpoint_id: raw.endpoint });
      assert.equal ((await raw.taken ((frame) => frame.content === 'named')).endpoint_id, raw.endpoint);
      raw.close ();
    })],

    ['receive/for-nobody-waits-in-the-inbox', async () => {
      const messageId = await upstream.deliver ('x'.repeat (100), { correlation_id: 'unheard-of' });
      const posted = await upstream.posted ('/v1/runtime/undispatched-changed');
      const event = posted.find ((item) => item.source_message_id === messageId);
      assert.deepEqual ([event.action, event.undispatched_id, event.sender_address, event.reason, event.in_reply_to, event.content_preview],
                        ['add', messageId, 'bob', 'no_target_endpoint', 'unheard-of', 'x'.repeat (80)]);
      await upstream.acknowledged (messageId);
    }],

    ['receive/order-of-a-conversation-is-kept', machine.difference ('IMP-17: the npm daemon pushes whatever is ready first', async () => {
      await other.send ('bob', 'tell me all');
      const { correlation_id } = (await upstream.sent ('tell me all')).metadata;
      await upstream.delay ('/v1/runtime/inbound-route-claim', 400);
      const contents = ['one', 'two', 'three'];
      for (const content of contents)
        await upstream.deliver (content, { correlation_id });
      await eventually ('all of the conversation', () => other.inbox.filter ((message) => contents.includes (message.content)).length === 3);
      assert.deepEqual (other.inbox.slice (-3).map ((message) => message.content), contents);
    })],

    ['receive/the-same-message-again-is-not-pushed-again', async () => {
      const messageId = await upstream.deliver ('once', { target_endpoint_id: other.endpoint });
      await other.taken ((message) => message.content === 'once');
      await upstream.acknowledged (messageId);
      await upstream.resend (messageId);
      await upstream.deliver ('a later one', { target_endpoint_id: other.endpoint });
      await other.taken ((message) => message.content === 'a later one');
      assert.equal (other.inbox.filter ((message) => message.content === 'once').length, 1);
    }],

    ['receive/without-a-receipt-it-is-not-acknowledged', async () => {
      const raw = await RawAdapter.open (machine, machine.otherProcess (), { 'x-masons-ipc-capabilities': 'push_receipt_ack_v1' });
      await raw.register ({ kind: 'custom', agent_id: 'mute' });
      const messageId = await upstream.deliver ('receipt, please', { target_endpoint_id: raw.endpoint });
      const frame = await raw.taken ((item) => item.content === 'receipt, please');
      assert.match (frame.push_id, /^push_[0-9a-f-]{36}$/);
      machine.peerOnly ('ours acknowledges what is on its disk, and goes on pushing it by itself');
      assert.ok (!await upstream.isAcknowledged (messageId));
      raw.socket.send (JSON.stringify ({ event: 'push_ack', push_id: frame.push_id }));
      await upstream.acknowledged (messageId);
      raw.close ();
    }],

    ['receive/skipped-when-another-has-it', async () => {
      await upstream.script ('/v1/runtime/inbound-route-claim', 200, { action: 'skip' });
      const messageId = await upstream.deliver ('not for us', { target_endpoint_id: other.endpoint });
      await upstream.acknowledged (messageId);
      assert.ok (!other.inbox.some ((message) => message.content === 'not for us'));
      await front.close ();
      await other.close ();
    }],
  ];
};
