// SPDX-License-Identifier: Apache-2.0
// What a platform allows games that are played on it.
import { App, Button, Form, Input, InputNumber, Switch } from "antd";
import { api, type ChannelIn } from "../../../api/client.gen";
import { minorOf } from "../../../shared/format";
import { useWrite } from "../../../shared/query";
import { useT } from "../../messages";
import { usePlayT } from "../../messages/play";
import { problemText } from "../../ui/State";

interface Typed extends Omit<ChannelIn, "prize_ceiling"> {
  code: string;
  ceiling?: number;
}

export function Channels() {
  const t = useT();
  const p = usePlayT();
  const { message } = App.useApp();
  const [form] = Form.useForm<Typed>();
  const write = useWrite(
    ({ code, ceiling, ...v }: Typed) =>
      api.putChannel({ code }, { ...v, prize_ceiling: ceiling === undefined ? 0 : minorOf(String(ceiling)) }),
    () => {
      message.success(t.common.saved);
      form.resetFields();
    },
  );
  return (
    <Form
      form={form}
      layout="vertical"
      style={{ maxWidth: 460 }}
      onFinish={(v) => write.mutate([v], { onError: (e) => message.error(problemText(e, t)) })}
    >
      <p className="soft">{p.channelHint}</p>
      <Form.Item name="code" label={p.channelCode} rules={[{ required: true, message: t.common.required }]}>
        <Input placeholder="wechat" maxLength={64} />
      </Form.Item>
      <Form.Item name="name" label={t.common.name}>
        <Input maxLength={60} />
      </Form.Item>
      <Form.Item name="forbid_sharing" label={p.forbidSharing} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Form.Item name="forbid_hidden_odds" label={p.forbidHidden} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Form.Item name="forbid_packets" label={p.forbidPackets} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Form.Item name="ceiling" label={p.ceiling}>
        <InputNumber min={0} precision={2} style={{ width: 190 }} />
      </Form.Item>
      <Button type="primary" htmlType="submit" loading={write.isPending}>
        {t.common.save}
      </Button>
    </Form>
  );
}
