// SPDX-License-Identifier: Apache-2.0
// The staff's sign-in: console, till and associate page alike. It needs none of the component library.
import { useState, type FormEvent } from "react";
import { api } from "../api/client.gen";
import { ApiError } from "../api/http";
import { useT } from "../console/messages";
import { setLanguage, useLanguage } from "./language";
import { useSession } from "./session";
import "./signin.css";

type Field = "user" | "password";

export function SignIn() {
  const t = useT();
  const language = useLanguage();
  const { take } = useSession();
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const [empty, setEmpty] = useState<Field | null>(null);
  const [shown, setShown] = useState(false);
  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    if (busy) return;
    const typed = new FormData(e.currentTarget);
    const user = String(typed.get("user")).trim();
    const password = String(typed.get("password"));
    const missing = user ? (password ? null : "password") : "user";
    setEmpty(missing);
    setError(null);
    if (missing) {
      document.getElementById(missing)?.focus();
      return;
    }
    setBusy(true);
    try {
      take(await api.postSession({}, { user, password }));
    } catch (wrong) {
      if (!(wrong instanceof ApiError)) throw wrong;
      setError(wrong);
    } finally {
      setBusy(false);
    }
  };
  const text =
    error &&
    (error.problem.status === 429
      ? t.signIn.blocked(error.retryAfter)
      : error.problem.status === 0
        ? t.state.offline
        : t.signIn.failed);
  return (
    <div className="signin">
      <section className="signin-art" aria-hidden>
        <img src="/icon.svg" alt="" width={88} height={88} />
        <p>{t.product}</p>
        <span>{t.slogan}</span>
      </section>
      <main className="signin-box">
        <div className="spread">
          <h1>{t.signIn.title}</h1>
          <button
            type="button"
            className="plain tool"
            onClick={() => setLanguage(language === "en" ? "zh-CN" : "en")}
          >
            {t.common.language}
          </button>
        </div>
        {text && (
          <p className="wrong-box" role="alert">
            {text}
          </p>
        )}
        <form onSubmit={(e) => void submit(e)} noValidate>
          <label htmlFor="user">{t.signIn.user}</label>
          <input
            id="user"
            name="user"
            autoFocus
            autoComplete="username"
            autoCapitalize="none"
            placeholder={t.signIn.userHint}
            aria-invalid={empty === "user"}
          />
          {empty === "user" && <small role="alert">{t.common.required}</small>}
          <label htmlFor="password">{t.signIn.password}</label>
          <span className="secret">
            <input
              id="password"
              name="password"
              type={shown ? "text" : "password"}
              autoComplete="current-password"
              aria-invalid={empty === "password"}
            />
            <button type="button" className="plain" aria-pressed={shown} onClick={() => setShown(!shown)}>
              {t.signIn.show}
            </button>
          </span>
          {empty === "password" && <small role="alert">{t.common.required}</small>}
          <button type="submit" className="button" aria-busy={busy}>
            {t.signIn.submit}
          </button>
        </form>
      </main>
    </div>
  );
}
