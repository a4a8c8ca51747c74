// SPDX-License-Identifier: Apache-2.0
// What a shopper may see of herself, what she pays with what she has stored, and gifts that stores have.
import { readFile } from "node:fs/promises";
import { agree, dialog, healthy, look, option, settled } from "./look.mjs";

const put = async (w, c, path, body) => {
  const r = await w.api("PUT", path, body);
  c.that(r.status === 200, `${path}: ${r.status} ${JSON.stringify(r.json)}`);
};
const give = (w, id, unit, amount) =>
  w.api("POST", "/v1/ledger/adjustments", { member: { id }, unit, amount, reason: "体验" });
const idOf = async (w, phone) => (await w.api("GET", `/v1/members?ns=phone&value=${phone}`)).json.id;

/** Bought in store-1; the order's id. */
async function buy(w, c, id, order, sku) {
  const lines = [{ sku, quantity: 2 }];
  const at = { store: "store-1", touchpoint: "store-1", member: { id }, lines };
  const { payable, offers } = (await w.api("POST", "/v1/quotes", at)).json;
  const chosen = offers.filter((o) => o.state === "in_force").map((o) => o.id);
  const tenders = [{ kind: "wechat", amount: payable }];
  const r = await w.api("POST", "/v1/checkout", { ...at, order, payable, offers: chosen, tenders });
  c.equal(r.status, 201, `${order}: ${JSON.stringify(r.json)}`);
  return r.json;
}

/** Her orders whole, every unit's history, what is known and why, and all of it as a file; nobody else's. */
async function everything(w, c) {
  await put(w, c, "/v1/units/purse3", { name: "储值三", kind: "stored_value" });
  const goods = (await w.api("GET", "/v1/products?limit=100")).json.items;
  const some = goods.find((p) => !p.weighed && !p.never_promoted && p.price >= 1000);
  const page = await w.page({ phone: true });
  await w.memberIn(page, "13700006611");
  const id = await idOf(w, "13700006611");
  await w.api("POST", "/v1/contacts", { identifiers: [{ ns: "phone", value: "13700006622", verified: true }] });
  const other = await idOf(w, "13700006622");
  const mine = await buy(w, c, id, "RIGHT-1", some.code);
  const hers = await buy(w, c, other, "RIGHT-2", some.code);
  await w.api("POST", "/v1/orders/RIGHT-1/returns", { return: "RIGHT-1-R", lines: [{ line: 0, quantity: 1 }] });
  await give(w, id, "purse3", 1234);
  await w.sql("SELECT 1 AS n"); // the tables know of it
  await page.goto(`${w.url}/member#orders`);
  await page.click("a.letter");
  await page.waitForSelector(`section[aria-label=商品]:has-text('${some.name}')`);
  const booked = (await w.api("GET", `/v1/orders/${mine.id}`)).json;
  const text = await page.textContent("main");
  const yuan = (n) => (n / 100).toFixed(2);
  c.that(text.includes(yuan(booked.net)) && text.includes(`已退 × 1`), `what it cost and what came back: ${text}`);
  c.that(text.includes(yuan(booked.returned_net)), "what was paid back");
  await healthy(w, c, page, "one order on the phone");
  await look(page, "member-order");
  await page.goto(`${w.url}/member#order/${hers.id}`);
  await page.waitForSelector("text=没有这张订单");
  const asked = await page.evaluate(
    async (x) => (await fetch(`/v1/me/orders/${x}`, { headers: { "X-Page": "member" } })).json(),
    hers.id,
  );
  c.equal(asked.code, "unknown_order", "somebody else's is none of hers");
  await page.goto(`${w.url}/member#points`);
  await page.click(".adm-selector-item:has-text('储值三')");
  await page.waitForSelector(".adm-list-item:has-text('¥12.34')");
  await healthy(w, c, page, "history of stored value");
  await page.goto(`${w.url}/member#me`);
  await page.waitForSelector("text=我的数据副本");
  await healthy(w, c, page, "what we know");
  await look(page, "member-me");
  // when, where and by what she was known again: as the tables have it
  await page.click(".adm-list-item:has-text('到店和互动记录')");
  await page.waitForSelector(".adm-list-item:has-text('凭手机号认出')");
  const rows = await w.sql(
    `SELECT count(DISTINCT c.seq) AS n FROM contacts c JOIN profiles f ON f.profile = c.profile
     WHERE f.person = (SELECT person FROM orders o JOIN profiles p ON p.profile = o.profile WHERE o.code = 'RIGHT-1')`,
  );
  const listed = await page.locator("main .adm-list-item").allTextContents();
  c.equal(listed.length, rows[0].n, `a line a visit: ${listed.join(" | ")}`);
  c.that(listed.length > 0 && listed.every((x) => x.includes("凭")), "each says by what");
  await healthy(w, c, page, "her visits");
  await look(page, "member-visits");
  await page.goto(`${w.url}/member#me`);
  await page.waitForSelector("text=我的数据副本");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("button:has-text('下载我的数据')")]);
  const copy = JSON.parse(await readFile(await download.path(), "utf8"));
  c.equal(copy.member.id, id, "her own");
  c.equal(copy.orders.map((o) => o.order).join(), "RIGHT-1", "with her orders");
  c.equal(new Set(copy.visits.map((v) => v.sequence)).size, rows[0].n, "her visits");
  c.equal(copy.orders[0].lines[0].name, some.name, "and what she bought");
  c.that(copy.statement.some((m) => m.unit === "purse3" && m.amount === 1234), "and every movement");
  await page.context().close();
}

