// SPDX-License-Identifier: Apache-2.0
// A page for one kind of configuration: a list, and a form that puts one. Each kind says only
// which columns and which fields; two people who change the same thing are told (version).
import { PlusOutlined } from "@ant-design/icons";
import { App, Button, Drawer, Form, Input, Table, type FormInstance, type TableColumnsType } from "antd";
import { useEffect, useState, type ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import type { operations } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { Card, Page } from "../../ui/Page";
import { Pager } from "../../ui/Pager";
import { Data, Nothing, problemText } from "../../ui/State";
import { useListState } from "../../ui/useListState";

export interface Listed {
  code: string;
  version: number;
}
interface PageOf<T> {
  items: T[];
  next?: number;
}

export interface Kind<T extends Listed> {
  name: string;
  title: string;
  put: keyof typeof operations;
  list: (after: number | undefined) => Promise<PageOf<T>>;
  write: (code: string, body: object) => Promise<unknown>;
  columns: TableColumnsType<T>;
  fields: (form: FormInstance, error: ApiError | null) => ReactNode;
  toForm?: (item: T) => object;
  toBody?: (typed: Record<string, unknown>) => object;
  initial?: object;
}

function Editor<T extends Listed>({ kind, item, close }: { kind: Kind<T>; item: T | "new"; close: () => void }) {
  const t = useT();
  const { message } = App.useApp();
  const [form] = Form.useForm();
  const [error, setError] = useState<ApiError | null>(null);
  const old = item === "new" ? undefined : item;
  useEffect(() => {
    form.setFieldsValue(old ? (kind.toForm ? kind.toForm(old) : old) : (kind.initial ?? {}));
  }, [form, kind, old]);
  const write = useWrite(
    (code: string, body: object) => kind.write(code, body),
    () => {
      message.success(t.common.saved);
      close();
    },
  );
  const submit = ({ code, ...typed }: Record<string, unknown>) => {
    // a put replaces the whole object: what the form does not show stays as it was
    const whole = { ...(old && kind.toForm ? kind.toForm(old) : {}), ...typed };
    const body = Object.fromEntries(
      Object.entries(kind.toBody ? kind.toBody(whole) : whole).filter(
        ([, v]) => v !== undefined && v !== null && v !== "",
      ),
    );
    setError(null);
    write.mutate([String(code ?? old?.code), { ...body, expected_version: old?.version ?? 0 }], {
      onError: (e) => {
        setError(e);
        const field = e.problem.field?.replace(/^\//, "").split("/");
        if (field?.length === 1) form.setFields([{ name: field, errors: [problemText(e, t)] }]);
        else message.error(problemText(e, t));
      },
    });
  };
  return (
    <Drawer
      open
      maskClosable={false}
      aria-label={kind.title}
      width={Math.min(560, window.innerWidth)}
      title={old ? `${t.common.edit} · ${old.code}` : t.common.add}
      onClose={close}
      extra={
        <Button type="primary" loading={write.isPending} onClick={() => form.submit()}>
          {t.common.save}
        </Button>
      }
    >
      <Form form={form} layout="vertical" onFinish={submit}>
        {!old && (
          <Form.Item
            name="code"
            label={t.common.code}
            rules={[{ required: true, pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, message: t.common.required }]}
          >
            <Input />
          </Form.Item>
        )}
        {kind.fields(form, error)}
      </Form>
    </Drawer>
  );
}

export function Catalog<T extends Listed>({ kind }: { kind: Kind<T> }) {
  const t = useT();
  const { may } = useSession();
  const list = useListState();
  const after = list.get("after") ? Number(list.get("after")) : undefined;
  const [edited, setEdited] = useState<T | "new" | null>(null);
  const query = useQuery<PageOf<T>, ApiError>({ queryKey: [kind.name, after], queryFn: () => kind.list(after) });
  const writes = may(kind.put);
  const columns: TableColumnsType<T> = [
    ...kind.columns,
    {
      title: "",
      align: "right",
      width: 90,
      render: (_, item) =>
        writes && (
          <Button size="small" type="link" onClick={() => setEdited(item)}>
            {t.common.edit}
          </Button>
        ),
    },
  ];
  return (
    <Page
      title={kind.title}
      extra={
        writes && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setEdited("new")}>
            {t.common.add}
          </Button>
        )
      }
    >
      <Card>
        <Data query={query}>
          {(data) => (
            <>
              <Table
                rowKey="code"
                size="middle"
                pagination={false}
                scroll={{ x: 760 }}
                locale={{ emptyText: <Nothing add={writes && after === undefined && t.common.add} /> }}
                dataSource={data.items}
                columns={columns}
              />
              {(after !== undefined || data.next) && (
                <Pager
                  previous={after === undefined ? undefined : () => history.back()}
                  next={data.next ? () => list.set({ after: String(data.next) }) : undefined}
                />
              )}
            </>
          )}
        </Data>
      </Card>
      {edited && <Editor kind={kind} item={edited} close={() => setEdited(null)} />}
    </Page>
  );
}
