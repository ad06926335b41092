// machine.mjs: one user's machine with daemons of one kind on it, in a directory of its own
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Skip, eventually, failureOf, shortened } from './tap.mjs';

export const here = path.dirname (fileURLToPath (import.meta.url));

const foreignVariables = ['MASONS_BROKER_ACCOUNT_ID', 'MASONS_BROKER_API_HOST', 'MASONS_BROKER_CREDENTIALS_FILE', 'MASONS_SPAWN_TOKEN'];

// Before anything is changed for the sake of the SDK.
const ownEnvironment = { ...process.env };

// Whatever ends this program, nothing of a machine outlives it.
const machines = new Set ();
process.once ('exit', () => {
  for (const machine of machines)
    machine.drop ();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once (signal, () => process.exit (1));

// The directories, the environment that points there, and every process that a case started.
class Machine {
  constructor (program) {
    this.program = program;
    this.account = 'interop';
    this.top = fs.mkdtempSync (path.join (os.tmpdir (), 'rb-interop.'));
    this.data = path.join (this.top, 'data');
    this.bin = path.join (this.top, 'bin');
    for (const name of ['run', 'bin'])
      fs.mkdirSync (path.join (this.top, name), { mode: 0o700 });
    this.pids = new Set ();
    this.adapters = new Set ();
    this.upstream = null;
    this.env = {
      ...ownEnvironment,
      // A daemon may warn; a critical is a bug of ours.
      G_DEBUG: 'fatal-criticals',
      HOME: this.top,
      PATH: `${this.bin}:${ownEnvironment.PATH}`,
      XDG_RUNTIME_DIR: path.join (this.top, 'run'),
      XDG_CONFIG_HOME: path.join (this.top, 'config'),
      XDG_DATA_HOME: path.join (this.top, 'share'),
      XDG_STATE_HOME: path.join (this.top, 'state'),
      OPENCLAW_HOME: path.join (this.top, 'openclaw'),
      MASONS_BROKER_USER_DATA: this.data,
      // A sanitizer's report of a detached daemon has no terminal to go to.
      ASAN_OPTIONS: `${ownEnvironment.ASAN_OPTIONS ?? ''}:log_path=${path.join (this.top, 'sanitizer')}`,
      UBSAN_OPTIONS: `${ownEnvironment.UBSAN_OPTIONS ?? ''}:log_path=${path.join (this.top, 'sanitizer')}`,
    };
    for (const name of foreignVariables)
      delete this.env[name];
    machines.add (this);
  }

  // The SDK hands its own process's environment to the daemon that it spawns.
  adoptEnvironment () {
    for (const name of foreignVariables)
      delete process.env[name];
    Object.assign (process.env, this.env);
  }

  // A case in which the npm daemon does worse, which it has to prove by failing; @enoughMs: what it would have to do in that time.
  difference (reason, body, enoughMs) {
    if (!this.isPeer)
      return body;
    return async () => {
      const failure = await failureOf (body, enoughMs);
      if (failure === null)
        throw new Error (`the npm daemon passes, so this is no difference: ${reason}`);
      throw new Skip (reason, shortened (String (failure.message)));
    };
  }

  // The same where the npm daemon fails only by chance, but where what follows does not depend on it.
  differenceByChance (reason, body) {
    if (!this.isPeer)
      return body;
    return async () => {
      const failure = await failureOf (body);
      throw new Skip (reason, failure === null ? 'not this time' : shortened (String (failure.message)));
    };
  }

  // The same where trying would spoil what follows.
  oursOnly (reason) {
    if (this.isPeer)
      throw new Skip (reason);
  }

  // For what ours does in another way, which nobody can miss.
  peerOnly (reason) {
    if (!this.isPeer)
      throw new Skip (reason);
  }

  // What the SDK has to be told to find or start a daemon here.
  discoverOptions () {
    return { accountId: this.account, runtimeToken: this.token, userDataDir: this.data, timeoutMs: 15000, ...this.spawnOptions () };
  }

  // With @network around it, a daemon takes its credentials from a file.
  async useNetwork (network) {
    this.upstream = network;
    this.token = network.token;
    this.address = network.address;
    this.env.MASONS_BROKER_CREDENTIALS_FILE = path.join (this.top, 'credentials.json');
    const account = { connectorUrl: network.connectorUrl, token: network.token, apiHost: network.apiHost };
    fs.writeFileSync (this.env.MASONS_BROKER_CREDENTIALS_FILE, JSON.stringify ({ accounts: { [this.account]: account } }));
  }

  stateDir (account = this.account, token = this.token) {
    const identity = createHash ('sha256').update (token).digest ('hex').slice (0, 16);
    return path.join (this.data, 'runtime-broker', account, identity);
  }

  get discoveryFile () {
    return path.join (this.stateDir (), 'discovery.json');
  }

  discovery () {
    try {
      return JSON.parse (fs.readFileSync (this.discoveryFile, 'utf8'));
    } catch {
      return null;
    }
  }

  // Remembers the daemon that a client has found, so that it is ended with everything else.
  noteDaemon () {
    const record = this.discovery ();
    if (record)
      this.pids.add (record.pid);
    return record;
  }

  // Resolves with the discovery record of a healthy daemon other than @oldPid.
  async healthy (oldPid = 0) {
    await eventually ('a healthy daemon', async () => {
      const found = this.discovery ();
      if (!found || found.pid === oldPid)
        return false;
      // With its key: a daemon that is just starting may have taken the port of the one that the record tells of.
      const headers = { authorization: `Bearer ${found.bearerToken}` };
      return fetch (`${found.ipcUrl}/health`, { headers }).then ((answer) => answer.ok, () => false);
    });
    return this.noteDaemon ();
  }

  // A request as any local program may make it. Resolves with { status, body }.
  async call (method, target, { pid, body, headers = {} } = {}) {
    const record = this.discovery ();
    const answer = await fetch (record.ipcUrl + target, {
      method,
      headers: { 'authorization': `Bearer ${record.bearerToken}`, 'content-type': 'application/json',
                 ...(pid && { 'x-plugin-pid': String (pid) }), ...headers },
      body: body && JSON.stringify (body),
    });
    const text = await answer.text ();
    return { status: answer.status, body: text ? JSON.parse (text) : undefined };
  }

  // A daemon that is our own child; its exit code can be asked.
  start (extraEnv = {}, ...options) {
    const env = { ...this.env, MASONS_BROKER_ACCOUNT_ID: this.account, ...extraEnv };
    const child = spawn (this.program, [...this.arguments, ...options], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    return this.adopt (child);
  }

  adopt (child) {
    child.exited = new Promise ((resolve) => child.once ('exit', (code, signal) => resolve (signal ?? code)));
    this.pids.add (child.pid);
    child.exited.then (() => this.pids.delete (child.pid));
    return child;
  }

  // A pid of its own that lives as long as we do: a channel belongs to a process.
  otherProcess () {
    // Reads from us, and so ends with us at the latest.
    return this.adopt (spawn ('cat', [], { stdio: ['pipe', 'ignore', 'inherit'] })).pid;
  }

  isAlive (pid) {
    try {
      return !/^State:\s*Z/m.test (fs.readFileSync (`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  }

  environmentOf (pid) {
    try {
      return fs.readFileSync (`/proc/${pid}/environ`, 'utf8').split ('\0');
    } catch {
      return [];
    }
  }

  // Every daemon of this machine that runs, found by its environment: also those that nobody told us of.
  daemons () {
    const mark = `MASONS_BROKER_USER_DATA=${this.data}`;
    const isDaemon = (pid) => this.environmentOf (pid).includes (mark) && this.isAlive (pid) && this.commandOf (pid) === this.command;
    return fs.readdirSync ('/proc').filter ((name) => /^\d+$/.test (name)).map (Number).filter (isDaemon);
  }

  // What tells a daemon from other programs of the same machine.
  commandOf (pid) {
    return fs.readFileSync (`/proc/${pid}/cmdline`, 'utf8').split ('\0')[this.arguments.length];
  }

  async kill (pid, signal = 'SIGTERM') {
    try {
      process.kill (pid, signal);
    } catch {
      return;
    }
    await eventually (`the end of process ${pid}`, () => !this.isAlive (pid));
    this.pids.delete (pid);
  }

  // The sanitizers' reports of all daemons that ran here.
  reports () {
    return fs.readdirSync (this.top).filter ((name) => name.startsWith ('sanitizer'))
      .map ((name) => fs.readFileSync (path.join (this.top, name), 'utf8'));
  }

  // Clients first: one that lost its daemon would start another.
  async endAll () {
    await Promise.all ([...this.adapters].map ((adapter) => adapter.close ()));
    const left = new Set ([...this.pids, ...this.daemons ()]);
    await Promise.all ([...left].map ((pid) => this.kill (pid, this.endSignal)));
  }

  async close () {
    await this.endAll ();
    await this.upstream?.close ();
    fs.rmSync (this.top, { recursive: true, force: true, maxRetries: 5 });
    machines.delete (this);
  }

  // The same at once, without asking anybody.
  drop () {
    for (const pid of new Set ([...this.pids, ...this.daemons (), ...this.upstream?.pids ?? []]))
      try {
        process.kill (pid, 'SIGKILL');
      } catch {}
    fs.rmSync (this.top, { recursive: true, force: true, maxRetries: 5 });
  }
}

// Our daemon.
export class OwnMachine extends Machine {
  isPeer = false;
  arguments = [];
  // So that a leak is found and a stop that hangs is seen.
  endSignal = 'SIGTERM';

  // @modules: the folder of the built modules
  constructor (brokerd, brokerctl, modules) {
    super (brokerd);
    this.command = brokerd;
    this.brokerctl = brokerctl;
    // A daemon that the SDK spawns takes no options of ours, so what is not installed is named in the settings. Nobody is here to be asked
    // whether a runtime may start, as nobody is asked by the npm daemon.
    fs.mkdirSync (path.join (this.top, 'config', 'runtime-broker'), { recursive: true });
    fs.writeFileSync (path.join (this.top, 'config', 'runtime-broker', 'broker.conf'), `[broker]\nmodules-dir=${modules}\n[spawn]\napproval=allow\n`);
  }

  spawnOptions () {
    return { nodeBinary: this.program, brokerEntry: '/nonexistent/entry.js' };
  }

  ctl (account, ...args) {
    const env = { ...this.env, MASONS_BROKER_ACCOUNT_ID: account };
    return execFileSync (this.brokerctl, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20000 });
  }

  // An account of the local network. Its secret is minted by the first start; that daemon is stopped again.
  async localAccount (account, ...options) {
    const child = this.start ({ MASONS_BROKER_ACCOUNT_ID: account }, ...options);
    const env = await eventually ('the first answer of brokerctl env', () => {
      try {
        return JSON.parse (this.ctl (account, 'env', '--json', '--no-start'));
      } catch {
        return null;
      }
    });
    const { address } = JSON.parse (this.ctl (account, 'status', '--json', '--no-start'));
    child.kill ('SIGTERM');
    const status = await child.exited;
    if (status !== 0)
      throw new Error (`the broker left with ${status}`);
    return { token: env.runtime_token, address };
  }
}

// The npm daemon, to see whether a case describes it.
export class PeerMachine extends Machine {
  isPeer = true;
  // With a channel open it takes 5 s to stop.
  endSignal = 'SIGKILL';

  constructor () {
    super (process.execPath);
    this.command = path.join (here, 'node_modules/@masons/runtime-broker/dist/broker/entry.js');
    this.arguments = [this.command];
  }

  spawnOptions () {
    return { brokerEntry: this.command };
  }
}
