// SPDX-License-Identifier: Apache-2.0
import { ConfigProvider, TabBar } from "antd-mobile";
import antdEn from "antd-mobile/es/locales/en-US";
import antdZh from "antd-mobile/es/locales/zh-CN";
import { BillOutline, GiftOutline, PayCircleOutline, UserOutline } from "antd-mobile-icons";
import { useEffect, useSyncExternalStore } from "react";
import { useLanguage } from "../shared/language";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { CardTab } from "./CardTab";
import { Inbox } from "./Inbox";
import { Join } from "./Join";
import { MeTab } from "./MeTab";
import { useT } from "./messages";
import { OrdersTab } from "./OrdersTab";
import { PointsTab } from "./PointsTab";
import { SignIn } from "./SignIn";
import { Failed, Waiting } from "./ui";

const subscribe = (f: () => void) => {
  addEventListener("hashchange", f);
  return () => removeEventListener("hashchange", f);
};
const useHash = () => useSyncExternalStore(subscribe, () => location.hash.slice(1) || "card");

const tabs = { card: CardTab, points: PointsTab, orders: OrdersTab, me: MeTab };
type Tab = keyof typeof tabs;

function Signed() {
  const t = useT();
  const hash = useHash();
  const tab: Tab = hash in tabs ? (hash as Tab) : "card";
  const me = useApi("getMe", { view: "full" });
  if (!me.data) return me.error ? <Failed retry={() => void me.refetch()} /> : <Waiting />;
  if (!me.data.enrolled) return <Join me={me.data} />;
  const Shown = tabs[tab];
  const icons = {
    card: <PayCircleOutline />,
    points: <GiftOutline />,
    orders: <BillOutline />,
    me: <UserOutline />,
  };
  return (
    <>
      <main className="screen">
        <Shown me={me.data} />
      </main>
      <nav className="tabs" aria-label={t.title}>
        <TabBar
          activeKey={tab}
          onChange={(key) => {
            location.hash = key;
          }}
        >
          {(Object.keys(tabs) as Tab[]).map((key) => (
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
        {hash === "inbox" ? <Inbox /> : loading ? <Waiting /> : session ? <Signed /> : <SignIn />}
      </div>
    </ConfigProvider>
  );
}
