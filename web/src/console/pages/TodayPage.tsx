// SPDX-License-Identifier: Apache-2.0
import { lazy, Suspense, useMemo } from "react";
import { Link } from "react-router-dom";
import type { Today } from "../../api/client.gen";
import { count, dateTime, dayShort, money, moneyShort } from "../../shared/format";
import { useLanguage } from "../../shared/language";
import { useApi } from "../../shared/query";
import { useSession } from "../../shared/session";
import { useMode } from "../../shared/theme";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { Data, Nothing, Skeleton } from "../ui/State";
import { Steps, type Step } from "../ui/Steps";
import { Tile } from "../ui/Tile";

const Chart = lazy(() => import("../ui/Chart"));

function Tiles({ data }: { data: Today }) {
  const t = useT();
  const { today: a, yesterday: b } = data;
  return (
    <div className="grid tiles">
      <Tile
        label={t.today.net}
        figure={money(a.net - a.returned)}
        foot={t.today.average(money(a.orders ? Math.round(a.net / a.orders) : 0))}
        side={`${t.today.versus} ${moneyShort(b.net - b.returned)}`}
        gold
      />
      <Tile
        label={t.today.orders}
        figure={count(a.orders)}
        foot={t.today.returns(count(a.returns), money(a.returned))}
        side={`${t.today.versus} ${count(b.orders)}`}
      />
      <Tile
        label={t.today.contacts}
        figure={count(a.contacts)}
        foot={t.today.found(count(a.found))}
        side={`${t.today.versus} ${count(b.contacts)}`}
      />
      <Tile
        label={t.today.joined}
        figure={count(a.joined)}
        foot={`${t.today.members} ${count(data.counts.members)}`}
        side={`${t.today.versus} ${count(b.joined)}`}
        gold
      />
    </div>
  );
}

function useTrend(data: Today) {
  const t = useT();
  const dark = useMode() === "dark";
  const language = useLanguage();
  return useMemo(() => {
    const contacts = new Map(data.contact_days.map((d) => [d.day, d.contacts]));
    const ink = dark ? "#9fada7" : "#5c6b65";
    const line = dark ? "#2b3531" : "#e6ebe8";
    const axis = {
      axisLine: { lineStyle: { color: line } },
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: line } },
    };
    return {
      color: ["#1f8a66", "#c79a45", "#6b8fb8"],
      tooltip: { trigger: "axis" },
      legend: { top: 0, right: 0, textStyle: { color: ink } },
      grid: { left: 8, right: 8, top: 40, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: data.days.map((d) => dayShort(d.day)), ...axis, splitLine: { show: false } },
      yAxis: [
        { type: "value", ...axis, axisLabel: { color: ink, formatter: (v: number) => moneyShort(v) } },
        { type: "value", ...axis, splitLine: { show: false } },
      ],
      series: [
        {
          name: t.today.seriesNet,
          type: "bar",
          barMaxWidth: 18,
          itemStyle: { borderRadius: [4, 4, 0, 0] },
          data: data.days.map((d) => d.net - (d.returned ?? 0)),
          tooltip: { valueFormatter: (v: unknown) => money(Number(v)) },
        },
        {
          name: t.today.seriesOrders,
          type: "line",
          smooth: true,
          symbol: "none",
          yAxisIndex: 1,
          data: data.days.map((d) => d.orders),
        },
        {
          name: t.today.seriesContacts,
          type: "line",
          smooth: true,
          symbol: "none",
          yAxisIndex: 1,
          data: data.days.map((d) => contacts.get(d.day) ?? 0),
        },
      ],
    };
    // language changes the formatted axis
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data, dark, language]);
}

function Trend({ data }: { data: Today }) {
  const t = useT();
  const option = useTrend(data);
  return (
    <Card title={t.today.trend}>
      <Suspense fallback={<Skeleton rows={7} />}>
        <Chart option={option} height={300} label={t.today.trend} />
      </Suspense>
    </Card>
  );
}

function Funnel({ data }: { data: Today }) {
  const t = useT();
  const c = data.counts;
  const steps: Step[] = [
    [t.today.persons, c.persons],
    [t.today.members, c.members],
    [t.today.buyers, c.member_buyers],
    [t.today.regulars, c.member_regulars, t.today.regularsHint(c.regular_orders)],
  ];
  return (
    <Card title={t.today.funnel}>
      <Steps steps={steps} of="before" />
    </Card>
  );
}

