// SPDX-License-Identifier: Apache-2.0
import { Button, List } from "antd-mobile";
import { useState } from "react";
import type { Member, Movement } from "../api/client.gen";
import { count, date, dateTime, signed } from "../shared/format";
import { useApi } from "../shared/query";
import { useT } from "./messages";
import { Failed, Waiting } from "./ui";

function Movements({ items }: { items: Movement[] }) {
  const t = useT();
  return (
    <List>
      {items.map((m, i) => (
        <List.Item
          key={i}
          description={dateTime(m.time)}
          extra={<b className={`num ${m.amount < 0 ? "minus" : "plus"}`}>{signed(m.amount)}</b>}
        >
          {t.points.cause[m.cause] ?? m.cause}
        </List.Item>
      ))}
    </List>
  );
}

export function PointsTab({ me }: { me: Member }) {
  const t = useT();
  const [before, setBefore] = useState<number | undefined>();
  const query = useApi("getMyStatement", { unit: "points", before, limit: 30 });
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
      <h2 className="pad">{t.points.detail}</h2>
      {query.data ? (
        query.data.items.length ? (
          <Movements items={query.data.items} />
        ) : (
          <p className="soft pad">{t.points.none}</p>
        )
      ) : query.error ? (
        <Failed retry={() => void query.refetch()} />
      ) : (
        <Waiting />
      )}
      {query.data?.next ? (
        <Button block fill="none" onClick={() => setBefore(query.data.next)}>
          {t.common.more}
        </Button>
      ) : null}
    </>
  );
}
