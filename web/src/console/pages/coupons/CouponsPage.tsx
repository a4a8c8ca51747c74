// SPDX-License-Identifier: Apache-2.0
// Coupon templates: how many are left, who may claim them, until when, and which campaign takes them.
import { App, Button, DatePicker, Form, Input, Switch, Tag } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { Link } from "react-router-dom";
import { api, type Unit, type UnitIn } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, date } from "../../../shared/format";
import { findMember } from "../../../shared/findMember";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCouponsT } from "../../messages/coupons";
import { Whole } from "../../ui/fields";
import { FormModal } from "../../ui/FormModal";
import { Select } from "../../ui/Select";
import { Catalog, type Kind } from "../settings/Catalog";
import { IssueRuns } from "./IssueRuns";

export function useValidity() {
  const c = useCouponsT();
  return (u: Unit) => {
    if (u.expiry === "rolling_days") return c.days(count(u.expiry_n ?? 0));
    if (u.expiry === "rolling_months") return c.months(count(u.expiry_n ?? 0));
    if (u.valid_from || u.valid_until) return c.between(date(u.valid_from), date(u.valid_until));
    return c.always;
  };
}

type Typed = Omit<UnitIn, "claim_from" | "claim_until" | "valid_from" | "valid_until"> & {
  claim?: [Dayjs | null, Dayjs | null];
  valid?: [Dayjs | null, Dayjs | null];
};
const range = (a?: string, b?: string): [Dayjs | null, Dayjs | null] | undefined =>
  a || b ? [a ? dayjs(a) : null, b ? dayjs(b) : null] : undefined;

function Fields() {
  const t = useT();
  const c = useCouponsT();
  const options = (texts: Record<string, string>) =>
    Object.entries(texts).map(([value, label]) => ({ value, label }));
  return (
    <>
      <p className="soft">{c.templateHint}</p>
      <Form.Item name="name" label={t.common.name} rules={[{ required: true, message: t.common.required }]}>
        <Input maxLength={60} />
      </Form.Item>
      <div className="row form-row">
        <Form.Item name="stock" label={c.stock}>
          <Whole />
        </Form.Item>
        <Form.Item name="earn_cap" label={c.perMember}>
          <Whole />
        </Form.Item>
        <Form.Item name="earn_cap_period" label={c.perPeriod}>
          <Select style={{ width: 120 }} options={options(c.periods)} />
        </Form.Item>
      </div>
      <Form.Item name="claim" label={c.claim}>
        <DatePicker.RangePicker showTime allowEmpty={[true, true]} />
      </Form.Item>
      <Form.Item name="claim_code" label={c.claimCode} extra={c.claimCodeHint}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="valid" label={`${c.validFrom} – ${c.validUntil}`}>
        <DatePicker.RangePicker showTime allowEmpty={[true, true]} />
      </Form.Item>
      <div className="row form-row">
        <Form.Item name="expiry" label={c.expiry}>
          <Select style={{ width: 120 }} options={options(c.expiries)} />
        </Form.Item>
        <Form.Item name="expiry_n" label={c.expiryN}>
          <Whole max={36_600} />
        </Form.Item>
        <Form.Item name="wait_days" label={c.waitDays}>
          <Whole max={3660} />
        </Form.Item>
      </div>
      <div className="row form-row">
        <Form.Item name="givable" label={c.givable} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Form.Item name="members_only" label={c.membersOnly} valuePropName="checked">
          <Switch />
        </Form.Item>
      </div>
    </>
  );
}

function Issue({ unit, close }: { unit: Unit; close: () => void }) {
  const t = useT();
  const c = useCouponsT();
  const { message } = App.useApp();
  const write = useWrite(
    async ({ who, reason }: { who: string; reason: string }) => {
      const member = await findMember(who);
      if (!member)
        throw new ApiError(
          { title: c.memberNotFound, detail: c.memberNotFound, status: 422, code: "unknown_member" },
          0,
        );
      return api.postCoupon({ member: member.id }, { unit: unit.code, reason });
    },
    () => {
      message.success(c.issued1);
      close();
    },
  );
  return (
    <FormModal title={`${c.give} · ${unit.name || unit.code}`} write={write} close={close}>
      <Form.Item name="who" label={c.giveTo} rules={[{ required: true, message: t.common.required }]}>
        <Input autoFocus />
      </Form.Item>
      <Form.Item name="reason" label={c.reason} rules={[{ required: true, message: t.common.reasonNeeded }]}>
        <Input maxLength={60} placeholder={t.common.reasonNeeded} />
      </Form.Item>
    </FormModal>
  );
}

