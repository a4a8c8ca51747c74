// SPDX-License-Identifier: Apache-2.0
// What people do on the pages, in the order in which they would.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { agree, healthy, look, meet, noOverflow, settled } from "./look.mjs";
import { operations } from "./operations.mjs";
import { speeds } from "./ready.mjs";
import { root } from "./world.mjs";

const KIB = 1024;

async function abuse(w, c) {
  const page = await w.page();
  await page.goto(w.url);
  await look(page, "sign-in");
  await healthy(w, c, page, "sign-in");
  for (let i = 0; i < 6; i++) {
    await page.fill("#user", "auditor@helin");
    await page.fill("#password", `wrong ${i}`);
    await page.click("button[type=submit]");
    await page.waitForSelector("[role=alert]");
    await page.waitForSelector("button[type=submit]:not([aria-busy=true])");
  }
  const last = await w.api(
    "POST",
    "/v1/session",
    { user: "auditor@helin", password: w.passwords.auditor },
    { Authorization: "" },
  );
  c.equal(last.status, 429, "a name that failed six times waits, even with the right password");
  const forged = await fetch(`${w.url}/v1/members`, {
    headers: { Cookie: "tb_session=0.zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" },
  });
  c.equal(forged.status, 401, "a forged cookie");
  await w.signIn(page, "owner", "/", { own: true });
  const status = (headers) =>
    page.evaluate(
      async (h) =>
        (
          await fetch("/v1/keys", {
            method: "POST",
            body: '{"roles":["owner"]}',
            headers: { "Content-Type": "application/json", "Idempotency-Key": "x1", ...h },
          })
        ).status,
      headers,
    );
  c.equal(await status({}), 403, "a write without the token");
  c.equal(await status({ "X-CSRF-Token": "0".repeat(32) }), 403, "a write with another's token");
  const cookies = await page.context().cookies();
  const cookie = cookies.find((x) => x.name === "tb_session");
  c.that(
    cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict",
    "the cookie is HttpOnly, Secure and Strict",
  );
  c.that(!(await page.evaluate(() => document.cookie)).includes("tb_session"), "scripts cannot read it");
  await page.waitForSelector(".tile .figure"); // what arrives later would move the menu away
  await page.click(".who");
  await page.click("[role=menuitem]:has-text('退出登录')");
  await page.waitForSelector("#user");
  c.equal(
    (await fetch(`${w.url}/v1/session`, { headers: { Cookie: `tb_session=${cookie.value}` } })).status,
    401,
    "signed out is signed out",
  );
  await fixation(w, c, page, cookie.value);
  await ended(w, c);
  const traversal = await Promise.all(
    ["/..%2f..%2fetc/passwd", "/assets/..%2f.stamp", "/.stamp", "/assets/%2e%2e/x.js"].map((p) => fetch(w.url + p)),
  );
  c.that(
    traversal.every((r) => r.status === 404 || r.status === 400),
    `outside of the folder: ${traversal.map((r) => r.status)}`,
  );
  const head = await fetch(w.url, { headers: { Accept: "text/html" } });
  const policy = head.headers.get("content-security-policy") ?? "";
  c.that(
    /script-src 'self'(;|$)/.test(policy) && /default-src 'none'/.test(policy),
    "scripts come from here alone",
  );
  await page.context().close();
}

/** A cookie that somebody laid in the browser before is nobody's after signing in, and neither is an old one. */
async function fixation(w, c, page, old) {
  const laid = "7.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  for (const value of [laid, old]) {
    await page.context().addCookies([{ name: "tb_session", value, url: w.url }]);
    await w.signIn(page, "owner", "/", { own: true });
    const { value: fresh } = (await page.context().cookies()).find((x) => x.name === "tb_session");
    c.that(fresh !== value, "signing in gives a new cookie");
    const as = (cookie) => fetch(`${w.url}/v1/session`, { headers: { Cookie: `tb_session=${cookie}` } });
    c.equal((await as(value)).status, 401, "the cookie from before opens nothing");
    c.equal((await as(fresh)).status, 200, "the new one does");
    await page.context().clearCookies();
  }
}

