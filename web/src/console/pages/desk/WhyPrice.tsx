// SPDX-License-Identifier: Apache-2.0
// Why an order cost what it did. What it got off is what the order has kept; what it missed, and by how
// much, is a quote for the instant at which it was bought.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { api, type Order, type Quote, type QuoteIn } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { count, dateTime, milli, money } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useProduct } from "../../../shared/useProduct";
import { useDeskT } from "../../messages/desk";
import { Select } from "../../ui/Select";
import { Data } from "../../ui/State";
import { useListState } from "../../ui/useListState";

function useCampaignName() {
  const campaigns = useApi("listCampaigns", { limit: 100 });
  return (code: string | undefined) => campaigns.data?.items.find((c) => c.code === code)?.name || code || "";
}

/** Asked again for the instant of the sale. */
function useThen(o: Order) {
  const body: QuoteIn = {
    store: o.store,
    touchpoint: o.touchpoint,
    member: o.member ? { id: o.member.id } : undefined,
    occurred_at: o.occurred_at,
    lines: o.lines.map((l) => ({ sku: l.sku, quantity: l.quantity, quantity_milli: l.quantity_milli })),
    best_coupons: o.member ? true : undefined,
  };
  return useQuery<Quote, ApiError>({
    queryKey: ["then", o.id],
    queryFn: () => api.postQuote({}, body),
    retry: false,
    staleTime: Infinity,
  });
}

function Line({ l, at, then }: { l: Order["lines"][number]; at: number; then?: Quote }) {
  const d = useDeskT();
  const name = useCampaignName();
  const product = useProduct(l.sku);
  const line = then?.lines[at];
  const shares = new Map<number, number>();
  line?.shares.forEach((s) => shares.set(s.offer, (shares.get(s.offer) ?? 0) + s.each * s.pieces));
  return (
    <li>
      <div className="spread">
        <span>
          {product?.name ?? l.sku} × {l.quantity !== undefined ? count(l.quantity) : milli(l.quantity_milli ?? 0)}
        </span>
        <b className="num">{money(l.net)}</b>
      </div>
      {line && line.saving > 0 && (
        <div className="soft">
          {d.list} {money(line.list)}
          {[...shares]
            .filter(([, n]) => n > 0)
            .map(([offer, n]) => ` · ${d.perLine(money(n), name(then!.offers[offer]?.campaign))}`)
            .join("")}
        </div>
      )}
    </li>
  );
}

function NotThen({ then, order }: { then: Quote; order: Order }) {
  const d = useDeskT();
  const name = useCampaignName();
  const had = new Set(order.offers?.map((o) => o.campaign));
  const rows = [
    ...then.offers
      .filter((o) => o.state !== "in_force" && !had.has(o.campaign ?? ""))
      .map((o) => ({
        campaign: o.campaign,
        why: d.state[o.state] ?? o.state,
        short:
          o.missing > 0 && o.state === "below_amount"
            ? d.missedMoney(money(o.missing))
            : o.missing > 0 && o.state === "below_pieces"
              ? d.missedPieces(count(o.missing))
              : "",
      })),
    ...then.refused
      .filter((r) => !had.has(r.campaign ?? ""))
      .map((r) => ({ campaign: r.campaign, why: d.refused[r.reason] ?? r.reason, short: "" })),
  ];
  if (rows.length === 0) return null;
  return (
    <>
      <h3>{d.notThen}</h3>
      <p className="soft">{d.notThenHint}</p>
      <ul className="sentences">
        {rows.map((r, i) => (
          <li key={i}>
            {name(r.campaign)}：{r.why}
            {r.short && <b>，{r.short}</b>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Receipt({ order }: { order: Order }) {
  const d = useDeskT();
  const name = useCampaignName();
  const then = useThen(order);
  const offers = order.offers ?? [];
  // lines are explained by the new reckoning only where it comes to what was paid
  const same = then.data !== undefined && order.lines.every((l, i) => then.data.lines[i]?.net === l.net);
  return (
    <>
      <div className="spread">
        <b>
          {d.paid} <span className="num">{money(order.net)}</span>
        </b>
        <Link to={`/orders/${order.id}`}>{d.backOrder}</Link>
      </div>
      <ul className="sentences">
        {order.lines.map((l, i) => (
          <Line key={i} l={l} at={i} then={same ? then.data : undefined} />
        ))}
      </ul>
      <ul className="sentences">
        {offers.map((o) => (
          <li key={o.id + (o.coupon ?? "")}>
            {d.saved(money(o.saving), name(o.campaign), o.version)}
            {o.coupon && d.withCoupon}
            {o.saving_back > 0 && d.back(money(o.saving_back))}
          </li>
        ))}
      </ul>
      {offers.length === 0 && <p className="soft">{d.noOffers}</p>}
      {then.data && !same && offers.length > 0 && <p className="soft">{d.recount}</p>}
      {then.data && <NotThen then={then.data} order={order} />}
      {then.error && <p className="soft">{d.noRecount}</p>}
    </>
  );
}

export function WhyPrice({ member }: { member: string }) {
  const d = useDeskT();
  const list = useListState();
  const orders = useApi("listMemberOrders", { member, limit: 50 });
  const items = orders.data?.items ?? [];
  const chosen = items.find((o) => o.id === list.get("order"))?.id ?? items[0]?.id;
  const order = useApi("getOrder", { order: chosen ?? "" }, { enabled: chosen !== undefined });
  if (orders.data && items.length === 0) return <p className="soft">{d.noOrders}</p>;
  return (
    <Data query={orders} rows={3}>
      {() => (
        <>
          <Select
            aria-label={d.chooseOrder}
            style={{ width: "100%", marginBottom: 12 }}
            value={chosen}
            onChange={(v) => list.set({ order: v })}
            options={items.map((o) => ({
              value: o.id,
              label: `${dateTime(o.occurred_at)} · ${o.store_name ?? o.store ?? ""} · ${money(o.net)}`,
            }))}
          />
          <Data query={order} rows={4}>
            {(o) => <Receipt key={o.id} order={o} />}
          </Data>
        </>
      )}
    </Data>
  );
}
