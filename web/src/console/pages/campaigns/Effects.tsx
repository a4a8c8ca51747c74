// SPDX-License-Identifier: Apache-2.0
// Before: how many it is for. After: what it really brought, against those who never saw it, and who
// pays for it.
import { App, Button, Table } from "antd";
import { api, type Campaign, type CouponIssue, type Settlement, type Uplift } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, money, percent, percentPpm } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCampaignsT } from "../../messages/campaigns";
import { Card } from "../../ui/Page";
import { Data, problemText } from "../../ui/State";
import { Steps, type Step } from "../../ui/Steps";

function Counted({ n }: { n: CouponIssue }) {
  const m = useCampaignsT();
  const steps: Step[] = [
    [m.looked, n.looked],
    [m.matched, n.matched],
    [m.eligible, n.eligible],
    [m.consented, n.consented],
  ];
  return (
    <>
      <Steps steps={steps} of="first" />
      {n.held_out > 0 && <p className="soft">{m.heldOutPersons(count(n.held_out))}</p>}
      {n.state === "running" && <p className="soft">{m.counting}</p>}
    </>
  );
}

export function AudienceCard({ c }: { c: Campaign }) {
  const t = useT();
  const m = useCampaignsT();
  const { may } = useSession();
  const { message } = App.useApp();
  const query = useApi("getCampaignAudience", { code: c.code }, { every: 3_000 });
  const start = useWrite(() => api.postCampaignAudience({ code: c.code }, {}));
  const never = query.error instanceof ApiError && query.error.problem.status === 404;
  return (
    <Card
      title={m.audienceCount}
      extra={
        may("post_campaign_audience") && (
          <Button
            size="small"
            loading={start.isPending}
            onClick={() => start.mutate([], { onError: (e) => message.error(problemText(e, t)) })}
          >
            {m.doCount}
          </Button>
        )
      }
    >
      {query.data ? <Counted n={query.data} /> : never && <p className="soft">{m.notCounted}</p>}
    </Card>
  );
}

function Arms({ data }: { data: Uplift }) {
  const t = useT();
  const m = useCampaignsT();
  const right = { align: "right" as const, className: "num" };
  return (
    <Table
      rowKey="arm"
      size="small"
      pagination={false}
      scroll={{ x: 520 }}
      dataSource={data.arms}
      columns={[
        { title: m.arm, render: (_, a) => m.arms[a.arm] },
        { title: m.shown, ...right, render: (_, a) => count(a.persons) },
        { title: m.buyers, ...right, render: (_, a) => `${count(a.buyers)} (${percent(a.buyers, a.persons)})` },
        { title: t.orders.net, ...right, render: (_, a) => money(a.net) },
        { title: m.perPerson, ...right, render: (_, a) => money(a.persons ? Math.round(a.net / a.persons) : 0) },
        { title: m.saved, ...right, render: (_, a) => money(a.cost) },
      ]}
    />
  );
}

export function UpliftCard({ c }: { c: Campaign }) {
  const m = useCampaignsT();
  const query = useApi("getCampaignUplift", { code: c.code });
  return (
    <Card title={m.uplift} extra={<span className="soft">{`${m.holdout} ${percentPpm(c.holdout_ppm ?? 0)}`}</span>}>
      <p className="soft">{m.upliftHint}</p>
      <Data query={query} rows={2}>
        {(data) => <Arms data={data} />}
      </Data>
    </Card>
  );
}

function Owed({ data }: { data: Settlement }) {
  const t = useT();
  const m = useCampaignsT();
  if (data.totals.length === 0) return <p className="soft">{t.state.empty}</p>;
  return (
    <Table
      rowKey={(x) => `${x.payer}${x.month}`}
      size="small"
      pagination={{ pageSize: 12, hideOnSinglePage: true, showSizeChanger: false }}
      dataSource={data.shares}
      columns={[
        { title: m.month, dataIndex: "month" },
        { title: m.payer, dataIndex: "payer" },
        { title: m.saved, align: "right", className: "num", render: (_, x) => money(x.amount) },
      ]}
    />
  );
}

export function SettlementCard({ code }: { code: string }) {
  const m = useCampaignsT();
  const query = useApi("getCampaignSettlement", { code });
  return (
    <Card title={m.settlement}>
      <Data query={query} rows={2}>
        {(data) => <Owed data={data} />}
      </Data>
    </Card>
  );
}
