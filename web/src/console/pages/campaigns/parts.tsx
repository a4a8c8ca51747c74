// SPDX-License-Identifier: Apache-2.0
// The six parts of a campaign as forms. What a mechanic does not use is not asked.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, DatePicker, Form, Input, Switch, TimePicker, type FormInstance } from "antd";
import type { Dayjs } from "dayjs";
import type { CampaignIn } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { percentPpm } from "../../../shared/format";
import { useT } from "../../messages";
import { useCampaignsT } from "../../messages/campaigns";
import { Select } from "../../ui/Select";
import { Money, MoneyItem, Percent, Stores, Times, TouchpointsField, Whole } from "../../ui/fields";
import { useUnits } from "../play/units";
import { Expression } from "../settings/Expression";
import { zhe } from "./sentence";

export interface Weekly {
  weekdays: string[];
  hours?: [Dayjs, Dayjs];
}
export type Typed = Omit<CampaignIn, "places" | "times" | "from" | "until"> & {
  code: string;
  stores?: string[];
  touchpoints?: string[];
  from?: Dayjs;
  until?: Dayjs;
  weekly?: Weekly[];
  kept?: { times: NonNullable<CampaignIn["times"]>; places: NonNullable<CampaignIn["places"]> }; // not asked here
};
type Mechanic = CampaignIn["mechanic"];

const options = (texts: Record<string, string>, only?: readonly string[]) =>
  Object.entries(texts)
    .filter(([value]) => !only || only.includes(value))
    .map(([value, label]) => ({ value, label }));

const row = { marginBottom: 8 };

function Remove({ onClick }: { onClick: () => void }) {
  const t = useT();
  return <Button type="text" icon={<MinusCircleOutlined />} aria-label={t.common.cancel} onClick={onClick} />;
}

/* ---- 1 activity ------------------------------------------------------------------------------ */

function Ladder() {
  const t = useT();
  const m = useCampaignsT();
  const pieces = Form.useWatch<boolean>("by_pieces");
  return (
    <>
      <div className="row form-row">
        <Form.Item name="by_pieces" label={m.byPieces} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item name="every" label={m.every} valuePropName="checked">
          <Switch />
        </Form.Item>
      </div>
      <h3 className="form-part">{m.steps}</h3>
      <Form.List name="steps">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="row" key={f.key} style={row}>
                {m.stepAt}
                <Form.Item name={[f.name, "at"]} noStyle rules={[{ required: true, message: t.common.required }]}>
                  {pieces ? <Whole label={m.stepAt} min={1} /> : <Money label={m.stepAt} width={130} />}
                </Form.Item>
                {m.stepOff}
                <Form.Item name={[f.name, "off"]} noStyle>
                  <Money label={m.stepOff} width={120} />
                </Form.Item>
                {m.stepPpm}
                <Form.Item name={[f.name, "ppm"]} noStyle>
                  <Percent label={m.stepPpm} />
                </Form.Item>
                <Remove onClick={() => remove(f.name)} />
              </div>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({})} disabled={fields.length >= 8}>
              {t.common.add}
            </Button>
          </>
        )}
      </Form.List>
    </>
  );
}

function Prices() {
  const t = useT();
  const m = useCampaignsT();
  return (
    <>
      <h3 className="form-part">{m.prices}</h3>
      <Form.List name="prices">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="row" key={f.key} style={row}>
                <Form.Item name={[f.name, "sku"]} noStyle rules={[{ required: true, message: t.common.required }]}>
                  <Input aria-label={m.sku} placeholder={m.sku} style={{ width: 200 }} />
                </Form.Item>
                <Form.Item
                  name={[f.name, "price"]}
                  noStyle
                  rules={[{ required: true, message: t.common.required }]}
                >
                  <Money label={m.price} />
                </Form.Item>
                <Remove onClick={() => remove(f.name)} />
              </div>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({})}>
              {t.common.add}
            </Button>
          </>
        )}
      </Form.List>
    </>
  );
}

