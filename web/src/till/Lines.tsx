// SPDX-License-Identifier: Apache-2.0
import { Button, InputNumber, Table } from "antd";
import type { Quote } from "../api/client.gen";
import { money } from "../shared/format";
import { amount, type Line, type NewCard } from "./basket";
import { useT } from "./messages";

/** Gift cards that are sold on this receipt. */
export function Cards({ cards, drop }: { cards: NewCard[]; drop: (code: string) => void }) {
  const t = useT();
  if (cards.length === 0) return null;
  return (
    <ul className="cards" aria-label={t.cardsOnReceipt}>
      {cards.map((c) => (
        <li className="spread" key={c.code}>
          <span>
            {c.name} <span className="soft mono">…{c.code.slice(-4)}</span>
          </span>
          <span>
            <b className="num">{money(c.amount)}</b>{" "}
            <Button
              type="text"
              danger
              aria-label={`${t.remove} ${c.name} ${c.code.slice(-4)}`}
              onClick={() => drop(c.code)}
            >
              {t.remove}
            </Button>
          </span>
        </li>
      ))}
    </ul>
  );
}

export function Lines({
  lines,
  quote,
  at,
  change,
}: {
  lines: Line[];
  quote?: Quote;
  at?: number; // the line that the keys mean
  change: (key: number, quantity: number) => void;
}) {
  const t = useT();
  return (
    <Table
      className="lines"
      rowKey="key"
      size="large"
      pagination={false}
      dataSource={lines}
      rowClassName={(l) => (l.key === at ? "at" : "")}
      locale={{ emptyText: <div className="empty">{t.empty}</div> }}
      columns={[
        {
          title: t.product,
          render: (_, l) => (
            <>
              <div>{l.product.name}</div>
              <span className="soft mono">{l.product.barcode ?? l.product.code}</span>
            </>
          ),
        },
        { title: t.price, align: "right", className: "num", width: 120, render: (_, l) => money(l.product.price) },
        {
          title: t.quantity,
          align: "right",
          width: 150,
          render: (_, l) =>
            l.product.weighed ? (
              <InputNumber
                aria-label={`${t.quantity} ${l.product.name}`}
                min={0}
                step={0.1}
                precision={3}
                addonAfter={t.weight}
                value={l.quantity / 1000}
                onChange={(v) => change(l.key, Math.round((v ?? 0) * 1000))}
              />
            ) : (
              <InputNumber
                aria-label={`${t.quantity} ${l.product.name}`}
                min={0}
                max={9999}
                precision={0}
                value={l.quantity}
                onChange={(v) => change(l.key, v ?? 0)}
              />
            ),
        },
        {
          title: t.amount,
          align: "right",
          className: "num",
          width: 130,
          render: (_, l, i) => {
            const priced = quote?.lines[i];
            return (
              <>
                <b>{money(priced?.net ?? amount(l))}</b>
                {(priced?.saving ?? 0) > 0 && <del className="soft was">{money(priced!.list)}</del>}
              </>
            );
          },
        },
        {
          title: "",
          width: 80,
          render: (_, l) => (
            <Button type="text" danger onClick={() => change(l.key, 0)}>
              {t.remove}
            </Button>
          ),
        },
      ]}
    />
  );
}
