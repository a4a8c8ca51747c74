// SPDX-License-Identifier: Apache-2.0
// Which campaigns run, what do they give away, and what is waiting for me?
import { DownloadOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Segmented, Table, Tag } from "antd";
import { Link, useNavigate } from "react-router-dom";
import type { CampaignRow } from "../../../api/client.gen";
import { count, currencyDigits, money } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCampaignsT } from "../../messages/campaigns";
import { saveCsv } from "../../ui/csv";
import { Card, Page } from "../../ui/Page";
import { Data, Nothing } from "../../ui/State";
import { useListState } from "../../ui/useListState";

const colour: Record<CampaignRow["state"], string> = {
  draft: "default",
  review: "gold",
  scheduled: "cyan",
  live: "green",
  paused: "orange",
  ended: "default",
};

export function CampaignState({ state }: { state: CampaignRow["state"] }) {
  const m = useCampaignsT();
  return (
    <Tag bordered={false} color={colour[state]}>
      {m.states[state]}
    </Tag>
  );
}

function CampaignsTable({ rows, filtered }: { rows: CampaignRow[]; filtered: boolean }) {
  const t = useT();
  const m = useCampaignsT();
  const navigate = useNavigate();
  const { may } = useSession();
  const figure = (title: string, get: (c: CampaignRow) => number, show: (n: number) => string) => ({
    title,
    align: "right" as const,
    className: "num",
    sorter: (a: CampaignRow, b: CampaignRow) => get(a) - get(b),
    render: (_: unknown, c: CampaignRow) => show(get(c)),
  });
  return (
    <Table
      rowKey="code"
      size="middle"
      scroll={{ x: 820 }}
      pagination={{ pageSize: 25, hideOnSinglePage: true, showSizeChanger: false }}
      dataSource={rows}
      locale={{ emptyText: <Nothing filtered={filtered} add={may("put_campaign") && m.add} /> }}
      onRow={(c) => ({ onClick: () => navigate(`/campaigns/${c.code}`), className: "link-row" })}
      columns={[
        {
          title: m.name,
          render: (_, c) => (
            <Link to={`/campaigns/${c.code}`} onClick={(e) => e.stopPropagation()}>
              {c.name || c.code} <span className="soft mono">{c.code}</span>
            </Link>
          ),
        },
        { title: t.common.state, render: (_, c) => <CampaignState state={c.state} /> },
        { title: m.versions, render: (_, c) => m.version(c.versions) },
        figure(m.uses, (c) => c.uses, count),
        figure(m.saved, (c) => c.amount, money),
        figure(m.shown, (c) => c.shown, count),
        figure(m.heldOut, (c) => c.held_out, count),
      ]}
    />
  );
}

export default function CampaignsPage() {
  const t = useT();
  const m = useCampaignsT();
  const { may } = useSession();
  const list = useListState();
  const state = list.get("state") ?? "all";
  const query = useApi("listCampaigns", { limit: 100 }, { every: 10_000 });
  const rows = (query.data?.items ?? []).filter((c) => state === "all" || c.state === state).reverse();
  const scale = 10 ** currencyDigits();
  const save = () =>
    saveCsv(
      "campaigns",
      [
        [m.code, (c) => c.code],
        [m.name, (c) => c.name],
        [t.common.state, (c) => m.states[c.state]],
        [m.uses, (c) => c.uses],
        [m.saved, (c) => c.amount / scale],
        [m.shown, (c) => c.shown],
        [m.heldOut, (c) => c.held_out],
      ],
      rows,
    );
  return (
    <Page
      title={m.title}
      extra={
        may("put_campaign") && (
          <Link to="/campaigns/new">
            <Button type="primary" icon={<PlusOutlined />}>
              {m.add}
            </Button>
          </Link>
        )
      }
    >
      <Card>
        <div className="filters">
          <Segmented
            value={state}
            onChange={(v) => list.set({ state: v === "all" ? undefined : v })}
            options={[
              { value: "all", label: m.all },
              ...Object.entries(m.states).map(([value, label]) => ({ value, label })),
            ]}
          />
          <Button icon={<DownloadOutlined />} onClick={save}>
            {t.common.export}
          </Button>
        </div>
        <Data query={query}>{() => <CampaignsTable rows={rows} filtered={state !== "all"} />}</Data>
      </Card>
    </Page>
  );
}
