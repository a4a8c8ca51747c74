// SPDX-License-Identifier: Apache-2.0
import { Button, Segmented, Table } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import type { api, Change } from "../../api/client.gen";
import { dateTime } from "../../shared/format";
import { useApi } from "../../shared/query";
import { useSession } from "../../shared/session";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { Data, Nothing } from "../ui/State";
import { useListState } from "../ui/useListState";

type Group = NonNullable<NonNullable<Parameters<typeof api.reportChanges>[0]>["group"]>;

/** What the journal holds of one entry. */
function Detail({ change }: { change: Change }) {
  const { may } = useSession();
  const query = useApi(
    "listEvents",
    { after: (change.sequence ?? 1) - 1, limit: 1 },
    { enabled: may("list_events") && change.sequence !== undefined },
  );
  return (
    <Data query={query} rows={2}>
      {(page) => (
        <pre className="mono" style={{ margin: 0, whiteSpace: "pre-wrap", fontSize: 12 }}>
          {JSON.stringify(page.items[0]?.data ?? [], null, 1)}
        </pre>
      )}
    </Data>
  );
}

export default function ChangesPage() {
  const t = useT();
  const list = useListState();
  const group = (list.get("group") ?? "all") as Group;
  const [before, setBefore] = useState<number | undefined>();
  const query = useApi("reportChanges", { group, before, limit: 50 });
  return (
    <Page title={t.changes.title}>
      <Card>
        <div className="filters">
          <Segmented<Group>
            value={group}
            onChange={(v) => {
              setBefore(undefined);
              list.set({ group: v === "all" ? undefined : v });
            }}
            options={(Object.keys(t.changes.group) as Group[]).map((value) => ({
              value,
              label: t.changes.group[value],
            }))}
          />
        </div>
        <Data query={query}>
          {(data) => {
            const actor = (c: Change) => data.actors.find((a) => a.number === c.actor);
            const asker = (c: Change) => {
              const a = data.actors.find((x) => x.number === c.asked_by);
              return a && (a.name || a.code);
            };
            return (
              <>
                <Table
                  rowKey="number"
                  size="middle"
                  pagination={false}
                  scroll={{ x: 640 }}
                  locale={{ emptyText: <Nothing filtered={group !== "all"} /> }}
                  dataSource={data.items}
                  expandable={{ expandedRowRender: (c) => <Detail change={c} /> }}
                  columns={[
                    { title: t.common.time, render: (_, c) => dateTime(c.at) },
                    {
                      title: t.changes.who,
                      render: (_, c) =>
                        actor(c) ? (
                          <>
                            {actor(c)!.name} <span className="soft mono">{actor(c)!.code}</span>
                            {asker(c) && <div className="soft">{t.changes.askedBy(asker(c)!)}</div>}
                          </>
                        ) : (
                          <span className="soft">{t.changes.engine}</span>
                        ),
                    },
                    { title: t.changes.what, render: (_, c) => t.command[c.command] ?? c.command },
                    {
                      title: t.changes.whom,
                      render: (_, c) =>
                        c.member ? (
                          <Link className="mono" to={`/members/${c.member}`}>
                            {c.member.slice(4)}
                          </Link>
                        ) : (
                          "–"
                        ),
                    },
                  ]}
                />
                <div className="pager">
                  <span className="soft">{t.common.asOf(dateTime(data.as_of))}</span>
                  <Button disabled={data.items.length < 50} onClick={() => setBefore(data.items.at(-1)?.number)}>
                    {t.common.next}
                  </Button>
                </div>
              </>
            );
          }}
        </Data>
      </Card>
    </Page>
  );
}
