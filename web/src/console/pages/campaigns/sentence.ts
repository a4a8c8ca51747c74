// SPDX-License-Identifier: Apache-2.0
// A campaign in one sentence, so that whoever approves it reads what shoppers will get.
import type { CampaignIn } from "../../../api/client.gen";
import { count, money, percentPpm } from "../../../shared/format";
import type { CampaignMessages } from "../../messages/campaigns";

/** 150,000 off -> "8.5" (折). */
export const zhe = (ppm: number) => String(Math.round((1_000_000 - ppm) / 1_000) / 100);

function given(c: Partial<CampaignIn>, m: CampaignMessages): string {
  const s = m.sentence;
  const amount = money(c.amount ?? 0);
  switch (c.mechanic) {
    case "percent":
      return s.percent(zhe(c.ppm ?? 0));
    case "amount":
      return s.amount(amount);
    case "amount_each":
      return s.each(amount);
    case "fixed":
      return s.fixed(amount);
    case "table":
      return s.table(count(c.prices?.length ?? 0));
    case "ladder":
      return (c.steps ?? [])
        .map((x) => {
          const at = c.by_pieces ? s.pieces(count(x.at)) : money(x.at);
          return x.off ? s.stepOff(at, money(x.off)) : s.stepPpm(at, zhe(x.ppm ?? 0));
        })
        .join(s.join);
    case "cheapest":
      return s.cheapest(count(c.need), count(c.get), percentPpm(c.ppm ?? 0));
    case "n_for":
      return s.nFor(count(c.need), amount);
    case "buy_get":
      return s.buyGet(count(c.need), count(c.get), percentPpm(c.ppm ?? 0));
    case "bundle":
      return s.bundle(amount);
    case "gift":
      return s.gift(count(c.get ?? 1), c.gift_product || c.gift_unit || "");
    case "points":
      return s.points(String((c.ppm ?? 0) / 1_000_000));
    default:
      return "";
  }
}

export function sentence(c: Partial<CampaignIn>, m: CampaignMessages): string {
  const s = m.sentence;
  const parts = [c.members_only ? s.members : s.everybody];
  if (c.first_order) parts.push(s.first);
  if (c.coupon) parts.push(s.coupon(c.coupon));
  const scope = (c.scope ?? [])
    .filter((x) => x?.by && (x.slot ?? "scope") === "scope")
    .map((x) => `${x.excluded ? `${m.excluded} ` : ""}${x.value ?? m.scopeBy[x.by]}`);
  if (scope.length > 0) parts.push(scope.slice(0, 4).join(" / ") + (scope.length > 4 ? " …" : ""));
  if (c.min_amount) parts.push(s.min(money(c.min_amount)));
  if (c.min_pieces) parts.push(s.min(s.pieces(count(c.min_pieces))));
  parts.push(given(c, m));
  for (const l of c.limits ?? [])
    if (l?.scope === "member" && l.uses) parts.push(s.perMember(m.periods[l.period] ?? "", count(l.uses)));
  if (c.budget) parts.push(s.budget(money(c.budget)));
  return parts.filter(Boolean).join(s.join);
}
