// SPDX-License-Identifier: Apache-2.0
// A spreadsheet of members: sent, tried, imported, and one of them found by her name.
import { healthy, look, settled } from "./look.mjs";

const rows = [
  ["手机号", "姓名", "入会日期", "备注"],
  ["13877770001", "诸葛小满", "2026-05-01", '"爱喝茶,\n周末来"'],
  ["13877770002", "仇若溪", "2026-05-02", ""],
  ["123", "号码错", "2026-05-03", ""],
  ["13877770003", "单雨桐", "五月四日", ""],
];
const csv = `\ufeff${rows.map((r) => r.join(",")).join("\r\n")}\r\n`;

async function importMembers(w, c) {
  const page = await w.page();
  await w.signIn(page, "marketer", "/imports");
  await healthy(w, c, page, "imports, none yet");
  await page.click("button:has-text('新建导入')");
  await page.setInputFiles(".ant-modal input[type=file]", {
    name: "老会员.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(csv),
  });
  await page.waitForSelector(".ant-drawer :text('字段对应')");
  await healthy(w, c, page, "imports, mapping");
  await look(page, "import-map");
  const chosen = (id) =>
    page.locator(`.ant-drawer .ant-form-item:has(#${id}) .ant-select-selection-item`).first().textContent();
  c.equal(await chosen("identifiers_phone"), "手机号", "the phone is guessed");
  c.equal(await chosen("attributes_name"), "姓名", "the name is guessed");
  c.equal(await chosen("when"), "入会日期", "the date is guessed");
  c.equal(await page.inputValue("#format"), "%Y-%m-%d", "and how it is written");
  const members = async () => (await w.sql("SELECT count(*) AS n FROM persons WHERE enrolled_ms > 0"))[0].n;
  const before = await members();
  await page.click(".ant-drawer button:has-text('试运行')");
  await page.waitForSelector(".ant-drawer :text('未写入任何数据')");
  await healthy(w, c, page, "imports, tried");
  await look(page, "import-trial");
  const figures = async () =>
    Object.fromEntries(
      (await page.locator(".ant-drawer tbody tr.ant-table-row").allInnerTexts()).map((t) => t.split("\t").map((x) => x.trim())),
    );
  let f = await figures();
  c.equal([f["总行数"], f["成功"], f["被拒绝"]].join(), "4,2,2", "what the trial says");
  c.equal(await members(), before, "the trial wrote nothing");
  await page.waitForSelector(".ant-drawer :text('原始文件保留到')");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click(".ant-drawer button:has-text('下载被拒绝的行')"),
  ]);
  const text = await (await import("node:fs/promises")).readFile(await download.path(), "utf8");
  c.equal(text.trim().split("\n").length, 3, "a head and two refused rows");
  await page.click(".ant-drawer button:has-text('正式导入')");
  await page.waitForSelector(".ant-drawer-title:has-text('已完成')");
  await page.waitForSelector(".ant-drawer :text('未写入任何数据')", { state: "detached" });
  await page.waitForSelector(".ant-drawer td:has-text('总行数')");
  await settled(page);
  f = await figures();
  c.equal([f["总行数"], f["成功"], f["新入会"]].join(), "4,2,2", "what the import says");
  c.equal((await members()) - before, 2, "two members more");
  await page.waitForSelector(".ant-drawer :text('原始文件已删除')");
  const sum = (await import("node:crypto")).createHash("sha256").update(csv).digest("hex");
  await page.waitForSelector(`.ant-drawer :text('${sum}')`);
  c.equal(await page.locator(".ant-drawer button:has-text('正式导入')").count(), 0, "nothing is imported twice");
  await healthy(w, c, page, "imports, done");

  await w.go(page, "/members");
  await page.fill(".ant-input-search input", "zgxm");
  await page.press(".ant-input-search input", "Enter");
  await page.waitForSelector("td:has-text('诸***')");
  await healthy(w, c, page, "members by initials");
  await look(page, "members-by-name");
  c.equal(await page.locator(".ant-table-tbody tr.ant-table-row").count(), 1, "one is found by her initials");
  await page.fill(".ant-input-search input", "仇若");
  await page.press(".ant-input-search input", "Enter");
  await page.waitForSelector("td:has-text('仇**')");
  c.that(page.url().includes("q="), "the search is in the address");
  await page.context().close();
}

export const scenarios = { "a spreadsheet of members": importMembers };
