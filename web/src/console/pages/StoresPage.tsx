// SPDX-License-Identifier: Apache-2.0
import { Table, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import type { StoreRow } from "../../api/client.gen";
import { count, money, moneyShort } from "../../shared/format";
import { useApi } from "../../shared/query";
import { useT } from "../messages";
import { Card, Page } from "../ui/Page";
import { Data } from "../ui/State";

const WIDTH = 900;
const HEIGHT = 350;

/** Regions side by side, each to its own scale: cities are small against what lies between. */
function placesOf(stores: StoreRow[]) {
  const regions = [...new Set(stores.map((s) => s.region ?? ""))];
  const cell = WIDTH / Math.max(1, regions.length);
  return regions.map((region, i) => {
    const own = stores.filter(
      (s) => (s.region ?? "") === region && s.latitude_e7 !== undefined && s.longitude_e7 !== undefined,
    );
    const xs = own.map((s) => s.longitude_e7!);
    const ys = own.map((s) => s.latitude_e7!);
    const span = Math.max(Math.max(...xs) - Math.min(...xs), (Math.max(...ys) - Math.min(...ys)) * 1.15, 1);
    const scale = Math.min(cell - 96, HEIGHT - 150) / span;
    const midX = (Math.max(...xs) + Math.min(...xs)) / 2;
    const midY = (Math.max(...ys) + Math.min(...ys)) / 2;
    return {
      region,
      x: cell * (i + 0.5),
      left: cell * i,
      stores: own.map((s) => ({
        s,
        x: cell * (i + 0.5) + (s.longitude_e7! - midX) * scale,
        y: HEIGHT / 2 + 14 - (s.latitude_e7! - midY) * scale * 1.15,
      })),
    };
  });
}

function Map({ stores, chosen, choose }: { stores: StoreRow[]; chosen?: string; choose: (code: string) => void }) {
  const t = useT();
  const most = Math.max(1, ...stores.map((s) => s.net));
  return (
    <svg className="map" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={t.stores.map}>
      {placesOf(stores).map((r, i) => (
        <g key={r.region}>
          {i > 0 && (
            <line x1={r.left} x2={r.left} y1={24} y2={HEIGHT - 24} stroke="var(--line)" strokeDasharray="3 6" />
          )}
          <text x={r.x} y={34} textAnchor="middle" style={{ fontSize: 16, fontWeight: 600, fill: "var(--ink)" }}>
            {r.region}
          </text>
          {r.stores.map(({ s, x, y }) => (
            <g
              key={s.code}
              role="button"
              tabIndex={0}
              aria-label={`${s.name} ${money(s.net)}`}
              style={{ cursor: "pointer" }}
              onClick={() => choose(s.code)}
              onKeyDown={(e) => {
                if (e.key === "Enter") choose(s.code);
              }}
            >
              <circle
                cx={x}
                cy={y}
                r={8 + Math.sqrt(s.net / most) * 26}
                fill={s.closed ? "#8d9a94" : "#1f6f54"}
                opacity={chosen === s.code ? 0.5 : 0.2}
              />
              <circle cx={x} cy={y} r={5} fill={chosen === s.code ? "#b8892f" : s.closed ? "#8d9a94" : "#1f6f54"} />
              {chosen === s.code && (
                <text x={x} y={y - 14} textAnchor="middle" style={{ fill: "var(--ink)", fontWeight: 600 }}>
                  {s.name} · {moneyShort(s.net)}
                </text>
              )}
            </g>
          ))}
        </g>
      ))}
    </svg>
  );
}

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
              <Map stores={data.items} chosen={chosen} choose={setChosen} />
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
