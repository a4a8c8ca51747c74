// SPDX-License-Identifier: Apache-2.0
// A marketer's hour and a shopper's day, one after the other: what she makes is what he plays with.
import { agree, dialog, digits, healthy, look, option, settled } from "./look.mjs";

const PHONE = "13700005678";
const ALL = ["unreachable", "no_cap", "no_limit", "below_cost", "depth", "stack", "one_member", "overlap", "group_rule"];

async function template(w, c, page) {
  await w.go(page, "/coupons");
  await page.click("text=新建");
  await page.fill("#code", "spring");
  await page.fill("#name", "春季 10 元券");
  await page.fill("#stock", "100");
  await page.fill("#claim_code", "SPRING");
  await page.locator(".ant-drawer-extra button").click();
  await page.waitForSelector("text=已保存");
  const unit = (await w.api("GET", "/v1/units/spring")).json;
  c.that(unit.kind === "coupon" && unit.stock === 100 && unit.claim_code === "SPRING", "the template is saved");
  await page.waitForSelector("tr:has-text('春季 10 元券')");
  await healthy(w, c, page, "coupons");
}

async function campaign(w, c, page) {
  await w.go(page, "/campaigns/new");
  await page.waitForSelector(".choice");
  await page.click(".choice:has-text('满减')");
  await page.fill("#code", "m50");
  await page.fill("#name", "满 50 减 5");
  await page.fill("input[aria-label=满]", "50");
  await page.fill("input[aria-label=减]", "5");
  await page.keyboard.press("Tab");
  c.that((await page.textContent(".sentence")).includes("满 ¥50.00 减 ¥5.00"), "the sentence says what shoppers get");
  await look(page, "campaign-wizard");
  for (let i = 0; i < 6; i++) {
    await page.locator(".ant-steps-item").nth(i).click();
    await settled(page);
    if (i === 4 || i === 5) await healthy(w, c, page, `campaign, part ${i + 1}`);
  }
  await page.click("button[type=submit]:has-text('保存')");
  await page.waitForURL(/\/campaigns\/m50$/);
  await page.waitForSelector(".ant-alert-warning");
  const { findings } = (await w.api("GET", "/v1/campaigns/m50/check")).json;
  c.that(findings.length > 0, "a campaign without limits has findings");
  c.equal((await page.$$(".ant-alert-warning")).length, findings.length, "every finding is shown");
  await healthy(w, c, page, "a campaign in draft");
  await page.click("button:has-text('提交审核')");
  await agree(page, "提交审核");
  await page.click("button:has-text('立即上线')");
  const live = dialog(page, "立即上线");
  const boxes = live.locator("input[type=checkbox]");
  await boxes.nth(findings.length - 1).waitFor();
  c.that(await live.locator(".ant-btn-primary").isDisabled(), "unseen findings keep it from going live");
  for (let i = 0; i < findings.length; i++) await boxes.nth(i).check();
  await look(page, "campaign-findings");
  await agree(page, "立即上线");
  await page.waitForSelector(".page-head .ant-tag:has-text('进行中')");
  c.equal((await w.api("GET", "/v1/campaigns/m50")).json.state, "live", "it is live");
}

/** The campaign that takes the coupon, the check-in and the task: by the API, as a file would bring them. */
async function rest(w, c) {
  const put = async (path, body) => {
    const r = await w.api("PUT", path, body);
    c.that(r.status === 200, `${path}: ${r.status} ${JSON.stringify(r.json)}`);
  };
  await put("/v1/campaigns/spring-ten", {
    name: "春季券立减 10 元",
    mechanic: "amount",
    level: "order",
    amount: 1000,
    min_amount: 3000,
    coupon: "spring",
    budget: 100_000,
  });
  for (const state of ["review", "live"])
    await w.api("POST", "/v1/campaigns/spring-ten/moves", { state, acknowledged: ALL });
  await put("/v1/games/daily", {
    name: "每日签到",
    kind: "checkin",
    rewards: [5, 5, 10].map((amount, i) => ({ kind: "step", at: i + 1, unit: "points", amount })),
  });
  await put("/v1/games/share", {
    name: "完善资料",
    kind: "task",
    period: "day",
    per_member: 1,
    rewards: [{ kind: "step", at: 1, unit: "points", amount: 60 }],
  });
  for (const game of ["daily", "share"]) await w.api("POST", `/v1/games/${game}/state`, { state: "open" });
}

