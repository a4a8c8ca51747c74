// SPDX-License-Identifier: Apache-2.0
// The points mall: what is on the shelf for how much, and what members took that must still be handed over.
import { App, DatePicker, Form, Input, Modal, Switch, Tag } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { Link } from "react-router-dom";
import { api, type Exchange, type ExchangeMoveIn, type Goods, type GoodsIn } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, dateTime, money } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCouponsT } from "../../messages/coupons";
import { Select } from "../../ui/Select";
import { MoneyItem, Whole } from "../../ui/fields";
import { problemText } from "../../ui/State";
import { useUnits } from "../play/units";
import { Catalog, type Kind } from "../settings/Catalog";

type State = Exchange["state"];
const TENDERS = ["cash", "wechat", "alipay", "unionpay", "card", "other"] as const;
const NEXT: Record<State, State[]> = {
  ordered: ["ready", "shipped", "cancelled"],
  ready: ["collected", "shipped", "cancelled"],
  shipped: ["done", "cancelled"],
  collected: ["done"],
  done: [],
  cancelled: [],
};

function Fields() {
  const t = useT();
  const c = useCouponsT();
  const points = useUnits(["points"]);
  const coupons = useUnits(["coupon"]);
  const schemes = useApi("listTierSchemes", {});
  const scheme = Form.useWatch<string | undefined>("scheme");
  const tiers = schemes.data?.items.find((s) => s.code === scheme)?.tiers ?? [];
  return (
    <>
      <Form.Item name="name" label={t.common.name} rules={[{ required: true, message: t.common.required }]}>
        <Input maxLength={60} />
      </Form.Item>
      <div className="row form-row">
        <Form.Item name="unit" label={c.unit}>
          <Select allowClear options={points.options} style={{ width: 180 }} />
        </Form.Item>
        <Form.Item name="points" label={c.points}>
          <Whole />
        </Form.Item>
        <MoneyItem name="cash" label={c.cash} />
      </div>
      <div className="row form-row">
        <Form.Item name="stock" label={c.stock}>
          <Whole />
        </Form.Item>
        <Form.Item name="per_member" label={c.limit}>
          <Whole />
        </Form.Item>
        <Form.Item name="period" label={c.perPeriod}>
          <Select
            style={{ width: 120 }}
            options={(["none", "day", "week", "month", "year", "lifetime"] as const).map((value) => ({
              value,
              label: c.periods[value === "week" ? "iso_week" : value],
            }))}
          />
        </Form.Item>
      </div>
      <div className="row form-row">
        <Form.Item name="scheme" label={c.scheme}>
          <Select
            allowClear
            style={{ width: 180 }}
            options={(schemes.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code }))}
          />
        </Form.Item>
        <Form.Item name="tiers" label={c.tiers}>
          <Select
            mode="multiple"
            style={{ minWidth: 220 }}
            options={tiers.map((x) => ({ value: x.code, label: x.name ?? x.code }))}
          />
        </Form.Item>
      </div>
      <Form.Item name="shelf" label={c.shelf}>
        <DatePicker.RangePicker showTime allowEmpty={[true, true]} />
      </Form.Item>
      <div className="row form-row">
        <Form.Item name="product" label={c.product}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="gives" label={c.gives}>
          <Select allowClear options={coupons.options} style={{ width: 220 }} />
        </Form.Item>
      </div>
      <div className="row form-row">
        <Form.Item name="members_only" label={c.membersOnly} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item name="closed" label={c.closed} valuePropName="checked">
          <Switch />
        </Form.Item>
      </div>
    </>
  );
}

