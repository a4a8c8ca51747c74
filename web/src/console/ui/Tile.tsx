// SPDX-License-Identifier: Apache-2.0
// One figure that answers a question, with what it is to be compared with.
export function Tile({
  label,
  figure,
  foot,
  side,
  gold,
}: {
  label: string;
  figure: string;
  foot?: string;
  side?: string;
  gold?: boolean;
}) {
  return (
    <section className={`card tile ${gold ? "gold" : ""}`} aria-label={label}>
      <div className="label">{label}</div>
      <div className="figure">{figure}</div>
      <div className="foot">
        <span>{foot}</span>
        <span>{side}</span>
      </div>
    </section>
  );
}
