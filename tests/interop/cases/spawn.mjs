// spawn.mjs: the network starts a runtime on this machine (protocol.md 15.8)
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Adapter } from '../adapter.mjs';
import { eventually } from '../tap.mjs';

export default (machine) => {
  const { upstream } = machine;
  let adapter, key;
  const program = path.join (machine.bin, 'claude');
  const note = path.join (machine.top, 'claude-was-here');

  // What was started writes down how, and stays.
  function installProgram () {
    fs.writeFileSync (program, `#!/bin/sh\n{ echo "$$"; echo "$MASONS_SPAWN_TOKEN"; printf '%s\\n' "$@"; } >'${note}.new'\n`
                               + `mv '${note}.new' '${note}'\nexec sleep 600\n`, { mode: 0o755 });
  }

  const request = (extra = {}) =>
    upstream.control ({ type: 'spawn_request', runtime_kind: 'claude-code', prompt: 'say hello', origin: 'owner_initiated_spawn', ...extra });

  return [
    ['without-the-program-refused', async () => {
      adapter = await Adapter.discover (machine);
      await adapter.connect (machine.otherProcess ());
      assert.match (await upstream.acked (await request ()), /^failed: `claude` CLI not found in PATH/);
    }],

    ['of-an-unknown-kind-refused', async () => {
      assert.equal (await upstream.acked (await request ({ runtime_kind: 'abacus' })), 'failed: runtime_kind_unsupported: abacus');
    }],

    ['starts-the-program', async () => {
      installProgram ();
      key = await request ();
      const [pid, token, ...args] = (await eventually ('the note of the program', () => fs.existsSync (note) && fs.readFileSync (note, 'utf8')))
        .trim ().split ('\n');
      machine.pids.add (Number (pid));
      assert.deepEqual ([token, args], [key, ['--bg', 'say hello']]);
      assert.equal (await upstream.acked (key), 'received');
    }],

    ['what-was-started-registers', async () => {
      await adapter.register ({ agentId: 'claude', kind: 'claude-code', spawnToken: key });
      const [{ body }] = await upstream.requests ('POST /v1/runtime-endpoints');
      assert.deepEqual (body.runtime_capabilities, ['remote_spawn_v1']);
    }],

    ['is-applied-then', machine.difference ('14.1: the npm daemon acknowledges spawns only to an API host without a scheme', async () => {
      await eventually ('the second acknowledgement', async () => await upstream.acked (key) === 'applied');
    })],

    ['more-than-three-in-a-while-refused', async () => {
      // Refused ones count too, so this is the fourth.
      assert.equal (await upstream.acked (await request ()), 'failed: spawn_rate_limited');
      await adapter.close ();
    }],
  ];
};
