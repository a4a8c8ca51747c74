// SPDX-License-Identifier: Apache-2.0
import { App, Button, Form, Input, InputNumber, Table, Tag } from "antd";
import { useState } from "react";
import { api, type Member } from "../../../api/client.gen";
import { count, date, dateTime, money } from "../../../shared/format";
import { useAllUnits, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useMovements } from "../../../shared/useMore";
import { useT } from "../../messages";
import { useDeskT } from "../../messages/desk";
import { FormModal } from "../../ui/FormModal";
import { Select } from "../../ui/Select";
import { Data } from "../../ui/State";
import { useAmounts } from "../desk/useAmounts";

function Adjust({ m, units }: { m: Member; units: { value: string; label: string }[] }) {
  const t = useT();
  const d = useDeskT();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  const write = useWrite(
    (v: { unit: string; amount: number; reason: string }) => api.postAdjustment({}, { member: { id: m.id }, ...v }),
    (r) => {
      if (r.request) message.info(d.nowWaits);
      else message.success(t.common.done);
      setOpen(false);
    },
  );
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t.member.adjust}</Button>
      {open && (
        <FormModal
          title={t.member.adjust}
          write={write}
          close={() => setOpen(false)}
          initial={{ unit: units[0]?.value }}
        >
          <Form.Item name="unit" label={t.member.unit} rules={[{ required: true }]}>
            <Select showSearch optionFilterProp="label" options={units} />
          </Form.Item>
          <Form.Item
            name="amount"
            label={t.member.amount}
            extra={t.member.adjustHint}
            rules={[{ required: true, message: t.common.required }]}
          >
            <InputNumber precision={0} style={{ width: "100%" }} />
          </Form.Item>
          <Form.Item
            name="reason"
            label={t.common.reason}
            rules={[{ required: true, message: t.common.reasonNeeded }]}
          >
            <Input.TextArea maxLength={60} />
          </Form.Item>
        </FormModal>
      )}
    </>
  );
}

function Statement({ id }: { id: string }) {
  const t = useT();
  const d = useDeskT();
  const amounts = useAmounts();
  const query = useMovements({ member: id }, undefined, 50);
  return (
    <Data query={{ data: query.items, error: query.error, isPending: query.items === undefined, refetch: query.retry }}>
      {(items) => (
        <>
          <Table
            rowKey={(r) => `${r.sequence}-${r.unit}-${r.amount}-${r.cause}-${r.transfer ?? ""}`}
            size="small"
            pagination={false}
            scroll={{ x: 560 }}
            dataSource={items}
            columns={[
              { title: t.common.time, render: (_, r) => dateTime(r.time) },
              { title: t.member.unit, render: (_, r) => amounts.name(r.unit) },
              {
                title: t.changes.what,
                render: (_, r) => (
                  <>
                    {t.member.cause[r.cause] ?? r.cause}
                    {r.reason && <span className="soft"> · {r.reason}</span>}
                    {r.by && <div className="soft">{d.who(r.by, r.asked_by)}</div>}
                  </>
                ),
              },
              {
                title: t.member.amount,
                align: "right",
                className: "num",
                render: (_, r) => (
                  <b style={{ color: r.amount < 0 ? "#c0392b" : "var(--jade)" }}>
                    {r.amount > 0 && "+"}
                    {amounts.text(r.unit, r.amount)}
                  </b>
                ),
              },
              {
                title: t.orders.order,
                render: (_, r) => (r.order ? <a href={`/orders/${r.order}`}>{r.order.slice(4)}</a> : ""),
              },
            ]}
          />
          {query.more && (
            <div className="pager">
              <Button loading={query.loading} onClick={query.more}>
                {t.common.more}
              </Button>
            </div>
          )}
        </>
      )}
    </Data>
  );
}

export function ValueTab({ m }: { m: Member }) {
  const t = useT();
  const { may } = useSession();
  const units = useAllUnits();
  const unitOf = (code: string) => units.data?.items.find((u) => u.code === code);
  const shown = (code: string, n: number) => (unitOf(code)?.kind === "stored_value" ? money(n) : count(n));
  const lots = [...(m.lots ?? [])]
    .filter((l) => unitOf(l.unit)?.kind !== "qualifying")
    .sort((a, b) => (a.expires_at ?? "9").localeCompare(b.expires_at ?? "9"));
  return (
    <div className="grid">
      <div className="wallet">
        {m.balances.map((b) => (
          <div className="purse" key={b.unit}>
            <span className="soft">{unitOf(b.unit)?.name ?? b.unit}</span>
            <b>{shown(b.unit, b.available)}</b>
            <span className="soft">
              {t.member.pending} {shown(b.unit, b.pending)} · {t.member.heldN} {shown(b.unit, b.held)}
            </span>
            {b.expires_next && (
              <div className="soft">
                {t.member.expires(shown(b.unit, b.expires_next.amount), date(b.expires_next.at))}
              </div>
            )}
          </div>
        ))}
        {m.tiers.map((x) => (
          <div className="purse" key={x.scheme}>
            <span className="soft">{t.member.tier}</span>
            <b>{x.code}</b>
            {x.review_at && <span className="soft">{t.member.review(date(x.review_at))}</span>}
          </div>
        ))}
      </div>
      {may("post_adjustment") && (
        <div>
          <Adjust
            m={m}
            units={(units.data?.items ?? []).map((u) => ({ value: u.code, label: u.name ?? u.code }))}
          />
        </div>
      )}
      <h3>{t.member.lots}</h3>
      <Table
        rowKey="id"
        size="small"
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 520 }}
        dataSource={lots}
        columns={[
          { title: t.member.unit, render: (_, l) => unitOf(l.unit)?.name ?? l.unit },
          { title: t.member.left, align: "right", className: "num", render: (_, l) => shown(l.unit, l.left) },
          {
            title: t.common.state,
            render: (_, l) => (
              <Tag bordered={false} color={l.state === "available" ? "green" : "default"}>
                {t.member.lotState[l.state]}
              </Tag>
            ),
          },
          { title: t.member.earnedOn, dataIndex: "earned_on" },
          { title: t.member.expiresAt, render: (_, l) => (l.expires_at ? date(l.expires_at) : t.member.never) },
        ]}
      />
      <h3>{t.member.statement}</h3>
      <Statement id={m.id} />
    </div>
  );
}
