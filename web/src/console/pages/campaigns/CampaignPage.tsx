// SPDX-License-Identifier: Apache-2.0
// One campaign: what it says, what it did, what is left of its budget, and what may be done with it.
import { Alert, App, Button, Checkbox, Input, Modal, Progress, Skeleton, Table, Tag } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import { Link, useParams } from "react-router-dom";
import {
  api,
  type Campaign,
  type CampaignMoveIn,
  type CampaignReport,
  type CampaignVersions,
  type Finding,
} from "../../../api/client.gen";
import { count, dateTime, dayShort, money, moneyShort, percentPpm } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useMode } from "../../../shared/theme";
import { useT } from "../../messages";
import { useCampaignsT } from "../../messages/campaigns";
import { Card, Page } from "../../ui/Page";
import { Data, problemText } from "../../ui/State";
import { Tile } from "../../ui/Tile";
import { CampaignState } from "./CampaignsPage";
import { AudienceCard, SettlementCard, UpliftCard } from "./Effects";
import { GiftStockCard } from "./GiftStock";
import { sentence } from "./sentence";

const Chart = lazy(() => import("../../ui/Chart"));

type State = Campaign["state"];
const NEXT: Record<State, State[]> = {
  draft: ["review"],
  review: ["live", "scheduled", "draft"],
  scheduled: ["live", "paused", "draft"],
  live: ["paused"],
  paused: ["live"],
  ended: [],
};
const MONEY = ["below_cost", "one_member"];
const SHARE = ["depth", "stack"];

export function FindingText({ f }: { f: Finding }) {
  const m = useCampaignsT();
  const figure =
    f.figure === undefined
      ? ""
      : MONEY.includes(f.finding)
        ? money(f.figure)
        : SHARE.includes(f.finding)
          ? percentPpm(f.figure)
          : "";
  return (
    <span>
      {m.findings[f.finding]}
      {figure && ` · ${figure}`}
      {f.sku && (
        <span className="soft">
          {" "}
          {m.example} <span className="mono">{f.sku}</span>
        </span>
      )}
      {f.against && (
        <span className="soft">
          {" "}
          {m.against} <Link to={`/campaigns/${f.against}`}>{f.against}</Link>
        </span>
      )}
    </span>
  );
}

function Move({
  campaign,
  to,
  findings,
  close,
}: {
  campaign: Campaign;
  to: State;
  findings: Finding[];
  close: () => void;
}) {
  const t = useT();
  const m = useCampaignsT();
  const { message } = App.useApp();
  const inForce = to === "live" || to === "scheduled";
  const asked = inForce ? findings : [];
  const [seen, setSeen] = useState<number[]>([]);
  const [reason, setReason] = useState("");
  const write = useWrite(
    (body: CampaignMoveIn) => api.postCampaignMove({ code: campaign.code }, body),
    () => {
      message.success(m.moved);
      close();
    },
  );
  const send = () =>
    write.mutate(
      [
        {
          state: to,
          offer_version: campaign.offer_version,
          reason: reason || undefined,
          acknowledged: inForce ? [...new Set(asked.map((f) => f.finding))] : undefined,
        },
      ],
      { onError: (e) => message.error(problemText(e, t)) },
    );
  return (
    <Modal
      open
      title={`${m.moves[to]} · ${campaign.name || campaign.code}`}
      onCancel={close}
      onOk={send}
      okButtonProps={{ disabled: seen.length < asked.length, danger: to === "ended" }}
      confirmLoading={write.isPending}
    >
      {asked.length > 0 && <p className="soft">{m.acknowledgeAll}</p>}
      {asked.map((f, i) => (
        <p key={i}>
          <Checkbox
            checked={seen.includes(i)}
            onChange={(e) => setSeen(e.target.checked ? [...seen, i] : seen.filter((x) => x !== i))}
          >
            <FindingText f={f} />
          </Checkbox>
        </p>
      ))}
      <Input.TextArea
        aria-label={t.common.reason}
        placeholder={`${t.common.reason} (${t.common.optional})`}
        maxLength={60}
        value={reason}
        onChange={(e) => setReason(e.target.value)}
      />
    </Modal>
  );
}

