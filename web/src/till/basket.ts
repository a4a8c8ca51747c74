// SPDX-License-Identifier: Apache-2.0
// The basket: what was scanned, in order. Amounts are list prices; a weighed line is thousandths
// of a kilogram. Prices, savings and gifts are the server's (useQuote.ts) and have no place here.
import type { Product } from "../api/client.gen";

export interface Line {
  key: number;
  product: Product;
  quantity: number; // pieces, or thousandths when weighed
  amount?: number; // that the scale printed on the label; else price times quantity
}
/** A gift card that is sold with the goods: beside what they cost, in no discount and no points. */
export interface NewCard {
  code: string;
  unit: string;
  name: string;
  amount: number;
}
export const CARDS_MAX = 8; // on one receipt
export interface Basket {
  lines: Line[];
  cards: NewCard[];
  next: number;
  order: string; // its number: chosen once, so that sending again books nothing twice
}
export type Act =
  | { type: "add"; product: Product; quantity?: number; amount?: number }
  | { type: "quantity"; key: number; quantity: number }
  | { type: "typed"; key?: number; quantity: number } // of a line, else of the last one; kilograms when weighed
  | { type: "card"; card: NewCard }
  | { type: "noCard"; code: string }
  | { type: "replace"; basket: Basket };

/** The second it began and five random digits: T261122143005-01234 */
function orderNumber(): string {
  const now = new Date();
  const parts = [now.getFullYear() % 100, now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes()];
  const second = [...parts, now.getSeconds()].map((n) => String(n).padStart(2, "0")).join("");
  const random = crypto.getRandomValues(new Uint16Array(1))[0]!;
  return `T${second}-${String(random).padStart(5, "0")}`;
}

export const fresh = (): Basket => ({ lines: [], cards: [], next: 1, order: orderNumber() });

export const amount = (l: Line) =>
  l.amount ??
  (l.product.weighed
    ? Math.round(((l.product.price ?? 0) * l.quantity) / 1000)
    : (l.product.price ?? 0) * l.quantity);
export const total = (b: Basket) => b.lines.reduce((sum, l) => sum + amount(l), 0);
export const cardsTotal = (b: Basket) => b.cards.reduce((sum, c) => sum + c.amount, 0);
export const pieces = (b: Basket) => b.lines.reduce((n, l) => n + (l.product.weighed ? 1 : l.quantity), 0);

function setQuantity(b: Basket, key: number, quantity: number): Basket {
  if (quantity <= 0) return { ...b, lines: b.lines.filter((l) => l.key !== key) };
  return {
    ...b,
    lines: b.lines.map((l) => (l.key === key ? { key: l.key, product: l.product, quantity } : l)),
  };
}

export function reduce(b: Basket, act: Act): Basket {
  switch (act.type) {
    case "add": {
      const same = b.lines.find((l) => l.product.code === act.product.code && !l.product.weighed);
      if (same) return setQuantity(b, same.key, same.quantity + (act.quantity ?? 1));
      const quantity = act.quantity ?? (act.product.weighed ? 1000 : 1);
      const line = { key: b.next, product: act.product, quantity, amount: act.amount };
      return { ...b, lines: [...b.lines, line], next: b.next + 1 };
    }
    case "quantity":
      return setQuantity(b, act.key, act.quantity);
    case "typed": {
      const line = b.lines.find((l) => l.key === act.key) ?? b.lines.at(-1);
      if (!line) return b;
      return setQuantity(b, line.key, Math.round(line.product.weighed ? act.quantity * 1000 : act.quantity));
    }
    case "card":
      return { ...b, cards: [...b.cards.filter((c) => c.code !== act.card.code), act.card] };
    case "noCard":
      return { ...b, cards: b.cards.filter((c) => c.code !== act.code) };
    case "replace":
      return act.basket;
  }
}