/** Campaigns that take coupons of a template; those that are not over. */
function useTakers() {
  const { may } = useSession();
  const list = useApi("listCampaigns", { limit: 100 }, { enabled: may("list_campaigns") });
  return (list.data?.items ?? []).filter((x) => x.state !== "ended");
}

export default function CouponsPage() {
  const t = useT();
  const c = useCouponsT();
  const { may } = useSession();
  const validity = useValidity();
  const takers = useTakers();
  const figures = useApi("reportCoupons", {});
  const [issuing, setIssuing] = useState<Unit | null>(null);
  const figure = (code: string) => figures.data?.items.find((x) => x.unit === code);
  const right = { align: "right" as const, className: "num" };
  const kind: Kind<Unit> = {
    name: "listCoupons",
    title: c.title,
    put: "put_unit",
    list: async (after) => {
      // among the units are budgets of campaigns: a page of coupons may take several of units
      const items: Unit[] = [];
      let from = after;
      for (;;) {
        const page = await api.listUnits({ after: from, limit: 100 });
        items.push(...page.items.filter((u) => u.kind === "coupon"));
        from = page.next;
        if (from === undefined || items.length >= 50) return { ...page, items };
      }
    },
    write: (code, body) => api.putUnit({ code }, body as UnitIn),
    initial: { expiry: "rolling_days", expiry_n: 30, earn_cap: 1, earn_cap_period: "lifetime", members_only: true },
    columns: [
      {
        title: t.common.name,
        render: (_, u) => (
          <>
            <div>{u.name || u.code}</div>
            <span className="soft mono">{u.code}</span>
          </>
        ),
      },
      { title: c.stock, ...right, render: (_, u) => (u.stock ? count(u.stock) : c.endless) },
      { title: c.issued, ...right, render: (_, u) => count(figure(u.code)?.issued ?? 0) },
      { title: c.used, ...right, render: (_, u) => count(figure(u.code)?.used ?? 0) },
      { title: c.expired, ...right, render: (_, u) => count(figure(u.code)?.expired ?? 0) },
      { title: c.available, ...right, render: (_, u) => count(figure(u.code)?.open ?? 0) },
      { title: c.validity, render: (_, u) => validity(u) },
      {
        title: c.perMember,
        render: (_, u) =>
          u.earn_cap ? `${c.periods[u.earn_cap_period ?? "none"]} ${count(u.earn_cap)}` : c.endless,
      },
      {
        title: "",
        render: (_, u) => (
          <>
            {u.claim_code && <Tag bordered={false}>{u.claim_code}</Tag>}
            {may("post_coupon") && (
              <Button size="small" type="link" onClick={() => setIssuing(u)}>
                {c.give}
              </Button>
            )}
          </>
        ),
      },
    ],
    toForm: (u) => ({
      name: u.name,
      stock: u.stock || undefined,
      earn_cap: u.earn_cap || undefined,
      earn_cap_period: u.earn_cap_period,
      claim: range(u.claim_from, u.claim_until),
      claim_code: u.claim_code,
      valid: range(u.valid_from, u.valid_until),
      expiry: u.expiry,
      expiry_n: u.expiry_n || undefined,
      wait_days: u.wait_days || undefined,
      givable: u.givable,
      members_only: u.members_only,
    }),
    toBody: (typed) => {
      const { claim, valid, ...v } = typed as Typed;
      return {
        ...v,
        kind: "coupon",
        earn_cap_rejects: (v.earn_cap ?? 0) > 0,
        claim_from: claim?.[0]?.toISOString(),
        claim_until: claim?.[1]?.toISOString(),
        valid_from: valid?.[0]?.toISOString(),
        valid_until: valid?.[1]?.toISOString(),
      };
    },
    fields: () => <Fields />,
  };
  return (
    <>
      <Catalog kind={kind} />
      {may("list_coupon_issues") && (
        <div className="page" style={{ paddingTop: 0 }}>
          <IssueRuns />
        </div>
      )}
      {takers.length > 0 && (
        <p className="soft page" style={{ paddingTop: 0 }}>
          {c.by}：
          {takers.map((x) => (
            <Link key={x.code} to={`/campaigns/${x.code}`} style={{ marginRight: 10 }}>
              {x.name || x.code}
            </Link>
          ))}
        </p>
      )}
      {issuing && <Issue unit={issuing} close={() => setIssuing(null)} />}
    </>
  );
}
