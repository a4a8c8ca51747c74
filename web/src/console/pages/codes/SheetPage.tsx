// SPDX-License-Identifier: Apache-2.0
// Labels on paper: each code as a QR that a phone opens on the member page, its symbols below.
import { Button, InputNumber } from "antd";
import { useParams } from "react-router-dom";
import { count } from "../../../shared/format";
import { Qr } from "../../../shared/Qr";
import { useApi } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useCodesT } from "../../messages/codes";
import { Page } from "../../ui/Page";
import { Data } from "../../ui/State";
import { useListState } from "../../ui/useListState";

const MOST = 200;

export default function SheetPage() {
  const c = useCodesT();
  const { code = "" } = useParams();
  const { session } = useSession();
  const list = useListState();
  const from = Number(list.get("from") ?? 0);
  const limit = Math.min(MOST, Number(list.get("n") ?? 24));
  const query = useApi("listCodes", { code, from, limit });
  const address = (symbols: string) => `${location.origin}/member/${session?.tenant ?? ""}/${symbols}`;
  return (
    <Page
      title={`${c.sheet} · ${code}`}
      extra={
        <span className="row no-print">
          <InputNumber
            addonBefore={c.from}
            aria-label={c.from}
            min={0}
            precision={0}
            value={from}
            onChange={(v) => list.set({ from: v ? String(v) : undefined })}
          />
          <InputNumber
            addonBefore={c.sheetLimit}
            aria-label={c.sheetLimit}
            min={1}
            max={MOST}
            precision={0}
            value={limit}
            onChange={(v) => list.set({ n: v ? String(v) : undefined })}
          />
          <Button type="primary" onClick={() => print()}>
            {c.print}
          </Button>
        </span>
      }
    >
      <Data query={query}>
        {(data) => (
          <div className="labels">
            {data.codes.map((symbols, i) => (
              <figure key={symbols} className="label-one">
                <Qr text={address(symbols)} label={symbols} />
                <figcaption className="mono">
                  {symbols.replace(/(.{5})(?=.)/g, "$1 ")}
                  <small>{count(from + i)}</small>
                </figcaption>
              </figure>
            ))}
          </div>
        )}
      </Data>
    </Page>
  );
}