function Touchpoints({ data }: { data: Today }) {
  const t = useT();
  const most = Math.max(1, ...data.touchpoints.map((x) => x.contacts));
  return (
    <Card title={t.today.touchpoints}>
      <div className="bars">
        {data.touchpoints.slice(0, 9).map((x) => (
          <div className="one" key={x.kind}>
            <span>{t.touchpoint[x.kind]}</span>
            <span className="track">
              <i style={{ width: `${(x.contacts / most) * 100}%` }} />
            </span>
            <span>{count(x.contacts)}</span>
          </div>
        ))}
      </div>
    </Card>
  );
}

function Hours({ data }: { data: Today }) {
  const t = useT();
  const most = Math.max(1, ...data.hours.map((x) => x.orders));
  return (
    <Card title={t.today.hours}>
      <div className="bars">
        {data.hours.map((x) => (
          <div className="one" key={x.hour}>
            <span>{t.today.hour(x.hour)}</span>
            <span className="track">
              <i style={{ width: `${(x.orders / most) * 100}%` }} />
            </span>
            <span>{count(x.orders)}</span>
          </div>
        ))}
      </div>
    </Card>
  );
}

function Liability({ data }: { data: Today }) {
  const t = useT();
  return (
    <Card title={t.today.liability}>
      <div className="rows" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.common.name}</th>
              {[t.today.available, t.today.pending, t.today.held, t.today.face].map((title) => (
                <th key={title} scope="col" className="num">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.liability.map((u) => (
              <tr key={u.unit}>
                <td>
                  {u.name || u.unit} <span className="soft">{u.unit}</span>
                </td>
                <td className="num">{u.kind === 2 ? money(u.available) : count(u.available)}</td>
                <td className="num">{count(u.pending)}</td>
                <td className="num">{count(u.held)}</td>
                <td className="num">
                  {u.face_ppm ? money(Math.round((u.available * u.face_ppm) / 1_000_000)) : "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {data.liability.length === 0 && <Nothing />}
      </div>
    </Card>
  );
}

function Running() {
  const t = useT();
  const query = useApi("listCampaigns", { limit: 100 }, { every: 15_000 });
  const live = (query.data?.items ?? []).filter((c) => c.state === "live");
  const most = Math.max(1, ...live.map((c) => c.amount));
  return (
    <Card title={t.today.running} extra={<Link to="/campaigns">{t.nav.campaigns}</Link>}>
      <Data query={query} rows={3}>
        {() =>
          live.length === 0 ? (
            <p className="soft">{t.today.runningNone}</p>
          ) : (
            <div className="bars">
              {live.slice(0, 8).map((c) => (
                <div className="one wide" key={c.code}>
                  <Link to={`/campaigns/${c.code}`}>{c.name || c.code}</Link>
                  <span className="track">
                    <i style={{ width: `${(Math.max(0, c.amount) / most) * 100}%` }} />
                  </span>
                  <span>
                    {t.today.uses(count(c.uses))} · {money(c.amount)}
                  </span>
                </div>
              ))}
            </div>
          )
        }
      </Data>
    </Card>
  );
}

export default function TodayPage() {
  const t = useT();
  const { may } = useSession();
  const query = useApi("reportToday", {}, { every: 5_000 });
  return (
    <Page
      title={t.today.title}
      extra={
        query.data && (
          <>
            <span className="live">{t.today.live}</span>
            <span className="soft">{t.common.asOf(dateTime(query.data.as_of))}</span>
          </>
        )
      }
    >
      <Data query={query} rows={14}>
        {(data) => (
          <>
            <Tiles data={data} />
            <div className="grid two">
              <Trend data={data} />
              <Funnel data={data} />
            </div>
            <div className="grid two">
              <Liability data={data} />
              <div className="grid">
                <Touchpoints data={data} />
              </div>
            </div>
            <div className="grid halves">
              {may("list_campaigns") && <Running />}
              <Hours data={data} />
            </div>
          </>
        )}
      </Data>
    </Page>
  );
}