/** Her user is revoked while she looks at a page: what she does next signs her out, and a wrong role does nothing. */
async function ended(w, c) {
  const line = w.run("user", "create", "leaver", "--tenant", "helin", "--role", "marketer");
  w.passwords.leaver = line.trim().split(" ")[1];
  const page = await w.page();
  await w.signIn(page, "leaver", "/campaigns", { own: true });
  await page.waitForSelector("tr:has-text('晚八点')");
  const { csrf } = await page.evaluate(async () => (await fetch("/v1/session")).json());
  const send = (method, path, body) =>
    page.evaluate(
      async ([m, p, b, token]) =>
        (
          await fetch(p, {
            method: m,
            body: b,
            headers: { "Content-Type": "application/json", "Idempotency-Key": "r1", "X-CSRF-Token": token },
          })
        ).status,
      [method, path, body, csrf],
    );
  c.equal(await send("POST", "/v1/keys", '{"roles":["owner"]}'), 403, "a marketer makes no keys");
  c.equal(await send("PUT", "/v1/webhooks/mine", '{"url":"https://example.com/x"}'), 403, "nor sends data elsewhere");
  const { items } = (await w.api("GET", "/v1/keys?limit=100")).json;
  const her = items.find((k) => k.code.endsWith("leaver"));
  const revoked = await w.api("POST", `/v1/keys/${encodeURIComponent(her.code)}/revoke`);
  c.equal(revoked.status, 200, "she is revoked");
  await page.click(".menu-item:has-text('码')");
  await page.waitForSelector("#user");
  c.that(!(await page.isVisible(".frame")), "nothing of the page is left when the session has ended");
  await page.context().close();
}

/** What a role sees in the menu is what the table lets it call. */
async function parity(w, c) {
  const api = (await w.api("GET", "/v1/openapi.json")).json;
  const rolesOf = {};
  for (const item of Object.values(api.paths))
    for (const op of Object.values(item)) rolesOf[op.operationId] = op["x-roles"];
  const nav = readFileSync(join(root, "web/src/console/nav.tsx"), "utf8");
  const entries = [...nav.matchAll(/path: "([^"]+)",[\s\S]*?needs: "([a-z_]+)"/g)].map((m) => ({
    path: m[1],
    needs: m[2],
  }));
  c.that(entries.length > 12, "the menu was read");
  const role = { marketer: "marketer", service: "service_desk" };
  for (const [login, name] of Object.entries(role)) {
    const page = await w.page();
    await w.signIn(page, login);
    await page.waitForSelector(".menu-item");
    const shown = await page.$$eval(".menu-item", (all) => all.length);
    c.equal(shown, entries.filter((e) => rolesOf[e.needs].includes(name)).length, `${login}'s menu`);
    const closed = entries.find((e) => !rolesOf[e.needs].includes(name));
    if (closed) {
      await page.goto(w.url + closed.path);
      if (closed.path !== "/")
        c.that(await page.waitForSelector("text=没有查看权限"), `${login} at ${closed.path}`);
    }
    await page.context().close();
  }
}

