// SPDX-License-Identifier: Apache-2.0
import { App, Button, Input, InputNumber, Select, Spin, Table, Tag, type InputRef } from "antd";
import { useEffect, useReducer, useRef, useState } from "react";
import { api, type Member, type Quote, type QuoteTender } from "../api/client.gen";
import { ApiError } from "../api/http";
import { findMember, MEMBER } from "../shared/findMember";
import { count, money } from "../shared/format";
import { setLanguage, useLanguage } from "../shared/language";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { SignIn } from "../shared/SignIn";
import { amount, fresh, pieces, reduce, total, type Basket, type Line } from "./basket";
import { MemberBox } from "./MemberBox";
import { useGoods } from "./goods";
import { useT } from "./messages";
import { Offers } from "./Offers";
import { Pay, type Part } from "./Pay";
import { Receipt, type Sold } from "./Receipt";
import { ReturnDialog } from "./ReturnDialog";
import { confirmation, useQuote } from "./useQuote";

interface Parked {
  basket: Basket;
  member: Member | null;
}

function Lines({
  lines,
  quote,
  change,
}: {
  lines: Line[];
  quote?: Quote;
  change: (key: number, quantity: number) => void;
}) {
  const t = useT();
  return (
    <Table
      className="lines"
      rowKey="key"
      size="large"
      pagination={false}
      dataSource={lines}
      locale={{ emptyText: <div className="empty">{t.empty}</div> }}
      columns={[
        {
          title: t.product,
          render: (_, l) => (
            <>
              <div>{l.product.name}</div>
              <span className="soft mono">{l.product.barcode ?? l.product.code}</span>
            </>
          ),
        },
        { title: t.price, align: "right", className: "num", width: 120, render: (_, l) => money(l.product.price) },
        {
          title: t.quantity,
          align: "right",
          width: 150,
          render: (_, l) =>
            l.product.weighed ? (
              <InputNumber
                aria-label={`${t.quantity} ${l.product.name}`}
                min={0}
                step={0.1}
                precision={3}
                addonAfter={t.weight}
                value={l.quantity / 1000}
                onChange={(v) => change(l.key, Math.round((v ?? 0) * 1000))}
              />
            ) : (
              <InputNumber
                aria-label={`${t.quantity} ${l.product.name}`}
                min={0}
                max={9999}
                precision={0}
                value={l.quantity}
                onChange={(v) => change(l.key, v ?? 0)}
              />
            ),
        },
        {
          title: t.amount,
          align: "right",
          className: "num",
          width: 130,
          render: (_, l, i) => {
            const priced = quote?.lines[i];
            return (
              <>
                <b>{money(priced?.net ?? amount(l))}</b>
                {(priced?.saving ?? 0) > 0 && <del className="soft was">{money(priced!.list)}</del>}
              </>
            );
          },
        },
        {
          title: "",
          width: 80,
          render: (_, l) => (
            <Button type="text" danger onClick={() => change(l.key, 0)}>
              {t.remove}
            </Button>
          ),
        },
      ]}
    />
  );
}

