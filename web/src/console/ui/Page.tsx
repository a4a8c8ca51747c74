// SPDX-License-Identifier: Apache-2.0
import { useEffect, type ReactNode } from "react";

/** What Ant Design leaves out for the keyboard and for screen readers. */
function complete(page: HTMLElement) {
  // a table that scrolls sideways is reached by the keyboard
  for (const box of page.querySelectorAll<HTMLElement>(".ant-table-content, .ant-table-body"))
    if (box.tabIndex !== 0) box.tabIndex = 0;
  // the button for tabs that do not fit stands beside the list of tabs, not in it
  for (const nav of page.querySelectorAll(".ant-tabs-nav[role=tablist]")) {
    nav.removeAttribute("role");
    nav.removeAttribute("aria-orientation");
    nav.querySelector(".ant-tabs-nav-list")?.setAttribute("role", "tablist");
  }
}

function useComplete() {
  useEffect(() => {
    const watch = new MutationObserver(() => complete(document.body));
    watch.observe(document.body, { childList: true, subtree: true });
    complete(document.body);
    return () => watch.disconnect();
  }, []);
}

export function Page({ title, extra, children }: { title: string; extra?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · 通宝`;
  }, [title]);
  useComplete();
  return (
    <main id="main" className="page" tabIndex={-1}>
      <div className="spread page-head">
        <h1>{title}</h1>
        <div className="row">{extra}</div>
      </div>
      {children}
    </main>
  );
}

export function Card({
  title,
  extra,
  children,
  className = "",
}: {
  title?: string;
  extra?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={`card ${className}`} aria-label={title}>
      {(title || extra) && (
        <div className="spread card-head">
          {title && <h2>{title}</h2>}
          {extra}
        </div>
      )}
      {children}
    </section>
  );
}
