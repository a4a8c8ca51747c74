// SPDX-License-Identifier: Apache-2.0
// Server state: one hook for every reading operation, one for every writing one.
import { QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, operations, type Unit } from "../api/client.gen";
import { ApiError } from "../api/http";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      retry: (times, error) =>
        times < 2 && error instanceof ApiError && (error.problem.status === 0 || error.problem.status >= 500),
    },
  },
});

type Api = typeof api;
type Name = keyof Api;
type Params<K extends Name> = Parameters<Api[K]>[0];
type Reply<K extends Name> = Awaited<ReturnType<Api[K]>>;

export function useApi<K extends Name>(
  name: K,
  params: Params<K>,
  options: { every?: number; enabled?: boolean } = {},
) {
  return useQuery<Reply<K>, ApiError>({
    queryKey: [name, params],
    queryFn: () => (api[name] as (p: Params<K>) => Promise<Reply<K>>)(params),
    refetchInterval: options.every,
    enabled: options.enabled,
    placeholderData: (previous) => previous,
  });
}

/** run(...) writes; what the pages showed is asked again afterwards. */
export function useWrite<A extends unknown[], R>(write: (...args: A) => Promise<R>, done?: (result: R) => void) {
  const client = useQueryClient();
  return useMutation<R, ApiError, A>({
    mutationFn: (args) => write(...args),
    onSuccess: async (result) => {
      await client.invalidateQueries();
      done?.(result);
    },
  });
}

export const mayCall = (roles: readonly string[], name: keyof typeof operations) =>
  (operations[name].roles as readonly string[]).some((r) => roles.includes(r));

/** A list to its end, page after page. */
export async function allPages<T>(page: (after?: number) => Promise<{ items: T[]; next?: number }>) {
  const items: T[] = [];
  let after: number | undefined;
  do {
    const one = await page(after);
    items.push(...one.items);
    after = one.next;
  } while (after !== undefined);
  return { items };
}

/** Every unit. Budgets of campaigns are units too, so that one page may hold none that people know. */
export const allUnits = () => allPages<Unit>((after) => api.listUnits({ after, limit: 100 }));

export function useAllUnits() {
  return useQuery<{ items: Unit[] }, ApiError>({ queryKey: ["listUnits", "all"], queryFn: allUnits });
}
