// SPDX-License-Identifier: Apache-2.0
// Are the codes scanned, where and when, and are goods sold where they should not be?
import { DownloadOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Drawer, Skeleton, Table, Tabs } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import type { CodeBatchRow, CodeReport } from "../../../api/client.gen";
import { count, dateTime, dayShort, percent } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useMode } from "../../../shared/theme";
import { useT } from "../../messages";
import { useCodesT } from "../../messages/codes";
import { saveCsv } from "../../ui/csv";
import { Card, Page } from "../../ui/Page";
import { PlaceMap } from "../../ui/PlaceMap";
import { Select } from "../../ui/Select";
import { Data, Nothing } from "../../ui/State";
import { Tile } from "../../ui/Tile";
import { useListState } from "../../ui/useListState";
import { Bind, Move, Pack, Print, Receive, Replace } from "./BatchActs";
import { BatchForm } from "./BatchForm";
import { Trace } from "./Trace";

const Chart = lazy(() => import("../../ui/Chart"));

function Tiles({ rows }: { rows: CodeBatchRow[] }) {
  const c = useCodesT();
  const sum = (get: (b: CodeBatchRow) => number) => rows.reduce((n, b) => n + get(b), 0);
  const made = sum((b) => b.count);
  const scanned = sum((b) => b.scanned);
  return (
    <div className="grid tiles">
      <Tile label={c.printed} figure={count(made)} foot={`${c.batch} ${count(rows.length)}`} />
      <Tile
        label={c.scanned}
        figure={count(scanned)}
        foot={`${c.scannedRate} ${percent(scanned, made)}`}
        side={`${c.scans} ${count(sum((b) => b.scans))}`}
        gold
      />
      <Tile label={c.redeemed} figure={count(sum((b) => b.redeemed))} foot="" />
      <Tile
        label={c.alarms}
        figure={count(sum((b) => b.alarms))}
        foot={`${c.outside} ${count(sum((b) => b.outside_region))}`}
        gold
      />
    </div>
  );
}

function BatchDrawer({ code, close }: { code: string; close: () => void }) {
  const t = useT();
  const c = useCodesT();
  const { may } = useSession();
  const [editing, setEditing] = useState(false);
  const query = useApi("getCodeBatch", { code });
  const title = query.data ? `${query.data.name || code} · ${code}` : code;
  return (
    <Drawer
      open
      aria-label={title}
      width={Math.min(620, window.innerWidth)}
      title={title}
      onClose={close}
      extra={may("put_code_batch") && <Button onClick={() => setEditing(true)}>{t.common.edit}</Button>}
    >
      <Data query={query}>
        {(batch) => (
          <>
            <dl className="pairs" style={{ marginBottom: 12 }}>
              {(
                [
                  [c.count, count(batch.count)],
                  [c.scanned, `${count(batch.scanned)} (${percent(batch.scanned, batch.count)})`],
                  [c.scans, count(batch.scans)],
                  [c.alarms, count(batch.alarms)],
                ] as const
              ).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            <Tabs
              items={[
                may("post_code_bind") && { key: "bind", label: c.tabs.bind, children: <Bind batch={batch} /> },
                may("post_code_move") && { key: "move", label: c.tabs.move, children: <Move batch={batch} /> },
                may("post_code_pack") && { key: "pack", label: c.tabs.pack, children: <Pack batch={batch} /> },
                may("post_code_receive") && { key: "receive", label: c.tabs.receive, children: <Receive /> },
                may("post_code_replace") && { key: "replace", label: c.tabs.replace, children: <Replace /> },
                may("list_codes") && { key: "print", label: c.tabs.print, children: <Print batch={batch} /> },
              ].filter((x) => x !== false)}
            />
            {editing && <BatchForm batch={batch} close={() => setEditing(false)} />}
          </>
        )}
      </Data>
    </Drawer>
  );
}

function Batches({ rows, choose }: { rows: CodeBatchRow[]; choose: (code: string) => void }) {
  const t = useT();
  const c = useCodesT();
  const { may } = useSession();
  const columns: [string, (b: CodeBatchRow) => number][] = [
    [c.count, (b) => b.count],
    [c.scanned, (b) => b.scanned],
    [c.scans, (b) => b.scans],
    [c.redeemed, (b) => b.redeemed],
    [c.outside, (b) => b.outside_region],
    [c.alarms, (b) => b.alarms],
  ];
  const save = () =>
    saveCsv("code-batches", [[t.common.code, (b) => b.code], [t.common.name, (b) => b.name], ...columns], rows);
  return (
    <Card
      title={c.batch}
      extra={
        <Button size="small" icon={<DownloadOutlined />} onClick={save}>
          {t.common.export}
        </Button>
      }
    >
      <Table
        rowKey="code"
        size="middle"
        pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 860 }}
        dataSource={rows}
        locale={{ emptyText: <Nothing add={may("put_code_batch") && c.add} /> }}
        onRow={(b) => ({ onClick: () => choose(b.code), className: "link-row" })}
        columns={[
          {
            title: t.common.name,
            render: (_, b) => (
              <button type="button" className="plain" onClick={() => choose(b.code)}>
                {b.name || b.code} <span className="soft mono">{b.code}</span>
              </button>
            ),
          },
          { title: c.scene, render: (_, b) => `${c.scenes[b.scene]} · ${c.levels[b.level]}` },
          ...columns.map(([title, get]) => ({
            title,
            align: "right" as const,
            className: "num",
            sorter: (a: CodeBatchRow, b: CodeBatchRow) => get(a) - get(b),
            render: (_: unknown, b: CodeBatchRow) => count(get(b)),
          })),
        ]}
      />
    </Card>
  );
}

