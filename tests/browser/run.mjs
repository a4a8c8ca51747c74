// SPDX-License-Identifier: Apache-2.0
// node tests/browser/run.mjs PROGRAM [PART-OF-A-NAME]   The pages in a real browser on the real server.
// TB_PICTURES=FOLDER also keeps screenshots there. Says what each scenario spent, and in a line "totals" who tried twice
// and how much of the processors all took. Ends with "N passed, N failed".
//
// A new file of scenarios stands in one of the `lanes` below and exports
//
//   export const scenarios = { "what somebody does": async (w, c) => { ... } };   in the order in which they run
//   export const quick = ["what somebody does"];                                  also in ./check fast; may be absent
//   export const thorough = ["what somebody does"];                               in ./check long alone; may be absent
//   export const alone = ["what somebody does"];                                  after all lanes; may be absent
//
// A lane is a world of its own (data, server, ports); AT_ONCE lanes run side by side, the longest first, and the
// files of a lane one after the other, on what those before them left. Ask for nothing by its place in a list, and make what you need.
//
//   const page = await w.page({ phone, dark, width, motion });   its own cookies; motion is off unless asked for
//   await w.signIn(page, "marketer", "/campaigns");   owner marketer store a1006 service auditor developer (ROLES)
//   await w.signIn(page, "leaver", "/", { own: true });   to a session of this page's own, by the form; else they share
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
const lanes = [
  ["states"],
  ["scenarios"],
  ["day"],
  ["desk"],
  ["analysis", "imports", "rights", "asked"],
];
const AT_ONCE = 3; // two of them leave two cores a quarter of the time

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
const long = process.env.TB_CHECK === "long";

async function attempt(world, name, run) {
  const own = new Checks();
  try {
    await run(world, own);
    return { own };
  } catch (e) {
    await world.photograph(name);
    return { own, why: `${name}: ${e.stack.split("\n").slice(0, 6).join("\n")}` };
  }
}

/** Whoever waited in vain tries once more, in a world of its own: what is wrong with the pages is wrong again. */
const again = [];
let done = 0;
async function scenario(origin, world, name, run) {
  const begin = Date.now();
  let { own, why } = await attempt(world, name, run);
  if (why) {
    console.log(`once more: ${why}`);
    again.push(name);
    const fresh = await origin.twin();
    ({ own, why } = await attempt(fresh, name, run));
    await fresh.close();
  }
  if (why) own.that(false, why);
  done += 1;
  checks.passed += own.passed;
  checks.failed += own.failed;
  const parts = Object.entries(world.spent).map(([what, { n, ms }]) => `, ${what} ${seconds(ms)} in ${n}`);
  world.spent = {};
  console.log(`${name} (${seconds(Date.now() - begin)} s${parts.join("")})`);
}
const seconds = (ms) => (ms / 1000).toFixed(1);

async function lane(origin, files, last) {
  const todo = [];
  for (const file of files) {
    const { scenarios, quick = [], thorough = [], alone = [] } = await import(`./${file}.mjs`);
    const wanted = (name) =>
      alone.includes(name) === last &&
      (part ? name.includes(part) : fast ? quick.includes(name) : long || !thorough.includes(name));
    todo.push(...Object.entries(scenarios).filter(([name]) => wanted(name)));
  }
  if (todo.length === 0) return;
  const world = await origin.twin();
  try {
    for (const [name, run] of todo) await scenario(origin, world, name, run);
  } finally {
    await world.close();
  }
}

const { World, chromiumFile } = await import("./world.mjs");
if (!chromiumFile) {
  console.log("skipped: no chromium");
  process.exit(0);
}
const origin = await World.make(program);
try {
  const left = [...lanes];
  const work = async () => {
    for (let files; (files = left.shift()); ) await lane(origin, files, false);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await lane(origin, lanes.flat(), true);
} finally {
  await origin.unmake();
}
const once = again.length === 0 ? "each at the first try" : `at the second try: ${again.join("; ")}`;
console.log(`totals: ${done} scenarios, ${once}; ${Object.entries(origin.cpu).map(([k, s]) => `${k} ${s.toFixed(0)} s`).join(", ")} of processors`);
console.log(`${checks.passed} passed, ${checks.failed} failed`);
process.exit(checks.failed ? 1 : 0);
