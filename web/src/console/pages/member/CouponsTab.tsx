// SPDX-License-Identifier: Apache-2.0
// Coupons that she has now, and what may be done with one; games and exchanges beside them.
import { App, Button, Form, Input, Table, Tag } from "antd";
import { useState } from "react";
import { api, type CouponView, type Member } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { findMember } from "../../../shared/findMember";
import { count, date, dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCouponsT } from "../../messages/coupons";
import { FormModal } from "../../ui/FormModal";
import { Select } from "../../ui/Select";
import { Data, Nothing, problemText } from "../../ui/State";
import { useReason } from "../../ui/useReason";
import { useUnits } from "../play/units";

const colour = { usable: "green", early: "cyan", locked: "orange", expired: "default" } as const;

function Give({ m, coupon, close }: { m: Member; coupon: CouponView; close: () => void }) {
  const t = useT();
  const c = useCouponsT();
  const { message } = App.useApp();
  const write = useWrite(
    async ({ to }: { to: string }) => {
      const receiver = await findMember(to);
      const unknown = { title: c.memberNotFound, detail: c.memberNotFound, status: 422, code: "unknown_member" };
      if (!receiver) throw new ApiError(unknown, 0);
      return api.postCouponGive({ member: m.id, coupon: coupon.coupon }, { to: { id: receiver.id } });
    },
    () => {
      message.success(c.transferred);
      close();
    },
  );
  return (
    <FormModal title={`${c.transfer} · ${coupon.name || coupon.unit}`} write={write} close={close}>
      <Form.Item name="to" label={c.transferTo} rules={[{ required: true, message: t.common.required }]}>
        <Input autoFocus />
      </Form.Item>
    </FormModal>
  );
}

function Issue({ m, close }: { m: Member; close: () => void }) {
  const t = useT();
  const c = useCouponsT();
  const units = useUnits(["coupon"]);
  const { message } = App.useApp();
  const write = useWrite(
    (v: { unit: string; reason: string }) => api.postCoupon({ member: m.id }, v),
    () => {
      message.success(c.issued1);
      close();
    },
  );
  return (
    <FormModal title={c.give} write={write} close={close}>
      <Form.Item name="unit" label={c.template} rules={[{ required: true, message: t.common.required }]}>
        <Select options={units.options} />
      </Form.Item>
      <Form.Item name="reason" label={c.reason} rules={[{ required: true, message: t.common.reasonNeeded }]}>
        <Input maxLength={60} />
      </Form.Item>
    </FormModal>
  );
}

function Exchanges({ id }: { id: string }) {
  const t = useT();
  const c = useCouponsT();
  const units = useUnits();
  const query = useApi("listExchanges", { member: id, limit: 50 });
  return (
    <Data query={query} rows={2}>
      {(data) =>
        data.items.length === 0 ? null : (
          <Table
            rowKey="exchange"
            size="small"
            title={() => c.exchanges}
            pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
            scroll={{ x: 560 }}
            dataSource={data.items}
            columns={[
              { title: c.exchange, dataIndex: "exchange", className: "mono" },
              { title: c.goods, render: (_, x) => `${x.goods} × ${count(x.quantity)}` },
              { title: c.price, render: (_, x) => (x.unit ? units.amount(x.unit, x.points) : "–") },
              { title: t.common.state, render: (_, x) => c.exchangeStates[x.state] },
              { title: t.common.time, render: (_, x) => dateTime(x.made_at) },
            ]}
          />
        )
      }
    </Data>
  );
}

export function CouponsTab({ m }: { m: Member }) {
  const t = useT();
  const c = useCouponsT();
  const { may } = useSession();
  const { message } = App.useApp();
  const ask = useReason();
  const [giving, setGiving] = useState<CouponView | null>(null);
  const [issuing, setIssuing] = useState(false);
  const query = useApi("listCoupons", { member: m.id });
  const units = useUnits();
  const voided = useWrite(
    (coupon: string, reason: string) => api.postCouponVoid({ member: m.id, coupon }, { reason, restock: true }),
    () => message.success(c.voided),
  );
  const askVoid = (x: CouponView) =>
    ask({
      title: `${c.void} · ${x.name || x.unit}`,
      danger: true,
      run: (reason) =>
        voided.mutateAsync([x.coupon, reason]).catch((e) => {
          if (!(e instanceof ApiError)) throw e;
          message.error(problemText(e, t));
        }),
    });
  return (
    <div className="grid">
      {may("post_coupon") && (
        <div>
          <Button onClick={() => setIssuing(true)}>{c.give}</Button>
        </div>
      )}
      <Data query={query} rows={3}>
        {(data) => (
          <Table
            rowKey="coupon"
            size="small"
            scroll={{ x: 640 }}
            pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
            dataSource={data.coupons}
            locale={{ emptyText: <Nothing /> }}
            columns={[
              { title: c.template, render: (_, x) => x.name || x.unit },
              {
                title: t.common.state,
                render: (_, x) => (
                  <Tag bordered={false} color={colour[x.state]}>
                    {c.states[x.state]}
                  </Tag>
                ),
              },
              { title: c.issued, render: (_, x) => date(x.issued_on) },
              { title: c.expiresAt, render: (_, x) => (x.expires_at ? dateTime(x.expires_at) : c.always) },
              { title: t.common.code, className: "mono", render: (_, x) => x.coupon.slice(4) },
              {
                title: "",
                align: "right",
                render: (_, x) => (
                  <>
                    {may("post_coupon_give") && units.of(x.unit)?.givable && x.state !== "expired" && (
                      <Button size="small" type="link" onClick={() => setGiving(x)}>
                        {c.transfer}
                      </Button>
                    )}
                    {may("post_coupon_void") && x.state !== "expired" && (
                      <Button size="small" type="link" danger onClick={() => askVoid(x)}>
                        {c.void}
                      </Button>
                    )}
                  </>
                ),
              },
            ]}
          />
        )}
      </Data>
      {may("list_exchanges") && <Exchanges id={m.id} />}
      {giving && <Give m={m} coupon={giving} close={() => setGiving(null)} />}
      {issuing && <Issue m={m} close={() => setIssuing(false)} />}
    </div>
  );
}
