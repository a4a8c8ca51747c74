// SPDX-License-Identifier: Apache-2.0
// How many are left after each step: a bar of the whole, and the share of the step before or of all.
import { count, percent } from "../../shared/format";

export type Step = [name: string, n: number, hint?: string];

export function Steps({ steps, of }: { steps: Step[]; of: "before" | "first" }) {
  const first = steps[0]?.[1] ?? 0;
  return (
    <div className="funnel">
      {steps.map(([name, n, hint], i) => (
        <div className="step" key={name}>
          <div className="spread">
            <span>
              {name}
              {hint && <span className="soft"> · {hint}</span>}
            </span>
            <span className="num">
              <strong>{count(n)}</strong>
              {i > 0 && <span className="soft"> · {percent(n, of === "first" ? first : steps[i - 1]![1])}</span>}
            </span>
          </div>
          <div className="bar" style={{ width: `${(n / (first || 1)) * 100}%` }} />
        </div>
      ))}
    </div>
  );
}
