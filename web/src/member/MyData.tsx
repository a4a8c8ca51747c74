// SPDX-License-Identifier: Apache-2.0
// A copy of everything that is kept about her, as a file that she takes with her. Asked for page after page with her
// own session: what this holds is what the operations of /v1/me say, nothing is put together for show.
import { Button, Toast } from "antd-mobile";
import { useState } from "react";
import { api, type Movement, type OrderRow, type VisitRow } from "../api/client.gen";
import { ApiError } from "../api/http";
import { today } from "../shared/format";
import { allPages } from "../shared/query";
import { useT } from "./messages";

const PAGE = 200;

/** Waits when the server asks for it: a hundred orders are a hundred questions. */
async function patient<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (e) {
      if (!(e instanceof ApiError) || e.problem.status !== 429) throw e;
      await new Promise((go) => setTimeout(go, 1000 * Math.max(1, e.retryAfter)));
    }
  }
}

async function statement() {
  const all: Movement[] = [];
  let before: number | undefined;
  do {
    const page = await api.getMyStatement({ before, limit: PAGE });
    all.push(...page.items);
    before = page.next;
  } while (before !== undefined);
  return all;
}

async function orders() {
  const rows: OrderRow[] = [];
  for (let page = await api.listMyOrders({ limit: PAGE }); ; ) {
    rows.push(...page.items);
    if (page.items.length < PAGE) break;
    page = await api.listMyOrders({ limit: PAGE, after: rows.length });
  }
  const whole = [];
  for (const row of rows) whole.push(await patient(() => api.getMyOrder({ order: row.id })));
  return whole;
}

async function visits() {
  const rows: VisitRow[] = [];
  for (let page = await api.listMyVisits({ limit: PAGE }); ; ) {
    rows.push(...page.items);
    if (page.items.length < PAGE) return rows;
    page = await patient(() => api.listMyVisits({ limit: PAGE, after: rows.length }));
  }
}

async function everything() {
  return {
    made_at: new Date().toISOString(),
    member: await api.getMe({ view: "full" }),
    coupons: (await api.listMyCoupons({})).coupons,
    exchanges: (await allPages((after) => api.listMyExchanges({ after, limit: 100 }))).items,
    visits: await visits(),
    statement: await statement(),
    orders: await orders(),
  };
}

export function MyData() {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const text = JSON.stringify(await everything(), null, 2);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = `my-data-${today()}.json`;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      Toast.show(t.common.error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="panel" aria-label={t.me.copy}>
      <h2>{t.me.copy}</h2>
      <p className="soft">{t.me.copyHint}</p>
      <Button
        block
        color="primary"
        fill="outline"
        loading={busy}
        loadingText={t.me.copying}
        onClick={() => void save()}
      >
        {t.me.copyGo}
      </Button>
    </section>
  );
}
