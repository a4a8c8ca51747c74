// SPDX-License-Identifier: Apache-2.0
// A list's state lives in the address: it survives reloading and can be sent to a colleague.
import { useSearchParams } from "react-router-dom";

export function useListState() {
  const [params, setParams] = useSearchParams();
  const set = (changes: Record<string, string | undefined>) => {
    const next = new URLSearchParams(params);
    for (const [k, v] of Object.entries(changes)) {
      if (v) next.set(k, v);
      else next.delete(k);
    }
    setParams(next, { replace: true });
  };
  return { get: (name: string) => params.get(name) ?? undefined, set };
}
