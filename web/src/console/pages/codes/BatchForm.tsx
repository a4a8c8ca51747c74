// SPDX-License-Identifier: Apache-2.0
// A batch: made, or made larger; where its codes are and how high it packs never changes.
import { App, Drawer, Button, Form, Input, InputNumber } from "antd";
import { api, type CodeBatch, type CodeBatchIn } from "../../../api/client.gen";
import { useWrite } from "../../../shared/query";
import { useT } from "../../messages";
import { useCodesT } from "../../messages/codes";
import { Select } from "../../ui/Select";
import { problemText } from "../../ui/State";

const SCENES: CodeBatchIn["scene"][] = ["outside", "inside", "carton", "receipt", "store", "associate"];

export function BatchForm({ batch, close }: { batch?: CodeBatch; close: () => void }) {
  const t = useT();
  const c = useCodesT();
  const { message } = App.useApp();
  const [form] = Form.useForm<CodeBatchIn & { code: string }>();
  const write = useWrite(
    ({ code, ...body }: CodeBatchIn & { code: string }) =>
      api.putCodeBatch({ code: batch?.code ?? code }, { ...body, expected_version: batch?.version ?? 0 }),
    () => {
      message.success(t.common.saved);
      close();
    },
  );
  const number = (name: keyof CodeBatchIn, label: string, max: number, min = 0) => (
    <Form.Item name={name} label={label}>
      <InputNumber min={min} max={max} precision={0} style={{ width: "100%" }} />
    </Form.Item>
  );
  return (
    <Drawer
      open
      maskClosable={false}
      aria-label={c.batch}
      width={Math.min(520, window.innerWidth)}
      title={batch ? `${t.common.edit} · ${batch.code}` : c.add}
      onClose={close}
      extra={
        <Button type="primary" loading={write.isPending} onClick={() => form.submit()}>
          {t.common.save}
        </Button>
      }
    >
      <p className="soft">{c.versionHint}</p>
      <Form
        form={form}
        layout="vertical"
        initialValues={
          batch ?? { scene: "outside", level: 0, count: 1000, divert_scans: 3, divert_persons: 2, divert_days: 7 }
        }
        onFinish={(v) => write.mutate([v], { onError: (e) => message.error(problemText(e, t)) })}
      >
        {!batch && (
          <Form.Item
            name="code"
            label={t.common.code}
            rules={[{ required: true, pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, message: t.common.required }]}
          >
            <Input />
          </Form.Item>
        )}
        <Form.Item name="name" label={t.common.name}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="scene" label={c.scene} rules={[{ required: true }]}>
          <Select disabled={!!batch} options={SCENES.map((value, i) => ({ value, label: c.scenes[i] }))} />
        </Form.Item>
        <Form.Item name="level" label={c.level}>
          <Select disabled={!!batch} options={c.levels.map((label, value) => ({ value, label }))} />
        </Form.Item>
        {number("count", batch ? c.countGrow : c.count, 4_294_967_295, batch?.count ?? 1)}
        <h3 className="form-part">{c.divert}</h3>
        <p className="soft">{c.divertHint}</p>
        {number("divert_scans", c.divertScans, 1_000_000)}
        {number("divert_persons", c.divertPersons, 8)}
        {number("divert_days", c.divertDays, 366)}
      </Form>
    </Drawer>
  );
}
