// SPDX-License-Identifier: Apache-2.0
// Why it costs that: what applies, what is missing for more, and why something else does not.
import { Button, Tag } from "antd";
import type { Quote } from "../api/client.gen";
import { count, money } from "../shared/format";
import { useAllUnits, useApi } from "../shared/query";
import { useT } from "./messages";

const NEAR = ["below_amount", "below_pieces"];

export function useNames() {
  const campaigns = useApi("listCampaigns", { limit: 100 });
  const units = useAllUnits();
  return {
    campaign: (code: string | undefined) => campaigns.data?.items.find((c) => c.code === code)?.name || code || "",
    unit: (code: string | undefined) => units.data?.items.find((u) => u.code === code)?.name || code || "",
  };
}

export function Offers({
  quote,
  all,
  setAll,
}: {
  quote: Quote;
  all: boolean; // what does not apply is shown as well
  setAll: (all: boolean) => void;
}) {
  const t = useT();
  const names = useNames();
  const applied = quote.offers.filter((o) => o.state === "in_force");
  const near = quote.offers.filter((o) => NEAR.includes(o.state) && o.missing > 0);
  const others = quote.offers.filter((o) => o.state !== "in_force" && !near.includes(o));
  const hidden = others.length + quote.refused.length;
  return (
    <section className="offers" aria-label={t.offers}>
      {applied.map((o) => (
        <div className="spread offer" key={o.id + (o.coupon ?? "")}>
          <span>
            {o.coupon && (
              <Tag color="gold" bordered={false}>
                {t.coupon}
              </Tag>
            )}
            {names.campaign(o.campaign)}
            {o.gift_units > 0 &&
              ` · ${t.gift} ${names.unit(o.gift_unit) || o.gift_product || ""} × ${count(o.gift_units)}`}
          </span>
          {o.saving > 0 && <b className="num saved">−{money(o.saving)}</b>}
        </div>
      ))}
      {near.map((o) => (
        <p className="near" key={`n${o.id}`}>
          {o.state === "below_amount" ? t.missing(money(o.missing)) : t.missingPieces(count(o.missing))}{" "}
          {names.campaign(o.campaign)}
        </p>
      ))}
      {quote.earns
        .filter((e) => e.amount > 0)
        .map((e) => (
          <p className="soft" key={e.unit}>
            {t.earns(count(e.amount), names.unit(e.unit))}
          </p>
        ))}
      {hidden > 0 && (
        <Button size="small" type="link" onClick={() => setAll(!all)}>
          {t.whyNot(count(hidden))} <kbd>F1</kbd>
        </Button>
      )}
      {all && (
        <ul className="soft why">
          {others.map((o) => (
            <li key={`o${o.id}${o.coupon ?? ""}`}>
              {names.campaign(o.campaign)}：{t.offerState[o.state]}
            </li>
          ))}
          {quote.refused.map((r, i) => (
            <li key={i}>
              {names.campaign(r.campaign) || t.coupon}：{t.refused[r.reason] ?? r.reason}
            </li>
          ))}
        </ul>
      )}
      {!quote.proven && <p className="soft">{t.unproven(money(quote.gap))}</p>}
    </section>
  );
}
