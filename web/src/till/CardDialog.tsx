// SPDX-License-Identifier: Apache-2.0
// A gift card at the till: what is on it, its sale when nobody has sold it yet, its loss.
import { Alert, Button, Input, Modal, Select } from "antd";
import { useRef, useState, type ReactNode } from "react";
import { api, type CardActed, type CardSold, type CardView, type Unit } from "../api/client.gen";
import { ApiError } from "../api/http";
import { date, minorOf, money } from "../shared/format";
import { useAllUnits } from "../shared/query";
import { useSession } from "../shared/session";
import type { NewCard } from "./basket";
import { focusInput, useKeys } from "./keys";
import { Blocked, LostCard, type Acted } from "./LostCard";
import { useT } from "./messages";

type Seen = { code: string } & (
  | { card: CardView }
  | { fresh: true }
  | { sold: CardSold }
  | { back: CardActed }
  | { acted: Acted }
);

const cardKinds = (units: Unit[] = []) => units.filter((u) => u.kind === "gift_card" && !u.item);

function Sale({ code, store, add, done, fail }: {
  code: string;
  store: string;
  add?: (card: NewCard) => void; // with the goods on the counter
  done: (sold: CardSold) => void;
  fail: (e: unknown) => void;
}) {
  const t = useT();
  const units = useAllUnits();
  const kinds = cardKinds(units.data?.items);
  const [unit, setUnit] = useState<string>();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const amount = minorOf(typed) ?? 0;
  const chosen = unit ?? kinds[0]?.code;
  const sell = async () => {
    if (amount <= 0 || busy) return;
    setBusy(true);
    try {
      // who types faster than the kinds of cards arrive is not sent away
      const { data } = chosen ? units : await units.refetch({ cancelRefetch: false, throwOnError: true });
      const kind = chosen ?? cardKinds(data?.items)[0]?.code;
      if (!kind) return;
      const name = cardKinds(data?.items).find((u) => u.code === kind)?.name ?? kind;
      if (add) add({ code, unit: kind, name, amount });
      else done(await api.postCard({}, { code, unit: kind, amount, reason: `${t.title} ${store}` }));
    } catch (e) {
      fail(e);
    } finally {
      setBusy(false);
    }
  };
  if (units.data && kinds.length === 0) return <Alert type="info" message={t.noCardKind} />;
  return (
    <>
      <p>{add ? t.cardFreshWithGoods : t.cardFresh}</p>
      {kinds.length > 1 && (
        <Select
          aria-label={t.cardKind}
          value={chosen}
          onChange={setUnit}
          options={kinds.map((u) => ({ value: u.code, label: u.name ?? u.code }))}
        />
      )}
      <Input
        autoFocus
        size="large"
        inputMode="decimal"
        addonBefore={t.cardAmount}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        onPressEnter={() => void sell()}
      />
      <Button type="primary" size="large" loading={busy} disabled={amount <= 0} onClick={() => void sell()}>
        {add ? t.cardAdd : t.cardSell} <kbd>Enter</kbd>
      </Button>
    </>
  );
}

/** A card that nobody has used yet is taken back: its code is void, what it cost is paid back as it was paid. */
function TakeBack({ code, done, fail }: { code: string; done: (back: CardActed) => void; fail: (e: unknown) => void }) {
  const t = useT();
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const go = async () => {
    if (!reason.trim() || busy) return;
    setBusy(true);
    try {
      done(await api.postCardAct({}, { verb: "return", code, reason: reason.trim() }));
    } catch (e) {
      fail(e);
    } finally {
      setBusy(false);
    }
  };
  if (!asked)
    return (
      <Button danger onClick={() => setAsked(true)}>
        {t.cardBack}
      </Button>
    );
  return (
    <>
      <Input
        autoFocus
        aria-label={t.cardBackWhy}
        placeholder={t.cardBackWhy}
        maxLength={60}
        value={reason}
        onChange={(e) => setReason(e.target.value)}
        onPressEnter={() => void go()}
      />
      <Button danger type="primary" loading={busy} disabled={!reason.trim()} onClick={() => void go()}>
        {t.cardBack} <kbd>Enter</kbd>
      </Button>
    </>
  );
}

/** What was done with the card, and what is to be done now. */
const Done = ({ type, message, more }: { type: "success" | "warning"; message: string; more?: ReactNode }) => (
  <Alert type={type} showIcon role="status" message={message} description={more} />
);

