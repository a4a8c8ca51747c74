// SPDX-License-Identifier: Apache-2.0
// A dialog with a form that is written at once: what was refused is said, and what was typed stays.
import { App, Form, Modal, type FormInstance } from "antd";
import type { ReactNode } from "react";
import type { ApiError } from "../../api/http";
import { useT } from "../messages";
import { problemText } from "./State";

interface Write<V> {
  isPending: boolean;
  mutate: (args: [V], options: { onError: (e: ApiError) => void }) => void;
}

export function FormModal<V extends object>({
  title,
  write,
  close,
  form: given,
  initial,
  say,
  children,
}: {
  title: string;
  write: Write<V>;
  close: () => void;
  form?: FormInstance<V>; // of a caller who watches its fields
  initial?: Partial<V>;
  say?: (e: ApiError) => string | undefined; // for codes with words of their own
  children: ReactNode;
}) {
  const t = useT();
  const { message } = App.useApp();
  const [own] = Form.useForm<V>();
  const form = given ?? own;
  return (
    <Modal
      open
      maskClosable={false} // a click beside it would lose what was typed
      title={title}
      onCancel={close}
      onOk={() => form.submit()}
      confirmLoading={write.isPending}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={initial}
        onFinish={(v: V) => write.mutate([v], { onError: (e) => message.error(say?.(e) ?? problemText(e, t)) })}
      >
        {children}
      </Form>
    </Modal>
  );
}
