// SPDX-License-Identifier: Apache-2.0
// What became of what she asked for under four eyes: a sign in the frame until she has looked.
import CheckCircleOutlined from "@ant-design/icons-svg/es/asn/CheckCircleOutlined";
import { useState } from "react";
import { Link } from "react-router-dom";
import type { Request } from "../../api/client.gen";
import { count, dateTime, money } from "../../shared/format";
import { useAllUnits, useApi } from "../../shared/query";
import { useSession } from "../../shared/session";
import { useT } from "../messages";
import { Icon } from "../ui/Icon";
import { useOpen } from "./useOpen";

/** Decided by somebody else, or lapsed; newest first. */
const decided = (r: Request) => r.state === "approved" || r.state === "declined" || r.state === "lapsed";

const at = (r: Request) => Date.parse(r.decided_at ?? "");
const DAYS_MS = 14 * 86_400_000;

/** How far she has looked: kept in the browser, for each who signs in here; where she never was, two weeks. */
function useSeen(user: string | undefined) {
  const key = `tongbao.answers.${user ?? ""}`;
  const [seen, setSeen] = useState(() => Number(localStorage.getItem(key)) || Date.now() - DAYS_MS);
  return {
    seen,
    look: (until: number) => {
      localStorage.setItem(key, String(until));
      setSeen(until);
    },
  };
}

function One({ r }: { r: Request }) {
  const t = useT();
  const unit = useAllUnits().data?.items.find((u) => u.code === r.unit);
  const amount = r.amount ?? 0;
  const text = unit?.kind === "stored_value" || unit?.kind === "gift_card" ? money(amount) : count(amount);
  const by = r.decided_by?.split(":")[1] ?? r.decided_by ?? "";
  return (
    <Link role="menuitem" className="answer-one" to={`/members/${r.member}?tab=value`}>
      <b>
        {t.answers[r.state === "approved" ? "approved" : r.state === "declined" ? "declined" : "lapsed"](by)}
        {" · "}
        {amount > 0 && "+"}
        {text} {unit?.name || r.unit}
      </b>
      <span className="soft">
        {t.answers.asked(dateTime(r.asked_at))}
        {r.reason && ` · ${r.reason}`}
      </span>
      <span className="soft">
        {dateTime(r.decided_at)}
        {r.note && ` · ${r.note}`}
      </span>
    </Link>
  );
}

export function Answers() {
  const t = useT();
  const { session, may } = useSession();
  const { seen, look } = useSeen(session?.user);
  const { open, setOpen, box } = useOpen();
  const [shown, setShown] = useState<Request[]>([]);
  const query = useApi(
    "listRequests",
    { asked_by: "me", limit: 50 },
    { enabled: may("list_requests"), every: 60_000 },
  );
  const news = (query.data?.items ?? []).filter((r) => decided(r) && at(r) > seen);
  if (news.length === 0 && !open) return null;
  const show = () => {
    setShown(news);
    setOpen(!open);
    if (news.length > 0) look(Math.max(...news.map(at)));
  };
  return (
    <div className="who-box" ref={box}>
      <button
        type="button"
        className="plain tool"
        aria-label={t.answers.news(count(news.length))}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={show}
      >
        <Icon of={CheckCircleOutlined} />
        {news.length > 0 && <b className="badge">{news.length}</b>}
      </button>
      {open && (
        <div role="menu" className="who-menu answers" aria-label={t.answers.title}>
          {shown.map((r) => (
            <One key={r.request} r={r} />
          ))}
        </div>
      )}
    </div>
  );
}
