// endpoints.mjs: registering, and how an endpoint ends
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { Adapter, refused, roles } from '../adapter.mjs';
import { RawAdapter } from '../raw-adapter.mjs';
import { eventually } from '../tap.mjs';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export default (machine) => {
  const { upstream } = machine;
  let adapter;

  async function registered (args) {
    const outcome = await adapter.register ({ agentId: 'a', kind: 'custom', ...args });
    const requests = await upstream.requests ('POST /v1/runtime-endpoints');
    return { outcome, body: requests.at (-1).body };
  }

  async function statesOf (endpoint, count) {
    const posted = await upstream.posted (`/v1/runtime-endpoints/${endpoint}/state`, (items) => items.length >= count);
    for (const { ts } of posted)
      assert.match (ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return posted.map ((body) => `${body.state}/${body.reason}`);
  }

  return [
    ['register/every-field', async () => {
      adapter = await Adapter.discover (machine);
      await adapter.connect (machine.otherProcess ());
      const { outcome, body } = await registered ({
        agentId: 'all', kind: 'codex', sessionName: 'a session', trackingRef: 'X-1', taskHint: 'working', runtimeSessionId: ' session-9 ',
        workspace: { root: '/src/project/', cwd: '/src/project/lib', remote: 'git@example.org:p', branch: 'main' },
        runtimeCapabilities: ['background_exchange_v1', 'remote_spawn_v1', 'foreground_channel_v1', 'background_exchange_v1', 'later_v9'],
        executionSurface: 'owner_attached', backgroundExchangeMode: 'adapter_managed_turn', spawnToken: 'nobody-asked-for-it',
      });
      assert.match (outcome.endpoint_owner_token, uuid);
      assert.match (body.endpoint_nonce, uuid);
      assert.notEqual (body.endpoint_nonce, outcome.endpoint_owner_token);
      assert.deepEqual ({ ...body, endpoint_nonce: '' }, {
        runtime_kind: 'codex', endpoint_nonce: '', display_label: 'codex \u00b7 project \u00b7 X-1', tracking_ref: 'X-1',
        workspace: { root: '/src/project/', cwd: '/src/project/lib', remote: 'git@example.org:p', branch: 'main' },
        session_name: 'a session', task_hint: 'working', runtime_session_id: 'session-9', execution_surface: 'owner_attached',
        runtime_capabilities: ['background_exchange_v1', 'foreground_channel_v1', 'later_v9'],
        background_exchange_mode: 'adapter_managed_turn' });
      assert.deepEqual (await statesOf (outcome.endpoint_id, 1), ['active/register']);
    }],

    ['register/no-optional-field', async () => {
      const { body } = await registered ({});
      assert.deepEqual (Object.keys (body).sort (), ['display_label', 'endpoint_nonce', 'runtime_kind']);
      assert.equal (body.display_label, 'custom');
    }],

    ['register/workspace-of-one-directory', async () => {
      const { body } = await registered ({ workspace: ' /home/somebody/thing ' });
      assert.deepEqual (body.workspace, { root: '/home/somebody/thing', cwd: '/home/somebody/thing' });
      assert.equal (body.display_label, 'custom \u00b7 thing');
    }],

    ['register/blank-workspace-is-none', async () => {
      const { body } = await registered ({ workspace: '  ' });
      assert.equal (body.workspace, undefined);
    }],

    ['register/name-given-by-the-owner', async () => {
      const naming = { nickname: 'Ada', owner_edited_name: null };
      await upstream.script ('/v1/runtime-endpoints', 201, { endpoint_id: 'ep_named', heartbeat_after_seconds: 600, session_naming: naming });
      assert.deepEqual ((await registered ({})).outcome.session_naming, naming);
      assert.equal ((await registered ({})).outcome.session_naming, undefined);
    }],

    ...[['number', 5, 'workspace must be a string or object'],
        ['no-root', { cwd: '/' }, 'workspace.root must be a non-empty string'],
        ['blank-root', { root: ' ', cwd: '/' }, 'workspace.root must be a non-empty string'],
        ['no-cwd', { root: '/' }, 'workspace.cwd must be a non-empty string'],
        ['remote-of-another-type', { root: '/', cwd: '/', remote: 1 }, 'workspace.remote must be a string'],
        ['branch-of-another-type', { root: '/', cwd: '/', branch: [] }, 'workspace.branch must be a string']]
      .map (([name, workspace, text]) => [`register/workspace-${name}-refused`, async () => {
        await refused (adapter.client.registerEndpoint ({ agentId: 'a', kind: 'custom', workspace }), 422, 'invalid_request');
        await assert.rejects (adapter.client.registerEndpoint ({ agentId: 'a', kind: 'custom', workspace }), new RegExp (text));
      }]),

    ...[['reserved', '__masons_x'], ['too-long', 'x'.repeat (257)]].map (([name, runtimeSessionId]) =>
      [`register/session-id-${name}-refused`, async () => {
        await refused (adapter.client.registerEndpoint ({ agentId: 'a', kind: 'custom', runtimeSessionId }), 400,
                       'invalid_runtime_session_id');
      }]),

    ['register/without-a-channel-refused', async () => {
      const body = { plugin_pid: machine.otherProcess (), agent_id: 'a', kind: 'custom' };
      const answer = await machine.call ('POST', '/v1/endpoint/register', { pid: body.plugin_pid, body });
      assert.deepEqual ([answer.status, answer.body.error], [400, 'ipc_channel_missing']);
    }],

    ['register/refused-upstream', async () => {
      await upstream.script ('/v1/runtime-endpoints', 500, { error: 'db_down', message: 'try later' });
      await assert.rejects (adapter.client.registerEndpoint (roles.foreground), /try later/);
    }],

    ['register/refused-upstream-with-its-code', machine.difference ('IMP-18: the npm daemon answers 500 internal_error', async () => {
      await upstream.script ('/v1/runtime-endpoints', 422, { error: 'kind_unknown', message: 'no such kind' });
      await refused (adapter.client.registerEndpoint (roles.foreground), 422, 'kind_unknown');
    })],

    ['register/required-field-missing-refused', machine.difference ('IMP-68: the npm daemon sends it on', async () => {
      await refused (adapter.client.registerEndpoint ({ agentId: 'a' }), 400, 'bad_request');
    })],

    ['heartbeat/passed-on', async () => {
      await adapter.register (roles.foreground);
      const answer = await machine.call ('POST', `/v1/endpoint/${adapter.endpoint}/heartbeat`, { pid: adapter.pid });
      assert.deepEqual (answer, { status: 200, body: { ok: true } });
      await upstream.requested (`POST /v1/runtime-endpoints/${adapter.endpoint}/heartbeat`);
    }],

    ['heartbeat/unknown-endpoint-refused', async () => {
      const answer = await machine.call ('POST', '/v1/endpoint/nobody/heartbeat', { pid: adapter.pid });
      assert.deepEqual (answer, { status: 404, body: { error: 'endpoint_unknown', message: 'unknown endpoint_id: nobody' } });
    }],

    ['task-hint/shortened-and-passed-on', async () => {
      const body = { plugin_pid: adapter.pid, task_hint: '\u{1F600}'.repeat (300) };
      const answer = await machine.call ('POST', `/v1/endpoint/${adapter.endpoint}/task-hint`, { pid: adapter.pid, body });
      assert.deepEqual (answer, { status: 200, body: { ok: true } });
      const [posted] = await upstream.posted (`/v1/runtime-endpoints/${adapter.endpoint}/display-metadata`);
      assert.deepEqual (posted, { task_hint: '\u{1F600}'.repeat (200) });
    }],

    ['task-hint/refusals', async () => {
      const pid = adapter.pid;
      const outcome = async (target, body) => {
        const answer = await machine.call ('POST', `/v1/endpoint/${target}/task-hint`, { pid, body });
        return `${answer.status} ${answer.body.error}`;
      };
      assert.equal (await outcome (adapter.endpoint, { task_hint: 'x' }), '400 plugin_pid_invalid');
      assert.equal (await outcome (adapter.endpoint, { plugin_pid: pid, task_hint: 5 }), '400 task_hint_invalid');
      assert.equal (await outcome ('nobody', { plugin_pid: pid, task_hint: 'x' }), '404 endpoint_unknown');
    }],

    ['task-hint/of-another-process-refused', async () => {
      const pid = machine.otherProcess ();
      const answer = await machine.call ('POST', `/v1/endpoint/${adapter.endpoint}/task-hint`, { pid, body: { plugin_pid: pid, task_hint: 'x' } });
      assert.deepEqual ([answer.status, answer.body.error], [403, 'ownership_mismatch']);
    }],

    ['unregister/ends-it-everywhere', async () => {
      const { endpoint } = adapter;
      await adapter.client.unregisterEndpoint (endpoint);
      await upstream.requested (`DELETE /v1/runtime-endpoints/${endpoint}`);
      assert.deepEqual (await statesOf (endpoint, 2), ['active/register', 'closed/explicit_unregister']);
      await refused (adapter.send ('bob', 'x'), 404, 'unknown_endpoint');
    }],

    ['unregister/unknown-endpoint-is-fine', async () => {
      await adapter.client.unregisterEndpoint ('nobody');
    }],

    ['unregister/of-another-process-refused', machine.difference ('IMP-13: the npm daemon lets anybody end any endpoint', async () => {
      const stranger = await Adapter.discover (machine);
      await stranger.connect (machine.otherProcess ());
      await adapter.register (roles.foreground);
      try {
        await refused (stranger.client.unregisterEndpoint (adapter.endpoint), 403, 'endpoint_pid_mismatch');
      } finally {
        await stranger.close ();
      }
    })],

    ['unregister/by-the-network', async () => {
      await adapter.register (roles.foreground);
      await statesOf (adapter.endpoint, 1);
      const key = await upstream.control ({ type: 'force_unregister', endpoint_id: adapter.endpoint, reason: 'owner' });
      assert.equal (await upstream.acked (key), 'applied');
      assert.deepEqual (await statesOf (adapter.endpoint, 2), ['active/register', 'closed/explicit_unregister']);
      await refused (adapter.send ('bob', 'x'), 404, 'unknown_endpoint');
    }],

    ['close/with-an-endpoint-ends-it', async () => {
      const short = await Adapter.attached (machine, 'foreground');
      await statesOf (short.endpoint, 1);
      await short.client.close (short.endpoint);
      assert.deepEqual (await statesOf (short.endpoint, 2), ['active/register', 'closed/explicit_unregister']);
    }],

    ['reattach/keeps-the-endpoint-and-what-came-meanwhile', async () => {
      const pid = machine.otherProcess ();
      const receipts = { 'x-masons-ipc-capabilities': 'push_receipt_ack_v1' };
      const one = await RawAdapter.open (machine, pid, receipts);
      await one.register ({ kind: 'custom', agent_id: 'a' });
      one.close ();
      await eventually ('the loss of the channel', async () => (await statesOf (one.endpoint, 1)).includes ('reconnecting/ipc_close'));
      const messageId = await upstream.deliver ('meanwhile', { target_endpoint_id: one.endpoint });
      await upstream.posted ('/v1/runtime/inbound-routed', (items) => items.some ((item) => item.source_message_id === messageId));
      const two = await RawAdapter.open (machine, pid, receipts);
      two.acknowledges = true;
      const answer = await two.call ('POST', `/v1/endpoint/${one.endpoint}/reattach`, { plugin_pid: pid });
      assert.deepEqual (answer, { status: 200, body: { restored: true, reconnecting_buffer_count: 1 } });
      assert.equal ((await two.taken ((frame) => frame.content === 'meanwhile')).sourceMessageId, messageId);
      assert.equal ((await statesOf (one.endpoint, 3)).at (-1), 'active/reattach');
      assert.deepEqual ((await two.call ('POST', `/v1/endpoint/${one.endpoint}/reattach`, { plugin_pid: pid })).body.error,
                        'endpoint_not_reconnecting');
      two.close ();
    }],

    ['reattach/refusals', async () => {
      const pid = machine.otherProcess ();
      const outcome = async (endpoint, body) => {
        const answer = await machine.call ('POST', `/v1/endpoint/${endpoint}/reattach`, { pid, body });
        return `${answer.status} ${answer.body.error}`;
      };
      assert.equal (await outcome ('nobody', {}), '400 plugin_pid_invalid');
      assert.equal (await outcome ('nobody', { plugin_pid: pid }), '400 ipc_channel_missing');
      const channel = await RawAdapter.open (machine, pid);
      assert.equal (await outcome ('nobody', { plugin_pid: pid }), '404 endpoint_unknown');
      await adapter.register (roles.foreground);
      assert.equal (await outcome (adapter.endpoint, { plugin_pid: pid }), '403 reattach_pid_mismatch');
      channel.close ();
      await adapter.close ();
    }],
  ];
};
