// SPDX-License-Identifier: Apache-2.0
// Which column is what: guessed first, then picked.
import { UploadOutlined } from "@ant-design/icons";
import { Alert, Button, Checkbox, Form, Input, InputNumber, Space, Table, Upload } from "antd";
import { useMemo, useState } from "react";
import { type Import, type ImportHead } from "../../../api/client.gen";
import { useAttributeName, useNs } from "../../../shared/ns";
import { useApi } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useImportsT } from "../../messages/imports";
import { guess, guessFormat, guessWhen, lacks, mapOf, orderNeeds, productNeeds, type Picked } from "./map";
import { Select } from "../../ui/Select";

const dated = ["date", "time"];

function Preview({ head }: { head: ImportHead }) {
  const m = useImportsT();
  const rows = (head.rows as string[][]).map((cells, key) => ({ key, cells }));
  if (rows.length === 0) return null;
  return (
    <Table<{ key: number; cells: string[] }>
      size="small"
      pagination={false}
      scroll={{ x: true }}
      title={() => m.head}
      dataSource={rows}
      columns={head.columns.map((title, i) => ({ title, key: i, render: (_, r) => r.cells[i], ellipsis: true }))}
    />
  );
}

function Column({
  columns,
  name,
  label,
  required,
}: {
  columns: string[];
  name: (string | number)[];
  label: string;
  required?: boolean;
}) {
  const m = useImportsT();
  return (
    <Form.Item name={name} label={required ? `${label} *` : label}>
      <Select
        allowClear
        showSearch
        placeholder={m.column}
        options={columns.map((value) => ({ value, label: value }))}
      />
    </Form.Item>
  );
}

export function ImportMapForm({
  of,
  head,
  run,
  busy,
}: {
  of: Import;
  head: ImportHead;
  run: (map: string) => void;
  busy: boolean;
}) {
  const m = useImportsT();
  const ns = useNs();
  const attributeName = useAttributeName();
  const { session } = useSession();
  const namespaces = useApi("listNamespaces", {});
  const attributes = useApi("listAttributes", { limit: 100 }, { enabled: of.kind === "members" });
  const [form] = Form.useForm<Picked>();
  const [missing, setMissing] = useState<ReturnType<typeof lacks>>();
  const { kind } = of;
  const columns = head.columns;
  const people = kind !== "products";
  const spaces = (namespaces.data?.items ?? []).filter((n) => (n.scope ?? "person") === "person");
  const fields = kind === "orders" ? Object.keys(m.order) : kind === "products" ? Object.keys(m.product) : [];
  const needs: readonly string[] = kind === "orders" ? orderNeeds : productNeeds;
  const initial = useMemo<Picked>(() => {
    const when = guessWhen(columns);
    const sample = when ? (head.rows as string[][])[0]?.[columns.indexOf(when)] : undefined;
    const of = (names: string[]) => Object.fromEntries(names.map((n) => [n, guess(columns, n)]));
    return {
      when,
      format: guessFormat(sample),
      terms: 1,
      enrol: kind === "members",
      verified: true,
      identifiers: of(spaces.map((n) => n.code)),
      attributes: of((attributes.data?.items ?? []).map((a) => a.code)),
      fields: of(fields),
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what was picked stays when lists come again
  }, [head, namespaces.data, attributes.data]);
  if (!namespaces.data || (kind === "members" && !attributes.data) || !session) return null;
  const submit = (picked: Picked) => {
    const lacking = lacks(kind, picked);
    setMissing(lacking);
    if (!lacking) run(mapOf(session.tenant ?? "", session.zone ?? "UTC", kind, head, picked));
  };
  return (
    <Form form={form} layout="vertical" initialValues={initial} onFinish={submit}>
      <Preview head={head} />
      <div className="spread" style={{ margin: "16px 0 8px" }}>
        <h3>{m.mapping}</h3>
        <Upload
          accept=".map,.json"
          showUploadList={false}
          beforeUpload={(file) => {
            void file.text().then(run);
            return false;
          }}
        >
          <Button size="small" icon={<UploadOutlined />}>
            {m.mapFile}
          </Button>
        </Upload>
      </div>
      <p className="soft">{m.mappingHint}</p>
      <div className="import-fields">
        {fields.map((f) => (
          <Column
            key={f}
            columns={columns}
            name={["fields", f]}
            label={(kind === "orders" ? m.order : m.product)[f as never]}
            required={needs.includes(f)}
          />
        ))}
        {people && (
          <>
            <Column columns={columns} name={["when"]} label={m.when} required />
            <Form.Item name="format" label={m.whenFormat} tooltip={m.whenHint}>
              <Input maxLength={40} placeholder="%Y-%m-%d" />
            </Form.Item>
            <Column columns={columns} name={["store"]} label={m.store} />
          </>
        )}
      </div>
      {people && (
        <fieldset className="import-fields">
          <legend>{m.identifiers}</legend>
          {spaces.map((n) => (
            <Column key={n.code} columns={columns} name={["identifiers", n.code]} label={ns(n.code)} />
          ))}
          <Form.Item name="verified" valuePropName="checked">
            <Checkbox>{m.verified}</Checkbox>
          </Form.Item>
        </fieldset>
      )}
      {kind === "members" && (attributes.data?.items.length ?? 0) > 0 && (
        <fieldset className="import-fields">
          <legend>{m.attributes}</legend>
          {attributes.data?.items.map((a) => (
            <div key={a.code}>
              <Column columns={columns} name={["attributes", a.code]} label={attributeName(a.code)} />
              {dated.includes(a.type ?? "") && (
                <Form.Item name={["attributeFormat", a.code]} label={m.whenFormat}>
                  <Input maxLength={40} placeholder="%Y-%m-%d" />
                </Form.Item>
              )}
            </div>
          ))}
        </fieldset>
      )}
      {(kind === "members" || kind === "orders") && (
        <Space size="large">
          <Form.Item name="enrol" valuePropName="checked">
            <Checkbox>{m.enrol}</Checkbox>
          </Form.Item>
          <Form.Item name="terms" label={m.terms} layout="horizontal">
            <InputNumber min={1} max={1000000} precision={0} />
          </Form.Item>
        </Space>
      )}
      {missing && <Alert type="warning" showIcon message={m[missing]} style={{ marginBottom: 12 }} />}
      <Button type="primary" htmlType="submit" loading={busy}>
        {m.runTrial}
      </Button>
    </Form>
  );
}
