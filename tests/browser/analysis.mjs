// SPDX-License-Identifier: Apache-2.0
// Analysis in a browser: every figure that today, the pages of analysis and a campaign show is SQL over the tables;
// a back-test before going live; codes that are worth a coupon.
import { readFileSync } from "node:fs";
import { digits, healthy, look, option, settled } from "./look.mjs";

const HELIN = "(SELECT tenant FROM tenants WHERE code = 'helin')";
const POINTS = `(SELECT min(unit) FROM units WHERE tenant = ${HELIN} AND kind = 0)`;
const OFFSET = 8 * 3_600_000; // Asia/Shanghai has had no other since 1991
const DAY = 86_400_000;
const today = () => Math.floor((Date.now() + OFFSET) / DAY);
const text = (day) => new Date(day * DAY).toISOString().slice(0, 10);

const tiles = (page) =>
  page.$$eval(".tile", (all) =>
    Object.fromEntries(
      all.map((x) => [x.getAttribute("aria-label"), x.querySelector(".figure").textContent.replace(/[^\d.-]/g, "")]),
    ),
  );
/** There, with its data: the part of the page that stands only then. */
async function visit(w, page, path, part) {
  await w.go(page, path);
  await page.waitForSelector(part);
  await settled(page);
}
const steps = (page) => page.$$eval(".funnel .num strong", (all) => all.map((x) => Number(x.textContent.replace(/\D/g, ""))));

/** What the button saves: lines of columns, without the mark. */
async function saved(page, card) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click(`section[aria-label^='${card}'] button:has-text('导出 CSV')`),
  ]);
  const bytes = readFileSync(await download.path(), "utf8");
  return bytes
    .slice(1)
    .split("\r\n")
    .map((line) => line.split(","));
}

async function todayPage(w, c) {
  const page = await w.page();
  await w.signIn(page, "owner", "/");
  await page.waitForSelector(".funnel");
  await settled(page);
  const d = today();
  const [sum] = await w.sql(
    `SELECT count(*) AS orders, coalesce(sum(net), 0) AS net FROM orders WHERE tenant = ${HELIN} AND day = ${d} AND state <> 3`,
  );
  const [back] = await w.sql(
    `SELECT coalesce(sum(net), 0) AS net FROM returns WHERE tenant = ${HELIN} AND day = ${d}`,
  );
  const [seen] = await w.sql(
    `SELECT count(*) AS n FROM contacts WHERE tenant = ${HELIN} AND (at_ms + ${OFFSET}) / ${DAY} = ${d}`,
  );
  const [persons] = await w.sql(
    `SELECT count(*) AS n, sum(CASE WHEN enrolled_ms > 0 THEN 1 ELSE 0 END) AS members, sum(CASE WHEN enrolled_ms > 0 AND orders > 0 THEN 1 ELSE 0 END) AS buyers, sum(CASE WHEN enrolled_ms > 0 AND orders >= regular_orders THEN 1 ELSE 0 END) AS regulars, sum(CASE WHEN (enrolled_ms + ${OFFSET}) / ${DAY} = ${d} THEN 1 ELSE 0 END) AS joined FROM persons p JOIN tenants t ON t.tenant = p.tenant WHERE p.tenant = ${HELIN}`,
  );
  const shown = Object.values(await tiles(page));
  c.equal(
    shown.join(),
    [((sum.net - back.net) / 100).toFixed(2), sum.orders, seen.n, persons.joined].join(),
    "today: net, orders, contacts, joined",
  );
  c.equal(
    (await steps(page)).join(),
    [persons.n, persons.members, persons.buyers, persons.regulars].join(),
    "today: the funnel",
  );
  const [owed] = await w.sql(
    `SELECT sum(available) AS available, sum(pending) AS pending, sum(held) AS held FROM balances WHERE unit = ${POINTS}`,
  );
  const shownOwed = (await page.$$eval("section[aria-label=待兑现权益] tbody tr", (all) =>
    all.map((r) => [...r.querySelectorAll("td")].map((x) => x.textContent)),
  )).find((r) => r[0].endsWith(" points"));
  c.equal(
    shownOwed.slice(1, 4).map((x) => Number(x.replace(/,/g, ""))).join(),
    [owed.available, owed.pending, owed.held].join(),
    "today: points owed",
  );
  await page.context().close();
}

