// SPDX-License-Identifier: Apache-2.0
import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Input, Table, Tag } from "antd";
import { useState } from "react";
import { Link, useNavigate } from "react-router-dom";
import { api, type MemberName, type MemberRow } from "../../api/client.gen";
import { ApiError } from "../../api/http";
import { ago, count, date, dateTime, money } from "../../shared/format";
import { useApi } from "../../shared/query";
import { useT } from "../messages";
import { saveCsv } from "../ui/csv";
import { Card, Page } from "../ui/Page";
import { byOffset, Pager } from "../ui/Pager";
import { Select } from "../ui/Select";
import { Data, Nothing, problemText } from "../ui/State";
import { useListState } from "../ui/useListState";

const SIZE = 50;
type Query = NonNullable<Parameters<typeof api.reportMembers>[0]>;

/** Something with a digit or an @ is an identifier; anything else is a name, in whatever spelling. */
const isName = (typed: string) => !/[\d@]/.test(typed.normalize("NFKC")) && !/^mbr_/i.test(typed);

/** A phone number, a card, an id: where to look, in order. */
async function find(typed: string): Promise<string | null> {
  const value = typed.replace(/\s/g, "");
  if (/^mbr_/i.test(value)) return (await api.getMember({ member: value, view: "brief" })).id;
  for (const ns of /^\+?\d{7,15}$/.test(value) ? ["phone", "card"] : ["card", "phone", "unionid", "erp_id"]) {
    try {
      return (await api.findMember({ ns, value, view: "brief" })).id;
    } catch (e) {
      if (!(e instanceof ApiError) || ![400, 404, 422].includes(e.problem.status)) throw e;
    }
  }
  return null;
}

