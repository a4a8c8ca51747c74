// SPDX-License-Identifier: Apache-2.0
// What the pages of analysis share: a chart that comes when it is needed, the button that saves a table, days
// added up to weeks and months.
import { DownloadOutlined } from "@ant-design/icons";
import { Button, Segmented, Skeleton } from "antd";
import dayjs from "dayjs";
import { lazy, Suspense, type ReactNode } from "react";
import { dateTime } from "../../../shared/format";
import { useT } from "../../messages";
import { useAnalysisT } from "../../messages/analysis";
import { saveCsv } from "../../ui/csv";
import { Page } from "../../ui/Page";
import { Select } from "../../ui/Select";
import { RangeBox, type useRange } from "../../ui/range";
import { useSeries, type Series } from "../../ui/series";
import { Data } from "../../ui/State";

const Chart = lazy(() => import("../../ui/Chart"));

/** A page of analysis: its period, what it means, as of when, and what it shows. */
export function Analysis<T extends { as_of?: string }>({
  title,
  hint,
  range,
  query,
  choice,
  children,
}: {
  title: string;
  hint: string;
  range: ReturnType<typeof useRange>;
  query: Parameters<typeof Data<T>>[0]["query"];
  choice?: ReactNode; // of what besides the period
  children: (data: T) => ReactNode;
}) {
  const t = useT();
  return (
    <Page
      title={title}
      extra={
        <>
          {choice}
          <RangeBox {...range} />
        </>
      }
    >
      <p className="soft">
        {hint} {query.data && t.common.asOf(dateTime(query.data.as_of))}
      </p>
      <Data query={query} rows={10}>
        {(data) => <div className="grid">{children(data)}</div>}
      </Data>
    </Page>
  );
}

export function Trend<T>({
  data,
  label,
  height = 280,
  of,
}: {
  data: T;
  label: string;
  height?: number;
  of: (data: T) => { x: string[]; series: Series[] };
}) {
  const option = useSeries(data, of);
  return (
    <Suspense fallback={<Skeleton active paragraph={{ rows: 7 }} />}>
      <Chart option={option} height={height} label={label} />
    </Suspense>
  );
}

export function Save<T>({
  name,
  columns,
  rows,
}: {
  name: string;
  columns: [string, (row: T) => unknown][];
  rows: readonly T[];
}) {
  const t = useT();
  return (
    <Button
      size="small"
      icon={<DownloadOutlined />}
      disabled={rows.length === 0}
      onClick={() => saveCsv(name, columns, rows)}
    >
      {t.common.export}
    </Button>
  );
}

export type By = "day" | "week" | "month";

export function ByBox({ value, set }: { value: By; set: (by: By) => void }) {
  const m = useAnalysisT();
  return (
    <Segmented<By>
      size="small"
      value={value}
      onChange={set}
      options={(["day", "week", "month"] as const).map((by) => ({ value: by, label: m.by[by] }))}
    />
  );
}

const startOf = (day: string, by: By) => {
  if (by === "month") return day.slice(0, 7);
  const d = dayjs(day);
  return by === "week" ? d.subtract((d.day() + 6) % 7, "day").format("YYYY-MM-DD") : day;
};

/** Rows of days added up; every number of theirs is a sum. */
export function addedUp<T extends { day: string }>(rows: readonly T[], by: By): T[] {
  const out = new Map<string, Record<string, unknown>>();
  for (const row of rows) {
    const key = startOf(row.day, by);
    const sum = out.get(key) ?? { day: key };
    for (const [name, v] of Object.entries(row))
      if (typeof v === "number") sum[name] = Number(sum[name] ?? 0) + v;
    out.set(key, sum);
  }
  return [...out.values()] as T[];
}

/** One of what the report is about, or all of it. */
export function One({ label, all, value, choose, of }: {
  label: string;
  all: string;
  value?: string;
  choose: (code: string | undefined) => void;
  of: readonly { code: string; name?: string }[] | undefined;
}) {
  return (
    <Select
      aria-label={label}
      allowClear
      placeholder={all}
      style={{ width: 200 }}
      value={value}
      onChange={choose}
      options={(of ?? []).map((x) => ({ value: x.code, label: x.name || x.code }))}
    />
  );
}

export const right = { align: "right" as const, className: "num" };
