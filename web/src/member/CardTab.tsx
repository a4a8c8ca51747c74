// SPDX-License-Identifier: Apache-2.0
import { lazy, Suspense } from "react";
import type { Member } from "../api/client.gen";
import { count, date, money } from "../shared/format";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { useT } from "./messages";

const Qr = lazy(() => import("./Qr").then((m) => ({ default: m.Qr })));

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
            <b className="num">{count(points?.available ?? 0)}</b>
          </div>
          <div>
            <small>{t.card.value}</small>
            <b className="num">{money(value?.available ?? 0)}</b>
          </div>
          <small>{t.card.since(date(me.enrolled_at))}</small>
        </div>
      </section>
      <section className="panel code">
        <Suspense fallback={<div className="qr" />}>
          <Qr text={me.id} label={t.card.show} />
        </Suspense>
        <p className="mono">{me.id}</p>
        <p className="soft">{t.card.show}</p>
      </section>
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
