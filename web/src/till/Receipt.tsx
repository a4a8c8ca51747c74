// SPDX-License-Identifier: Apache-2.0
import { Button, Modal } from "antd";
import type { Member, OrderResult } from "../api/client.gen";
import { count, dateTime, milli, money } from "../shared/format";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { amount, total, type Basket } from "./basket";
import { useT } from "./messages";
import type { Payment } from "./Pay";

export interface Sold {
  basket: Basket;
  member: Member | null;
  payment: Payment;
  result: OrderResult;
  store: string;
  at: string;
}

export function Receipt({ sold, next }: { sold: Sold; next: () => void }) {
  const t = useT();
  const { session } = useSession();
  const units = useApi("listUnits", {});
  const { basket, payment, result } = sold;
  const nameOf = (code: string) => units.data?.items.find((u) => u.code === code)?.name ?? code;
  return (
    <Modal
      open
      title={t.paid}
      closable={false}
      maskClosable={false}
      width={420}
      footer={[
        <Button key="print" onClick={() => print()}>
          {t.print}
        </Button>,
        <Button key="next" type="primary" autoFocus onClick={next}>
          {t.next}
        </Button>,
      ]}
    >
      <article className="receipt" aria-label={t.paid}>
        <h2>{session?.tenant_name}</h2>
        <p>{session?.store_name ?? sold.store}</p>
        <hr />
        {basket.lines.map((l) => (
          <div key={l.key} className="item">
            <div>{l.product.name}</div>
            <div className="spread num">
              <span>
                {l.product.weighed ? `${milli(l.quantity)} kg` : count(l.quantity)} × {money(l.product.price)}
              </span>
              <span>{money(amount(l))}</span>
            </div>
          </div>
        ))}
        <hr />
        <div className="spread big">
          <b>{t.total}</b>
          <b className="num">{money(total(basket))}</b>
        </div>
        <div className="spread">
          <span>{t.tender[payment.kind]}</span>
          <span className="num">{money(payment.given ?? total(basket))}</span>
        </div>
        {payment.given !== undefined && payment.given > total(basket) && (
          <div className="spread">
            <span>{t.change}</span>
            <span className="num">{money(payment.given - total(basket))}</span>
          </div>
        )}
        {result.earned
          .filter((e) => e.amount > 0)
          .map((e) => (
            <p key={e.unit} className="earned">
              {t.earned(count(e.amount), nameOf(e.unit))}
            </p>
          ))}
        <hr />
        <p className="soft mono">
          {t.order} {basket.order}
        </p>
        <p className="soft num">{dateTime(sold.at)}</p>
        <p>{t.thanks}</p>
      </article>
    </Modal>
  );
}
