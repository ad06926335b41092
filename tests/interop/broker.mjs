// broker.mjs: a broker of our own in a directory of its own, as a test or a measurement needs it
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from './tap.mjs';

const foreignVariables = ['MASONS_BROKER_ACCOUNT_ID', 'MASONS_BROKER_API_HOST', 'MASONS_BROKER_CREDENTIALS_FILE'];

// Everything that a test of one machine needs: directories, an environment that points there, and the brokers in it.
export class Machine {
  // @modules: the folder of the built modules
  constructor (brokerd, brokerctl, modules) {
    this.brokerd = brokerd;
    this.brokerctl = brokerctl;
    this.top = fs.mkdtempSync (path.join (os.tmpdir (), 'rb-interop.'));
    this.data = path.join (this.top, 'data');
    fs.mkdirSync (path.join (this.top, 'run'), { mode: 0o700 });
    this.pids = new Set ();
    this.env = {
      ...process.env,
      // A daemon may warn; a critical is a bug of ours.
      G_DEBUG: 'fatal-criticals',
      HOME: this.top,
      XDG_RUNTIME_DIR: path.join (this.top, 'run'),
      XDG_CONFIG_HOME: path.join (this.top, 'config'),
      XDG_DATA_HOME: path.join (this.top, 'share'),
      XDG_STATE_HOME: path.join (this.top, 'state'),
      OPENCLAW_HOME: path.join (this.top, 'openclaw'),
      MASONS_BROKER_USER_DATA: this.data,
      // A sanitizer's report of a detached daemon has no terminal to go to.
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:log_path=${path.join (this.top, 'sanitizer')}`,
      UBSAN_OPTIONS: `${process.env.UBSAN_OPTIONS ?? ''}:log_path=${path.join (this.top, 'sanitizer')}`,
    };
    for (const name of foreignVariables)
      delete this.env[name];

    // A daemon that the SDK spawns takes no options of ours, so what is not installed is named in the settings.
    fs.mkdirSync (path.join (this.top, 'config', 'runtime-broker'), { recursive: true });
    fs.writeFileSync (path.join (this.top, 'config', 'runtime-broker', 'broker.conf'), `[broker]\nmodules-dir=${modules}\n`);
  }

  // The SDK hands its own process's environment to the daemon that it spawns.
  adoptEnvironment () {
    for (const name of foreignVariables)
      delete process.env[name];
    Object.assign (process.env, this.env);
  }

  ctl (account, ...args) {
    const env = { ...this.env, MASONS_BROKER_ACCOUNT_ID: account };
    return execFileSync (this.brokerctl, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20000 });
  }

  // What an SDK needs to attach. The account's secret is minted by the first start; that broker is stopped again.
  async account (account, ...options) {
    const child = this.start (account, ...options);
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
    this.pids.delete (child.pid);
    if (status !== 0)
      throw new Error (`the broker left with ${status}`);
    return { token: env.runtime_token, address };
  }

  stateDir (account, token) {
    const identity = createHash ('sha256').update (token).digest ('hex').slice (0, 16);
    return path.join (this.data, 'runtime-broker', account, identity);
  }

  discovery (account, token) {
    try {
      return JSON.parse (fs.readFileSync (path.join (this.stateDir (account, token), 'discovery.json'), 'utf8'));
    } catch {
      return null;
    }
  }

  // Resolves with the discovery record of a healthy broker other than @oldPid.
  async healthy (account, token, oldPid = 0) {
    const record = await eventually (`a healthy broker of '${account}'`, async () => {
      const found = this.discovery (account, token);
      if (!found || found.pid === oldPid)
        return null;
      try {
        const answer = await fetch (`${found.ipcUrl}/health`, { headers: { authorization: `Bearer ${found.bearerToken}` } });
        return answer.ok ? found : null;
      } catch {
        return null;
      }
    });
    this.pids.add (record.pid);
    return record;
  }

  // A broker that is our own child; its exit code can be asked.
  // How the SDK is told to start it.
  spawnOptions () {
    return { nodeBinary: this.brokerd, brokerEntry: '/nonexistent/entry.js' };
  }

  get program () {
    return this.brokerd;
  }

  start (account, ...options) {
    const env = { ...this.env, MASONS_BROKER_ACCOUNT_ID: account };
    const child = spawn (this.brokerd, options, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.exited = new Promise ((resolve) => child.once ('exit', (code, signal) => resolve (signal ?? code)));
    this.pids.add (child.pid);
    return child;
  }

  isAlive (pid) {
    try {
      return !/^State:\s*Z/m.test (fs.readFileSync (`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
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

  // The sanitizers' reports of all brokers that ran here.
  reports () {
    return fs.readdirSync (this.top).filter ((name) => name.startsWith ('sanitizer'))
      .map ((name) => fs.readFileSync (path.join (this.top, name), 'utf8'));
  }

  async close () {
    this.upstream?.kill ();
    for (const pid of [...this.pids])
      await this.kill (pid);
    fs.rmSync (this.top, { recursive: true, force: true });
  }
}

// The same with the npm daemon instead of ours, to see whether a test describes it.
export class PeerMachine extends Machine {
  static isPeer = true;

  constructor () {
    super (process.execPath, '', '');
    this.entry = path.resolve (import.meta.dirname ?? '.', 'node_modules/@masons/runtime-broker/dist/broker/entry.js');
  }

  async startUpstream () {
    this.upstream = spawn (process.execPath, [path.join (path.dirname (this.entry), '../../../../../yes-upstream.mjs')],
                           { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise ((resolve) => this.upstream.stdout.once ('data', (text) => resolve (Number (text))));
    this.env.MASONS_BROKER_CREDENTIALS_FILE = path.join (this.top, 'credentials.json');
    const account = { connectorUrl: `ws://127.0.0.1:${port}/gateway`, token: 'peer-token', apiHost: `http://127.0.0.1:${port}` };
    fs.writeFileSync (this.env.MASONS_BROKER_CREDENTIALS_FILE, JSON.stringify ({ accounts: { interop: account } }));
  }

  async account () {
    return { token: 'peer-token', address: 'peer@yes' };
  }

  spawnOptions () {
    return { brokerEntry: this.entry };
  }
}
