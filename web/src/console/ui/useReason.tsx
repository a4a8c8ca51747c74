// SPDX-License-Identifier: Apache-2.0
// An act that leaves a record asks for its reason first.
import { App, Input } from "antd";
import { useT } from "../messages";

interface Ask {
  title: string;
  hint?: string;
  danger?: boolean;
  run: (reason: string) => Promise<unknown>;
}

export function useReason() {
  const t = useT();
  const { modal } = App.useApp();
  return ({ title, hint, danger, run }: Ask) => {
    let reason = "";
    const dialog = modal.confirm({
      title,
      okText: t.common.confirm,
      cancelText: t.common.cancel,
      okButtonProps: { danger, disabled: true },
      content: (
        <>
          {hint && <p className="soft">{hint}</p>}
          <Input.TextArea
            aria-label={t.common.reason}
            placeholder={t.common.reasonNeeded}
            maxLength={60}
            autoFocus
            onChange={(e) => {
              reason = e.target.value.trim();
              dialog.update({ okButtonProps: { danger, disabled: reason === "" } });
            }}
          />
        </>
      ),
      onOk: () => run(reason),
    });
  };
}
