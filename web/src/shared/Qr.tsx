// SPDX-License-Identifier: Apache-2.0
import qrcode from "qrcode-generator";
import { useMemo } from "react";

export function Qr({ text, label }: { text: string; label: string }) {
  const { n, path } = useMemo(() => {
    const code = qrcode(0, "M");
    code.addData(text);
    code.make();
    const n = code.getModuleCount();
    let path = "";
    for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (code.isDark(y, x)) path += `M${x} ${y}h1v1h-1z`;
    return { n, path };
  }, [text]);
  return (
    <svg className="qr" viewBox={`-2 -2 ${n + 4} ${n + 4}`} role="img" aria-label={label}>
      <rect x={-2} y={-2} width={n + 4} height={n + 4} fill="#fff" />
      <path d={path} fill="#10231c" />
    </svg>
  );
}
