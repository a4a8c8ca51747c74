// SPDX-License-Identifier: Apache-2.0
// What the basket costs this member now: asked of the server with every change, never reckoned here.
import { useQuery } from "@tanstack/react-query";
import {
  api,
  type CardIn,
  type ConfirmIn,
  type Member,
  type Quote,
  type QuoteIn,
  type QuoteTender,
} from "../api/client.gen";
import type { ApiError } from "../api/http";
import type { Basket } from "./basket";

export const quoteLines = (b: Basket): QuoteIn["lines"] =>
  b.lines.map((l) => ({
    sku: l.product.code,
    ...(l.product.weighed ? { quantity_milli: l.quantity } : { quantity: l.quantity }),
    amount: l.amount,
  }));

export const quoteBody = (basket: Basket, member: Member | null, store: string, draws: QuoteTender[]): QuoteIn => ({
  store,
  touchpoint: store,
  member: member ? { id: member.id } : undefined,
  lines: quoteLines(basket),
  best_coupons: member ? true : undefined,
  tenders: draws.length ? draws : undefined,
});

export function useQuote(basket: Basket, member: Member | null, store: string, draws: QuoteTender[]) {
  const body = quoteBody(basket, member, store, draws);
  return useQuery<Quote, ApiError>({
    queryKey: ["quote", body],
    queryFn: () => api.postQuote({}, body),
    enabled: basket.lines.length > 0,
    placeholderData: basket.lines.length > 0 ? (before) => before : undefined,
    staleTime: 0,
    retry: 1,
  });
}

/** Exactly what was quoted: another price is refused, and quoted again. Cards are sold with it, or nothing is. */
export function confirmation(
  basket: Basket,
  member: Member | null,
  store: string,
  quote: Quote,
  tenders: QuoteTender[],
  paidBy: CardIn["tender"],
): ConfirmIn {
  const chosen = quote.offers.filter((o) => o.state === "in_force");
  const coupons = chosen.flatMap((o) => (o.coupon ? [o.coupon] : []));
  return {
    order: basket.order,
    receipt: { store, till: "web", number: basket.order },
    store,
    touchpoint: store,
    member: member ? { id: member.id } : undefined,
    lines: quoteLines(basket),
    coupons: coupons.length ? coupons : undefined,
    offers: chosen.map((o) => o.id),
    payable: quote.payable,
    tenders: tenders.length ? tenders : undefined,
    cards: basket.cards.length
      ? basket.cards.map(({ code, unit, amount }) => ({ code, unit, amount, tender: paidBy }))
      : undefined,
  };
}
