// SPDX-License-Identifier: Apache-2.0
// The signed-in user's own password.
import { App, Form, Input, Modal } from "antd";
import { api } from "../../api/client.gen";
import { useWrite } from "../../shared/query";
import { useT } from "../messages";
import { problemText } from "./State";

const LEAST = 10;
interface Typed {
  old: string;
  fresh: string;
  again: string;
}

export function PasswordModal({ close }: { close: () => void }) {
  const t = useT();
  const { message } = App.useApp();
  const [form] = Form.useForm<Typed>();
  const write = useWrite(
    (v: Typed) => api.postPassword({}, { password: v.old, new_password: v.fresh }),
    () => {
      message.success(t.password.done);
      close();
    },
  );
  const submit = (v: Typed) =>
    write.mutate([v], {
      onError: (e) => {
        if (e.problem.code === "sign_in_failed") form.setFields([{ name: "old", errors: [t.password.wrong] }]);
        else if (e.problem.code === "sign_in_blocked") message.error(t.signIn.blocked(e.retryAfter));
        else message.error(problemText(e, t));
      },
    });
  const required = { required: true, message: t.common.required };
  return (
    <Modal
      open
      title={t.password.title}
      onCancel={close}
      onOk={() => form.submit()}
      confirmLoading={write.isPending}
    >
      <Form form={form} layout="vertical" requiredMark={false} onFinish={submit}>
        <Form.Item name="old" label={t.password.old} rules={[required]}>
          <Input.Password autoFocus autoComplete="current-password" />
        </Form.Item>
        <Form.Item
          name="fresh"
          label={t.password.fresh}
          extra={t.password.hint}
          rules={[required, { min: LEAST, message: t.password.hint }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={t.password.again}
          dependencies={["fresh"]}
          rules={[
            required,
            ({ getFieldValue }) => ({
              validator: (_, v) =>
                v === getFieldValue("fresh") ? Promise.resolve() : Promise.reject(new Error(t.password.differs)),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
