// SPDX-License-Identifier: Apache-2.0
// The desk, four eyes, the till without a mouse, a member's missed days and gifts.
import { agree, dialog, healthy, look, option, settled } from "./look.mjs";

const PHONE = "13700007788";
const balance = async (w, id, unit) =>
  (await w.api("GET", `/v1/members/${id}`)).json.balances.find((b) => b.unit === unit)?.available ?? 0;
const put = async (w, c, path, body) => {
  const r = await w.api("PUT", path, body);
  c.that(r.status === 200, `${path}: ${r.status} ${JSON.stringify(r.json)}`);
};
async function shopper(w, phone) {
  await w.api("POST", "/v1/contacts", { identifiers: [{ ns: "phone", value: phone, verified: true }] });
  const { id } = (await w.api("GET", `/v1/members?ns=phone&value=${phone}`)).json;
  await w.api("POST", `/v1/members/${id}/enrolment`, { terms_version: 1 });
  return id;
}
const rest = ({ version: _version, name: _name, ...more }) => JSON.stringify(more);

/** A form shows a few of a unit's settings; saving it leaves the others as they were. */
async function unitForm(w, c) {
  const whole = {
    name: "满杯积分",
    kind: "points",
    negative: "within_balance",
    expiry: "rolling_months",
    expiry_n: 12,
    rounding: "month",
    earn_cap: 500,
    earn_cap_period: "day",
    face_ppm: 10_000_000_000,
    expected_ppm: 830_000,
    pay_min: 100,
    pay_step: 50,
    pay_share_ppm: 300_000,
    by_hand_max: 400,
    by_hand_day_max: 900,
  };
  await put(w, c, "/v1/units/cups", whole);
  await put(w, c, "/v1/units/purse2", {
    name: "储值二",
    kind: "stored_value",
    givable: true,
    spend_order: 7,
    rest_max: 500,
    top_up_min: 100,
    top_up_max: 90_000,
  });
  const page = await w.page();
  await w.signIn(page, "owner", "/settings/units");
  for (const [code, name] of [
    ["cups", "满杯积分"],
    ["purse2", "储值二"],
  ]) {
    const before = (await w.api("GET", `/v1/units/${code}`)).json;
    await page.locator(`tr:has-text('${name}') button`).click();
    await page.fill("#name", `${name}新`);
    await page.locator(".ant-drawer-extra button").click();
    await page.waitForSelector(`tr:has-text('${name}新')`);
    const after = (await w.api("GET", `/v1/units/${code}`)).json;
    c.equal(after.name, `${name}新`, `${code}: the name is saved`);
    c.equal(rest(after), rest(before), `${code}: what the form does not show stays`);
    await settled(page);
  }
  await page.context().close();
}

