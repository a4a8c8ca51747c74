// SPDX-License-Identifier: Apache-2.0
// Where codes are scanned, and when in the week.
import { Segmented, Table } from "antd";
import { useState } from "react";
import type { ScanReport } from "../../../api/client.gen";
import { count, dayShort, percent } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { useAnalysisT } from "../../messages/analysis";
import { Heat } from "../../ui/Heat";
import { Card } from "../../ui/Page";
import { PlaceMap } from "../../ui/PlaceMap";
import { useRange } from "../../ui/range";
import { Tile } from "../../ui/Tile";
import { Analysis, One, right, Save, Trend } from "./parts";

function Places({
  data,
  asList,
  set,
  name,
}: {
  data: ScanReport;
  asList: boolean;
  set: (list: boolean) => void;
  name: string;
}) {
  const t = useT();
  const m = useAnalysisT().scans;
  const [chosen, setChosen] = useState<string>();
  return (
    <Card
      title={m.places}
      extra={
        <span className="row">
          <Segmented
            size="small"
            value={asList ? "list" : "map"}
            onChange={(v) => set(v === "list")}
            options={[
              { value: "map", label: m.picture },
              { value: "list", label: m.list },
            ]}
          />
          <Save
            name={`scan-places-${name}`}
            columns={[
              [t.common.code, (p) => p.code],
              [t.common.store, (p) => p.name],
              [m.region, (p) => p.region],
              [m.scans, (p) => p.scans],
              [m.outside, (p) => p.outside_region],
            ]}
            rows={data.places}
          />
        </span>
      }
    >
      {asList ? (
        <Table
          rowKey="code"
          size="small"
          scroll={{ x: 480 }}
          pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
          dataSource={data.places}
          columns={[
            { title: t.common.store, render: (_, p) => p.name ?? p.code },
            { title: m.region, dataIndex: "region" },
            { title: m.scans, ...right, render: (_, p) => count(p.scans) },
            { title: m.outside, ...right, render: (_, p) => count(p.outside_region) },
          ]}
        />
      ) : (
        <PlaceMap
          label={m.map}
          chosen={chosen}
          choose={(code) => setChosen(chosen === code ? undefined : code)}
          places={data.places.map((p) => ({
            ...p,
            weight: p.scans,
            figure: `${p.name ?? p.code}: ${count(p.scans)}`,
            short: count(p.scans),
            alarm: p.outside_region > 0,
          }))}
        />
      )}
    </Card>
  );
}

function Hours({ data, name }: { data: ScanReport; name: string }) {
  const m = useAnalysisT().scans;
  const most = Math.max(1, ...data.hours.map((h) => h.scans));
  const at = (weekday: number, hour: number) =>
    data.hours.find((h) => h.weekday === weekday && h.hour === hour)?.scans ?? 0;
  return (
    <Card
      title={m.hours}
      extra={
        <Save
          name={`scan-hours-${name}`}
          columns={[
            [m.weekday, (h) => m.weekdays[h.weekday - 1]],
            [m.hour(0), (h) => h.hour],
            [m.scans, (h) => h.scans],
          ]}
          rows={data.hours}
        />
      }
    >
      <Heat
        label={m.hours}
        corner={m.weekday}
        columns={Array.from({ length: 24 }, (_, h) => String(h))}
        rows={m.weekdays.map((head, i) => ({
          key: head,
          head,
          cells: Array.from({ length: 24 }, (_, hour) => {
            const n = at(i + 1, hour);
            return { text: n ? count(n) : "", share: n / most, hint: `${head} ${m.hour(hour)}: ${count(n)}` };
          }),
        }))}
      />
    </Card>
  );
}

function Regions({ data, name }: { data: ScanReport; name: string }) {
  const m = useAnalysisT().scans;
  return (
    <Card
      title={m.regions}
      extra={
        <Save
          name={`scan-regions-${name}`}
          columns={[
            [m.region, (r) => r.region],
            [m.scans, (r) => r.scans],
            [m.outside, (r) => r.outside_region],
          ]}
          rows={data.regions}
        />
      }
    >
      <Table
        rowKey="region"
        size="small"
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={data.regions}
        columns={[
          { title: m.region, dataIndex: "region" },
          { title: m.scans, ...right, render: (_, r) => count(r.scans) },
          { title: m.outside, ...right, render: (_, r) => count(r.outside_region) },
        ]}
      />
    </Card>
  );
}

export default function ScansPage() {
  const m = useAnalysisT().scans;
  const range = useRange(90);
  const batch = range.list.get("batch");
  const query = useApi("reportScans", { ...range.query, batch });
  return (
    <Analysis
      title={m.title}
      hint={m.hint}
      range={range}
      query={query}
      choice={
        <One
          label={m.batch}
          all={m.all}
          value={batch}
          choose={(v) => range.list.set({ batch: v })}
          of={query.data?.batches}
        />
      }
    >
      {(data) => (
        <>
          <div className="grid tiles">
            <Tile label={m.scans} figure={count(data.scans)} />
            <Tile label={m.firsts} figure={count(data.firsts)} foot={percent(data.firsts, data.scans)} gold />
            <Tile
              label={m.outside}
              figure={count(data.outside_region)}
              foot={percent(data.outside_region, data.scans)}
            />
          </div>
          <Places
            data={data}
            asList={range.list.get("show") === "list"}
            set={(list) => range.list.set({ show: list ? "list" : undefined })}
            name={range.name}
          />
          <Hours data={data} name={range.name} />
          <div className="grid two">
            <Card title={m.trend}>
              <Trend
                data={data}
                label={m.trend}
                of={(all) => ({
                  x: all.days.map((d) => dayShort(d.day)),
                  series: [
                    { name: m.scans, data: all.days.map((d) => d.scans) },
                    { name: m.firsts, data: all.days.map((d) => d.firsts), line: true },
                  ],
                })}
              />
            </Card>
            <Regions data={data} name={range.name} />
          </div>
        </>
      )}
    </Analysis>
  );
}