async function wheel(w, c, page) {
  await w.go(page, "/play");
  await page.click("button:has-text('新建玩法')");
  await page.click(".ant-dropdown-menu-item:has-text('抽奖')");
  await page.fill("#code", "lucky");
  await page.fill("#name", "春日大转盘");
  await page.click("button:has-text('添加奖品')");
  const row = page.locator(".prize-row").nth(1);
  await row.locator("input").nth(0).fill("big");
  await row.locator("input").nth(1).fill("200 积分");
  await row.locator("input").nth(2).fill("30");
  await row.locator(".ant-select").click();
  await option(page, "(points)").waitFor();
  await page.keyboard.press("Enter"); // the first unit, which is the active choice
  await row.locator("input[aria-label=数量]").fill("200");
  await page.keyboard.press("Tab");
  c.that((await page.textContent(".prize-row ~ .row [role=status]")).includes("多出"), "odds that do not add up are shown");
  await page.click("text=余下的都给兜底奖品");
  await page.waitForSelector("svg.wheel");
  await healthy(w, c, page, "wheel designer");
  await look(page, "wheel-designer");
  await page.locator(".ant-drawer-extra button").click();
  await page.waitForURL(/\/play\/lucky$/);
  await page.locator(".page-head button", { hasText: "开始" }).click();
  await agree(page, "开始");
  await page.waitForSelector(".ant-tag:has-text('进行中')");
  const game = (await w.api("GET", "/v1/games/lucky")).json;
  c.equal(game.prizes.map((x) => x.ppm).join(), "700000,300000", "odds as typed, adding up");
  c.that((await page.textContent(".hashes")).includes(game.seed_hash), "the seed's hash is told");
  c.that(game.seed === undefined && !(await page.textContent("main")).includes('"seed"'), "the seed is not");
  await healthy(w, c, page, "a wheel");
  await look(page, "wheel");
}

async function codes(w, c, page) {
  await w.go(page, "/codes");
  await page.click("button:has-text('新建码批次')");
  await page.fill("#code", "mouse");
  await page.fill("#name", "双飞燕鼠标");
  await page.fill("#count", "48");
  await page.locator(".ant-drawer-extra button").click();
  await page.waitForSelector("text=已保存");
  await page.click("tr:has-text('双飞燕鼠标') button");
  await page.waitForSelector(".ant-tabs-tab:has-text('绑定商品')");
  const product = (await w.api("GET", "/v1/products?limit=1")).json.items[0];
  await page.fill("#product", product.code);
  await page.click("button[type=submit]:has-text('绑定')");
  await page.waitForSelector("text=已处理 48 个码");
  await healthy(w, c, page, "a batch of codes");
  await page.keyboard.press("Escape");
  return (await w.api("GET", "/v1/code-batches/mouse/codes?limit=3")).json.codes;
}

async function marketer(w, c) {
  const page = await w.page();
  await w.signIn(page, "marketer");
  await template(w, c, page);
  await campaign(w, c, page);
  await rest(w, c);
  await wheel(w, c, page);
  w.codes = await codes(w, c, page);
  for (const path of ["/campaigns", "/play", "/mall", "/codes"]) {
    await w.go(page, path);
    c.equal((await page.$$(".result")).length, 0, `${path} has its data`);
    await look(page, path.slice(1));
  }
  await page.context().close();
}

async function join(w, page) {
  await w.memberIn(page, PHONE, `/member/helin/${w.codes[0]}?s=store-1`);
  await page.waitForSelector("section[aria-label=扫码有礼]");
}

async function plays(w, c, page, id) {
  const balance = async () =>
    (await w.api("GET", `/v1/members/${id}`)).json.balances.find((b) => b.unit === "points")?.available ?? 0;
  await page.click("section[aria-label=扫码有礼] button");
  await page.waitForSelector(".scan.good");
  c.that((await page.textContent(".scan.good")).includes("第一位"), "she is the first to scan");
  const begun = await balance();
  await page.click("section[aria-label=每日签到] button");
  await page.waitForSelector(".adm-dialog-body:has-text('连续签到 1 天')");
  await page.click(".adm-dialog-button");
  await page.waitForSelector("button:has-text('今日已签')");
  c.equal(await balance(), begun + 5, "the check-in's points");
  const draw = page.locator("section[aria-label=春日大转盘] button", { hasText: "抽一次" });
  await draw.click();
  await page.waitForSelector(".adm-dialog-body:has-text('还差')");
  c.that((await page.textContent(".adm-dialog-body")).includes("完善资料"), "short of points, she is told how to earn them");
  await look(page, "member-short");
  await page.click(".adm-dialog-button");
  await page.waitForSelector(".adm-dialog-body", { state: "detached" });
  await w.api("POST", "/v1/ledger/adjustments", { member: { id }, unit: "points", amount: 500, reason: "体验" });
  const had = await balance();
  await draw.click();
  await page.waitForSelector(".adm-dialog-body small");
  const ticket = Number((await page.textContent(".adm-dialog-body small")).replace(/\D/g, ""));
  const said = await page.textContent(".adm-dialog-body");
  c.equal(said.includes("200 积分"), ticket >= 700_000, "the prize is the one that the ticket falls on");
  await look(page, "member-draw");
  await page.click(".adm-dialog-button");
  c.equal(await balance(), had - 100 + (ticket >= 700_000 ? 200 : 0), "cost and prize in one step");
  await healthy(w, c, page, "member, play");
  await look(page, "member-play");
}