function Figures({ c }: { c: Campaign }) {
  const m = useCampaignsT();
  const f = c.figures;
  const granted = f.granted ?? 0;
  const used = granted > 0 ? Math.round((((f.spent ?? 0) + (f.held ?? 0)) / granted) * 1000) / 10 : 0;
  return (
    <>
      <div className="grid tiles">
        <Tile label={m.uses} figure={count(f.uses)} foot={m.sentence.pieces(count(f.pieces))} />
        <Tile label={m.saved} figure={money(f.amount)} gold />
        <Tile label={m.shown} figure={count(f.shown)} foot={`${m.heldOut} ${count(f.held_out)}`} />
        <Tile
          label={m.budgetLeft}
          figure={f.granted === undefined ? "–" : money(f.left)}
          foot={f.granted === undefined ? "" : `${m.budget} ${money(f.granted)}`}
          side={f.held ? `${m.budgetHeld} ${money(f.held)}` : ""}
          gold
        />
      </div>
      {granted > 0 && <Progress percent={used} aria-label={m.budgetSpent} strokeColor="#b8892f" />}
    </>
  );
}

function Definition({ c }: { c: Campaign }) {
  const t = useT();
  const m = useCampaignsT();
  const yes = (on: boolean | undefined) => (on ? t.common.yes : t.common.no);
  const by = (kind: string) =>
    (c.places ?? []).filter((p) => p.by === kind).map((p) => p.code ?? String(p.channel));
  const rows: [string, React.ReactNode][] = [
    [m.parts[0]!, `${m.mechanics[c.mechanic ?? ""] ?? ""} · ${m.levels[c.level ?? "item"] ?? ""}`],
    [
      m.parts[1]!,
      <>
        {m.membersOnly} {yes(c.members_only)} · {m.firstOrder} {yes(c.first_order)}
        {c.audience && (
          <>
            {" "}
            <code className="expr">{c.audience}</code>
          </>
        )}
        {c.holdout_ppm ? ` · ${m.holdout} ${percentPpm(c.holdout_ppm)}` : ""}
      </>,
    ],
    [m.parts[2]!, [...by("store"), ...by("touchpoint"), ...by("channel")].join("、") || m.storesHint],
    [m.parts[3]!, c.condition ? <code className="expr">{c.condition}</code> : t.config.always],
    [
      m.parts[4]!,
      <>
        {c.budget ? `${m.budget} ${money(c.budget)}` : ""}
        {c.cap_order ? ` · ${m.capOrder} ${money(c.cap_order)}` : ""}
        {(c.limits ?? []).map((l, i) => (
          <span key={i}>
            {" "}
            · {m.limitScopes[l.scope]}
            {m.periods[l.period]} {l.uses ? `${count(l.uses)} ${m.limitUses}` : ""}
            {l.pieces ? ` ${count(l.pieces)} ${m.limitPieces}` : ""}
            {l.amount ? ` ${m.limitAmount} ${money(l.amount)}` : ""}
          </span>
        ))}
        {(c.funding ?? []).map((f) => (
          <Tag key={f.payer} bordered={false} style={{ marginLeft: 6 }}>
            {f.payer} {percentPpm(f.ppm)}
          </Tag>
        ))}
      </>,
    ],
    [
      m.parts[5]!,
      <>
        {c.from || c.until ? `${dateTime(c.from)} – ${dateTime(c.until)}` : t.config.always}
        {(c.times ?? [])
          .filter((x) => x.kind === "weekly")
          .map((x, i) => (
            <span key={i}>
              {" "}
              · {(x.weekdays ?? []).map((d) => m.weekdays[d]).join("、")} {clock(x.from_s)}–{clock(x.until_s)}
            </span>
          ))}
        {c.coupon ? ` · ${m.coupon} ${c.coupon}` : ""}
      </>,
    ],
  ];
  return (
    <Card title={m.summary}>
      <p style={{ fontSize: 16, marginTop: 0 }}>{sentence(c, m)}</p>
      <dl className="hashes">
        {rows.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
const clock = (s = 0) => `${two(s / 3600)}:${two((s % 3600) / 60)}`;

export function Findings({ rows }: { rows: Finding[] }) {
  const m = useCampaignsT();
  if (rows.length === 0) return <Alert type="success" showIcon message={m.checkClean} />;
  return (
    <div className="grid">
      <p className="soft" style={{ margin: 0 }}>
        {m.checkHint}
      </p>
      {rows.map((f, i) => (
        <Alert key={i} type="warning" showIcon message={<FindingText f={f} />} />
      ))}
    </div>
  );
}

function Versions({ data, live }: { data: CampaignVersions; live?: string }) {
  const t = useT();
  const m = useCampaignsT();
  const runs = (offer: string) => data.runs.filter((r) => r.offer === offer);
  return (
    <Table
      rowKey="offer"
      size="small"
      scroll={{ x: 560 }}
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      dataSource={[...data.items].reverse()}
      columns={[
        {
          title: m.versions,
          render: (_, v) => (
            <>
              {m.version(v.offer_version)}{" "}
              {v.offer === live && (
                <Tag color="green" bordered={false}>
                  {m.states.live}
                </Tag>
              )}
            </>
          ),
        },
        { title: m.mechanic, render: (_, v) => m.mechanics[v.mechanic] },
        { title: t.common.time, render: (_, v) => dateTime(v.made_at) },
        {
          title: m.states.live,
          render: (_, v) =>
            runs(v.offer).map((r) => (
              <div key={r.from} className="num">
                {dateTime(r.from)} – {r.until ? dateTime(r.until) : ""}
              </div>
            )),
        },
      ]}
    />
  );
}

function useDays(data: CampaignReport) {
  const m = useCampaignsT();
  const dark = useMode() === "dark";
  return useMemo(() => {
    const ink = dark ? "#9fada7" : "#5c6b65";
    const line = { lineStyle: { color: dark ? "#2b3531" : "#e6ebe8" } };
    const axis = { axisLabel: { color: ink }, axisLine: line, splitLine: line };
    return {
      color: ["#c79a45", "#1f8a66"],
      tooltip: { trigger: "axis" },
      legend: { top: 0, right: 0, textStyle: { color: ink } },
      grid: { left: 8, right: 8, top: 36, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: data.days.map((d) => dayShort(d.day)), ...axis, splitLine: { show: false } },
      yAxis: [
        { type: "value", ...axis, axisLabel: { color: ink, formatter: (v: number) => moneyShort(v) } },
        { type: "value", minInterval: 1, ...axis, splitLine: { show: false } },
      ],
      series: [
        {
          name: m.saved,
          type: "bar",
          barMaxWidth: 18,
          data: data.days.map((d) => d.amount),
          tooltip: { valueFormatter: (v: unknown) => money(Number(v)) },
        },
        { name: m.uses, type: "line", yAxisIndex: 1, symbol: "none", data: data.days.map((d) => d.uses) },
      ],
    };
  }, [data, dark, m]);
}

function ResultsOf({ data }: { data: CampaignReport }) {
  const t = useT();
  const m = useCampaignsT();
  const option = useDays(data);
  if (data.days.length === 0) return <p className="soft">{t.state.empty}</p>;
  return (
    <div className="grid">
      <Suspense fallback={<Skeleton active />}>
        <Chart option={option} height={240} label={m.results} />
      </Suspense>
      <Table
        rowKey="code"
        size="small"
        scroll={{ x: 480 }}
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={data.stores}
        columns={[
          { title: t.common.store, render: (_, s) => s.name ?? s.code },
          { title: t.orders.title, align: "right", className: "num", render: (_, s) => count(s.orders) },
          { title: m.saved, align: "right", className: "num", render: (_, s) => money(s.saving) },
          { title: t.orders.net, align: "right", className: "num", render: (_, s) => money(s.net) },
        ]}
      />
    </div>
  );
}

function Results({ code }: { code: string }) {
  const m = useCampaignsT();
  const query = useApi("reportCampaigns", { campaign: code }, { every: 15_000 });
  return (
    <Card title={m.results}>
      <Data query={query} rows={4}>
        {(data) => <ResultsOf data={data} />}
      </Data>
    </Card>
  );
}

function Shown({ c }: { c: Campaign }) {
  const m = useCampaignsT();
  const { may } = useSession();
  const check = useApi("getCampaignCheck", { code: c.code }, { enabled: c.state !== "ended" });
  const versions = useApi("listCampaignVersions", { code: c.code });
  return (
    <div className="grid">
      <Figures c={c} />
      <Definition c={c} />
      {c.state !== "ended" && (
        <Card title={m.checkTitle}>
          <Data query={check} rows={2}>
            {(data) => <Findings rows={data.findings} />}
          </Data>
        </Card>
      )}
      {may("get_campaign_audience") && c.state !== "ended" && <AudienceCard c={c} />}
      {may("report_campaigns") && c.state !== "draft" && <Results code={c.code} />}
      {may("list_campaign_stocks") && c.mechanic === "gift" && !!c.gift_product && <GiftStockCard code={c.code} />}
      {may("get_campaign_uplift") && !!c.holdout_ppm && <UpliftCard c={c} />}
      {may("get_campaign_settlement") && (c.funding?.length ?? 0) > 0 && <SettlementCard code={c.code} />}
      <Card title={m.versions}>
        <Data query={versions} rows={2}>
          {(data) => <Versions data={data} live={c.live_offer} />}
        </Data>
      </Card>
    </div>
  );
}

export default function CampaignPage() {
  const t = useT();
  const m = useCampaignsT();
  const { may } = useSession();
  const { code = "" } = useParams();
  const [moving, setMoving] = useState<State | null>(null);
  const query = useApi("getCampaign", { code }, { every: 10_000 });
  const check = useApi("getCampaignCheck", { code });
  const c = query.data;
  const newer = c?.state === "live" && c.live_offer !== c.offer;
  const steps = c ? [...(newer ? (["live"] as State[]) : []), ...NEXT[c.state]] : [];
  return (
    <Page
      title={c ? c.name || c.code : code}
      extra={
        c && (
          <>
            <CampaignState state={c.state} />
            {may("list_campaign_backtests") && (
              <Link to={`/campaigns/${code}/backtests`}>
                <Button>{m.backtest}</Button>
              </Link>
            )}
            {may("put_campaign") && c.state !== "ended" && (
              <Link to={`/campaigns/${code}/edit`}>
                <Button>{t.common.edit}</Button>
              </Link>
            )}
            {may("post_campaign_move") &&
              steps.map((to, i) => (
                <Button key={to} type={i === 0 ? "primary" : "default"} onClick={() => setMoving(to)}>
                  {newer && to === "live" ? m.relive : m.moves[to]}
                </Button>
              ))}
            {may("post_campaign_move") && c.state !== "ended" && (
              <Button danger onClick={() => setMoving("ended")}>
                {m.moves.ended}
              </Button>
            )}
          </>
        )
      }
    >
      <Data query={query} rows={10}>
        {(data) => <Shown c={data} />}
      </Data>
      {c && moving && (
        <Move campaign={c} to={moving} findings={check.data?.findings ?? []} close={() => setMoving(null)} />
      )}
    </Page>
  );
}
