// SPDX-License-Identifier: Apache-2.0
// Do buyers come again? Each row is everybody whose first order fell into one month.
import { Segmented } from "antd";
import type { CohortReport } from "../../../api/client.gen";
import { count, dateTime, percent } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { useAnalysisT } from "../../messages/analysis";
import { Heat } from "../../ui/Heat";
import { Card, Page } from "../../ui/Page";
import { RangeBox, useRange } from "../../ui/range";
import { Data, Nothing } from "../../ui/State";
import { Tile } from "../../ui/Tile";
import { Save } from "./parts";

function Table({ data, heads }: { data: CohortReport; heads: boolean }) {
  const m = useAnalysisT().cohorts;
  const rows = data.cohorts.filter((c) => c.buyers > 0);
  const widest = Math.max(0, ...rows.map((c) => c.active.length));
  if (rows.length === 0) return <Nothing filtered />;
  return (
    <Heat
      label={m.title}
      corner={m.month}
      columns={[m.buyers, m.againRate, ...Array.from({ length: widest }, (_, i) => m.after(i))]}
      rows={rows.map((c) => ({
        key: c.month,
        head: c.month,
        cells: [
          { text: count(c.buyers), share: 0 },
          { text: percent(c.again, c.buyers), share: 0, hint: count(c.again) },
          ...c.active.map((n, i) => ({
            text: heads ? count(n) : percent(n, c.buyers),
            share: i === 0 ? 0 : n / c.buyers,
            hint: m.cell(c.month, i, count(n), percent(n, c.buyers)),
          })),
          ...Array.from({ length: widest - c.active.length }, () => undefined),
        ],
      }))}
    />
  );
}

export default function CohortsPage() {
  const t = useT();
  const m = useAnalysisT().cohorts;
  const range = useRange(365);
  const heads = range.list.get("show") === "heads";
  const query = useApi("reportCohorts", range.query);
  const widest = Math.max(0, ...(query.data?.cohorts ?? []).map((c) => c.active.length));
  return (
    <Page title={m.title} extra={<RangeBox {...range} most={1800} />}>
      <p className="soft">
        {m.hint} {query.data && t.common.asOf(dateTime(query.data.as_of))}
      </p>
      <Data query={query} rows={10}>
        {(data) => (
          <div className="grid">
            <div className="grid tiles">
              <Tile label={m.buyers} figure={count(data.buyers)} foot={range.name} />
              <Tile
                label={m.againRate}
                figure={percent(data.again, data.buyers)}
                foot={`${m.again} ${count(data.again)}`}
                gold
              />
            </div>
            <Card
              title={m.title}
              extra={
                <span className="row">
                  <Segmented
                    size="small"
                    value={heads ? "heads" : "share"}
                    onChange={(v) => range.list.set({ show: v === "heads" ? "heads" : undefined })}
                    options={[
                      { value: "share", label: m.share },
                      { value: "heads", label: m.heads },
                    ]}
                  />
                  <Save
                    name={`cohorts-${range.name}`}
                    columns={[
                      [m.month, (c) => c.month],
                      [m.buyers, (c) => c.buyers],
                      [m.again, (c) => c.again],
                      ...Array.from(
                        { length: widest },
                        (_, i) => [m.after(i), (c: CohortReport["cohorts"][number]) => c.active[i]] as [
                          string,
                          (c: CohortReport["cohorts"][number]) => unknown,
                        ],
                      ),
                    ]}
                    rows={data.cohorts}
                  />
                </span>
              }
            >
              <Table data={data} heads={heads} />
            </Card>
          </div>
        )}
      </Data>
    </Page>
  );
}
