// SPDX-License-Identifier: Apache-2.0
// Coupons for a whole audience, in the background: how far a run is, whom it left out and why.
import { App, Button, Form, Input, Modal, Progress, Table, Tag } from "antd";
import { useState } from "react";
import { api, type CouponIssue, type CouponIssueIn } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { count, dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCouponsT } from "../../messages/coupons";
import { filled, Whole } from "../../ui/fields";
import { Card } from "../../ui/Page";
import { Select } from "../../ui/Select";
import { problemText } from "../../ui/State";
import { useUnits } from "../play/units";
import { Expression } from "../settings/Expression";

interface Typed extends CouponIssueIn {
  code: string;
}

function NewRun({ close }: { close: () => void }) {
  const t = useT();
  const c = useCouponsT();
  const units = useUnits(["coupon"]);
  const purposes = useApi("listPurposes", { limit: 100 });
  const { message } = App.useApp();
  const [form] = Form.useForm<Typed>();
  const [error, setError] = useState<ApiError | null>(null);
  const write = useWrite(
    ({ code, ...body }: Typed) => api.putCouponIssue({ code }, filled(body)),
    () => {
      message.success(c.runStarted);
      close();
    },
  );
  const needed = [{ required: true, message: t.common.required }];
  return (
    <Modal
      open
      maskClosable={false}
      title={c.runNew}
      onCancel={close}
      onOk={() => form.submit()}
      confirmLoading={write.isPending}
    >
      <Form
        form={form}
        layout="vertical"
        onFinish={(v) =>
          write.mutate([v], {
            onError: (e) => {
              setError(e);
              message.error(problemText(e, t));
            },
          })
        }
      >
        <Form.Item name="code" label={t.common.code} rules={needed}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="unit" label={c.template} rules={needed}>
          <Select options={units.options} />
        </Form.Item>
        <Expression name="audience" label={c.runAudience} form={form} error={error} />
        <Form.Item name="purpose" label={c.runPurpose}>
          <Select
            allowClear
            options={(purposes.data?.items ?? []).map((x) => ({ value: x.code, label: x.text ?? x.code }))}
          />
        </Form.Item>
        <Form.Item name="limit" label={c.runLimit}>
          <Whole />
        </Form.Item>
        <Form.Item name="reason" label={c.reason} rules={needed}>
          <Input maxLength={60} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

const done = (r: CouponIssue) => (r.persons ? Math.min(100, Math.round((r.looked / r.persons) * 100)) : 100);

export function IssueRuns() {
  const t = useT();
  const c = useCouponsT();
  const { may } = useSession();
  const units = useUnits();
  const { message } = App.useApp();
  const [making, setMaking] = useState(false);
  const query = useApi("listCouponIssues", { limit: 100 }, { every: 3_000 });
  const stop = useWrite(
    (code: string) => api.postCouponIssueStop({ code }),
    () => message.success(t.common.done),
  );
  const rows = (query.data?.items ?? []).filter((r) => r.unit).reverse();
  return (
    <Card
      title={c.runs}
      extra={
        may("put_coupon_issue") && (
          <Button size="small" onClick={() => setMaking(true)}>
            {c.runNew}
          </Button>
        )
      }
    >
      <Table
        rowKey="code"
        size="small"
        scroll={{ x: 760 }}
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={rows}
        locale={{ emptyText: <span className="soft">{c.runNone}</span> }}
        columns={[
          { title: t.common.code, render: (_, r) => r.name || r.code },
          { title: c.template, render: (_, r) => units.name(r.unit) },
          {
            title: t.common.state,
            render: (_, r) =>
              r.state === "running" ? (
                <Progress percent={done(r)} size="small" aria-label={c.runs} />
              ) : (
                <Tag bordered={false}>{c.runStates[r.state]}</Tag>
              ),
          },
          { title: c.runMatched, align: "right", className: "num", render: (_, r) => count(r.matched) },
          { title: c.issued, align: "right", className: "num", render: (_, r) => count(r.issued ?? 0) },
          {
            title: c.runSkipped,
            render: (_, r) =>
              Object.entries((r.skipped ?? {}) as Record<string, number>)
                .filter(([, n]) => n > 0)
                .map(([why, n]) => `${c.runWhy[why] ?? why} ${count(n)}`)
                .join(" · ") || "–",
          },
          { title: t.common.time, render: (_, r) => dateTime(r.started_at) },
          {
            title: "",
            render: (_, r) =>
              r.state === "running" &&
              may("post_coupon_issue_stop") && (
                <Button
                  size="small"
                  type="link"
                  danger
                  onClick={() => stop.mutate([r.code], { onError: (e) => message.error(problemText(e, t)) })}
                >
                  {c.runStop}
                </Button>
              ),
          },
        ]}
      />
      {making && <NewRun close={() => setMaking(false)} />}
    </Card>
  );
}
