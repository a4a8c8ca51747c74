// SPDX-License-Identifier: Apache-2.0
// Units, tiers, earning rules.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Form, Input, InputNumber, Switch, Tag } from "antd";
import {
  api,
  type Rule,
  type RuleIn,
  type TierScheme,
  type TierSchemeIn,
  type Unit,
  type UnitIn,
} from "../../../api/client.gen";
import { count, dateTime, money } from "../../../shared/format";
import { allUnits, useAllUnits } from "../../../shared/query";
import { useT } from "../../messages";
import { Select } from "../../ui/Select";
import { Money, Worth } from "../../ui/fields";
import { Catalog, type Kind } from "./Catalog";
import { Expression } from "./Expression";

const options = (texts: Record<string, string>) =>
  Object.entries(texts).map(([value, label]) => ({ value, label }));

export function Rules() {
  const t = useT();
  const units = useAllUnits();
  const kind: Kind<Rule> = {
    name: "listRules",
    title: t.nav.rules,
    put: "put_rule",
    list: (after) => api.listRules({ after, limit: 100 }),
    write: (code, body) => api.putRule({ code }, body as RuleIn),
    initial: { kind: "earn", priority: 10, disabled: false },
    columns: [
      {
        title: t.common.name,
        render: (_, r) => (
          <>
            <div>{r.name || r.code}</div>
            <span className="soft mono">
              {r.code} · {t.config.version(r.version)}
            </span>
          </>
        ),
      },
      { title: t.config.kind, render: (_, r) => r.kind && t.config.ruleKind[r.kind] },
      {
        title: t.config.condition,
        render: (_, r) =>
          r.condition ? (
            <code className="expr">{r.condition}</code>
          ) : (
            <span className="soft">{t.config.always}</span>
          ),
      },
      { title: t.config.amount, render: (_, r) => <code className="expr">{r.amount}</code> },
      { title: t.member.unit, dataIndex: "unit" },
      { title: t.config.from, render: (_, r) => (r.from ? dateTime(r.from) : "–") },
      {
        title: t.common.state,
        render: (_, r) => (
          <Tag bordered={false} color={r.disabled ? "default" : "green"}>
            {r.disabled ? t.config.disabled : t.config.enabled}
          </Tag>
        ),
      },
    ],
    toForm: (r) => ({
      name: r.name,
      kind: r.kind,
      unit: r.unit,
      scheme: r.scheme,
      condition: r.condition,
      amount: r.amount,
      priority: r.priority,
      disabled: r.disabled,
      from: r.from,
      until: r.until,
    }),
    fields: (form, error) => (
      <>
        <Form.Item name="name" label={t.common.name}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="kind" label={t.config.kind} rules={[{ required: true }]}>
          <Select options={options(t.config.ruleKind)} />
        </Form.Item>
        <Form.Item name="unit" label={t.member.unit}>
          <Select
            allowClear
            options={(units.data?.items ?? []).map((u) => ({ value: u.code, label: u.name ?? u.code }))}
          />
        </Form.Item>
        <Expression
          name="condition"
          label={`${t.config.condition} (${t.common.optional})`}
          form={form}
          error={error}
        />
        <Expression name="amount" label={t.config.amount} form={form} error={error} required />
        <Form.Item name="priority" label={t.config.priority}>
          <InputNumber min={0} precision={0} />
        </Form.Item>
        <Form.Item name="disabled" label={t.config.disabled} valuePropName="checked">
          <Switch />
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}

const isMoney = (kind: unknown) => kind === "stored_value" || kind === "gift_card";

/** Budgets belong to campaigns, coupons have a page of their own. */
const walletUnits = async () => ({
  items: (await allUnits()).items.filter((u) => u.kind !== "budget" && u.kind !== "coupon"),
});

/** How much one person may move alone: in what the unit counts in, money as money. */
function ByHand({ money }: { money: boolean }) {
  const t = useT();
  const limits = [
    ["by_hand_max", t.config.byHandMax, t.config.byHandHint],
    ["by_hand_day_max", t.config.byHandDayMax, t.config.byHandDayHint],
  ] as const;
  return limits.map(([name, label, extra]) => (
    <Form.Item key={name} name={name} label={label} extra={extra}>
      {money ? <Money width={200} /> : <InputNumber min={0} precision={0} style={{ width: "100%" }} />}
    </Form.Item>
  ));
}

export function Units() {
  const t = useT();
  const { coupon: _coupon, budget: _budget, ...kinds } = t.config.unitKind;
  const kind: Kind<Unit> = {
    name: "listUnits",
    title: t.nav.units,
    put: "put_unit",
    list: walletUnits,
    write: (code, body) => api.putUnit({ code }, body as UnitIn),
    initial: { kind: "points", expiry: "none" },
    columns: [
      {
        title: t.common.name,
        render: (_, u) => (
          <>
            {u.name || u.code} <span className="soft mono">{u.code}</span>
          </>
        ),
      },
      { title: t.config.kind, render: (_, u) => u.kind && t.config.unitKind[u.kind] },
      {
        title: t.config.expiry,
        render: (_, u) => (
          <>
            {u.expiry && t.config.expiryKind[u.expiry]} {u.expiry_n ? <b className="num">{u.expiry_n}</b> : null}
          </>
        ),
      },
      {
        title: t.config.face,
        align: "right",
        className: "num",
        render: (_, u) => (u.face_ppm && !isMoney(u.kind) ? money(u.face_ppm / 10_000) : "–"),
      },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => rest,
    fields: () => (
      <>
        <Form.Item name="name" label={t.common.name}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="kind" label={t.config.kind} rules={[{ required: true }]}>
          <Select options={options(kinds)} />
        </Form.Item>
        <Form.Item name="expiry" label={t.config.expiry}>
          <Select options={options(t.config.expiryKind)} />
        </Form.Item>
        <Form.Item name="expiry_n" label={t.config.expiryN}>
          <InputNumber min={0} precision={0} />
        </Form.Item>
        <Form.Item name="face_ppm" label={t.config.face} extra={t.config.faceHint}>
          <Worth />
        </Form.Item>
        <Form.Item noStyle dependencies={["kind"]}>
          {({ getFieldValue }) => <ByHand money={isMoney(getFieldValue("kind"))} />}
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}

function TierList() {
  const t = useT();
  return (
    <Form.List name="tiers">
      {(fields, { add, remove }) => (
        <>
          {fields.map((f) => (
            <div className="row" key={f.key} style={{ marginBottom: 8 }}>
              <Form.Item name={[f.name, "code"]} noStyle rules={[{ required: true }]}>
                <Input placeholder={t.config.tierCode} style={{ width: 110 }} />
              </Form.Item>
              <Form.Item name={[f.name, "name"]} noStyle>
                <Input placeholder={t.common.name} style={{ width: 110 }} />
              </Form.Item>
              <Form.Item name={[f.name, "reach"]} noStyle rules={[{ required: true }]}>
                <InputNumber placeholder={t.config.reach} min={0} precision={0} style={{ width: 110 }} />
              </Form.Item>
              <Form.Item name={[f.name, "keep"]} noStyle>
                <InputNumber placeholder={t.config.keep} min={0} precision={0} style={{ width: 110 }} />
              </Form.Item>
              <Button
                type="text"
                icon={<MinusCircleOutlined />}
                aria-label={t.common.cancel}
                onClick={() => remove(f.name)}
              />
            </div>
          ))}
          <Button icon={<PlusOutlined />} onClick={() => add()}>
            {t.common.add}
          </Button>
        </>
      )}
    </Form.List>
  );
}

export function Tiers() {
  const t = useT();
  const units = useAllUnits();
  const kind: Kind<TierScheme> = {
    name: "listTierSchemes",
    title: t.nav.tiers,
    put: "put_tier_scheme",
    list: (after) => api.listTierSchemes({ after, limit: 100 }),
    write: (code, body) => api.putTierScheme({ code }, body as TierSchemeIn),
    initial: { measure: "qualifying", window: "rolling", window_months: 12, tiers: [{ code: "normal", reach: 0 }] },
    columns: [
      {
        title: t.common.name,
        render: (_, s) => (
          <>
            {s.name || s.code} <span className="soft mono">{s.code}</span>
          </>
        ),
      },
      { title: t.config.measure, render: (_, s) => s.measure && t.config.measureKind[s.measure] },
      {
        title: t.config.window,
        render: (_, s) => (
          <>
            {s.window && t.config.windowKind[s.window]}{" "}
            {s.window_months ? `${s.window_months} ${t.config.months}` : ""}
          </>
        ),
      },
      {
        title: t.config.tierList,
        render: (_, s) =>
          (s.tiers ?? []).map((x) => (
            <Tag key={x.code} color="gold" bordered={false}>
              {x.name ?? x.code} ≥ {count(x.reach)}
            </Tag>
          )),
      },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => rest,
    fields: () => (
      <>
        <Form.Item name="name" label={t.common.name}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="measure" label={t.config.measure} rules={[{ required: true }]}>
          <Select options={options(t.config.measureKind)} />
        </Form.Item>
        <Form.Item name="unit" label={t.member.unit}>
          <Select
            allowClear
            options={(units.data?.items ?? [])
              .filter((u) => u.kind === "qualifying")
              .map((u) => ({ value: u.code, label: u.name ?? u.code }))}
          />
        </Form.Item>
        <Form.Item name="window" label={t.config.window} rules={[{ required: true }]}>
          <Select options={options(t.config.windowKind)} />
        </Form.Item>
        <Form.Item name="window_months" label={t.config.months}>
          <InputNumber min={0} max={36} precision={0} />
        </Form.Item>
        <Form.Item name="grace_days" label={t.config.graceDays}>
          <InputNumber min={0} max={366} precision={0} />
        </Form.Item>
        <Form.Item label={t.config.tierList} required>
          <TierList />
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}
