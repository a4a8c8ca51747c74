// SPDX-License-Identifier: Apache-2.0
import { BulbOutlined, GlobalOutlined, KeyOutlined, LogoutOutlined, MenuOutlined } from "@ant-design/icons";
import { Badge, Button, Drawer, Dropdown, Grid, Menu, Spin, Tag } from "antd";
import { lazy, Suspense, useState } from "react";
import { Link, Navigate, Route, Routes, useLocation, useNavigate } from "react-router-dom";
import { setLanguage, useLanguage } from "../shared/language";
import { useApi } from "../shared/query";
import { useSession } from "../shared/session";
import { SignIn } from "../shared/SignIn";
import { setMode, useMode } from "../shared/theme";
import { useT } from "./messages";
import { allEntries, isGroup, nav } from "./nav";
import { Failed } from "./ui/State";
import { ApiError } from "../api/http";
import "./console.css";

const MemberPage = lazy(() => import("./pages/member/MemberPage"));
const OrderPage = lazy(() => import("./pages/OrderPage"));
const GamePage = lazy(() => import("./pages/play/GamePage"));
const SheetPage = lazy(() => import("./pages/codes/SheetPage"));
const BacktestPage = lazy(() => import("./pages/campaigns/BacktestPage"));
const CampaignPage = lazy(() => import("./pages/campaigns/CampaignPage"));
const WizardPage = lazy(() => import("./pages/campaigns/WizardPage"));
const PasswordModal = lazy(() => import("./ui/PasswordModal"));

/** Pages of one thing: what may be called decides who sees them. */
const inner = [
  { path: "/members/:id", needs: "get_member", Page: MemberPage },
  { path: "/orders/:order", needs: "get_order", Page: OrderPage },
  { path: "/play/:code", needs: "get_game", Page: GamePage },
  { path: "/codes/:code/sheet", needs: "list_codes", Page: SheetPage },
  { path: "/campaigns/new", needs: "put_campaign", Page: WizardPage },
  { path: "/campaigns/:code", needs: "get_campaign", Page: CampaignPage },
  { path: "/campaigns/:code/backtests", needs: "list_campaign_backtests", Page: BacktestPage },
  { path: "/campaigns/:code/edit", needs: "put_campaign", Page: WizardPage },
] as const;

function Brand() {
  const t = useT();
  const { session } = useSession();
  return (
    <Link to="/" className="brand">
      <img src="/icon.svg" alt="" width={30} height={30} />
      <span>
        <strong>{t.product}</strong>
        <small>{session?.tenant_name}</small>
      </span>
    </Link>
  );
}

/** How many requests wait for a second person. */
function useWaiting() {
  const { may } = useSession();
  const query = useApi(
    "listRequests",
    { state: "waiting", limit: 1 },
    { enabled: may("list_requests"), every: 60_000 },
  );
  return query.data?.waiting ?? 0;
}

function SideMenu({ onChosen }: { onChosen?: () => void }) {
  const t = useT();
  const { may } = useSession();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const waiting = useWaiting();
  const items = nav
    .map((e) =>
      isGroup(e)
        ? {
            key: e.key,
            icon: e.icon,
            label: e.label(t),
            children: e.entries.filter((x) => may(x.needs)).map((x) => ({
              key: x.path,
              label:
                x.path === "/requests" ? (
                  <span className="spread">
                    {x.label(t)} <Badge count={waiting} title={x.label(t)} />
                  </span>
                ) : (
                  x.label(t)
                ),
            })),
          }
        : may(e.needs)
          ? { key: e.path, icon: e.icon, label: e.label(t) }
          : null,
    )
    .filter((e) => e !== null && !("children" in e && e.children?.length === 0));
  const chosen = allEntries
    .filter((e) => (e.path === "/" ? pathname === "/" : pathname.startsWith(e.path)))
    .map((e) => e.path);
  return (
    <nav aria-label={t.common.menu}>
      <Menu
        mode="inline"
        items={items}
        selectedKeys={chosen}
        defaultOpenKeys={["desk", "marketing", "analysis", "goods", "settings"]}
        onClick={({ key }) => {
          navigate(key);
          onChosen?.();
        }}
      />
    </nav>
  );
}

