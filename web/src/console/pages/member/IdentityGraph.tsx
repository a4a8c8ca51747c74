// SPDX-License-Identifier: Apache-2.0
// The person in the middle, her identifiers around her, devices and suggestions outside.
import type { Member } from "../../../api/client.gen";
import { useNs } from "../../../shared/ns";
import { useT } from "../../messages";

const WIDTH = 760;
const HEIGHT = 330;

interface Node {
  id: string;
  label: string;
  sub: string;
  kind: "identifier" | "device" | "suggestion";
  strong: boolean;
}

function nodesOf(m: Member, t: ReturnType<typeof useT>, ns: (name: string) => string): Node[] {
  return [
    ...m.identifiers
      .slice(0, 14)
      .map(
        (i): Node => ({
          id: i.id,
          label: i.value ?? "****",
          sub: ns(i.ns),
          kind: "identifier",
          strong: i.verified && i.current,
        }),
      ),
    ...(m.devices ?? [])
      .slice(0, 4)
      .map(
        (d): Node => ({
          id: d.id,
          label: ns(d.ns),
          sub: d.own ? t.member.own : t.member.shared,
          kind: "device",
          strong: d.own,
        }),
      ),
    ...(m.suggestions ?? [])
      .slice(0, 3)
      .map(
        (s): Node => ({ id: s.id, label: ns(s.ns), sub: t.member.suggestions, kind: "suggestion", strong: false }),
      ),
  ];
}

const colour = { identifier: "#1f6f54", device: "#6b8fb8", suggestion: "#b8892f" };

export function IdentityGraph({
  m,
  chosen,
  choose,
}: {
  m: Member;
  chosen: string[];
  choose: (id: string) => void;
}) {
  const t = useT();
  const nodes = nodesOf(m, t, useNs());
  const place = (i: number) => {
    const angle = (i / nodes.length) * Math.PI * 2 - Math.PI / 2;
    const far = nodes.length > 8 && i % 2 === 1 ? 0.68 : 1;
    return { x: WIDTH / 2 + Math.cos(angle) * 285 * far, y: HEIGHT / 2 - 6 + Math.sin(angle) * 122 * far };
  };
  return (
    <svg className="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={t.member.identity}>
      {nodes.map((n, i) => {
        const p = place(i);
        return (
          <line
            key={n.id}
            x1={WIDTH / 2}
            y1={HEIGHT / 2 - 6}
            x2={p.x}
            y2={p.y}
            stroke={colour[n.kind]}
            strokeWidth={n.strong ? 2.5 : 1.5}
            strokeDasharray={n.strong ? undefined : "4 5"}
            opacity={0.55}
          />
        );
      })}
      <circle cx={WIDTH / 2} cy={HEIGHT / 2 - 6} r={34} fill="#1f6f54" />
      <text
        x={WIDTH / 2}
        y={HEIGHT / 2 - 1}
        style={{ fill: "#fff", stroke: "none", fontWeight: 600, fontSize: 15 }}
      >
        {m.enrolled ? t.nav.members : t.members.member}
      </text>
      {nodes.map((n, i) => {
        const p = place(i);
        const on = chosen.includes(n.id);
        const can = n.kind === "identifier";
        return (
          <g
            key={n.id}
            className={can ? "node" : undefined}
            {...(can && {
              role: "checkbox",
              "aria-checked": on,
              "aria-label": `${n.sub} ${n.label}`,
              tabIndex: 0,
              onClick: () => choose(n.id),
              onKeyDown: (e: React.KeyboardEvent) => {
                if (e.key === " " || e.key === "Enter") {
                  e.preventDefault();
                  choose(n.id);
                }
              },
            })}
          >
            <circle
              cx={p.x}
              cy={p.y}
              r={on ? 17 : 13}
              fill={on ? "#c0392b" : colour[n.kind]}
              stroke="var(--card)"
              strokeWidth={3}
            />
            <text x={p.x} y={p.y + 31}>
              {n.label}
            </text>
            <text className="sub" x={p.x} y={p.y - 20}>
              {n.sub}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
