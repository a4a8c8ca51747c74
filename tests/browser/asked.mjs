// SPDX-License-Identifier: Apache-2.0
// What people ask for: to be forgotten, what became of a request.
import { dialog, healthy, look, settled } from "./look.mjs";

/** She asks on her phone after reading what goes and stays; takes it back; is declined with a reason; is erased. */
async function forgotten(w, c) {
  const phone = await w.page({ phone: true });
  await w.memberIn(phone, "13700005566");
  const { id } = (await w.api("GET", "/v1/members?ns=phone&value=13700005566")).json;
  await w.api("POST", "/v1/ledger/adjustments", { member: { id }, unit: "points", amount: 30, reason: "hello" });
  await phone.reload();
  const state = async () => (await w.sql(`SELECT state FROM requests WHERE act = 3 ORDER BY request`)).map((r) => r.state).join();
  await phone.click("text=我的");
  await phone.click("text=注销会员，删除我的资料");
  await phone.waitForSelector("section[aria-label='将被删除，无法恢复']");
  await phone.waitForSelector("section[aria-label*='注销后不能再用'] li:has-text('30')");
  await healthy(w, c, phone, "what goes and what stays");
  await look(phone, "member-forget");
  await phone.click("button:has-text('申请注销并删除')");
  await phone.waitForSelector("text=确定要注销并删除资料吗");
  await phone.click("text=再想想");
  await settled(phone);
  c.equal(await state(), "", "one act alone asks for nothing");
  const ask = async () => {
    await phone.click("button:has-text('申请注销并删除')");
    await phone.click("text=确定申请");
    await phone.waitForSelector("text=提交了注销申请");
  };
  await ask();
  await healthy(w, c, phone, "it was asked");
  c.equal(await state(), "1", "it waits");
  await phone.click("button:has-text('撤回申请')");
  await phone.waitForSelector("button:has-text('申请注销并删除')");
  c.equal(await state(), "4", "taken back");
  await ask();
  c.equal(await state(), "1", "the same one, once more");
  const desk = await w.page();
  await w.signIn(desk, "service", "/requests");
  const row = desk.locator("tr:has-text('会员申请注销')").first();
  await row.waitFor();
  c.that((await row.textContent()).includes("会员本人"), "who asked");
  await w.go(desk, `/desk?member=${id}`);
  await desk.waitForSelector("[role=status]:has-text('申请注销、删除资料')");
  await w.go(desk, "/requests");
  const open = async () => {
    await desk.locator("tr:has-text('会员申请注销') button").first().click();
    await dialog(desk, "会员申请注销").waitFor();
    await settled(desk);
  };
  await open();
  await healthy(w, c, desk, "to be forgotten");
  await look(desk, "to-be-forgotten");
  const decline = dialog(desk, "会员申请注销").locator(".ant-modal-footer button").first();
  c.that(await decline.isDisabled(), "declined with a reason alone");
  await desk.fill("textarea[aria-label='不删除的原因，会员会看到']", "还有一笔退款在途");
  await decline.click();
  await desk.waitForSelector("text=已驳回");
  await phone.reload();
  await phone.waitForSelector("[role=status]:has-text('还有一笔退款在途')");
  await healthy(w, c, phone, "declined");
  await ask();
  c.equal(await state(), "3,1", "another one");
  await desk.reload();
  await open();
  await dialog(desk, "会员申请注销").locator(".ant-modal-footer button:has-text('删除资料')").click();
  await settled(desk);
  await desk.locator(".ant-popover:visible .ant-btn-dangerous").click();
  await desk.waitForSelector("text=个人资料已删除");
  c.equal(await state(), "3,2", "erasing ends it");
  const gone = (await w.api("GET", `/v1/members/${id}?view=full`)).json;
  c.that(gone.erased && gone.identifiers.every((i) => i.value === undefined), "her data is gone");
  await phone.context().close();
  await desk.context().close();
}

export const scenarios = {
  "she asks to be forgotten": forgotten,
};
