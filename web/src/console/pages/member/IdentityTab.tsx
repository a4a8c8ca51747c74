// SPDX-License-Identifier: Apache-2.0
import { App, Button, Table, Tag } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { api, type Member } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, date, ago } from "../../../shared/format";
import { useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useNs } from "../../../shared/ns";
import { useT } from "../../messages";
import { problemText } from "../../ui/State";
import { useReason } from "../../ui/useReason";
import { IdentityGraph } from "./IdentityGraph";

type Identifier = Member["identifiers"][number];

function useActs(m: Member, chosen: string[], clear: () => void) {
  const t = useT();
  const { message, modal } = App.useApp();
  const ask = useReason();
  const navigate = useNavigate();
  const unmerge = useWrite(
    (reason: string) => api.postUnmerge({ member: m.id }, { identifiers: chosen, reason }),
    (r) => {
      message.success(t.member.unmerged);
      clear();
      navigate(`/members/${r.stays}`);
    },
  );
  const fail = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    message.error(problemText(e, t));
  };
  return {
    unmerge: () =>
      ask({
        title: t.member.unmergeTitle,
        hint: t.member.unmergeHint,
        run: (r) => unmerge.mutateAsync([r]).catch(fail),
      }),
    reveal: (i: Identifier) =>
      ask({
        title: `${t.member.revealTitle} · ${i.ns}`,
        run: async (reason) => {
          try {
            const r = await api.postReveal({ member: i.id }, { reason });
            modal.success({ title: i.ns, content: <span className="num mono">{String(r.value)}</span> });
          } catch (e) {
            fail(e);
          }
        },
      }),
  };
}

export function IdentityTab({ m }: { m: Member }) {
  const t = useT();
  const { may } = useSession();
  const ns = useNs();
  const [chosen, setChosen] = useState<string[]>([]);
  const acts = useActs(m, chosen, () => setChosen([]));
  const mayUnmerge = may("post_unmerge") && m.identifiers.length > 1;
  return (
    <div className="grid">
      <p className="soft" style={{ margin: 0 }}>
        {t.member.identityHint}
      </p>
      <IdentityGraph
        m={m}
        chosen={chosen}
        choose={(id) => setChosen((c) => (c.includes(id) ? c.filter((x) => x !== id) : [...c, id]))}
      />
      {mayUnmerge && (
        <div>
          <Button
            danger
            disabled={chosen.length === 0 || chosen.length === m.identifiers.length}
            onClick={acts.unmerge}
          >
            {t.member.unmerge}
            {chosen.length > 0 && ` (${chosen.length})`}
          </Button>
        </div>
      )}
      <Table
        rowKey="id"
        size="small"
        pagination={false}
        scroll={{ x: 640 }}
        dataSource={m.identifiers}
        rowSelection={
          mayUnmerge
            ? {
                selectedRowKeys: chosen,
                hideSelectAll: true,
                getCheckboxProps: (i) => ({ "aria-label": `${ns(i.ns)} ${i.value ?? ""}` }) as object,
                onChange: (keys) => setChosen(keys.map(String)),
              }
            : undefined
        }
        columns={[
          { title: t.member.ns, render: (_, i) => <Tag bordered={false}>{ns(i.ns)}</Tag> },
          { title: t.member.value, className: "num mono", render: (_, i) => i.value ?? "****" },
          {
            title: t.member.evidence,
            render: (_, i) =>
              i.verified ? (
                <Tag color="green" bordered={false}>
                  {t.member.verified}
                </Tag>
              ) : (
                <Tag bordered={false}>{t.member.unverified}</Tag>
              ),
          },
          { title: t.common.state, render: (_, i) => (i.current ? t.member.current : t.member.former) },
          { title: t.member.sinceLabel, render: (_, i) => date(i.since) },
          {
            title: "",
            align: "right",
            render: (_, i) =>
              may("post_reveal") &&
              i.value && (
                <Button size="small" type="link" onClick={() => acts.reveal(i)}>
                  {t.member.reveal}
                </Button>
              ),
          },
        ]}
      />
      {(m.devices?.length ?? 0) > 0 && (
        <Table
          rowKey="id"
          size="small"
          pagination={false}
          scroll={{ x: 560 }}
          dataSource={m.devices}
          columns={[
            {
              title: t.member.device,
              render: (_, d) => (
                <span className="mono">
                  {ns(d.ns)} {d.id.slice(-6)}
                </span>
              ),
            },
            {
              title: t.member.evidence,
              render: (_, d) =>
                d.own ? (
                  <Tag color="green" bordered={false}>
                    {t.member.own}
                  </Tag>
                ) : (
                  <Tag bordered={false}>{t.member.shared}</Tag>
                ),
            },
            { title: t.member.visits, align: "right", className: "num", render: (_, d) => count(d.visits) },
            { title: t.nav.touchpoints, render: (_, d) => d.touchpoint ?? "–" },
            { title: t.member.lastVisit, render: (_, d) => ago(d.last_seen) },
          ]}
        />
      )}
    </div>
  );
}
