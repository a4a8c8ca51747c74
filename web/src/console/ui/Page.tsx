// SPDX-License-Identifier: Apache-2.0
import { useEffect, type ReactNode } from "react";

export function Page({ title, extra, children }: { title: string; extra?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · 通宝`;
  }, [title]);
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
