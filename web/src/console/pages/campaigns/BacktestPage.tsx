// SPDX-License-Identifier: Apache-2.0
// What would the campaign have cost? A draft over the orders of the past, before it goes live.
import { Alert, App, Button, Checkbox, Progress, Table } from "antd";
import dayjs from "dayjs";
import { useEffect, useState } from "react";
import { Link, useParams } from "react-router-dom";
import { api, type Backtest, type BacktestIn, type BacktestRow } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, dateTime, money } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useBacktestT } from "../../messages/backtest";
import { Card, Page } from "../../ui/Page";
import { RangeBox } from "../../ui/range";
import { Data, Nothing, problemText } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { right } from "../analysis/parts";
import { BacktestResultView } from "./BacktestResult";

const MOST_DAYS = 400;
const DAY = "YYYY-MM-DD";
const underWay = (b: Backtest | undefined) => b?.state === "queued" || b?.state === "running";
const lastDay = (to: string) => dayjs(to).subtract(1, "day").format(DAY);

function Start({ code, busy }: { code: string; busy: boolean }) {
  const t = useT();
  const m = useBacktestT();
  const { message } = App.useApp();
  const list = useListState();
  const today = dayjs().startOf("day");
  const [period, setPeriod] = useState<[dayjs.Dayjs, dayjs.Dayjs]>([today.subtract(89, "day"), today]);
  const [compare, setCompare] = useState(false);
  const write = useWrite(
    (body: BacktestIn) => api.postCampaignBacktest({ code }, body),
    () => list.set({ run: undefined }),
  );
  const start = () =>
    write.mutate(
      [{ from: period[0].format(DAY), to: period[1].add(1, "day").format(DAY), today: compare || undefined }],
      {
        onError: (e) =>
          message.error(e instanceof ApiError && e.problem.code === "busy" ? m.busy : problemText(e, t)),
      },
    );
  return (
    <Card title={m.period}>
      <div className="row">
        <RangeBox from={period[0]} to={period[1]} set={(a, b) => setPeriod([a, b])} most={MOST_DAYS} />
        <Checkbox checked={compare} onChange={(e) => setCompare(e.target.checked)}>
          {m.compare}
        </Checkbox>
        <Button type="primary" disabled={busy} loading={write.isPending} onClick={start}>
          {m.start}
        </Button>
      </div>
    </Card>
  );
}

function Current({ run }: { run: Backtest }) {
  const t = useT();
  const m = useBacktestT();
  const { may } = useSession();
  const { message } = App.useApp();
  const stop = useWrite(() => api.postCampaignBacktestStop({ code: run.campaign, id: String(run.id) }));
  if (underWay(run))
    return (
      <Card
        title={run.state === "queued" ? m.queued : m.running(run.offer_version)}
        extra={
          may("post_campaign_backtest_stop") && (
            <Button
              size="small"
              loading={stop.isPending}
              onClick={() => stop.mutate([], { onError: (e) => message.error(problemText(e, t)) })}
            >
              {m.stop}
            </Button>
          )
        }
      >
        <Progress percent={Math.floor(run.progress_ppm / 10_000)} status="active" aria-label={m.title} />
      </Card>
    );
  if (run.state === "stopped") return <Alert type="info" showIcon message={m.stopped} />;
  if (run.state === "failed")
    return (
      <Alert
        type="error"
        showIcon
        message={m.failed}
        description={`${m.problems[run.problem ?? ""] ?? run.problem ?? ""} ${run.field ?? ""}`}
      />
    );
  return null;
}

function Earlier({ rows, chosen, choose }: { rows: BacktestRow[]; chosen?: number; choose: (id: number) => void }) {
  const t = useT();
  const m = useBacktestT();
  return (
    <Card title={m.history}>
      <Table
        rowKey="id"
        size="small"
        scroll={{ x: 720 }}
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        rowClassName={(b) => (b.id === chosen ? "chosen" : "")}
        dataSource={rows}
        columns={[
          {
            title: m.period,
            render: (_, b) => (
              <button type="button" className="plain link" onClick={() => choose(b.id)}>
                {b.from} – {lastDay(b.to)}
              </button>
            ),
          },
          { title: t.common.name, render: (_, b) => m.version(b.offer_version) },
          { title: t.common.time, render: (_, b) => dateTime(b.ended_at) },
          { title: m.by, render: (_, b) => b.by_name || b.by },
          { title: m.touched, ...right, render: (_, b) => count(b.in_force) },
          { title: m.members, ...right, render: (_, b) => count(b.members) },
          { title: m.cost, ...right, render: (_, b) => money(b.cost) },
        ]}
      />
    </Card>
  );
}

function Chosen({ code, id }: { code: string; id: number }) {
  const query = useApi("getCampaignBacktest", { code, id: String(id) });
  return (
    <Data query={query} rows={10}>
      {(run) => (run.result && run.id === id ? <BacktestResultView run={run} result={run.result} /> : null)}
    </Data>
  );
}

export default function BacktestPage() {
  const m = useBacktestT();
  const { may } = useSession();
  const { code = "" } = useParams();
  const list = useListState();
  const [fast, setFast] = useState(false);
  const query = useApi("listCampaignBacktests", { code }, { every: fast ? 500 : 15_000 });
  const current = query.data?.current;
  const busy = underWay(current);
  useEffect(() => setFast(busy), [busy]);
  const done = current?.state === "done" ? current.id : undefined;
  const asked = Number(list.get("run") ?? 0) || undefined;
  const chosen = asked ?? (busy ? undefined : (done ?? query.data?.items[0]?.id));
  return (
    <Page title={`${m.title} · ${code}`} extra={<Link to={`/campaigns/${code}`}>{code}</Link>}>
      <p className="soft">{m.hint}</p>
      <div className="grid">
        {may("post_campaign_backtest") && <Start code={code} busy={busy} />}
        <Data query={query} rows={4}>
          {(data) => (
            <>
              {current && <Current run={current} />}
              {chosen !== undefined && <Chosen code={code} id={chosen} />}
              {data.items.length > 0 ? (
                <Earlier rows={data.items} chosen={chosen} choose={(id) => list.set({ run: String(id) })} />
              ) : (
                chosen === undefined && !busy && <Nothing />
              )}
            </>
          )}
        </Data>
      </div>
    </Page>
  );
}
