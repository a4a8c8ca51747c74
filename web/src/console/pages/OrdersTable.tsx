// SPDX-License-Identifier: Apache-2.0
import { Table, Tag } from "antd";
import { Link, useNavigate } from "react-router-dom";
import type { OrderRow } from "../../api/client.gen";
import { count, dateTime, money } from "../../shared/format";
import { useT } from "../messages";
import { Nothing } from "../ui/State";

const colours = ["green", "orange", "default", "default"];

export function OrderState({ state }: { state: number }) {
  const t = useT();
  return (
    <Tag bordered={false} color={colours[state]}>
      {t.orders.states[state]}
    </Tag>
  );
}

export function OrdersTable({ rows, hideMember }: { rows: OrderRow[]; hideMember?: boolean }) {
  const t = useT();
  const navigate = useNavigate();
  const member = {
    title: t.orders.member,
    render: (_: unknown, o: OrderRow) =>
      o.member ? (
        <Link className="mono" to={`/members/${o.member}`} onClick={(e) => e.stopPropagation()}>
          {o.member.slice(4)}
        </Link>
      ) : (
        <span className="soft">{t.orders.guest}</span>
      ),
  };
  return (
    <Table
      rowKey="id"
      size="middle"
      pagination={false}
      scroll={{ x: 860 }}
      dataSource={rows}
      locale={{ emptyText: <Nothing /> }}
      onRow={(o) => ({ onClick: () => navigate(`/orders/${o.id}`), className: "link-row" })}
      columns={[
        {
          title: t.orders.order,
          render: (_, o) => (
            <Link className="mono" to={`/orders/${o.id}`} onClick={(e) => e.stopPropagation()}>
              {o.order}
            </Link>
          ),
        },
        { title: t.orders.at, render: (_, o) => dateTime(o.occurred_at) },
        ...(hideMember ? [] : [member]),
        { title: t.common.store, ellipsis: true, render: (_, o) => o.store_name ?? "–" },
        { title: t.orders.associate, render: (_, o) => o.associate_name ?? "–" },
        { title: t.orders.lines, align: "right", className: "num", render: (_, o) => count(o.lines) },
        { title: t.orders.net, align: "right", className: "num", render: (_, o) => money(o.net) },
        {
          title: t.orders.returned,
          align: "right",
          className: "num",
          render: (_, o) => (o.returned ? money(o.returned) : "–"),
        },
        { title: t.common.state, render: (_, o) => <OrderState state={o.state} /> },
      ]}
    />
  );
}
