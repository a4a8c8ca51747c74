// SPDX-License-Identifier: Apache-2.0
import { Button, Form, Input, Toast } from "antd-mobile";
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
  useEffect(() => {
    if (wait <= 0) return undefined;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);
  const say = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    const { status } = e.problem;
    Toast.show(
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
      <Form
        layout="horizontal"
        onFinish={() => void submit()}
        footer={
          <Button
            block
            color="primary"
            size="large"
            type="submit"
            loading={busy}
            disabled={!phoneOk || code.length !== 6}
          >
            {t.signIn.submit}
          </Button>
        }
      >
        <Form.Item label={t.signIn.phone}>
          <Input
            id="phone"
            aria-label={t.signIn.phone}
            type="tel"
            value={phone}
            onChange={setPhone}
            autoComplete="tel"
          />
        </Form.Item>
        <Form.Item
          label={t.signIn.code}
          extra={
            <Button
              size="small"
              fill="none"
              color="primary"
              disabled={!phoneOk || wait > 0}
              onClick={() => void send()}
            >
              {wait > 0 ? t.signIn.wait(wait) : t.signIn.send}
            </Button>
          }
        >
          <Input
            id="code"
            aria-label={t.signIn.code}
            inputMode="numeric"
            maxLength={6}
            value={code}
            onChange={setCode}
            autoComplete="one-time-code"
          />
        </Form.Item>
      </Form>
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