export function CardDialog({ store, add, close }: {
  store: string;
  add?: (card: NewCard) => void;
  close: () => void;
}) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const [seen, setSeen] = useState<Seen | null>(null);
  const [wrong, setWrong] = useState("");
  const [lost, setLost] = useState(false);
  const [blocked, setBlocked] = useState<Acted | null>(null); // and not replaced yet
  const { may } = useSession();
  const input = useRef<HTMLDivElement>(null);
  const fail = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    setWrong(t.cardFault[e.problem.code] ?? `${t.failed}：${e.problem.detail ?? e.problem.title}`);
  };
  const look = async () => {
    const code = typed.trim();
    if (!code) return;
    setWrong("");
    try {
      setSeen({ code, card: await api.postCardBalance({}, { code }) });
    } catch (e) {
      if (e instanceof ApiError && e.problem.code === "unknown_code") setSeen({ code, fresh: true });
      else fail(e);
    }
  };
  const again = () => {
    setSeen(null);
    setTyped("");
    setWrong("");
    setLost(false);
    setBlocked(null);
    input.current?.querySelector("input")?.focus();
  };
  const loss = () => {
    again();
    setLost(true);
  };
  const acted = (code: string) => (one: Acted) => {
    setWrong("");
    if (one.verb === "block") setBlocked(one);
    else setSeen({ code, acted: one });
  };
  const mayAct = may("post_card_act");
  useKeys(true, { F4: again, F6: () => mayAct && loss() });
  return (
    <Modal open title={t.card} footer={null} onCancel={close} afterOpenChange={focusInput} width={440}>
      <div className="grid" ref={input}>
        {!lost && (
          <Input
            autoFocus
            size="large"
            aria-label={t.cardCode}
            placeholder={t.cardCode}
            value={typed}
            onChange={(e) => setTyped(e.target.value)}
            onPressEnter={() => void look()}
          />
        )}
        {!lost && !seen && mayAct && (
          <Button onClick={loss}>
            {t.lost} <kbd>F6</kbd>
          </Button>
        )}
        {blocked && !(seen && "acted" in seen) && (
          <Done type="success" message={t.blockedDone(money(blocked.amount))} />
        )}
        {lost && !seen && <LostCard done={acted("")} fail={fail} />}
        {wrong && <Alert type="error" message={wrong} role="alert" />}
        {seen && "card" in seen && (
          <div role="status">
            <div className="spread big">
              <span>{t.cardState[seen.card.state]}</span>
              <b className="num">{money(seen.card.state === "blocked" ? seen.card.held : seen.card.available)}</b>
            </div>
            <p className="soft">
              {t.cardSoldFor(money(seen.card.sold_for))}
              {seen.card.expires_next && ` · ${t.cardUntil(date(seen.card.expires_next))}`}
              {seen.card.registered && ` · ${t.cardRegistered}`}
            </p>
            {mayAct && seen.card.state === "blocked" && (
              <Blocked key={seen.code} card={seen.card} code={seen.code} done={acted(seen.code)} fail={fail} />
            )}
            {mayAct &&
              seen.card.state === "live" &&
              seen.card.held === 0 &&
              seen.card.available === seen.card.sold_for && (
                <TakeBack
                  key={seen.code}
                  code={seen.code}
                  done={(back) => {
                    setWrong("");
                    setSeen({ code: seen.code, back });
                  }}
                  fail={fail}
                />
              )}
          </div>
        )}
        {seen && "fresh" in seen && (
          <Sale
            key={seen.code}
            code={seen.code}
            store={store}
            add={add}
            done={(sold) => {
              setWrong("");
              setSeen({ code: seen.code, sold });
            }}
            fail={fail}
          />
        )}
        {seen && "sold" in seen && (
          <Done
            type="success"
            message={t.cardDone(money(seen.sold.amount))}
            more={seen.sold.expires && t.cardUntil(date(seen.sold.expires))}
          />
        )}
        {seen && "back" in seen && (
          <Done
            type="warning"
            message={t.cardBackDone(money(seen.back.amount))}
            more={seen.back.tender && `${t.backTo}：${t.tender[seen.back.tender] ?? seen.back.tender}`}
          />
        )}
        {seen && "acted" in seen && (
          <Done
            type="success"
            message={seen.acted.verb === "replace" ? t.replaceDone(money(seen.acted.amount)) : t.unblockDone}
          />
        )}
        {(seen || lost) && (
          <Button
            key={Object.keys(seen ?? {}).join()}
            autoFocus={!!seen && ("sold" in seen || "back" in seen || "acted" in seen)}
            onClick={again}
          >
            {t.cardAnother} <kbd>F4</kbd>
          </Button>
        )}
      </div>
    </Modal>
  );
}
