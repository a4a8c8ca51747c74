// SPDX-License-Identifier: Apache-2.0
// Where the visitor came from: the store's code leads to /member?t=TENANT&s=TOUCHPOINT, the code on
// a product to /member/TENANT/CODE.
const KEY = "tongbao.place";
interface Place {
  tenant: string;
  touchpoint?: string;
  code?: string; // that she scanned, until it was asked about
}

function kept(): Place | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Place | null;
  } catch {
    return null;
  }
}

function read(): Place {
  const query = new URLSearchParams(location.search);
  const [, , inPath, code] = location.pathname.split("/");
  const tenant = query.get("t") ?? (inPath || undefined);
  if (!tenant) return kept() ?? { tenant: "helin" };
  const before = kept();
  const touchpoint = query.get("s") ?? (before?.tenant === tenant ? before.touchpoint : undefined);
  localStorage.setItem(KEY, JSON.stringify({ tenant, touchpoint }));
  return { tenant, touchpoint, code: code || undefined };
}
export const place = read();
