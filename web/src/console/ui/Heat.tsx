// SPDX-License-Identifier: Apache-2.0
// A table whose cells are as dark as what they say is large: read by a screen reader as the table that it is.
import type { ReactNode } from "react";

export interface HeatCell {
  text: string;
  share: number; // 0 .. 1 of the darkest
  hint?: string;
}

export function Heat({
  label,
  corner,
  columns,
  rows,
}: {
  label: string;
  corner: string;
  columns: string[];
  rows: { key: string; head: ReactNode; cells: (HeatCell | undefined)[] }[];
}) {
  return (
    <div className="heat-scroll" role="region" aria-label={label} tabIndex={0}>
      <table className="heat">
        <thead>
          <tr>
            <th scope="col">{corner}</th>
            {columns.map((c, i) => (
              <th scope="col" key={i} className="num">
                {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.key}>
              <th scope="row">{r.head}</th>
              {r.cells.map((c, i) => (
                <td
                  key={i}
                  className="num"
                  title={c?.hint}
                  style={c && c.share > 0 ? { background: `rgba(31, 138, 102, ${0.06 + c.share * 0.34})` } : undefined}
                >
                  {c?.text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
