// SPDX-License-Identifier: Apache-2.0
// Which language, and which of the texts: texts are plain objects, so a missing one is a type error.
import { useSyncExternalStore } from "react";
import { setFormat, type Language } from "./format";

const KEY = "tongbao.language";
const listeners = new Set<() => void>();

function stored(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "zh-CN") return kept;
  return navigator.language.startsWith("en") ? "en" : "zh-CN";
}

let current = stored();

function apply(next: Language) {
  current = next;
  setFormat({ language: next });
  document.documentElement.lang = next;
}
apply(current);

export function setLanguage(next: Language) {
  localStorage.setItem(KEY, next);
  apply(next);
  listeners.forEach((f) => f());
}

const subscribe = (f: () => void) => {
  listeners.add(f);
  return () => listeners.delete(f);
};

export const useLanguage = () => useSyncExternalStore(subscribe, () => current);

/** texts({zh, en}) gives the hook of an area's texts. */
export function texts<T>(all: { zh: T; en: T }) {
  return () => (useLanguage() === "en" ? all.en : all.zh);
}
