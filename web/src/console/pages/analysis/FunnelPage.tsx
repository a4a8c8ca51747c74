// SPDX-License-Identifier: Apache-2.0
// Of the people whom we met in a period, how many joined, bought, came to stay?
import { Table } from "antd";
import { useMemo } from "react";
import type { FunnelDay, FunnelReport } from "../../../api/client.gen";
import { count, dayShort } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { useAnalysisT } from "../../messages/analysis";
import { Card } from "../../ui/Page";
import { useRange } from "../../ui/range";
import { Steps, type Step } from "../../ui/Steps";
import { Tile } from "../../ui/Tile";
import { addedUp, Analysis, ByBox, right, Save, Trend, type By } from "./parts";

function Reached({ data }: { data: FunnelReport }) {
  const m = useAnalysisT().funnel;
  const s = data.steps;
  const steps: Step[] = [
    [m.contacts, s.contacts],
    [m.members, s.members],
    [m.buyers, s.buyers],
    [m.regulars, s.regulars, m.regularsHint(data.regular_orders)],
  ];
  return (
    <Card title={m.title}>
      <Steps steps={steps} of="before" />
    </Card>
  );
}

function Days({ data, by, set, name }: { data: FunnelReport; by: By; set: (by: By) => void; name: string }) {
  const t = useT();
  const m = useAnalysisT().funnel;
  const rows = useMemo(() => addedUp(data.days, by), [data, by]);
  const columns: [string, (d: FunnelDay) => number][] = [
    [m.contacts, (d) => d.contacts],
    [m.members, (d) => d.members],
    [m.buyers, (d) => d.buyers],
    [m.regulars, (d) => d.regulars],
    [m.joined, (d) => d.joined],
    [m.firstOrders, (d) => d.first_orders],
  ];
  return (
    <Card
      title={m.byDay}
      extra={
        <span className="row">
          <ByBox value={by} set={set} />
          <Save name={`funnel-${name}`} columns={[[t.common.time, (d) => d.day], ...columns]} rows={rows} />
        </span>
      }
    >
      <Trend
        data={rows}
        label={m.byDay}
        of={(all) => ({
          x: all.map((d) => (by === "month" ? d.day : dayShort(d.day))),
          series: columns.slice(0, 4).map(([series, get]) => ({ name: series, data: all.map(get), line: true })),
        })}
      />
      <Table
        rowKey="day"
        size="small"
        scroll={{ x: 640 }}
        pagination={{ pageSize: 31, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={[...rows].reverse()}
        columns={[
          { title: t.common.time, dataIndex: "day" },
          ...columns.map(([title, get]) => ({ title, ...right, render: (_: unknown, d: FunnelDay) => count(get(d)) })),
        ]}
      />
    </Card>
  );
}

export default function FunnelPage() {
  const m = useAnalysisT().funnel;
  const range = useRange(90);
  const by = (range.list.get("by") ?? "day") as By;
  const query = useApi("reportFunnel", range.query);
  return (
    <Analysis title={m.title} hint={m.hint} range={range} query={query}>
      {(data) => (
        <>
          <div className="grid two">
            <Reached data={data} />
            <div className="grid">
              <Tile label={m.joined} figure={count(data.steps.joined)} foot={m.joinedHint} gold />
              <Tile label={m.firstOrders} figure={count(data.steps.first_orders)} foot={m.joinedHint} />
            </div>
          </div>
          <Days
            data={data}
            by={by}
            set={(v) => range.list.set({ by: v === "day" ? undefined : v })}
            name={range.name}
          />
        </>
      )}
    </Analysis>
  );
}
