// SPDX-License-Identifier: Apache-2.0
// Every operation of the API is called by some page, or stands in api_only.json with its reason.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./world.mjs";

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return sources(path);
    return /\.tsx?$/.test(e.name) && e.name !== "client.gen.ts" ? [readFileSync(path, "utf8")] : [];
  });
}

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

export async function operations(w, c) {
  const api = (await w.api("GET", "/v1/openapi.json")).json;
  const names = Object.values(api.paths).flatMap((item) => Object.values(item).map((op) => op.operationId));
  const text = sources(join(root, "web/src")).join("\n");
  const only = JSON.parse(readFileSync(join(root, "tests/browser/api_only.json"), "utf8"));
  const called = (name) => new RegExp(`\\bapi\\s*\\.${camel(name)}\\b|useApi\\(\\s*"${camel(name)}"`).test(text);
  const lost = names.filter((name) => !called(name) && !(name in only));
  c.equal(lost.join(), "", "operations that no page calls and no reason excuses");
  const idle = Object.keys(only).filter((name) => !names.includes(name) || called(name));
  c.equal(idle.join(), "", "reasons that nothing needs any more");
  c.that(Object.values(only).every((reason) => reason.length > 15), "a reason is a sentence");
}
