// SPDX-License-Identifier: Apache-2.0
// Where the visitor came from: the store's code leads to /member?t=TENANT&s=TOUCHPOINT.
const KEY = "tongbao.place";
interface Place {
  tenant: string;
  touchpoint?: string;
}

function read(): Place {
  const query = new URLSearchParams(location.search);
  const tenant = query.get("t");
  if (tenant) {
    const place = { tenant, touchpoint: query.get("s") ?? undefined };
    localStorage.setItem(KEY, JSON.stringify(place));
    return place;
  }
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "") as Place;
  } catch {
    return { tenant: "helin" };
  }
}
export const place = read();
