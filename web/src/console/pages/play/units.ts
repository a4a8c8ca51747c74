// SPDX-License-Identifier: Apache-2.0
// Units by code: what they are called, and amounts of them as text.
import type { Unit } from "../../../api/client.gen";
import { count, money } from "../../../shared/format";
import { useAllUnits } from "../../../shared/query";

export function useUnits(kinds?: readonly Unit["kind"][]) {
  const query = useAllUnits();
  const all = query.data?.items ?? [];
  const of = (code: string | undefined) => all.find((u) => u.code === code);
  const name = (code: string | undefined) => of(code)?.name || code || "";
  return {
    of,
    name,
    amount: (code: string | undefined, n: number) =>
      of(code)?.kind === "stored_value" ? `${money(n)} ${name(code)}` : `${count(n)} ${name(code)}`,
    options: all
      .filter((u) => !kinds || kinds.includes(u.kind))
      .map((u) => ({ value: u.code, label: u.name ? `${u.name} (${u.code})` : u.code })),
  };
}
