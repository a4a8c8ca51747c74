// SPDX-License-Identifier: Apache-2.0
// What is done to codes of one batch, on the packing line and in the store. Every act says how many
// codes it reached.
import { App, Button, Form, Input, InputNumber, Modal, Switch } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import {
  api,
  type CodeBatch,
  type CodeReplaceIn,
  type CodesBindIn,
  type CodesMoveIn,
  type CodesPackIn,
  type CodesReceiveIn,
} from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { count } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCodesT } from "../../messages/codes";
import { Select } from "../../ui/Select";
import { problemText } from "../../ui/State";

/** Leaves out what was not filled in. */
function filled<T extends object>(typed: T): T {
  return Object.fromEntries(
    Object.entries(typed).filter(([, v]) => v !== undefined && v !== null && v !== ""),
  ) as T;
}

function Range({ batch }: { batch: CodeBatch }) {
  const c = useCodesT();
  return (
    <>
      <p className="soft">{c.rangeHint(count(batch.count))}</p>
      <div className="row form-row">
        <Form.Item name="from" label={c.from} initialValue={0}>
          <InputNumber min={0} max={batch.count - 1} precision={0} style={{ width: 150 }} />
        </Form.Item>
        <Form.Item name="n" label={c.n} initialValue={batch.count}>
          <InputNumber min={1} max={batch.count} precision={0} style={{ width: 150 }} />
        </Form.Item>
      </div>
    </>
  );
}

function useStores() {
  const stores = useApi("listStores", { limit: 100 });
  return (stores.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code }));
}

function Act<T extends object>({
  write,
  button,
  done,
  danger,
  sure,
  children,
}: {
  write: (typed: T) => Promise<unknown>;
  button: string;
  done: (result: never) => string;
  danger?: boolean;
  sure?: (typed: T) => string | undefined; // what is to be agreed to first
  children: React.ReactNode;
}) {
  const t = useT();
  const { message } = App.useApp();
  const [form] = Form.useForm<T>();
  const [asked, setAsked] = useState<{ title: string; typed: T } | null>(null);
  const act = useWrite(
    (typed: T) => write(filled(typed)),
    (result) => {
      message.success(done(result as never));
    },
  );
  const fail = (e: ApiError) => message.error(problemText(e, t));
  const submit = (v: T) => {
    const title = sure?.(v);
    if (title) setAsked({ title, typed: v });
    else act.mutate([v], { onError: fail });
  };
  return (
    <Form form={form} layout="vertical" onFinish={submit}>
      {asked && (
        <Modal
          open
          title={asked.title}
          okText={button}
          okButtonProps={{ danger: true }}
          confirmLoading={act.isPending}
          onCancel={() => setAsked(null)}
          onOk={() => act.mutate([asked.typed], { onError: fail, onSettled: () => setAsked(null) })}
        />
      )}
      {children}
      <Button type="primary" danger={danger} htmlType="submit" loading={act.isPending}>
        {button}
      </Button>
    </Form>
  );
}

export function Bind({ batch }: { batch: CodeBatch }) {
  const t = useT();
  const c = useCodesT();
  const stores = useStores();
  return (
    <Act<CodesBindIn>
      write={(v) => api.postCodeBind({}, { ...v, batch: batch.code })}
      button={c.doBind}
      done={(r: { codes: number }) => c.reached(count(r.codes))}
    >
      <Range batch={batch} />
      <Form.Item name="product" label={`${c.product} (${t.common.code})`}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="region" label={c.region} extra={c.regionHint}>
        <Input maxLength={60} />
      </Form.Item>
      <Form.Item name="campaign" label={c.campaign}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="lot" label={c.lot}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="store" label={c.store}>
        <Select allowClear showSearch optionFilterProp="label" options={stores} />
      </Form.Item>
      <Form.Item name="activate" label={c.activate} valuePropName="checked" initialValue>
        <Switch />
      </Form.Item>
    </Act>
  );
}

export function Move({ batch }: { batch: CodeBatch }) {
  const t = useT();
  const c = useCodesT();
  return (
    <Act<CodesMoveIn>
      write={(v) => api.postCodeMove({}, { ...v, batch: batch.code })}
      button={c.doMove}
      done={(r: { codes: number }) => c.reached(count(r.codes))}
      sure={(v) => {
        const n = Math.min(v.n ?? batch.count, batch.count - (v.from ?? 0));
        return v.verb === "void" ? c.sureVoid(count(n)) : v.verb === "freeze" ? c.sureFreeze(count(n)) : undefined;
      }}
    >
      <Range batch={batch} />
      <Form.Item name="verb" label={c.verb} initialValue="activate">
        <Select options={Object.entries(c.verbs).map(([value, label]) => ({ value, label }))} />
      </Form.Item>
      <Form.Item noStyle dependencies={["verb"]}>
        {({ getFieldValue }) => (
          <Form.Item
            name="reason"
            label={t.common.reason}
            rules={[{ required: getFieldValue("verb") !== "activate", message: t.common.reasonNeeded }]}
          >
            <Input maxLength={60} placeholder={t.common.reasonNeeded} />
          </Form.Item>
        )}
      </Form.Item>
    </Act>
  );
}

