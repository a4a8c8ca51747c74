// SPDX-License-Identifier: Apache-2.0
// A game is declared: odds that add up, a ladder, a card, a task. What an opened draw keeps is the
// server's to say; this form only shows it early.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, App, Button, DatePicker, Drawer, Form, Input, InputNumber, Switch } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { api, type Game, type GameIn, type PrizeIn, type RewardIn } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { percentPpm } from "../../../shared/format";
import { slicesOf, Wheel } from "../../../shared/Wheel";
import { useWrite } from "../../../shared/query";
import { useT } from "../../messages";
import { usePlayT } from "../../messages/play";
import { Select } from "../../ui/Select";
import { problemText } from "../../ui/State";
import { Expression } from "../settings/Expression";
import { useUnits } from "./units";

const PPM = 1_000_000;
const GIVEN = ["points", "qualifying", "stored_value", "coupon"] as const;

interface TypedPrize extends Omit<PrizeIn, "ppm"> {
  percent: number;
}
interface Typed extends Omit<GameIn, "prizes" | "from" | "until"> {
  code: string;
  prizes?: TypedPrize[];
  from?: Dayjs;
  until?: Dayjs;
}

const ppmOf = (percent: number | undefined) => Math.round((percent ?? 0) * 10_000);
const drop = <T extends object>(o: T): T =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && v !== null && v !== "")) as T;

function bodyOf(v: Typed, kind: Game["kind"], version: number): GameIn {
  const { code: _code, prizes, from, until, rewards, ...rest } = v;
  return drop({
    ...rest,
    kind,
    expected_version: version,
    from: from?.toISOString(),
    until: until?.toISOString(),
    prizes: prizes?.map(({ percent, ...p }) =>
      drop({ ...p, ppm: ppmOf(percent), amount: p.unit ? (p.amount ?? 1) : undefined }),
    ),
    rewards: rewards && ladder(rewards),
  });
}

/** Steps are days 1, 2, 3 ... in the order of the form; milestones keep their own place. */
function ladder(rewards: RewardIn[]): RewardIn[] {
  const steps = rewards.filter((r) => r.kind === "step").map((r, i) => ({ ...r, at: i + 1 }));
  const miles = rewards.filter((r) => r.kind === "milestone").sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  return [...steps, ...miles].map(drop);
}

function formOf(g: Game): Partial<Typed> {
  return {
    ...g,
    prizes: g.prizes.map(({ ppm, given: _given, ...p }) => ({ ...p, percent: ppm / 10_000 })),
    from: g.from ? dayjs(g.from) : undefined,
    until: g.until ? dayjs(g.until) : undefined,
  };
}

const fresh: Record<Game["kind"], Partial<Typed>> = {
  draw: {
    cost_unit: "points",
    cost: 100,
    free_day: 0,
    per_day: 3,
    fallback: "thanks",
    prizes: [{ code: "thanks", name: "谢谢参与", percent: 100 }],
  },
  checkin: {
    rewards: [1, 2, 3, 4, 5, 6, 7].map((at) => ({ kind: "step", at, unit: "points", amount: at === 7 ? 20 : 5 })),
  },
  stamps: { size: 6, rewards: [{ kind: "milestone", at: 6, unit: "points", amount: 100 }] },
  task: { period: "day", per_member: 1, rewards: [{ kind: "step", at: 1, unit: "points", amount: 10 }] },
} as Record<Game["kind"], Partial<Typed>>;

function Amount({ name, label, hint, max }: { name: string; label: string; hint?: string; max?: number }) {
  return (
    <Form.Item name={name} label={label} extra={hint}>
      <InputNumber min={0} max={max} precision={0} style={{ width: 150 }} />
    </Form.Item>
  );
}

