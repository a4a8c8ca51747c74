// SPDX-License-Identifier: Apache-2.0
import { App, Button, Input, Select, Spin, Tag, type InputRef } from "antd";
import { useEffect, useReducer, useRef, useState } from "react";
import { api, type Member, type Product, type Quote, type QuoteTender } from "../api/client.gen";
import { ApiError } from "../api/http";
import { findMember, MEMBER } from "../shared/findMember";
import { count, money } from "../shared/format";
import { setLanguage, useLanguage } from "../shared/language";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { SignIn } from "../shared/SignIn";
import { CARDS_MAX, cardsTotal, fresh, pieces, reduce, total, type Basket, type NewCard } from "./basket";
import { CardDialog } from "./CardDialog";
import { useGoods } from "./goods";
import { useKeys } from "./keys";
import { Cards, Lines } from "./Lines";
import { MemberBox } from "./MemberBox";
import { useT } from "./messages";
import { Offers } from "./Offers";
import { unpark, useParked, type Parked } from "./parked";
import { Pay, type Part } from "./Pay";
import { RecallDialog } from "./RecallDialog";
import { Receipt, type Sold } from "./Receipt";
import { LAST_MAX, ReprintDialog } from "./ReprintDialog";
import { ReturnDialog } from "./ReturnDialog";
import { readLabel } from "./scale";
import { tillSettings } from "./settings";
import { SettingsDialog } from "./SettingsDialog";
import { confirmation, quoteBody, useQuote } from "./useQuote";

type Open = "pay" | "return" | "recall" | "card" | "settings" | "reprint" | null;

/** Goods of a scale's label: what it weighs, or what it costs. */
function labelled(code: string, goods: Map<string, Product>) {
  const label = readLabel(code, tillSettings().masks);
  const product = label && (goods.get(label.item) ?? goods.get(label.item.replace(/^0+/, "")));
  if (!label || !product) return null;
  if (label.grams !== undefined) return { product, quantity: label.grams };
  const quantity = product.price ? Math.max(1, Math.round((label.price! * 1000) / product.price)) : 1000;
  return { product, quantity, amount: label.price };
}

function Sum({ quote, basket, wrong }: { quote?: Quote; basket: Basket; wrong?: string }) {
  const t = useT();
  const n = pieces(basket);
  const cards = cardsTotal(basket);
  const saving = quote ? quote.goods_saving + quote.shipping_saving : 0;
  return (
    <div className="sum">
      <div className="spread">
        <span>{t.total}</span>
        <span className="soft">{t.pieces(count(n))}</span>
      </div>
      <div className="figure num" aria-live="polite">
        {money((quote?.payable ?? total(basket)) + cards)}
      </div>
      {cards > 0 && (
        <div className="spread soft">
          <span>{t.cardsOnReceipt}</span>
          <b className="num">{money(cards)}</b>
        </div>
      )}
      {quote && saving > 0 && (
        <div className="spread soft">
          <span>
            {t.listed} {money(quote.goods_list)}
          </span>
          <b className="saved num">
            {t.saved} {money(saving)}
          </b>
        </div>
      )}
      {wrong && <span className="wrong">{wrong}</span>}
    </div>
  );
}