function ExchangeModal({ exchange, close }: { exchange: Exchange; close: () => void }) {
  const t = useT();
  const c = useCouponsT();
  const units = useUnits();
  const { may } = useSession();
  const { message } = App.useApp();
  const [form] = Form.useForm<ExchangeMoveIn>();
  const to = Form.useWatch<State | undefined>("state", form);
  const write = useWrite(
    (body: ExchangeMoveIn) => api.postExchangeState({ exchange: exchange.exchange }, body),
    () => {
      message.success(t.common.saved);
      close();
    },
  );
  const next = NEXT[exchange.state];
  const member = useApi("getMember", { member: exchange.member, view: "brief" });
  const stored = (member.data?.balances ?? [])
    .filter((b) => units.of(b.unit)?.kind === "stored_value")
    .reduce((n, b) => n + Math.max(0, b.available), 0);
  const facts: [string, React.ReactNode][] = [
    [c.goods, `${exchange.goods} × ${count(exchange.quantity)}`],
    [t.common.state, c.exchangeStates[exchange.state]],
    [c.price, exchange.unit ? units.amount(exchange.unit, exchange.points) : "–"],
    ...(exchange.stored_value > 0 ? ([[c.fromStored, money(exchange.stored_value)]] as [string, string][]) : []),
    ...(exchange.paid > 0 ? ([[c.paid, money(exchange.paid)]] as [string, string][]) : []),
    [c.due, money(exchange.due)],
    [t.common.store, exchange.store ?? "–"],
    [c.reference, exchange.reference ?? "–"],
    [c.madeAt, dateTime(exchange.made_at)],
    [
      t.members.member,
      <Link key="m" className="mono" to={`/members/${exchange.member}`}>
        {exchange.member.slice(4)}
      </Link>,
    ],
  ];
  return (
    <Modal
      open
      title={`${c.exchange} ${exchange.exchange}`}
      onCancel={close}
      onOk={() => form.submit()}
      okButtonProps={{ disabled: !may("post_exchange_state") || next.length === 0 }}
      confirmLoading={write.isPending}
    >
      <dl className="pairs">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {next.length > 0 && (
        <Form
          form={form}
          layout="vertical"
          style={{ marginTop: 16 }}
          initialValues={{ state: next[0] }}
          onFinish={(v) =>
            write.mutate([Object.fromEntries(Object.entries(v).filter(([, x]) => x)) as ExchangeMoveIn], {
              onError: (e) => message.error(problemText(e, t)),
            })
          }
        >
          <Form.Item name="state" label={c.moveTo}>
            <Select options={next.map((value) => ({ value, label: c.exchangeStates[value] }))} />
          </Form.Item>
          {exchange.due > 0 && to !== "cancelled" && (
            <div className="row form-row">
              <MoneyItem name="stored_value" label={c.fromStored} extra={c.storedLeft(money(stored))} />
              <MoneyItem name="paid" label={c.paidNow} extra={c.dueHint} />
              <Form.Item
                name="tender"
                label={c.tender}
                dependencies={["paid"]}
                rules={[
                  ({ getFieldValue }) => ({
                    required: !!getFieldValue("paid"),
                    message: t.common.required,
                  }),
                ]}
              >
                <Select
                  allowClear
                  style={{ width: 140 }}
                  options={TENDERS.map((value) => ({ value, label: t.orders.tender[value] ?? value }))}
                />
              </Form.Item>
            </div>
          )}
          {to === "shipped" && (
            <Form.Item name="reference" label={c.reference}>
              <Input maxLength={64} />
            </Form.Item>
          )}
          {to === "cancelled" && (
            <Form.Item
              name="reason"
              label={t.common.reason}
              extra={c.cancelHint}
              rules={[{ required: true, message: t.common.reasonNeeded }]}
            >
              <Input maxLength={60} />
            </Form.Item>
          )}
        </Form>
      )}
    </Modal>
  );
}

function Finder() {
  const t = useT();
  const c = useCouponsT();
  const { message } = App.useApp();
  const [found, setFound] = useState<Exchange | null>(null);
  const find = async (typed: string) => {
    if (!typed.trim()) return;
    try {
      setFound(await api.getExchange({ exchange: typed.trim() }));
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      message.warning(e.problem.status === 404 || e.problem.status === 422 ? c.unknownExchange : problemText(e, t));
    }
  };
  return (
    <div className="page" style={{ paddingTop: 0 }}>
      <h2 style={{ fontSize: 16 }}>{c.exchanges}</h2>
      <Input.Search
        aria-label={c.findExchange}
        placeholder={c.findExchange}
        onSearch={(v) => void find(v)}
        style={{ maxWidth: 360 }}
      />
      {found && <ExchangeModal exchange={found} close={() => setFound(null)} />}
    </div>
  );
}

export default function MallPage() {
  const t = useT();
  const c = useCouponsT();
  const { may } = useSession();
  const units = useUnits();
  const kind: Kind<Goods> = {
    name: "listGoods",
    title: c.mall,
    put: "put_goods",
    list: (after) => api.listGoods({ after, limit: 100 }),
    write: (code, body) => api.putGoods({ code }, body as GoodsIn),
    initial: { unit: "points", points: 500, members_only: true, period: "none" },
    columns: [
      {
        title: c.goods,
        render: (_, g) => (
          <>
            <div>{g.name || g.code}</div>
            <span className="soft mono">{g.code}</span>
          </>
        ),
      },
      {
        title: c.price,
        render: (_, g) =>
          [g.points ? units.amount(g.unit, g.points) : "", g.cash ? money(g.cash) : ""].filter(Boolean).join(" + "),
      },
      {
        title: c.stock,
        align: "right",
        className: "num",
        render: (_, g) => (g.stock ? count(g.stock) : c.endless),
      },
      {
        title: c.limit,
        render: (_, g) =>
          g.per_member
            ? `${c.periods[g.period === "week" ? "iso_week" : g.period]} ${count(g.per_member)}`
            : c.endless,
      },
      { title: c.tiers, render: (_, g) => (g.tiers ?? []).join("、") || "–" },
      { title: c.gives, render: (_, g) => (g.gives ? units.name(g.gives) : (g.product ?? "–")) },
      {
        title: t.common.state,
        render: (_, g) => (
          <Tag bordered={false} color={g.closed ? "default" : "green"}>
            {g.closed ? c.closed : c.open}
          </Tag>
        ),
      },
    ],
    toForm: ({ code: _code, version: _version, from, until, ...g }) => ({
      ...g,
      shelf: from || until ? [from ? dayjs(from) : null, until ? dayjs(until) : null] : undefined,
    }),
    toBody: (typed) => {
      const { shelf, ...v } = typed as GoodsIn & { shelf?: [Dayjs | null, Dayjs | null] };
      return { ...v, from: shelf?.[0]?.toISOString(), until: shelf?.[1]?.toISOString() };
    },
    fields: () => <Fields />,
  };
  return (
    <>
      <Catalog kind={kind} />
      {may("get_exchange") && <Finder />}
    </>
  );
}
