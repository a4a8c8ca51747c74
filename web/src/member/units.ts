// SPDX-License-Identifier: Apache-2.0
// Units as a member reads them.
import { count, money } from "../shared/format";
import { useAllUnits } from "../shared/query";

export function useUnits() {
  const all = useAllUnits().data?.items ?? [];
  const of = (code: string | undefined) => all.find((u) => u.code === code);
  const name = (code: string | undefined) => of(code)?.name || code || "";
  return {
    all,
    of,
    name,
    amount: (code: string | undefined, n: number) => {
      const kind = of(code)?.kind;
      if (kind === "stored_value" || kind === "gift_card") return `${money(n)} ${name(code)}`;
      if (kind === "coupon") return n === 1 ? name(code) : `${name(code)} × ${count(n)}`;
      return `${count(n)} ${name(code)}`;
    },
  };
}
