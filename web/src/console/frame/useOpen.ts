// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from "react";

/** Open until something else is pressed. */
export function useOpen() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (e: Event) => {
      if (e instanceof KeyboardEvent ? e.key === "Escape" : !box.current?.contains(e.target as Node)) setOpen(false);
    };
    for (const event of ["pointerdown", "keydown", "focusin"]) addEventListener(event, away);
    return () => ["pointerdown", "keydown", "focusin"].forEach((event) => removeEventListener(event, away));
  }, [open]);
  return { open, setOpen, box };
}
