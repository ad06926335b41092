// suite.mjs: the unmodified BrokerClient of the npm package against one daemon; prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// usage: node suite.mjs --network SIMULATED-UPSTREAM [--peer | BROKERD BROKERCTL MODULE-FOLDER] [GROUP...]
//          the daemon and the simulated network; --peer is the npm daemon, to prove that the cases describe it
//        node suite.mjs --local BROKERD BROKERCTL MODULE-FOLDER
//          ours on the network of one machine

import assert from 'node:assert/strict';
import path from 'node:path';
import { Run, Skip, skipAll } from './tap.mjs';

await import ('@masons/runtime-broker').catch ((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND')
    throw error;
  skipAll ('the npm package is not here: `npm ci` in tests/interop, or sh tests/run.sh');
});
const { OwnMachine, PeerMachine } = await import ('./machine.mjs');
const { Upstream } = await import ('./upstream.mjs');

const networkGroups = ['discover', 'connect', 'endpoints', 'messages', 'assignments', 'pulls', 'staged', 'spawn', 'restart', 'improvements', 'old-adapters',
                       'old-network'];

const args = process.argv.slice (2);
const isLocal = args[0] === '--local';
const network = isLocal ? (args.shift (), null) : args.splice (0, 2)[1];
const isPeer = args[0] === '--peer';
const programs = isPeer ? (args.shift (), []) : args.splice (0, 3).map ((name) => path.resolve (name));
const groups = args.length ? args : isLocal ? ['local'] : networkGroups;

async function newMachine (prepare) {
  const machine = isPeer ? new PeerMachine () : new OwnMachine (...programs);
  if (isLocal) {
    Object.assign (machine, await machine.localAccount (machine.account));
  } else {
    await machine.useNetwork (await Upstream.start (network));
    await prepare?.(machine.upstream);
  }
  machine.adoptEnvironment ();
  return machine;
}

const closing = (machine) => [
  ['the-network-had-no-objection', async () => {
    const objections = await machine.upstream?.violations () ?? [];
    if (machine.isPeer && objections.length)
      throw new Skip ('the npm daemon breaks rules of the network', objections.join ('; '));
    assert.deepEqual (objections, []);
  }],
  ['the-daemon-had-no-sanitizer-report', async () => {
    await machine.endAll ();
    assert.deepEqual (machine.reports (), []);
  }],
];

const run = new Run ('/interop/');
for (const group of groups) {
  const { default: cases, prepare } = await import (`./cases/${group}.mjs`);
  const machine = await newMachine (prepare);
  try {
    await run.group (group, cases (machine));
    await run.group (group, closing (machine));
  } finally {
    await machine.close ();
  }
}
process.exit (run.finish () ? 0 : 1);