/** One person asks, another agrees; never the same, and both names are kept. */
async function fourEyes(w, c) {
  const id = await shopper(w, PHONE);
  await put(w, c, "/v1/units/thanks", { name: "关怀积分", kind: "points", by_hand_max: 100 });
  const page = await w.page();
  await w.signIn(page, "service", `/members/${id}?tab=value`);
  const adjust = async (amount, seen) => {
    await page.click("main button:has-text('人工调整')");
    const form = dialog(page, "人工调整");
    await form.locator(".ant-select").click();
    await page.keyboard.type("关怀积分");
    await option(page, "关怀积分").waitFor();
    await page.keyboard.press("Enter");
    await seen?.();
    await page.fill("#amount", String(amount));
    await page.fill("#reason", "包裹迟到");
    await agree(page, "人工调整");
  };
  await adjust(100);
  await page.waitForSelector(".ant-message-success");
  c.equal(await balance(w, id, "thanks"), 100, "the limit itself is hers");
  await adjust(500);
  await page.waitForSelector("text=另一位同事同意后才会生效");
  c.equal(await balance(w, id, "thanks"), 100, "above it nothing moves");
  await page.goto(`${w.url}/requests`);
  await page.waitForSelector("tr:has-text('包裹迟到')");
  await page.waitForSelector(".menu-item:has-text('待复核') .badge:has-text('1')");
  await page.locator("tr:has-text('包裹迟到') button").click();
  await page.waitForSelector("text=这是你自己提交的申请");
  c.equal(await dialog(page, "人工调整").locator("button:has-text('同意')").count(), 0, "she cannot agree to her own");
  await healthy(w, c, page, "her own request");
  await page.keyboard.press("Escape");
  const owner = await w.page();
  await w.signIn(owner, "owner", "/requests");
  await owner.waitForSelector("tr:has-text('包裹迟到')");
  await healthy(w, c, owner, "requests");
  await look(owner, "requests");
  await owner.locator("tr:has-text('包裹迟到') button").click();
  await owner.fill("textarea[aria-label=批注]", "已电话核实");
  await owner.locator(".ant-modal-footer .ant-btn-primary").click();
  await owner.waitForSelector("text=已通过，余额已变动");
  c.equal(await balance(w, id, "thanks"), 600, "agreed, it is hers");
  // who asked sees it on whatever page she is, until she has looked
  await page.reload();
  await page.click("button[aria-label='1 条申请有结果了']");
  const told = await page.locator("[role=menu] [role=menuitem]").first().textContent();
  c.that(["owner 已同意", "+500 关怀积分", "包裹迟到", "已电话核实"].every((x) => told.includes(x)), `what she is told: ${told}`);
  await healthy(w, c, page, "what was decided");
  await page.keyboard.press("Escape");
  await page.reload();
  await settled(page);
  c.equal(await page.locator("button[aria-label*='有结果了']").count(), 0, "once");
  const row = (await w.sql(
    `SELECT r.state AS state, a.code AS asked, d.code AS decided, t.amount AS amount FROM requests r
     JOIN api_keys a ON a.key_no = r.asked_by JOIN api_keys d ON d.key_no = r.decided_by
     JOIN transfers t ON t.transfer = r.transfer`,
  ))[0];
  c.equal(
    `${row.state} ${row.asked} ${row.decided} ${row.amount}`,
    "2 helin:service helin:owner 500",
    "both names beside the transfer",
  );
  await w.go(owner, "/changes");
  const first = owner.locator("tr:has-text('复核人工调整')").first();
  await first.waitFor();
  c.that((await first.textContent()).includes("service 申请"), "both names in the journal of changes");
  // ten small ones are a large one: the owner sets a limit for a person's day on the unit's page
  await w.go(owner, "/settings/units");
  await owner.locator("tr:has-text('关怀积分') button").click();
  await owner.fill("#by_hand_day_max", "150");
  await owner.locator(".ant-drawer-extra button").click();
  await settled(owner);
  c.equal((await w.api("GET", "/v1/units/thanks")).json.by_hand_day_max, 150, "the day's limit is saved");
  await w.go(page, `/members/${id}?tab=value`);
  await adjust(80);
  await page.waitForSelector(".ant-message-success");
  const left = page.locator(".ant-modal [role=status]:has-text('你今天还可以直接调整 70 关怀积分')");
  await adjust(80, async () => {
    await left.waitFor();
    await healthy(w, c, page, "what is left of her day"); // a form with fields that are required
  });
  await page.waitForSelector("text=另一位同事同意后才会生效");
  c.equal(await balance(w, id, "thanks"), 680, "the second small one waits");
  await w.go(owner, "/requests");
  await owner.waitForSelector("tr:has-text('当天合计超过限额')");
  await healthy(w, c, owner, "requests of a day");
  await page.context().close();
  await owner.context().close();
}

