// SPDX-License-Identifier: Apache-2.0
// Parked baskets stay in the browser, so that they survive a reload: codes, quantities and the member's id,
// nothing personal. Coupons, points and budgets of a parked basket are held by the server until a deadline;
// after it the basket is priced afresh.
import { useState } from "react";
import { api, type Member, type Product, type QuoteIn } from "../api/client.gen";
import { ApiError } from "../api/http";
import type { Basket } from "./basket";

export const HOLD_S = 30 * 60;
const PARKED_MAX = 9; // a key each

export interface Parked {
  lines: { code: string; quantity: number; amount?: number }[];
  order: string;
  member?: string;
  at: string;
  hold?: { basket: string; deadline: string };
}

const keyOf = (tenant: string, store: string) => `tongbao.parked.${tenant}.${store}`;

function read(key: string): Parked[] {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "[]") as Parked[];
  } catch {
    return [];
  }
}

/** What coupons, points and budgets the basket has is kept for it; nothing when that cannot be had. */
async function hold(body: QuoteIn): Promise<Parked["hold"]> {
  try {
    const { basket, deadline } = await api.postCheckout({}, { ...body, lifetime_s: HOLD_S });
    return { basket, deadline };
  } catch (e) {
    if (e instanceof ApiError) return undefined;
    throw e;
  }
}

export function useParked(tenant: string, store: string) {
  const key = keyOf(tenant, store);
  const [parked, setParked] = useState(() => read(key));
  const keep = (next: Parked[]) => {
    localStorage.setItem(key, JSON.stringify(next));
    setParked(next);
  };
  return {
    parked,
    full: parked.length >= PARKED_MAX,
    /** Kept at once; the hold is added when the server has given it. */
    park: async (basket: Basket, member: Member | null, body: QuoteIn) => {
      const one: Parked = {
        lines: basket.lines.map((l) => ({ code: l.product.code, quantity: l.quantity, amount: l.amount })),
        order: basket.order,
        member: member?.id,
        at: new Date().toISOString(),
      };
      keep([...read(key), one]);
      const held = await hold(body);
      const now = read(key);
      if (!held) return;
      if (now.some((p) => p.order === one.order))
        keep(now.map((p) => (p.order === one.order ? { ...p, hold: held } : p)));
      else await api.postBasketRelease({ basket: held.basket }).catch(() => undefined); // recalled meanwhile
    },
    /** Takes it out of the list and gives back what was held for it. */
    take: async (one: Parked) => {
      keep(read(key).filter((p) => p.order !== one.order));
      if (one.hold) await api.postBasketRelease({ basket: one.hold.basket }).catch(() => undefined); // it lapsed
    },
  };
}

/** The basket again; goods that are no longer in the catalog are left out and told. */
export function unpark(one: Parked, goods: Map<string, Product>): { basket: Basket; lost: string[] } {
  const found = one.lines.flatMap((l) => {
    const product = goods.get(l.code);
    return product ? [{ product, quantity: l.quantity, amount: l.amount }] : [];
  });
  return {
    basket: {
      lines: found.map((l, i) => ({ key: i + 1, ...l })),
      cards: [], // a card's code is money: it is not kept in the browser
      next: found.length + 1,
      order: one.order,
    },
    lost: one.lines.filter((l) => !goods.has(l.code)).map((l) => l.code),
  };
}
