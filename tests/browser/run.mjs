// SPDX-License-Identifier: Apache-2.0
// node tests/browser/run.mjs PROGRAM   The pages in a real browser on the real server.
// TB_PICTURES=FOLDER also keeps screenshots there. Ends with "N passed, N failed".
import { existsSync } from "node:fs";
import { quick, scenarios } from "./scenarios.mjs";

let passed = 0;
let failed = 0;
const checks = {
  that(condition, text) {
    if (condition) passed += 1;
    else {
      failed += 1;
      console.log(`FAILED: ${text}`);
    }
  },
  equal(have, want, text) {
    this.that(have === want, `${text}: ${JSON.stringify(have)}, not ${JSON.stringify(want)}`);
  },
};

if (!existsSync(process.env.TB_CHROMIUM ?? "/usr/bin/chromium")) {
  console.log("skipped: no chromium");
  process.exit(0);
}
const { World } = await import("./world.mjs");
const world = await World.open(process.argv[2]);
try {
  for (const [name, run] of Object.entries(scenarios)) {
    if (process.argv[3] && !name.includes(process.argv[3])) continue;
    if (process.env.TB_CHECK === "fast" && !quick.includes(name)) continue;
    const begin = Date.now();
    try {
      await run(world, checks);
    } catch (e) {
      await world.photograph();
      checks.that(false, `${name}: ${e.stack.split("\n").slice(0, 6).join("\n")}`);
    }
    console.log(`${name} (${Math.round((Date.now() - begin) / 100) / 10} s)`);
  }
} finally {
  await world.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
