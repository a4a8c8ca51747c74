// SPDX-License-Identifier: Apache-2.0
// All products in the till's memory, so that a scan answers at once.
import { useQuery } from "@tanstack/react-query";
import { api, type Product } from "../api/client.gen";
import type { ApiError } from "../api/http";

const PAGES_MAX = 200;

async function load(): Promise<Map<string, Product>> {
  const found = new Map<string, Product>();
  let after: number | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { items, next } = await api.listProducts({ after, limit: 100 });
    for (const p of items) {
      found.set(p.code, p);
      if (p.barcode) found.set(p.barcode, p);
    }
    if (!next) break;
    after = next;
  }
  return found;
}

export const useGoods = (enabled: boolean) =>
  useQuery<Map<string, Product>, ApiError>({ queryKey: ["goods"], queryFn: load, staleTime: Infinity, enabled });