async function funnelPage(w, c, page) {
  const from = today() - 199;
  await visit(w, page, `/analysis/funnel?from=${text(from)}&to=${text(today())}&by=month`, "section[aria-label^='按首次接触日期']");
  const where = `p.tenant = ${HELIN} AND (p.first_seen_ms + ${OFFSET}) / ${DAY} BETWEEN ${from} AND ${today()}`;
  const [sql] = await w.sql(
    `SELECT count(*) AS n, sum(CASE WHEN enrolled_ms > 0 THEN 1 ELSE 0 END) AS members, sum(CASE WHEN enrolled_ms > 0 AND orders > 0 THEN 1 ELSE 0 END) AS buyers, sum(CASE WHEN enrolled_ms > 0 AND orders >= regular_orders THEN 1 ELSE 0 END) AS regulars FROM persons p JOIN tenants t ON t.tenant = p.tenant WHERE ${where}`,
  );
  c.equal((await steps(page)).join(), [sql.n, sql.members, sql.buyers, sql.regulars].join(), "funnel");
  const [joined] = await w.sql(
    `SELECT count(*) AS n FROM persons p WHERE tenant = ${HELIN} AND (enrolled_ms + ${OFFSET}) / ${DAY} BETWEEN ${from} AND ${today()}`,
  );
  c.equal((await tiles(page))["当期入会"], String(joined.n), "joined in the period");
  const lines = await saved(page, "按首次接触日期");
  const sum = lines.slice(1).reduce((n, l) => n + Number(l[1]), 0);
  c.equal(sum, sql.n, "the file's months add up to the funnel");
  c.that(lines.length > 6 && /^\d{4}-\d\d$/.test(lines[1][0]), "a line a month");
  await healthy(w, c, page, "funnel");
  await look(page, "analysis-funnel");
}

async function cohortsPage(w, c, page) {
  await visit(w, page, `/analysis/cohorts?from=${text(today() - 200)}&to=${text(today())}&show=heads`, ".heat");
  const orders = await w.sql(
    `SELECT p.person AS person, o.day AS day, count(*) AS n FROM orders o JOIN profiles p ON p.profile = o.profile WHERE o.tenant = ${HELIN} AND o.state < 2 GROUP BY 1, 2`,
  );
  const buyers = new Map();
  for (const { person, day, n } of orders) {
    const b = buyers.get(person) ?? { months: new Set(), n: 0 };
    b.months.add(text(day).slice(0, 7));
    b.n += n;
    buyers.set(person, b);
  }
  const first = text(today() - 200).slice(0, 7);
  const cohort = [...buyers.values()].filter((b) => [...b.months].sort()[0] === first);
  const shown = await page
    .locator(".heat tbody tr", { has: page.locator("th", { hasText: first }) })
    .locator("td")
    .allTextContents();
  c.equal(Number(shown[0].replace(/,/g, "")), cohort.length, "buyers of a month");
  const months = [];
  for (let m = new Date(`${first}-01T00:00:00Z`); m.getTime() <= Date.now() + OFFSET; m.setUTCMonth(m.getUTCMonth() + 1))
    months.push(m.toISOString().slice(0, 7));
  c.equal(
    shown.slice(2, 2 + months.length).map((x) => Number(x.replace(/,/g, ""))).join(),
    months.map((m) => cohort.filter((b) => b.months.has(m)).length).join(),
    "and how many bought in each month after",
  );
  const inRange = [...buyers.values()].filter((b) => [...b.months].sort()[0] >= first);
  c.equal((await tiles(page))["买家数"], String(inRange.length), "buyers of all cohorts");
  await healthy(w, c, page, "cohorts");
  await look(page, "analysis-cohorts");
}

async function pointsPage(w, c, page) {
  const from = today() - 59;
  await visit(w, page, `/analysis/points?from=${text(from)}&to=${text(today())}`, ".ant-alert");
  const moved = async (when) =>
    (await w.sql(
      `SELECT coalesce(sum(earned), 0) AS earned, coalesce(sum(spent), 0) AS spent, coalesce(sum(earned - reversed - spent - expired + adjusted), 0) AS net FROM roll_forward WHERE unit = ${POINTS} AND ${when}`,
    ))[0];
  const before = await moved(`day < ${from}`);
  const inside = await moved(`day BETWEEN ${from} AND ${today()}`);
  const shown = await tiles(page);
  c.equal(
    [shown["期初"], shown["发放"], shown["使用"], shown["期末"]].join(),
    [before.net, inside.earned, inside.spent, before.net + inside.net].join(),
    "opening, earned, spent, closing",
  );
  const [have] = await w.sql(`SELECT sum(available + held + pending) AS n FROM balances WHERE unit = ${POINTS}`);
  c.equal(shown["期末"], String(have.n), "the closing is what members have");
  c.equal((await page.$$(".ant-alert-success")).length, 1, "it agrees with the books");
  const lines = await saved(page, "积分流水");
  c.equal(Number(lines.at(-1)[7] ?? lines.at(-2)[7]), have.n, "the file ends with the closing");
  await healthy(w, c, page, "points");
  await look(page, "analysis-points");
}

