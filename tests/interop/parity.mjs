// parity.mjs: the same conversation with both daemons, and every difference in what was said; prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// usage: node parity.mjs SIMULATED-UPSTREAM BROKERD BROKERCTL MODULE-FOLDER
//        node parity.mjs SIMULATED-UPSTREAM      the npm daemon with itself, to prove that the record has nothing of chance

import assert from 'node:assert/strict';
import path from 'node:path';
import { Run, skipAll } from './tap.mjs';

await import ('ws').catch (() => skipAll ('the npm package is not here: `npm ci` in tests/interop, or sh tests/run.sh'));
const { record } = await import ('./conversation.mjs');
const { differences } = await import ('./differences.mjs');
const { OwnMachine, PeerMachine } = await import ('./machine.mjs');
const { normalised } = await import ('./normalise.mjs');
const { Upstream } = await import ('./upstream.mjs');

const [network, ...programs] = process.argv.slice (2).map ((name) => path.resolve (name));

async function recordOf (machine) {
  try {
    await machine.useNetwork (await Upstream.start (network));
    return normalised (await record (machine));
  } finally {
    await machine.close ();
  }
}

const [theirs, ours] = await Promise.all ([new PeerMachine (), programs.length ? new OwnMachine (...programs) : new PeerMachine ()].map (recordOf));
const known = programs.length ? differences : [];
const applied = known.map ((difference) => [difference, difference.undo (ours)]);

const run = new Run ('/interop/parity/');
for (const [index, step] of theirs.entries ())
  await run.group (step.name.replaceAll (' ', '-'), Object.keys (step).filter ((key) => key !== 'name').map ((key) =>
    [key, async () => assert.deepEqual (ours[index][key], step[key])]));
for (const [{ name, reason, isByChance }, count] of applied)
  await run.group ('difference', [[name, async () => {
    assert.ok (count > 0 || isByChance, 'this is no difference any more');
    return reason;
  }]]);
process.exit (run.finish () ? 0 : 1);
