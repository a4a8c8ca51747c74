// SPDX-License-Identifier: Apache-2.0
// Places on a plan: regions side by side, each to its own scale, because cities are small against
// what lies between. A circle's area is what is counted there.
export interface Place {
  code: string;
  name?: string;
  region?: string;
  latitude_e7?: number;
  longitude_e7?: number;
  weight: number;
  figure: string; // what a reader of the screen is told
  short: string; // beside the chosen one
  dim?: boolean;
  alarm?: boolean;
}

const WIDTH = 900;
const HEIGHT = 350;

function laidOut(places: Place[]) {
  const regions = [...new Set(places.map((p) => p.region ?? ""))];
  const cell = WIDTH / Math.max(1, regions.length);
  return regions.map((region, i) => {
    const own = places.filter(
      (p) => (p.region ?? "") === region && p.latitude_e7 !== undefined && p.longitude_e7 !== undefined,
    );
    const xs = own.map((p) => p.longitude_e7!);
    const ys = own.map((p) => p.latitude_e7!);
    const span = Math.max(Math.max(...xs) - Math.min(...xs), (Math.max(...ys) - Math.min(...ys)) * 1.15, 1);
    const scale = Math.min(cell - 96, HEIGHT - 150) / span;
    const midX = (Math.max(...xs) + Math.min(...xs)) / 2;
    const midY = (Math.max(...ys) + Math.min(...ys)) / 2;
    return {
      region,
      x: cell * (i + 0.5),
      left: cell * i,
      places: own.map((p) => ({
        p,
        x: cell * (i + 0.5) + (p.longitude_e7! - midX) * scale,
        y: HEIGHT / 2 + 14 - (p.latitude_e7! - midY) * scale * 1.15,
      })),
    };
  });
}

const colour = (p: Place) => (p.dim ? "#8d9a94" : p.alarm ? "#c4262e" : "#1f6f54");

export function PlaceMap({
  places,
  label,
  chosen,
  choose,
}: {
  places: Place[];
  label: string;
  chosen?: string;
  choose: (code: string) => void;
}) {
  const most = Math.max(1, ...places.map((p) => p.weight));
  return (
    <svg className="map" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={label}>
      {laidOut(places).map((r, i) => (
        <g key={r.region}>
          {i > 0 && (
            <line x1={r.left} x2={r.left} y1={24} y2={HEIGHT - 24} stroke="var(--line)" strokeDasharray="3 6" />
          )}
          <text x={r.x} y={34} textAnchor="middle" style={{ fontSize: 16, fontWeight: 600, fill: "var(--ink)" }}>
            {r.region}
          </text>
          {r.places.map(({ p, x, y }) => (
            <g
              key={p.code}
              role="button"
              tabIndex={0}
              aria-label={`${p.name ?? p.code} ${p.figure}`}
              style={{ cursor: "pointer" }}
              onClick={() => choose(p.code)}
              onKeyDown={(e) => {
                if (e.key === "Enter") choose(p.code);
              }}
            >
              <circle
                cx={x}
                cy={y}
                r={8 + Math.sqrt(p.weight / most) * 26}
                fill={colour(p)}
                opacity={chosen === p.code ? 0.5 : 0.2}
              />
              <circle cx={x} cy={y} r={5} fill={chosen === p.code ? "#b8892f" : colour(p)} />
              {chosen === p.code && (
                <text x={x} y={y - 14} textAnchor="middle" style={{ fill: "var(--ink)", fontWeight: 600 }}>
                  {p.name ?? p.code} · {p.short}
                </text>
              )}
            </g>
          ))}
        </g>
      ))}
    </svg>
  );
}