async function today(w, c) {
  const page = await w.page();
  await w.signIn(page, "owner");
  await page.waitForSelector(".tile .figure");
  await page.waitForSelector("canvas");
  const shown = (i) => page.$eval(`.tile:nth-child(${i}) .figure`, (e) => e.textContent);
  const { json } = await w.api("GET", "/v1/reports/today");
  const days = Math.floor(Date.parse(`${json.day}T00:00:00Z`) / 86_400_000);
  const one = async (sql) => Object.values((await w.sql(sql))[0])[0];
  const helin = "(SELECT tenant FROM tenants WHERE code = 'helin')";
  c.equal(
    await shown(2),
    new Intl.NumberFormat("zh-CN").format(
      await one(`SELECT count(*) FROM orders WHERE tenant = ${helin} AND day = ${days} AND state <> 3`),
    ),
    "orders of today",
  );
  const net = await one(
    `SELECT coalesce(sum(net), 0) FROM orders WHERE tenant = ${helin} AND day = ${days} AND state <> 3`,
  );
  const back = await one(`SELECT coalesce(sum(net), 0) FROM returns WHERE tenant = ${helin} AND day = ${days}`);
  c.equal((await shown(1)).replace(/[^\d.-]/g, ""), ((net - back) / 100).toFixed(2), "net of today");
  const counts = (await w.sql("SELECT persons, members FROM tenants WHERE code = 'helin'"))[0];
  c.equal(json.counts.persons, counts.persons, "persons");
  c.equal(json.counts.members, counts.members, "members");
  const points = await one(
    `SELECT sum(b.available) FROM balances b JOIN units u ON u.unit = b.unit WHERE u.code = 'points' AND u.tenant = ${helin}`,
  );
  c.equal(json.liability.find((u) => u.unit === "points").available, points, "points outstanding");
  const row = (table, more) => `SELECT count(*) FROM ${table} WHERE tenant = ${helin} ${more}`;
  const funnel = [
    row("persons", ""),
    row("persons", "AND enrolled_ms IS NOT NULL"),
    row("persons", "AND enrolled_ms IS NOT NULL AND orders > 0"),
    row("persons", `AND enrolled_ms IS NOT NULL AND orders >= ${json.counts.regular_orders}`),
  ];
  const steps = [];
  for (const sql of funnel) steps.push((await one(sql)).toLocaleString("zh-CN"));
  c.equal((await page.$$eval(".funnel .step strong", (all) => all.map((e) => e.textContent))).join(" "), steps.join(" "), "the funnel");
  const bars = (title) =>
    page.$$eval(`section[aria-label="${title}"] .one span:last-child`, (all) =>
      all.reduce((sum, e) => sum + Number(e.textContent.replace(/,/g, "")), 0),
    );
  c.equal(
    await bars("今日分时订单"),
    await one(`SELECT count(*) FROM orders WHERE tenant = ${helin} AND day = ${days} AND state <> 3`),
    "orders by the hour",
  );
  const midnight = days * 86_400_000 - 8 * 3_600_000; // Shanghai
  c.equal(
    await bars("触点来源（近 7 天）"),
    await one(
      `SELECT count(*) FROM contacts WHERE tenant = ${helin} AND touchpoint IS NOT NULL AND at_ms >= ${midnight - 6 * 86_400_000}`,
    ),
    "contacts by touchpoint",
  );
  await look(page, "today");
  await healthy(w, c, page, "today");
  await page.setViewportSize({ width: 360, height: 800 });
  await settled(page);
  c.that(await noOverflow(page), "today fits 360 px");
  await look(page, "today-360");
  await page.click("button[aria-label=菜单]");
  await healthy(w, c, page, "the menu over the page");
  await page.click("dialog[open] .menu-item:has-text('订单')");
  await page.waitForURL(/\/orders$/);
  await settled(page);
  c.equal(await page.locator("dialog[open]").count(), 0, "the menu has closed behind her");
  await page.context().close();
  const dark = await w.page({ dark: true });
  await w.signIn(dark, "owner");
  await dark.waitForSelector("canvas");
  await look(dark, "today-dark");
  await healthy(w, c, dark, "today, dark");
  await dark.context().close();
}

async function member360(w, c) {
  const page = await w.page();
  await w.signIn(page, "service");
  await page.goto(`${w.url}/members?class=member&sort=spend`);
  await page.waitForSelector("tbody tr.link-row");
  await look(page, "members");
  await healthy(w, c, page, "members");
  const [, ns, value] = meet(w, "外婆");
  const before = (await w.api("GET", `/v1/members?ns=${encodeURIComponent(ns)}&value=${value}&view=full`)).json;
  c.that(before.identifiers.length > 1, "外婆 is held to be 陈妈妈");
  await page.goto(`${w.url}/members/${before.id}`);
  await page.waitForSelector(".graph");
  await look(page, "member-360");
  await healthy(w, c, page, "member");
  const hers = before.identifiers.findIndex(
    (i) => i.ns === ns && i.value.startsWith(value.slice(0, 2)) && i.value.endsWith(value.slice(-4)),
  );
  await page.locator(".graph .node").nth(hers).click();
  await page.locator("button", { hasText: "拆分所选" }).click();
  await page.fill("textarea[aria-label=原因]", "外婆本人来电");
  await page.click(".ant-modal-confirm-btns .ant-btn-dangerous, .ant-modal-confirm-btns .ant-btn-primary");
  await page.waitForSelector("text=已拆分为两位客人");
  const after = (await w.api("GET", `/v1/members?ns=${encodeURIComponent(ns)}&value=${value}&view=full`)).json;
  c.that(after.identifiers.length < before.identifiers.length, "外婆 stands alone");
  const [, , phone] = meet(w, "陈妈妈");
  await page.goto(`${w.url}/members`);
  await page.fill("input[placeholder*=手机号]", phone);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/members\/mbr_/);
  await page.locator("tbody button", { hasText: "查看明文" }).first().click();
  await page.fill("textarea[aria-label=原因]", "回访");
  await page.click(".ant-modal-confirm-btns .ant-btn-primary");
  await page.waitForSelector(".ant-modal-confirm-success");
  c.equal((await w.sql("SELECT count(*) AS n FROM reveals WHERE reason = '回访'"))[0].n, 1, "a reveal leaves a record");
  await page.locator(".ant-modal-confirm-success .ant-btn-primary").last().click();
  for (const tab of ["value", "orders", "timeline", "consents"]) {
    await page.goto(`${page.url().split("?")[0]}?tab=${tab}`);
    await page.waitForSelector(".ant-tabs-tabpane-active");
    await settled(page);
    c.equal((await page.$$(".result")).length, 0, `member, ${tab}`);
  }
  await page.context().close();
}

