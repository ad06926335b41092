// discover.mjs: finding a daemon, starting one, and replacing one that is too old
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Adapter } from '../adapter.mjs';
import { here } from '../machine.mjs';
import { eventually } from '../tap.mjs';

// Source: protocol.md 3.11, version rule, 21.2, 21.3.

const CROWD = { processes: 4, clients: 5 };

// Finds a daemon as often as it is told to at the same moment, and says what it found.
const crowdProgram = `
  import { BrokerClient } from '@masons/runtime-broker';
  const [options, count] = JSON.parse (process.argv[1]);
  process.stdout.write ('ready\\n');
  process.stdin.once ('data', async () => {
    const found = await Promise.all (Array.from ({ length: count }, () => BrokerClient.discover (options)));
    process.stdout.write (JSON.stringify (found.map (({ spawnedNew, ipcUrl }) => ({ spawnedNew, ipcUrl }))) + '\\n', () => process.exit ());
  });`;

// Stands for a daemon of any version, in a process of its own: the SDK may kill it.
const impostorProgram = `
  import http from 'node:http';
  const server = http.createServer ((request, response) => response.end (process.argv[1]));
  server.listen (0, '127.0.0.1', () => process.stdout.write (server.address ().port + '\\n'));`;

function script (machine, text, argument) {
  return machine.adopt (spawn (process.execPath, ['--input-type=module', '-e', text, argument],
                               { cwd: here, stdio: ['pipe', 'pipe', 'inherit'] }));
}

async function lineOf (child) {
  const [text] = await once (child.stdout, 'data');
  return String (text);
}

function writeRecord (machine, fields) {
  fs.mkdirSync (path.dirname (machine.discoveryFile), { recursive: true });
  fs.writeFileSync (machine.discoveryFile, JSON.stringify ({
    version: 1, startedAt: '2026-01-02T03:04:05.678Z', bearerToken: 'x'.repeat (43), ...fields }));
}

async function impostor (machine, health) {
  const child = script (machine, impostorProgram, JSON.stringify (health));
  const ipcUrl = `http://127.0.0.1:${Number (await lineOf (child))}`;
  writeRecord (machine, { pid: child.pid, ipcUrl });
  return { child, ipcUrl };
}

async function endDaemon (machine) {
  await machine.kill (machine.discovery ().pid, 'SIGKILL');
}

