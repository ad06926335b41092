// suite.mjs: the official MCP client and inspector against runtime-broker-mcp; prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// usage: suite.mjs RUNTIME-BROKERD RUNTIME-BROKER-MCP MODULES

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Run, eventually, skipAll } from '../interop/tap.mjs';
import { World } from './hosts.mjs';

const here = path.dirname (fileURLToPath (import.meta.url));
const sdk = '@modelcontextprotocol/sdk';
const { Client } = await import (`${sdk}/client/index.js`).catch (() => skipAll ('the npm package is not here: `npm ci` in tests/mcp, or sh tests/run.sh'));
const { StdioClientTransport } = await import (`${sdk}/client/stdio.js`);
const types = await import (`${sdk}/types.js`);

const run = new Run ('/mcp/npm/');
const world = new World (Client, StdioClientTransport, ...process.argv.slice (2));
const to = 'default@local';
let alice, bob, first;

async function call (host, name, args = {}, options = {}) {
  const result = await host.client.callTool ({ name, arguments: args }, undefined, options);
  assert.ok (!result.isError, result.content?.[0]?.text);
  assert.deepEqual (JSON.parse (result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

async function refusal (host, name, args) {
  const result = await host.client.callTool ({ name, arguments: args });
  assert.equal (result.isError, true);
  return result._meta['io.github.runtimebroker/error'].code;
}

const inbox = async (host) => (await call (host, 'list_inbox')).items;
const found = (preview) => eventually (`'${preview}' in the inbox`, async () => (await inbox (bob)).find ((one) => one.preview === preview));

await world.start ();

await run.group ('sdk', [
  ['connect', async () => {
    alice = await world.attach ('alice');
    bob = await world.attach ('bob');
    assert.equal (alice.client.getServerVersion ().name, 'runtime-broker');
    assert.match (alice.client.getInstructions (), /wait_for_message/);
    assert.equal (alice.transport._protocolVersion ?? types.LATEST_PROTOCOL_VERSION, types.LATEST_PROTOCOL_VERSION);
    assert.deepEqual (Object.keys (alice.client.getServerCapabilities ()).sort (), ['logging', 'resources', 'tools']);
    await alice.client.ping ();
  }],
  ['tools', async () => {
    const { tools, nextCursor } = await alice.client.listTools ();
    assert.equal (tools.length, 16);
    assert.equal (nextCursor, undefined);
    assert.ok (tools.every ((tool) => tool.outputSchema && tool.annotations && tool.title));
    await bob.client.listTools ();     // from here on the SDK checks results against the schemas
    await assert.rejects (alice.client.listTools ({ cursor: 'none' }), { code: types.ErrorCode.InvalidParams });
  }],
  ['who-am-i', async () => {
    const who = await call (alice, 'who_am_i');
    assert.equal (who.name, 'alice');
    assert.equal (who.address, to);
    assert.equal (who.broker, 'connected');
    const { endpoints } = await call (bob, 'list_endpoints');
    assert.deepEqual (endpoints.map ((one) => one.session_name).sort (), ['alice', 'bob']);
  }],
  ['conversation', async () => {
    const asked = call (alice, 'send_message', { to, content: '2+2?', wait_seconds: 20 });
    const { id } = await found ('2+2?');
    const claimed = await call (bob, 'claim_message', { message_id: id });
    assert.equal (claimed.message.content, '2+2?');
    assert.equal ((await call (bob, 'report_progress', { message_id: id, detail: 'adding' })).state, 'processing_started');
    assert.equal ((await call (bob, 'reply_message', { message_id: id, content: '4' })).state, 'replied');
    const answer = await asked;
    assert.equal (answer.message.content, '4');
    assert.equal (answer.message.in_reply_to, answer.reference);
    first = id;
  }],
  ['history', async () => {
    assert.equal ((await call (bob, 'read_message', { id: first })).content, '2+2?');
    const { ladder } = await call (bob, 'explain_message', { id: first });
    assert.ok (ladder.some ((step) => step.step === 'replied'));
    const { rows } = await call (bob, 'search_messages', { words: '2' });
    assert.ok (rows.length > 0);
    assert.equal (await refusal (bob, 'read_history', { conversation_id: 'none' }), 'runtime_conversation_history_unsupported');
  }],
  ['progress', async () => {
    const seen = [];
    const nothing = await call (alice, 'wait_for_message', { timeout_seconds: 6 }, { onprogress: (one) => seen.push (one) });
    assert.equal (nothing.received, false);
    assert.equal (seen.length, 1);
    assert.equal (seen[0].total, 6);
  }],
  ['cancel', async () => {
    const abort = new AbortController ();
    const waiting = alice.client.callTool ({ name: 'wait_for_message', arguments: { timeout_seconds: 600 } }, undefined, { signal: abort.signal });
    await alice.client.ping ();
    abort.abort ('enough');
    await assert.rejects (waiting);
    await call (bob, 'send_message', { to, content: 'after the cancel' });
    const { id } = await found ('after the cancel');
    const { message } = await call (alice, 'claim_message', { message_id: id });
    assert.equal (message.content, 'after the cancel');
    await call (alice, 'settle_message', { message_id: id });
  }],
  ['timeout', async () => {
    const late = alice.client.callTool ({ name: 'wait_for_message', arguments: { timeout_seconds: 600 } }, undefined, { timeout: 300 });
    await assert.rejects (late, { code: types.ErrorCode.RequestTimeout });
    await alice.client.ping ();
  }],
  ['errors', async () => {
    assert.equal (await refusal (bob, 'claim_message', {}), 'invalid_arguments');
    assert.equal (await refusal (bob, 'reply_message', { message_id: 'none', content: 'x' }), 'not_at_hand');
    assert.equal (await refusal (bob, 'reply_message', { message_id: first, content: 'again' }), 'already_ended');
    await assert.rejects (bob.client.callTool ({ name: 'none', arguments: {} }), { code: types.ErrorCode.InvalidParams });
    await assert.rejects (bob.client.request ({ method: 'none/none' }, types.EmptyResultSchema), { code: types.ErrorCode.MethodNotFound });
  }],
  ['resources', async () => {
    const { resources } = await bob.client.listResources ();
    assert.deepEqual (resources.slice (0, 4).map ((one) => one.name), ['inbox', 'endpoints', 'assignments', 'status']);
    const { resourceTemplates } = await bob.client.listResourceTemplates ();
    assert.deepEqual (resourceTemplates.map ((one) => one.uriTemplate), ['runtime-broker://messages/{id}', 'runtime-broker://ladders/{id}']);
    const { contents } = await bob.client.readResource ({ uri: `runtime-broker://messages/${first}` });
    assert.equal (JSON.parse (contents[0].text).content, '2+2?');
    await assert.rejects (bob.client.readResource ({ uri: 'runtime-broker://messages/none' }), { code: -32002 });
  }],
  ['subscribe', async () => {
    const uri = 'runtime-broker://inbox';
    await bob.client.subscribeResource ({ uri });
    await call (alice, 'send_message', { to, content: 'news' });
    await eventually ('an update', () => bob.news.some ((one) => one.method === 'notifications/resources/updated' && one.params.uri === uri));
    await bob.client.unsubscribeResource ({ uri });
  }],
  ['logging', async () => {
    await bob.client.setLoggingLevel ('debug');
    assert.ok (bob.news.some ((one) => one.method === 'notifications/message' && one.params.data.event === 'connected'));
    await assert.rejects (bob.client.setLoggingLevel ('loud'));
  }],
]);

const cli = path.join (here, 'node_modules', '@modelcontextprotocol', 'inspector-cli', 'build', 'cli.js');

// Published without the rest of the inspector it misses the file that it has its own name from.
const parent = path.join (here, 'node_modules', '@modelcontextprotocol', 'package.json');
if (!fs.existsSync (parent))
  fs.writeFileSync (parent, JSON.stringify ({ name: 'inspector', version: '1.0.3' }));

// The inspector without a browser. It names the program, then what it asks.
async function inspect (...request) {
  const { stdout } = await promisify (execFile) (process.execPath, [cli, '--cli', world.mcp, '--transport', 'stdio', ...request], { env: world.env });
  return JSON.parse (stdout);
}

await run.group ('inspector', [
  ['tools', async () => assert.equal ((await inspect ('--method', 'tools/list')).tools.length, 16)],
  ['call', async () => {
    const result = await inspect ('--method', 'tools/call', '--tool-name', 'who_am_i');
    assert.equal (result.structuredContent.address, to);
    assert.match (result.structuredContent.name, /^inspector/);
  }],
  ['arguments', async () => {
    const sent = await inspect ('--method', 'tools/call', '--tool-name', 'send_message', '--tool-arg', `to=${to}`, 'content=from the inspector');
    assert.equal (sent.structuredContent.status, 'delivered');
    await found ('from the inspector');
  }],
  ['resources', async () => {
    const { resources } = await inspect ('--method', 'resources/list');
    assert.ok (resources.length >= 5);
    const { contents } = await inspect ('--method', 'resources/read', '--uri', 'runtime-broker://status');
    assert.equal (JSON.parse (contents[0].text).address, to);
    const { resourceTemplates } = await inspect ('--method', 'resources/templates/list');
    assert.equal (resourceTemplates.length, 2);
  }],
]);

await run.group ('end', [
  ['closed', async () => {
    const pid = alice.transport.pid;
    await world.detach (alice);
    await eventually ('the end of its process', () => { try { process.kill (pid, 0); return false; } catch { return true; } });
    await eventually ('the end of its endpoint', async () => (await call (bob, 'list_endpoints')).endpoints.every ((one) => one.session_name !== 'alice'));
  }],
  ['stopped', async () => assert.equal (await world.stop (), 0)],
]);

process.exit (run.finish () ? 0 : 1);
