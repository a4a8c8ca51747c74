// SPDX-License-Identifier: Apache-2.0
import { Button, Input, Modal } from "antd";
import { useEffect, useState } from "react";
import type { Tender } from "../api/client.gen";
import { minorOf, money } from "../shared/format";
import { useT } from "./messages";

export interface Payment {
  kind: Tender["kind"];
  given?: number;
}
const kinds: Tender["kind"][] = ["wechat", "alipay", "cash", "unionpay", "card"];

export function Pay({ due, close, pay }: { due: number; close: () => void; pay: (p: Payment) => Promise<void> }) {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [cash, setCash] = useState<string | null>(null);
  const given = cash === null ? undefined : cash === "" ? due : minorOf(cash);
  const send = async (p: Payment) => {
    setBusy(true);
    await pay(p).finally(() => setBusy(false));
  };
  const choose = (kind: Tender["kind"]) => {
    if (kind === "cash") setCash("");
    else void send({ kind });
  };
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const i = Number(e.key) - 1;
      if (cash === null && !busy && kinds[i]) {
        e.preventDefault();
        choose(kinds[i]!);
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  return (
    <Modal open title={`${t.pay} · ${money(due)}`} footer={null} onCancel={close} maskClosable={false}>
      {cash === null ? (
        <div className="tenders">
          {kinds.map((k, i) => (
            <Button key={k} size="large" loading={busy} onClick={() => choose(k)}>
              {t.tender[k]} <kbd>{i + 1}</kbd>
            </Button>
          ))}
        </div>
      ) : (
        <div className="grid">
          <Input
            autoFocus
            size="large"
            inputMode="decimal"
            addonBefore={t.cash}
            placeholder={String(due / 100)}
            value={cash}
            onChange={(e) => setCash(e.target.value)}
            onPressEnter={() => given !== undefined && given >= due && void send({ kind: "cash", given })}
          />
          <div className="spread change">
            <span>{t.change}</span>
            <b className="num">{given !== undefined && given >= due ? money(given - due) : "–"}</b>
          </div>
          <Button
            type="primary"
            size="large"
            loading={busy}
            disabled={given === undefined || given < due}
            onClick={() => given !== undefined && void send({ kind: "cash", given })}
          >
            {t.pay}
          </Button>
        </div>
      )}
    </Modal>
  );
}
