// SPDX-License-Identifier: Apache-2.0
// What she has and may have: coupons, the mall, gift cards, gifts to friends.
import { Button, Dialog, Input, Switch, Toast } from "antd-mobile";
import { useState } from "react";
import { api, type CouponView, type Goods, type Member, type MyCouponClaimIn, type Unit } from "../api/client.gen";
import type { ApiError } from "../api/http";
import { count, date, dateTime, minorOf, money } from "../shared/format";
import { useApi, useWrite } from "../shared/query";
import { place } from "./place";
import { useT } from "./messages";
import { usePlayT } from "./playMessages";
import { SentGifts, useSentGifts } from "./SentGifts";
import { Failed, Waiting } from "./ui";
import { useUnits } from "./units";

function Ticket({ c }: { c: CouponView }) {
  const p = usePlayT();
  return (
    <article className={`ticket ${c.state}`}>
      <div>
        <strong>{c.name || c.unit}</strong>
        <small>
          {c.state === "early" && c.usable_from
            ? p.from(dateTime(c.usable_from))
            : c.expires_at
              ? p.until(dateTime(c.expires_at))
              : p.forever}
        </small>
      </div>
      <span>{p.couponStates[c.state]}</span>
    </article>
  );
}

function useClaim() {
  const p = usePlayT();
  const write = useWrite(
    (body: MyCouponClaimIn) => api.postMyCouponClaim({}, body),
    () => Toast.show(p.claimed),
  );
  const say = (e: ApiError) =>
    Toast.show(
      {
        cap_exceeded: p.claimLimit,
        out_of_stock: p.claimOut,
        not_open: p.claimClosed,
        unknown_unit: p.claimUnknown,
        unknown_code: p.claimUnknown,
      }[e.problem.code] ?? p.tryLater,
    );
  return { pending: write.isPending, claim: (body: MyCouponClaimIn) => write.mutate([body], { onError: say }) };
}

function claimable(u: Unit) {
  const now = new Date().toISOString();
  const open = (!u.claim_from || u.claim_from <= now) && (!u.claim_until || u.claim_until > now);
  return u.kind === "coupon" && !u.claim_code && open && !!u.claim_until;
}

/** A code that is typed, and what is done with it. */
function CodeRow({
  label,
  action,
  code,
  onCode,
  pending,
  onGo,
  mono,
}: {
  label: string;
  action: string;
  code: string;
  onCode: (code: string) => void;
  pending: boolean;
  onGo: (code: string) => void;
  mono?: boolean;
}) {
  return (
    <section className="panel row">
      <Input
        className={mono ? "field mono" : "field"}
        aria-label={label}
        placeholder={label}
        value={code}
        onChange={onCode}
      />
      <Button color="primary" loading={pending} disabled={!code.trim()} onClick={() => onGo(code.trim())}>
        {action}
      </Button>
    </section>
  );
}

function Coupons() {
  const p = usePlayT();
  const units = useUnits();
  const query = useApi("listMyCoupons", {});
  const { pending, claim } = useClaim();
  const [code, setCode] = useState("");
  const free = units.all.filter(claimable);
  return (
    <>
      <h2 className="pad">{p.coupons}</h2>
      {query.data ? (
        query.data.coupons.length ? (
          query.data.coupons.map((c) => <Ticket key={c.coupon} c={c} />)
        ) : (
          <p className="soft pad">{p.couponsNone}</p>
        )
      ) : query.error ? (
        <Failed retry={() => void query.refetch()} />
      ) : (
        <Waiting />
      )}
      <CodeRow
        label={p.claimCode}
        action={p.claim}
        code={code}
        onCode={setCode}
        pending={pending}
        onGo={(typed) => {
          claim({ claim_code: typed });
          setCode("");
        }}
      />
      {free.length > 0 && <h2 className="pad">{p.center}</h2>}
      {free.map((u) => (
        <article className="ticket usable" key={u.code}>
          <div>
            <strong>{u.name || u.code}</strong>
            <small>{p.until(date(u.claim_until))}</small>
          </div>
          <Button size="small" color="primary" loading={pending} onClick={() => claim({ unit: u.code })}>
            {p.claim}
          </Button>
        </article>
      ))}
    </>
  );
}

type Shelf = Goods & { state: string; left?: number };

