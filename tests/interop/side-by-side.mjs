// side-by-side.mjs: the same cases with both daemons, as one table, and the list of what is different
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// usage: node side-by-side.mjs SIMULATED-UPSTREAM BROKERD BROKERCTL MODULE-FOLDER [GROUP...]

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { here } from './machine.mjs';

const [network, brokerd, brokerctl, modules, ...groups] = process.argv.slice (2);
const children = new Set ();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once (signal, () => {
    for (const child of children)
      child.kill ('SIGTERM');
  });

// Runs a TAP program. Resolves with what became of each case, by its name: { outcome, reason, lines }.
async function results (...args) {
  const child = spawn (process.execPath, [path.join (here, args[0]), ...args.slice (1)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const cases = new Map ();
  let last;

  children.add (child);
  for await (const line of createInterface ({ input: child.stdout })) {
    const [, failed, name, reason] = line.match (/^(not )?ok \d+ (\S+)(?: # SKIP (.*))?$/) ?? [];
    if (name)
      cases.set (name, last = { outcome: failed ? 'FAILED' : reason ? 'differs' : 'ok', reason, lines: [] });
    else if (line.startsWith ('# '))
      last?.lines.push (line.slice (2));
  }
  children.delete (child);
  return cases;
}

function printTable (rows) {
  const widths = [0, 1, 2].map ((column) => Math.max (...rows.map ((row) => row[column].length)));
  const line = (row) => `| ${row.map ((cell, column) => cell.padEnd (widths[column])).join (' | ')} |`;
  console.log (line (rows[0]));
  console.log (`|${widths.map ((width) => '-'.repeat (width + 2)).join ('|')}|`);
  rows.slice (1).forEach ((row) => console.log (line (row)));
}

function count (cases, outcome) {
  return [...cases.values ()].filter ((item) => item.outcome === outcome).length;
}

// The suites are mostly waiting; the conversations look at the order of things, and have the machine for themselves.
const start = Date.now ();
const [theirs, ours] = await Promise.all ([
  results ('suite.mjs', '--network', network, '--peer', ...groups),
  results ('suite.mjs', '--network', network, brokerd, brokerctl, modules, ...groups),
]);
const parity = groups.length ? new Map () : await results ('parity.mjs', network, brokerd, brokerctl, modules);

if (theirs.size === 0 || ours.size === 0) {
  console.log ('Nothing ran; `node suite.mjs` with the same arguments says why. The npm package comes with `npm ci` in tests/interop.');
  process.exit (1);
}

const names = [...new Set ([...theirs.keys (), ...ours.keys ()])];
const outcomeOf = (cases, name) => cases.get (name)?.outcome ?? 'not run';
printTable ([['case', 'npm daemon', 'runtime-broker'],
             ...names.map ((name) => [name.replace ('/interop/', ''), outcomeOf (theirs, name), outcomeOf (ours, name)])]);

for (const [title, cases] of [['Where the npm daemon differs, and what it does instead', theirs], ['Where ours differs', ours]]) {
  console.log (`\n${title}:\n`);
  for (const [name, { outcome, reason, lines }] of cases)
    if (outcome === 'differs')
      console.log (`- ${name.replace ('/interop/', '')}: ${reason}${lines.length ? `\n    ${lines[0].replace (/^instead: /, '')}` : ''}`);
}
console.log ('\nWhere the same conversation is another one:\n');
for (const [name, { outcome, lines }] of parity)
  if (outcome !== 'ok' || name.includes ('/difference/'))
    console.log (`- ${name.replace ('/interop/parity/', '').replace ('difference/', '')}${outcome === 'ok' ? '' : ' FAILED'}: ${lines.join ('\n    ')}`);

for (const [title, cases] of [['npm daemon', theirs], ['runtime-broker', ours]])
  for (const [name, { outcome, lines }] of cases)
    if (outcome === 'FAILED')
      console.log (`\n${title}, ${name}:\n    ${lines.join ('\n    ')}`);

console.log (`\nnpm daemon: ${count (theirs, 'ok')} ok, ${count (theirs, 'differs')} differ, ${count (theirs, 'FAILED')} failed; `
             + `runtime-broker: ${count (ours, 'ok')} ok, ${count (ours, 'differs')} differ, ${count (ours, 'FAILED')} failed; `
             + `conversation: ${count (parity, 'ok')} ok, ${count (parity, 'FAILED')} failed; ${Math.round ((Date.now () - start) / 1000)} s`);
process.exit ([theirs, ours, parity].some ((cases) => count (cases, 'FAILED')) ? 1 : 0);
