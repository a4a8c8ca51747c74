// SPDX-License-Identifier: Apache-2.0
// What is due is paid in one way or in several; units of the member first, money for the rest.
import { Alert, Button, Input, Modal } from "antd";
import { useEffect, useState } from "react";
import { api, type Member, type Quote, type QuoteTender } from "../api/client.gen";
import { ApiError, type Problem } from "../api/http";
import { count, minorOf, minorPerWhole, money } from "../shared/format";
import { useAllUnits } from "../shared/query";
import { useNames } from "./Offers";
import { useT } from "./messages";

export interface Part {
  kind: QuoteTender["kind"];
  amount: number; // of what the goods cost
  cards?: number; // and for gift cards: all of them are paid with the last part
  given?: number; // cash that was handed over
}
const kinds: QuoteTender["kind"][] = ["wechat", "alipay", "cash", "unionpay", "card"];

/** Units of the member that pay, with what they are worth. */
function useDraws(member: Member | null): QuoteTender[] {
  const units = useAllUnits();
  return (member?.balances ?? []).flatMap((b): QuoteTender[] => {
    const unit = units.data?.items.find((u) => u.code === b.unit);
    if (!unit || b.available <= 0) return [];
    if (unit.kind === "points" && unit.face_ppm) return [{ kind: "points", unit: b.unit, units: b.available }];
    if (unit.kind === "stored_value") return [{ kind: "stored_value", unit: b.unit, units: b.available }];
    return [];
  });
}

/** A gift card is scanned: it pays what is due, as far as it goes; what is left stays on it. */
function CardField({ add, close }: { add: (d: QuoteTender) => void; close: () => void }) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState("");
  const look = async () => {
    const code = typed.trim();
    if (!code) return close();
    try {
      const card = await api.postCardBalance({}, { code });
      if (card.state === "live" && card.available > 0) return add({ kind: "gift_card", code, units: card.available });
      setWrong(card.state === "live" ? t.cardEmpty : t.cardState[card.state]!);
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      setWrong(t.cardFault[e.problem.code] ?? e.problem.detail ?? e.problem.title);
    }
    return undefined;
  };
  return (
    <>
      <Input
        autoFocus
        size="large"
        aria-label={t.cardCode}
        placeholder={t.cardCode}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        onPressEnter={() => void look()}
      />
      {wrong && <Alert type="error" role="alert" message={wrong} />}
    </>
  );
}

