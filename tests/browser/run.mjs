// SPDX-License-Identifier: Apache-2.0
// node tests/browser/run.mjs PROGRAM [PART-OF-A-NAME]   The pages in a real browser on the real server.
// TB_PICTURES=FOLDER also keeps screenshots there. Ends with "N passed, N failed".
//
// A new file of scenarios stands in one of the `lanes` below and exports
//
//   export const scenarios = { "what somebody does": async (w, c) => { ... } };   in the order in which they run
//   export const quick = ["what somebody does"];                                  also in ./check fast; may be absent
//
// A lane is a world of its own (data, server, ports); lanes run side by side, the files of a lane one after the
// other, on what those before them left. Ask for nothing by its place in a list, and make what you need.
//
//   const page = await w.page({ phone, dark, width, motion });   its own cookies; motion is off unless asked for
//   await w.signIn(page, "marketer", "/campaigns");   owner marketer store a1006 service auditor developer (ROLES)
//   await w.go(page, "/codes");                        as the menu goes there, without loading anew; settled
//   (await w.api("GET", "/v1/units/x")).json           the API with the owner's key; .status
//   w.sql("SELECT ...")[0].n                           the published tables, flushed: the judge of every figure
//   w.run("user", "create", ...)                       a verb of the program on this world's folder
//   c.equal(have, want, "text"); c.that(condition, "text");
//
// look.mjs: settled(page) waits until all is answered and nothing moves; healthy(w, c, page, "name") is settled, axe,
// errors and width; look(page, "picture-name"); option(page, "text"); dialog(page, "text"), agree(page, "text").
// Never sleep and never wait for a number of milliseconds: wait for what the user waits for (waitForSelector,
// waitForURL), or for settled(). The pages' security policy forbids page.waitForFunction; use page.evaluate.
// End with `await page.context().close()`. A new page of the console is in nav.tsx, and states.mjs then visits it
// at two widths, dark, empty, loading, failed and forbidden without being told.
import { existsSync } from "node:fs";

const lanes = [
  ["scenarios", "states"],
  ["day", "analysis", "imports", "desk"],
];

class Checks {
  passed = 0;
  failed = 0;
  that(condition, text) {
    if (condition) this.passed += 1;
    else {
      this.failed += 1;
      console.log(`FAILED: ${text}`);
    }
  }
  equal(have, want, text) {
    this.that(have === want, `${text}: ${JSON.stringify(have)}, not ${JSON.stringify(want)}`);
  }
}

const checks = new Checks();
const [program, part = ""] = process.argv.slice(2);
const fast = process.env.TB_CHECK === "fast";

async function scenario(world, name, run) {
  const begin = Date.now();
  try {
    await run(world, checks);
  } catch (e) {
    await world.photograph(name);
    checks.that(false, `${name}: ${e.stack.split("\n").slice(0, 6).join("\n")}`);
  }
  console.log(`${name} (${Math.round((Date.now() - begin) / 100) / 10} s)`);
}

async function lane(origin, files) {
  const todo = [];
  for (const file of files) {
    const { scenarios, quick = [] } = await import(`./${file}.mjs`);
    for (const [name, run] of Object.entries(scenarios))
      if (name.includes(part) && (!fast || quick.includes(name))) todo.push([name, run]);
  }
  if (todo.length === 0) return;
  const world = await origin.twin();
  try {
    for (const [name, run] of todo) await scenario(world, name, run);
  } finally {
    await world.close();
  }
}

if (!existsSync(process.env.TB_CHROMIUM ?? "/usr/bin/chromium")) {
  console.log("skipped: no chromium");
  process.exit(0);
}
const { World } = await import("./world.mjs");
const origin = await World.make(program);
try {
  await Promise.all(lanes.map((files) => lane(origin, files)));
} finally {
  await origin.unmake();
}
console.log(`${checks.passed} passed, ${checks.failed} failed`);
process.exit(checks.failed ? 1 : 0);
