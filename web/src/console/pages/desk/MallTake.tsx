// SPDX-License-Identifier: Apache-2.0
// A good of the mall for the member at the desk: what she would be answered stands beside each before it is asked.
import { useQuery } from "@tanstack/react-query";
import { App, Button, Form, InputNumber } from "antd";
import { useState } from "react";
import { api, type ExchangeIn, type GoodsForMember } from "../../../api/client.gen";
import { money } from "../../../shared/format";
import { allPages, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useDeskT } from "../../messages/desk";
import { FormModal } from "../../ui/FormModal";
import { Select } from "../../ui/Select";
import { useStores } from "../../ui/useStores";
import { useAmounts } from "./useAmounts";

type Typed = Pick<ExchangeIn, "goods" | "quantity" | "store">;

function Dialog({ member, close }: { member: string; close: () => void }) {
  const t = useT();
  const d = useDeskT();
  const amounts = useAmounts();
  const stores = useStores();
  const { session } = useSession();
  const { message } = App.useApp();
  const goods = useQuery({
    queryKey: ["getMemberMall", member],
    queryFn: () => allPages<GoodsForMember>((after) => api.getMemberMall({ member, after, limit: 100 })),
  });
  const write = useWrite(
    (v: Typed) => api.postExchange({}, { ...v, member: { id: member } }),
    (made) => {
      message.success(made.due > 0 ? d.tookDue(money(made.due)) : d.took);
      close();
    },
  );
  const price = (g: GoodsForMember) =>
    [g.points > 0 && amounts.full(g.unit ?? "", g.points), g.cash > 0 && money(g.cash)].filter(Boolean).join(" + ");
  return (
    <FormModal<Typed> title={d.mallTake} write={write} close={close} initial={{ quantity: 1, store: session?.store }}>
      <Form.Item name="goods" label={d.goods} rules={[{ required: true, message: t.common.required }]}>
        <Select
          loading={goods.isPending}
          showSearch
          optionFilterProp="label"
          options={(goods.data?.items ?? [])
            .filter((g) => !g.closed)
            .map((g) => ({
              value: g.code,
              disabled: g.state !== "ok",
              label: `${g.name || g.code} · ${price(g)}${g.state === "ok" ? "" : ` · ${d.mallState[g.state]}`}`,
            }))}
        />
      </Form.Item>
      <div className="row form-row">
        <Form.Item name="quantity" label={d.amount} rules={[{ required: true, message: t.common.required }]}>
          <InputNumber min={1} max={1000} precision={0} />
        </Form.Item>
        <Form.Item name="store" label={d.collectAt}>
          <Select allowClear style={{ width: 220 }} options={stores.options} />
        </Form.Item>
      </div>
      <p className="soft">{d.takeHint}</p>
    </FormModal>
  );
}

export function MallTake({ member }: { member: string }) {
  const d = useDeskT();
  const { may } = useSession();
  const [open, setOpen] = useState(false);
  if (!may("post_exchange")) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>{d.mallTake}</Button>
      {open && <Dialog member={member} close={() => setOpen(false)} />}
    </>
  );
}
