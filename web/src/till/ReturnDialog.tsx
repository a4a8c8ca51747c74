// SPDX-License-Identifier: Apache-2.0
import { App, Button, Input, InputNumber, Modal, Table } from "antd";
import { useState } from "react";
import { api, type Order, type Product } from "../api/client.gen";
import { ApiError, newKey } from "../api/http";
import { count, milli, money } from "../shared/format";
import { useT } from "./messages";

const left = (l: Order["lines"][number]) =>
  l.quantity !== undefined
    ? l.quantity - (l.returned_quantity ?? 0)
    : Math.min(1, (l.quantity_milli ?? 0) - (l.returned_quantity_milli ?? 0));

export function ReturnDialog({ close, goods }: { close: () => void; goods?: Map<string, Product> }) {
  const t = useT();
  const { message } = App.useApp();
  const [order, setOrder] = useState<Order | null>(null);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<Record<number, number>>({});
  const [id] = useState(() => `R-${newKey().slice(0, 16)}`);
  const say = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    message.error(e.problem.status === 0 ? t.offline : `${t.failed}：${e.problem.detail ?? e.problem.title}`);
  };
  const find = () => api.getOrder({ order: typed.trim() }).then(setOrder).catch(say);
  const lines = Object.entries(chosen)
    .filter(([, n]) => n > 0)
    .map(([i, n]) => {
      const l = order!.lines[Number(i)]!;
      return l.quantity !== undefined
        ? { line: Number(i), quantity: n }
        : { line: Number(i), quantity_milli: (l.quantity_milli ?? 0) - (l.returned_quantity_milli ?? 0) };
    });
  const send = () =>
    api
      .postReturn({ order: order!.order }, { return: id, lines })
      .then((r) => {
        message.success(t.returnDone(money(r.net)));
        close();
      })
      .catch(say);
  return (
    <Modal
      open
      title={t.returnTitle}
      onCancel={close}
      width={640}
      footer={
        order && (
          <Button type="primary" disabled={lines.length === 0} onClick={() => void send()}>
            {t.returnTitle}
          </Button>
        )
      }
    >
      <Input
        autoFocus
        aria-label={t.returnOrder}
        placeholder={t.returnOrder}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        onPressEnter={() => void find()}
      />
      {order && (
        <Table
          style={{ marginTop: 12 }}
          rowKey={(_, i) => String(i)}
          size="small"
          pagination={false}
          dataSource={order.lines}
          columns={[
            { title: t.product, render: (_, l) => goods?.get(l.sku)?.name ?? l.sku },
            {
              title: t.amount,
              align: "right",
              className: "num",
              render: (_, l) => money(l.net - (l.returned_net ?? 0)),
            },
            {
              title: t.returnable,
              align: "right",
              className: "num",
              render: (_, l) =>
                l.quantity !== undefined
                  ? count(left(l))
                  : `${milli((l.quantity_milli ?? 0) - (l.returned_quantity_milli ?? 0))} kg`,
            },
            {
              title: t.quantity,
              align: "right",
              render: (_, l, i) => (
                <InputNumber
                  aria-label={`${t.quantity} ${l.sku}`}
                  min={0}
                  max={left(l)}
                  precision={0}
                  value={chosen[i] ?? 0}
                  onChange={(n) => setChosen({ ...chosen, [i]: n ?? 0 })}
                />
              ),
            },
          ]}
        />
      )}
    </Modal>
  );
}
