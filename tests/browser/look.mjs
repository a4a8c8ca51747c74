// SPDX-License-Identifier: Apache-2.0
// Looking at a page and waiting for it: what run.mjs describes at its head. Nothing here sleeps:
// settled() ends when nothing is asked of the server, nothing moves and nothing stands in for data.
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const pictures = process.env.TB_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });
const LIMIT_MS = 20_000;

/** In the page: resolves with "" when two frames passed without anything busy, else with what still is. */
const quiet = (limit) =>
  new Promise((done) => {
    const ANT = ".ant-skeleton, .ant-spin-spinning, .ant-btn-loading, .adm-skeleton, .adm-dot-loading";
    const BUSY = `${ANT}, .skeleton, .waiting, [aria-busy=true]`;
    // a list of choices that is closing is neither there nor gone
    const CLOSING = ".ant-select-dropdown:not(.ant-select-dropdown-hidden)";
    const choosing = () => document.querySelector(".ant-select-open");
    const seen = (e) => e.offsetParent !== null || getComputedStyle(e).position === "fixed";
    const ends = (a) => a.playState === "running" && Number.isFinite(a.effect?.getComputedTiming().endTime);
    const busy = () => {
      const stand = [...document.querySelectorAll(BUSY)].find(seen);
      if (stand) return stand.className;
      if (!choosing() && [...document.querySelectorAll(CLOSING)].some(seen)) return "a list that closes";
      const shown = document.querySelector("[data-path]");
      if (shown && shown.dataset.path !== location.pathname) return "a page that is being fetched";
      const moving = document.getAnimations().find(ends);
      return moving ? `an animation of ${moving.effect.target?.className}` : "";
    };
    const begin = performance.now();
    let frames = 0;
    const look = () => {
      const what = busy();
      frames = what ? 0 : frames + 1;
      if (frames >= 2 || performance.now() - begin > limit) done(what);
      else requestAnimationFrame(look);
    };
    look();
  });

/** Until the page has all that it asked for and stands still. */
export async function settled(page) {
  const until = Date.now() + LIMIT_MS;
  do {
    while (page.asked.size > 0)
      await once(page.answers, "one", { signal: AbortSignal.timeout(Math.max(until - Date.now(), 1)) }).catch(() => {
        throw new Error(`not answered: ${[...page.asked].map((r) => r.url())}`);
      });
    const busy = await page.evaluate(quiet, LIMIT_MS);
    if (busy) throw new Error(`still busy: ${busy}`);
  } while (page.asked.size > 0);
}

/** A picture, when pictures are wanted. */
export async function look(page, name) {
  if (!pictures) return;
  await settled(page);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

export const meet = (w, name) => new RegExp(`^meet ${name} \\((\\S+) (\\S+)\\)`, "m").exec(w.people);
export const noOverflow = async (page) => (await tooWide(page)) === "";

/** What makes the page wider than its window; "" when it fits. */
const tooWide = (page) =>
  page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth + 1) return "";
    const hidden = (e) => e && (/(auto|scroll|hidden|clip)/.test(getComputedStyle(e).overflowX) || hidden(e.parentElement));
    const all = [...document.body.querySelectorAll("*")];
    const out = all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !hidden(e.parentElement));
    return `${document.documentElement.scrollWidth} px by ${out.slice(0, 4).map((e) => `${e.tagName}.${e.className}`)}`;
  });

/** What a page says when a figure is none. */
const NONSENSE = /\b(NaN|undefined|Infinity|null)\b|\[object /;

/** Settled, no serious finding of axe, no error of a script or of the security policy, no nonsense, fits its width. */
export async function healthy(w, c, page, name, { axe = true } = {}) {
  await settled(page);
  if (axe) c.equal((await w.axe(page)).join("\n"), "", `${name}: axe`);
  const text = await page.evaluate(() => document.body.innerText);
  c.equal(NONSENSE.exec(text)?.[0], undefined, `${name}: nonsense`);
  c.equal(page.errors.join("\n"), "", `${name}: errors`);
  c.equal(await tooWide(page), "", `${name}: wider than ${page.viewportSize().width} px`);
}

/** One of the choices of the list that is open (Ant Design's Select). */
export const option = (page, text) =>
  page
    .locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option", { hasText: text })
    .first();

/** The dialog that says so: never the one that stood there before and is on its way out. */
export const dialog = (page, text) => page.locator(".ant-modal:visible", { hasText: text });

/** Presses its main button and waits until it is gone. */
export async function agree(page, text) {
  const it = dialog(page, text);
  await it.locator(".ant-btn-primary").last().click();
  await it.waitFor({ state: "hidden" });
}

/** Digits, sign and point of what stands there: "¥1,234.50" is "1234.50". */
export const digits = async (page, selector) => (await page.textContent(selector)).replace(/[^\d.-]/g, "");