function Checkout({ store, tenant }: { store: string; tenant: string }) {
  const t = useT();
  const { message } = App.useApp();
  const goods = useGoods(true);
  const [basket, act] = useReducer(reduce, undefined, fresh);
  const [at, setAt] = useState<number>(); // the line that the keys mean; the last one when none is chosen
  const [member, setMember] = useState<Member | null>(null);
  const { parked, full, park: keep, take } = useParked(tenant, store);
  const [open, setOpen] = useState<Open>(null);
  const [why, setWhy] = useState(false);
  const [sold, setSold] = useState<Sold | null>(null);
  const [last, setLast] = useState<Sold[]>([]);
  const [typed, setTyped] = useState("");
  const [draws, setDraws] = useState<QuoteTender[]>([]);
  const quoted = useQuote(basket, member, store, draws);
  const some = basket.lines.length > 0;
  const quote = some ? quoted.data : undefined;
  const ready = quote !== undefined && !quoted.isFetching && !quoted.isPlaceholderData;
  const scanner = useRef<InputRef>(null);
  const memberInput = useRef<InputRef>(null);

  const focus = () => scanner.current?.focus();
  const show = (what: Open) => {
    scanner.current?.blur(); // what is scanned before a dialog is there belongs to nobody
    setOpen(what);
  };
  const close = () => {
    setOpen(null);
    focus();
  };
  const clear = () => {
    act({ type: "replace", basket: fresh() });
    setAt(undefined);
    setMember(null);
    setSold(null);
    setDraws([]);
    focus();
  };
  const addCard = (card: NewCard) => {
    act({ type: "card", card });
    close();
    message.success(t.cardAdded(money(card.amount)));
  };
  const park = () => {
    if (!some) return;
    if (full || basket.cards.length > 0) {
      message.warning(full ? t.parkFull : t.parkCards);
      return;
    }
    void keep(basket, member, quoteBody(basket, member, store, []));
    clear();
    message.info(t.parked);
  };
  const recall = async (one: Parked) => {
    setOpen(null);
    const { basket: again, lost } = unpark(one, goods.data ?? new Map());
    const [who] = await Promise.all([
      one.member ? api.getMember({ member: one.member, view: "brief" }).catch(() => null) : null,
      take(one), // what it held must be free before it is priced again
    ]);
    act({ type: "replace", basket: again });
    setMember(who);
    if (lost.length > 0) message.warning(`${t.notFound}：${lost.join("、")}`);
    focus();
  };
  const askRecall = () => {
    if (some || parked.length === 0) return;
    if (parked.length === 1) void recall(parked[0]!);
    else setOpen("recall");
  };
  const move = (by: number) => {
    const now = basket.lines.findIndex((l) => l.key === at);
    const from = now < 0 ? basket.lines.length - 1 : now;
    setAt(basket.lines[Math.min(basket.lines.length - 1, Math.max(0, from + by))]?.key);
  };
  useKeys(open === null && sold === null, {
    F2: focus,
    F3: () => (member ? setMember(null) : memberInput.current?.focus()),
    F4: () => show("card"),
    F6: park,
    F7: askRecall,
    F8: () => show("return"),
    F9: () => some && show("pay"),
    F10: () => some && clear(),
    F11: () => last.length > 0 && show("reprint"),
    F1: () => setWhy(!why),
  });

  const chooseMember = async (text: string) => {
    const found = await findMember(text);
    if (found) setMember(found);
    else message.warning(t.memberNotFound);
  };
  const scan = async () => {
    const text = typed.trim();
    setTyped("");
    const quantity = /^[*x×](\d+(?:\.\d{1,3})?)$/i.exec(text);
    if (quantity) return act({ type: "typed", key: at, quantity: Number(quantity[1]) });
    if (text === "**") return setOpen("settings");
    if (MEMBER.test(text)) return chooseMember(text);
    const map: Map<string, Product> = goods.data ?? new Map();
    const found = map.get(text);
    const scanned = found ? { product: found } : labelled(text, map);
    if (scanned) {
      act({ type: "add", ...scanned });
      setAt(undefined);
    } else if (text) message.warning(`${t.notFound}：${text}`);
    return undefined;
  };
  const say = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    if (e.problem.code === "quote_changed") {
      message.warning(t.changed);
      void quoted.refetch();
    } else if (e.problem.status === 0) message.error(t.offline);
    else message.error(t.cardFault[e.problem.code] ?? `${t.failed}：${e.problem.detail ?? e.problem.title}`);
  };
  const pay = async (parts: Part[]) => {
    if (!quote) return;
    const paid = parts.filter((p) => p.amount > 0).map(({ kind, amount: n }) => ({ kind, amount: n }));
    try {
      const body = confirmation(basket, member, store, quote, [...draws, ...paid], parts.at(-1)?.kind);
      const result = await api.postConfirm({}, body);
      setOpen(null);
      const one = { basket, member, quote, parts, result, store, at: new Date().toISOString() };
      setSold(one);
      setLast((all) => [one, ...all].slice(0, LAST_MAX));
    } catch (e) {
      say(e);
    }
  };
  if (goods.isPending)
    return (
      <div className="center">
        <Spin size="large" />
        <p>{t.loading}</p>
      </div>
    );
  return (
    <main className="checkout" id="main">
      <section className="left">
        <Input
          ref={scanner}
          autoFocus
          size="large"
          className="scan"
          aria-label={t.scan}
          placeholder={t.scan}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
          onPressEnter={() => void scan()}
          onKeyDown={(e) => {
            if (e.key !== "ArrowUp" && e.key !== "ArrowDown") return;
            e.preventDefault();
            move(e.key === "ArrowUp" ? -1 : 1);
          }}
        />
        <Lines
          lines={basket.lines}
          quote={quote}
          at={at}
          change={(key, quantity) => act({ type: "quantity", key, quantity })}
        />
        <Cards cards={basket.cards} drop={(code) => act({ type: "noCard", code })} />
      </section>
      <aside className="right">
        <MemberBox
          input={memberInput}
          member={member}
          set={(m) => {
            setMember(m);
            focus();
          }}
        />
        <Sum
          quote={quote}
          basket={basket}
          wrong={quoted.error ? (quoted.error.problem.detail ?? quoted.error.problem.title) : undefined}
        />
        {quote && <Offers quote={quote} all={why} setAll={setWhy} />}
        <Button type="primary" size="large" className="pay" disabled={!some} onClick={() => setOpen("pay")}>
          {t.pay} <kbd>F9</kbd>
        </Button>
        <div className="acts">
          <Button disabled={!some} onClick={park}>
            {t.park} <kbd>F6</kbd>
          </Button>
          <Button disabled={parked.length === 0 || some} onClick={askRecall}>
            {t.recall(parked.length)} <kbd>F7</kbd>
          </Button>
          <Button onClick={() => setOpen("return")}>
            {t.back} <kbd>F8</kbd>
          </Button>
          <Button onClick={() => setOpen("card")}>
            {t.card} <kbd>F4</kbd>
          </Button>
          <Button danger disabled={!some} onClick={clear}>
            {t.cancel} <kbd>F10</kbd>
          </Button>
          <Button disabled={last.length === 0} onClick={() => show("reprint")}>
            {t.reprint} <kbd>F11</kbd>
          </Button>
          <Button onClick={() => setOpen("settings")}>
            {t.settings} <kbd>**</kbd>
          </Button>
        </div>
        <p className="soft keys">
          <Tag bordered={false}>{t.keysLabel}</Tag> {t.keys}
        </p>
      </aside>
      {open === "pay" && quote && (
        <Pay
          quote={quote}
          cards={cardsTotal(basket)}
          ready={ready}
          wrong={quoted.error?.problem}
          member={member}
          draws={draws}
          setDraws={setDraws}
          close={() => {
            setDraws([]);
            close();
          }}
          pay={pay}
        />
      )}
      {open === "return" && <ReturnDialog close={close} goods={goods.data} />}
      {open === "recall" && (
        <RecallDialog
          parked={parked}
          goods={goods.data ?? new Map()}
          take={(one) => void recall(one)}
          close={close}
        />
      )}
      {open === "card" && (
        <CardDialog
          store={store}
          add={some && basket.cards.length < CARDS_MAX ? addCard : undefined}
          close={close}
        />
      )}
      {open === "settings" && <SettingsDialog close={close} />}
      {open === "reprint" && <ReprintDialog last={last} close={close} />}
      {sold && <Receipt sold={sold} next={clear} />}
    </main>
  );
}