async function settings(w, c) {
  const page = await w.page();
  await w.signIn(page, "owner");
  for (const path of ["/stores", "/changes", "/settings/rules"]) {
    await w.go(page, path);
    await look(page, path.split("/").at(-1));
  }
  await w.go(page, "/settings/rules");
  await page.waitForSelector("code.expr");
  await page.locator("tbody button", { hasText: "编辑" }).first().click();
  await page.fill("#amount", "order.net + ");
  await page.locator(".ant-drawer-extra button").click();
  await page.waitForSelector(".caret");
  c.that(/字符处有误/.test(await page.textContent(".caret")), "a wrong expression shows where");
  await look(page, "rule-error");
  await page.fill("#amount", "order.net * 2");
  await page.fill("#name", "测试双倍积分");
  await page.locator(".ant-drawer-extra button").click();
  await page.waitForSelector("text=已保存");
  const rules = (await w.api("GET", "/v1/rules")).json.items;
  c.that(
    rules.some((r) => r.name === "测试双倍积分" && r.amount === "order.net * 2"),
    "the rule is saved",
  );
  await page.context().close();
}

async function till(w, c) {
  const page = await w.page();
  await w.signIn(page, "store", "/till");
  // what no campaign of the demonstration makes cheaper
  const codes = await w.sql(
    "SELECT code FROM products WHERE tenant = (SELECT tenant FROM tenants WHERE code = 'helin') AND weighed = 0 " +
      "AND barcode IS NOT NULL AND price BETWEEN 300 AND 3000 AND category NOT LIKE 'fresh%' ORDER BY code LIMIT 2",
  );
  const products = [];
  for (const { code } of codes) products.push((await w.api("GET", `/v1/products/${code}`)).json);
  const due = products[0].price + 3 * products[1].price;
  const scanner = "input.scan";
  await page.waitForSelector(scanner);
  for (const p of products) {
    await page.fill(scanner, p.barcode);
    await page.keyboard.press("Enter");
  }
  await page.fill(scanner, "*3");
  await page.keyboard.press("Enter");
  const [, , phone] = meet(w, "陈妈妈");
  await page.keyboard.press("F3");
  await page.keyboard.type(phone);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".who-name");
  c.equal((await page.textContent(".sum .figure")).replace(/[^\d.]/g, ""), (due / 100).toFixed(2), "the sum");
  await look(page, "till");
  await healthy(w, c, page, "till");
  await page.keyboard.press("F9");
  await page.waitForSelector(".tenders .ant-btn:not([disabled])");
  await page.keyboard.press("1");
  await page.waitForSelector(".receipt");
  await look(page, "receipt");
  const order = /T\d{12}-\d{5}/.exec(await page.textContent(".receipt"))[0];
  const booked = (await w.api("GET", `/v1/orders/${order}`)).json;
  c.equal(booked.net, due, "the order is booked");
  c.that(booked.member !== undefined, "to the member");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".receipt", { state: "hidden" });
  await page.keyboard.press("F8");
  await page.fill("input[aria-label^=小票单号]", order);
  await page.keyboard.press("Enter");
  await page.fill(`input[aria-label$='${products[1].code}']`, "2");
  await page.keyboard.press("Tab");
  await page.locator(".ant-modal-footer .ant-btn-primary").click();
  await page.waitForSelector(".ant-message-success");
  const returned = (await w.api("GET", `/v1/orders/${order}`)).json;
  c.equal(returned.returned_net, 2 * products[1].price, "what came back");
  await page.context().close();
}

