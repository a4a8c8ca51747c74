// SPDX-License-Identifier: Apache-2.0
import { Button, Timeline } from "antd";
import { useState } from "react";
import { dateTime } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { Data, Nothing } from "../../ui/State";

/** "OrderPlaced" or "order_placed" -> the text of it */
export const eventKey = (name: string) => name.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();

export function TimelineTab({ id }: { id: string }) {
  const t = useT();
  const [before, setBefore] = useState<number | undefined>();
  const query = useApi("getTimeline", { member: id, before, limit: 30 });
  const what = (type: string, data: unknown[] | undefined) => {
    const names = (data ?? [])
      .map((d) => String((d as { event?: string; type?: string }).event ?? (d as { type?: string }).type ?? ""))
      .filter(Boolean);
    const known = [...new Set(names.map(eventKey))].map((n) => t.event[n]).filter(Boolean);
    return known.length > 0
      ? known.join(" · ")
      : (t.command[type.toUpperCase()] ?? t.event[eventKey(type)] ?? type);
  };
  return (
    <Data query={query}>
      {(data) =>
        data.items.length === 0 ? (
          <Nothing />
        ) : (
          <>
            <Timeline
              items={data.items.map((e) => ({
                color: e.refused ? "red" : e.type === "order" ? "#b8892f" : "#1f6f54",
                children: (
                  <div className="event">
                    <span className="soft num">{dateTime(e.time)}</span>
                    <span className="what">{what(e.type, e.data)}</span>
                    {e.refused && <span className="soft">{e.refused}</span>}
                    <span className="soft num">#{e.sequence}</span>
                  </div>
                ),
              }))}
            />
            {data.next ? <Button onClick={() => setBefore(data.next)}>{t.common.more}</Button> : null}
          </>
        )
      }
    </Data>
  );
}
