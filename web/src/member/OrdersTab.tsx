// SPDX-License-Identifier: Apache-2.0
import { Button } from "antd-mobile";
import { useState } from "react";
import { count, dateTime, money } from "../shared/format";
import { useApi } from "../shared/query";
import { useT } from "./messages";
import { Failed, Waiting } from "./ui";

const SIZE = 20;

export function OrdersTab() {
  const t = useT();
  const [limit, setLimit] = useState(SIZE);
  const query = useApi("listMyOrders", { limit });
  return (
    <>
      <header className="bar">
        <h1>{t.orders.title}</h1>
      </header>
      {query.data ? (
        query.data.items.map((o) => (
          <a className="letter" key={o.id} href={`#order/${o.id}`}>
            <div className="spread">
              <b>{o.store_name ?? o.store}</b>
              <span className="soft">{t.orders.states[o.state]}</span>
            </div>
            <p className="soft num">
              {dateTime(o.occurred_at)} · {t.orders.lines(count(o.lines))}
            </p>
            <div className="spread">
              <span className="soft mono">{o.order}</span>
              <b className="num">{money(o.net - (o.returned ?? 0))}</b>
            </div>
          </a>
        ))
      ) : query.error ? (
        <Failed retry={() => void query.refetch()} />
      ) : (
        <Waiting />
      )}
      {query.data?.items.length === 0 && <p className="soft pad">{t.orders.none}</p>}
      {query.data && query.data.items.length === limit && limit < 200 && (
        <Button block fill="none" onClick={() => setLimit(limit + SIZE)}>
          {t.common.more}
        </Button>
      )}
    </>
  );
}
