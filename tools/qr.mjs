// SPDX-License-Identifier: Apache-2.0
// node tools/qr.mjs TEXT   A QR code in the terminal, two modules a character.
import { createRequire } from "node:module";

const require = createRequire(new URL("../web/package.json", import.meta.url));
const code = require("qrcode-generator")(0, "L");
code.addData(process.argv[2] ?? "");
code.make();
const n = code.getModuleCount();
const dark = (y, x) => y >= 0 && x >= 0 && y < n && x < n && code.isDark(y, x);
for (let y = -2; y < n + 2; y += 2) {
  let row = "";
  // light on dark ground: what is light is drawn
  for (let x = -2; x < n + 2; x++) row += [" ", "▄", "▀", "█"][(dark(y, x) ? 0 : 2) + (dark(y + 1, x) ? 0 : 1)];
  console.log(row);
}
