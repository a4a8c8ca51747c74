// SPDX-License-Identifier: Apache-2.0
// What we know, why, what she gets for it; what she agreed to. Changes count at once.
import { Button, Dialog, Input, List, Selector, Switch, Toast } from "antd-mobile";
import { useState } from "react";
import { api, type Attribute, type AttributeView, type Member, type Purpose } from "../api/client.gen";
import type { Json } from "../api/http";
import { count, date, money } from "../shared/format";
import { setLanguage, useLanguage } from "../shared/language";
import { useAttributeName, useNs } from "../shared/ns";
import { useApi, useWrite } from "../shared/query";
import { useSession } from "../shared/session";
import { setMode, useMode } from "../shared/theme";
import { useT } from "./messages";
import { MyData } from "./MyData";

function Consent({ me, purpose }: { me: Member; purpose: Purpose }) {
  const t = useT();
  const newest = (me.consents ?? [])
    .filter((c) => c.purpose === purpose.code)
    .sort((a, b) => (b.occurred_at ?? "").localeCompare(a.occurred_at ?? ""))[0];
  const write = useWrite(
    (on: boolean) =>
      api.postMyConsent(
        {},
        {
          purpose: purpose.code,
          state: on ? "granted" : "withdrawn",
          text_version: purpose.text_version,
          person_wide: true,
        },
      ),
    () => Toast.show(t.me.saved),
  );
  return (
    <List.Item
      extra={
        <Switch
          aria-label={purpose.text}
          checked={newest?.state === "granted"}
          loading={write.isPending}
          onChange={(on) => write.mutate([on], { onError: () => Toast.show(t.common.error) })}
        />
      }
      description={newest && t.me.said[newest.state](date(newest.occurred_at))}
    >
      {purpose.text}
    </List.Item>
  );
}

function Editor({ a, done }: { a: Attribute; done: (v: Json) => void }) {
  const [text, setText] = useState("");
  if (a.type === "choice" || a.type === "bool") {
    const options =
      a.type === "bool"
        ? [
            { label: "✓", value: "true" },
            { label: "✗", value: "false" },
          ]
        : (a.choices ?? []).map((c) => ({ label: c, value: c }));
    return (
      <Selector
        options={options}
        onChange={([v]) => v !== undefined && done(a.type === "bool" ? v === "true" : v)}
      />
    );
  }
  return (
    <Input
      type={a.type === "date" ? "date" : a.type === "int" ? "number" : "text"}
      value={text}
      onChange={(v) => {
        setText(v);
        done(a.type === "int" ? Number(v) : v);
      }}
      aria-label={a.benefit}
    />
  );
}

function Known({ a, view, why }: { a: Attribute; view?: AttributeView; why?: string }) {
  const name = useAttributeName();
  const t = useT();
  const write = useWrite(
    (value: Json) => api.patchMyAttributes({}, { attributes: { [a.code]: value } }),
    () => Toast.show(t.me.saved),
  );
  const save = (value: Json) =>
    write.mutate([value], { onError: (e) => Toast.show(e.problem.detail ?? t.common.error) });
  const edit = () => {
    let typed: Json = null;
    void Dialog.confirm({
      title: a.benefit,
      content: (
        <Editor
          a={a}
          done={(v) => {
            typed = v;
          }}
        />
      ),
      confirmText: t.common.save,
      cancelText: t.common.cancel,
      onConfirm: () => {
        if (typed !== null && typed !== "") save(typed);
      },
    });
  };
  return (
    <List.Item
      description={
        <>
          {t.me.get}：{a.benefit}
          {why && (
            <>
              <br />
              {t.me.why}：{why}
            </>
          )}
          {view?.source && (
            <>
              <br />
              {t.me.sources[view.source]}
              {view.at && ` · ${date(view.at)}`}
            </>
          )}
        </>
      }
      extra={
        view ? (
          <Button size="mini" fill="none" onClick={() => save(null)}>
            {t.me.takeBack}
          </Button>
        ) : (
          <Button size="mini" color="primary" fill="outline" onClick={edit}>
            {t.me.tell}
          </Button>
        )
      }
    >
      {name(a.code)} <b>{view ? String(view.value) : <span className="soft">{t.me.notTold}</span>}</b>
    </List.Item>
  );
}

export function MeTab({ me }: { me: Member }) {
  const t = useT();
  const ns = useNs();
  const language = useLanguage();
  const dark = useMode() === "dark";
  const { signOut } = useSession();
  const purposes = useApi("listPurposes", { limit: 100 });
  const attributes = useApi("listAttributes", { limit: 100 });
  const told = (me.attributes ?? {}) as Record<string, AttributeView>;
  return (
    <>
      <header className="bar">
        <h1>{t.me.title}</h1>
      </header>
      <List header={t.me.consents + " · " + t.me.consentHint}>
        {(purposes.data?.items ?? []).map((p) => (
          <Consent key={p.code} me={me} purpose={p} />
        ))}
      </List>
      <List header={t.me.know}>
        <List.Item extra={date(me.first_seen)}>{t.me.since}</List.Item>
        {me.last_seen && <List.Item extra={date(me.last_seen)}>{t.me.last}</List.Item>}
        <List.Item onClick={() => (location.hash = "visits")} description={t.me.visitsHint}>
          {t.me.visits}
        </List.Item>
        {me.orders && (
          <List.Item extra={money(me.orders.spend)} onClick={() => (location.hash = "orders")}>
            {t.me.bought(count(me.orders.count))}
          </List.Item>
        )}
        {(me.roles ?? []).map((r) => (
          <List.Item key={r.number} extra={r.birth_month}>
            {t.me.roles[r.role]} · {t.me.subjects[r.subject]}
          </List.Item>
        ))}
        {(me.devices ?? []).length > 0 && (
          <List.Item extra={count(me.devices!.length)} description={t.me.devicesHint}>
            {t.me.devices}
          </List.Item>
        )}
        <List.Item description={me.identifiers.map((i) => `${ns(i.ns)} ${i.value ?? ""}`).join(" · ")}>
          {t.me.identities}
        </List.Item>
        {(attributes.data?.items ?? []).map((a) => (
          <Known
            key={a.code}
            a={a}
            view={told[a.code]}
            why={purposes.data?.items.find((p) => p.code === a.purpose)?.text}
          />
        ))}
      </List>
      <MyData />
      <List>
        <List.Item
          onClick={() => (location.hash = "forget")}
          description={me.erasure?.state === "waiting" ? t.me.forgetAsked(date(me.erasure.asked_at)) : t.me.forgetHint}
        >
          {t.me.forget}
        </List.Item>
        <List.Item onClick={() => setLanguage(language === "en" ? "zh-CN" : "en")}>{t.me.language}</List.Item>
        <List.Item
          extra={<Switch aria-label={t.me.dark} checked={dark} onChange={(on) => setMode(on ? "dark" : "light")} />}
        >
          {t.me.dark}
        </List.Item>
        <List.Item onClick={() => void signOut()}>{t.me.signOut}</List.Item>
      </List>
    </>
  );
}
