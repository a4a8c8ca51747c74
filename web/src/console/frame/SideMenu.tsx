// SPDX-License-Identifier: Apache-2.0
// The menu: links, so that a page also opens in another tab. What a hand or the keyboard comes near is fetched ahead.
import { useEffect, useRef, type ReactNode } from "react";
import { Link, NavLink } from "react-router-dom";
import { useApi } from "../../shared/query";
import { useSession } from "../../shared/session";
import { useT } from "../messages";
import { isGroup, nav, type Entry } from "../nav";
import { Icon } from "../ui/Icon";

export function Brand() {
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

function Item({ entry, waiting }: { entry: Entry; waiting: number }) {
  const t = useT();
  const ahead = () => void entry.load();
  return (
    <NavLink className="menu-item" to={entry.path} end={entry.path === "/"} onPointerEnter={ahead} onFocus={ahead}>
      {entry.icon && <Icon of={entry.icon} />}
      <span>{entry.label(t)}</span>
      {entry.path === "/requests" && waiting > 0 && <b className="badge">{waiting > 99 ? "99+" : waiting}</b>}
    </NavLink>
  );
}

export function SideMenu() {
  const t = useT();
  const { may } = useSession();
  const waiting = useWaiting();
  const allowed = (entries: Entry[]) =>
    entries.filter((e) => may(e.needs)).map((e) => <Item key={e.path} entry={e} waiting={waiting} />);
  return (
    <nav aria-label={t.common.menu} className="menu">
      {nav.map((e) => {
        if (!isGroup(e)) return allowed([e]);
        const items = allowed(e.entries);
        return (
          items.length > 0 && (
            <details key={e.key} open>
              <summary>
                <Icon of={e.icon} />
                <span>{e.label(t)}</span>
              </summary>
              {items}
            </details>
          )
        );
      })}
    </nav>
  );
}

/** On a narrow window what stands at the side lies over the page. Esc and a click beside it close it. */
export function Drawer({ open, close, children }: { open: boolean; close: () => void; children: ReactNode }) {
  const t = useT();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) box.current?.showModal();
    else box.current?.close();
  }, [open]);
  return (
    <dialog
      ref={box}
      className="drawer"
      aria-label={t.common.menu}
      onClose={close}
      onClick={(e) => {
        if (e.target === e.currentTarget || (e.target as Element).closest("a")) close();
      }}
    >
      {open && <div className="drawer-in">{children}</div>}
    </dialog>
  );
}
