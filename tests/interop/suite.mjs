// suite.mjs: the unmodified BrokerClient of the npm package against one daemon; prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { PeerMachine, OwnMachine } from './machine.mjs';
import { Run } from './tap.mjs';
import { Upstream } from './upstream.mjs';

const names = process.argv.slice (2);
const run = new Run ('/interop/');
for (const name of names) {
  const { default: cases, prepare } = await import (`./cases/${name}.mjs`);
  const machine = new PeerMachine ();
  const upstream = await new Upstream ().start ();
  await prepare?.(upstream);
  await machine.useNetwork (upstream);
  machine.adoptEnvironment ();
  try {
    await run.group (name, cases (machine));
  } finally {
    await machine.close ();
  }
}
process.exit (run.finish () ? 0 : 1);
