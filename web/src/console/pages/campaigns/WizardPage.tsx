// SPDX-License-Identifier: Apache-2.0
// A campaign is made in six parts, in any order; what it will say stands beside it all the time.
// Saving makes a version; nothing is given away before somebody moves it on.
import { App, Button, Form, Input, Steps } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useNavigate, useParams } from "react-router-dom";
import { api, type Campaign, type CampaignIn } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { useApi, useWrite } from "../../../shared/query";
import { useT } from "../../messages";
import { useCampaignsT } from "../../messages/campaigns";
import { filled } from "../../ui/fields";
import { Card, Page } from "../../ui/Page";
import { Data, problemText } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { Activity, Audience, Business, Channel, Traits, Trigger, type Typed, type Weekly } from "./parts";
import { sentence } from "./sentence";

type Mechanic = CampaignIn["mechanic"];
const ORDER_LEVEL: Mechanic[] = ["ladder", "amount"];
const seconds = (d: dayjs.Dayjs) => d.hour() * 3600 + d.minute() * 60;

const start: Partial<Record<Mechanic, Partial<Typed>>> = {
  ladder: { steps: [{ at: 10_000, off: 1_000 }] },
  percent: { ppm: 100_000 },
  amount: { amount: 1_000 },
  cheapest: { need: 2, get: 1, ppm: 500_000 },
  buy_get: { need: 2, get: 1, ppm: 1_000_000 },
  n_for: { need: 3, amount: 9_900 },
  gift: { get: 1 },
  points: { ppm: 2_000_000 },
  bundle: { slots: [1, 1] },
};

function bodyOf(v: Typed, version: number): CampaignIn {
  const { code: _code, stores, touchpoints, from, until, weekly, kept, ...rest } = v;
  const weeks = (weekly ?? []).map((w: Weekly) => ({
    kind: "weekly" as const,
    weekdays: w.weekdays as NonNullable<NonNullable<CampaignIn["times"]>[number]["weekdays"]>,
    from_s: w.hours ? seconds(w.hours[0]) : 0,
    until_s: w.hours ? seconds(w.hours[1]) : 86_400,
  }));
  const times = [...weeks, ...(kept?.times ?? [])];
  const places = [
    ...(kept?.places ?? []),
    ...(stores ?? []).map((code) => ({ by: "store" as const, code })),
    ...(touchpoints ?? []).map((code) => ({ by: "touchpoint" as const, code })),
  ];
  return filled({
    ...rest,
    level: rest.level ?? (ORDER_LEVEL.includes(rest.mechanic) ? "order" : "item"),
    expected_version: version,
    from: from?.toISOString(),
    until: until?.toISOString(),
    times: times.length ? times : undefined,
    places: places.length ? places : undefined,
    budget_rule: rest.budget ? (rest.budget_rule ?? "partial") : undefined,
  });
}

/** What the form does not ask goes back as it came. */
function formOf(c: Campaign): Partial<Typed> {
  const {
    code,
    version: _version,
    state: _state,
    versions: _versions,
    live_offer: _live,
    offer: _offer,
    offer_version: _ov,
    made_at: _made,
    figures: _figures,
    places,
    times,
    from,
    until,
    ...rest
  } = c;
  const day = dayjs().startOf("day");
  return {
    ...rest,
    code,
    mechanic: rest.mechanic ?? "percent",
    stores: (places ?? []).filter((p) => p.by === "store").map((p) => p.code!),
    touchpoints: (places ?? []).filter((p) => p.by === "touchpoint").map((p) => p.code!),
    from: from ? dayjs(from) : undefined,
    until: until ? dayjs(until) : undefined,
    kept: {
      times: (times ?? []).filter((x) => x.kind !== "weekly"),
      places: (places ?? []).filter((p) => p.by === "channel"),
    },
    weekly: (times ?? [])
      .filter((x) => x.kind === "weekly")
      .map((x) => ({
        weekdays: x.weekdays ?? [],
        hours: [day.add(x.from_s ?? 0, "second"), day.add(Math.min(x.until_s ?? 86_400, 86_340), "second")],
      })),
  };
}

function Choose({ choose }: { choose: (m: Mechanic) => void }) {
  const m = useCampaignsT();
  return (
    <Card title={m.mechanic}>
      <div className="choices">
        {(Object.keys(m.mechanics) as Mechanic[]).map((key) => (
          <button key={key} type="button" className="plain choice" onClick={() => choose(key)}>
            <strong>{m.mechanics[key]}</strong>
            <span className="soft">{m.mechanicHints[key]}</span>
          </button>
        ))}
      </div>
    </Card>
  );
}

