// SPDX-License-Identifier: Apache-2.0
import { ConfigProvider, TabBar } from "antd-mobile";
import antdEn from "antd-mobile/es/locales/en-US";
import antdZh from "antd-mobile/es/locales/zh-CN";
import { BillOutline, GiftOutline, PayCircleOutline, SmileOutline, UserOutline } from "antd-mobile-icons";
import { lazy, Suspense, useEffect, useSyncExternalStore, type ComponentType } from "react";
import type { Member } from "../api/client.gen";
import { useLanguage } from "../shared/language";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { CardTab } from "./CardTab";
import { useT } from "./messages";
import { place } from "./place";
import { Failed, Waiting } from "./ui";

const subscribe = (f: () => void) => {
  addEventListener("hashchange", f);
  return () => removeEventListener("hashchange", f);
};
const useHash = () => useSyncExternalStore(subscribe, () => location.hash.slice(1) || "card");

// a code on a product leads here once; loading the page again does not ask about it again
if (place.code) history.replaceState(null, "", "/member#play");

// The card is what a shopper opens; everything else comes when it is asked for.
const Inbox = lazy(() => import("./Inbox").then((m) => ({ default: m.Inbox })));
const Join = lazy(() => import("./Join").then((m) => ({ default: m.Join })));
const MeTab = lazy(() => import("./MeTab").then((m) => ({ default: m.MeTab })));
const OrdersTab = lazy(() => import("./OrdersTab").then((m) => ({ default: m.OrdersTab })));
const PointsTab = lazy(() => import("./PointsTab").then((m) => ({ default: m.PointsTab })));
const SignIn = lazy(() => import("./SignIn").then((m) => ({ default: m.SignIn })));
const PlayTab = lazy(() => import("./PlayTab"));
const BenefitsTab = lazy(() => import("./BenefitsTab"));
const OrderScreen = lazy(() => import("./OrderScreen"));
const Forget = lazy(() => import("./Forget"));
const Visits = lazy(() => import("./Visits"));
const Present = lazy(() => import("./Present"));

const screens: Record<string, ComponentType<{ me: Member }>> = {
  card: CardTab,
  play: PlayTab,
  benefits: BenefitsTab,
  points: PointsTab,
  orders: OrdersTab,
  me: MeTab,
  forget: Forget,
  visits: Visits,
};
/** Screens without a tab of their own. */
const within: Record<string, string> = { points: "card", forget: "me", visits: "me" };
const tabs = ["card", "play", "benefits", "orders", "me"] as const;

const icons = {
  card: <PayCircleOutline />,
  play: <SmileOutline />,
  benefits: <GiftOutline />,
  orders: <BillOutline />,
  me: <UserOutline />,
};

function Signed() {
  const t = useT();
  const hash = useHash();
  const present = /^(packet|gift)\//.test(hash);
  const order = /^order\/(.+)$/.exec(hash)?.[1];
  const screen = order ? "orders" : hash in screens ? hash : "card";
  const me = useApi("getMe", { view: "full" });
  if (!me.data) return me.error ? <Failed retry={() => void me.refetch()} /> : <Waiting />;
  if (!me.data.enrolled)
    return (
      <Suspense fallback={<Waiting />}>
        <Join me={me.data} />
      </Suspense>
    );
  const Shown = screens[screen]!;
  return (
    <>
      <main className="screen">
        <Suspense fallback={<Waiting />}>
          {present ? <Present hash={hash} /> : order ? <OrderScreen key={order} id={order} /> : <Shown me={me.data} />}
        </Suspense>
      </main>
      <nav className="tabs" aria-label={t.title}>
        <TabBar
          activeKey={present ? "benefits" : (within[screen] ?? screen)}
          onChange={(key) => {
            location.hash = key;
          }}
        >
          {tabs.map((key) => (
            <TabBar.Item key={key} icon={icons[key]} title={t.tabs[key]} />
          ))}
        </TabBar>
      </nav>
    </>
  );
}

export function MemberApp() {
  const t = useT();
  const zh = useLanguage() === "zh-CN";
  const { session, loading } = useSession();
  const hash = useHash();
  useEffect(() => {
    document.title = `${session?.tenant_name ?? ""} ${t.title}`.trim();
  }, [session, t]);
  return (
    <ConfigProvider locale={zh ? antdZh : antdEn}>
      <div className="phone">
        <Suspense fallback={<Waiting />}>
          {hash === "inbox" ? <Inbox /> : loading ? <Waiting /> : session ? <Signed /> : <SignIn />}
        </Suspense>
      </div>
    </ConfigProvider>
  );
}