async function claims(w, c, page, id) {
  await page.goto(`${w.url}/member#benefits`);
  await page.fill("input[aria-label=输入领券码]", "SPRING");
  await page.click("section.panel.row button:has-text('领取')");
  await page.waitForSelector(".ticket:has-text('春季 10 元券')");
  const mine = (await w.api("GET", `/v1/members/${id}/coupons`)).json.coupons;
  c.equal(mine.length, 1, "one coupon");
  await healthy(w, c, page, "member, benefits");
  await look(page, "member-benefits");
}

async function sale(w, c, code, id) {
  const page = await w.page();
  await w.signIn(page, "store", "/till");
  const goods = (await w.api("GET", "/v1/products?limit=100")).json.items;
  const dear = goods.filter((p) => !p.weighed && !p.never_promoted && p.price >= 3000).slice(0, 2);
  await page.waitForSelector("input.scan");
  for (const text of [dear[0].barcode, dear[1].barcode, code]) {
    await page.fill("input.scan", text);
    await page.keyboard.press("Enter");
  }
  await page.waitForSelector(".who-name");
  await page.waitForSelector(".offer:has-text('春季券立减 10 元')");
  const list = dear[0].price + dear[1].price;
  const lines = dear.map((p) => ({ sku: p.code, quantity: 1 }));
  const body = { lines, member: { id }, store: "store-1", touchpoint: "store-1", best_coupons: true };
  const quote = (await w.api("POST", "/v1/quotes", body)).json;
  c.that(quote.payable < list, "the coupon and the steps lower the price");
  await settled(page);
  c.equal(await digits(page, ".sum .figure"), (quote.payable / 100).toFixed(2), "the till shows what a quote says");
  await look(page, "till-offers");
  await healthy(w, c, page, "till with offers");
  await page.keyboard.press("F9");
  await page.waitForSelector(".tenders .ant-btn:not([disabled])");
  await page.keyboard.press("+");
  await page.fill(".ant-modal-body input", "20");
  await page.keyboard.press("Enter");
  await page.keyboard.press("2");
  await page.waitForSelector(".ant-modal-body >> text=¥20.00");
  await page.keyboard.press("1");
  await page.waitForSelector(".receipt");
  await look(page, "receipt-offers");
  const order = /T\d{12}-\d{5}/.exec(await page.textContent(".receipt"))[0];
  const booked = (await w.api("GET", `/v1/orders/${order}`)).json;
  c.equal(booked.net, quote.payable, "booked as quoted");
  c.equal(booked.tenders.map((x) => `${x.kind} ${x.amount}`).join(), `alipay 2000,wechat ${quote.payable - 2000}`, "paid in two ways");
  c.equal((await w.sql("SELECT count(*) AS n FROM coupons WHERE state = 1"))[0].n, 1, "the coupon is used");
  await page.keyboard.press("Enter");
  await page.keyboard.press("F8");
  await page.fill("input[aria-label^=小票单号]", order);
  await page.keyboard.press("Enter");
  for (const p of dear) {
    await page.fill(`input[aria-label$='${p.code}']`, "1");
    await page.keyboard.press("Tab");
  }
  await page.waitForSelector(`.return-quote:has-text('${(quote.payable / 100).toFixed(2)}')`);
  await look(page, "till-return");
  await page.locator(".ant-modal-footer .ant-btn-primary").click();
  await page.waitForSelector(".ant-message-success");
  c.equal((await w.api("GET", `/v1/orders/${order}`)).json.returned_net, quote.payable, "all of it came back");
  const usable = (await w.api("GET", `/v1/members/${id}/coupons`)).json.coupons.filter((x) => x.state === "usable");
  c.equal(usable.length, 1, "and so did the coupon");
  await page.context().close();
}