function Days({ data }: { data: CodeReport }) {
  const c = useCodesT();
  const dark = useMode() === "dark";
  const option = useMemo(() => {
    const ink = dark ? "#9fada7" : "#5c6b65";
    const line = { lineStyle: { color: dark ? "#2b3531" : "#e6ebe8" } };
    return {
      color: ["#6b8fb8", "#1f8a66"],
      tooltip: { trigger: "axis" },
      legend: { top: 0, right: 0, textStyle: { color: ink } },
      grid: { left: 8, right: 8, top: 36, bottom: 4, containLabel: true },
      xAxis: {
        type: "category",
        data: data.days.map((d) => dayShort(d.day)),
        axisLine: line,
        axisLabel: { color: ink },
      },
      yAxis: { type: "value", minInterval: 1, splitLine: line, axisLabel: { color: ink } },
      series: [
        { name: c.scans, type: "bar", barMaxWidth: 18, data: data.days.map((d) => d.scans) },
        { name: c.firsts, type: "bar", barMaxWidth: 18, data: data.days.map((d) => d.scanned) },
      ],
    };
  }, [data, dark, c]);
  return (
    <Card title={c.days}>
      {data.days.length === 0 ? (
        <p className="soft">{c.noScan}</p>
      ) : (
        <Suspense fallback={<Skeleton active />}>
          <Chart option={option} height={240} label={c.days} />
        </Suspense>
      )}
    </Card>
  );
}

function Hours({ data }: { data: CodeReport }) {
  const t = useT();
  const c = useCodesT();
  const most = Math.max(1, ...data.hours.map((h) => h.scans));
  return (
    <Card title={c.hours}>
      {data.hours.length === 0 && <p className="soft">{c.noScan}</p>}
      <div className="bars">
        {data.hours.map((h) => (
          <div className="one" key={h.hour}>
            <span>{t.today.hour(h.hour)}</span>
            <span className="track">
              <i style={{ width: `${(h.scans / most) * 100}%` }} />
            </span>
            <span>{count(h.scans)}</span>
          </div>
        ))}
      </div>
    </Card>
  );
}

function Where({ data }: { data: CodeReport }) {
  const c = useCodesT();
  const [chosen, choose] = useState<string>();
  if (data.places.length === 0) return null;
  return (
    <Card title={c.places} extra={<span className="soft">{c.placesHint}</span>}>
      <PlaceMap
        label={c.places}
        chosen={chosen}
        choose={choose}
        places={data.places.map((p) => ({
          ...p,
          weight: p.scans,
          figure: count(p.scans),
          short: count(p.scans),
          alarm: p.outside_region > 0,
        }))}
      />
    </Card>
  );
}

function Alarms({ data }: { data: CodeReport }) {
  const c = useCodesT();
  return (
    <Card title={c.alarms}>
      <Table
        rowKey={(a) => `${a.at}${a.batch}${a.package_serial ?? ""}`}
        size="small"
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 640 }}
        dataSource={data.alarms}
        locale={{ emptyText: <span className="soft">{c.noAlarm}</span> }}
        columns={[
          { title: c.alarmAt, render: (_, a) => dateTime(a.at) },
          { title: c.product, render: (_, a) => a.product_name ?? a.product ?? "–" },
          { title: c.where, render: (_, a) => a.region || "–" },
          { title: c.bound, render: (_, a) => a.bound_region ?? "–" },
          {
            title: c.package,
            render: (_, a) => (a.package_batch ? `${a.package_batch} · ${count(a.package_serial)}` : c.loose),
          },
          { title: c.scans, align: "right", className: "num", render: (_, a) => count(a.scans) },
          { title: c.persons, align: "right", className: "num", render: (_, a) => count(a.persons) },
        ]}
      />
    </Card>
  );
}

export default function CodesPage() {
  const t = useT();
  const c = useCodesT();
  const { may } = useSession();
  const list = useListState();
  const batch = list.get("batch");
  const [opened, setOpened] = useState<string | "new" | null>(null);
  const query = useApi("reportCodes", { batch }, { every: 15_000 });
  const rows = query.data?.batches ?? [];
  return (
    <Page
      title={c.title}
      extra={
        <>
          {may("get_code") && <Trace />}
          {may("put_code_batch") && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpened("new")}>
              {c.add}
            </Button>
          )}
        </>
      }
    >
      <Data query={query} rows={12}>
        {(data) => (
          <div className="grid">
            <Tiles rows={batch ? rows.filter((b) => b.code === batch) : rows} />
            <Batches rows={rows} choose={setOpened} />
            <div className="filters" style={{ marginBottom: 0 }}>
              <Select
                aria-label={c.batch}
                value={batch ?? ""}
                style={{ width: 260 }}
                onChange={(v) => list.set({ batch: v || undefined })}
                options={[
                  { value: "", label: c.all },
                  ...rows.map((b) => ({ value: b.code, label: b.name || b.code })),
                ]}
              />
              <span className="soft">{t.common.asOf(dateTime(data.as_of))}</span>
            </div>
            <div className="grid two" style={{ marginBottom: 0 }}>
              <Days data={data} />
              <Hours data={data} />
            </div>
            <Where data={data} />
            <Alarms data={data} />
          </div>
        )}
      </Data>
      {opened === "new" && <BatchForm close={() => setOpened(null)} />}
      {opened !== null && opened !== "new" && <BatchDrawer code={opened} close={() => setOpened(null)} />}
    </Page>
  );
}
