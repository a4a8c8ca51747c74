// SPDX-License-Identifier: Apache-2.0
import { DownloadOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useNavigate } from "react-router-dom";
import type { api } from "../../api/client.gen";
import { dateTime } from "../../shared/format";
import { useApi } from "../../shared/query";
import { useT } from "../messages";
import { saveCsv } from "../ui/csv";
import { Card, Page } from "../ui/Page";
import { byOffset, Pager } from "../ui/Pager";
import { Select } from "../ui/Select";
import { Data } from "../ui/State";
import { useListState } from "../ui/useListState";
import { OrdersTable } from "./OrdersTable";

const SIZE = 50;
type Query = NonNullable<Parameters<typeof api.reportOrders>[0]>;
const states = ["any", "paid", "part_returned", "returned", "cancelled"];

export default function OrdersPage() {
  const t = useT();
  const list = useListState();
  const navigate = useNavigate();
  const after = Number(list.get("after") ?? 0);
  const stores = useApi("listStores", { limit: 100 });
  const query = useApi(
    "reportOrders",
    {
      state: list.get("state") as Query["state"],
      store: list.get("store"),
      associate: list.get("associate"),
      after,
      limit: SIZE,
    },
    { every: after === 0 ? 10_000 : undefined },
  );
  const save = () =>
    saveCsv(
      "orders",
      [
        [t.orders.order, (o) => o.order],
        [t.orders.at, (o) => o.occurred_at],
        [t.orders.member, (o) => o.member],
        [t.common.store, (o) => o.store_name],
        [t.orders.net, (o) => o.net / 100],
        [t.orders.returned, (o) => (o.returned ?? 0) / 100],
      ],
      query.data?.items ?? [],
    );
  return (
    <Page
      title={t.orders.title}
      extra={
        <Input.Search
          aria-label={t.orders.find}
          placeholder={t.orders.find}
          allowClear
          style={{ width: 280, maxWidth: "100%" }}
          onSearch={(v) => v.trim() && navigate(`/orders/${encodeURIComponent(v.trim())}`)}
        />
      }
    >
      <Card>
        <div className="filters">
          <Select
            aria-label={t.common.state}
            value={list.get("state") ?? "any"}
            style={{ width: 130 }}
            onChange={(v) => list.set({ state: v === "any" ? undefined : v, after: undefined })}
            options={states.map((value, i) => ({ value, label: i === 0 ? t.common.all : t.orders.states[i - 1] }))}
          />
          <Select
            aria-label={t.common.store}
            value={list.get("store") ?? ""}
            showSearch
            optionFilterProp="label"
            style={{ width: 240 }}
            onChange={(v) => list.set({ store: v, after: undefined })}
            options={[
              { value: "", label: t.members.storeAll },
              ...(stores.data?.items ?? []).map((s) => ({ value: s.code, label: s.name ?? s.code })),
            ]}
          />
          <Button icon={<DownloadOutlined />} onClick={save}>
            {t.common.export}
          </Button>
        </div>
        <Data query={query}>
          {(data) => (
            <>
              <OrdersTable rows={data.items} />
              <Pager
                {...byOffset(after, SIZE, data.items.length === SIZE, (n) => list.set({ after: n?.toString() }))}
              >
                {t.common.asOf(dateTime(data.as_of))}
              </Pager>
            </>
          )}
        </Data>
      </Card>
    </Page>
  );
}
