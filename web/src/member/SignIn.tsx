// SPDX-License-Identifier: Apache-2.0
// The first thing that a shopper loads: plain elements, no library of fields.
import { useEffect, useState } from "react";
import { api } from "../api/client.gen";
import { ApiError } from "../api/http";
import { useSession } from "../shared/session";
import { useT } from "./messages";
import { place } from "./place";

export function SignIn() {
  const t = useT();
  const { take } = useSession();
  const [phone, setPhone] = useState(sessionStorage.getItem("phone") ?? "");
  const [code, setCode] = useState("");
  const [wait, setWait] = useState(0);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    if (wait <= 0) return undefined;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);
  const say = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    const { status } = e.problem;
    setWrong(
      status === 0
        ? t.common.offline
        : status === 429
          ? t.signIn.blocked
          : status === 401
            ? t.signIn.wrong
            : t.signIn.phoneWrong,
    );
  };
  const send = async () => {
    setWrong("");
    try {
      await api.postSessionCode({}, { tenant: place.tenant, phone });
      sessionStorage.setItem("phone", phone);
      setWait(30);
    } catch (e) {
      say(e);
    }
  };
  const submit = async () => {
    setBusy(true);
    setWrong("");
    try {
      take(await api.postSessionMember({}, { tenant: place.tenant, phone, code, touchpoint: place.touchpoint }));
    } catch (e) {
      say(e);
    } finally {
      setBusy(false);
    }
  };
  const phoneOk = /^\+?\d[\d ]{6,16}$/.test(phone);
  return (
    <main className="welcome">
      <img src="/icon.svg" alt="" width={76} height={76} />
      <h1>{t.signIn.title}</h1>
      <form
        className="sign-in"
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <label>
          <span>{t.signIn.phone}</span>
          <input
            id="phone"
            type="tel"
            value={phone}
            onChange={(e) => setPhone(e.target.value)}
            autoComplete="tel"
          />
        </label>
        <label>
          <span>{t.signIn.code}</span>
          <input
            id="code"
            inputMode="numeric"
            maxLength={6}
            value={code}
            onChange={(e) => setCode(e.target.value)}
            autoComplete="one-time-code"
          />
        </label>
        <button type="button" className="send" disabled={!phoneOk || wait > 0} onClick={() => void send()}>
          {wait > 0 ? t.signIn.wait(wait) : t.signIn.send}
        </button>
        {wrong && (
          <p className="minus" role="alert">
            {wrong}
          </p>
        )}
        <button type="submit" className="go" disabled={busy || !phoneOk || code.length !== 6}>
          {t.signIn.submit}
        </button>
      </form>
      <p className="soft">{t.signIn.agree}</p>
      <p className="soft">
        {t.signIn.demo}{" "}
        <a href="#inbox" target="_blank" rel="noreferrer">
          {t.signIn.inbox}
        </a>
      </p>
    </main>
  );
}
