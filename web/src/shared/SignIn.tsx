// SPDX-License-Identifier: Apache-2.0
// The staff's sign-in: console, till and associate page alike.
import { Alert, Button, Form, Input } from "antd";
import { useState } from "react";
import { api } from "../api/client.gen";
import { ApiError } from "../api/http";
import { useT } from "../console/messages";
import { setLanguage, useLanguage } from "./language";
import { useSession } from "./session";
import "./signin.css";

export function SignIn() {
  const t = useT();
  const language = useLanguage();
  const { take } = useSession();
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (v: { user: string; password: string }) => {
    setBusy(true);
    setError(null);
    try {
      take(await api.postSession({}, { user: v.user.trim(), password: v.password }));
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      setError(e);
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
          <Button type="text" onClick={() => setLanguage(language === "en" ? "zh-CN" : "en")}>
            {t.common.language}
          </Button>
        </div>
        {text && <Alert type="error" message={text} showIcon role="alert" />}
        <Form layout="vertical" size="large" requiredMark={false} onFinish={submit}>
          <Form.Item name="user" label={t.signIn.user} rules={[{ required: true, message: t.common.required }]}>
            <Input autoFocus autoComplete="username" placeholder={t.signIn.userHint} />
          </Form.Item>
          <Form.Item
            name="password"
            label={t.signIn.password}
            rules={[{ required: true, message: t.common.required }]}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t.signIn.submit}
          </Button>
        </Form>
      </main>
    </div>
  );
}
