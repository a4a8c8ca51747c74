// SPDX-License-Identifier: Apache-2.0
// One order as its buyer asks about it: what, for how much, paid how, what it brought, what came back.
import { Button } from "antd-mobile";
import type { Order } from "../api/client.gen";
import { count, dateTime, milli, money } from "../shared/format";
import { useApi } from "../shared/query";
import { useT } from "./messages";
import { Failed, Waiting } from "./ui";
import { useUnits } from "./units";

const STATES: Order["state"][] = ["paid", "part_returned", "returned", "cancelled"];

function Row({ name, value, soft }: { name: string; value: string; soft?: boolean }) {
  return (
    <div className={soft ? "spread soft" : "spread"}>
      <span>{name}</span>
      <span className="num">{value}</span>
    </div>
  );
}

const pieces = (whole?: number, thousandths?: number) =>
  thousandths !== undefined ? `${milli(thousandths)} kg` : `× ${count(whole ?? 0)}`;

function Goods({ o }: { o: Order }) {
  const t = useT();
  return (
    <section className="panel" aria-label={t.order.goods}>
      {o.lines.map((l, i) => {
        const back = l.returned_quantity !== undefined || l.returned_quantity_milli !== undefined;
        return (
          <div key={i}>
            <Row name={`${l.name || l.sku} ${pieces(l.quantity, l.quantity_milli)}`} value={money(l.net)} />
            {back && (
              <Row
                soft
                name={t.order.returned(pieces(l.returned_quantity, l.returned_quantity_milli))}
                value={money(-(l.returned_net ?? 0))}
              />
            )}
          </div>
        );
      })}
      {!!o.shipping && <Row name={t.order.shipping} value={money(o.shipping)} />}
    </section>
  );
}

function Shown({ o }: { o: Order }) {
  const t = useT();
  const units = useUnits();
  const saved = (o.offers ?? []).reduce((n, x) => n + x.saving - x.saving_back, 0);
  return (
    <>
      <section className="panel">
        <Row name={t.order.number} value={o.order} />
        <Row name={t.order.at} value={dateTime(o.occurred_at)} />
        <Row name={t.order.state} value={t.orders.states[STATES.indexOf(o.state)] ?? ""} />
      </section>
      <Goods o={o} />
      <section className="panel">
        {saved > 0 && <Row name={t.order.saved} value={money(saved)} />}
        <Row name={t.order.paid} value={money(o.net)} />
        {o.tenders.map((x, i) => (
          <Row soft key={i} name={t.order.tender[x.kind] ?? x.kind} value={money(x.amount)} />
        ))}
        {o.returned_net > 0 && <Row name={t.order.back} value={money(o.returned_net)} />}
        {(o.cards ?? []).map((x, i) => (
          <Row
            key={`c${i}`}
            name={`${units.name(x.unit)}${x.returned ? ` · ${t.order.cardBack}` : ""}`}
            value={money(x.amount)}
          />
        ))}
      </section>
      {o.earned.length > 0 && (
        <section className="panel">
          {o.earned.map((e, i) => (
            <Row
              key={i}
              name={e.clawed_back > 0 ? t.order.earnedBack(units.amount(e.unit, e.clawed_back)) : t.order.earned}
              value={units.amount(e.unit, e.amount)}
            />
          ))}
        </section>
      )}
    </>
  );
}

export default function OrderScreen({ id }: { id: string }) {
  const t = useT();
  const query = useApi("getMyOrder", { order: id });
  return (
    <>
      <header className="bar">
        <h1>{t.order.title}</h1>
        <Button size="small" fill="none" onClick={() => void (location.hash = "orders")}>
          {t.order.all}
        </Button>
      </header>
      {query.data ? (
        <Shown o={query.data} />
      ) : query.error ? (
        query.error.problem.status === 422 || query.error.problem.status === 404 ? (
          <p className="soft pad">{t.order.none}</p>
        ) : (
          <Failed retry={() => void query.refetch()} />
        )
      ) : (
        <Waiting />
      )}
    </>
  );
}
