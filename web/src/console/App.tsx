// SPDX-License-Identifier: Apache-2.0
// Frame and pages. The first page and the frame are drawn without the component library; it comes with the others.
import { lazy, Suspense, useState, useSyncExternalStore, type ReactNode } from "react";
import { matchPath, Navigate, Route, Routes, useLocation } from "react-router-dom";
import { ApiError } from "../api/http";
import { useSession } from "../shared/session";
import { SignIn } from "../shared/SignIn";
import { Brand, Drawer, SideMenu } from "./frame/SideMenu";
import { TopBar } from "./frame/TopBar";
import { useT } from "./messages";
import { allEntries, page, type Entry } from "./nav";
import { Failed, Waiting } from "./ui/State";
import "./console.css";

const loadAnt = () => import("./frame/Ant");
const Ant = lazy(loadAnt);
const wizard = page(() => import("./pages/campaigns/WizardPage"));

/** Pages of one thing: what may be called decides who sees them. */
const inner = [
  { path: "/members/:id", needs: "get_member", ...page(() => import("./pages/member/MemberPage")) },
  { path: "/orders/:order", needs: "get_order", ...page(() => import("./pages/OrderPage")) },
  { path: "/play/:code", needs: "get_game", ...page(() => import("./pages/play/GamePage")) },
  { path: "/codes/:code/sheet", needs: "list_codes", ...page(() => import("./pages/codes/SheetPage")) },
  { path: "/campaigns/new", needs: "put_campaign", ...wizard },
  { path: "/campaigns/:code", needs: "get_campaign", ...page(() => import("./pages/campaigns/CampaignPage")) },
  {
    path: "/campaigns/:code/backtests",
    needs: "list_campaign_backtests",
    ...page(() => import("./pages/campaigns/BacktestPage")),
  },
  { path: "/campaigns/:code/edit", needs: "put_campaign", ...wizard },
] as const;

const FIRST = "/";

/** What the address asks for is fetched while the server still looks who is signed in. */
export function fetchAhead(pathname: string) {
  if (pathname !== FIRST) void loadAnt();
  void [...allEntries, ...inner].find((e) => matchPath(e.path, pathname))?.load();
}

const WIDE = matchMedia("(min-width: 992px)");
const useWide = () =>
  useSyncExternalStore(
    (f) => {
      WIDE.addEventListener("change", f);
      return () => WIDE.removeEventListener("change", f);
    },
    () => WIDE.matches,
  );

function Guarded({ needs, children }: { needs: Entry["needs"]; children: ReactNode }) {
  const { may } = useSession();
  if (!may(needs)) return <Failed error={new ApiError({ title: "", status: 403, code: "forbidden_role" }, 0)} />;
  return <>{children}</>;
}

const route = ({ path, needs, Page }: Pick<Entry, "path" | "needs" | "Page">) => (
  <Route
    key={path}
    path={path}
    element={
      <Guarded needs={needs}>
        <Page />
      </Guarded>
    }
  />
);

/** data-path says which page is shown: one that is being fetched leaves the one before it in place. */
function Pages() {
  const { may } = useSession();
  const { pathname } = useLocation();
  const first = allEntries.find((e) => may(e.needs));
  const today = allEntries.find((e) => e.path === FIRST)!;
  return (
    <div data-path={pathname}>
      <Suspense fallback={<Waiting />}>
        <Routes>
          {may(today.needs) || !first ? (
            route(today)
          ) : (
            <Route path={FIRST} element={<Navigate to={first.path} replace />} />
          )}
          <Route element={<Ant />}>
            {allEntries.filter((e) => e !== today).map(route)}
            {inner.map(route)}
          </Route>
          <Route path="*" element={<Navigate to={FIRST} replace />} />
        </Routes>
      </Suspense>
    </div>
  );
}

export function App() {
  const { session, loading } = useSession();
  const wide = useWide();
  const [open, setOpen] = useState(false);
  const t = useT();
  if (loading) return <Waiting />;
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
        <Drawer open={open} close={() => setOpen(false)}>
          <Brand />
          <SideMenu />
        </Drawer>
      )}
      <div className="body">
        <TopBar openMenu={wide ? undefined : () => setOpen(true)} />
        <Pages />
      </div>
    </div>
  );
}