/** How the money part is paid: out of what she has stored, as far as that goes, unless she says no. */
function PayStored({ cash, stored, choose }: { cash: number; stored: number; choose: (on: boolean) => void }) {
  const p = usePlayT();
  const [on, setOn] = useState(true);
  const drawn = on ? Math.min(cash, stored) : 0;
  return (
    <div className="pay-stored">
      <label className="spread">
        <span>{p.payStored(money(stored))}</span>
        <Switch
          checked={on}
          aria-label={p.payStored(money(stored))}
          onChange={(next) => {
            setOn(next);
            choose(next);
          }}
        />
      </label>
      <small className="soft" aria-live="polite">
        {drawn > 0 && p.storedNow(money(drawn))} {cash > drawn && p.dueLater(money(cash - drawn))}
      </small>
    </div>
  );
}

function Mall({ me }: { me: Member }) {
  const t = useT();
  const p = usePlayT();
  const units = useUnits();
  const query = useApi("getMyMall", { limit: 100 });
  const stored = me.balances
    .filter((b) => units.of(b.unit)?.kind === "stored_value")
    .reduce((n, b) => n + Math.max(0, b.available), 0);
  const write = useWrite(
    (goods: string, drawn: number) =>
      api.postMyExchange({}, { goods, store: place.touchpoint, stored_value: drawn || undefined }),
    (r) => Toast.show(r.due > 0 ? `${p.exchanged}，${p.dueLater(money(r.due))}` : p.exchanged),
  );
  const price = (g: Shelf) =>
    [g.points ? units.amount(g.unit, g.points) : "", g.cash ? money(g.cash) : ""].filter(Boolean).join(" + ");
  const take = (g: Shelf) => {
    let draws = true;
    void Dialog.confirm({
      "aria-label": p.exchange,
      content: (
        <>
          <p>{p.exchangeAsk(g.name || g.code, price(g))}</p>
          {g.cash > 0 && stored > 0 && (
            <PayStored
              cash={g.cash}
              stored={stored}
              choose={(on) => {
                draws = on;
              }}
            />
          )}
          {g.cash > 0 && stored <= 0 && <small className="soft">{p.dueLater(money(g.cash))}</small>}
        </>
      ),
      confirmText: p.exchange,
      cancelText: t.common.cancel,
      onConfirm: () => {
        const drawn = draws ? Math.min(g.cash, stored) : 0;
        write.mutate([g.code, drawn], { onError: (e) => Toast.show(p.states[e.problem.code] || p.tryLater) });
      },
    });
  };
  /* a coupon goes at once: what she has not stored is paid in the store */
  const goods = ((query.data?.items ?? []) as Shelf[]).map((g) =>
    g.state === "ok" && g.gives && g.cash > stored ? { ...g, state: "tenders_differ" } : g,
  );
  return (
    <>
      <h2 className="pad">{p.mall}</h2>
      {query.data && goods.length === 0 && <p className="soft pad">{p.mallNone}</p>}
      <div className="shelf">
        {goods.map((g) => (
          <article key={g.code}>
            <div className="picture" aria-hidden>
              {(g.name || g.code).slice(0, 1)}
            </div>
            <strong>{g.name || g.code}</strong>
            <span className="price num">{price(g)}</span>
            <small className="soft">{g.left !== undefined ? p.left(count(g.left)) : ""}</small>
            <Button
              size="small"
              block
              color="primary"
              disabled={g.state !== "ok"}
              loading={write.isPending}
              onClick={() => take(g)}
            >
              {g.state === "ok" ? p.exchange : (p.states[g.state] ?? p.exchange)}
            </Button>
          </article>
        ))}
      </div>
    </>
  );
}

function Exchanges() {
  const p = usePlayT();
  const mall = useApi("getMyMall", { limit: 100 });
  const name = (code: string) => mall.data?.items.find((g) => g.code === code)?.name || code;
  const query = useApi("listMyExchanges", { limit: 20 });
  const cancel = useWrite(
    (exchange: string) => api.postMyExchangeCancel({}, { exchange }),
    () => Toast.show(p.cancelled),
  );
  const rows = query.data?.items ?? [];
  if (rows.length === 0) return null;
  return (
    <>
      <h2 className="pad">{p.exchanges}</h2>
      {rows.map((x) => (
        <article className="letter" key={x.exchange}>
          <div className="spread">
            <b>
              {name(x.goods)} × {count(x.quantity)}
            </b>
            <span className="soft">{p.exchangeStates[x.state]}</span>
          </div>
          <div className="spread">
            <small className="soft num">
              {dateTime(x.made_at)}
              {x.stored_value > 0 && ` · ${p.storedPaid(money(x.stored_value))}`}
              {x.due > 0 && x.state !== "cancelled" && ` · ${p.dueLater(money(x.due))}`}
            </small>
            {x.state === "ordered" && (
              <Button
                size="mini"
                loading={cancel.isPending}
                onClick={() => cancel.mutate([x.exchange], { onError: () => Toast.show(p.tryLater) })}
              >
                {p.cancel}
              </Button>
            )}
          </div>
        </article>
      ))}
    </>
  );
}

