// hosts.mjs: a broker in a directory of its own, and hosts made of the official SDK
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from '../interop/tap.mjs';

export class World {
  // @programs: runtime-brokerd, runtime-broker-mcp, the folder of the modules
  constructor (Client, Transport, brokerd, mcp, modules) {
    Object.assign (this, { Client, Transport, brokerd, mcp });
    this.top = fs.mkdtempSync (path.join (os.tmpdir (), 'rb-mcp.'));
    fs.mkdirSync (path.join (this.top, 'run'), { mode: 0o700 });
    this.env = {
      ...process.env,
      HOME: this.top,
      XDG_RUNTIME_DIR: path.join (this.top, 'run'),
      XDG_CONFIG_HOME: path.join (this.top, 'config'),
      XDG_DATA_HOME: path.join (this.top, 'share'),
      XDG_STATE_HOME: path.join (this.top, 'state'),
      MASONS_BROKER_USER_DATA: path.join (this.top, 'data'),
      RB_MODULE_PATH: modules,
      G_DEBUG: 'fatal-criticals',
    };
    for (const name of ['MASONS_BROKER_ACCOUNT_ID', 'MASONS_BROKER_CREDENTIALS_FILE', 'RUNTIME_BROKER_MCP_NAME'])
      delete this.env[name];
    this.hosts = new Set ();
    process.once ('exit', () => this.drop ());
  }

  async start () {
    this.broker = spawn (this.brokerd, ['--set', 'broker.bus=no'], { env: this.env, stdio: 'ignore' });
    await eventually ('the socket of the broker', () => this.#find (this.top, 'ipc.sock'));
  }

  #find (folder, name) {
    return fs.readdirSync (folder, { recursive: true }).some ((one) => path.basename (one) === name);
  }

  // A host with a name; news: every notification that came.
  async attach (name, options = {}) {
    const client = new this.Client ({ name: 'suite', version: '1.0.0' }, { capabilities: {} });
    const transport = new this.Transport ({ command: this.mcp, args: ['--no-start', '--name', name], env: this.env, stderr: 'inherit' });
    const host = { client, transport, news: [] };
    client.fallbackNotificationHandler = async (note) => host.news.push (note);
    await client.connect (transport, options);
    this.hosts.add (host);
    return host;
  }

  async detach (host) {
    this.hosts.delete (host);
    await host.client.close ();
  }

  async stop () {
    for (const host of this.hosts)
      await this.detach (host);
    const ended = new Promise ((resolve) => this.broker.once ('exit', resolve));
    this.broker.kill ('SIGTERM');
    return await ended;
  }

  drop () {
    for (const host of this.hosts)
      host.transport.close ().catch (() => {});
    this.broker?.kill ('SIGKILL');
    fs.rmSync (this.top, { recursive: true, force: true });
  }
}
