// tap.mjs: runs groups of named cases one after the other and prints TAP
//
// SPDX-License-Identifier: LGPL-2.1-or-later

const CASE_LIMIT_MS = 30000;
const PATIENCE_MS = 15000;
const HASTE_MS = 700;

let patienceMs = PATIENCE_MS;

// Throw one to skip a case: the reason is printed, and what happens @instead.
export class Skip extends Error {
  constructor (reason, instead) {
    super (reason);
    this.instead = instead;
  }
}

// An assertion's message says in several lines what was there (+) and what should have been (-).
export function shortened (text) {
  return text.split ('\n').map ((line) => line.trim ()).filter ((line) => line && !/^[\^{}]|actual - expected|^Expected values/.test (line))
    .join (' ').slice (0, 160);
}

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
  for (const line of text.split ('\n').slice (0, 30))
    console.log (`# ${line}`);
}

export class Run {
  constructor (prefix) {
    this.prefix = prefix;
    this.count = 0;
    this.failures = 0;
  }

  #say (passed, name, directive = '') {
    console.log (`${passed ? 'ok' : 'not ok'} ${++this.count} ${this.prefix}${name}${directive}`);
    this.failures += passed ? 0 : 1;
  }

  // @cases: [name, async function]; a text that it resolves with is printed. The cases of a group build on one another: after a
  // failure the others are run as well, but with little patience.
  async group (name, cases) {
    let failed = null;

    patienceMs = PATIENCE_MS;
    for (const [caseName, body] of cases) {
      const fullName = `${name}/${caseName}`;
      try {
        const note = await withLimit (body (), CASE_LIMIT_MS, fullName);
        this.#say (true, fullName);
        if (typeof note === 'string')
          console.log (`# ${note}`);
      } catch (error) {
        if (error instanceof Skip) {
          this.#say (true, fullName, ` # SKIP ${error.message}`);
          if (error.instead)
            console.log (`# instead: ${error.instead}`);
          continue;
        }
        this.#say (false, fullName);
        if (failed)
          console.log (`# ${shortened (String (error?.message))} ('${failed}' failed before)`);
        else
          explain (error);
        failed ??= fullName;
        patienceMs = HASTE_MS;
      }
    }
    return failed === null;
  }

  // Returns whether all passed.
  finish () {
    console.log (`1..${this.count}`);
    return this.failures === 0;
  }
}

// Runs @body, which is expected to fail, without waiting for long for what will not come. Returns its error, or null.
export async function failureOf (body, enoughMs = HASTE_MS) {
  const before = patienceMs;
  patienceMs = enoughMs;
  try {
    await body ();
    return null;
  } catch (error) {
    return error;
  } finally {
    patienceMs = before;
  }
}

// Resolves with the first truthy value of @probe; looks every 20 ms, since another process changes what it looks at.
export async function eventually (what, probe) {
  const deadline = Date.now () + patienceMs;
  for (;;) {
    const value = await probe ();
    if (value)
      return value;
    if (Date.now () > deadline)
      throw new Error (`never came: ${what}`);
    await new Promise ((resolve) => setTimeout (resolve, 20));
  }
}
