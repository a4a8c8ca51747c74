// SPDX-License-Identifier: Apache-2.0
// Every page in every state: page x (loading, failed, there) at 1440 px, dark at 360 px, with nothing in it, and
// forbidden. The pages come from nav.tsx and App.tsx themselves, so a new one is here without being told.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { healthy, meet, settled } from "./look.mjs";
import { root } from "./world.mjs";

/** What these ask for, pages before them have asked for: they are loaded anew. */
const SHARED = ["/campaigns", "/settings/units", "/campaigns/ladder/edit"];
/** Pages that ask for nothing before they can be used. */
const FORMS = ["/campaigns/new", "/desk"];
const WAITING = ".ant-skeleton, .skeleton, .ant-spin-spinning, .waiting, [aria-busy=true]";
const MEMBER_TABS = ["card", "play", "benefits", "points", "orders", "me"];

const source = (path) => readFileSync(join(root, "web/src/console", path), "utf8");
const entries = () =>
  [...source("nav.tsx").matchAll(/path: "([^"]+)",[\s\S]*?needs: "([a-z_]+)"/g)].map(([, path, needs]) => ({
    path,
    needs,
  }));
const inner = () => [...source("App.tsx").matchAll(/path: "(\/[^"]+)",\s+needs/g)].map(([, path]) => path);

/** An address for each page of one thing; a page without one fails here. */
async function addresses(w, c) {
  const [, ns, value] = meet(w, "陈妈妈");
  const member = (await w.api("GET", `/v1/members?ns=${encodeURIComponent(ns)}&value=${value}`)).json.id;
  const { items: orders } = (await w.api("GET", `/v1/members/${member}/orders?limit=1`)).json;
  await w.api("PUT", "/v1/code-batches/sheet", { name: "标签", scene: "inside", count: 24 });
  const examples = {
    "/members/:id": member,
    "/orders/:order": orders?.[0]?.order,
    "/play/:code": "wheel",
    "/codes/:code/sheet": "sheet",
    "/campaigns/:code": "ladder",
    "/campaigns/:code/edit": "ladder",
    "/campaigns/:code/backtests": "ladder",
  };
  return inner().map((path) => {
    c.that(!path.includes(":") || examples[path], `states.mjs knows no example of ${path}`);
    return path.replace(/:\w+/, encodeURIComponent(examples[path] ?? ""));
  });
}

/** Stands between a page and the API: lets through, holds back, or refuses. */
class Gate {
  constructor(page) {
    this.mode = "pass";
    this.held = [];
    this.ready = page.route(/\/v1\/(?!session$)/, (route) => this.take(route));
  }
  take(route) {
    if (route.request().method() !== "GET" || this.mode === "pass") return route.continue();
    if (this.mode === "hold") return this.held.push(route);
    return this.refuse(route);
  }
  refuse(route) {
    const body = { type: "about:blank", title: "out of order", status: 400, code: "out_of_order" };
    return route.fulfill({ status: 400, contentType: "application/problem+json", body: JSON.stringify(body) });
  }
  async set(mode) {
    this.mode = mode;
    for (const route of this.held.splice(0)) await this.take(route);
  }
}

async function loadingFailedThere(w, c, page, gate, path) {
  await gate.set("hold");
  if (SHARED.includes(path)) await page.goto(w.url + path);
  else await w.turn(page, path);
  if (!FORMS.includes(path)) {
    await page.waitForSelector(WAITING).catch(() => c.that(false, `${path} does not say that it waits`));
    await gate.set("fail");
    await page.waitForSelector(".result").catch(() => c.that(false, `${path} does not say that it failed`));
    c.equal(page.errors.join("\n"), "", `${path}, failed: errors`);
  }
  await gate.set("pass");
  for (const again of await page.$$(".result .button")) await again.click();
  await settled(page);
  c.equal(await page.locator(".result").count(), 0, `${path} is there when it is asked for again`);
  await healthy(w, c, page, `${path}, 1440 px`);
}

