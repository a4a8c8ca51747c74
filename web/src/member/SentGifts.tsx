// SPDX-License-Identifier: Apache-2.0
// Gifts that she sent from this phone and that nobody has claimed yet: how long they wait, and taking them back.
// The numbers stay in the browser; the server tells nobody which gifts somebody has sent.
import { Button, Toast } from "antd-mobile";
import { useState } from "react";
import { api } from "../api/client.gen";
import type { ApiError } from "../api/http";
import { dateTime, money } from "../shared/format";
import { useWrite } from "../shared/query";
import { usePlayT } from "./playMessages";

interface Sent {
  gift: string;
  amount: number;
  deadline?: string;
}
const keyOf = (member: string) => `tongbao.gifts.${member}`;

function read(member: string): Sent[] {
  try {
    const all = JSON.parse(localStorage.getItem(keyOf(member)) ?? "[]") as Sent[];
    return all.filter((x) => !x.deadline || Date.parse(x.deadline) > Date.now());
  } catch {
    return [];
  }
}

export function useSentGifts(member: string) {
  const [sent, setSent] = useState(() => read(member));
  const keep = (next: Sent[]) => {
    localStorage.setItem(keyOf(member), JSON.stringify(next));
    setSent(next);
  };
  return {
    sent,
    add: (one: Sent) => keep([one, ...read(member)]),
    drop: (gift: string) => keep(read(member).filter((x) => x.gift !== gift)),
  };
}

export function SentGifts({ sent, drop }: { sent: Sent[]; drop: (gift: string) => void }) {
  const p = usePlayT();
  const back = useWrite(
    (gift: string) => api.postMyGiftReturn({}, { gift }).then(() => gift),
    (gift) => {
      drop(gift);
      Toast.show(p.giftBack);
    },
  );
  const say = (gift: string) => (e: ApiError) => {
    if (e.problem.code !== "hold_ended") return Toast.show(p.tryLater);
    drop(gift);
    return Toast.show(p.giftGone);
  };
  return (
    <>
      {sent.map((x) => (
        <article className="letter" key={x.gift}>
          <div className="spread">
            <b className="num">{money(x.amount)}</b>
            <Button
              size="mini"
              loading={back.isPending}
              onClick={() => back.mutate([x.gift], { onError: say(x.gift) })}
            >
              {p.giftTakeBack}
            </Button>
          </div>
          <small className="soft">{x.deadline && p.giftWaits(dateTime(x.deadline))}</small>
        </article>
      ))}
    </>
  );
}
