// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client.gen";

export function useProduct(code: string) {
  return (
    useQuery({
      queryKey: ["getProduct", code],
      queryFn: () => api.getProduct({ code }).catch(() => null),
      staleTime: 600_000,
    }).data ?? undefined
  );
}