function Prizes({ locked }: { locked: boolean }) {
  const t = useT();
  const p = usePlayT();
  const units = useUnits(GIVEN);
  const form = Form.useFormInstance<Typed>();
  const prizes = Form.useWatch("prizes", form) ?? [];
  const fallback = Form.useWatch("fallback", form);
  const total = prizes.reduce((n, x) => n + ppmOf(x?.percent), 0);
  const fill = () => {
    const others = prizes.filter((x) => x?.code !== fallback).reduce((n, x) => n + ppmOf(x?.percent), 0);
    form.setFieldsValue({
      prizes: prizes.map((x) => (x?.code === fallback ? { ...x, percent: Math.max(0, PPM - others) / 10_000 } : x)),
    });
  };
  return (
    <>
      <h3 className="form-part">{p.odds}</h3>
      <Form.List name="prizes">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="prize-row" key={f.key}>
                <Form.Item name={[f.name, "code"]} rules={[{ required: true, message: t.common.required }]}>
                  <Input placeholder={p.code} aria-label={p.code} disabled={locked} />
                </Form.Item>
                <Form.Item name={[f.name, "name"]}>
                  <Input placeholder={t.common.name} aria-label={t.common.name} maxLength={30} />
                </Form.Item>
                <Form.Item name={[f.name, "percent"]} rules={[{ required: true, message: t.common.required }]}>
                  <InputNumber
                    placeholder={p.share}
                    aria-label={p.share}
                    min={0}
                    max={100}
                    precision={4}
                    addonAfter="%"
                    disabled={locked}
                  />
                </Form.Item>
                <Form.Item name={[f.name, "unit"]}>
                  <Select
                    allowClear
                    placeholder={p.nothing}
                    aria-label={p.unit}
                    options={units.options}
                    disabled={locked}
                  />
                </Form.Item>
                <Form.Item name={[f.name, "amount"]}>
                  <InputNumber
                    placeholder={p.amount}
                    aria-label={p.amount}
                    min={0}
                    precision={0}
                    disabled={locked}
                  />
                </Form.Item>
                <Form.Item name={[f.name, "stock"]}>
                  <InputNumber
                    placeholder={`${p.stock} (${p.stockHint})`}
                    aria-label={p.stock}
                    min={0}
                    precision={0}
                  />
                </Form.Item>
                <Form.Item name={[f.name, "per_member"]}>
                  <InputNumber
                    placeholder={p.perMember}
                    aria-label={p.perMember}
                    min={0}
                    precision={0}
                    disabled={locked}
                  />
                </Form.Item>
                <Form.Item name={[f.name, "value"]}>
                  <InputNumber placeholder={p.value} aria-label={p.value} min={0} precision={0} disabled={locked} />
                </Form.Item>
                {!locked && (
                  <Button
                    type="text"
                    icon={<MinusCircleOutlined />}
                    aria-label={t.common.cancel}
                    onClick={() => remove(f.name)}
                  />
                )}
              </div>
            ))}
            <div className="row">
              {!locked && (
                <Button icon={<PlusOutlined />} onClick={() => add({ percent: 0 })}>
                  {p.addPrize}
                </Button>
              )}
              {!locked && total !== PPM && <Button onClick={fill}>{p.rest}</Button>}
              <span className={total === PPM ? "soft" : "wrong"} role="status">
                {p.sum(percentPpm(total))}
                {total < PPM && ` · ${p.sumShort(percentPpm(PPM - total))}`}
                {total > PPM && ` · ${p.sumOver(percentPpm(total - PPM))}`}
              </span>
            </div>
          </>
        )}
      </Form.List>
      {total === PPM && (
        <div style={{ maxWidth: 260, margin: "12px auto" }}>
          <Wheel
            label={p.odds}
            slices={slicesOf(prizes.map((x) => ({ ...x, code: x?.code ?? "", ppm: ppmOf(x?.percent) })))}
          />
        </div>
      )}
    </>
  );
}

