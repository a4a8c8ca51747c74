// SPDX-License-Identifier: Apache-2.0
// The shop assistant's phone: her customers, her results. Her login is her code as an associate.
import { App, Button, Drawer, Empty, Input, Segmented, Select, Spin, Tag } from "antd";
import { useEffect, useState } from "react";
import type { AssociateRow, MemberRow } from "../api/client.gen";
import { ago, count, date, dateTime, money, moneyShort } from "../shared/format";
import { useAllUnits, useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { SignIn } from "../shared/SignIn";
import { findMember } from "../shared/findMember";
import { useT } from "./messages";

type Sort = "seen" | "spend" | "points";

function Results({ own, all }: { own: AssociateRow; all: AssociateRow[] }) {
  const t = useT();
  const colleagues = all.filter((a) => a.store === own.store && !a.left).sort((a, b) => b.net - a.net);
  return (
    <section className="results">
      <p>
        {t.who(own.name ?? own.code)} <span>{own.store_name}</span>
      </p>
      <div className="three-figures">
        <div>
          <b className="num">{moneyShort(own.net)}</b>
          <span>{t.net}</span>
        </div>
        <div>
          <b className="num">{count(own.orders)}</b>
          <span>{t.orders}</span>
        </div>
        <div>
          <b className="num">{count(own.customers)}</b>
          <span>{t.customers}</span>
        </div>
      </div>
      <small>{t.rank(colleagues.findIndex((a) => a.code === own.code) + 1, colleagues.length)}</small>
    </section>
  );
}

function MyStore({ own, all }: { own: AssociateRow; all: AssociateRow[] }) {
  const t = useT();
  const colleagues = all.filter((a) => a.store === own.store && !a.left).sort((a, b) => b.net - a.net);
  const best = Math.max(1, ...colleagues.map((a) => a.net));
  if (!own.store) return null;
  return (
    <section className="mine" aria-label={t.store}>
      <div className="spread">
        <h2>{t.store}</h2>
        <span className="soft">{own.store_name ?? own.store}</span>
      </div>
      <div className="three-figures">
        <div>
          <b className="num">{moneyShort(own.store_net ?? 0)}</b>
          <span>{t.storeNet}</span>
        </div>
        <div>
          <b className="num">{count(own.store_orders ?? 0)}</b>
          <span>{t.orders}</span>
        </div>
        <div>
          <b className="num">{count(own.store_buyers ?? 0)}</b>
          <span>{t.buyers}</span>
        </div>
      </div>
      <ol className="colleagues">
        {colleagues.slice(0, 10).map((a) => (
          <li key={a.code} className={a.code === own.code ? "own" : ""}>
            <span>{a.name ?? a.code}</span>
            <i style={{ width: `${(Math.max(0, a.net) / best) * 100}%` }} aria-hidden />
            <b className="num">{moneyShort(a.net)}</b>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Who she is to the shop: her tier, what she has, which coupons she could use today. */
function Standing({ id }: { id: string }) {
  const t = useT();
  const member = useApi("getMember", { member: id, view: "brief" });
  const coupons = useApi("listCoupons", { member: id });
  const schemes = useApi("listTierSchemes", {});
  const units = useAllUnits();
  const tier = member.data?.tiers[0];
  const tierName = schemes.data?.items.flatMap((s) => s.tiers ?? []).find((x) => x.code === tier?.code)?.name;
  const unit = (code: string) => units.data?.items.find((u) => u.code === code);
  const mine = coupons.data?.coupons.filter((c) => c.state === "usable" || c.state === "early") ?? [];
  if (!member.data) return <Spin aria-label={t.loading} />;
  return (
    <>
      <div className="row">
        {tier && (
          <Tag color="gold" bordered={false}>
            {tierName ?? tier.code}
          </Tag>
        )}
        {member.data.balances
          .filter((b) => b.available > 0)
          .map((b) => (
            <Tag key={b.unit} bordered={false}>
              {unit(b.unit)?.name ?? b.unit}{" "}
              {unit(b.unit)?.kind === "stored_value" ? money(b.available) : count(b.available)}
            </Tag>
          ))}
      </div>
      <h3>{t.coupons}</h3>
      {coupons.data && mine.length === 0 && <p className="soft">{t.couponsNone}</p>}
      {mine.map((c) => (
        <div className="spread line" key={c.coupon}>
          <span>{c.name || c.unit}</span>
          <span className="soft">
            {c.state === "early" ? t.early : c.expires_at ? t.until(date(c.expires_at)) : t.forever}
          </span>
        </div>
      ))}
    </>
  );
}

function Orders({ id }: { id: string }) {
  const t = useT();
  const query = useApi("listMemberOrders", { member: id, limit: 10 });
  if (!query.data) return <Spin aria-label={t.loading} />;
  return (
    <>
      <h3>{t.recent}</h3>
      {query.data.items.map((o) => (
        <div className="spread line" key={o.id}>
          <span className="soft num">{dateTime(o.occurred_at)}</span>
          <b className="num">{money(o.net - (o.returned ?? 0))}</b>
        </div>
      ))}
    </>
  );
}

function Customer({ m, open }: { m: MemberRow; open: () => void }) {
  const t = useT();
  return (
    <li>
      <button type="button" className="plain customer" onClick={open}>
        <span className="face" aria-hidden>
          {(m.tier_name ?? "客").slice(0, 1)}
        </span>
        <span className="grow">
          <span className="row">
            <b className="mono">{m.id.slice(4)}</b>
            {m.tier_name && (
              <Tag color="gold" bordered={false}>
                {m.tier_name}
              </Tag>
            )}
          </span>
          <span className="soft">
            {t.lastOrder} {ago(m.last_order_at)} · {t.ordersOf(count(m.orders))}
          </span>
        </span>
        <span className="right-side">
          <b className="num">{money(m.spend ?? 0)}</b>
          <span className="soft num">
            {count(m.points)} {t.points}
          </span>
        </span>
      </button>
    </li>
  );
}

function Customers({ code }: { code: string }) {
  const t = useT();
  const { message } = App.useApp();
  const [sort, setSort] = useState<Sort>("seen");
  const [limit, setLimit] = useState(30);
  const [shown, setShown] = useState<string | null>(null);
  const query = useApi("reportMembers", { associate: code, sort, limit });
  const find = async (typed: string) => {
    if (!typed.trim()) return;
    const m = await findMember(typed);
    if (m) setShown(m.id);
    else message.info(t.notFound);
  };
  return (
    <section className="mine">
      <div className="spread">
        <h2>{t.mine}</h2>
        <span className="soft">{query.data && t.total(count(query.data.total))}</span>
      </div>
      <Input.Search aria-label={t.scan} placeholder={t.scan} onSearch={(v) => void find(v)} />
      <Segmented<Sort>
        block
        value={sort}
        onChange={setSort}
        options={(Object.keys(t.sorts) as Sort[]).map((value) => ({ value, label: t.sorts[value] }))}
      />
      {query.error && !query.data && (
        <Button onClick={() => void query.refetch()}>
          {t.error} · {t.retry}
        </Button>
      )}
      {query.isPending && (
        <div className="center">
          <Spin />
        </div>
      )}
      {query.data &&
        (query.data.items.length === 0 ? (
          <Empty description={t.none} />
        ) : (
          <ul>
            {query.data.items.map((m) => (
              <Customer key={m.id} m={m} open={() => setShown(m.id)} />
            ))}
          </ul>
        ))}
      {query.data && query.data.items.length === limit && limit < 200 && (
        <Button block onClick={() => setLimit(Math.min(200, limit + 30))}>
          {t.more}
        </Button>
      )}
      <Drawer
        open={shown !== null}
        onClose={() => setShown(null)}
        placement="bottom"
        height="62vh"
        aria-label={t.customer}
        title={<span className="mono">{shown?.slice(4)}</span>}
      >
        {shown && (
          <div key={shown} tabIndex={0} role="group" aria-label={t.customer}>
            <Standing id={shown} />
            <Orders id={shown} />
          </div>
        )}
      </Drawer>
    </section>
  );
}

export function Associate() {
  const t = useT();
  const { session, loading, signOut } = useSession();
  const all = useApi("reportAssociates", {}, { enabled: !!session });
  const [chosen, setChosen] = useState<string>();
  useEffect(() => {
    document.title = `${t.title} · 通宝`;
  }, [t]);
  if (loading)
    return (
      <div className="center">
        <Spin size="large" />
      </div>
    );
  if (!session) return <SignIn />;
  const login = session.user?.split(":")[1];
  const own = all.data?.items.find((a) => a.code === (chosen ?? login));
  const known = all.data?.items.some((a) => a.code === login);
  return (
    <div className="assoc">
      <header className="spread assoc-top">
        <h1>{t.title}</h1>
        <Button type="text" onClick={() => void signOut()}>
          {t.signOut}
        </Button>
      </header>
      <main id="main">
        {all.data && !known && (
          <Select
            aria-label={t.as}
            placeholder={t.chooseHint}
            showSearch
            optionFilterProp="label"
            style={{ width: "100%" }}
            value={chosen}
            onChange={setChosen}
            options={all.data.items.map((a) => ({
              value: a.code,
              label: `${a.name ?? a.code} · ${a.store_name ?? ""}`,
            }))}
          />
        )}
        {all.isPending && (
          <div className="center">
            <Spin />
          </div>
        )}
        {own && all.data && <Results own={own} all={all.data.items} />}
        {own && all.data && <MyStore own={own} all={all.data.items} />}
        {own && <Customers key={own.code} code={own.code} />}
      </main>
    </div>
  );
}
