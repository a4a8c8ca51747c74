// SPDX-License-Identifier: Apache-2.0
// An expression being written; a refusal shows the very character that is wrong.
import { Form, Input, type FormInstance } from "antd";
import type { ApiError } from "../../../api/http";
import { useT } from "../../messages";

export function Expression({
  name,
  label,
  form,
  error,
  required,
}: {
  name: string;
  label: string;
  form: FormInstance;
  error: ApiError | null;
  required?: boolean;
}) {
  const t = useT();
  const text = String(Form.useWatch(name, form) ?? "");
  const own = error?.problem.field === `/${name}` && error.problem.position ? error.problem : null;
  const at = own?.position ? Math.min(own.position.offset, text.length) : 0;
  return (
    <>
      <Form.Item
        name={name}
        label={label}
        rules={required ? [{ required: true, message: t.common.required }] : []}
        extra={t.config.exprHint}
      >
        <Input.TextArea className="expr" autoSize={{ minRows: 2, maxRows: 8 }} spellCheck={false} />
      </Form.Item>
      {own && (
        <div className="caret" role="alert">
          {text.slice(0, at)}
          <b>{text.slice(at, at + 1) || "␣"}</b>
          {text.slice(at + 1)}
          <div className="soft">
            {t.config.errorAt(own.position!.column)}: {own.detail ?? own.title}
          </div>
        </div>
      )}
    </>
  );
}
