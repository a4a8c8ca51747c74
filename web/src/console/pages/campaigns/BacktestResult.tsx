// SPDX-License-Identifier: Apache-2.0
// What a back-test found: money first, then whom it reached, then what nobody expected.
import { Alert, Table } from "antd";
import type { Backtest, BacktestBasket, BacktestFigures, BacktestResult } from "../../../api/client.gen";
import { count, dayShort, money, percent } from "../../../shared/format";
import { useT } from "../../messages";
import { useBacktestT } from "../../messages/backtest";
import { Card } from "../../ui/Page";
import { Tile } from "../../ui/Tile";
import { right, Save, Trend } from "../analysis/parts";

function Tiles({ f }: { f: BacktestFigures }) {
  const m = useBacktestT();
  const touched = f.fates.in_force ?? 0;
  const owed = f.units.reduce((n, u) => n + u.liability, 0);
  return (
    <div className="grid tiles">
      <Tile
        label={m.cost}
        figure={money(f.paid_before - f.paid_after)}
        foot={`${m.saving} ${money(f.saving)}`}
        side={f.saving_returned ? m.savingBack(money(f.saving_returned)) : ""}
        gold
      />
      <Tile
        label={m.touched}
        figure={count(touched)}
        foot={m.ofOrders(count(f.orders))}
        side={percent(touched, f.orders)}
      />
      <Tile
        label={m.members}
        figure={count(f.members)}
        foot={f.anonymous_orders ? m.anonymous(count(f.anonymous_orders)) : ""}
      />
      <Tile
        label={m.margin}
        figure={f.cost_known_net ? money(f.margin_after - f.margin_before) : "–"}
        foot={f.cost_known_net ? m.marginOf(money(f.margin_before), money(f.margin_after)) : m.marginNone}
        gold
      />
      <Tile label={m.liability} figure={money(owed)} />
    </div>
  );
}

function Compare({ result }: { result: BacktestResult }) {
  const m = useBacktestT();
  const { then: f, today } = result;
  if (!today) return null;
  const rows = [
    { name: m.touched, then: count(f.fates.in_force ?? 0), today: count(today.in_force) },
    { name: m.members, then: count(f.members), today: count(today.members) },
    { name: m.saving, then: money(f.saving), today: money(today.saving) },
    { name: m.cost, then: money(f.paid_before - f.paid_after), today: money(today.cost) },
  ];
  return (
    <Card title={m.compareTitle} className="compare">
      <p className="soft">{m.compareHint}</p>
      <Table
        rowKey="name"
        size="small"
        pagination={false}
        dataSource={rows}
        columns={[
          { title: "", dataIndex: "name" },
          { title: m.then, ...right, render: (_, r) => <strong>{r.then}</strong> },
          { title: m.today, ...right, dataIndex: "today" },
        ]}
      />
    </Card>
  );
}

function Fates({ f }: { f: BacktestFigures }) {
  const m = useBacktestT();
  const rows = Object.entries(m.fate).flatMap(([key, name]) => {
    const n = f.fates[key] ?? 0;
    const reasons: Record<string, Record<string, number>> = {
      closed: f.closed_by,
      no_effect: f.no_effect_by,
      refused: f.refused_as,
    };
    const why = reasons[key] ?? {};
    const text = Object.entries(why)
      .sort(([, a], [, b]) => b - a)
      .slice(0, 4)
      .map(([w, k]) => `${m.why[w] ?? w} ${count(k)}`);
    return n > 0 ? [{ key, name, n, text: text.join(" · ") }] : [];
  });
  const most = Math.max(1, ...rows.map((r) => r.n));
  return (
    <Card title={m.fates}>
      <div className="bars">
        {rows.map((r) => (
          <div className="one wide" key={r.key}>
            <span>
              {r.name} <span className="soft">{r.text}</span>
            </span>
            <span className="track">
              <i style={{ width: `${(r.n / most) * 100}%` }} />
            </span>
            <span>{count(r.n)}</span>
          </div>
        ))}
      </div>
    </Card>
  );
}

