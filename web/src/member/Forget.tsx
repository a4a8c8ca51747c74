// SPDX-License-Identifier: Apache-2.0
// She asks to be forgotten: what goes, what stays and for how long, what she loses; then a second deliberate act.
// (PIPL art. 47, GDPR art. 17.) Until it is done she sees when she asked and can take it back.
import { Button, Dialog, Toast } from "antd-mobile";
import { api, type Erasure, type Member } from "../api/client.gen";
import { count, date, dateTime } from "../shared/format";
import { useApi, useWrite } from "../shared/query";
import { useForgetT } from "./forgetMessages";
import { useT } from "./messages";
import { useUnits } from "./units";

function Points({ title, items }: { title: string; items: string[] }) {
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      <ul className="plain-list">
        {items.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

/** What is hers now and cannot be used afterwards. */
function Lost({ me }: { me: Member }) {
  const f = useForgetT();
  const units = useUnits();
  const coupons = useApi("listMyCoupons", {}).data?.coupons.length ?? 0;
  const known = me.balances.filter((b) => {
    const kind = units.of(b.unit)?.kind;
    return b.available + b.pending > 0 && (kind === "points" || kind === "stored_value");
  });
  const items = known.map((b) => units.amount(b.unit, b.available + b.pending));
  if (coupons > 0) items.push(f.coupons(count(coupons)));
  if (items.length === 0) return <p className="soft pad">{f.nothingLost}</p>;
  return (
    <>
      <Points title={f.lost} items={items} />
      {known.some((b) => units.of(b.unit)?.kind === "stored_value") && <p className="soft pad">{f.lostHint}</p>}
    </>
  );
}

function Waits({ asked }: { asked: Erasure }) {
  const f = useForgetT();
  const t = useT();
  const back = useWrite(
    () => api.deleteMyErasure(),
    () => Toast.show(f.tookBack),
  );
  return (
    <section className="panel" role="status">
      <h2>{f.waits(dateTime(asked.asked_at))}</h2>
      <p className="soft">{f.until(date(asked.deadline))}</p>
      <Button
        block
        fill="outline"
        loading={back.isPending}
        onClick={() => back.mutate([], { onError: (e) => Toast.show(e.problem.detail ?? t.common.error) })}
      >
        {f.takeBack}
      </Button>
    </section>
  );
}

export default function Forget({ me }: { me: Member }) {
  const f = useForgetT();
  const t = useT();
  const ask = useWrite(
    () => api.postMyErasure(),
    () => Toast.show(f.asked),
  );
  const sure = () =>
    void Dialog.confirm({
      title: f.sureTitle,
      content: f.sure,
      confirmText: f.sureYes,
      cancelText: f.sureNo,
      onConfirm: () => ask.mutate([], { onError: (e) => Toast.show(e.problem.detail ?? t.common.error) }),
    });
  const asked = me.erasure;
  return (
    <>
      <header className="bar">
        <h1>{f.title}</h1>
        <a href="#me">{f.back}</a>
      </header>
      {asked?.state === "waiting" && <Waits asked={asked} />}
      {asked?.state === "declined" && (
        <section className="panel" role="status">
          <h2>{f.declined(date(asked.decided_at))}</h2>
          <p>{f.reason(asked.note ?? "")}</p>
        </section>
      )}
      <Points title={f.goes} items={f.goesList} />
      <Points title={f.stays} items={f.staysList} />
      <Lost me={me} />
      {asked?.state !== "waiting" && (
        <section className="panel">
          <p className="soft">
            {f.how} <a href="#me">{f.copyFirst}</a>
          </p>
          <Button block loading={ask.isPending} onClick={sure}>
            {f.go}
          </Button>
        </section>
      )}
    </>
  );
}