function DrawFields({ locked }: { locked: boolean }) {
  const p = usePlayT();
  const units = useUnits(["points", "stored_value"]);
  const form = Form.useFormInstance<Typed>();
  const prizes = (Form.useWatch("prizes", form) ?? []).filter((x) => x?.code);
  const options = prizes.map((x) => ({ value: x.code, label: x.name || x.code }));
  return (
    <>
      <div className="row form-row">
        <Form.Item name="cost_unit" label={p.costUnit}>
          <Select allowClear options={units.options} style={{ width: 190 }} disabled={locked} />
        </Form.Item>
        <Amount name="cost" label={p.cost} />
        <Amount name="free_day" label={p.freeDay} max={1000} />
        <Amount name="per_day" label={p.perDay} hint={p.unlimited} max={100_000} />
        <Amount name="per_member" label={p.perMemberEver} hint={p.unlimited} />
      </div>
      <Prizes locked={locked} />
      <div className="row form-row" style={{ marginTop: 16 }}>
        <Form.Item name="fallback" label={p.fallback} tooltip={p.fallbackHint}>
          <Select options={options} style={{ width: 190 }} disabled={locked} />
        </Form.Item>
        <Form.Item name="pity" label={p.pity}>
          <Select allowClear options={options} style={{ width: 190 }} disabled={locked} />
        </Form.Item>
        <Amount name="pity_after" label={p.pityAfter} hint={p.unlimited} max={PPM} />
      </div>
      <div className="row form-row">
        <Form.Item name="odds_hidden" label={p.hiddenOdds} valuePropName="checked">
          <Switch disabled={locked} />
        </Form.Item>
        <Form.Item name="for_sharing" label={p.forSharing} valuePropName="checked">
          <Switch disabled={locked} />
        </Form.Item>
      </div>
    </>
  );
}

function Rewards({
  kinds,
  head,
}: {
  kinds: RewardIn["kind"][];
  head: (r: RewardIn | undefined, i: number) => string;
}) {
  const t = useT();
  const p = usePlayT();
  const units = useUnits(GIVEN);
  const form = Form.useFormInstance<Typed>();
  const rewards = Form.useWatch("rewards", form) ?? [];
  return (
    <Form.List name="rewards">
      {(fields, { add, remove }) => (
        <>
          {fields.map((f) => {
            const r = rewards[f.name];
            return (
              <div className="row" key={f.key} style={{ marginBottom: 8 }}>
                <Form.Item name={[f.name, "kind"]} hidden>
                  <Input />
                </Form.Item>
                <span style={{ width: 92 }}>{head(r, f.name)}</span>
                {r?.kind === "milestone" && (
                  <Form.Item name={[f.name, "at"]} noStyle rules={[{ required: true }]}>
                    <InputNumber aria-label={p.at} min={1} max={3660} precision={0} style={{ width: 84 }} />
                  </Form.Item>
                )}
                <Form.Item name={[f.name, "unit"]} noStyle rules={[{ required: true }]}>
                  <Select aria-label={p.unit} options={units.options} style={{ width: 190 }} />
                </Form.Item>
                <Form.Item name={[f.name, "amount"]} noStyle rules={[{ required: true }]}>
                  <InputNumber aria-label={p.amount} min={1} precision={0} style={{ width: 100 }} />
                </Form.Item>
                {r?.kind === "milestone" && kinds.includes("step") && (
                  <Form.Item name={[f.name, "monthly"]} noStyle valuePropName="checked">
                    <Switch checkedChildren={p.monthly} unCheckedChildren={p.monthly} />
                  </Form.Item>
                )}
                <Button
                  type="text"
                  icon={<MinusCircleOutlined />}
                  aria-label={t.common.cancel}
                  onClick={() => remove(f.name)}
                />
              </div>
            );
          })}
          <div className="row">
            {kinds.map((kind) => (
              <Button
                key={kind}
                icon={<PlusOutlined />}
                onClick={() => add({ kind, at: 1, unit: "points", amount: 10 })}
              >
                {kinds.length > 1 ? `${p.addStep} · ${kind === "step" ? p.ladder : p.milestones}` : p.addStep}
              </Button>
            ))}
          </div>
        </>
      )}
    </Form.List>
  );
}

function CheckinFields() {
  const p = usePlayT();
  const units = useUnits(["points"]);
  return (
    <>
      <h3 className="form-part">{p.ladder}</h3>
      <p className="soft">{p.ladderHint}</p>
      <Rewards kinds={["step", "milestone"]} head={(r, i) => (r?.kind === "milestone" ? p.streak : p.day(i + 1))} />
      <div className="row form-row" style={{ marginTop: 16 }}>
        <Form.Item name="wraps" label={p.wraps} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Amount name="window_days" label={p.windowDays} max={62} />
        <Amount name="per_day" label={p.makeups} hint={p.unlimited} max={100_000} />
        <Form.Item name="cost_unit" label={p.makeupCost}>
          <Select allowClear options={units.options} style={{ width: 190 }} />
        </Form.Item>
        <Amount name="cost" label={p.amount} />
      </div>
    </>
  );
}

