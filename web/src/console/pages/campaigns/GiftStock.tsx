// SPDX-License-Identifier: Apache-2.0
// What every store has of a campaign's gifts: handed out, left, and a delivery or a count that is booked by hand.
import { App, Button, Form, Input, InputNumber, Segmented, Table } from "antd";
import { useState } from "react";
import { api, type GiftStock } from "../../../api/client.gen";
import { count, signed } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCampaignsT } from "../../messages/campaigns";
import { FormModal } from "../../ui/FormModal";
import { Card } from "../../ui/Page";
import { usePages } from "../../ui/Pager";
import { Select } from "../../ui/Select";
import { Data, Nothing } from "../../ui/State";
import { useStores } from "../../ui/useStores";

interface Typed {
  store: string;
  how: "add" | "set";
  pieces: number;
  reason: string;
}
const PIECES_MAX = 1_000_000_000;

function Book({ code, store, close }: { code: string; store?: string; close: () => void }) {
  const t = useT();
  const m = useCampaignsT();
  const stores = useStores();
  const { message } = App.useApp();
  const [form] = Form.useForm<Typed>();
  const how = Form.useWatch("how", form) ?? "add";
  const write = useWrite(
    (v: Typed) => api.postCampaignStock({ code }, { store: v.store, [v.how]: v.pieces, reason: v.reason }),
    (r) => {
      message.success(m.stockNow(stores.name(r.store), count(r.left)));
      close();
    },
  );
  return (
    <FormModal<Typed>
      title={m.stockBook}
      write={write}
      close={close}
      form={form}
      initial={{ store, how: "add" }}
      say={(e) => (e.problem.code === "insufficient" ? m.stockShort : undefined)}
    >
      <Form.Item name="store" label={t.common.store} rules={[{ required: true, message: t.common.required }]}>
        <Select showSearch optionFilterProp="label" options={stores.options} disabled={store !== undefined} />
      </Form.Item>
      <Form.Item name="how" label={m.stockHow}>
        <Segmented
          options={[
            { value: "add", label: m.stockAdd },
            { value: "set", label: m.stockSet },
          ]}
        />
      </Form.Item>
      <Form.Item
        name="pieces"
        label={m.limitPieces}
        extra={how === "add" ? m.stockAddHint : m.stockSetHint}
        rules={[{ required: true, message: t.common.required }]}
      >
        <InputNumber
          precision={0}
          min={how === "add" ? -PIECES_MAX : 0}
          max={PIECES_MAX}
          style={{ width: "100%" }}
        />
      </Form.Item>
      <Form.Item name="reason" label={t.common.reason} rules={[{ required: true, message: t.common.reasonNeeded }]}>
        <Input maxLength={60} />
      </Form.Item>
    </FormModal>
  );
}

export function GiftStockCard({ code }: { code: string }) {
  const t = useT();
  const m = useCampaignsT();
  const { may } = useSession();
  const stores = useStores();
  const pages = usePages();
  const [booking, setBooking] = useState<{ store?: string } | null>(null);
  const query = useApi("listCampaignStocks", { code, after: pages.at, limit: 50 });
  const books = may("post_campaign_stock") && (query.data?.each_store ?? 0) > 0;
  return (
    <Card
      title={m.stock}
      extra={
        books && (
          <Button size="small" onClick={() => setBooking({})}>
            {m.stockBook}
          </Button>
        )
      }
    >
      <Data query={query} rows={2}>
        {(data) => (
          <>
            <p className="soft">{data.each_store > 0 ? m.stockEach(count(data.each_store)) : m.stockNone}</p>
            {data.each_store > 0 && (
              <Table<GiftStock>
                rowKey={(r) => r.store ?? ""}
                size="small"
                pagination={false}
                scroll={{ x: 480 }}
                locale={{ emptyText: <Nothing /> }}
                dataSource={data.items}
                columns={[
                  { title: t.common.store, render: (_, r) => stores.name(r.store) },
                  { title: m.stockOut, align: "right", className: "num", render: (_, r) => count(r.handed_out) },
                  { title: m.stockOwn, align: "right", className: "num", render: (_, r) => signed(r.added) },
                  {
                    title: m.stockLeft,
                    align: "right",
                    className: "num",
                    render: (_, r) => <b className={r.left <= 0 ? "near" : undefined}>{count(r.left)}</b>,
                  },
                  {
                    title: "",
                    align: "right",
                    render: (_, r) =>
                      books && (
                        <Button size="small" type="text" onClick={() => setBooking({ store: r.store })}>
                          {m.stockBook}
                        </Button>
                      ),
                  },
                ]}
              />
            )}
            {pages.pager(data.next)}
          </>
        )}
      </Data>
      {booking && <Book code={code} store={booking.store} close={() => setBooking(null)} />}
    </Card>
  );
}