function Finder({ q, onName }: { q?: string; onName: (q: string | undefined) => void }) {
  const t = useT();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const search = async (typed: string) => {
    if (!typed.trim() || isName(typed.trim())) return onName(typed.trim() || undefined);
    setBusy(true);
    try {
      const id = await find(typed);
      if (id) navigate(`/members/${id}`);
      else message.info(t.members.notFound);
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      message.error(e.problem.status === 404 ? t.members.notFound : problemText(e, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Input.Search
      aria-label={t.members.searchHint}
      placeholder={t.members.searchHint}
      defaultValue={q}
      maxLength={32}
      onSearch={search}
      loading={busy}
      allowClear
      style={{ width: 320, maxWidth: "100%" }}
    />
  );
}

export function MemberTags({ m }: { m: MemberRow }) {
  const t = useT();
  return (
    <>
      {m.tier_name && (
        <Tag color="gold" bordered={false}>
          {m.tier_name}
        </Tag>
      )}
      {m.anonymous && <Tag bordered={false}>{t.members.classes.anonymous}</Tag>}
      {m.follower && (
        <Tag color="cyan" bordered={false}>
          {t.members.classes.follower}
        </Tag>
      )}
      {m.frozen && (
        <Tag color="red" bordered={false}>
          {t.members.classes.frozen}
        </Tag>
      )}
    </>
  );
}

function MembersTable({ rows, names, filtered }: { rows: MemberRow[]; names?: MemberName[]; filtered: boolean }) {
  const t = useT();
  const navigate = useNavigate();
  const nameOf = new Map(names?.map((x) => [x.id, x.name]));
  return (
    <Table
      rowKey="id"
      size="middle"
      dataSource={rows}
      pagination={false}
      scroll={{ x: 900 }}
      locale={{ emptyText: <Nothing filtered={filtered} /> }}
      onRow={(m) => ({ onClick: () => navigate(`/members/${m.id}`), className: "link-row" })}
      columns={[
        {
          title: t.members.member,
          width: 200,
          render: (_, m) => (
            <Link className="mono" to={`/members/${m.id}`} onClick={(e) => e.stopPropagation()}>
              {m.id.slice(4)}
            </Link>
          ),
        },
        ...(names
          ? [{ title: t.members.name, width: 110, render: (_: unknown, m: MemberRow) => nameOf.get(m.id) ?? "–" }]
          : []),
        { title: t.members.tier, width: 170, render: (_, m) => <MemberTags m={m} /> },
        { title: t.members.spend, align: "right", className: "num", render: (_, m) => money(m.spend ?? 0) },
        { title: t.members.orders, align: "right", className: "num", render: (_, m) => count(m.orders ?? 0) },
        { title: t.members.points, align: "right", className: "num", render: (_, m) => count(m.points) },
        { title: t.members.identities, align: "right", className: "num", render: (_, m) => count(m.identifiers) },
        {
          title: t.members.joinedAt,
          render: (_, m) => (m.joined_at ? date(m.joined_at) : <span className="soft">{t.members.notJoined}</span>),
        },
        { title: t.members.lastStore, ellipsis: true, render: (_, m) => m.store_name ?? "–" },
        { title: t.members.lastSeen, render: (_, m) => ago(m.last_seen) },
      ]}
    />
  );
}

export default function MembersPage() {
  const t = useT();
  const list = useListState();
  const after = Number(list.get("after") ?? 0);
  const stores = useApi("listStores", { limit: 100 });
  const schemes = useApi("listTierSchemes", {});
  const segment = (list.get("class") ?? (list.get("q") ? "all" : "member")) as NonNullable<Query["class"]>;
  const q = list.get("q");
  const query = useApi("reportMembers", {
    q,
    class: segment,
    sort: list.get("sort") as Query["sort"],
    store: list.get("store"),
    tier: list.get("tier"),
    after,
    limit: SIZE,
  });
  const tiers = schemes.data?.items.flatMap((s) => s.tiers ?? []) ?? [];
  const save = () =>
    saveCsv(
      "members",
      [
        [t.members.member, (m) => m.id],
        [t.members.tier, (m) => m.tier_name],
        [t.members.spend, (m) => (m.spend ?? 0) / 100],
        [t.members.orders, (m) => m.orders],
        [t.members.points, (m) => m.points],
        [t.members.joinedAt, (m) => m.joined_at],
        [t.members.lastStore, (m) => m.store_name],
      ],
      query.data?.items ?? [],
    );
  return (
    <Page
      title={t.members.title}
      extra={<Finder key={q ?? ""} q={q} onName={(name) => list.set({ q: name, after: undefined })} />}
    >
      <Card>
        <div className="filters">
          <Select
            aria-label={t.members.segment}
            value={segment}
            style={{ width: 130 }}
            onChange={(v) => list.set({ class: v, after: undefined })}
            options={Object.entries(t.members.classes).map(([value, label]) => ({ value, label }))}
          />
          <Select
            aria-label={t.members.tier}
            value={list.get("tier") ?? ""}
            style={{ width: 130 }}
            onChange={(v) => list.set({ tier: v, after: undefined })}
            options={[
              { value: "", label: t.members.tierAll },
              ...tiers.map((x) => ({ value: x.code, label: x.name ?? x.code })),
            ]}
          />
          <Select
            aria-label={t.common.store}
            value={list.get("store") ?? ""}
            showSearch
            optionFilterProp="label"
            style={{ width: 230 }}
            onChange={(v) => list.set({ store: v, after: undefined })}
            options={[
              { value: "", label: t.members.storeAll },
              ...(stores.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code })),
            ]}
          />
          <Select
            aria-label={t.members.sort}
            value={list.get("sort") ?? "seen"}
            style={{ width: 130 }}
            onChange={(v) => list.set({ sort: v, after: undefined })}
            options={Object.entries(t.members.sorts).map(([value, label]) => ({ value, label }))}
          />
          <Button icon={<DownloadOutlined />} onClick={save}>
            {t.common.export}
          </Button>
        </div>
        <Data query={query}>
          {(data) => (
            <>
              <MembersTable
                rows={data.items}
                names={data.names}
                filtered={!!q || segment !== "all" || !!list.get("store") || !!list.get("tier")}
              />
              <Pager
                {...byOffset(after, SIZE, after + SIZE < data.total, (n) => list.set({ after: n?.toString() }))}
                place={`${Math.floor(after / SIZE) + 1} / ${Math.max(1, Math.ceil(data.total / SIZE))}`}
              >
                {t.common.total(count(data.total))} · {t.common.asOf(dateTime(data.as_of))}
              </Pager>
            </>
          )}
        </Data>
      </Card>
    </Page>
  );
}
