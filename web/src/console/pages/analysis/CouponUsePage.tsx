// SPDX-License-Identifier: Apache-2.0
// Of the coupons that were claimed on a day, how many have been used?
import { Table } from "antd";
import type { CouponDay, CouponDays, CouponTemplateSum } from "../../../api/client.gen";
import { count, dayShort, percent } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { useAnalysisT } from "../../messages/analysis";
import { Card } from "../../ui/Page";
import { useRange } from "../../ui/range";
import { Tile } from "../../ui/Tile";
import { Analysis, One, right, Save, Trend } from "./parts";

type Sums = Omit<CouponDay, "day">;

function useColumns() {
  const m = useAnalysisT().coupons;
  const plain: [string, (d: Sums) => number][] = [
    [m.claimed, (d) => d.claimed],
    [m.used, (d) => d.used],
    [m.open, (d) => d.open],
    [m.expired, (d) => d.expired],
    [m.voided, (d) => d.voided],
  ];
  return {
    plain,
    table: [
      ...plain.map(([title, get]) => ({ title, ...right, render: (_: unknown, d: Sums) => count(get(d)) })),
      { title: m.rate, ...right, render: (_: unknown, d: Sums) => percent(d.used, d.claimed) },
    ],
  };
}

function Tiles({ rows }: { rows: readonly Sums[] }) {
  const m = useAnalysisT().coupons;
  const sum = (get: (d: Sums) => number) => rows.reduce((n, d) => n + get(d), 0);
  const claimed = sum((d) => d.claimed);
  const used = sum((d) => d.used);
  return (
    <div className="grid tiles">
      <Tile label={m.claimed} figure={count(claimed)} />
      <Tile label={m.used} figure={count(used)} foot={`${m.rate} ${percent(used, claimed)}`} gold />
      <Tile label={m.open} figure={count(sum((d) => d.open))} />
      <Tile
        label={m.expired}
        figure={count(sum((d) => d.expired))}
        foot={`${m.voided} ${count(sum((d) => d.voided))}`}
      />
    </div>
  );
}

function Templates({ data, choose, name }: { data: CouponDays; choose: (unit: string) => void; name: string }) {
  const m = useAnalysisT().coupons;
  const columns = useColumns();
  return (
    <Card
      title={m.template}
      extra={
        <Save<CouponTemplateSum>
          name={`coupons-${name}`}
          columns={[[m.template, (r) => r.unit], ...columns.plain]}
          rows={data.templates}
        />
      }
    >
      <Table
        rowKey="unit"
        size="small"
        scroll={{ x: 640 }}
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={data.templates}
        columns={[
          {
            title: m.template,
            render: (_, r) => (
              <button type="button" className="plain link" onClick={() => choose(r.unit)}>
                {r.name || r.unit}
              </button>
            ),
          },
          ...columns.table,
        ]}
      />
    </Card>
  );
}

function Days({ data, name }: { data: CouponDays; name: string }) {
  const t = useT();
  const m = useAnalysisT().coupons;
  const columns = useColumns();
  return (
    <Card
      title={m.title}
      extra={
        <Save<CouponDay>
          name={`coupon-days-${name}`}
          columns={[[t.common.time, (d) => d.day], ...columns.plain]}
          rows={data.days}
        />
      }
    >
      <Trend
        data={data}
        label={m.title}
        of={(all) => ({
          x: all.days.map((d) => dayShort(d.day)),
          series: [
            { name: m.claimed, data: all.days.map((d) => d.claimed) },
            { name: m.used, data: all.days.map((d) => d.used) },
          ],
        })}
      />
      <Table
        rowKey="day"
        size="small"
        scroll={{ x: 640 }}
        pagination={{ pageSize: 31, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={[...data.days].reverse()}
        columns={[{ title: t.common.time, dataIndex: "day" }, ...columns.table]}
      />
    </Card>
  );
}

export default function CouponUsePage() {
  const m = useAnalysisT().coupons;
  const range = useRange(90);
  const unit = range.list.get("unit");
  const query = useApi("reportCouponDays", { ...range.query, unit });
  const choose = (v: string | undefined) => range.list.set({ unit: v });
  return (
    <Analysis
      title={m.title}
      hint={m.hint}
      range={range}
      query={query}
      choice={
        <One
          label={m.template}
          all={m.all}
          value={unit}
          choose={choose}
          of={query.data?.templates.map((u) => ({ code: u.unit, name: u.name }))}
        />
      }
    >
      {(data) => (
        <>
          <Tiles rows={data.days} />
          <Templates data={data} choose={choose} name={range.name} />
          <Days data={data} name={range.name} />
        </>
      )}
    </Analysis>
  );
}
