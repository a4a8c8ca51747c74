// SPDX-License-Identifier: Apache-2.0
// Ant Design's Select. A form says `aria-required` to it, and it writes that on its outer box, which has no role that
// may have it; here it stands on the field itself.
import { Select as AntSelect, type RefSelectProps, type SelectProps } from "antd";
import type { DefaultOptionType } from "antd/es/select";
import { useEffect, useRef } from "react";

export function Select<V = any, O extends DefaultOptionType = DefaultOptionType>({
  "aria-required": required,
  ...rest
}: SelectProps<V, O>) {
  const ref = useRef<RefSelectProps>(null);
  useEffect(() => {
    const field = ref.current?.nativeElement.querySelector("input");
    if (required) field?.setAttribute("aria-required", "true");
    else field?.removeAttribute("aria-required");
  }, [required]);
  return <AntSelect<V, O> ref={ref} {...rest} />;
}
