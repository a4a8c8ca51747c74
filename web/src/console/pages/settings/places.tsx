// SPDX-License-Identifier: Apache-2.0
// Products, touchpoints, webhooks.
import { Form, Input, InputNumber, Switch, Tag } from "antd";
import {
  api,
  type Product,
  type ProductIn,
  type Touchpoint,
  type TouchpointIn,
  type Webhook,
  type WebhookIn,
} from "../../../api/client.gen";
import { money } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { Catalog, type Kind } from "./Catalog";
import { Select } from "../../ui/Select";

const touchpointKinds = [
  "other",
  "till",
  "probe",
  "face",
  "gate",
  "wifi",
  "scan",
  "web",
  "mini_program",
  "app",
  "account",
  "delivery",
  "associate",
  "service_desk",
  "import",
];
const whole = (minor: unknown) => (typeof minor === "number" ? minor / 100 : undefined);
const minor = (v: unknown) => (typeof v === "number" ? Math.round(v * 100) : undefined);

export function Products() {
  const t = useT();
  const kind: Kind<Product> = {
    name: "listProducts",
    title: t.nav.products,
    put: "put_product",
    list: (after) => api.listProducts({ after, limit: 50 }),
    write: (code, body) => api.putProduct({ code }, body as ProductIn),
    initial: { weighed: false, never_promoted: false },
    columns: [
      {
        title: t.common.name,
        render: (_, p) => (
          <>
            {p.name || p.code} <span className="soft mono">{p.code}</span>
          </>
        ),
      },
      { title: t.products.category, dataIndex: "category" },
      { title: t.products.brand, dataIndex: "brand" },
      { title: t.products.barcode, className: "mono", dataIndex: "barcode" },
      { title: t.products.price, align: "right", className: "num", render: (_, p) => money(p.price) },
      { title: t.products.cost, align: "right", className: "num", render: (_, p) => money(p.cost) },
      {
        title: "",
        render: (_, p) => (
          <>
            {p.weighed && <Tag bordered={false}>{t.products.weighed}</Tag>}
            {p.never_promoted && (
              <Tag color="red" bordered={false}>
                {t.products.neverPromoted}
              </Tag>
            )}
          </>
        ),
      },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => ({
      ...rest,
      price: whole(rest.price),
      cost: whole(rest.cost),
    }),
    toBody: (v) => ({ ...v, price: minor(v.price), cost: minor(v.cost) }),
    fields: () => (
      <>
        <Form.Item name="name" label={t.common.name}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="category" label={t.products.category}>
          <Input placeholder="food/baby/formula" />
        </Form.Item>
        <Form.Item name="brand" label={t.products.brand}>
          <Input />
        </Form.Item>
        <Form.Item name="barcode" label={t.products.barcode}>
          <Input />
        </Form.Item>
        <Form.Item name="price" label={t.products.price}>
          <InputNumber min={0} precision={2} style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="cost" label={t.products.cost}>
          <InputNumber min={0} precision={2} style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="supply_days" label={t.products.supplyDays}>
          <InputNumber min={0} precision={0} />
        </Form.Item>
        <Form.Item name="weighed" label={t.products.weighed} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item name="never_promoted" label={t.products.neverPromoted} valuePropName="checked">
          <Switch />
        </Form.Item>
        {["life_from_months", "life_to_months", "attributes"].map((n) => (
          <Form.Item key={n} name={n} hidden>
            <Input />
          </Form.Item>
        ))}
      </>
    ),
  };
  return <Catalog kind={kind} />;
}

export function Touchpoints() {
  const t = useT();
  const stores = useApi("listStores", { limit: 100 });
  const kind: Kind<Touchpoint> = {
    name: "listTouchpoints",
    title: t.nav.touchpoints,
    put: "put_touchpoint",
    list: (after) => api.listTouchpoints({ after, limit: 100 }),
    write: (code, body) => api.putTouchpoint({ code }, body as TouchpointIn),
    initial: { kind: "web" },
    columns: [
      {
        title: t.common.name,
        render: (_, p) => (
          <>
            {p.name || p.code} <span className="soft mono">{p.code}</span>
          </>
        ),
      },
      { title: t.config.touchpointKind, render: (_, p) => p.kind && t.touchpoint[touchpointKinds.indexOf(p.kind)] },
      { title: t.common.store, dataIndex: "store" },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => rest,
    fields: () => (
      <>
        <Form.Item name="name" label={t.common.name}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="kind" label={t.config.touchpointKind} rules={[{ required: true }]}>
          <Select options={touchpointKinds.map((value, i) => ({ value, label: t.touchpoint[i] }))} />
        </Form.Item>
        <Form.Item name="store" label={t.common.store}>
          <Select
            allowClear
            showSearch
            optionFilterProp="label"
            options={(stores.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code }))}
          />
        </Form.Item>
        <Form.Item name="visit_gap_s" hidden>
          <Input />
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}

export function Webhooks() {
  const t = useT();
  const kind: Kind<Webhook> = {
    name: "listWebhooks",
    title: t.nav.webhooks,
    put: "put_webhook",
    list: (after) => api.listWebhooks({ after, limit: 32 }),
    write: (code, body) => api.putWebhook({ code }, body as WebhookIn),
    initial: { disabled: false },
    columns: [
      { title: t.common.code, render: (_, w) => <span className="mono">{w.code}</span> },
      { title: t.config.url, render: (_, w) => <span className="mono">{w.url}</span> },
      {
        title: t.config.events,
        render: (_, w) =>
          w.events?.length
            ? w.events.map((e) => (
                <Tag key={e} bordered={false}>
                  {t.config.eventGroup[e]}
                </Tag>
              ))
            : t.common.all,
      },
      {
        title: t.common.state,
        render: (_, w) => (
          <Tag bordered={false} color={w.disabled ? "default" : "green"}>
            {w.disabled ? t.config.disabled : t.config.enabled}
          </Tag>
        ),
      },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => rest,
    fields: () => (
      <>
        <Form.Item name="url" label={t.config.url} rules={[{ required: true, type: "url", message: "https://…" }]}>
          <Input />
        </Form.Item>
        <Form.Item name="secret" label={t.config.secret} extra={t.config.secretHint}>
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item name="events" label={t.config.events}>
          <Select
            mode="multiple"
            options={Object.entries(t.config.eventGroup).map(([value, label]) => ({ value, label }))}
          />
        </Form.Item>
        <Form.Item name="disabled" label={t.config.disabled} valuePropName="checked">
          <Switch />
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}
