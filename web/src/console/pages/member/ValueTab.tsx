// SPDX-License-Identifier: Apache-2.0
import { App, Button, Form, Input, InputNumber, Table, Tag } from "antd";
import { useState } from "react";
import { api, type Member, type Unit } from "../../../api/client.gen";
import { count, date, dateTime, money } from "../../../shared/format";
import { useAllUnits, useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useMovements } from "../../../shared/useMore";
import { useT } from "../../messages";
import { useDeskT } from "../../messages/desk";
import { FormModal } from "../../ui/FormModal";
import { Select } from "../../ui/Select";
import { Money } from "../../ui/fields";
import { Data } from "../../ui/State";
import { useAmounts } from "../desk/useAmounts";

/** How much of the unit she may still move without a colleague: nothing where no limit is set. */
function useAlone(unit: Unit | undefined) {
  const d = useDeskT();
  const { may } = useSession();
  const amounts = useAmounts();
  const most = unit?.by_hand_day_max ?? 0;
  const mine = useApi("listRequests", { asked_by: "me", limit: 1 }, { enabled: may("list_requests") && most > 0 });
  if (!unit) return undefined;
  const act = unit.by_hand_max ? d.aloneAct(amounts.full(unit.code, unit.by_hand_max)) : "";
  if (most === 0 || !mine.data) return act || undefined;
  const moved = mine.data.moved_today?.find((x) => x.unit === unit.code)?.amount ?? 0;
  const left = d.aloneDay(amounts.full(unit.code, Math.max(0, most - moved)), amounts.text(unit.code, most));
  return `${left}${act}`;
}

interface Adjustment {
  unit: string;
  amount: number;
  reason: string;
}

function AdjustForm({ m, units, close }: { m: Member; units: Unit[]; close: () => void }) {
  const t = useT();
  const d = useDeskT();
  const { message } = App.useApp();
  const [form] = Form.useForm<Adjustment>();
  const code = Form.useWatch("unit", form) ?? units[0]?.code;
  const chosen = units.find((u) => u.code === code);
  const alone = useAlone(chosen);
  const inMoney = (u?: Unit) => u?.kind === "stored_value" || (u?.kind === "gift_card" && !u.item);
  const money = inMoney(chosen);
  const write = useWrite(
    (v: Adjustment) => api.postAdjustment({}, { member: { id: m.id }, ...v }),
    (r) => {
      if (r.request) message.info(d.nowWaits);
      else message.success(t.common.done);
      close();
    },
  );
  return (
    <FormModal title={t.member.adjust} write={write} close={close} form={form} initial={{ unit: units[0]?.code }}>
      <Form.Item name="unit" label={t.member.unit} extra={alone && <span role="status">{alone}</span>} required>
        <Select
          showSearch
          optionFilterProp="label"
          options={units.map((u) => ({ value: u.code, label: u.name || u.code }))}
          onChange={(code) => {
            // 50 points are not 0.50 of money
            if (inMoney(units.find((u) => u.code === code)) !== money) form.setFieldValue("amount", undefined);
          }}
        />
      </Form.Item>
      <Form.Item
        key={money ? "money" : "count"}
        name="amount"
        label={money ? t.member.amountMoney : t.member.amount}
        extra={t.member.adjustHint}
        rules={[{ required: true, message: t.common.required }]}
      >
        {money ? <Money signed width={200} /> : <InputNumber precision={0} style={{ width: "100%" }} />}
      </Form.Item>
      <Form.Item name="reason" label={t.common.reason} rules={[{ required: true, message: t.common.reasonNeeded }]}>
        <Input.TextArea maxLength={60} />
      </Form.Item>
    </FormModal>
  );
}

function Adjust({ m, units }: { m: Member; units: Unit[] }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t.member.adjust}</Button>
      {open && <AdjustForm m={m} units={units} close={() => setOpen(false)} />}
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
          <Adjust m={m} units={(units.data?.items ?? []).filter((u) => u.kind !== "budget")} />
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
