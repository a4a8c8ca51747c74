// SPDX-License-Identifier: Apache-2.0
// What can shoppers play, who plays, and what is in the making?
import { PlusOutlined } from "@ant-design/icons";
import { Button, Dropdown, Segmented, Table, Tabs, Tag } from "antd";
import { useState } from "react";
import { Link, useNavigate } from "react-router-dom";
import type { Game } from "../../../api/client.gen";
import { count, dateTime } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { usePlayT } from "../../messages/play";
import { Card, Page } from "../../ui/Page";
import { Data, Nothing } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { Channels } from "./Channels";
import { GameForm } from "./GameForm";
import { Packets } from "./Packets";
import { useUnits } from "./units";

export const stateColour = { draft: "default", open: "green", paused: "orange", ended: "default" } as const;
const KINDS = ["draw", "checkin", "stamps", "task"] as const;

export function GameState({ state }: { state: Game["state"] }) {
  const p = usePlayT();
  return (
    <Tag bordered={false} color={stateColour[state]}>
      {p.states[state]}
    </Tag>
  );
}

function Games({ rows, filtered }: { rows: Game[]; filtered: boolean }) {
  const t = useT();
  const p = usePlayT();
  const navigate = useNavigate();
  const { may } = useSession();
  const units = useUnits();
  return (
    <Table
      rowKey="code"
      size="middle"
      scroll={{ x: 760 }}
      pagination={{ pageSize: 25, hideOnSinglePage: true, showSizeChanger: false }}
      dataSource={rows}
      locale={{ emptyText: <Nothing filtered={filtered} add={may("put_game") && p.add} /> }}
      onRow={(g) => ({ onClick: () => navigate(`/play/${g.code}`), className: "link-row" })}
      columns={[
        {
          title: t.common.name,
          render: (_, g) => (
            <Link to={`/play/${g.code}`} onClick={(e) => e.stopPropagation()}>
              {g.name || g.code} <span className="soft mono">{g.code}</span>
            </Link>
          ),
        },
        { title: p.kind, render: (_, g) => p.kinds[g.kind] },
        { title: t.common.state, render: (_, g) => <GameState state={g.state} /> },
        {
          title: p.plays,
          align: "right",
          className: "num",
          sorter: (a, b) => a.plays - b.plays,
          render: (_, g) => count(g.plays),
        },
        { title: p.cost, render: (_, g) => (g.cost_unit ? units.amount(g.cost_unit, g.cost) : p.free) },
        { title: p.from, render: (_, g) => dateTime(g.opened_at ?? g.from) },
        { title: p.until, render: (_, g) => dateTime(g.ended_at ?? g.until) },
      ]}
    />
  );
}

export default function GamesPage() {
  const p = usePlayT();
  const { may } = useSession();
  const list = useListState();
  const kind = list.get("kind") ?? "all";
  const [making, setMaking] = useState<Game["kind"] | null>(null);
  const query = useApi("listGames", { limit: 100 }, { every: 15_000 });
  const games = (data: { items: Game[] }) => data.items.filter((g) => kind === "all" || g.kind === kind);
  return (
    <Page
      title={p.title}
      extra={
        may("put_game") && (
          <Dropdown
            trigger={["click"]}
            menu={{
              items: KINDS.map((key) => ({ key, label: p.kinds[key] })),
              onClick: ({ key }) => setMaking(key as Game["kind"]),
            }}
          >
            <Button type="primary" icon={<PlusOutlined />}>
              {p.add}
            </Button>
          </Dropdown>
        )
      }
    >
      <Card>
        <Tabs
          activeKey={list.get("tab") ?? "games"}
          onChange={(tab) => list.set({ tab: tab === "games" ? undefined : tab })}
          items={[
            {
              key: "games",
              label: p.title,
              children: (
                <Data query={query}>
                  {(data) => (
                    <>
                      <div className="filters">
                        <Segmented
                          value={kind}
                          onChange={(v) => list.set({ kind: v === "all" ? undefined : v })}
                          options={[
                            { value: "all", label: p.kindAll },
                            ...Object.entries(p.kinds)
                              .filter(([value]) => data.items.some((g) => g.kind === value))
                              .map(([value, label]) => ({ value, label })),
                          ]}
                        />
                      </div>
                      <Games rows={games(data)} filtered={kind !== "all"} />
                    </>
                  )}
                </Data>
              ),
            },
            may("get_packet") && { key: "packets", label: p.packets, children: <Packets /> },
            may("put_channel") && { key: "channels", label: p.channels, children: <Channels /> },
          ].filter((x) => x !== false)}
        />
      </Card>
      {making && <GameForm kind={making} close={() => setMaking(null)} />}
    </Page>
  );
}
