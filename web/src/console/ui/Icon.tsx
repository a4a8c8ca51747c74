// SPDX-License-Identifier: Apache-2.0
// An icon of Ant Design as plain SVG: what stands around every page needs none of the component library.
import type { AbstractNode, IconDefinition } from "@ant-design/icons-svg/es/types";

export function Icon({ of }: { of: IconDefinition }) {
  const { attrs, children = [] } = of.icon as AbstractNode;
  return (
    <svg className="icon" viewBox={attrs.viewBox} fillRule={attrs["fill-rule"] ? "evenodd" : undefined} aria-hidden>
      {children.map((path, i) => (
        <path key={i} d={path.attrs.d} />
      ))}
    </svg>
  );
}
