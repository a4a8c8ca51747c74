// SPDX-License-Identifier: Apache-2.0
// When, where and by what she was recognised. Loaded with its screen, and so are its words.
import { Button, List } from "antd-mobile";
import { useState } from "react";
import type { VisitRow } from "../api/client.gen";
import { dateTime } from "../shared/format";
import { texts } from "../shared/language";
import { useNs } from "../shared/ns";
import { useApi } from "../shared/query";
import { useT } from "./messages";
import { Failed, Waiting } from "./ui";

const SIZE = 50;
const MOST = 200;

const zh = {
  title: "到店和互动记录",
  back: "返回",
  hint: "每天每种方式最多记一次，只写在哪里、凭什么认出您。不想再被认出，可以在“我的”里关闭授权，或申请注销。",
  none: "还没有记录",
  by: (what: string) => `凭${what}认出`,
  elsewhere: "其他渠道",
  kinds: [
    "其他渠道",
    "收银台",
    "门店感应设备",
    "门店摄像头",
    "门店闸机",
    "门店 WiFi",
    "扫码",
    "官网",
    "小程序",
    "App",
    "公众号",
    "外卖",
    "导购",
    "客服",
    "历史资料导入",
  ],
};
type Messages = typeof zh;
const en: Messages = {
  title: "Visits and contacts",
  back: "Back",
  hint: "At most one a day and way: where, and by what you were known again. To stop it, take back a consent or leave.",
  none: "Nothing yet",
  by: (what) => `known by ${what}`,
  elsewhere: "elsewhere",
  kinds: [
    "elsewhere",
    "till",
    "sensor in a store",
    "camera in a store",
    "gate of a store",
    "store's Wi-Fi",
    "scan",
    "web site",
    "mini-program",
    "app",
    "official account",
    "delivery",
    "assistant",
    "service desk",
    "brought along from before",
  ],
};
const useVisitsT = texts({ zh, en });

/** What was seen together is one visit. */
function visits(rows: readonly VisitRow[]) {
  const all = new Map<number, { row: VisitRow; by: string[] }>();
  for (const row of rows) {
    const one = all.get(row.sequence);
    if (!one) all.set(row.sequence, { row, by: [row.ns] });
    else if (!one.by.includes(row.ns)) one.by.push(row.ns);
  }
  return [...all.values()];
}

export default function Visits() {
  const t = useT();
  const v = useVisitsT();
  const ns = useNs();
  const [limit, setLimit] = useState(SIZE);
  const query = useApi("listMyVisits", { limit });
  const where = (r: VisitRow) => {
    const kind = r.kind === undefined ? undefined : v.kinds[r.kind];
    const place = r.store_name || r.store || r.touchpoint_name || r.touchpoint;
    return [place, kind].filter((x) => x && x !== v.elsewhere).join(" · ") || v.elsewhere;
  };
  return (
    <>
      <header className="bar">
        <h1>{v.title}</h1>
        <a href="#me">{v.back}</a>
      </header>
      <p className="soft pad">{v.hint}</p>
      {query.data ? (
        <List aria-label={v.title}>
          {visits(query.data.items).map(({ row, by }) => (
            <List.Item key={row.sequence} description={`${dateTime(row.at)} · ${v.by(by.map(ns).join("、"))}`}>
              {where(row)}
            </List.Item>
          ))}
        </List>
      ) : query.error ? (
        <Failed retry={() => void query.refetch()} />
      ) : (
        <Waiting />
      )}
      {query.data?.items.length === 0 && <p className="soft pad">{v.none}</p>}
      {query.data && query.data.items.length === limit && limit < MOST && (
        <Button block fill="none" loading={query.isFetching} onClick={() => setLimit(Math.min(MOST, limit + SIZE))}>
          {t.common.more}
        </Button>
      )}
    </>
  );
}
