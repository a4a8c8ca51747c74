// SPDX-License-Identifier: Apache-2.0
// One code and everything that is known of it: what it is on, where it is packed, who was first.
import { App, Drawer, Input, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import { api, type Code } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, dateTime } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useProduct } from "../../../shared/useProduct";
import { useT } from "../../messages";
import { useCodesT } from "../../messages/codes";
import { problemText } from "../../ui/State";

/** "https://shop/../21/4ZQ9" or "4ZQ9": the last segment counts, as at the server. */
export const symbolsOf = (typed: string) => typed.trim().split(/[?#]/)[0]!.replace(/\/+$/, "").split("/").at(-1)!;

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function First({ code }: { code: Code }) {
  const c = useCodesT();
  const stores = useApi("listStores", { limit: 100 });
  const { first } = code;
  if (!first) return <p className="soft">{c.never}</p>;
  const store = stores.data?.items.find((s) => s.code === first.store)?.name ?? first.store;
  return (
    <dl className="pairs">
      <Fact name={c.first}>{dateTime(first.at)}</Fact>
      <Fact name={c.store}>{store ?? first.touchpoint ?? "–"}</Fact>
      <Fact name={c.firstBy}>
        {first.member ? (
          <Link className="mono" to={`/members/${first.member}`}>
            {first.member.slice(4)}
          </Link>
        ) : (
          "–"
        )}
      </Fact>
      <Fact name={c.scans}>
        {count(code.scans)} · {code.by_others ? c.byOthers : c.onlyOne}
      </Fact>
    </dl>
  );
}

function CodeView({ code, symbols, open }: { code: Code; symbols: string; open: (code: string) => void }) {
  const c = useCodesT();
  const product = useProduct(code.product ?? "");
  return (
    <div className="grid">
      <div className="row">
        <span className="mono num" style={{ fontSize: 18 }}>
          {symbols.toUpperCase()}
        </span>
        <Tag color={code.state === "blank" ? "default" : "green"} bordered={false}>
          {c.states[code.state]}
        </Tag>
        {code.frozen && (
          <Tag color="orange" bordered={false}>
            {c.frozen}
          </Tag>
        )}
        {code.void && (
          <Tag color="red" bordered={false}>
            {c.void}
          </Tag>
        )}
      </div>
      <dl className="pairs">
        <Fact name={c.batch}>
          {code.batch} · {c.serial} {count(code.serial)}
        </Fact>
        <Fact name={c.product}>{code.product ? `${product?.name ?? code.product}` : "–"}</Fact>
        <Fact name={c.region}>{code.region ?? "–"}</Fact>
        <Fact name={c.lot}>{code.lot ?? "–"}</Fact>
        <Fact name={c.campaign}>{code.campaign ?? "–"}</Fact>
        <Fact name={c.store}>{code.store ?? "–"}</Fact>
        {code.children > 0 && <Fact name={c.holds}>{count(code.children)}</Fact>}
      </dl>
      <First code={code} />
      <dl className="pairs">
        <Fact name={c.packedIn}>
          {code.packed_in.length === 0
            ? c.loose
            : code.packed_in.map((p) => (
                <div key={p.code}>
                  <button type="button" className="plain mono" onClick={() => open(p.code)}>
                    {p.code}
                  </button>
                  {p.received_by && ` · ${c.receivedBy} ${p.received_by}`}
                </div>
              ))}
        </Fact>
      </dl>
    </div>
  );
}

export function Trace() {
  const t = useT();
  const c = useCodesT();
  const { message } = App.useApp();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<{ code: Code; symbols: string } | null>(null);
  const search = async (text: string) => {
    if (!text.trim()) return;
    const symbols = symbolsOf(text);
    setBusy(true);
    try {
      setFound({ code: await api.getCode({ code: symbols }), symbols });
      setTyped("");
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      const { status, code } = e.problem;
      message.warning(
        code === "unknown_code" ? c.unknown : status === 400 || status === 422 ? c.wrong : problemText(e, t),
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Input.Search
        aria-label={c.trace}
        placeholder={c.trace}
        value={typed}
        loading={busy}
        onChange={(e) => setTyped(e.target.value)}
        onSearch={(v) => void search(v)}
        style={{ width: 360, maxWidth: "100%" }}
      />
      <Drawer
        open={found !== null}
        aria-label={c.traceTitle}
        title={c.traceTitle}
        width={Math.min(560, window.innerWidth)}
        onClose={() => setFound(null)}
      >
        {found && <CodeView code={found.code} symbols={found.symbols} open={(code) => void search(code)} />}
      </Drawer>
    </>
  );
}
