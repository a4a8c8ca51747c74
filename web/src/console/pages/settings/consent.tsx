// SPDX-License-Identifier: Apache-2.0
// What may be known of a member and what she gets for it; what she may agree to.
import { Form, Input, InputNumber, Switch, Tag } from "antd";
import { api, type Attribute, type AttributeIn, type Purpose, type PurposeIn } from "../../../api/client.gen";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { Catalog, type Kind } from "./Catalog";
import { Select } from "../../ui/Select";

const options = (texts: Record<string, string>) =>
  Object.entries(texts).map(([value, label]) => ({ value, label }));

export function Attributes() {
  const t = useT();
  const purposes = useApi("listPurposes", {});
  const kind: Kind<Attribute> = {
    name: "listAttributes",
    title: t.nav.attributes,
    put: "put_attribute",
    list: (after) => api.listAttributes({ after, limit: 100 }),
    write: (code, body) => api.putAttribute({ code }, body as AttributeIn),
    initial: { type: "choice", personal: false, retention_days: 730 },
    columns: [
      { title: t.common.code, render: (_, a) => <span className="mono">{a.code}</span> },
      {
        title: t.config.type,
        render: (_, a) => (
          <>
            {a.type && t.config.attributeType[a.type]}{" "}
            {a.personal && (
              <Tag color="red" bordered={false}>
                {t.config.personal}
              </Tag>
            )}
          </>
        ),
      },
      { title: t.config.purpose, dataIndex: "purpose" },
      { title: t.config.benefit, dataIndex: "benefit" },
      { title: t.config.retention, align: "right", className: "num", dataIndex: "retention_days" },
      { title: t.config.choices, ellipsis: true, render: (_, a) => a.choices?.join("、") },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => rest,
    fields: () => (
      <>
        <Form.Item name="type" label={t.config.type} rules={[{ required: true }]}>
          <Select options={options(t.config.attributeType)} />
        </Form.Item>
        <Form.Item name="purpose" label={t.config.purpose} rules={[{ required: true, message: t.common.required }]}>
          <Select
            options={(purposes.data?.items ?? []).map((p) => ({
              value: p.code,
              label: `${p.code} · ${p.text ?? ""}`,
            }))}
          />
        </Form.Item>
        <Form.Item name="benefit" label={t.config.benefit} rules={[{ required: true, message: t.common.required }]}>
          <Input.TextArea maxLength={160} />
        </Form.Item>
        <Form.Item name="retention_days" label={t.config.retention} rules={[{ required: true }]}>
          <InputNumber min={1} max={36500} precision={0} />
        </Form.Item>
        <Form.Item name="choices" label={t.config.choices}>
          <Select mode="tags" open={false} />
        </Form.Item>
        <Form.Item name="personal" label={t.config.personal} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item noStyle shouldUpdate={(a, b) => a.type !== b.type}>
          {({ getFieldValue }) =>
            getFieldValue("type") === "text" && (
              <Form.Item name="is_name" label={t.config.isName} valuePropName="checked">
                <Switch />
              </Form.Item>
            )
          }
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}

export function Purposes() {
  const t = useT();
  const kind: Kind<Purpose> = {
    name: "listPurposes",
    title: t.nav.purposes,
    put: "put_purpose",
    list: (after) => api.listPurposes({ after, limit: 100 }),
    write: (code, body) => api.putPurpose({ code }, body as PurposeIn),
    initial: { text_version: 1, marketing: false },
    columns: [
      { title: t.common.code, render: (_, p) => <span className="mono">{p.code}</span> },
      { title: t.config.purposeText, dataIndex: "text" },
      { title: t.config.textVersion, align: "right", className: "num", dataIndex: "text_version" },
      {
        title: t.config.kind,
        render: (_, p) =>
          p.marketing && (
            <Tag color="orange" bordered={false}>
              {t.config.marketing}
            </Tag>
          ),
      },
    ],
    toForm: ({ code: _code, version: _version, ...rest }) => rest,
    fields: () => (
      <>
        <Form.Item
          name="text"
          label={t.config.purposeText}
          rules={[{ required: true, message: t.common.required }]}
        >
          <Input.TextArea autoSize={{ minRows: 3 }} maxLength={1300} />
        </Form.Item>
        <Form.Item name="text_version" label={t.config.textVersion} rules={[{ required: true }]}>
          <InputNumber min={1} precision={0} />
        </Form.Item>
        <Form.Item name="marketing" label={t.config.marketing} valuePropName="checked">
          <Switch />
        </Form.Item>
      </>
    ),
  };
  return <Catalog kind={kind} />;
}
