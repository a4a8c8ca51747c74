// SPDX-License-Identifier: Apache-2.0
// Which of the last receipts: a digit takes it. They are those of this sign-in; nothing of them is kept in the browser.
import { Button, Modal } from "antd";
import { useState } from "react";
import { count, money, time } from "../shared/format";
import { cardsTotal } from "./basket";
import { useKeys } from "./keys";
import { useT } from "./messages";
import { Receipt, type Sold } from "./Receipt";

export const LAST_MAX = 9; // a key each

export function ReprintDialog({ last, close }: { last: Sold[]; close: () => void }) {
  const t = useT();
  const [chosen, setChosen] = useState<Sold | undefined>(last.length === 1 ? last[0] : undefined);
  useKeys(chosen === undefined, Object.fromEntries(last.map((s, i) => [String(i + 1), () => setChosen(s)])));
  if (chosen) return <Receipt copy sold={chosen} next={close} />;
  return (
    <Modal open title={t.reprintTitle} footer={null} onCancel={close} width={480}>
      <div className="grid">
        {last.map((s, i) => (
          <Button
            key={s.basket.order}
            size="large"
            className="parked"
            autoFocus={i === 0}
            onClick={() => setChosen(s)}
          >
            <span>
              <kbd>{i + 1}</kbd> {time(s.at)} · {t.pieces(count(s.basket.lines.length))}
              <br />
              <small className="soft mono">{s.basket.order}</small>
            </span>
            <b className="num">{money(s.result.payable + cardsTotal(s.basket))}</b>
          </Button>
        ))}
      </div>
    </Modal>
  );
}