/** Points and money: the money out of what she has stored, on the phone and in the console. */
async function storedInMall(w, c) {
  await put(w, c, "/v1/units/purse3", { name: "储值三", kind: "stored_value" });
  await put(w, c, "/v1/mall/goods/kettle", { name: "养生壶", unit: "points", points: 10, cash: 2000 });
  const page = await w.page({ phone: true });
  await w.memberIn(page, "13700006633");
  const id = await idOf(w, "13700006633");
  await give(w, id, "points", 100);
  await give(w, id, "purse3", 5000);
  await page.goto(`${w.url}/member#benefits`);
  const kettle = page.locator(".shelf article:has-text('养生壶')");
  await kettle.locator("button").click();
  await page.waitForSelector(".adm-dialog :text('储值支付 ¥20.00')");
  await healthy(w, c, page, "paying in the mall");
  await look(page, "member-mall-stored");
  await page.click(".adm-dialog-button:has-text('兑换')");
  await page.waitForSelector("article.letter:has-text('储值已付 ¥20.00')");
  const made = async () => (await w.api("GET", `/v1/members/${id}/exchanges`)).json.items;
  c.equal((await made()).map((x) => `${x.stored_value} ${x.due}`).join(), "2000 0", "nothing is due");
  await kettle.locator("button").click();
  await page.click(".adm-dialog .adm-switch");
  await page.waitForSelector(".adm-dialog :text('取货时付 ¥20.00')");
  await page.click(".adm-dialog-button:has-text('兑换')");
  await page.waitForSelector("article.letter:has-text('取货时付 ¥20.00')");
  const due = (await made()).find((x) => x.due === 2000);
  c.that(due, "the second is due");
  const desk = await w.page();
  await w.signIn(desk, "owner", "/mall");
  await desk.fill("input[aria-label^=查兑换单]", due.exchange);
  await desk.keyboard.press("Enter");
  await desk.waitForSelector(".ant-modal:has-text('会员储值余额 ¥30.00')");
  await desk.fill("#stored_value", "20");
  await healthy(w, c, desk, "paying an exchange out of stored value");
  await agree(desk, "兑换单");
  await desk.waitForSelector(".ant-message-success");
  const paid = (await made()).find((x) => x.exchange === due.exchange);
  c.equal(`${paid.state} ${paid.stored_value} ${paid.due}`, "ready 2000 0", "paid and ready");
  await desk.context().close();
  await page.context().close();
}

/** A store's delivery and a count of a campaign's gifts, by hand. */
async function giftStock(w, c) {
  const goods = (await w.api("GET", "/v1/products?limit=100")).json.items;
  await put(w, c, "/v1/campaigns/cup-gift", {
    name: "满额送杯",
    mechanic: "gift",
    level: "order",
    get: 1,
    min_amount: 900_000,
    gift_product: goods[0].code,
    limits: [{ scope: "store", period: "lifetime", pieces: 3 }],
  });
  const page = await w.page();
  await w.signIn(page, "marketer", "/campaigns/cup-gift");
  const card = page.locator("section[aria-label=门店赠品库存]");
  await card.locator("text=活动给每家门店 3 件").waitFor();
  const name = (await w.api("GET", "/v1/stores/store-1")).json.name;
  const book = async (pieces, counted) => {
    await card.locator("button:has-text('登记库存')").first().click();
    const form = dialog(page, "登记库存");
    await form.locator(".ant-select").click();
    await page.keyboard.type(name);
    await option(page, name).waitFor();
    await page.keyboard.press("Enter");
    if (counted) await form.locator(".ant-segmented-item:has-text('盘点')").click();
    await page.fill("#pieces", String(pieces));
    await page.fill("#reason", "到货");
    await agree(page, "登记库存");
    await page.waitForSelector(".ant-modal", { state: "detached" });
    await settled(page);
  };
  const stock = async () => (await w.api("GET", "/v1/campaigns/cup-gift/stock")).json.items[0];
  await book(5, false);
  c.equal(JSON.stringify(await stock()), JSON.stringify({ store: "store-1", added: 5, handed_out: 0, left: 8 }), "five");
  await card.locator(`tr:has-text('${name}'):has-text('8')`).waitFor();
  await book(2, true);
  c.equal((await stock()).left, 2, "counted");
  await healthy(w, c, page, "gifts in the stores");
  await look(page, "gift-stock");
  await page.context().close();
}

export const scenarios = {
  "her right to see everything": everything,
  "stored value in the mall": storedInMall,
  "gifts that stores have": giftStock,
};