async function wide(w, c) {
  const page = await w.page();
  const gate = new Gate(page);
  await gate.ready;
  await w.signIn(page, "owner", "/campaigns/new"); // a page that leaves all others unvisited
  const paths = [...entries().map((e) => e.path), ...(await addresses(w, c))];
  c.that(paths.length > 20, "the pages were read");
  for (const path of paths) await loadingFailedThere(w, c, page, gate, path);
  await page.context().close();
}

async function narrowAndDark(w, c) {
  const page = await w.page({ width: 360, dark: true });
  await w.signIn(page, "owner", "/campaigns/new");
  for (const path of [...entries().map((e) => e.path), ...(await addresses(w, c))]) {
    await w.go(page, path);
    await healthy(w, c, page, `${path}, 360 px, dark`);
  }
  await page.context().close();
}

async function empty(w, c) {
  const operator = w.run("key", "create", "--role", "operator").trim();
  const made = await w.api(
    "PUT",
    "/v1/tenants/fresh",
    { name: "新店", zone: "Asia/Shanghai", currency: "CNY" },
    { Authorization: `Bearer ${operator}` },
  );
  c.that(made.status === 200 || made.status === 201, `a fresh tenant: ${made.status}`);
  const line = w.run("user", "create", "owner", "--tenant", "fresh", "--role", "owner");
  w.passwords["owner@fresh"] = line.trim().split(" ")[1];
  const page = await w.page({ width: 360 });
  await w.signIn(page, "owner@fresh", "/campaigns/new");
  for (const { path } of entries()) {
    await w.go(page, path);
    c.equal(await page.locator(".result").count(), 0, `${path} with nothing in it is no failure`);
    c.that((await page.textContent("main")).trim().length > 0, `${path} with nothing in it says something`);
    await healthy(w, c, page, `${path}, nothing in it`, { axe: false });
  }
  await page.context().close();
}

async function forbidden(w, c) {
  const api = (await w.api("GET", "/v1/openapi.json")).json;
  const roles = {};
  for (const item of Object.values(api.paths))
    for (const op of Object.values(item)) roles[op.operationId] = op["x-roles"];
  const users = { developer: "developer", store: "till", auditor: "auditor", service: "service_desk", a1006: "associate" };
  let left = entries().filter((e) => e.path !== "/" && Object.values(users).some((r) => !roles[e.needs].includes(r)));
  c.that(left.length > 5, "some pages are not for everybody");
  for (const [login, role] of Object.entries(users)) {
    const mine = left.filter((e) => !roles[e.needs].includes(role));
    left = left.filter((e) => roles[e.needs].includes(role));
    if (mine.length === 0) continue;
    const page = await w.page();
    await w.signIn(page, login, mine[0].path);
    for (const { path } of mine) {
      await w.go(page, path);
      const text = await page.textContent(".body");
      c.that(text.includes("没有查看权限"), `${login} is told that ${path} is not for her`);
    }
    await healthy(w, c, page, "a forbidden page");
    await page.context().close();
  }
}

/** Till, associate's and member's page, wide and light, narrow and dark. */
async function others(w, c) {
  for (const look of [{ width: 1440 }, { width: 360, dark: true }]) {
    const name = `${look.width} px${look.dark ? ", dark" : ""}`;
    for (const [login, path] of [["store", "/till"], ["a1006", "/associate"]]) {
      const page = await w.page(look);
      await w.signIn(page, login, path);
      await healthy(w, c, page, `${path}, ${name}`);
      await page.context().close();
    }
    const page = await w.page(look);
    await w.memberIn(page, `139${String(look.width).padStart(8, "0")}`);
    for (const tab of MEMBER_TABS) {
      await page.evaluate((hash) => (location.hash = hash), tab);
      await page.waitForSelector(".screen");
      await healthy(w, c, page, `member, ${tab}, ${name}`);
    }
    await page.context().close();
  }
}

export const scenarios = {
  "pages: loading, failed, there": wide,
  "pages: narrow and dark": narrowAndDark,
  "pages: nothing in them": empty,
  "pages: forbidden": forbidden,
  "till, associate and member pages: wide, narrow, dark": others,
};

/** Two minutes and a half: each page three times. The others of these see each page once. */
export const thorough = ["pages: loading, failed, there", "pages: nothing in them"];