function Scope({ mechanic }: { mechanic: Mechanic }) {
  const t = useT();
  const m = useCampaignsT();
  const slots =
    mechanic === "bundle"
      ? ["slot_0", "slot_1", "slot_2", "slot_3"]
      : mechanic === "buy_get"
        ? ["scope", "other"]
        : ["scope"];
  return (
    <>
      <h3 className="form-part">{m.scope}</h3>
      <p className="soft">{m.scopeHint}</p>
      <Form.List name="scope">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="row" key={f.key} style={row}>
                {slots.length > 1 ? (
                  <Form.Item name={[f.name, "slot"]} noStyle>
                    <Select aria-label={m.scope} style={{ width: 130 }} options={options(m.slotName, slots)} />
                  </Form.Item>
                ) : null}
                <Form.Item name={[f.name, "by"]} noStyle>
                  <Select aria-label={m.scope} style={{ width: 100 }} options={options(m.scopeBy)} />
                </Form.Item>
                <Form.Item name={[f.name, "value"]} noStyle>
                  <Input aria-label={m.value} placeholder={m.value} style={{ width: 230 }} maxLength={200} />
                </Form.Item>
                <Form.Item name={[f.name, "excluded"]} noStyle valuePropName="checked">
                  <Checkbox>{m.excluded}</Checkbox>
                </Form.Item>
                <Remove onClick={() => remove(f.name)} />
              </div>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ by: "category", slot: slots[0] })}>
              {t.common.add}
            </Button>
          </>
        )}
      </Form.List>
    </>
  );
}

function Off({ label }: { label: string }) {
  const m = useCampaignsT();
  const ppm = Form.useWatch<number | undefined>("ppm");
  return (
    <Form.Item name="ppm" label={label} extra={ppm ? m.offHint(zhe(ppm)) : undefined} rules={[{ required: true }]}>
      <Percent />
    </Form.Item>
  );
}