interface Packing {
  parent: string;
  children?: string;
  from?: number;
  n?: number;
}

export function Pack({ batch }: { batch: CodeBatch }) {
  const t = useT();
  const c = useCodesT();
  const body = (v: Packing): CodesPackIn => {
    const children = (v.children ?? "").split(/\s+/).filter(Boolean);
    if (children.length > 0) return { parent: v.parent, children };
    return v.n
      ? { parent: v.parent, ranges: [{ batch: batch.code, from: v.from ?? 0, n: v.n }] }
      : { parent: v.parent };
  };
  const fields = (
    <>
      <Form.Item
        name="parent"
        label={c.parent}
        extra={c.parentHint}
        rules={[{ required: true, message: t.common.required }]}
      >
        <Input className="mono" />
      </Form.Item>
      <Form.Item name="children" label={c.children} extra={c.childrenHint}>
        <Input.TextArea className="mono" autoSize={{ minRows: 3, maxRows: 10 }} />
      </Form.Item>
      <div className="row form-row">
        <Form.Item name="from" label={c.from}>
          <InputNumber min={0} precision={0} style={{ width: 150 }} />
        </Form.Item>
        <Form.Item name="n" label={c.n}>
          <InputNumber min={1} precision={0} style={{ width: 150 }} />
        </Form.Item>
      </div>
    </>
  );
  const done = (r: { children: number }) => c.packed(count(r.children));
  return (
    <div className="grid">
      <Act<Packing> write={(v) => api.postCodePack({}, body(v))} button={c.doPack} done={done}>
        {fields}
      </Act>
      <hr className="rule" />
      <Act<Packing>
        write={(v) => api.postCodeUnpack({}, body(v))}
        button={c.doUnpack}
        done={done}
        sure={(v) => c.sureUnpack(v.parent)}
        danger
      >
        {fields}
      </Act>
    </div>
  );
}

export function Receive() {
  const t = useT();
  const c = useCodesT();
  const { session } = useSession();
  const stores = useStores();
  return (
    <Act<CodesReceiveIn>
      write={(v) => api.postCodeReceive({}, v)}
      button={c.doReceive}
      done={(r: { children: number }) => c.packed(count(r.children))}
    >
      <p className="soft">{c.receiveHint}</p>
      <Form.Item name="parent" label={c.parent} rules={[{ required: true, message: t.common.required }]}>
        <Input className="mono" />
      </Form.Item>
      <Form.Item name="store" label={t.common.store} initialValue={session?.store} rules={[{ required: true }]}>
        <Select showSearch optionFilterProp="label" options={stores} />
      </Form.Item>
    </Act>
  );
}

export function Replace() {
  const t = useT();
  const c = useCodesT();
  const needed = [{ required: true, message: t.common.required }];
  return (
    <Act<CodeReplaceIn>
      write={(v) => api.postCodeReplace({}, v)}
      button={c.doReplace}
      done={() => c.replaced}
      sure={(v) => c.sureReplace(v.old)}
      danger
    >
      <Form.Item name="old" label={c.old} rules={needed}>
        <Input className="mono" />
      </Form.Item>
      <Form.Item name="new" label={c.fresh} rules={needed}>
        <Input className="mono" />
      </Form.Item>
      <Form.Item name="reason" label={t.common.reason} rules={needed}>
        <Input maxLength={60} placeholder={t.common.reasonNeeded} />
      </Form.Item>
    </Act>
  );
}

export function Print({ batch }: { batch: CodeBatch }) {
  const c = useCodesT();
  const { session } = useSession();
  const tenant = session?.tenant ?? "";
  return (
    <div className="grid">
      <p className="soft">
        {c.sheetHint}
        <br />
        <code className="expr">
          {`tongbao codes print ${batch.code} ${location.origin}/member/${tenant}/ --tenant ${tenant} --format png`}
        </code>
      </p>
      <div>
        <Link to={`/codes/${batch.code}/sheet`}>
          <Button type="primary">{c.sheet}</Button>
        </Link>
      </div>
    </div>
  );
}
