// SPDX-License-Identifier: Apache-2.0
// Looking at a page: a picture when one is wanted, axe, errors, whether it fits.
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const pictures = process.env.TB_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });

export async function look(page, name) {
  if (!pictures) return;
  await page.waitForTimeout(900);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

export const meet = (w, name) => new RegExp(`^meet ${name} \\((\\S+) (\\S+)\\)`, "m").exec(w.people);
export const noOverflow = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1);

// A list of choices that is closing is neither there nor gone.
const settled = () =>
  [...document.querySelectorAll(".ant-select-dropdown")].every(
    (e) => e.classList.contains("ant-select-dropdown-hidden") || e.offsetParent === null,
  );

export async function healthy(w, c, page, name) {
  for (let i = 0; i < 100 && !(await page.evaluate(settled)); i += 1) await page.waitForTimeout(50);
  c.equal((await w.axe(page)).join("\n"), "", `${name}: axe`);
  c.equal(page.errors.join("\n"), "", `${name}: errors`);
}
