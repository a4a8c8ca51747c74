// SPDX-License-Identifier: Apache-2.0
// What was owed, what came in and went out on each day, what is owed: and that it agrees with the books.
import { Alert, Table } from "antd";
import type { PointsDay, PointsReport } from "../../../api/client.gen";
import { count, dayShort, money } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { useAnalysisT } from "../../messages/analysis";
import { Card } from "../../ui/Page";
import { Select } from "../../ui/Select";
import { useRange } from "../../ui/range";
import { Tile } from "../../ui/Tile";
import { Analysis, right, Save, Trend } from "./parts";

const STORED_VALUE = 2;

function Sums({ data }: { data: PointsReport }) {
  const m = useAnalysisT().points;
  const figure = (n: number) => (data.kind === STORED_VALUE ? money(n) : count(n));
  const worth = data.face_ppm ? m.worth(money(Math.round((data.closing * data.face_ppm) / 1_000_000))) : "";
  return (
    <>
      <div className="grid tiles">
        <Tile label={m.opening} figure={figure(data.opening)} />
        <Tile label={m.earned} figure={figure(data.earned)} foot={`${m.adjusted} ${figure(data.adjusted)}`} />
        <Tile
          label={m.spent}
          figure={figure(data.spent)}
          foot={`${m.expired} ${figure(data.expired)}`}
          side={`${m.reversed} ${figure(data.reversed)}`}
        />
        <Tile label={m.closing} figure={figure(data.closing)} foot={worth} gold />
      </div>
      {data.rolled === data.booked ? (
        <Alert type="success" showIcon message={m.sound} />
      ) : (
        <Alert type="error" showIcon message={m.broken(figure(data.rolled), figure(data.booked))} />
      )}
    </>
  );
}

function Days({ data, name }: { data: PointsReport; name: string }) {
  const t = useT();
  const m = useAnalysisT().points;
  const figure = (n: number) => (data.kind === STORED_VALUE ? money(n) : count(n));
  const columns: [string, (d: PointsDay) => number][] = [
    [m.opening, (d) => d.opening],
    [m.earned, (d) => d.earned],
    [m.reversed, (d) => d.reversed],
    [m.spent, (d) => d.spent],
    [m.expired, (d) => d.expired],
    [m.adjusted, (d) => d.adjusted],
    [m.closing, (d) => d.closing],
  ];
  return (
    <Card
      title={`${m.title} · ${data.name || data.unit || ""}`}
      extra={<Save name={`points-${name}`} columns={[[t.common.time, (d) => d.day], ...columns]} rows={data.days} />}
    >
      <Trend
        data={data}
        label={m.title}
        of={(all) => {
          const cash = all.kind === STORED_VALUE;
          const of = (series: string, get: (d: PointsDay) => number) => ({
            name: series,
            data: all.days.map(get),
            stack: true,
            money: cash,
          });
          return {
            x: all.days.map((d) => dayShort(d.day)),
            series: [
              of(m.earned, (d) => d.earned),
              of(m.spent, (d) => -d.spent),
              of(m.reversed, (d) => -d.reversed),
              of(m.expired, (d) => -d.expired),
              of(m.adjusted, (d) => d.adjusted),
              { name: m.closing, data: all.days.map((d) => d.closing), line: true, right: true, money: cash },
            ],
          };
        }}
      />
      <Table
        rowKey="day"
        size="small"
        scroll={{ x: 760 }}
        pagination={{ pageSize: 31, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={[...data.days].reverse()}
        columns={[
          { title: t.common.time, dataIndex: "day" },
          ...columns.map(([title, get]) => ({
            title,
            ...right,
            render: (_: unknown, d: PointsDay) => figure(get(d)),
          })),
        ]}
      />
    </Card>
  );
}

export default function PointsPage() {
  const m = useAnalysisT().points;
  const range = useRange(90);
  const query = useApi("reportPoints", { ...range.query, unit: range.list.get("unit") });
  return (
    <Analysis
      title={m.title}
      hint={m.hint}
      range={range}
      query={query}
      choice={
        <Select
          aria-label={m.unit}
          style={{ width: 180 }}
          value={query.data?.unit}
          onChange={(unit: string) => range.list.set({ unit })}
          options={(query.data?.units ?? []).map((u) => ({ value: u.unit, label: u.name || u.unit }))}
        />
      }
    >
      {(data) => (
        <>
          <Sums data={data} />
          <Days data={data} name={`${data.unit ?? ""}-${range.name}`} />
        </>
      )}
    </Analysis>
  );
}