function Slots() {
  const t = useT();
  const m = useCampaignsT();
  return (
    <Form.Item label={m.slots}>
      <Form.List name="slots">
        {(fields, { add, remove }) => (
          <div className="row">
            {fields.map((f) => (
              <span key={f.key}>
                <Form.Item name={f.name} noStyle>
                  <Whole label={m.slotName[`slot_${f.name}`]} min={1} max={10_000} width={90} />
                </Form.Item>
                {fields.length > 2 && <Remove onClick={() => remove(f.name)} />}
              </span>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add(1)} disabled={fields.length >= 4}>
              {t.common.add}
            </Button>
          </div>
        )}
      </Form.List>
    </Form.Item>
  );
}

const NEEDS_AMOUNT: Mechanic[] = ["amount", "amount_each", "fixed", "n_for", "bundle"];
const NEEDS_COUNTS: Mechanic[] = ["cheapest", "n_for", "buy_get"];

function Gift() {
  const m = useCampaignsT();
  const units = useUnits(["coupon", "points"]);
  return (
    <div className="row form-row">
      <Form.Item name="gift_product" label={m.gift}>
        <Input style={{ width: 180 }} maxLength={64} />
      </Form.Item>
      <Form.Item name="gift_unit" label={m.giftUnit}>
        <Select allowClear options={units.options} style={{ width: 200 }} />
      </Form.Item>
      <Form.Item name="get" label={m.giftN}>
        <Whole min={1} max={10_000} />
      </Form.Item>
      <Form.Item name="every" label={m.every} valuePropName="checked">
        <Switch />
      </Form.Item>
    </div>
  );
}

export function Activity() {
  const m = useCampaignsT();
  const mechanic = Form.useWatch<Mechanic>("mechanic") ?? "percent";
  const priced = mechanic === "fixed" || mechanic === "n_for" || mechanic === "bundle";
  return (
    <>
      <div className="row form-row">
        {NEEDS_COUNTS.includes(mechanic) && (
          <Form.Item name="need" label={mechanic === "buy_get" ? m.buyNeed : m.need} rules={[{ required: true }]}>
            <Whole min={1} max={10_000} />
          </Form.Item>
        )}
        {(mechanic === "cheapest" || mechanic === "buy_get") && (
          <Form.Item name="get" label={mechanic === "buy_get" ? m.buyGet : m.get} rules={[{ required: true }]}>
            <Whole min={1} max={10_000} />
          </Form.Item>
        )}
        {NEEDS_AMOUNT.includes(mechanic) && (
          <Form.Item name="amount" label={priced ? m.price : m.amountOff} rules={[{ required: true }]}>
            <Money />
          </Form.Item>
        )}
        {mechanic === "percent" && <Off label={m.off} />}
        {(mechanic === "cheapest" || mechanic === "buy_get") && <Off label={m.buyOff} />}
        {mechanic === "points" && (
          <Form.Item name="ppm" label={m.multiple} rules={[{ required: true }]}>
            <Times />
          </Form.Item>
        )}
        {(mechanic === "amount" || mechanic === "percent") && (
          <Form.Item name="level" label={m.level}>
            <Select style={{ width: 120 }} options={options(m.levels)} />
          </Form.Item>
        )}
      </div>
      {mechanic === "bundle" && <Slots />}
      {mechanic === "ladder" && <Ladder />}
      {mechanic === "table" && <Prices />}
      {mechanic === "gift" && <Gift />}
      {mechanic !== "ladder" && (
        <div className="row form-row">
          <Form.Item name="min_amount" label={m.minAmount}>
            <Money />
          </Form.Item>
          <Form.Item name="min_pieces" label={m.minPieces}>
            <Whole max={10_000} />
          </Form.Item>
        </div>
      )}
      <Scope mechanic={mechanic} />
    </>
  );
}

/* ---- 2 audience, 3 channel, 4 traits --------------------------------------------------------- */

export function Audience({ form, error }: { form: FormInstance; error: ApiError | null }) {
  const m = useCampaignsT();
  return (
    <>
      <div className="row form-row">
        <Form.Item name="members_only" label={m.membersOnly} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item name="first_order" label={m.firstOrder} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item name="holdout_ppm" label={m.holdout} extra={m.holdoutHint}>
          <Percent max={99} />
        </Form.Item>
      </div>
      <p className="soft">{m.audienceHint}</p>
      <Expression name="audience" label={m.audience} form={form} error={error} />
    </>
  );
}

export function Channel() {
  const m = useCampaignsT();
  return (
    <>
      <Form.Item name="stores" label={m.stores} extra={m.storesHint}>
        <Stores />
      </Form.Item>
      <Form.Item name="touchpoints" label={m.touchpoints} extra={m.touchpointsHint}>
        <TouchpointsField />
      </Form.Item>
    </>
  );
}

export function Traits({ form, error }: { form: FormInstance; error: ApiError | null }) {
  const m = useCampaignsT();
  return (
    <>
      <p className="soft">{m.conditionHint}</p>
      <Expression name="condition" label={m.condition} form={form} error={error} />
    </>
  );
}

/* ---- 5 business model ------------------------------------------------------------------------- */

function Limits() {
  const t = useT();
  const m = useCampaignsT();
  return (
    <>
      <h3 className="form-part">{m.limits}</h3>
      <Form.List name="limits">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="row" key={f.key} style={row}>
                <Form.Item name={[f.name, "scope"]} noStyle>
                  <Select aria-label={m.limits} style={{ width: 120 }} options={options(m.limitScopes)} />
                </Form.Item>
                <Form.Item name={[f.name, "period"]} noStyle>
                  <Select aria-label={m.limits} style={{ width: 110 }} options={options(m.periods)} />
                </Form.Item>
                <Form.Item name={[f.name, "uses"]} noStyle>
                  <Whole label={m.limitUses} after={m.limitUses} />
                </Form.Item>
                <Form.Item name={[f.name, "pieces"]} noStyle>
                  <Whole label={m.limitPieces} after={m.limitPieces} />
                </Form.Item>
                {m.limitAmount}
                <Form.Item name={[f.name, "amount"]} noStyle>
                  <Money label={m.limitAmount} width={130} />
                </Form.Item>
                <Remove onClick={() => remove(f.name)} />
              </div>
            ))}
            <Button
              icon={<PlusOutlined />}
              onClick={() => add({ scope: "member", period: "lifetime", uses: 1 })}
              disabled={fields.length >= 8}
            >
              {t.common.add}
            </Button>
          </>
        )}
      </Form.List>
    </>
  );
}

