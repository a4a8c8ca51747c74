// SPDX-License-Identifier: Apache-2.0
// Four pages from one workspace. What is built lies in dist/, with a .gz beside each file.
import { gzipSync } from "node:zlib";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

function gzip(): Plugin {
  let out = "dist";
  const pack = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) pack(path);
      else if (/\.(js|css|html|svg|json)$/.test(name))
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
    }
  };
  return {
    name: "gzip",
    apply: "build",
    configResolved: (config) => {
      out = config.build.outDir;
    },
    closeBundle: () => pack(out),
  };
}

export default defineConfig({
  plugins: [react(), gzip()],
  build: {
    target: "es2020",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      input: { console: "index.html", member: "member.html", till: "till.html", associate: "associate.html" },
    },
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8780" } },
});
