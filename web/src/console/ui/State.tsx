// SPDX-License-Identifier: Apache-2.0
// What stands where data will be: loading, failed, forbidden, nothing. One look for all pages. The first page is shown
// without the component library, and so are these.
import InboxOutlined from "@ant-design/icons-svg/es/asn/InboxOutlined";
import LockOutlined from "@ant-design/icons-svg/es/asn/LockOutlined";
import WarningFilled from "@ant-design/icons-svg/es/asn/WarningFilled";
import type { ReactNode } from "react";
import type { ApiError } from "../../api/http";
import { useT } from "../messages";
import { Icon } from "./Icon";

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
    <div className={forbidden ? "result" : "result failed"}>
      <Icon of={forbidden ? LockOutlined : WarningFilled} />
      <p className="result-title">{forbidden ? t.state.forbidden : t.state.error}</p>
      <p className="soft">{forbidden ? t.state.forbiddenHint : problemText(error, t)}</p>
      {!forbidden && retry && (
        <button type="button" className="button" onClick={retry}>
          {t.state.retry}
        </button>
      )}
    </div>
  );
}

/** A page, or the whole of it, that is on its way. */
export function Waiting() {
  const t = useT();
  return (
    <div className="waiting" role="status" aria-busy aria-label={t.state.loading}>
      <i />
    </div>
  );
}

/** Where lines will stand. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  const t = useT();
  return (
    <div className="skeleton" role="status" aria-busy aria-label={t.state.loading}>
      {Array.from({ length: rows + 1 }, (_, i) => (
        <i key={i} />
      ))}
    </div>
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
  return <Skeleton rows={rows} />;
}

/** add: what is to be pressed to have the first one. */
export function Nothing({ filtered, add }: { filtered?: boolean; add?: string | false }) {
  const t = useT();
  return (
    <div className="nothing">
      <Icon of={InboxOutlined} />
      <p>{filtered ? t.state.emptyFilter : add ? t.state.emptyAdd(add) : t.state.empty}</p>
    </div>
  );
}