function TopBar({ openMenu }: { openMenu?: () => void }) {
  const t = useT();
  const { session, signOut } = useSession();
  const mode = useMode();
  const language = useLanguage();
  const [changing, setChanging] = useState(false);
  return (
    <header className="top">
      {openMenu && <Button type="text" icon={<MenuOutlined />} aria-label={t.common.menu} onClick={openMenu} />}
      {openMenu && <Brand />}
      <span className="fill" />
      <a className="top-link" href="/till">
        {t.nav.till}
      </a>
      <a className="top-link" href="/associate">
        {t.nav.associate}
      </a>
      <Button
        type="text"
        icon={<GlobalOutlined />}
        aria-label={t.common.language}
        onClick={() => setLanguage(language === "en" ? "zh-CN" : "en")}
      >
        {openMenu ? null : t.common.language}
      </Button>
      <Button
        type="text"
        icon={<BulbOutlined />}
        aria-label={mode === "dark" ? t.common.light : t.common.dark}
        onClick={() => setMode(mode === "dark" ? "light" : "dark")}
      />
      <Dropdown
        menu={{
          items: [
            { key: "password", icon: <KeyOutlined />, label: t.password.title, onClick: () => setChanging(true) },
            { key: "out", icon: <LogoutOutlined />, label: t.common.signOut, onClick: () => void signOut() },
          ],
        }}
        trigger={["click"]}
      >
        <button type="button" className="plain who" aria-label={session?.name}>
          <span className="avatar" aria-hidden>
            {(session?.name ?? "?").slice(0, 1).toUpperCase()}
          </span>
          {!openMenu && <span>{session?.name}</span>}
          {!openMenu &&
            session?.roles.map((r) => (
              <Tag key={r} color="green" bordered={false}>
                {t.role[r]}
              </Tag>
            ))}
        </button>
      </Dropdown>
      {changing && (
        <Suspense>
          <PasswordModal close={() => setChanging(false)} />
        </Suspense>
      )}
    </header>
  );
}

function Guarded({ needs, children }: { needs: (typeof allEntries)[number]["needs"]; children: React.ReactNode }) {
  const { may } = useSession();
  if (!may(needs)) return <Failed error={new ApiError({ title: "", status: 403, code: "forbidden_role" }, 0)} />;
  return <>{children}</>;
}

function Pages() {
  const { may } = useSession();
  const first = allEntries.find((e) => may(e.needs));
  return (
    <Suspense
      fallback={
        <div className="waiting">
          <Spin size="large" />
        </div>
      }
    >
      <Routes>
        {allEntries.map((e) => (
          <Route
            key={e.path}
            path={e.path}
            element={
              e.path === "/" && !may(e.needs) && first ? (
                <Navigate to={first.path} replace />
              ) : (
                <Guarded needs={e.needs}>
                  <e.page />
                </Guarded>
              )
            }
          />
        ))}
        {inner.map(({ path, needs, Page }) => (
          <Route
            key={path}
            path={path}
            element={
              <Guarded needs={needs}>
                <Page />
              </Guarded>
            }
          />
        ))}
        <Route path="*" element={<Navigate to="/" replace />} />
      </Routes>
    </Suspense>
  );
}

export function App() {
  const { session, loading } = useSession();
  const wide = Grid.useBreakpoint().lg ?? true;
  const [open, setOpen] = useState(false);
  const t = useT();
  if (loading)
    return (
      <div className="waiting">
        <Spin size="large" />
      </div>
    );
  if (!session) return <SignIn />;
  return (
    <div className={wide ? "frame" : "frame narrow"}>
      <a className="skip" href="#main">
        {t.common.menu}
      </a>
      {wide ? (
        <aside className="side">
          <Brand />
          <SideMenu />
        </aside>
      ) : (
        <Drawer
          open={open}
          onClose={() => setOpen(false)}
          placement="left"
          width={260}
          title={<Brand />}
          styles={{ body: { padding: 8 } }}
        >
          <SideMenu onChosen={() => setOpen(false)} />
        </Drawer>
      )}
      <div className="body">
        <TopBar openMenu={wide ? undefined : () => setOpen(true)} />
        <Pages />
      </div>
    </div>
  );
}
