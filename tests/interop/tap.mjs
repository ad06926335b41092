// tap.mjs: runs named cases one after the other and prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later

const CASE_LIMIT_MS = 30000;

// Throw one to skip a case: the reason is printed.
export class Skip extends Error {}

export function skipAll (reason) {
  console.log (`1..0 # SKIP ${reason}`);
  process.exit (0);
}

function withLimit (promise, ms, text) {
  let timer;
  const limit = new Promise ((resolve, reject) => {
    timer = setTimeout (() => reject (new Error (`${text} took more than ${ms} ms`)), ms);
  });
  return Promise.race ([promise, limit]).finally (() => clearTimeout (timer));
}

function explain (error) {
  const text = error?.stack ?? String (error);
  for (const line of text.split ('\n').slice (0, 12))
    console.log (`# ${line}`);
}

// @cases: [name, async function]. Cases build on one another, so the first failure ends the run: what follows is not run,
// and counts as failed. Returns whether all passed.
export async function run (prefix, cases) {
  let failed = null;

  console.log (`1..${cases.length}`);
  for (const [index, [name, body]] of cases.entries ()) {
    const line = `${index + 1} ${prefix}${name}`;
    if (failed) {
      console.log (`not ok ${line}`);
      console.log (`# not run: '${failed}' failed before`);
      continue;
    }
    try {
      await withLimit (body (), CASE_LIMIT_MS, name);
      console.log (`ok ${line}`);
    } catch (error) {
      if (error instanceof Skip) {
        console.log (`ok ${line} # SKIP ${error.message}`);
        continue;
      }
      console.log (`not ok ${line}`);
      explain (error);
      failed = name;
    }
  }
  return failed === null;
}

// Resolves with the first truthy value of @probe; looks every 20 ms, since another process changes what it looks at.
export async function eventually (what, probe, limitMs = 15000) {
  const deadline = Date.now () + limitMs;
  for (;;) {
    const value = await probe ();
    if (value)
      return value;
    if (Date.now () > deadline)
      throw new Error (`never came: ${what}`);
    await new Promise ((resolve) => setTimeout (resolve, 20));
  }
}
