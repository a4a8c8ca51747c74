// SPDX-License-Identifier: Apache-2.0
// Which parked basket: a digit takes it. What it holds of coupons and points lapses; the time left is shown.
import { Button, Modal } from "antd";
import { useEffect, useState } from "react";
import type { Product } from "../api/client.gen";
import { money, time } from "../shared/format";
import { useKeys } from "./keys";
import { useT } from "./messages";
import { total } from "./basket";
import { unpark, type Parked } from "./parked";

function Held({ hold }: { hold: Parked["hold"] }) {
  const t = useT();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  if (!hold) return <small className="soft">{t.notHeld}</small>;
  const left = Math.ceil((Date.parse(hold.deadline) - now) / 1000);
  if (left <= 0) return <small className="near">{t.heldOver}</small>;
  return (
    <small className="soft num">{t.held(`${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`)}</small>
  );
}

export function RecallDialog({
  parked,
  goods,
  take,
  close,
}: {
  parked: Parked[];
  goods: Map<string, Product>;
  take: (one: Parked) => void;
  close: () => void;
}) {
  const t = useT();
  useKeys(true, Object.fromEntries(parked.map((p, i) => [String(i + 1), () => take(p)])));
  return (
    <Modal open title={t.recallTitle} footer={null} onCancel={close} width={480}>
      <div className="grid">
        {parked.map((p, i) => (
          <Button key={p.order} size="large" className="parked" autoFocus={i === 0} onClick={() => take(p)}>
            <span>
              <kbd>{i + 1}</kbd> {time(p.at)} · {t.pieces(String(p.lines.length))}
              {p.member && ` · ${t.member}`}
              <br />
              <Held hold={p.hold} />
            </span>
            <b className="num">{money(total(unpark(p, goods).basket))}</b>
          </Button>
        ))}
      </div>
    </Modal>
  );
}
