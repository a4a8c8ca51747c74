// SPDX-License-Identifier: Apache-2.0
// Every act of the till has a key, so no mouse is needed.
import { useEffect, useRef } from "react";

/** For a dialog's afterOpenChange: while it opens nothing in it can be focused. */
export const focusInput = (open: boolean) => {
  if (open) document.querySelector<HTMLInputElement>(".ant-modal input")?.focus();
};

/** While `on`, a key runs its act and reaches nothing else. */
export function useKeys(on: boolean, keys: Record<string, () => void>) {
  const kept = useRef({ on, keys });
  kept.current = { on, keys };
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const act = kept.current.on && !e.ctrlKey && !e.altKey && !e.metaKey ? kept.current.keys[e.key] : undefined;
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