export default (machine) => [
  ['spawns-the-daemon', async () => {
    const { client } = await Adapter.discover (machine, { env: { INTEROP_EXTRA: 'given' } });
    const record = machine.discovery ();
    assert.equal (client.spawnedNew, true);
    assert.equal (client.ipcUrl, record.ipcUrl);
    assert.equal (fs.realpathSync (`/proc/${record.pid}/exe`), fs.realpathSync (machine.program));
    const environment = machine.environmentOf (record.pid);
    for (const entry of ['INTEROP_EXTRA=given', `MASONS_BROKER_ACCOUNT_ID=${machine.account}`, `MASONS_BROKER_USER_DATA=${machine.data}`])
      assert.ok (environment.includes (entry), entry);
  }],

  ['getters-before-connect', async () => {
    const { client } = await Adapter.discover (machine);
    assert.equal (client.sessionId, null);
    assert.equal (client.networkPresence, null);
    assert.equal (client.serverVersion, null);
    assert.deepEqual (client.serverCapabilities, {});
    const { phase, lastFailureReason, since } = client.connectionState;
    assert.deepEqual ([phase, lastFailureReason, typeof since], ['never_connected', null, 'number']);
  }],

  ['finds-the-running-one', async () => {
    const { client } = await Adapter.discover (machine, { brokerEntry: '/nonexistent', nodeBinary: '/nonexistent' });
    assert.equal (client.spawnedNew, false);
    assert.equal (client.ipcUrl, machine.discovery ().ipcUrl);
  }],

  ['record-is-private-and-complete', async () => {
    const record = machine.discovery ();
    assert.equal (fs.statSync (machine.discoveryFile).mode & 0o777, 0o600);
    assert.deepEqual ([record.version, typeof record.pid], [1, 'number']);
    assert.match (record.bearerToken, /^[\w-]{43}$/);
    assert.match (record.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match (record.ipcUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
  }],

  ['health-needs-no-token-and-is-never-older-than-the-sdk', async () => {
    const answer = await fetch (`${machine.discovery ().ipcUrl}/health`);
    const health = await answer.json ();
    assert.equal (answer.headers.get ('content-type'), 'application/json; charset=utf-8');
    assert.deepEqual ([health.ok, health.protocol_version], [true, '1.1']);
    const [major, minor, patch] = health.version.match (/^(\d+)\.(\d+)\.(\d+)([-+].*)?$/).slice (1, 4).map (Number);
    assert.ok (major > 0 || minor > 2 || (minor === 2 && patch >= 36), health.version);
  }],

  ['a-second-daemon-leaves-with-0', async () => {
    const { pid } = machine.discovery ();
    assert.equal (await machine.start ().exited, 0);
    assert.equal (machine.discovery ().pid, pid);
  }],

  ['record-of-a-dead-daemon-is-replaced', async () => {
    const before = machine.discovery ();
    await endDaemon (machine);
    assert.deepEqual (machine.discovery (), before);
    const { client } = await Adapter.discover (machine);
    assert.equal (client.spawnedNew, true);
    assert.notEqual (machine.discovery ().bearerToken, before.bearerToken);
    await endDaemon (machine);
  }],

  ['invalid-record-is-replaced', async () => {
    fs.writeFileSync (machine.discoveryFile, '{"version":2,');
    const { client } = await Adapter.discover (machine);
    assert.equal (client.spawnedNew, true);
    await endDaemon (machine);
  }],

  ['20-clients-at-once-start-one-daemon', async () => {
    const argument = JSON.stringify ([machine.discoverOptions (), CROWD.clients]);
    const crowd = Array.from ({ length: CROWD.processes }, () => script (machine, crowdProgram, argument));
    await Promise.all (crowd.map (lineOf));
    const answers = crowd.map (lineOf);
    for (const child of crowd)
      child.stdin.write ('go\n');
    const found = (await Promise.all (answers)).flatMap ((text) => JSON.parse (text));
    assert.equal (found.length, CROWD.processes * CROWD.clients);
    assert.equal (found.filter ((item) => item.spawnedNew).length, 1);
    assert.deepEqual (new Set (found.map ((item) => item.ipcUrl)), new Set ([machine.discovery ().ipcUrl]));
    assert.deepEqual (machine.daemons (), [machine.noteDaemon ().pid]);
    assert.equal (fs.existsSync (`${machine.discoveryFile}.lock`), false);
    await endDaemon (machine);
  }],

  ['two-daemons-at-once-leave-one', async () => {
    machine.oursOnly ('IMP-7: two npm daemons that start in the same moment both stay');
    const pair = [machine.start (), machine.start ()];
    const loser = await Promise.race (pair.map ((child) => child.exited.then ((status) => ({ child, status }))));
    assert.equal (loser.status, 0);
    await machine.healthy ();
    assert.deepEqual (machine.daemons (), pair.filter ((child) => child !== loser.child).map ((child) => child.pid));
    await endDaemon (machine);
  }],

  ['lock-of-a-dead-client-is-no-obstacle', async () => {
    const gone = machine.otherProcess ();
    await machine.kill (gone, 'SIGKILL');
    fs.writeFileSync (`${machine.discoveryFile}.lock`, JSON.stringify ({ version: 1, pid: gone, startedAt: '2026-01-02T03:04:05.678Z' }));
    const { client } = await Adapter.discover (machine);
    assert.equal (client.spawnedNew, true);
    await endDaemon (machine);
  }],

  ['lock-of-a-living-client-is-waited-for', async () => {
    const lock = `${machine.discoveryFile}.lock`;
    fs.writeFileSync (lock, JSON.stringify ({ version: 1, pid: machine.otherProcess (), startedAt: '2026-01-02T03:04:05.678Z' }));
    await assert.rejects (Adapter.discover (machine, { timeoutMs: 300 }), /spawn lock was not acquired/);
    assert.ok (fs.existsSync (lock));
    // Whoever holds it starts the daemon, and that ends the search.
    const search = Adapter.discover (machine);
    machine.start ();
    assert.equal ((await search).client.spawnedNew, false);
    fs.unlinkSync (lock);
    await endDaemon (machine);
  }],

  ['a-daemon-that-never-comes-is-an-error', async () => {
    await assert.rejects (Adapter.discover (machine, { nodeBinary: process.execPath, brokerEntry: '/nonexistent/entry.js', timeoutMs: 500 }),
                          /did not become healthy within 500ms/);
    assert.deepEqual (machine.daemons (), []);
  }],

  ['an-older-daemon-is-killed-and-replaced', async () => {
    const { child } = await impostor (machine, { ok: true, version: '0.2.35' });
    const { client } = await Adapter.discover (machine);
    assert.equal (client.spawnedNew, true);
    assert.equal (await child.exited, 'SIGKILL');
    await endDaemon (machine);
  }],

  ['an-older-daemon-that-stays-is-an-error', async () => {
    const server = http.createServer ((request, response) => response.end ('{"ok":true,"version":"0.1.0"}'));
    server.listen (0, '127.0.0.1');
    await once (server, 'listening');
    const pid = machine.otherProcess ();
    writeRecord (machine, { pid, ipcUrl: `http://127.0.0.1:${server.address ().port}` });
    await assert.rejects (Adapter.discover (machine), /remained healthy after SIGKILL/);
    await eventually ('the end of the process in the record', () => !machine.isAlive (pid));
    server.closeAllConnections ();
    server.close ();
  }],

  ...[['the-same-version', '0.2.36'], ['a-newer-version', '999.0.0+runtime-broker.1.0.0'], ['another-kind-of-version', 'next'],
      ['no-version', undefined]].map (([name, version]) =>
    [`${name}-is-used`, async () => {
      const { child, ipcUrl } = await impostor (machine, { ok: true, version });
      const { client } = await Adapter.discover (machine);
      assert.deepEqual ([client.spawnedNew, client.ipcUrl], [false, ipcUrl]);
      assert.ok (machine.isAlive (child.pid));
      await machine.kill (child.pid, 'SIGKILL');
    }]),

  ['without-a-data-directory-both-take-the-default', async () => {
    delete process.env.MASONS_BROKER_USER_DATA;
    try {
      const adapter = await Adapter.discover (machine, { userDataDir: undefined });
      const file = path.join (machine.env.XDG_DATA_HOME, 'masons-runtime-broker', path.relative (machine.data, machine.discoveryFile));
      const record = JSON.parse (fs.readFileSync (file, 'utf8'));
      machine.pids.add (record.pid);
      assert.equal (adapter.client.ipcUrl, record.ipcUrl);
      await machine.kill (record.pid, 'SIGKILL');
    } finally {
      process.env.MASONS_BROKER_USER_DATA = machine.data;
    }
  }],
];
