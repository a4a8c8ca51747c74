// SPDX-License-Identifier: Apache-2.0
// A wheel that says the truth: each part is as wide as its odds, tickets lie around it in the order of
// the rules, and it stops where the ticket lies that the server drew. Nothing is decided here.
import type { CSSProperties } from "react";

export interface Slice {
  code: string;
  name: string;
  ppm: number;
}

const R = 100;
const COLOURS = ["#1f6f54", "#c79a45", "#2f8f6e", "#96732a", "#3f7f9f", "#7a5f9f", "#b0563d", "#5c7a2f"];
const MISS = "#7c8a84";
const at = (ppm: number, r: number) => {
  const angle = (ppm / 1_000_000) * Math.PI * 2 - Math.PI / 2;
  return `${(Math.cos(angle) * r).toFixed(3)} ${(Math.sin(angle) * r).toFixed(3)}`;
};

function path(from: number, ppm: number) {
  if (ppm >= 1_000_000) return `M0 ${-R}A${R} ${R} 0 1 1 -0.01 ${-R}Z`;
  return `M0 0L${at(from, R)}A${R} ${R} 0 ${ppm > 500_000 ? 1 : 0} 1 ${at(from + ppm, R)}Z`;
}

export function slicesOf(prizes: readonly { code: string; name?: string; ppm: number; unit?: string }[]) {
  let from = 0;
  let colour = 0;
  return prizes.map((p) => {
    const fill = p.unit ? COLOURS[colour++ % COLOURS.length]! : MISS;
    const slice = { code: p.code, name: p.name || p.code, ppm: p.ppm, from, fill };
    from += p.ppm;
    return slice;
  });
}

/** turns: degrees that it has turned so far; style may hold the transition. */
export function Wheel({
  slices,
  turns = 0,
  label,
  style,
}: {
  slices: ReturnType<typeof slicesOf>;
  turns?: number;
  label: string;
  style?: CSSProperties;
}) {
  return (
    <svg className="wheel" viewBox="-108 -116 216 224" role="img" aria-label={label}>
      <circle r={R + 5} fill="#b8892f" />
      <g style={{ transform: `rotate(${turns}deg)`, transformOrigin: "0 0", ...style }}>
        {slices.map((s) => (
          <path key={s.code} d={path(s.from, s.ppm)} fill={s.fill} stroke="#fff" strokeWidth={0.8} />
        ))}
        {slices
          .filter((s) => s.ppm >= 35_000)
          .map((s) => (
            <text
              key={s.code}
              x={R - 8}
              y={0}
              transform={`rotate(${((s.from + s.ppm / 2) / 1_000_000) * 360 - 90})`}
              textAnchor="end"
              dominantBaseline="central"
              fill="#fff"
              fontSize={10}
              fontWeight={600}
            >
              {s.name.length > 7 ? `${s.name.slice(0, 6)}…` : s.name}
            </text>
          ))}
      </g>
      <circle r={13} fill="#fff" />
      <circle r={9} fill="#b8892f" />
      <path d="M-9 -114L9 -114L0 -92Z" fill="#c4262e" stroke="#fff" strokeWidth={1.5} />
    </svg>
  );
}
