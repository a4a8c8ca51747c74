// SPDX-License-Identifier: Apache-2.0
// What stands where data will be: loading, failed, forbidden, nothing. One look for all pages.
import { Button, Empty, Result, Skeleton } from "antd";
import type { ReactNode } from "react";
import type { ApiError } from "../../api/http";
import { useT } from "../messages";

export function problemText(error: ApiError, t: ReturnType<typeof useT>): string {
  const { status, code, detail, title, field } = error.problem;
  if (status === 0) return t.state.offline;
  if (status === 401) return t.signIn.ended;
  if (status === 403) return t.state.forbidden;
  if (code === "version_conflict") return t.state.conflict;
  if (status === 503 || status === 429) return t.state.unavailable;
  if (status === 404) return t.state.notFound;
  return `${detail || title}${field ? ` (${field})` : ""}`;
}

export function Failed({ error, retry }: { error: ApiError; retry?: () => void }) {
  const t = useT();
  const forbidden = error.problem.status === 403;
  return (
    <Result
      status={forbidden ? "403" : "warning"}
      title={forbidden ? t.state.forbidden : t.state.error}
      subTitle={forbidden ? t.state.forbiddenHint : problemText(error, t)}
      extra={
        !forbidden && retry ? (
          <Button type="primary" onClick={retry}>
            {t.state.retry}
          </Button>
        ) : undefined
      }
    />
  );
}

interface Query<T> {
  data: T | undefined;
  error: ApiError | null;
  isPending: boolean;
  refetch: () => unknown;
}

export function Data<T>({
  query,
  children,
  rows = 6,
}: {
  query: Query<T>;
  children: (data: T) => ReactNode;
  rows?: number;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failed error={query.error} retry={() => query.refetch()} />;
  return <Skeleton active paragraph={{ rows }} aria-busy />;
}

export function Nothing({ filtered }: { filtered?: boolean }) {
  const t = useT();
  return (
    <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={filtered ? t.state.emptyFilter : t.state.empty} />
  );
}