async function shopper(w, c) {
  const page = await w.page({ phone: true });
  await join(w, page);
  const id = (await w.api("GET", `/v1/members?ns=phone&value=${PHONE}`)).json.id;
  await plays(w, c, page, id);
  await claims(w, c, page, id);
  await page.goto(`${w.url}/member#card`);
  await page.waitForSelector(".member-code:not(:empty)");
  const code = (await page.textContent(".member-code")).replace(/\s/g, "");
  c.that(/^M[0-9A-Z]{15}$/.test(code), `a code that changes: ${code}`);
  c.equal((await w.api("GET", `/v1/members/${code}`)).json.id, id, "the till finds her by it");
  const last = code.endsWith("0") ? "1" : "0";
  c.equal((await w.api("GET", `/v1/members/${code.slice(0, -1)}${last}`)).status, 404, "and by no other");
  await look(page, "member-card");
  await sale(w, c, code, id);
  await page.context().close();
}

/** Figures of the marketing pages against SQL over the same tables. */
async function figures(w, c) {
  const helin = "(SELECT tenant FROM tenants WHERE code = 'helin')";
  const page = await w.page();
  await w.signIn(page, "owner", "/campaigns/spring-ten");
  await page.waitForSelector(".tile .figure");
  const shown = async (i) => (await page.textContent(`.tile:nth-child(${i}) .figure`)).replace(/[^\d.-]/g, "");
  const campaign = (await w.sql(`SELECT uses, amount, shown FROM campaigns WHERE code = 'spring-ten' AND tenant = ${helin}`))[0];
  c.equal(await shown(1), String(campaign.uses), "uses");
  c.equal(await shown(2), (campaign.amount / 100).toFixed(2), "given away");
  c.equal(await shown(3), String(campaign.shown), "exposures");
  const effects = (await w.sql(
    `SELECT coalesce(sum(e.saving - e.saving_back), 0) AS saved FROM order_effects e JOIN campaigns c ON c.campaign = e.campaign WHERE c.code = 'spring-ten'`,
  ))[0];
  c.equal(campaign.amount, effects.saved, "what the campaign gave is what its orders say");
  const report = (await w.api("GET", "/v1/reports/coupons")).json.items.find((x) => x.unit === "spring");
  const sql = (await w.sql(
    `SELECT count(*) AS issued, sum(CASE WHEN c.state = 1 THEN 1 ELSE 0 END) AS used FROM coupons c JOIN units u ON u.unit = c.unit WHERE u.code = 'spring'`,
  ))[0];
  c.equal(`${report.issued} ${report.used}`, `${sql.issued} ${sql.used}`, "coupons issued and used");
  await w.go(page, "/codes");
  await page.waitForSelector("tr:has-text('双飞燕鼠标')");
  const batch = (await w.sql(`SELECT codes, scanned, scans FROM code_batches WHERE code = 'mouse'`))[0];
  const cells = await page.$$eval("tr:has-text('双飞燕鼠标') td.num", (all) => all.map((x) => x.textContent));
  c.equal(cells.slice(0, 3).join(), [batch.codes, batch.scanned, batch.scans].join(), "codes, scanned, scans");
  await w.go(page, "/codes/mouse/sheet?n=4");
  await page.waitForSelector(".label-one >> nth=3");
  c.equal((await page.$$(".label-one")).length, 4, "four labels on the sheet");
  await healthy(w, c, page, "labels");
  await page.context().close();
}

/** The signed-in user's own password; everywhere else she is signed out. */
async function password(w, c) {
  const made = w.run("user", "create", "changer", "--tenant", "helin", "--role", "auditor").trim().split(" ")[1];
  w.passwords.changer = made;
  const other = await w.page();
  const page = await w.page();
  await w.signIn(other, "changer", "/", { own: true });
  await w.signIn(page, "changer", "/", { own: true });
  await page.click(".who");
  await page.click("text=修改密码");
  const type = async (old, fresh) => {
    await page.fill("#old", old);
    await page.fill("#fresh", fresh);
    await page.fill("#again", fresh);
    await page.locator(".ant-modal-footer .ant-btn-primary").click();
  };
  await type("not this one", "four quiet words 7");
  await page.waitForSelector("text=当前密码不正确");
  await healthy(w, c, page, "password");
  await type(made, "four quiet words 7");
  await page.waitForSelector("text=密码已修改");
  const status = (p) => p.evaluate(async () => (await fetch("/v1/session")).status);
  c.equal(await status(page), 200, "her own session stays");
  c.equal(await status(other), 401, "the other one has ended");
  const signIn = (text) =>
    w.api("POST", "/v1/session", { user: "changer@helin", password: text }, { Authorization: "" });
  c.equal((await signIn(made)).status, 401, "the old password is over");
  c.equal((await signIn("four quiet words 7")).status, 200, "the new one is right");
  await page.context().close();
  await other.context().close();
}

export const scenarios = {
  "a marketer's hour": marketer,
  "a shopper's day": shopper,
  "marketing figures are those of SQL": figures,
  "a password is changed": password,
};
