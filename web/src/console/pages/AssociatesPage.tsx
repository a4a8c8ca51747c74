// SPDX-License-Identifier: Apache-2.0
import { Table, Tag } from "antd";
import { Link } from "react-router-dom";
import { count, money } from "../../shared/format";
import { useApi } from "../../shared/query";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { Data } from "../ui/State";

export default function AssociatesPage() {
  const t = useT();
  const query = useApi("reportAssociates", {});
  return (
    <Page title={t.associates.title}>
      <Card>
        <Data query={query}>
          {(data) => (
            <Table
              rowKey="code"
              size="middle"
              scroll={{ x: 720 }}
              pagination={{ pageSize: 25, showSizeChanger: false }}
              dataSource={data.items}
              columns={[
                {
                  title: t.common.name,
                  render: (_, a) => (
                    <>
                      {a.name ?? a.code} <span className="soft">{a.code}</span>
                    </>
                  ),
                },
                { title: t.common.store, dataIndex: "store_name", ellipsis: true },
                {
                  title: t.stores.net30,
                  align: "right",
                  className: "num",
                  sorter: (a, b) => a.net - b.net,
                  render: (_, a) => money(a.net),
                },
                {
                  title: t.stores.orders30,
                  align: "right",
                  className: "num",
                  sorter: (a, b) => a.orders - b.orders,
                  render: (_, a) => <Link to={`/orders?associate=${a.code}`}>{count(a.orders)}</Link>,
                },
                {
                  title: t.associates.customers,
                  align: "right",
                  className: "num",
                  sorter: (a, b) => a.customers - b.customers,
                  render: (_, a) => count(a.customers),
                },
                {
                  title: t.common.state,
                  render: (_, a) => (
                    <Tag bordered={false} color={a.left ? "default" : "green"}>
                      {a.left ? t.associates.left : t.associates.active}
                    </Tag>
                  ),
                },
              ]}
            />
          )}
        </Data>
      </Card>
    </Page>
  );
}