/** Where her points are, in sentences; why something cost what it did; undoing. */
async function desk(w, c) {
  const goods = (await w.api("GET", "/v1/products?limit=100")).json.items;
  const some = goods.filter((p) => !p.weighed && !p.never_promoted && p.price >= 2000)[0];
  await put(w, c, "/v1/campaigns/desk-five", {
    name: "满 30 减 5",
    mechanic: "amount",
    level: "order",
    amount: 500,
    min_amount: 3000,
    budget: 100_000,
  });
  await put(w, c, "/v1/campaigns/desk-far", {
    name: "满 9999 减 100",
    mechanic: "amount",
    level: "order",
    amount: 10_000,
    min_amount: 999_900,
    budget: 100_000,
  });
  const acknowledged = ["unreachable", "no_cap", "no_limit", "below_cost", "depth", "stack", "one_member", "overlap"];
  for (const code of ["desk-five", "desk-far"])
    for (const state of ["review", "live"])
      await w.api("POST", `/v1/campaigns/${code}/moves`, { state, acknowledged: [...acknowledged, "group_rule"] });
  const phone = "13700007799";
  const id = await shopper(w, phone);
  const buy = {
    order: "DESK-1",
    receipt: { store: "store-1", till: "1", number: "DESK-1" },
    store: "store-1",
    touchpoint: "store-1",
    member: { id },
    lines: [{ sku: some.code, quantity: 2 }],
  };
  const sold = (await w.api("POST", "/v1/checkout", buy)).json;
  c.that(sold.saving >= 500, `an order with an offer: ${JSON.stringify(sold)}`);
  const given = { member: { id }, unit: "points", amount: 77, reason: "活动补发" };
  const adjusted = await w.api("POST", "/v1/ledger/adjustments", given);
  c.equal(adjusted.status, 201, "some points by hand");
  const page = await w.page();
  await w.signIn(page, "service", "/desk");
  await page.waitForSelector("h1:has-text('客服台')");
  await page.fill("input[aria-label^=手机号]", phone);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".sentences");
  await settled(page);
  const has = await balance(w, id, "points");
  c.that((await page.textContent(".answer")).includes(`现在可用 ${has}`), "the balance is that of the ledger");
  const said = await page.textContent("section[aria-label=积分去哪了]");
  c.that(said.includes("人工补发 77") && said.includes("原因：活动补发"), "by hand, and why");
  c.that(said.includes("来自订单 DESK-1") && /按规则「.+」第 \d+ 版/.test(said), `by which order and rule: ${said}`);
  const why = await page.textContent("section[aria-label=为什么是这个价]");
  c.that(/「满 30 减 5」第 \d+ 版优惠 ¥5\.00/.test(why), `which offer, which version: ${why}`);
  const short = ((999_900 - 2 * some.price) / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 });
  c.that(why.includes(`还差 ¥${short}`), `what it missed, and by how much: ${short} in ${why}`);
  await healthy(w, c, page, "service desk");
  await look(page, "desk");
  await page.locator("li:has-text('人工补发 77') button:has-text('撤销')").click();
  await page.fill(".ant-modal-confirm textarea", "补发错人");
  await page.locator(".ant-modal-confirm-btns .ant-btn-dangerous").click();
  await page.waitForSelector("text=撤销之前的操作，收回 77");
  c.equal(await balance(w, id, "points"), has - 77, "undone");
  // a good of the mall, from the desk; what she cannot have says why
  await put(w, c, "/v1/mall/goods/desk-mug", { name: "客服台马克杯", unit: "points", points: 1 });
  await put(w, c, "/v1/mall/goods/desk-far", { name: "够不着的礼物", unit: "points", points: 99_999_999 });
  await page.click("button:has-text('兑换商城商品')");
  await dialog(page, "兑换商城商品").locator("#goods").click();
  await page.keyboard.type("够不着");
  await page.waitForSelector(".ant-select-item-option-disabled:has-text('余额不足')");
  await page.fill("#goods", "客服台马克杯");
  await option(page, "客服台马克杯").waitFor();
  await page.keyboard.press("Enter");
  await healthy(w, c, page, "the mall at the desk");
  await agree(page, "兑换商城商品");
  await page.waitForSelector("text=已兑换");
  c.equal(await balance(w, id, "points"), has - 78, "her point is spent");
  const took = (await w.api("GET", `/v1/members/${id}/exchanges`)).json.items;
  c.equal(took.map((x) => x.goods).join(), "desk-mug", "and the exchange stands");
  await page.context().close();
}

