// SPDX-License-Identifier: Apache-2.0
import { App, Button, InputNumber, Modal, Table, Tag } from "antd";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router-dom";
import { api, type Order } from "../../api/client.gen";
import { newKey } from "../../api/http";
import { count, dateTime, milli, money } from "../../shared/format";
import { useProduct } from "../../shared/useProduct";
import { useApi, useWrite } from "../../shared/query";
import { useSession } from "../../shared/session";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { Data, problemText } from "../ui/State";
import { OrderState } from "./OrdersTable";

type Line = Order["lines"][number];
const stateNumber = { paid: 0, part_returned: 1, returned: 2, cancelled: 3 };
const left = (l: Line) => (l.quantity !== undefined ? l.quantity - (l.returned_quantity ?? 0) : 0);
const leftMilli = (l: Line) => (l.quantity_milli ?? 0) - (l.returned_quantity_milli ?? 0);

function ProductName({ sku }: { sku: string }) {
  const p = useProduct(sku);
  return (
    <>
      {p?.name ?? sku} <span className="soft mono">{sku}</span>
    </>
  );
}

function Return({ order, close }: { order: Order; close: () => void }) {
  const t = useT();
  const { message } = App.useApp();
  const [chosen, setChosen] = useState<Record<number, number>>({});
  const lines = Object.entries(chosen)
    .filter(([, n]) => n > 0)
    .map(([line, n]) => {
      const l = order.lines[Number(line)]!;
      return l.quantity !== undefined
        ? { line: Number(line), quantity: n }
        : { line: Number(line), quantity_milli: leftMilli(l) };
    });
  const write = useWrite(
    () => api.postReturn({ order: order.order }, { return: `R-${newKey().slice(0, 16)}`, lines }),
    () => {
      message.success(t.orders.returnDone);
      close();
    },
  );
  return (
    <Modal
      open
      title={t.orders.returnTitle}
      onCancel={close}
      okButtonProps={{ disabled: lines.length === 0 }}
      confirmLoading={write.isPending}
      onOk={() => write.mutate([], { onError: (e) => message.error(problemText(e, t)) })}
      width={640}
    >
      <Table
        rowKey={(_, i) => String(i)}
        size="small"
        pagination={false}
        dataSource={order.lines}
        columns={[
          { title: t.orders.product, render: (_, l) => <ProductName sku={l.sku} /> },
          {
            title: t.orders.returnable,
            align: "right",
            render: (_, l) => (l.quantity !== undefined ? count(left(l)) : milli(leftMilli(l))),
          },
          {
            title: t.orders.quantity,
            align: "right",
            render: (_, l, i) => (
              <InputNumber
                aria-label={`${t.orders.quantity} ${l.sku}`}
                min={0}
                max={l.quantity !== undefined ? left(l) : Math.min(1, leftMilli(l))}
                precision={0}
                value={chosen[i] ?? 0}
                onChange={(n) => setChosen({ ...chosen, [i]: n ?? 0 })}
              />
            ),
          },
        ]}
      />
    </Modal>
  );
}

function Lines({ order }: { order: Order }) {
  const t = useT();
  return (
    <Table
      rowKey={(_, i) => String(i)}
      size="middle"
      pagination={false}
      scroll={{ x: 520 }}
      dataSource={order.lines}
      columns={[
        { title: t.orders.product, render: (_, l) => <ProductName sku={l.sku} /> },
        {
          title: t.orders.quantity,
          align: "right",
          className: "num",
          render: (_, l) => (l.quantity !== undefined ? count(l.quantity) : milli(l.quantity_milli ?? 0)),
        },
        { title: t.orders.net, align: "right", className: "num", render: (_, l) => money(l.net) },
        {
          title: t.orders.returned,
          align: "right",
          className: "num",
          render: (_, l) => (l.returned_net ? money(l.returned_net) : "–"),
        },
      ]}
    />
  );
}

export default function OrderPage() {
  const t = useT();
  const { order: code = "" } = useParams();
  const navigate = useNavigate();
  const { may } = useSession();
  const { message, modal } = App.useApp();
  const [returning, setReturning] = useState(false);
  const query = useApi("getOrder", { order: code });
  const cancel = useWrite(
    (id: string) => api.postCancel({ order: id }),
    () => message.success(t.common.done),
  );
  const o = query.data;
  const open = o && (o.state === "paid" || o.state === "part_returned");
  const askCancel = () =>
    o &&
    modal.confirm({
      title: t.orders.cancelOrder,
      content: t.orders.cancelHint,
      okButtonProps: { danger: true },
      onOk: () => cancel.mutateAsync([o.order]).catch((e) => message.error(problemText(e, t))),
    });
  return (
    <Page
      title={t.orders.detail}
      extra={
        <>
          <Button onClick={() => navigate(-1)}>{t.common.back}</Button>
          {open && may("post_return") && <Button onClick={() => setReturning(true)}>{t.orders.doReturn}</Button>}
          {o?.state === "paid" && may("post_cancel") && (
            <Button danger onClick={askCancel}>
              {t.orders.cancelOrder}
            </Button>
          )}
        </>
      }
    >
      <Data query={query}>
        {(order) => (
          <div className="grid">
            <Card>
              <div className="spread">
                <h2 className="mono" style={{ margin: 0 }}>
                  {order.order}
                </h2>
                <OrderState state={stateNumber[order.state]} />
              </div>
              <dl className="facts">
                <div>
                  <dt>{t.orders.net}</dt>
                  <dd>{money(order.net)}</dd>
                </div>
                <div>
                  <dt>{t.orders.returned}</dt>
                  <dd>{money(order.returned_net)}</dd>
                </div>
                <div>
                  <dt>{t.orders.member}</dt>
                  <dd>
                    {order.member ? (
                      <Link className="mono" to={`/members/${order.member.id}`}>
                        {order.member.id.slice(4)}
                      </Link>
                    ) : (
                      t.orders.guest
                    )}
                  </dd>
                </div>
                <div>
                  <dt>{t.common.store}</dt>
                  <dd>{order.store ?? "–"}</dd>
                </div>
                <div>
                  <dt>{t.orders.associate}</dt>
                  <dd>{order.associate ?? "–"}</dd>
                </div>
                <div>
                  <dt>{t.orders.at}</dt>
                  <dd>{dateTime(order.occurred_at)}</dd>
                </div>
              </dl>
            </Card>
            <Card>
              <Lines order={order} />
            </Card>
            <div className="grid two">
              <Card title={t.orders.earned}>
                {order.earned.map((e, i) => (
                  <div className="spread" key={i}>
                    <span>
                      {e.unit}{" "}
                      <span className="soft">
                        {t.orders.rule} {e.rule}
                        {e.rule_version > 1 && ` (${t.config.version(e.rule_version)})`}
                      </span>
                    </span>
                    <span className="num">
                      +{count(e.amount)}
                      {e.clawed_back > 0 && (
                        <span className="soft">
                          {" "}
                          · {t.orders.clawed} {count(e.clawed_back)}
                        </span>
                      )}
                    </span>
                  </div>
                ))}
              </Card>
              <Card title={t.orders.tenders}>
                {order.tenders.map((x, i) => (
                  <div className="spread" key={i}>
                    <Tag bordered={false}>{t.orders.tender[x.kind]}</Tag>
                    <span className="num">{money(x.amount)}</span>
                  </div>
                ))}
              </Card>
            </div>
            {returning && <Return order={order} close={() => setReturning(false)} />}
          </div>
        )}
      </Data>
    </Page>
  );
}