function Surprises({ f }: { f: BacktestFigures }) {
  const m = useBacktestT();
  const bad = [
    ...(f.below_cost_lines ? [m.belowCost(count(f.below_cost_lines))] : []),
    ...(f.deep_orders ? [m.deep(count(f.deep_orders))] : []),
    ...f.others
      .filter((o) => o.displaced > 0)
      .map((o) => m.displaced(o.campaign, count(o.displaced), money(o.displaced_saving))),
  ];
  const soft = [
    ...(f.stacked_orders ? [m.stacked(count(f.stacked_orders))] : []),
    ...f.others.filter((o) => o.together > 0).map((o) => m.together(o.campaign, count(o.together))),
    ...(f.unproven_orders ? [m.unproven(count(f.unproven_orders))] : []),
  ];
  return (
    <Card title={m.surprises}>
      <div className="grid">
        {bad.length === 0 && <Alert type="success" showIcon message={m.clean} />}
        {bad.map((text) => (
          <Alert key={text} type="warning" showIcon message={text} />
        ))}
        {soft.map((text) => (
          <Alert key={text} type="info" showIcon message={text} />
        ))}
      </div>
    </Card>
  );
}

function Baskets({ title, rows, hint }: { title: string; rows: BacktestBasket[]; hint?: string }) {
  const t = useT();
  const m = useBacktestT();
  if (rows.length === 0) return null;
  return (
    <Card title={title}>
      {hint && <p className="soft">{hint}</p>}
      <Table
        rowKey="order"
        size="small"
        scroll={{ x: 420 }}
        pagination={false}
        dataSource={rows}
        columns={[
          { title: m.order, dataIndex: "order", className: "mono" },
          { title: t.common.time, dataIndex: "day" },
          { title: m.paid, ...right, render: (_, b) => money(b.paid_before) },
          { title: m.wouldPay, ...right, render: (_, b) => money(b.paid_after) },
          { title: m.saving, ...right, render: (_, b) => money(b.saving) },
        ]}
      />
    </Card>
  );
}

function Units({ f }: { f: BacktestFigures }) {
  const m = useBacktestT();
  if (f.units.length === 0) return null;
  return (
    <Card title={m.units}>
      <Table
        rowKey="unit"
        size="small"
        scroll={{ x: 420 }}
        pagination={false}
        dataSource={f.units}
        columns={[
          { title: m.unit, dataIndex: "unit" },
          { title: m.earnedBefore, ...right, render: (_, u) => count(u.before) },
          { title: m.earnedAfter, ...right, render: (_, u) => count(u.after) },
          { title: m.couponsGiven, ...right, render: (_, u) => count(u.coupons) },
          { title: m.owed, ...right, render: (_, u) => money(u.liability) },
        ]}
      />
    </Card>
  );
}

function Days({ f, name }: { f: BacktestFigures; name: string }) {
  const t = useT();
  const m = useBacktestT();
  return (
    <Card
      title={m.days}
      extra={
        <Save
          name={name}
          columns={[
            [t.common.time, (d) => d.day],
            [t.orders.title, (d) => d.orders],
            [m.touched, (d) => d.in_force],
            [m.saving, (d) => d.saving],
            [m.cost, (d) => d.cost],
          ]}
          rows={f.days}
        />
      }
    >
      <Trend
        data={f}
        label={m.days}
        of={(all) => ({
          x: all.days.map((d) => dayShort(d.day)),
          series: [
            { name: m.cost, data: all.days.map((d) => d.cost), money: true },
            { name: m.touched, data: all.days.map((d) => d.in_force), line: true, right: true },
          ],
        })}
      />
    </Card>
  );
}

export function BacktestResultView({ run, result }: { run: Backtest; result: BacktestResult }) {
  const m = useBacktestT();
  const f = result.then;
  const put = f.drafts.every((d) => d.put);
  return (
    <div className="grid" data-run={run.id}>
      {!put && f.orders > 0 && <Alert type="warning" showIcon message={m.notPut} />}
      <Tiles f={f} />
      <Days f={f} name={`backtest-${run.campaign}-${run.from}`} />
      <div className="grid halves">
        <Fates f={f} />
        <Surprises f={f} />
      </div>
      <Compare result={result} />
      <Units f={f} />
      <div className="grid halves">
        <Baskets title={m.worst} rows={f.worst} />
        <Baskets title={m.typical} rows={f.typical} hint={m.median(money(f.median_saving), money(f.p90_saving))} />
      </div>
    </div>
  );
}