/** Which part a refused field stands in. */
function partOf(field: string): number {
  const name = field.split("/")[1] ?? "";
  if (["audience", "members_only", "first_order", "holdout_ppm"].includes(name)) return 1;
  if (name === "places") return 2;
  if (name === "condition") return 3;
  if (["budget", "budget_rule", "cost_cap", "cap_order", "limits", "funding", "group", "group_rule"].includes(name))
    return 4;
  if (["from", "until", "times", "coupon", "coupon_rule"].includes(name)) return 5;
  return 0;
}

function Wizard({ initial, old }: { initial: Partial<Typed>; old?: Campaign }) {
  const t = useT();
  const m = useCampaignsT();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const list = useListState();
  const part = Math.min(5, Number(list.get("part") ?? 0));
  const [form] = Form.useForm<Typed>();
  const [error, setError] = useState<ApiError | null>(null);
  const typed = (Form.useWatch([], form) ?? initial) as Partial<Typed>;
  const go = (n: number) => list.set({ part: n ? String(n) : undefined });
  const write = useWrite(
    (v: Typed) => api.putCampaign({ code: old?.code ?? v.code }, bodyOf(v, old?.version ?? 0)),
    (r) => {
      message.success(m.saved2);
      navigate(`/campaigns/${r.code}`);
    },
  );
  const save = () => {
    setError(null);
    const all = { ...initial, ...(form.getFieldsValue(true) as Typed) } as Typed;
    write.mutate([all], {
      onError: (e) => {
        setError(e);
        if (e.problem.field) go(partOf(e.problem.field));
        message.error(problemText(e, t));
      },
    });
  };
  const parts = [
    <Activity key="0" />,
    <Audience key="1" form={form} error={error} />,
    <Channel key="2" />,
    <Traits key="3" form={form} error={error} />,
    <Business key="4" />,
    <Trigger key="5" />,
  ];
  return (
    <Form form={form} layout="vertical" initialValues={initial} onFinish={save} scrollToFirstError>
      <Form.Item name="mechanic" hidden>
        <Input />
      </Form.Item>
      <div className="wizard">
        <Card>
          <Steps
            direction="vertical"
            size="small"
            current={part}
            onChange={go}
            items={m.parts.map((title, i) => ({
              title,
              description: m.partHints[i],
              status: i === part ? "process" : "wait",
            }))}
          />
        </Card>
        <div className="grid">
          <Card>
            <div className="row form-row">
              {!old && (
                <Form.Item
                  name="code"
                  label={m.code}
                  rules={[
                    { required: true, pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]{0,55}$/, message: t.common.required },
                  ]}
                >
                  <Input style={{ width: 180 }} />
                </Form.Item>
              )}
              <Form.Item name="name" label={m.name} style={{ flex: 1, minWidth: 200 }}>
                <Input maxLength={60} />
              </Form.Item>
            </div>
            <p className="sentence" role="status" aria-label={m.summary}>
              {sentence(typed as Partial<CampaignIn>, m)}
            </p>
          </Card>
          <Card title={m.parts[part]}>
            {parts.map((x, i) => (
              <div key={i} hidden={i !== part}>
                {x}
              </div>
            ))}
          </Card>
          <div className="spread">
            <Button disabled={part === 0} onClick={() => go(part - 1)}>
              {m.back}
            </Button>
            <span className="row">
              {part < 5 && <Button onClick={() => go(part + 1)}>{m.next}</Button>}
              <Button type="primary" htmlType="submit" loading={write.isPending}>
                {m.save}
              </Button>
            </span>
          </div>
        </div>
      </div>
    </Form>
  );
}

function Edit({ code }: { code: string }) {
  const query = useApi("getCampaign", { code });
  return <Data query={query}>{(c) => <Wizard initial={formOf(c)} old={c} />}</Data>;
}

export default function WizardPage() {
  const m = useCampaignsT();
  const { code } = useParams();
  const list = useListState();
  const kind = list.get("mechanic") as Mechanic | undefined;
  const title = code ? `${m.title} · ${code}` : m.add;
  return (
    <Page title={title}>
      {code ? (
        <Edit code={code} />
      ) : kind ? (
        <Wizard initial={{ mechanic: kind, ...start[kind] } as Partial<Typed>} />
      ) : (
        <Choose choose={(mechanic) => list.set({ mechanic })} />
      )}
    </Page>
  );
}