async function couponsPage(w, c, page) {
  await visit(w, page, "/analysis/coupons", "section[aria-label=领券用券]");
  const [sql] = await w.sql(
    `SELECT count(*) AS claimed, sum(CASE WHEN state = 1 THEN 1 ELSE 0 END) AS used FROM coupons WHERE tenant = ${HELIN} AND state <> 4 AND issued_day > ${today() - 90}`,
  );
  const shown = await tiles(page);
  c.equal(`${shown["领取"]} ${shown["已使用"]}`, `${sql.claimed} ${sql.used ?? 0}`, "coupons claimed and used");
  c.that(sql.claimed > 0, "there are coupons");
  const lines = await saved(page, "券");
  c.equal(lines.slice(1).reduce((n, l) => n + Number(l[1]), 0), sql.claimed, "templates in the file");
  await healthy(w, c, page, "coupons by day");
  await look(page, "analysis-coupons");
}

async function scansPage(w, c, page) {
  await visit(w, page, "/analysis/scans?show=list", ".heat");
  const scans = await w.sql(
    `SELECT at_ms, verdict FROM code_scans WHERE tenant = ${HELIN} AND (at_ms + ${OFFSET}) / ${DAY} > ${today() - 90}`,
  );
  c.that(scans.length > 0, "there are scans");
  c.equal((await tiles(page))["扫码次数"], String(scans.length), "scans");
  const hours = await page.$$eval(".heat tbody tr", (rows) =>
    rows.map((r) => [...r.querySelectorAll("td")].map((x) => Number(x.textContent.replace(/,/g, "")))),
  );
  const want = Array.from({ length: 7 }, () => Array(24).fill(0));
  for (const { at_ms } of scans) {
    const at = new Date(at_ms + OFFSET);
    want[(at.getUTCDay() + 6) % 7][at.getUTCHours()] += 1;
  }
  c.equal(JSON.stringify(hours), JSON.stringify(want), "scans by weekday and hour");
  await healthy(w, c, page, "scans");
  await look(page, "analysis-scans");
}

/** Something to look at that the demonstration does not have: coupons, and scans at a store. */
async function more(w, c) {
  const put = async (method, path, body) => {
    const r = await w.api(method, path, body);
    c.that(r.status < 300, `${path}: ${r.status} ${JSON.stringify(r.json)}`);
    return r.json;
  };
  await put("PUT", "/v1/units/look", { name: "看看券", kind: "coupon" });
  const { items } = await put("GET", "/v1/reports/members?class=member&limit=3");
  for (const { id } of items) await put("POST", `/v1/members/${id}/coupons`, { unit: "look", reason: "试" });
  await put("PUT", "/v1/code-batches/look", { name: "看看码", scene: "inside", count: 20 });
  await put("POST", "/v1/codes/bind", { batch: "look", from: 0, n: 20, lot: "L1", activate: true });
  const { codes } = await put("GET", "/v1/code-batches/look/codes?limit=12");
  for (const [i, code] of codes.entries())
    await put("POST", "/v1/codes/scan", {
      code,
      identifiers: [{ ns: "phone", value: `1380099${1000 + i}` }],
      store: `store-${(i % 3) + 1}`,
      occurred_at: new Date(Date.now() - i * 7 * 3_600_000).toISOString(),
    });
}

async function analysis(w, c) {
  await more(w, c);
  await w.sql("SELECT 1 AS n"); // flushed
  const page = await w.page();
  await w.signIn(page, "marketer", "/campaigns/new");
  for (const look_at of [funnelPage, cohortsPage, pointsPage, couponsPage, scansPage]) await look_at(w, c, page);
  await page.context().close();
}

