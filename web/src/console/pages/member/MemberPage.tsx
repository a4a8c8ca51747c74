// SPDX-License-Identifier: Apache-2.0
// One person, everything known, and why it is known.
import { App, Button, Dropdown, Tabs, Tag } from "antd";
import { Link, useNavigate, useParams } from "react-router-dom";
import { api, type Member } from "../../../api/client.gen";
import { ago, count, date, dateTime, money } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { Card, Page } from "../../ui/Page";
import { Data, problemText } from "../../ui/State";
import { useReason } from "../../ui/useReason";
import { useListState } from "../../ui/useListState";
import { ConsentsTab } from "./ConsentsTab";
import { CouponsTab } from "./CouponsTab";
import { IdentityTab } from "./IdentityTab";
import { MemberOrders } from "./MemberOrders";
import { TimelineTab } from "./TimelineTab";
import { ValueTab } from "./ValueTab";

function saveJson(name: string, value: unknown) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Actions({ m }: { m: Member }) {
  const t = useT();
  const { may } = useSession();
  const { message } = App.useApp();
  const ask = useReason();
  const erase = useWrite(
    (reason: string) => api.postErase({ member: m.id }, { reason }),
    () => message.success(t.member.erasedDone),
  );
  const exported = useWrite(
    (reason: string) => api.postExport({ member: m.id }, { reason }),
    (data) => saveJson(`${m.id}.json`, data),
  );
  const fail = (e: Parameters<typeof problemText>[0]) => message.error(problemText(e, t));
  const items = [
    may("post_export") && {
      key: "export",
      label: t.member.exportData,
      onClick: () =>
        ask({ title: t.member.exportData, run: (r) => exported.mutateAsync([r]).then(() => undefined, fail) }),
    },
    may("post_erase") &&
      !m.erased && {
        key: "erase",
        danger: true,
        label: t.member.erase,
        onClick: () =>
          ask({
            title: t.member.eraseTitle,
            hint: t.member.eraseHint,
            danger: true,
            run: (r) => erase.mutateAsync([r]).then(() => undefined, fail),
          }),
      },
  ].filter((x) => x !== false);
  if (items.length === 0) return null;
  return (
    <Dropdown menu={{ items }} trigger={["click"]}>
      <Button>···</Button>
    </Dropdown>
  );
}

function Head({ m }: { m: Member }) {
  const t = useT();
  const tiers = useApi("listTierSchemes", {});
  const name = (scheme: string, code: string) =>
    tiers.data?.items.find((s) => s.code === scheme)?.tiers?.find((x) => x.code === code)?.name ?? code;
  const phone = m.identifiers.find((i) => i.ns === "phone" && i.current) ?? m.identifiers[0];
  const points = m.balances.find((b) => b.unit === "points");
  return (
    <Card className="head">
      <div className="profile">
        <div className="face" aria-hidden>
          {m.enrolled ? "会" : "客"}
        </div>
        <div>
          <h2 className="num">{phone?.value ?? m.id}</h2>
          <div className="row">
            {m.tiers.map((x) => (
              <Tag key={x.scheme} color="gold" bordered={false}>
                {name(x.scheme, x.code)}
              </Tag>
            ))}
            {m.classes.includes("anonymous_card") && <Tag bordered={false}>{t.member.anonymousCard}</Tag>}
            {m.classes.includes("follower") && (
              <Tag color="cyan" bordered={false}>
                {t.member.follower}
              </Tag>
            )}
            {m.classes.includes("regular") ? (
              <Tag color="green" bordered={false}>
                {t.member.regular}
              </Tag>
            ) : (
              m.classes.includes("buyer") && (
                <Tag color="green" bordered={false}>
                  {t.member.buyer}
                </Tag>
              )
            )}
            {m.frozen && (
              <Tag color="red" bordered={false}>
                {t.member.frozen}
              </Tag>
            )}
            {m.erased && (
              <Tag color="red" bordered={false}>
                {t.member.erased}
              </Tag>
            )}
            <span className="soft">{m.enrolled ? t.member.since(date(m.enrolled_at)) : t.member.prospect}</span>
          </div>
        </div>
      </div>
      <dl className="facts">
        <div>
          <dt>{t.member.lifetime}</dt>
          <dd>{money(m.orders?.spend ?? 0)}</dd>
        </div>
        <div>
          <dt>{t.member.orders}</dt>
          <dd>{count(m.orders?.count ?? 0)}</dd>
        </div>
        <div>
          <dt>{t.members.points}</dt>
          <dd>{count(points?.available ?? 0)}</dd>
        </div>
        <div>
          <dt>{t.member.lastOrder}</dt>
          <dd>{ago(m.orders?.last_at)}</dd>
        </div>
        <div>
          <dt>{t.member.lastSeen}</dt>
          <dd>{ago(m.last_seen)}</dd>
        </div>
        <div>
          <dt>{t.member.firstSeen}</dt>
          <dd>{date(m.first_seen)}</dd>
        </div>
      </dl>
    </Card>
  );
}

export default function MemberPage() {
  const t = useT();
  const { id = "" } = useParams();
  const navigate = useNavigate();
  const list = useListState();
  const { may } = useSession();
  const query = useApi("getMember", { member: id, view: "full" });
  return (
    <Page
      title={t.member.title}
      extra={
        <>
          <Button onClick={() => navigate(-1)}>{t.common.back}</Button>
          {query.data && <Actions m={query.data} />}
        </>
      }
    >
      <Data query={query} rows={12}>
        {(m) => (
          <div className="grid">
            <Head m={m} />
            {m.erasure?.state === "waiting" && (
              <Card>
                <div className="spread">
                  <b className="near">{t.member.askedErasure(dateTime(m.erasure.asked_at))}</b>
                  {may("list_requests") && <Link to="/requests">{t.nav.requests}</Link>}
                </div>
              </Card>
            )}
            <Card>
              <Tabs
                activeKey={list.get("tab") ?? "identity"}
                onChange={(tab) => list.set({ tab })}
                destroyInactiveTabPane
                items={[
                  { key: "identity", label: t.member.tabs.identity, children: <IdentityTab m={m} /> },
                  { key: "value", label: t.member.tabs.value, children: <ValueTab m={m} /> },
                  { key: "coupons", label: t.nav.coupons, children: <CouponsTab m={m} /> },
                  { key: "orders", label: t.member.tabs.orders, children: <MemberOrders id={m.id} /> },
                  { key: "timeline", label: t.member.tabs.timeline, children: <TimelineTab id={m.id} /> },
                  { key: "consents", label: t.member.tabs.consents, children: <ConsentsTab m={m} /> },
                ]}
              />
            </Card>
          </div>
        )}
      </Data>
    </Page>
  );
}