function useKeys(keys: Record<string, () => void>) {
  const kept = useRef(keys);
  kept.current = keys;
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const act = kept.current[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function Checkout({ store }: { store: string }) {
  const t = useT();
  const { message } = App.useApp();
  const goods = useGoods(true);
  const [basket, act] = useReducer(reduce, undefined, fresh);
  const [member, setMember] = useState<Member | null>(null);
  const [parked, setParked] = useState<Parked[]>([]);
  const [paying, setPaying] = useState(false);
  const [returning, setReturning] = useState(false);
  const [sold, setSold] = useState<Sold | null>(null);
  const [typed, setTyped] = useState("");
  const [draws, setDraws] = useState<QuoteTender[]>([]);
  const quoted = useQuote(basket, member, store, draws);
  const quote = basket.lines.length > 0 ? quoted.data : undefined;
  const ready = quote !== undefined && !quoted.isFetching && !quoted.isPlaceholderData;
  const scanner = useRef<InputRef>(null);
  const memberInput = useRef<InputRef>(null);

  const focus = () => scanner.current?.focus();
  const clear = () => {
    act({ type: "replace", basket: fresh() });
    setMember(null);
    setSold(null);
    setDraws([]);
    focus();
  };
  const park = () => {
    if (basket.lines.length === 0) return;
    setParked([...parked, { basket, member }]);
    clear();
    message.info(t.parked);
  };
  const recall = () => {
    const last = parked.at(-1);
    if (!last || basket.lines.length > 0) return;
    setParked(parked.slice(0, -1));
    act({ type: "replace", basket: last.basket });
    setMember(last.member);
  };
  useKeys({
    F2: focus,
    F3: () => memberInput.current?.focus(),
    F6: park,
    F7: recall,
    F8: () => setReturning(true),
    F9: () => basket.lines.length > 0 && setPaying(true),
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
    if (quantity) return act({ type: "last", quantity: Number(quantity[1]) });
    if (MEMBER.test(text)) return chooseMember(text);
    const product = goods.data?.get(text);
    if (product) act({ type: "add", product });
    else if (text) message.warning(`${t.notFound}：${text}`);
    return undefined;
  };
  const say = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    if (e.problem.code === "quote_changed") {
      message.warning(t.changed);
      void quoted.refetch();
    } else if (e.problem.status === 0) message.error(t.offline);
    else message.error(`${t.failed}：${e.problem.detail ?? e.problem.title}`);
  };
  const pay = async (parts: Part[]) => {
    if (!quote) return;
    const tenders = [...draws, ...parts.map(({ kind, amount: n }) => ({ kind, amount: n }))];
    try {
      const result = await api.postConfirm({}, confirmation(basket, member, store, quote, tenders));
      setPaying(false);
      setSold({ basket, member, quote, parts, result, store, at: new Date().toISOString() });
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
        />
        <Lines
          lines={basket.lines}
          quote={quote}
          change={(key, quantity) => act({ type: "quantity", key, quantity })}
        />
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
        <div className="sum">
          <div className="spread">
            <span>{t.total}</span>
            <span className="soft">{t.pieces(count(pieces(basket)))}</span>
          </div>
          <div className="figure num" aria-live="polite">
            {money(quote?.payable ?? total(basket))}
          </div>
          {quote && quote.goods_saving + quote.shipping_saving > 0 && (
            <div className="spread soft">
              <span>
                {t.listed} {money(quote.goods_list)}
              </span>
              <b className="saved num">
                {t.saved} {money(quote.goods_saving + quote.shipping_saving)}
              </b>
            </div>
          )}
          {quoted.error && (
            <span className="wrong">{quoted.error.problem.detail ?? quoted.error.problem.title}</span>
          )}
        </div>
        {quote && <Offers quote={quote} />}
        <Button
          type="primary"
          size="large"
          className="pay"
          disabled={basket.lines.length === 0}
          onClick={() => setPaying(true)}
        >
          {t.pay} <kbd>F9</kbd>
        </Button>
        <div className="acts">
          <Button disabled={basket.lines.length === 0} onClick={park}>
            {t.park} <kbd>F6</kbd>
          </Button>
          <Button disabled={parked.length === 0 || basket.lines.length > 0} onClick={recall}>
            {t.recall(parked.length)} <kbd>F7</kbd>
          </Button>
          <Button onClick={() => setReturning(true)}>
            {t.back} <kbd>F8</kbd>
          </Button>
          <Button danger disabled={basket.lines.length === 0} onClick={clear}>
            {t.cancel}
          </Button>
        </div>
        <p className="soft keys">
          <Tag bordered={false}>{t.keysLabel}</Tag> {t.keys}
        </p>
      </aside>
      {paying && quote && (
        <Pay
          quote={quote}
          ready={ready}
          member={member}
          draws={draws}
          setDraws={setDraws}
          close={() => {
            setPaying(false);
            setDraws([]);
          }}
          pay={pay}
        />
      )}
      {returning && (
        <ReturnDialog
          close={() => {
            setReturning(false);
            focus();
          }}
          goods={goods.data}
        />
      )}
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
      {store ? <Checkout key={store} store={store} /> : <main className="center soft">{t.chooseStore}</main>}
    </div>
  );
}