/** Campaign in draft, back-test, and what it says compared with the orders. */
async function backtest(w, c) {
  const put = await w.api("PUT", "/v1/campaigns/ten-off", {
    name: "每单减 1 元",
    mechanic: "amount",
    level: "order",
    amount: 100,
    min_amount: 5000,
  });
  c.that(put.status < 300, `a draft: ${put.status}`);
  const page = await w.page();
  await w.signIn(page, "marketer", "/campaigns/ten-off");
  await page.click("button:has-text('回测')");
  await page.waitForURL(/\/campaigns\/ten-off\/backtests$/);
  await page.check("text=再按会员今天的状态算一遍");
  await page.click("button:has-text('开始回测')");
  await page.waitForSelector("[data-run]");
  await settled(page);
  const [sql] = await w.sql(
    `SELECT count(*) AS n FROM orders WHERE tenant = ${HELIN} AND day > ${today() - 90} AND day <= ${today()}`,
  );
  const list = (await w.api("GET", "/v1/campaigns/ten-off/backtests")).json;
  c.equal(list.items.length, 1, "one run is on record");
  const [kept] = await w.sql(
    "SELECT b.orders, in_force, members, saving, cost FROM campaign_backtests b JOIN campaigns c ON c.campaign = b.campaign WHERE c.code = 'ten-off'",
  );
  c.equal(kept.orders, sql.n, "every order of the period was asked");
  c.that(kept.in_force > 0 && kept.saving === kept.in_force * 100, `a yuan an order: ${JSON.stringify(kept)}`);
  const shown = await tiles(page);
  c.equal(
    [shown["少收金额"], shown["受惠订单"], shown["受惠会员"]].join(),
    [(kept.cost / 100).toFixed(2), kept.in_force, kept.members].join(),
    "cost, orders and members on the page",
  );
  c.equal(await digits(page, ".compare tbody tr:last-child td:nth-child(2)"), (kept.cost / 100).toFixed(2), "then, beside today");
  await healthy(w, c, page, "a back-test");
  await look(page, "backtest");
  await page.goto(`${w.url}/campaigns/ten-off/backtests?run=${list.items[0].id}`);
  await page.waitForSelector(`[data-run='${list.items[0].id}']`);
  c.equal(JSON.stringify(await tiles(page)), JSON.stringify(shown), "the same by its address");
  await page.context().close();
}

async function couponCodes(w, c) {
  await w.api("PUT", "/v1/units/print", { name: "印刷券", kind: "coupon" });
  const page = await w.page();
  await w.signIn(page, "owner", "/coupon-codes");
  await page.click("button:has-text('新建券码')");
  await page.fill("#code", "leaflet");
  await page.click("#unit");
  await page.keyboard.type("印刷券");
  await option(page, "印刷券").waitFor();
  await page.keyboard.press("Enter");
  await page.fill("#n", "25");
  await look(page, "coupon-codes-new");
  await page.locator(".ant-modal-footer .ant-btn-primary").click();
  await page.waitForSelector("tr:has-text('leaflet')");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click("tr:has-text('leaflet') button:has-text('下载 CSV')"),
  ]);
  const lines = readFileSync(await download.path(), "utf8").slice(1).split("\r\n");
  c.equal(lines.length, 26, "a head and twenty-five codes");
  const code = lines[1].split(",")[0];
  c.that(lines[1].endsWith(`/member/helin/${code}`), "each with its link");
  const state = async () => {
    await page.fill("input[aria-label=查券码]", code);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dl[data-state]");
    await settled(page);
    return page.getAttribute("dl[data-state]", "data-state");
  };
  c.equal(await state(), "active", "a code that nobody has used");
  const [someone] = (await w.api("GET", "/v1/reports/members?class=member&limit=1")).json.items;
  const claim = await w.api("POST", `/v1/members/${someone.id}/coupon-claims`, { claim_code: code });
  c.that(claim.status < 300, `she claims it: ${claim.status} ${JSON.stringify(claim.json)}`);
  await page.reload();
  c.equal(await state(), "redeemed", "and afterwards it is used");
  const uses = await page.textContent("tr:has-text('leaflet') td.num");
  c.equal(uses, "1", "and counted");
  await page.fill("input[aria-label=查券码]", `${code.slice(0, -1)}${code.endsWith("2") ? "3" : "2"}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=没有这个码");
  await healthy(w, c, page, "coupon codes");
  await look(page, "coupon-codes");
  await page.context().close();
}

export const scenarios = {
  "today's figures": todayPage,
  "analysis: every figure is SQL over the tables": analysis,
  "a back-test before going live": backtest,
  "unique codes that are worth a coupon": couponCodes,
};