export function Pay({
  quote,
  cards,
  ready,
  wrong,
  member,
  draws,
  setDraws,
  close,
  pay,
}: {
  quote: Quote;
  cards: number; // what the gift cards of this receipt cost
  ready: boolean;
  wrong?: Problem; // of the newest quote
  member: Member | null;
  draws: QuoteTender[];
  setDraws: (d: QuoteTender[]) => void;
  close: () => void;
  pay: (parts: Part[]) => Promise<void>;
}) {
  const t = useT();
  const names = useNames();
  const may = useDraws(member);
  const [parts, setParts] = useState<Part[]>([]);
  const [typed, setTyped] = useState<string | null>(null); // a part of the amount
  const [cash, setCash] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [card, setCard] = useState(false);
  const rest = quote.due - parts.reduce((n, p) => n + p.amount, 0);
  const part = typed ? Math.min(rest, minorOf(typed) ?? 0) : rest;
  const last = part === rest; // closes the receipt
  const asked = part + (last ? cards : 0);
  const given = cash === null ? undefined : cash === "" ? asked : minorOf(cash);
  const paidAll = rest === 0 && quote.due === 0 && cards === 0;
  const take = async (p: Part) => {
    const all = [...parts, last && cards > 0 ? { ...p, cards } : p];
    setTyped(null);
    setCash(null);
    if (p.amount < rest) return setParts(all);
    setBusy(true);
    return pay(all).finally(() => setBusy(false));
  };
  /** Nothing is due beside what was drawn. */
  const finish = () => {
    setBusy(true);
    void pay([]).finally(() => setBusy(false));
  };
  const choose = (kind: QuoteTender["kind"]) => {
    if (asked <= 0) return;
    if (kind === "cash") setCash("");
    else void take({ kind, amount: part });
  };
  const toggle = (d: QuoteTender) => {
    const on = draws.some((x) => x.unit === d.unit);
    setParts([]);
    setDraws(on ? draws.filter((x) => x.unit !== d.unit) : [...draws, d]);
  };
  const addCard = (d: QuoteTender) => {
    setCard(false);
    setParts([]);
    setDraws([...draws.filter((x) => x.code !== d.code), d]);
  };
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const typing = (e.target as HTMLElement).matches(".ant-modal input");
      if (cash !== null || card || busy || typing) return;
      const n = Number(e.key);
      if (e.key === "-") {
        setParts([]);
        setDraws([]);
      } else if (!ready) return;
      else if (e.key === "Enter" && paidAll) finish();
      else if (e.key === "+") setTyped("");
      else if (e.key === "0") setCard(true);
      else if (kinds[n - 1]) choose(kinds[n - 1]!);
      else if (may[n - 6]) toggle(may[n - 6]!);
      else return;
      e.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  const off = busy || !ready;
  return (
    <Modal open title={`${t.pay} · ${money(rest + cards)}`} footer={null} onCancel={close} maskClosable={false}>
      <div className="grid">
        {quote.tenders.map((x) => (
          <div className="spread" key={`${x.kind}${x.unit ?? ""}`}>
            <span>{x.unit ? `${names.unit(x.unit)} ${count(x.units)}` : t.tender[x.kind]}</span>
            <b className="num">{money(x.amount)}</b>
          </div>
        ))}
        {parts.map((x, i) => (
          <div className="spread" key={i}>
            <span>{t.tender[x.kind]}</span>
            <b className="num">{money(x.amount)}</b>
          </div>
        ))}
        {cards > 0 && (
          <div className="spread">
            <span>{t.cardsOnReceipt}</span>
            <b className="num">{money(cards)}</b>
          </div>
        )}
        {wrong && <Alert type="error" role="alert" message={wrong.detail ?? wrong.title} />}
        {card && <CardField add={addCard} close={() => setCard(false)} />}
        {cash === null ? (
          <>
            {paidAll ? (
              <Button
                type="primary"
                size="large"
                autoFocus
                loading={busy}
                disabled={!ready}
                onClick={finish}
              >
                {t.done}
              </Button>
            ) : (
              <div className="tenders">
                {kinds.map((k, i) => (
                  <Button key={k} size="large" loading={busy} disabled={off} onClick={() => choose(k)}>
                    {t.tender[k]} <kbd>{i + 1}</kbd>
                  </Button>
                ))}
                {may.map((d, i) => (
                  <Button
                    key={d.unit}
                    size="large"
                    type={draws.some((x) => x.unit === d.unit) ? "primary" : "default"}
                    disabled={off}
                    onClick={() => toggle(d)}
                  >
                    {names.unit(d.unit)} {count(d.units)} <kbd>{i + 6}</kbd>
                  </Button>
                ))}
                <Button size="large" disabled={off} onClick={() => setCard(true)}>
                  {t.tender.gift_card} <kbd>0</kbd>
                </Button>
              </div>
            )}
            {draws.length + parts.length > 0 && (
              <Button
                type="link"
                onClick={() => {
                  setParts([]);
                  setDraws([]);
                }}
              >
                {t.payAgain} <kbd>-</kbd>
              </Button>
            )}
            {rest > 0 &&
              (typed === null ? (
                <Button type="link" onClick={() => setTyped("")}>
                  {t.split} <kbd>+</kbd>
                </Button>
              ) : (
                <Input
                  autoFocus
                  inputMode="decimal"
                  addonBefore={t.part}
                  placeholder={String(rest / minorPerWhole())}
                  value={typed}
                  onChange={(e) => setTyped(e.target.value)}
                  onPressEnter={(e) => e.currentTarget.blur()}
                />
              ))}
          </>
        ) : (
          <>
            <Input
              autoFocus
              size="large"
              inputMode="decimal"
              addonBefore={t.cash}
              placeholder={String(asked / minorPerWhole())}
              value={cash}
              onChange={(e) => setCash(e.target.value)}
              onPressEnter={() =>
                given !== undefined && given >= asked && void take({ kind: "cash", amount: part, given })
              }
            />
            <div className="spread change">
              <span>{t.change}</span>
              <b className="num">{given !== undefined && given >= asked ? money(given - asked) : "–"}</b>
            </div>
            <Button
              type="primary"
              size="large"
              loading={busy}
              disabled={given === undefined || given < asked || !ready}
              onClick={() => given !== undefined && void take({ kind: "cash", amount: part, given })}
            >
              {t.pay}
            </Button>
          </>
        )}
      </div>
    </Modal>
  );
}