function Funding() {
  const t = useT();
  const m = useCampaignsT();
  const rows = Form.useWatch<CampaignIn["funding"]>("funding") ?? [];
  const sum = rows.reduce((n, x) => n + (x?.ppm ?? 0), 0);
  return (
    <>
      <h3 className="form-part">{m.funding}</h3>
      <p className="soft">{m.fundingHint}</p>
      <Form.List name="funding">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="row" key={f.key} style={row}>
                <Form.Item
                  name={[f.name, "payer"]}
                  noStyle
                  rules={[{ required: true, message: t.common.required }]}
                >
                  <Input aria-label={m.payer} placeholder={m.payer} style={{ width: 200 }} maxLength={64} />
                </Form.Item>
                <Form.Item name={[f.name, "ppm"]} noStyle rules={[{ required: true, message: t.common.required }]}>
                  <Percent label={m.share} />
                </Form.Item>
                <Remove onClick={() => remove(f.name)} />
              </div>
            ))}
            <div className="row">
              <Button icon={<PlusOutlined />} onClick={() => add({ ppm: Math.max(0, 1_000_000 - sum) })}>
                {t.common.add}
              </Button>
              {rows.length > 0 && (
                <span className={sum === 1_000_000 ? "soft" : "wrong"} role="status">
                  {m.fundingSum(percentPpm(sum))}
                </span>
              )}
            </div>
          </>
        )}
      </Form.List>
    </>
  );
}

export function Business() {
  const m = useCampaignsT();
  return (
    <>
      <div className="row form-row">
        <MoneyItem name="budget" label={m.budget} extra={m.budgetHint} />
        <Form.Item name="budget_rule" label={m.budgetRule}>
          <Select style={{ width: 160 }} options={options(m.budgetRules, ["partial", "strict"])} allowClear />
        </Form.Item>
        <MoneyItem name="cost_cap" label={m.costCap} />
      </div>
      <div className="row form-row">
        <MoneyItem name="cap_order" label={m.capOrder} />
        <MoneyItem name="cap_unit" label={m.capUnit} />
      </div>
      <Limits />
      <Funding />
      <div className="row form-row" style={{ marginTop: 16 }}>
        <Form.Item name="group" label={m.group} extra={m.groupHint}>
          <Input style={{ width: 160 }} maxLength={64} />
        </Form.Item>
        <Form.Item name="group_rule" label={m.groupRule}>
          <Select allowClear style={{ width: 220 }} options={options(m.groupRules)} />
        </Form.Item>
        <Form.Item name="sequence" label={m.sequence}>
          <Whole min={-1_000_000} max={1_000_000} />
        </Form.Item>
      </div>
    </>
  );
}

/* ---- 6 trigger --------------------------------------------------------------------------------- */

export function Trigger() {
  const t = useT();
  const m = useCampaignsT();
  const coupons = useUnits(["coupon"]);
  return (
    <>
      <div className="row form-row">
        <Form.Item name="from" label={m.from}>
          <DatePicker showTime />
        </Form.Item>
        <Form.Item name="until" label={m.until}>
          <DatePicker showTime />
        </Form.Item>
      </div>
      <h3 className="form-part">{m.weekly}</h3>
      <p className="soft">{m.weeklyHint}</p>
      <Form.List name="weekly">
        {(fields, { add, remove }) => (
          <>
            {fields.map((f) => (
              <div className="row" key={f.key} style={row}>
                <Form.Item
                  name={[f.name, "weekdays"]}
                  noStyle
                  rules={[{ required: true, message: t.common.required }]}
                >
                  <Select
                    mode="multiple"
                    aria-label={m.weekly}
                    style={{ minWidth: 260 }}
                    options={options(m.weekdays)}
                  />
                </Form.Item>
                <Form.Item name={[f.name, "hours"]} noStyle>
                  <TimePicker.RangePicker format="HH:mm" aria-label={m.hours} />
                </Form.Item>
                <Remove onClick={() => remove(f.name)} />
              </div>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ weekdays: ["tue"] })}>
              {t.common.add}
            </Button>
          </>
        )}
      </Form.List>
      <div className="row form-row" style={{ marginTop: 16 }}>
        <Form.Item name="coupon" label={m.coupon} extra={m.couponHint}>
          <Select allowClear style={{ width: 280 }} options={coupons.options} />
        </Form.Item>
        <Form.Item name="coupon_rule" label={m.couponRule}>
          <Select allowClear style={{ width: 160 }} options={options(m.couponRules, ["joint", "single"])} />
        </Form.Item>
      </div>
    </>
  );
}