function StampFields({ locked }: { locked: boolean }) {
  const p = usePlayT();
  const units = useUnits(["points"]);
  return (
    <>
      <div className="row form-row">
        <Form.Item name="unit" label={p.stampUnit} rules={[{ required: true }]}>
          <Select options={units.options} style={{ width: 230 }} disabled={locked} />
        </Form.Item>
        <Amount name="size" label={p.size} max={60} />
      </div>
      <h3 className="form-part">{p.cardRewards}</h3>
      <Rewards kinds={["milestone"]} head={() => p.at} />
    </>
  );
}

function TaskFields() {
  const p = usePlayT();
  return (
    <>
      <div className="row form-row">
        <Form.Item name="period" label={p.period}>
          <Select
            style={{ width: 150 }}
            options={Object.entries(p.periods).map(([value, label]) => ({ value, label }))}
          />
        </Form.Item>
        <Amount name="per_member" label={p.times} hint={p.unlimited} />
      </div>
      <h3 className="form-part">{p.reward}</h3>
      <Rewards kinds={["step"]} head={() => p.reward} />
      <Form.Item name="for_sharing" label={p.forSharing} valuePropName="checked">
        <Switch />
      </Form.Item>
    </>
  );
}

export function GameForm({ kind, game, close }: { kind: Game["kind"]; game?: Game; close: () => void }) {
  const t = useT();
  const p = usePlayT();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const [form] = Form.useForm<Typed>();
  const [error, setError] = useState<ApiError | null>(null);
  const locked = kind === "draw" && game?.opened_at !== undefined;
  const write = useWrite(
    (v: Typed) => api.putGame({ code: game?.code ?? v.code }, bodyOf(v, kind, game?.version ?? 0)),
    (r) => {
      message.success(t.common.saved);
      close();
      navigate(`/play/${r.code}`);
    },
  );
  const submit = (v: Typed) => {
    setError(null);
    write.mutate([v], {
      onError: (e) => {
        setError(e);
        message.error(problemText(e, t));
      },
    });
  };
  return (
    <Drawer
      open
      maskClosable={false}
      aria-label={p.kinds[kind]}
      width={Math.min(1000, window.innerWidth)}
      title={game ? `${t.common.edit} · ${game.name || game.code}` : `${p.add} · ${p.kinds[kind]}`}
      onClose={close}
      extra={
        <Button type="primary" loading={write.isPending} onClick={() => form.submit()}>
          {t.common.save}
        </Button>
      }
    >
      {locked && <Alert type="info" showIcon message={p.locked} style={{ marginBottom: 16 }} />}
      <Form form={form} layout="vertical" initialValues={game ? formOf(game) : fresh[kind]} onFinish={submit}>
        <div className="row form-row">
          {!game && (
            <Form.Item
              name="code"
              label={p.code}
              rules={[
                { required: true, pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, message: t.common.required },
              ]}
            >
              <Input style={{ width: 190 }} />
            </Form.Item>
          )}
          <Form.Item name="name" label={t.common.name}>
            <Input style={{ width: 260 }} maxLength={60} />
          </Form.Item>
          <Form.Item name="from" label={p.from}>
            <DatePicker showTime disabled={locked} />
          </Form.Item>
          <Form.Item name="until" label={p.until}>
            <DatePicker showTime />
          </Form.Item>
        </div>
        {kind === "draw" && <DrawFields locked={locked} />}
        {kind === "checkin" && <CheckinFields />}
        {kind === "stamps" && <StampFields locked={game?.opened_at !== undefined} />}
        {kind === "task" && <TaskFields />}
        <div style={{ marginTop: 16 }}>
          <Expression name="condition" label={p.condition} form={form} error={error} />
        </div>
      </Form>
    </Drawer>
  );
}
