// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Modal } from "antd";
import type { Confirmed, Member, Quote } from "../api/client.gen";
import { count, dateTime, milli, money } from "../shared/format";
import { useProduct } from "../shared/useProduct";
import { useSession } from "../shared/session";
import { cardsTotal, type Basket } from "./basket";
import { useKeys } from "./keys";
import { useT } from "./messages";
import { useNames } from "./Offers";
import type { Part } from "./Pay";
import { tillSettings } from "./settings";

export interface Sold {
  basket: Basket;
  member: Member | null;
  quote: Quote;
  parts: Part[];
  result: Confirmed;
  store: string;
  at: string;
}

function Row({ name, value }: { name: string; value: string }) {
  return (
    <div className="spread">
      <span>{name}</span>
      <span className="num">{value}</span>
    </div>
  );
}

function GiftLine({ product, units }: { product?: string; units: number }) {
  const found = useProduct(product ?? "");
  return (
    <div>
      {found?.name ?? product} × {count(units)}
    </div>
  );
}

/** Goods that go with the order: the cashier hands them over. */
function Gifts({ gifts }: { gifts: Confirmed["gifts"] }) {
  const t = useT();
  if (gifts.length === 0) return null;
  return (
    <Alert
      type="warning"
      showIcon
      style={{ marginBottom: 12 }}
      message={t.handOver}
      description={gifts.map((g) => (
        <GiftLine key={g.product} product={g.product} units={g.units} />
      ))}
    />
  );
}

function Paid({ sold }: { sold: Sold }) {
  const t = useT();
  const names = useNames();
  const { quote, parts } = sold;
  const asked = (p: Part) => p.amount + (p.cards ?? 0);
  const change = parts.reduce((n, p) => n + ((p.given ?? asked(p)) - asked(p)), 0);
  return (
    <>
      {quote.tenders.map((x) => (
        <Row
          key={`${x.kind}${x.unit ?? ""}`}
          name={`${names.unit(x.unit)} ${count(x.units)}`}
          value={money(x.amount)}
        />
      ))}
      {parts.map((p, i) => (
        <Row key={i} name={t.tender[p.kind] ?? p.kind} value={money(p.given ?? asked(p))} />
      ))}
      {change > 0 && <Row name={t.change} value={money(change)} />}
    </>
  );
}

/** copy: it was printed before, and says so; what was handed over is not handed over again. */
export function Receipt({ sold, copy, next }: { sold: Sold; copy?: boolean; next: () => void }) {
  const t = useT();
  const names = useNames();
  const { session } = useSession();
  const { basket, quote, result } = sold;
  const applied = quote.offers.filter((o) => o.state === "in_force" && o.saving > 0);
  useKeys(true, { p: () => print(), P: () => print(), Enter: next });
  return (
    <Modal
      open
      title={copy ? t.reprint : t.paid}
      closable={false}
      maskClosable={false}
      width={420}
      footer={[
        <Button key="print" onClick={() => print()}>
          {t.print} <kbd>P</kbd>
        </Button>,
        <Button key="next" type="primary" autoFocus onClick={next}>
          {copy ? t.reprinted : t.next} <kbd>Enter</kbd>
        </Button>,
      ]}
    >
      {!copy && <Gifts gifts={result.gifts} />}
      <article className={`receipt paper-${tillSettings().paper}`} aria-label={t.paid}>
        {copy && <p className="copy">{t.copy}</p>}
        <h2>{session?.tenant_name}</h2>
        <p>{session?.store_name ?? sold.store}</p>
        <hr />
        {basket.lines.map((l, i) => (
          <div key={l.key} className="item">
            <div>{l.product.name}</div>
            <div className="spread num">
              <span>
                {l.product.weighed ? `${milli(l.quantity)} kg` : count(l.quantity)} × {money(l.product.price)}
              </span>
              <span>{money(quote.lines[i]?.list)}</span>
            </div>
            {(quote.lines[i]?.saving ?? 0) > 0 && (
              <div className="spread num soft">
                <span>{t.saving}</span>
                <span>−{money(quote.lines[i]!.saving)}</span>
              </div>
            )}
          </div>
        ))}
        <hr />
        {applied.map((o) => (
          <Row key={o.id + (o.coupon ?? "")} name={names.campaign(o.campaign)} value={`−${money(o.saving)}`} />
        ))}
        <div className="spread big">
          <b>{t.total}</b>
          <b className="num">{money(result.payable)}</b>
        </div>
        {basket.cards.map((c) => (
          <Row key={c.code} name={`${c.name} …${c.code.slice(-4)}`} value={money(c.amount)} />
        ))}
        {basket.cards.length > 0 && <Row name={t.withCards} value={money(result.payable + cardsTotal(basket))} />}
        {result.saving > 0 && <Row name={t.saved} value={money(result.saving)} />}
        <Paid sold={sold} />
        {result.earned
          .filter((e) => e.amount > 0)
          .map((e) => (
            <p key={e.unit} className="earned">
              {t.earned(count(e.amount), names.unit(e.unit))}
            </p>
          ))}
        {result.coupons_given.map((g) => (
          <p key={g.coupon} className="earned">
            {t.couponGiven(names.unit(g.unit))}
          </p>
        ))}
        <hr />
        <p className="soft mono">
          {t.order} {basket.order}
        </p>
        <p className="soft num">{dateTime(sold.at)}</p>
        <p>{copy ? t.copy : t.thanks}</p>
      </article>
    </Modal>
  );
}