async function memberDay(w, c) {
  const page = await w.page({ phone: true });
  await page.goto(`${w.url}/member?t=helin&s=store-1`);
  await page.fill("#phone", "13700001234");
  await page.click("text=获取验证码");
  await page.waitForSelector("text=/后重发/");
  await healthy(w, c, page, "member sign-in");
  const inbox = (await w.api("GET", "/v1/demo/inbox")).json.items;
  await page.fill("#code", "000000" === inbox[0].code ? "111111" : "000000");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=验证码不正确");
  await page.fill("#code", inbox[0].code);
  await page.click("button[type=submit]");
  await page.waitForSelector("text=成为会员");
  await look(page, "member-join");
  await page.click(".adm-checkbox");
  await page.click("text=一键入会");
  await page.waitForSelector(".vip");
  await page.waitForSelector("svg.qr");
  await healthy(w, c, page, "member card");
  const id = (await page.textContent(".member-id")).trim();
  const seen = (await w.api("GET", `/v1/members/${id}`)).json;
  c.that(seen.enrolled, "she is a member");
  await page.goto(`${w.url}/member#me`);
  await page.waitForSelector(".adm-switch");
  await page.locator(".adm-switch").nth(1).click();
  await page.waitForSelector("text=已保存");
  const consents = (await w.api("GET", `/v1/members/${id}?view=full`)).json.consents;
  c.that(
    consents.some((x) => x.state === "granted" && x.actor === "self"),
    "a switch is a consent, her own act",
  );
  await healthy(w, c, page, "member, me");
  await look(page, "member-me");
  for (const tab of ["points", "orders"]) {
    await page.goto(`${w.url}/member#${tab}`);
    await page.waitForSelector(".bar h1");
    await healthy(w, c, page, `member, ${tab}`);
  }
  await page.context().close();
  const rich = await w.sql(
    "SELECT f.profile FROM persons p JOIN profiles f ON f.person = p.person WHERE p.enrolled_ms > 0 LIMIT 1",
  );
  c.equal(rich.length, 1, "members are there");
}

async function associate(w, c) {
  const page = await w.page({ phone: true });
  await w.signIn(page, "a1006", "/associate");
  await page.waitForSelector(".customer");
  const { json } = await w.api("GET", "/v1/reports/members?associate=a1006&limit=1");
  c.that(
    (await page.textContent(".mine:has(.customer)")).includes(new Intl.NumberFormat("zh-CN").format(json.total)),
    "how many customers",
  );
  await look(page, "associate");
  await healthy(w, c, page, "associate");
  c.that(await noOverflow(page), "the associate page fits a phone");
  await page.context().close();
}

async function firstLoad(w, path, prepare) {
  const page = await w.page();
  const seen = [];
  page.on("requestfinished", (request) => {
    const { pathname } = new URL(request.url());
    if (/\.(js|css|html)$|\/$|member$/.test(pathname) && !/Chart/.test(pathname)) seen.push(request);
  });
  await prepare(page, path);
  await page.waitForLoadState("networkidle");
  let bytes = 0;
  for (const request of seen) bytes += (await request.sizes()).responseBodySize;
  await page.context().close();
  return bytes;
}

async function budgets(w, c) {
  const console = await firstLoad(w, "/", async (page) => {
    await w.signIn(page, "owner", "/", { own: true });
    await page.waitForSelector(".tile");
  });
  const member = await firstLoad(w, "/member", async (page) => {
    await page.goto(`${w.url}/member?t=helin`);
    await page.waitForSelector("#phone");
  });
  globalThis.console.log(
    `first load, gzip: console ${Math.round(console / KIB)} KiB, member ${Math.round(member / KIB)} KiB`,
  );
  c.that(console > 0 && console <= 250 * KIB, `console ${console}`);
  c.that(member > 0 && member <= 150 * KIB, `member ${member}`);
}

export const scenarios = {
  "sign-in and its abuse": abuse,
  "menus are what roles may": parity,
  "today's figures are those of SQL": today,
  "a member from all sides, an unmerge, a reveal": member360,
  "a rule": settings,
  "a sale and a return at the till": till,
  "a shopper joins": memberDay,
  "an associate's customers": associate,
  "every operation has its page or its reason": operations,
  "first loads": budgets,
  "ready on a slow machine": speeds,
};

/** What is measured: nothing else runs meanwhile, on a machine whose speed is known. */
export const alone = ["ready on a slow machine"];
export const thorough = alone;

/** What ./check fast runs of them. */
export const quick = ["sign-in and its abuse", "a sale and a return at the till", "a shopper joins"];
