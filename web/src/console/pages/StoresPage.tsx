// SPDX-License-Identifier: Apache-2.0
import { Table, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import { count, money, moneyShort } from "../../shared/format";
import { useApi } from "../../shared/query";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { PlaceMap } from "../ui/PlaceMap";
import { Data } from "../ui/State";

export default function StoresPage() {
  const t = useT();
  const query = useApi("reportStores", {});
  const [chosen, setChosen] = useState<string>();
  return (
    <Page title={t.stores.title}>
      <Data query={query}>
        {(data) => (
          <div className="grid">
            <Card title={t.stores.map} extra={<span className="soft">{t.stores.size}</span>}>
              <PlaceMap
                label={t.stores.map}
                places={data.items.map((s) => ({
                  ...s,
                  weight: s.net,
                  dim: s.closed,
                  figure: money(s.net),
                  short: moneyShort(s.net),
                }))}
                chosen={chosen}
                choose={setChosen}
              />
            </Card>
            <Card>
              <Table
                rowKey="code"
                pagination={false}
                size="middle"
                scroll={{ x: 820 }}
                dataSource={data.items}
                onRow={(s) => ({ onClick: () => setChosen(s.code), className: "link-row" })}
                columns={[
                  {
                    title: t.common.store,
                    render: (_, s) => (
                      <>
                        {s.name ?? s.code} <span className="soft">{s.code}</span>
                      </>
                    ),
                  },
                  { title: t.stores.region, dataIndex: "region" },
                  {
                    title: t.stores.net30,
                    align: "right",
                    className: "num",
                    sorter: (a, b) => a.net - b.net,
                    render: (_, s) => money(s.net),
                  },
                  {
                    title: t.stores.orders30,
                    align: "right",
                    className: "num",
                    sorter: (a, b) => a.orders - b.orders,
                    render: (_, s) => count(s.orders),
                  },
                  {
                    title: t.stores.members,
                    align: "right",
                    className: "num",
                    sorter: (a, b) => a.members - b.members,
                    render: (_, s) => <Link to={`/members?class=member&store=${s.code}`}>{count(s.members)}</Link>,
                  },
                  {
                    title: t.stores.radius,
                    align: "right",
                    className: "num",
                    render: (_, s) => (s.trade_radius_m ? `${count(s.trade_radius_m)} m` : "–"),
                  },
                  {
                    title: t.common.state,
                    render: (_, s) => (
                      <Tag bordered={false} color={s.closed ? "default" : "green"}>
                        {s.closed ? t.stores.closed : t.stores.open}
                      </Tag>
                    ),
                  },
                ]}
              />
            </Card>
          </div>
        )}
      </Data>
    </Page>
  );
}
