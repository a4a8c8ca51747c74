// SPDX-License-Identifier: Apache-2.0
import { lazy, Suspense, useEffect, useState } from "react";
import type { Member } from "../api/client.gen";
import { count, date, money } from "../shared/format";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { useT } from "./messages";

const Qr = lazy(() => import("../shared/Qr").then((m) => ({ default: m.Qr })));

function TierProgress({ me }: { me: Member }) {
  const t = useT();
  const schemes = useApi("listTierSchemes", {});
  const scheme = schemes.data?.items[0];
  const mine = me.tiers.find((x) => x.scheme === scheme?.code);
  if (!scheme?.tiers) return null;
  const at = Math.max(
    0,
    scheme.tiers.findIndex((x) => x.code === mine?.code),
  );
  const next = scheme.tiers[at + 1];
  const have = me.balances.find((b) => b.unit === scheme.unit)?.available ?? 0;
  const part = next ? Math.min(1, have / next.reach) : 1;
  return (
    <section className="panel">
      <div className="ladder">
        {scheme.tiers.map((x, i) => (
          <span key={x.code} className={i <= at ? "on" : ""}>
            {x.name ?? x.code}
          </span>
        ))}
      </div>
      <div
        className="progress"
        role="progressbar"
        aria-valuenow={Math.round(part * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-label={scheme.name}
      >
        <i style={{ width: `${part * 100}%` }} />
      </div>
      <p>{next ? t.card.nextTier(next.name ?? next.code, count(Math.max(0, next.reach - have))) : t.card.top}</p>
      {mine?.review_at && <p className="soft">{t.card.keep(date(mine.review_at))}</p>}
    </section>
  );
}

/** The code of this minute, asked again when its time is over. */
function MyCode({ me }: { me: Member }) {
  const t = useT();
  const query = useApi("getMyCode", {});
  const [left, setLeft] = useState(0);
  const { data, refetch } = query;
  useEffect(() => {
    if (!data) return undefined;
    const tick = () => {
      const s = Math.ceil((Date.parse(data.expires_at) - Date.now()) / 1000);
      setLeft(Math.max(0, Math.min(60, s)));
      if (s <= 0) void refetch();
    };
    tick();
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, [data, refetch]);
  return (
    <section className="panel code">
      <Suspense fallback={<div className="qr" />}>
        {data ? <Qr text={data.code} label={t.card.show} /> : <div className="qr" />}
      </Suspense>
      <p className="mono num member-code">{data?.code.replace(/(.{4})(?=.)/g, "$1 ")}</p>
      <div className="progress thin" aria-hidden>
        <i style={{ width: `${(left / 60) * 100}%` }} />
      </div>
      <p className="soft">{t.card.show}</p>
      <p className="soft">
        {t.card.showId} <span className="mono member-id">{me.id}</span>
      </p>
    </section>
  );
}

export function CardTab({ me }: { me: Member }) {
  const t = useT();
  const { session } = useSession();
  const schemes = useApi("listTierSchemes", {});
  const tier = me.tiers[0];
  const name = schemes.data?.items.flatMap((s) => s.tiers ?? []).find((x) => x.code === tier?.code)?.name;
  const points = me.balances.find((b) => b.unit === "points");
  const value = me.balances.find((b) => b.unit === "stored_value");
  const phone = me.identifiers.find((i) => i.ns === "phone")?.value;
  return (
    <>
      <section className={`vip vip-${tier?.code ?? "normal"}`} aria-label={t.tabs.card}>
        <div className="spread">
          <strong>{session?.tenant_name}</strong>
          <span className="badge">{name ?? t.tabs.card}</span>
        </div>
        <p className="num phone-no">{phone}</p>
        <div className="spread">
          <div>
            <small>{t.card.points}</small>
            <a className="num figure" href="#points">
              {count(points?.available ?? 0)}
            </a>
          </div>
          <div>
            <small>{t.card.value}</small>
            <b className="num">{money(value?.available ?? 0)}</b>
          </div>
          <small>{t.card.since(date(me.enrolled_at))}</small>
        </div>
      </section>
      <MyCode me={me} />
      <TierProgress me={me} />
      <section className="panel">
        <p>
          {points?.expires_next
            ? t.card.expiring(count(points.expires_next.amount), date(points.expires_next.at))
            : t.card.noExpiry}
        </p>
      </section>
    </>
  );
}