/** Copies where the browser lets pages; shows the text either way. */
function Share({ text, hint, close }: { text: string; hint: string; close: () => void }) {
  const p = usePlayT();
  return (
    <section className="panel" role="status">
      <p>{hint}</p>
      <p className="mono wrap">{text}</p>
      <Button
        size="small"
        color="primary"
        onClick={() => {
          void navigator.clipboard?.writeText(text).then(() => Toast.show(p.copied));
          close();
        }}
      >
        {p.copy}
      </Button>
    </section>
  );
}

const linkTo = (hash: string) => `${location.origin}/member?t=${place.tenant}#${hash}`;

function GiftCard() {
  const p = usePlayT();
  const [code, setCode] = useState("");
  const write = useWrite(
    (card: string) => api.postMyGiftCard({}, { code: card }),
    (r) => {
      setCode("");
      Toast.show(p.giftBound(money(r.left)));
    },
  );
  return (
    <CodeRow
      label={p.giftCode}
      action={p.giftBind}
      code={code}
      onCode={setCode}
      pending={write.isPending}
      onGo={(typed) =>
        write.mutate([typed], {
          onError: (e) => Toast.show(e.problem.code === "scan_limited" ? p.scanLimited : p.giftUnknown),
        })
      }
      mono
    />
  );
}

/** A packet for many, or a gift for one: both leave her balance at once and come back when nobody takes them. */
function Giving({ me }: { me: Member }) {
  const p = usePlayT();
  const units = useUnits();
  const [total, setTotal] = useState("");
  const [shares, setShares] = useState("5");
  const [amount, setAmount] = useState("");
  const [link, setLink] = useState<{ text: string; hint: string } | null>(null);
  const value = me.balances.find((b) => units.of(b.unit)?.kind === "gift_card" && b.available > 0);
  const fail = (e: ApiError) => Toast.show(e.problem.code === "insufficient" ? p.notEnough : p.tryLater);
  const packet = useWrite(
    () => api.postMyPacket({}, { unit: "points", total: Number(total), shares: Number(shares), mode: "random" }),
    (r) => setLink({ text: linkTo(`packet/${r.packet}`), hint: p.packetMade }),
  );
  const { sent, add, drop } = useSentGifts(me.id);
  const gift = useWrite(
    () => api.postMyGift({}, { unit: value!.unit, amount: minorOf(amount) ?? 0 }),
    (r) => {
      add({ gift: r.gift, amount: r.amount, deadline: r.deadline });
      setAmount("");
      setLink({ text: linkTo(`gift/${r.gift}`), hint: p.giftMade });
    },
  );
  return (
    <>
      <section className="panel" aria-label={p.packetSend}>
        <h2>{p.packetSend}</h2>
        <div className="row">
          <Input
            className="field"
            type="number"
            aria-label={p.packetTotal}
            placeholder={p.packetTotal}
            value={total}
            onChange={setTotal}
          />
          <Input className="field" type="number" aria-label={p.packetShares} value={shares} onChange={setShares} />
          <Button
            color="primary"
            loading={packet.isPending}
            disabled={!(Number(total) > 0 && Number(shares) > 0)}
            onClick={() => packet.mutate([], { onError: fail })}
          >
            {p.packetSend}
          </Button>
        </div>
      </section>
      {value && (
        <section className="panel" aria-label={p.giftSend}>
          <h2>{p.giftSend}</h2>
          <div className="row">
            <Input
              className="field"
              inputMode="decimal"
              aria-label={p.giftAmount}
              placeholder={p.giftAmount}
              value={amount}
              onChange={setAmount}
            />
            <Button
              color="primary"
              loading={gift.isPending}
              disabled={!minorOf(amount)}
              onClick={() => gift.mutate([], { onError: fail })}
            >
              {p.giftSend}
            </Button>
          </div>
        </section>
      )}
      {link && <Share {...link} close={() => setLink(null)} />}
      <SentGifts sent={sent} drop={drop} />
    </>
  );
}

export default function BenefitsTab({ me }: { me: Member }) {
  const p = usePlayT();
  return (
    <>
      <header className="bar">
        <h1>{p.benefits}</h1>
      </header>
      <Coupons />
      <Mall me={me} />
      <Exchanges />
      <h2 className="pad">{p.gift}</h2>
      <GiftCard />
      <Giving me={me} />
    </>
  );
}
