// SPDX-License-Identifier: Apache-2.0
// A list that grows downwards: older rows come under those that are there.
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, type Movement, type Statement } from "../api/client.gen";
import type { ApiError } from "../api/http";

export interface More {
  items: Movement[] | undefined;
  error: ApiError | null;
  more?: () => void; // absent: that was all
  loading: boolean;
  retry: () => void;
}

/** Movements of value, newest first: of a member that staff looks at, or of herself. */
export function useMovements(whose: { member: string } | "me", unit: string | undefined, limit = 30): More {
  const query = useInfiniteQuery<Statement, ApiError, { pages: Statement[] }, unknown[], number | undefined>({
    queryKey: [whose === "me" ? "getMyStatement" : "getStatement", whose, unit, limit],
    initialPageParam: undefined,
    queryFn: ({ pageParam: before }) =>
      whose === "me"
        ? api.getMyStatement({ unit, before, limit })
        : api.getStatement({ member: whose.member, unit, before, limit }),
    getNextPageParam: (last) => last.next,
  });
  return {
    items: query.data?.pages.flatMap((p) => p.items),
    error: query.error,
    more: query.hasNextPage ? () => void query.fetchNextPage() : undefined,
    loading: query.isFetchingNextPage,
    retry: () => void query.refetch(),
  };
}
