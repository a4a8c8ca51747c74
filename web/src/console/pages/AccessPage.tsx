// SPDX-License-Identifier: Apache-2.0
// Users (keys whose code holds a colon) and API keys.
import { PlusOutlined } from "@ant-design/icons";
import { App, Button, Form, Input, Modal, Table, Tabs, Tag, Typography } from "antd";
import { useState } from "react";
import { api, type Key, type UserIn } from "../../api/client.gen";
import { dateTime } from "../../shared/format";
import { useApi, useWrite } from "../../shared/query";
import { useSession } from "../../shared/session";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { Select } from "../ui/Select";
import { Data, problemText } from "../ui/State";

type Role = UserIn["roles"][number];
const roles: Role[] = ["owner", "marketer", "till", "associate", "service_desk", "auditor", "developer"];
interface Typed {
  login: string;
  name?: string;
  roles: Role[];
  store?: string;
}

function Add({ user }: { user: boolean }) {
  const t = useT();
  const { modal, message } = App.useApp();
  const [open, setOpen] = useState(false);
  const [form] = Form.useForm<Typed>();
  const stores = useApi("listStores", { limit: 100 });
  const once = (title: string, secret: string) =>
    modal.success({
      title: t.access.onceTitle,
      content: (
        <>
          <p>{title}</p>
          <Typography.Text code copyable>
            {secret}
          </Typography.Text>
        </>
      ),
    });
  const write = useWrite(
    async (v: Typed) => {
      if (user) {
        const made = await api.postUser({}, v);
        return [made.user, made.password ?? ""] as const;
      }
      const made = await api.postKey({}, { name: v.name, roles: v.roles, store: v.store });
      return [made.code ?? "", made.key ?? ""] as const;
    },
    ([name, secret]) => {
      setOpen(false);
      form.resetFields();
      once(name, secret);
    },
  );
  return (
    <>
      <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen(true)}>
        {user ? t.access.addUser : t.access.addKey}
      </Button>
      <Modal
        open={open}
        maskClosable={false}
        title={user ? t.access.addUser : t.access.addKey}
        onCancel={() => setOpen(false)}
        onOk={() => form.submit()}
        confirmLoading={write.isPending}
      >
        <Form
          form={form}
          layout="vertical"
          onFinish={(v) => write.mutate([v], { onError: (e) => message.error(problemText(e, t)) })}
        >
          {user && (
            <Form.Item
              name="login"
              label={t.access.login}
              extra={t.access.loginHint}
              rules={[{ required: true, pattern: /^[a-z0-9][a-z0-9._-]{0,29}$/, message: t.access.loginHint }]}
            >
              <Input autoComplete="off" />
            </Form.Item>
          )}
          <Form.Item name="name" label={t.common.name}>
            <Input maxLength={60} />
          </Form.Item>
          <Form.Item name="roles" label={t.access.roles} rules={[{ required: true, message: t.common.required }]}>
            <Select mode="multiple" options={roles.map((value) => ({ value, label: t.role[value] }))} />
          </Form.Item>
          <Form.Item name="store" label={t.common.store}>
            <Select
              allowClear
              showSearch
              optionFilterProp="label"
              options={(stores.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code }))}
            />
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}

function KeysTable({ rows }: { rows: Key[] }) {
  const t = useT();
  const { may } = useSession();
  const { modal, message } = App.useApp();
  const revoke = useWrite(
    (code: string) => api.revokeKey({ code }),
    () => message.success(t.common.done),
  );
  const ask = (k: Key) =>
    modal.confirm({
      title: `${t.access.revoke} ${k.name ?? k.code}`,
      content: t.access.revokeHint,
      okButtonProps: { danger: true },
      onOk: () => revoke.mutateAsync([k.code]).catch((e) => message.error(problemText(e, t))),
    });
  return (
    <Table
      rowKey="code"
      size="middle"
      pagination={{ pageSize: 25, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 720 }}
      dataSource={rows}
      columns={[
        {
          title: t.common.name,
          render: (_, k) => (
            <>
              {k.name} <span className="soft mono">{k.code}</span>
            </>
          ),
        },
        {
          title: t.access.roles,
          render: (_, k) =>
            k.roles.map((r) => (
              <Tag key={r} bordered={false} color="green">
                {t.role[r]}
              </Tag>
            )),
        },
        { title: t.common.store, render: (_, k) => k.store ?? "–" },
        { title: t.access.createdAt, render: (_, k) => dateTime(k.created_at) },
        {
          title: t.common.state,
          render: (_, k) =>
            k.revoked_at ? (
              <Tag bordered={false}>{t.access.revoked}</Tag>
            ) : (
              <Tag bordered={false} color="green">
                {t.access.valid}
              </Tag>
            ),
        },
        {
          title: "",
          align: "right",
          render: (_, k) =>
            !k.revoked_at &&
            may("revoke_key") && (
              <Button size="small" danger type="link" onClick={() => ask(k)}>
                {t.access.revoke}
              </Button>
            ),
        },
      ]}
    />
  );
}

export default function AccessPage() {
  const t = useT();
  const { may } = useSession();
  const query = useApi("listKeys", { limit: 100 });
  const isUser = (k: Key) => k.code.includes(":");
  return (
    <Page title={t.access.title}>
      <Card>
        <Data query={query}>
          {(data) => (
            <Tabs
              items={[
                {
                  key: "users",
                  label: t.access.users,
                  children: (
                    <>
                      {may("post_user") && (
                        <div className="filters">
                          <Add user />
                        </div>
                      )}
                      <KeysTable rows={data.items.filter(isUser)} />
                    </>
                  ),
                },
                {
                  key: "keys",
                  label: t.access.keys,
                  children: (
                    <>
                      {may("post_key") && (
                        <div className="filters">
                          <Add user={false} />
                        </div>
                      )}
                      <KeysTable rows={data.items.filter((k) => !isUser(k))} />
                    </>
                  ),
                },
              ]}
            />
          )}
        </Data>
      </Card>
    </Page>
  );
}
