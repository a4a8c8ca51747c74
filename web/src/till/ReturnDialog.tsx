// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, InputNumber, Modal, Switch, Table } from "antd";
import { useState } from "react";
import { api, type Order, type Product, type ReturnLine, type ReturnQuote } from "../api/client.gen";
import { ApiError, newKey } from "../api/http";
import { count, milli, money } from "../shared/format";
import { focusInput, useKeys } from "./keys";
import { useT } from "./messages";
import { useNames } from "./Offers";

const left = (l: Order["lines"][number]) =>
  l.quantity !== undefined
    ? l.quantity - (l.returned_quantity ?? 0)
    : Math.min(1, (l.quantity_milli ?? 0) - (l.returned_quantity_milli ?? 0));

/** What goes back and what is taken, before anything happens. */
function useReturnQuote(order: Order | null, lines: ReturnLine[], kept: boolean) {
  const body = { lines, gifts_kept: kept || undefined };
  return useQuery<ReturnQuote, ApiError>({
    queryKey: ["returnQuote", order?.order, body],
    queryFn: () => api.postReturnQuote({ order: order!.order }, body),
    enabled: order !== null && lines.length > 0,
    retry: false,
  });
}

function Quoted({ quote, goods }: { quote: ReturnQuote; goods?: Map<string, Product> }) {
  const t = useT();
  const names = useNames();
  return (
    <div className="return-quote" role="status" aria-label={t.willPay}>
      <div className="spread big">
        <b>{t.willPay}</b>
        <b className="num">{money(quote.net)}</b>
      </div>
      {quote.tenders.map((x, i) => (
        <div className="spread" key={i}>
          <span>{x.unit ? `${names.unit(x.unit)} ${count(x.units)}` : (t.tender[x.kind] ?? x.kind)}</span>
          <span className="num">{money(x.amount)}</span>
        </div>
      ))}
      {quote.clawed_back.map((x) => (
        <p key={x.unit} className="soft">
          {t.clawed(count(x.amount), names.unit(x.unit))}
        </p>
      ))}
      {quote.coupons.length > 0 && <p className="soft">{t.couponBack(count(quote.coupons.length))}</p>}
      {quote.withheld > 0 && <p className="soft">{t.withheld(money(quote.withheld))}</p>}
      {quote.gifts.length > 0 && (
        <p className="near">
          {t.giftBack}：
          {quote.gifts
            .map((g) => `${goods?.get(g.product ?? "")?.name ?? g.product} × ${count(g.units)}`)
            .join("、")}
        </p>
      )}
    </div>
  );
}

export function ReturnDialog({ close, goods }: { close: () => void; goods?: Map<string, Product> }) {
  const t = useT();
  const { message } = App.useApp();
  const [order, setOrder] = useState<Order | null>(null);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<Record<number, number>>({});
  const [kept, setKept] = useState(false);
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
  const quoted = useReturnQuote(order, lines, kept);
  const [busy, setBusy] = useState(false);
  const whole = () => order && setChosen(Object.fromEntries(order.lines.map((l, i) => [i, left(l)])));
  const gifts = lines.length > 0 && ((quoted.data?.gifts.length ?? 0) > 0 || kept);
  const send = () => {
    if (lines.length === 0 || busy) return;
    setBusy(true);
    void api
      .postReturn({ order: order!.order }, { return: id, lines, gifts_kept: kept || undefined })
      .then((r) => {
        message.success(t.returnDone(money(r.net)));
        close();
      })
      .catch(say)
      .finally(() => setBusy(false));
  };
  useKeys(true, { F4: () => void whole(), F6: () => gifts && setKept(!kept), F9: send });
  return (
    <Modal
      open
      title={t.returnTitle}
      onCancel={close}
      afterOpenChange={focusInput}
      width={640}
      footer={
        order && (
          <>
            <Button onClick={() => void whole()}>
              {t.returnAll} <kbd>F4</kbd>
            </Button>
            <Button type="primary" disabled={lines.length === 0} loading={busy} onClick={send}>
              {t.returnTitle} <kbd>F9</kbd>
            </Button>
          </>
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
                  autoFocus={i === 0}
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
      {lines.length > 0 && quoted.data && <Quoted quote={quoted.data} goods={goods} />}
      {gifts && (
        <label className="row">
          <Switch checked={kept} onChange={setKept} aria-label={t.giftsKept} /> {t.giftsKept} <kbd>F6</kbd>
        </label>
      )}
      {quoted.error && <p className="wrong">{quoted.error.problem.detail ?? quoted.error.problem.title}</p>}
    </Modal>
  );
}
