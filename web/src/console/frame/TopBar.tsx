// SPDX-License-Identifier: Apache-2.0
// Language, light or dark, and who is signed in.
import BulbOutlined from "@ant-design/icons-svg/es/asn/BulbOutlined";
import GlobalOutlined from "@ant-design/icons-svg/es/asn/GlobalOutlined";
import KeyOutlined from "@ant-design/icons-svg/es/asn/KeyOutlined";
import LogoutOutlined from "@ant-design/icons-svg/es/asn/LogoutOutlined";
import MenuOutlined from "@ant-design/icons-svg/es/asn/MenuOutlined";
import { lazy, Suspense, useState } from "react";
import { setLanguage, useLanguage } from "../../shared/language";
import { useSession } from "../../shared/session";
import { setMode, useMode } from "../../shared/theme";
import { useT } from "../messages";
import { Icon } from "../ui/Icon";
import { Answers } from "./Answers";
import { Brand } from "./SideMenu";
import { useOpen } from "./useOpen";

const Password = lazy(() => import("./Password"));

function Who({ short, changePassword }: { short: boolean; changePassword: () => void }) {
  const t = useT();
  const { session, signOut } = useSession();
  const { open, setOpen, box } = useOpen();
  const act = (run: () => void) => () => {
    setOpen(false);
    run();
  };
  return (
    <div className="who-box" ref={box}>
      <button
        type="button"
        className="plain who"
        aria-label={session?.name}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className="avatar" aria-hidden>
          {(session?.name ?? "?").slice(0, 1).toUpperCase()}
        </span>
        {!short && <span>{session?.name}</span>}
        {!short &&
          session?.roles.map((r) => (
            <span className="pill" key={r}>
              {t.role[r]}
            </span>
          ))}
      </button>
      {open && (
        <div role="menu" className="who-menu">
          <button type="button" role="menuitem" className="plain" onClick={act(changePassword)}>
            <Icon of={KeyOutlined} /> {t.password.title}
          </button>
          <button type="button" role="menuitem" className="plain" onClick={act(() => void signOut())}>
            <Icon of={LogoutOutlined} /> {t.common.signOut}
          </button>
        </div>
      )}
    </div>
  );
}

export function TopBar({ openMenu }: { openMenu?: () => void }) {
  const t = useT();
  const mode = useMode();
  const language = useLanguage();
  const [password, setPassword] = useState<"never" | "open" | "closed">("never");
  const short = openMenu !== undefined;
  return (
    <header className="top">
      {short && (
        <button type="button" className="plain tool" aria-label={t.common.menu} onClick={openMenu}>
          <Icon of={MenuOutlined} />
        </button>
      )}
      {short && <Brand />}
      <span className="fill" />
      <a className="top-link" href="/till">
        {t.nav.till}
      </a>
      <a className="top-link" href="/associate">
        {t.nav.associate}
      </a>
      <button
        type="button"
        className="plain tool"
        aria-label={t.common.language}
        onClick={() => setLanguage(language === "en" ? "zh-CN" : "en")}
      >
        <Icon of={GlobalOutlined} /> {!short && t.common.language}
      </button>
      <button
        type="button"
        className="plain tool"
        aria-label={mode === "dark" ? t.common.light : t.common.dark}
        onClick={() => setMode(mode === "dark" ? "light" : "dark")}
      >
        <Icon of={BulbOutlined} />
      </button>
      <Answers />
      <Who short={short} changePassword={() => setPassword("open")} />
      {password !== "never" && (
        <Suspense>
          <Password open={password === "open"} close={() => setPassword("closed")} />
        </Suspense>
      )}
    </header>
  );
}
