// SPDX-License-Identifier: Apache-2.0
// Every store by its name, for choices and for tables that hold codes.
import { useQuery } from "@tanstack/react-query";
import { api, type Store } from "../../api/client.gen";
import type { ApiError } from "../../api/http";
import { allPages } from "../../shared/query";

export function useStores() {
  const query = useQuery<{ items: Store[] }, ApiError>({
    queryKey: ["listStores", "all"],
    queryFn: () => allPages((after) => api.listStores({ after, limit: 100 })),
  });
  const items = query.data?.items ?? [];
  return {
    options: items.map((s) => ({ value: s.code, label: s.name || s.code })),
    name: (code: string | undefined) => items.find((s) => s.code === code)?.name || code || "–",
  };
}
