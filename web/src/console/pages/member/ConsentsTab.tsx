// SPDX-License-Identifier: Apache-2.0
import { Table, Tag } from "antd";
import type { Json } from "../../../api/http";
import type { AttributeView, Member } from "../../../api/client.gen";
import { date, dateTime } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useAttributeName } from "../../../shared/ns";
import { useT } from "../../messages";
import { Nothing } from "../../ui/State";

const channels = ["all", "sms", "email", "push", "wechat_template", "phone", "associate", "post"];
const shown = (v: Json) => (typeof v === "object" ? JSON.stringify(v) : String(v));

export function ConsentsTab({ m }: { m: Member }) {
  const t = useT();
  const name = useAttributeName();
  const attributes = useApi("listAttributes", {});
  const told = Object.entries((m.attributes ?? {}) as Record<string, AttributeView>);
  const colour = { granted: "green", denied: "red", withdrawn: "default" };
  return (
    <div className="grid">
      <h3>{t.member.consents}</h3>
      <Table
        rowKey={(c) => `${c.endpoint}-${c.purpose}-${c.channel}`}
        size="small"
        pagination={false}
        scroll={{ x: 560 }}
        locale={{ emptyText: <Nothing /> }}
        dataSource={m.consents ?? []}
        columns={[
          { title: t.member.purpose, dataIndex: "purpose" },
          { title: t.member.channel, render: (_, c) => channels[c.channel] ?? c.channel },
          {
            title: t.common.state,
            render: (_, c) => (
              <Tag bordered={false} color={colour[c.state]}>
                {t.member.consentState[c.state]}
              </Tag>
            ),
          },
          { title: t.config.textVersion, dataIndex: "text_version" },
          { title: t.common.time, render: (_, c) => dateTime(c.occurred_at) },
        ]}
      />
      <h3>{t.member.attributes}</h3>
      <Table
        rowKey={([code]) => code}
        size="small"
        pagination={false}
        scroll={{ x: 560 }}
        locale={{ emptyText: <Nothing /> }}
        dataSource={told}
        columns={[
          { title: t.common.name, render: (_, [code]) => name(code) },
          { title: t.member.value, render: (_, [, a]) => shown(a.value) },
          {
            title: t.config.benefit,
            render: (_, [code]) => attributes.data?.items.find((x) => x.code === code)?.benefit,
          },
          { title: t.member.evidence, render: (_, [, a]) => (a.source ? t.member.source[a.source] : "") },
          { title: t.common.time, render: (_, [, a]) => date(a.at) },
        ]}
      />
      {(m.roles?.length ?? 0) > 0 && (
        <>
          <h3>{t.member.household}</h3>
          <dl className="pairs">
            {m.roles!.map((r) => (
              <div key={r.number}>
                <dt>{t.member.role[r.role]}</dt>
                <dd>
                  {t.member.subject[r.subject]} {r.birth_month && `· ${t.member.birthMonth} ${r.birth_month}`}
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </div>
  );
}
