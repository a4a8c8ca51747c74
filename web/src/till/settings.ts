// SPDX-License-Identifier: Apache-2.0
// What belongs to this till and not to the shop: its printer's paper and its scale's labels.
import { MASKS } from "./scale";

const KEY = "tongbao.till";
export interface TillSettings {
  paper: 58 | 80; // millimetres
  masks: string[];
}

function read(): TillSettings {
  const plain: TillSettings = { paper: 80, masks: MASKS };
  try {
    return { ...plain, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<TillSettings>) };
  } catch {
    return plain;
  }
}

let current = read();
export const tillSettings = () => current;
export function saveTillSettings(next: TillSettings) {
  current = next;
  localStorage.setItem(KEY, JSON.stringify(next));
}
