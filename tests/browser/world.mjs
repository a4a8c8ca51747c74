// SPDX-License-Identifier: Apache-2.0
// What a browser test stands on: the real program on a tenth of the demonstration's shoppers, its
// users, and a Chromium. Nothing here is simulated but the shoppers' past.
import { execFile, execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { settled } from "./look.mjs";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(join(root, "web/package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** The shell without windows takes 3/5 of the processor time of the browser that has them; the engine is the same. */
export const chromiumFile =
  process.env.TB_CHROMIUM ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find(existsSync);

const ROLES = {
  owner: ["owner"],
  marketer: ["marketer"],
  store: ["till", "--store", "store-1"],
  a1006: ["associate", "--store", "store-1"],
  service: ["service_desk"],
  auditor: ["auditor"],
  developer: ["developer"],
};

/** The program cannot tell which port the system chose, so one that is free now is given to it. */
async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export class World {
  /** The data of every lane, made once: shoppers, users, the owner's key. */
  static async make(program) {
    const w = new World();
    w.program = resolve(program);
    w.data = mkdtempSync(join(tmpdir(), "tongbao-browser-"));
    w.cpu = { server: 0 };
    w.people = w.run("demo", "--divide", "10");
    w.passwords = {};
    for (const [login, [role, ...more]] of Object.entries(ROLES)) {
      const line = w.run("user", "create", login, "--tenant", "helin", "--role", role, ...more);
      w.passwords[login] = line.trim().split(" ")[1];
    }
    w.key = w.run("key", "create", "--tenant", "helin", "--role", "owner").trim();
    w.run("apply", join(root, "examples/demo/helin"), "--tenant", "helin");
    w.browser = await chromium.launch({ executablePath: chromiumFile, args: ["--no-sandbox"] });
    return w;
  }

  /** Processor seconds of a process and of all that it started. */
  cost(top) {
    const stat = (pid) => {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      return text.slice(text.lastIndexOf(")") + 2).split(" ");
    };
    const ticks = (f) => [11, 12, 13, 14].reduce((sum, i) => sum + Number(f[i]), 0);
    let sum = 0;
    const known = new Set([String(top)]);
    const all = readdirSync("/proc").filter((x) => /^\d+$/.test(x));
    for (const pid of all.sort((a, b) => a - b)) {
      try {
        const fields = stat(pid);
        if (known.has(fields[1])) known.add(pid);
        if (known.has(pid)) sum += ticks(fields);
      } catch {
        // it has ended meanwhile
      }
    }
    return sum / 100;
  }

  async unmake() {
    const { user, system } = process.cpuUsage();
    this.cpu.tests = (user + system) / 1e6;
    this.cpu.browser = this.cost(process.pid) - this.cpu.server - this.cpu.tests;
    await this.browser.close();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** A world of its own on a copy of the data. */
  async twin() {
    const w = Object.assign(new World(), this, { passwords: { ...this.passwords }, contexts: new Set(), cookies: new Map(), spent: {} });
    w.data = mkdtempSync(join(tmpdir(), "tongbao-browser-"));
    cpSync(this.data, w.data, { recursive: true });
    await w.serve();
    return w;
  }

  /** Where a scenario's time goes, for those who want it shorter. */
  spend(what, begin) {
    const one = (this.spent[what] ??= { n: 0, ms: 0 });
    one.n += 1;
    one.ms += performance.now() - begin;
  }

  run(...args) {
    const folder = ["--data", this.data];
    return execFileSync(this.program, [...args, ...folder], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  }

  async serve() {
    const args = [
      "serve",
      "--data",
      this.data,
      "--listen",
      "127.0.0.1:0",
      "--inbox",
      "--no-supervisor",
      "--web",
      join(root, "web/dist"),
    ];
    // a port that was free a moment ago may be somebody's connection by now
    for (let tries = 0; tries < 5; tries++) {
      const port = await freePort();
      args[4] = `127.0.0.1:${port}`;
      this.url = `http://127.0.0.1:${port}`;
      this.server = spawn(this.program, args, { stdio: "ignore" });
      while (this.server.exitCode === null) {
        const ready = await fetch(`${this.url}/readyz`).catch(() => null);
        if (ready?.ok && this.server.exitCode === null) return;
        await new Promise((f) => setTimeout(f, 100));
      }
    }
    throw new Error("the server ended");
  }

  /** Rows of a statement on the published tables, as the program's own verb prints them. */
  async sql(statement) {
    const begin = performance.now();
    const args = ["sql", "--format", "json", statement, "--data", this.data];
    const { stdout } = await promisify(execFile)(this.program, args, { maxBuffer: 1 << 26 });
    this.spend("sql", begin);
    return stdout
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** The API with the owner's key. */
  async api(method, path, body, headers = {}) {
    const h = { Authorization: `Bearer ${this.key}`, "Idempotency-Key": `t${Math.random()}`, ...headers };
    if (body) h["Content-Type"] = "application/json";
    const r = await fetch(this.url + path, { method, headers: h, body: body && JSON.stringify(body) });
    return { status: r.status, json: await r.json().catch(() => null) };
  }

  async page({ phone = false, dark = false, width, motion = false } = {}) {
    const context = await this.browser.newContext({
      viewport: phone ? { width: 390, height: 844 } : { width: width ?? 1440, height: 900 },
      isMobile: phone,
      hasTouch: phone,
      locale: "zh-CN",
      timezoneId: "Asia/Shanghai",
      colorScheme: dark ? "dark" : "light",
      reducedMotion: motion ? "no-preference" : "reduce",
    });
    this.contexts.add(context);
    context.on("close", () => this.contexts.delete(context));
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.errors = [];
    page.on("pageerror", (e) => page.errors.push(e.message));
    page.on("console", (m) => /Content Security Policy/.test(m.text()) && page.errors.push(m.text()));
    page.asked = new Set();
    page.answers = new EventEmitter();
    const answered = (request) => page.asked.delete(request) && page.answers.emit("one");
    page.on("request", (request) => {
      // parts of the program that were fetched ahead are nobody's data, and not each has an end
      if (new URL(request.url()).pathname.startsWith("/assets/")) return;
      // a new document: what the one before still asked for has no end
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) page.asked.clear();
      page.asked.add(request);
    });
    page.on("requestfinished", answered);
    page.on("requestfailed", answered);
    return page;
  }

  /** To another page of the console as a click on the menu goes there, without loading anew, and until it is there. */
  async go(page, path) {
    await this.turn(page, path);
    await settled(page);
  }

  /** The same without waiting. */
  async turn(page, path) {
    await page.evaluate((p) => {
      history.pushState({}, "", p);
      dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    }, path);
  }

  /** By the form the first time, later with the cookie that this gave. own: by the form, to a session of this page's. */
  async signIn(page, login, path = "/", { own = false } = {}) {
    const begin = performance.now();
    const kept = own ? undefined : this.cookies.get(login);
    if (kept) await page.context().addCookies(kept);
    await page.goto(this.url + path);
    if (!kept) {
      await page.fill("#user", login.includes("@") ? login : `${login}@helin`);
      await page.fill("#password", this.passwords[login]);
      await page.click("button[type=submit]");
    }
    await page.waitForSelector(".frame, .till, .assoc");
    if (!own && !kept) this.cookies.set(login, await page.context().cookies());
    this.spend("sign-in", begin);
  }

  /** A shopper with that phone, signed in by the code from the inbox, and a member. */
  async memberIn(page, phone, path = "/member?t=helin&s=store-1") {
    await page.goto(this.url + path);
    await page.fill("#phone", phone);
    await page.click("text=获取验证码");
    await page.waitForSelector("text=/后重发/");
    const { items } = (await this.api("GET", "/v1/demo/inbox")).json;
    await page.fill("#code", items.find((x) => x.to.endsWith(phone.slice(-4))).code);
    await page.click("button[type=submit]");
    await page.click(".adm-checkbox");
    await page.click("text=一键入会");
    await page.waitForSelector("nav.tabs");
  }

  /** What every open page shows, beside the pictures, when a scenario broke. */
  async photograph(name) {
    const folder = process.env.TB_PICTURES;
    const pages = [...this.contexts].flatMap((context) => context.pages());
    const file = name.replace(/[^a-z0-9]+/g, "-");
    for (const [i, page] of pages.entries())
      if (folder) await page.screenshot({ path: join(folder, `broken-${file}-${i}.png`) });
    for (const context of this.contexts) await context.close();
  }

  /** Serious and critical findings of axe: of the rules that can have such alone. */
  async axe(page) {
    const begin = performance.now();
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
    // a toast that fades is on its way out; what it says was checked when it stood
    const where = { include: [["body"]], exclude: [[".adm-toast-mask"], [".ant-message"]] };
    // rows are alike: the first five speak for all
    where.exclude.push(["tr.ant-table-row:nth-child(n+7)"], [".customer:nth-child(n+7)"], [".bars .one:nth-child(n+7)"]);
    // and so is the frame on every page of a context: who has seen it in this width and colour has seen it
    const width = page.viewportSize().width;
    if (page.framed === width) where.exclude.push([".side"], ["header.top"]);
    page.framed = width;
    const found = await page.evaluate(async (context) => {
      const grave = (rule) => rule.impact === "serious" || rule.impact === "critical";
      const usual = (rule) => rule.enabled && !rule.tags.includes("experimental");
      const values = axe._audit.rules.filter((rule) => grave(rule) && usual(rule)).map((rule) => rule.id);
      const options = { runOnly: { type: "rule", values }, resultTypes: ["violations"], preload: false };
      return axe.run(context, options);
    }, where);
    this.spend("axe", begin);
    return found.violations
      .filter((v) => v.impact === "serious" || v.impact === "critical")
      .map(
        (v) =>
          `${v.id}: ${v.nodes
            .slice(0, 3)
            .map((n) => `${n.target} ${n.any[0]?.message ?? ""}`)
            .join(" | ")}`,
      );
  }

  async close() {
    for (const context of this.contexts) await context.close();
    this.cpu.server += this.cost(this.server.pid);
    this.server.kill("SIGTERM");
    await new Promise((f) => (this.server.exitCode === null ? this.server.once("exit", f) : f()));
    rmSync(this.data, { recursive: true, force: true });
  }
}
