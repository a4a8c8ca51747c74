// SPDX-License-Identifier: Apache-2.0
import { Button, List, Selector } from "antd-mobile";
import { useState } from "react";
import type { Member, Movement } from "../api/client.gen";
import { count, date, dateTime } from "../shared/format";
import { useMovements } from "../shared/useMore";
import { useT } from "./messages";
import { Failed, Waiting } from "./ui";
import { useUnits } from "./units";

function Movements({ items }: { items: Movement[] }) {
  const t = useT();
  const units = useUnits();
  return (
    <List>
      {items.map((m, i) => (
        <List.Item
          key={i}
          description={
            <>
              {dateTime(m.time)}
              {m.reason && ` · ${m.reason}`}
            </>
          }
          extra={
            <b className={`num ${m.amount < 0 ? "minus" : "plus"}`}>
              {m.amount > 0 ? "+" : "−"}
              {units.amount(m.unit, Math.abs(m.amount))}
            </b>
          }
          onClick={m.order ? () => (location.hash = `order/${m.order}`) : undefined}
        >
          {t.points.cause[m.cause] ?? m.cause}
        </List.Item>
      ))}
    </List>
  );
}

/** Everything of value that she has or had, each with its own history. */
function History({ me }: { me: Member }) {
  const t = useT();
  const units = useUnits();
  const [unit, setUnit] = useState("points");
  const query = useMovements("me", unit === "*" ? undefined : unit);
  const kinds = me.balances.filter((b) => units.of(b.unit) && b.unit !== "points").map((b) => b.unit);
  const options = ["points", ...kinds, "*"].map((value) => ({
    value,
    label: value === "*" ? t.points.everything : units.name(value),
  }));
  return (
    <>
      <h2 className="pad">{t.points.detail}</h2>
      <Selector
        className="pad"
        aria-label={t.points.which}
        options={options}
        value={[unit]}
        onChange={([v]) => setUnit(v ?? "points")}
      />
      {query.items ? (
        query.items.length ? (
          <Movements items={query.items} />
        ) : (
          <p className="soft pad">{t.points.none}</p>
        )
      ) : query.error ? (
        <Failed retry={query.retry} />
      ) : (
        <Waiting />
      )}
      {query.more && (
        <Button block fill="none" loading={query.loading} onClick={query.more}>
          {t.common.more}
        </Button>
      )}
    </>
  );
}

export function PointsTab({ me }: { me: Member }) {
  const t = useT();
  const points = me.balances.find((b) => b.unit === "points");
  const soon = (me.lots ?? [])
    .filter((l) => l.unit === "points" && l.expires_at && l.state === "available")
    .reduce((map, l) => map.set(l.expires_at!, (map.get(l.expires_at!) ?? 0) + l.left), new Map<string, number>());
  return (
    <>
      <header className="bar">
        <h1>{t.points.title}</h1>
      </header>
      <section className="panel big">
        <small>{t.points.available}</small>
        <b className="num">{count(points?.available ?? 0)}</b>
        <small>
          {t.points.pending} {count(points?.pending ?? 0)}
        </small>
      </section>
      {soon.size > 0 && (
        <section className="panel">
          {[...soon]
            .sort()
            .slice(0, 3)
            .map(([at, n]) => (
              <p key={at}>{t.card.expiring(count(n), date(at))}</p>
            ))}
        </section>
      )}
      <History me={me} />
    </>
  );
}
