// SPDX-License-Identifier: Apache-2.0
// Who asked the system for less motion gets none: no sliding dialogs, no growing charts, no turning wheel.
import { useSyncExternalStore } from "react";

const system = matchMedia("(prefers-reduced-motion: reduce)");

export const isCalm = () => system.matches;

export const useCalm = () =>
  useSyncExternalStore((f) => {
    system.addEventListener("change", f);
    return () => system.removeEventListener("change", f);
  }, isCalm);
