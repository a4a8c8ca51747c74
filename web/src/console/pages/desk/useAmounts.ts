// SPDX-License-Identifier: Apache-2.0
// Amounts of any unit as people say them: money where the unit is money.
import { count, money } from "../../../shared/format";
import { useAllUnits } from "../../../shared/query";

export function useAmounts() {
  const units = useAllUnits();
  const of = (code: string) => units.data?.items.find((u) => u.code === code);
  const text = (code: string, n: number) =>
    ["stored_value", "gift_card"].includes(of(code)?.kind ?? "") ? money(n) : count(n);
  return {
    name: (code: string) => of(code)?.name || code,
    text,
    full: (code: string, n: number) => `${text(code, n)} ${of(code)?.name || code}`,
    signed: (code: string, n: number) => `${n > 0 ? "+" : ""}${text(code, n)} ${of(code)?.name || code}`,
  };
}
