// SPDX-License-Identifier: Apache-2.0
// A gift card that is lost: found by whoever holds it or by its receipt, blocked at once, its money moved to
// another card.
import { Alert, Button, Input } from "antd";
import { useState } from "react";
import { api, type CardActIn, type CardView } from "../api/client.gen";
import { ApiError } from "../api/http";
import { findMember } from "../shared/findMember";
import { money } from "../shared/format";
import { useKeys } from "./keys";
import { useT } from "./messages";

export type Acted = { verb: CardActIn["verb"]; amount: number };
type Act = { verb: CardActIn["verb"]; label: string; ask: string; typed?: string; fresh?: boolean };

/** One field and one button: what is typed is the reason, or the other card. */
function ActForm({ act, name, done, fail }: {
  act: Act;
  name: { code?: string; card?: string };
  done: (a: Acted) => void;
  fail: (e: unknown) => void;
}) {
  const t = useT();
  const [typed, setTyped] = useState(act.typed ?? "");
  const [busy, setBusy] = useState(false);
  const text = typed.trim();
  const go = async () => {
    if (!text || busy) return;
    setBusy(true);
    try {
      const more = act.fresh ? { fresh: text, reason: t.lostWhyUsual } : { reason: text };
      const { amount } = await api.postCardAct({}, { verb: act.verb, ...name, ...more });
      done({ verb: act.verb, amount });
    } catch (e) {
      fail(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Input
        autoFocus
        size="large"
        aria-label={act.ask}
        placeholder={act.ask}
        maxLength={act.fresh ? 512 : 60}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        onPressEnter={() => void go()}
      />
      <Button danger={!act.fresh} type="primary" loading={busy} disabled={!text} onClick={() => void go()}>
        {act.label} <kbd>Enter</kbd>
      </Button>
    </>
  );
}

/** What can be done with a blocked card: by its code also that it was found again. */
export function Blocked({ card, code, done, fail }: {
  card: CardView;
  code?: string;
  done: (a: Acted) => void;
  fail: (e: unknown) => void;
}) {
  const t = useT();
  const [found, setFound] = useState(false);
  const name = code ? { code } : { card: card.card };
  const act: Act = found
    ? { verb: "unblock", label: t.unblock, ask: t.unblockWhy }
    : { verb: "replace", label: t.replace, ask: t.replaceWith, fresh: true };
  return (
    <>
      <Alert type="warning" showIcon message={t.blockedHint(money(card.held))} />
      <ActForm key={act.verb} act={act} name={name} done={done} fail={fail} />
      {code && !found && <Button onClick={() => setFound(true)}>{t.unblock}</Button>}
    </>
  );
}

/** Cards that she registered, or that were sold on the receipt, and that still have a code in force. */
async function cardsOf(typed: string): Promise<CardView[]> {
  const member = await findMember(typed);
  const asked = member
    ? member.identifiers.filter((i) => i.ns === "gift_card").map((i) => ({ identifier: i.id }))
    : ((await api.getOrder({ order: typed })).cards ?? []).map(({ card }) => ({ card }));
  const all = await Promise.all(asked.map((a) => api.postCardBalance({}, a)));
  return all.filter((c) => c.state === "live" || c.state === "blocked");
}

export function LostCard({ done, fail }: { done: (a: Acted) => void; fail: (e: unknown) => void }) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const [cards, setCards] = useState<CardView[] | null>(null);
  const [chosen, setChosen] = useState<CardView>();
  const choose = (all: CardView[]) => {
    setCards(all);
    setChosen(all.length === 1 ? all[0] : undefined);
  };
  const find = async () => {
    if (!typed.trim()) return;
    try {
      choose(await cardsOf(typed.trim()));
    } catch (e) {
      if (e instanceof ApiError && e.problem.status === 404) choose([]);
      else fail(e);
    }
  };
  const several = !chosen && cards !== null && cards.length > 1;
  useKeys(several, Object.fromEntries((cards ?? []).slice(0, 9).map((c, i) => [String(i + 1), () => setChosen(c)])));
  const state = (c: CardView) => `${t.cardState[c.state]} ${money(c.available + c.held)}`;
  return (
    <>
      <Input
        autoFocus
        size="large"
        aria-label={t.lostFind}
        placeholder={t.lostFind}
        value={typed}
        onChange={(e) => {
          setTyped(e.target.value);
          setCards(null);
          setChosen(undefined);
        }}
        onPressEnter={() => void find()}
      />
      {cards?.length === 0 && <Alert type="info" role="status" message={t.lostNone} />}
      {several &&
        cards.map((c, i) => (
          <Button key={c.card} size="large" className="parked" autoFocus={i === 0} onClick={() => setChosen(c)}>
            <span>
              <kbd>{i + 1}</kbd> {t.cardSoldFor(money(c.sold_for))}
            </span>
            <b className="num">{state(c)}</b>
          </Button>
        ))}
      {chosen && (
        <div className="spread big" role="status">
          <span>{t.cardSoldFor(money(chosen.sold_for))}</span>
          <b className="num">{state(chosen)}</b>
        </div>
      )}
      {chosen?.state === "live" && (
        <ActForm
          act={{ verb: "block", label: t.block, ask: t.lostWhy, typed: t.lostWhyUsual }}
          name={{ card: chosen.card }}
          done={({ verb, amount }) => {
            setChosen({ ...chosen, state: "blocked", available: 0, held: chosen.held + amount });
            done({ verb, amount });
          }}
          fail={fail}
        />
      )}
      {chosen?.state === "blocked" && <Blocked card={chosen} done={done} fail={fail} />}
    </>
  );
}