export function Till() {
  const t = useT();
  const language = useLanguage();
  const { session, loading, signOut } = useSession();
  const [chosen, setChosen] = useState<string>();
  const stores = useApi("listStores", { limit: 100 }, { enabled: !!session });
  const store = session?.store ?? chosen;
  useEffect(() => {
    document.title = `${t.title} · 通宝`;
  }, [t]);
  if (loading)
    return (
      <div className="center">
        <Spin size="large" />
      </div>
    );
  if (!session) return <SignIn />;
  const name = stores.data?.items.find((s) => s.code === store)?.name ?? store;
  return (
    <div className="till">
      <header className="till-top">
        <img src="/icon.svg" alt="" width={28} height={28} />
        <h1>{t.title}</h1>
        <span className="soft">{name}</span>
        <span style={{ flex: 1 }} />
        {!session.store && (
          <Select
            aria-label={t.store}
            placeholder={t.chooseStore}
            value={chosen}
            onChange={setChosen}
            style={{ width: 240 }}
            options={(stores.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code }))}
          />
        )}
        <span>{session.name}</span>
        <Button type="text" onClick={() => setLanguage(language === "en" ? "zh-CN" : "en")}>
          {language === "en" ? "中文" : "English"}
        </Button>
        <Button type="text" onClick={() => void signOut()}>
          {t.signOut}
        </Button>
      </header>
      {store ? (
        <Checkout key={store} store={store} tenant={session.tenant ?? ""} />
      ) : (
        <main className="center soft">{t.chooseStore}</main>
      )}
    </div>
  );
}