const ean = (twelve) => {
  const sum = [...twelve].reduce((n, x, i) => n + Number(x) * (i % 2 === 0 ? 1 : 3), 0);
  return twelve + ((10 - (sum % 10)) % 10);
};
const type = async (page, text) => {
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
};

/** Six printed gift cards that nobody has sold; the same for whoever asks again. */
async function giftCards(w, c) {
  await put(w, c, "/v1/namespaces/gift_card", { class: "strong", priority: 900 });
  await put(w, c, "/v1/code-batches/cards", { scene: "inside", count: 6 });
  await w.api("POST", "/v1/codes/bind", { batch: "cards", from: 0, n: 6, campaign: "gift cards" });
  await put(w, c, "/v1/units/present", { name: "礼品卡", kind: "gift_card", givable: true, anonymous_max: 90_000 });
  return (await w.api("GET", "/v1/code-batches/cards/codes?limit=6")).json.codes;
}

/** A whole sale by keys alone: labels of the scale, parking over a reload, a gift card, a return. */
async function keysOnly(w, c) {
  const [card] = await giftCards(w, c);
  await put(w, c, "/v1/products/51234", { name: "山姆散称虾仁", category: "food/sea", price: 5980, weighed: true });
  const goods = (await w.api("GET", "/v1/products?limit=100")).json.items;
  const dear = goods.find((p) => !p.weighed && p.barcode && p.price >= 3000);
  const page = await w.page();
  const held = [];
  await page.route(/\/v1\/units\b/, (route) => held.push(route));
  await w.signIn(page, "store", "/till");
  await page.waitForSelector("input.scan");
  // a gift card is sold, faster than the kinds of cards arrive, and asked what is on it
  await page.keyboard.press("F4");
  await page.waitForSelector("input[aria-label^=扫描或输入礼品卡]:focus");
  await type(page, card);
  await page.waitForSelector(".ant-input-group-wrapper:has-text('面额') input:focus");
  await type(page, "200");
  await page.waitForSelector(".ant-modal .ant-btn-loading:has-text('激活')");
  await page.unroute(/\/v1\/units\b/);
  for (const route of held) await route.continue();
  await page.waitForSelector("text=已激活 ¥200.00");
  await page.keyboard.press("F4");
  await type(page, card);
  await page.waitForSelector(".ant-modal:has-text('可用余额'):has-text('¥200.00')");
  await healthy(w, c, page, "gift card at the till");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".ant-modal", { state: "hidden" });
  // two labels of the scale: one tells the weight, one the price
  await type(page, ean("215123400350"));
  await type(page, ean("225123401234"));
  await type(page, dear.barcode);
  await page.waitForSelector("tr.ant-table-row >> nth=2");
  await settled(page);
  const lines = [
    { sku: "51234", quantity_milli: 350 },
    { sku: "51234", quantity_milli: 206, amount: 1234 },
    { sku: dear.code, quantity: 1 },
  ];
  const where = { store: "store-1", touchpoint: "store-1" };
  const quote = (await w.api("POST", "/v1/quotes", { ...where, lines })).json;
  c.equal(quote.lines.map((l) => l.list).join(), `2093,1234,${dear.price}`, "weight and price of the labels");
  const shown = async () => (await page.textContent(".sum .figure")).replace(/[^\d.]/g, "");
  c.equal(await shown(), (quote.payable / 100).toFixed(2), "the till shows what a quote says");
  await page.keyboard.type(`${ean("215123400350").slice(0, 12)}${(Number(ean("215123400350")[12]) + 1) % 10}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=没有这个商品"); // misread
  // parked, the page is loaded anew, and it is there again
  await page.keyboard.press("F6");
  await page.waitForSelector("text=请扫描商品");
  await page.reload();
  await page.waitForSelector("button:has-text('取单（1）')");
  await page.keyboard.press("F7");
  await page.waitForSelector("tr.ant-table-row >> nth=2");
  await settled(page);
  c.equal(await shown(), (quote.payable / 100).toFixed(2), "recalled at the same price");
  // two parked: a list with the time that is left
  await page.keyboard.press("F6");
  await type(page, dear.barcode);
  await page.waitForSelector("tr.ant-table-row");
  await page.keyboard.press("F6");
  await page.waitForSelector("button:has-text('取单（2）')");
  await page.keyboard.press("F7");
  await page.waitForSelector(".parked:has-text('还为这单保留')");
  await healthy(w, c, page, "which parked basket");
  await page.keyboard.press("1");
  await page.waitForSelector("tr.ant-table-row >> nth=2");
  await settled(page);
  // the card pays what it can, cash the rest
  await page.keyboard.press("F9");
  await page.waitForSelector(".tenders .ant-btn:not([disabled])");
  await page.keyboard.press("0");
  await page.waitForSelector(".ant-modal input[aria-label^=扫描或输入礼品卡]:focus");
  await type(page, card);
  const drawn = Math.min(quote.payable, 20_000);
  await page.waitForSelector(`.ant-modal-body .spread:has-text('¥${(drawn / 100).toFixed(2)}')`);
  await settled(page);
  await healthy(w, c, page, "paying with a gift card");
  if (quote.payable > drawn) await page.keyboard.press("1");
  else await page.keyboard.press("Enter");
  await page.waitForSelector(".receipt");
  await settled(page);
  const order = /T\d{12}-\d{5}/.exec(await page.textContent(".receipt"))[0];
  const booked = (await w.api("GET", `/v1/orders/${order}`)).json;
  c.equal(booked.net, quote.payable, "booked as quoted");
  c.that(booked.tenders.some((x) => x.kind === "gift_card" && x.amount === drawn), "paid with the card");
  const left = async () => (await w.api("POST", "/v1/cards/balance", { code: card })).json.available;
  c.equal(await left(), 20_000 - drawn, "what was not needed is still on it");
  await page.emulateMedia({ media: "print" });
  const paper = await page.locator(".receipt").evaluate((e) => Math.round((e.getBoundingClientRect().width / 96) * 25.4));
  c.equal(paper, 72, "80 mm paper prints 72");
  await page.emulateMedia({ media: "screen" });
  await page.keyboard.press("Enter");
  // the same receipt once more says that it is a copy, and books nothing
  await page.waitForSelector(".receipt", { state: "detached" });
  await page.keyboard.press("F11");
  await page.waitForSelector(".receipt .copy:has-text('副本')");
  const again = await page.locator(".receipt").textContent();
  c.that(again.includes(order) && again.includes((quote.payable / 100).toFixed(2)), `the copy is of that order: ${again}`);
  await healthy(w, c, page, "a copy of a receipt");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".receipt", { state: "detached" });
  // all of it comes back, the card has its money again
  await page.keyboard.press("F8");
  await page.waitForSelector("input[aria-label^=小票单号]:focus");
  await type(page, order);
  await page.waitForSelector(".ant-modal tr.ant-table-row >> nth=2");
  await page.keyboard.press("F4");
  await page.waitForSelector(`.return-quote:has-text('${(quote.payable / 100).toFixed(2)}')`);
  await page.keyboard.press("F9");
  await page.waitForSelector(".ant-message-success");
  c.equal((await w.api("GET", `/v1/orders/${order}`)).json.returned_net, quote.payable, "all of it came back");
  c.equal(await left(), 20_000, "and the card has its money again");
  // this till's paper
  await page.waitForSelector(".ant-modal", { state: "hidden" });
  await page.keyboard.press("F2");
  await type(page, "**");
  await page.waitForSelector("input[aria-label=称重条码格式]");
  await page.fill("input[aria-label=称重条码格式]", "21IIIIIWWWWW");
  await page.waitForSelector("text=每个格式都是 13 位");
  await page.fill("input[aria-label=称重条码格式]", "21IIIIIWWWWWC 22IIIIIPPPPPC");
  await page.click("text=58 mm");
  await page.locator("input[aria-label=称重条码格式]").press("Enter");
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem("tongbao.till")).paper);
  c.equal(kept, 58, "the paper is kept");
  await page.context().close();
}

/** A gift card on the receipt of the goods, paid in cash with them; unused, it is taken back. */
async function cardOnReceipt(w, c) {
  const [, card] = await giftCards(w, c);
  const goods = (await w.api("GET", "/v1/products?limit=100")).json.items;
  const some = goods.find((p) => !p.weighed && p.barcode && p.price >= 1000);
  const page = await w.page();
  await w.signIn(page, "store", "/till");
  await page.waitForSelector("input.scan");
  await type(page, some.barcode);
  await page.waitForSelector("tr.ant-table-row");
  await settled(page);
  const lines = [{ sku: some.code, quantity: 1 }];
  const { payable } = (await w.api("POST", "/v1/quotes", { store: "store-1", touchpoint: "store-1", lines })).json;
  await page.keyboard.press("F4");
  await page.waitForSelector("input[aria-label^=扫描或输入礼品卡]:focus");
  await type(page, card);
  await page.waitForSelector("text=加到这一单，和商品一起收款");
  await type(page, "100");
  await page.waitForSelector("text=已加到这一单：¥100.00");
  await page.waitForSelector(".ant-modal", { state: "hidden" });
  const shown = (await page.textContent(".sum .figure")).replace(/[^\d.]/g, "");
  c.equal(shown, ((payable + 10_000) / 100).toFixed(2), "goods and the card");
  await healthy(w, c, page, "a gift card on the receipt");
  await look(page, "till-card");
  c.equal((await w.api("POST", "/v1/cards/balance", { code: card })).status, 404, "nothing is sold before it is paid");
  await page.keyboard.press("F6");
  await page.waitForSelector("text=先移除再挂单");
  await page.keyboard.press("F9");
  await page.waitForSelector(".tenders .ant-btn:not([disabled])");
  await page.keyboard.press("3");
  await page.waitForSelector(".ant-modal input:focus");
  await type(page, String((payable + 10_000) / 100 + 5));
  await page.waitForSelector(".receipt");
  await settled(page);
  const receipt = await page.textContent(".receipt");
  c.that(receipt.includes("含售卡合计"), "the receipt says what both cost");
  c.that(receipt.includes("¥5.00"), "and the change");
  const order = /T\d{12}-\d{5}/.exec(receipt)[0];
  const booked = (await w.api("GET", `/v1/orders/${order}`)).json;
  const kinds = (await w.api("GET", "/v1/units?limit=100")).json.items.filter((u) => u.kind === "gift_card" && !u.item);
  c.equal(
    JSON.stringify([booked.net, booked.cards]),
    JSON.stringify([payable, [{ card: booked.cards[0].card, unit: kinds[0].code, amount: 10_000, tender: "cash", returned: false }]]),
    "the card is on the order, in no net",
  );
  await page.keyboard.press("Enter");
  await page.keyboard.press("F4");
  await page.waitForSelector("input[aria-label^=扫描或输入礼品卡]:focus");
  await type(page, card);
  await page.waitForSelector(".ant-modal:has-text('可用余额'):has-text('¥100.00')");
  await page.click(".ant-modal button:has-text('退卡')");
  await type(page, "送错人了");
  await page.waitForSelector("text=已退卡，卡号作废，退款 ¥100.00");
  await healthy(w, c, page, "a gift card taken back");
  c.equal((await w.api("GET", `/v1/orders/${order}`)).json.cards[0].returned, true, "the order says so");
  await page.context().close();
}

/** A lost gift card is found by its holder's phone, blocked, refused, and replaced by one that is hers again. */
async function lostCard(w, c) {
  const codes = await giftCards(w, c);
  const [card, fresh] = codes.slice(4);
  await w.api("POST", "/v1/cards", { code: card, unit: "present", amount: 30_000 });
  const phone = "13700006644";
  await w.api("POST", "/v1/contacts", { identifiers: [{ ns: "phone", value: phone }] });
  await w.api("POST", "/v1/cards/acts", { verb: "register", code: card, member: { ns: "phone", value: phone } });
  const page = await w.page();
  await w.signIn(page, "store", "/till");
  await page.waitForSelector("input.scan");
  await page.keyboard.press("F4");
  await page.waitForSelector("input[aria-label^=扫描或输入礼品卡]:focus");
  await page.keyboard.press("F6");
  await page.waitForSelector("input[aria-label^=会员手机号]:focus");
  await type(page, "T000000000000-00000");
  await page.waitForSelector("text=没有找到可以挂失的卡");
  await page.fill("input[aria-label^=会员手机号]", phone);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ant-modal [role=status]:has-text('¥300.00')");
  await page.waitForSelector("input[aria-label^=挂失原因]:focus");
  await healthy(w, c, page, "a lost gift card");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=已挂失，卡内 ¥300.00 已锁定");
  const seen = async (code) => (await w.api("POST", "/v1/cards/balance", { code })).json;
  c.equal((await seen(card)).state, "blocked", "blocked at once");
  // whoever found it cannot pay with it, and the till says why
  await page.keyboard.press("F4");
  await page.waitForSelector("input[aria-label^=扫描或输入礼品卡]:focus");
  await type(page, card);
  await page.waitForSelector("text=这张卡已挂失，卡内 ¥300.00 已锁定，不能付款");
  await healthy(w, c, page, "a blocked gift card");
  await look(page, "till-lost");
  const quote = { lines: [{ sku: "x", quantity: 1, amount: 100 }], tenders: [{ kind: "gift_card", code: card, amount: 100 }] };
  c.equal((await w.api("POST", "/v1/quotes", quote)).json.code, "card_state", "a quote refuses it");
  await page.waitForSelector("input[aria-label^=补卡]:focus");
  await type(page, fresh);
  await page.waitForSelector("text=已补卡，¥300.00 已转到新卡");
  const now = await seen(fresh);
  c.that(now.available === 30_000 && now.registered, `the money, and it is hers: ${JSON.stringify(now)}`);
  c.equal((await seen(card)).state, "replaced", "the old one is void");
  await page.context().close();
}

/** What cannot be taken back is asked twice: nothing happens until it is agreed to. */
async function voidCodes(w, c) {
  await put(w, c, "/v1/code-batches/gone", { name: "作废批次", scene: "inside", count: 3 });
  const [code] = (await w.api("GET", "/v1/code-batches/gone/codes?limit=1")).json.codes;
  const voided = async () => (await w.api("GET", `/v1/codes/${code}`)).json.void;
  const page = await w.page();
  await w.signIn(page, "owner", "/codes");
  await page.click("tr:has-text('作废批次') button");
  await page.click(".ant-tabs-tab:has-text('启用与冻结')");
  await page.locator(".ant-drawer .ant-tabs-tabpane-active .ant-select").click();
  await option(page, "作废").click();
  await page.fill("#reason", "印错了");
  await page.click(".ant-drawer button[type=submit]:has-text('执行')");
  const ask = dialog(page, "作废 3 个码");
  await ask.waitFor();
  await healthy(w, c, page, "asked before codes are void");
  await ask.locator("button:has-text('取消')").click();
  await page.waitForSelector(".ant-modal", { state: "detached" });
  c.equal(await voided(), false, "not yet");
  c.equal(await page.inputValue("#reason"), "印错了", "what was typed is still there");
  await page.click(".ant-drawer button[type=submit]:has-text('执行')");
  await ask.locator(".ant-btn-dangerous").click();
  await page.waitForSelector("text=已处理 3 个码");
  c.equal(await voided(), true, "agreed");
  await page.context().close();
}

/** A member fills a day that she missed, and sends a gift that she takes back. */
async function phone(w, c) {
  await put(w, c, "/v1/games/again", {
    name: "坚持签到",
    kind: "checkin",
    window_days: 7,
    cost_unit: "points",
    cost: 20,
    per_day: 2,
    rewards: [{ kind: "step", at: 1, unit: "points", amount: 1 }],
  });
  await w.api("POST", "/v1/games/again/state", { state: "open" });
  await put(w, c, "/v1/units/voucher", { name: "心意卡", kind: "gift_card", givable: true });
  const page = await w.page({ phone: true });
  await w.memberIn(page, "13700008899");
  const id = (await w.api("GET", "/v1/members?ns=phone&value=13700008899")).json.id;
  await w.api("POST", "/v1/ledger/adjustments", { member: { id }, unit: "points", amount: 100, reason: "体验" });
  await w.api("POST", "/v1/ledger/adjustments", { member: { id }, unit: "voucher", amount: 8000, reason: "体验" });
  const day = (back) =>
    new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(Date.now() - back * 86_400_000);
  const long = { member: { id }, day: day(3) };
  c.equal((await w.api("POST", "/v1/games/again/makeups", long)).status, 200, "a day that is filled, two before today");
  await page.click("nav.tabs >> text=玩一玩");
  const panel = page.locator("section[aria-label=坚持签到]");
  await panel.locator("button:has-text('补签')").waitFor();
  const had = await balance(w, id, "points");
  await healthy(w, c, page, "days to make up");
  await panel.locator("button:has-text('补签')").last().click();
  await page.click(".adm-dialog-button:has-text('补签')");
  await page.waitForSelector(".adm-dialog-body:has-text('连续签到')");
  c.equal(await balance(w, id, "points"), had - 20, "its price");
  const seat = (await w.api("GET", `/v1/members/${id}/games/again`)).json;
  c.that(seat.runs.some((r) => r.from <= day(1) && r.days >= 1), `yesterday is filled: ${JSON.stringify(seat.runs)}`);
  await page.click(".adm-dialog-button");
  await look(page, "member-makeup");
  await page.click("nav.tabs >> text=福利");
  await page.fill("input[aria-label=金额]", "30");
  await page.locator("section[aria-label=送一份给朋友] button").click();
  await page.waitForSelector("text=没人领取，会自动退回");
  c.equal(await balance(w, id, "voucher"), 5000, "it is on its way");
  await healthy(w, c, page, "a gift on its way");
  await look(page, "member-gift");
  await page.click("button:has-text('收回')");
  await page.waitForSelector("text=已收回到账户");
  c.equal(await balance(w, id, "voucher"), 8000, "and hers again");
  await page.context().close();
}

/** Her customers with tiers and coupons, her store's results: the figures are those of SQL. */
async function associate(w, c) {
  const page = await w.page({ phone: true });
  await w.signIn(page, "a1006", "/associate");
  await page.waitForSelector("section[aria-label=我的门店] .three-figures");
  await settled(page);
  const figures = await page.$$eval("section[aria-label=我的门店] .three-figures b", (all) => all.map((x) => x.textContent));
  const sql = (await w.sql(
    `SELECT count(*) AS orders, count(DISTINCT profile) AS buyers FROM orders WHERE state <> 3 AND store =
     (SELECT store FROM associates WHERE code = 'a1006') AND day >= (SELECT max(day) FROM orders) - 29`,
  ))[0];
  c.equal(figures[1].replace(/\D/g, ""), String(sql.orders), "orders of the store");
  c.equal(figures[2].replace(/\D/g, ""), String(sql.buyers), "buyers of the store");
  await page.locator(".customer").first().click();
  await page.waitForSelector(".ant-drawer h3:has-text('可用的券')");
  await healthy(w, c, page, "a customer of hers");
  await page.context().close();
}

export const scenarios = {
  "a unit's form keeps what it does not show": unitForm,
  "four eyes": fourEyes,
  "a member's questions at the desk": desk,
  "a till by keys alone": keysOnly,
  "a gift card on a receipt": cardOnReceipt,
  "a lost gift card": lostCard,
  "codes are void after a second word": voidCodes,
  "missed days and gifts": phone,
  "an associate's store": associate,
};
