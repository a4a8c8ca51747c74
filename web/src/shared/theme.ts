// SPDX-License-Identifier: Apache-2.0
// Light or dark: as the system says until somebody chooses.
import { useSyncExternalStore } from "react";

export type Mode = "light" | "dark";
const KEY = "tongbao.mode";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function read(): Mode {
  const kept = localStorage.getItem(KEY);
  return kept === "dark" || kept === "light" ? kept : system.matches ? "dark" : "light";
}

let mode = read();

function apply() {
  mode = read();
  document.documentElement.dataset.theme = mode;
  document.documentElement.setAttribute("data-prefers-color-scheme", mode);
  listeners.forEach((f) => f());
}
apply();
system.addEventListener("change", apply);

export function setMode(next: Mode) {
  localStorage.setItem(KEY, next);
  apply();
}

export const useMode = () =>
  useSyncExternalStore(
    (f) => {
      listeners.add(f);
      return () => listeners.delete(f);
    },
    () => mode,
  );

export const JADE = "#1f6f54";
export const GOLD = "#b8892f";
