// SPDX-License-Identifier: Apache-2.0
// The statement in sentences: earned by which order and rule, spent, expired, taken back by which return.
// What can be undone has a button; above the limit that becomes a request.
import { App, Button } from "antd";
import { Link } from "react-router-dom";
import { api, type Movement, type Order } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { date, dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useDeskT } from "../../messages/desk";
import { usePages } from "../../ui/Pager";
import { Data, problemText } from "../../ui/State";
import { useReason } from "../../ui/useReason";
import { useAmounts } from "./useAmounts";

const PAGE = 20;

/** By which rule an order earned, and what a return has taken of it since. */
function Earned({ order, unit }: { order: Order; unit: string }) {
  const d = useDeskT();
  const amounts = useAmounts();
  const rules = useApi("listRules", { limit: 100 });
  return (
    <>
      {order.earned
        .filter((e) => e.unit === unit && e.rule)
        .map((e) => (
          <div className="soft" key={e.rule}>
            {d.byRule(rules.data?.items.find((r) => r.code === e.rule)?.name || e.rule!, e.rule_version)}
            {e.clawed_back > 0 && `；${d.laterBack(amounts.text(unit, e.clawed_back))}`}
          </div>
        ))}
    </>
  );
}

function useSentence() {
  const d = useDeskT();
  const amounts = useAmounts();
  return (m: Movement, order: string) => {
    const n = amounts.full(m.unit, Math.abs(m.amount));
    const up = m.amount > 0;
    if (m.reverses && m.cause !== "refund") return d.undone(n, up);
    switch (m.cause) {
      case "earn":
        return (m.order ? d.earn(n, order) : d.earnOther(n)) + (m.pending ? d.pending : "");
      case "clawback":
        return d.clawback(n, order);
      case "spend":
        return d.spend(n, order);
      case "refund":
        return d.refund(n, order);
      case "expire":
        return d.expire(n, date(m.time));
      case "transfer":
        return up ? d.received(n) : d.sent(n);
      default:
        return up ? d.give(n) : d.take(n);
    }
  };
}

function Undo({ m }: { m: Movement }) {
  const t = useT();
  const d = useDeskT();
  const { message } = App.useApp();
  const ask = useReason();
  const write = useWrite(
    (reason: string) => api.postReverse({ transfer: m.transfer! }, { reason }),
    (r) => {
      if (r.request) message.info(d.nowWaits);
      else message.success(d.undoneDone);
    },
  );
  const fail = (e: ApiError) =>
    message.error(
      { already_reversed: d.already, not_reversible: d.cannot, insufficient: d.short }[e.problem.code] ??
        problemText(e, t),
    );
  return (
    <Button
      size="small"
      loading={write.isPending}
      onClick={() =>
        ask({
          title: d.undoTitle,
          hint: d.undoHint,
          danger: true,
          run: (reason) => write.mutateAsync([reason]).then(() => undefined, fail),
        })
      }
    >
      {d.undo}
    </Button>
  );
}

function Sentence({ m, undoes }: { m: Movement; undoes: boolean }) {
  const d = useDeskT();
  const sentence = useSentence();
  const order = useApi("getOrder", { order: m.order ?? "" }, { enabled: m.order !== undefined });
  const code = order.data?.order ?? "";
  return (
    <li className="spread">
      <div>
        <small className="soft num">{dateTime(m.time)}</small>
        <div>
          {sentence(m, code)}
          {m.order && (
            <>
              {" "}
              <Link className="mono" to={`/orders/${m.order}`}>
                ›
              </Link>
            </>
          )}
        </div>
        {m.cause === "earn" && order.data && <Earned order={order.data} unit={m.unit} />}
        {m.reason && <div className="soft">{d.because(m.reason)}</div>}
        {m.by && (m.cause === "adjust" || m.reverses) && <div className="soft">{d.who(m.by, m.asked_by)}</div>}
      </div>
      {undoes && <Undo m={m} />}
    </li>
  );
}

export function Statement({ id, unit }: { id: string; unit: string }) {
  const d = useDeskT();
  const { may } = useSession();
  const pages = usePages();
  const query = useApi("getStatement", { member: id, unit, before: pages.at, limit: PAGE });
  return (
    <Data query={query}>
      {(data) => {
        const undone = new Set(data.items.map((m) => m.reverses));
        const undoes = (m: Movement) =>
          may("post_reverse") &&
          m.transfer !== undefined &&
          !m.reverses &&
          !m.order &&
          !undone.has(m.transfer) &&
          ["adjust", "transfer", "spend"].includes(m.cause);
        return (
          <>
            {data.items.length === 0 && <p className="soft">{d.quiet}</p>}
            <ol className="sentences">
              {data.items.map((m, i) => (
                <Sentence key={`${m.sequence}-${i}`} m={m} undoes={undoes(m)} />
              ))}
            </ol>
            {pages.pager(data.next)}
          </>
        );
      }}
    </Data>
  );
}
