// SPDX-License-Identifier: Apache-2.0
import { Button, Input, Modal, Segmented, type InputRef } from "antd";
import { useRef, useState } from "react";
import { useT } from "./messages";
import { maskFault } from "./scale";
import { saveTillSettings, tillSettings } from "./settings";

export function SettingsDialog({ close }: { close: () => void }) {
  const t = useT();
  const field = useRef<InputRef>(null);
  const [paper, setPaper] = useState(tillSettings().paper);
  const [typed, setTyped] = useState(tillSettings().masks.join(" "));
  const masks = typed.toUpperCase().split(/\s+/).filter(Boolean);
  const fault = masks.map(maskFault).find((f) => f !== "");
  const save = () => {
    if (fault) return;
    saveTillSettings({ paper, masks });
    close();
  };
  return (
    <Modal
      open
      title={t.settings}
      onCancel={close}
      afterOpenChange={(open) => open && field.current?.focus()}
      footer={
        <Button type="primary" disabled={fault !== undefined} onClick={save}>
          {t.saveSettings} <kbd>Enter</kbd>
        </Button>
      }
    >
      <div className="grid">
        <div>
          <div>{t.paper}</div>
          <Segmented<58 | 80>
            value={paper}
            onChange={setPaper}
            options={([58, 80] as const).map((value) => ({ value, label: `${value} mm` }))}
          />
        </div>
        <div>
          <div>{t.masks}</div>
          <Input
            ref={field}
            className="mono"
            aria-label={t.masks}
            value={typed}
            status={fault ? "error" : undefined}
            onChange={(e) => setTyped(e.target.value)}
            onPressEnter={save}
          />
          <small className={fault ? "wrong" : "soft"}>{fault ? t.maskFault[fault] : t.masksHint}</small>
        </div>
      </div>
    </Modal>
  );
}
