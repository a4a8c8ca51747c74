// SPDX-License-Identifier: Apache-2.0
// One member's questions from one screen: where her points are, why something cost what it did, undoing.
import { App, Button, Input, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import { findMember } from "../../../shared/findMember";
import { date, dateTime } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useDeskT } from "../../messages/desk";
import { Card, Page } from "../../ui/Page";
import { Select } from "../../ui/Select";
import { Data } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { MallTake } from "./MallTake";
import { Statement } from "./Statement";
import { useAmounts } from "./useAmounts";
import { WhyPrice } from "./WhyPrice";

function Answers({ id }: { id: string }) {
  const d = useDeskT();
  const amounts = useAmounts();
  const list = useListState();
  const query = useApi("getMember", { member: id, view: "full" });
  return (
    <Data query={query} rows={10}>
      {(m) => {
        const units = m.balances.map((b) => b.unit);
        const asked = list.get("unit");
        const unit = asked && units.includes(asked) ? asked : units.includes("points") ? "points" : units[0];
        const has = m.balances.find((b) => b.unit === unit);
        return (
          <div className="grid">
            <Card>
              <div className="spread">
                <h2 className="num" style={{ margin: 0 }}>
                  {m.identifiers.find((i) => i.ns === "phone" && i.current)?.value ?? m.identifiers[0]?.value ?? m.id}
                </h2>
                <div className="row">
                  {m.erasure?.state === "waiting" && <Link to="/requests">{d.toRequests}</Link>}
                  <Link to={`/members/${m.id}`}>{d.open}</Link>
                  {!m.erased && <MallTake member={m.id} />}
                </div>
              </div>
              {m.erasure?.state === "waiting" && (
                <p className="near" role="status">
                  {d.herAsked(dateTime(m.erasure.asked_at))}
                </p>
              )}
              <div className="row">
                {m.balances.map((b) => (
                  <Tag key={b.unit} bordered={false}>
                    {amounts.full(b.unit, b.available)}
                  </Tag>
                ))}
              </div>
            </Card>
            <div className="grid two">
              <Card
                title={d.where}
                extra={
                  unit && (
                    <Select
                      aria-label={d.unit}
                      value={unit}
                      onChange={(v) => list.set({ unit: v })}
                      options={units.map((u) => ({ value: u, label: amounts.name(u) }))}
                    />
                  )
                }
              >
                {has && (
                  <p className="answer" role="status">
                    <b>{d.nowHas(amounts.full(has.unit, has.available))}</b>
                    {has.expires_next &&
                      `；${d.nextExpiry(amounts.text(has.unit, has.expires_next.amount), date(has.expires_next.at))}`}
                    {has.pending > 0 && `；${d.waits(amounts.text(has.unit, has.pending))}`}
                    {has.held > 0 && `；${d.holds(amounts.text(has.unit, has.held))}`}
                  </p>
                )}
                {unit ? <Statement id={m.id} unit={unit} /> : <p className="soft">{d.quiet}</p>}
              </Card>
              <Card title={d.why}>
                <WhyPrice member={m.id} />
              </Card>
            </div>
          </div>
        );
      }}
    </Data>
  );
}

export default function DeskPage() {
  const d = useDeskT();
  const { message } = App.useApp();
  const list = useListState();
  const [busy, setBusy] = useState(false);
  const member = list.get("member");
  const find = async (typed: string) => {
    if (!typed.trim()) return;
    setBusy(true);
    try {
      const m = await findMember(typed);
      if (m) list.set({ member: m.id, unit: undefined, order: undefined });
      else message.info(d.notFound);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page
      title={d.title}
      extra={
        <Input.Search
          autoFocus
          style={{ width: "min(340px, 80vw)" }}
          aria-label={d.search}
          placeholder={d.search}
          loading={busy}
          onSearch={(v) => void find(v)}
        />
      }
    >
      {member ? (
        <Answers key={member} id={member} />
      ) : (
        <Card>
          <p className="soft">{d.begin}</p>
          <Button type="link" href="/requests" style={{ paddingLeft: 0 }}>
            {d.requests}
          </Button>
        </Card>
      )}
    </Page>
  );
}
