// SPDX-License-Identifier: Apache-2.0
// What a table shows, as a file that Excel opens: UTF-8 with a mark, formulas made harmless.
const cell = (v: unknown) => {
  const text = v === undefined || v === null ? "" : String(v);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

export function saveCsv<T>(name: string, columns: [string, (row: T) => unknown][], rows: readonly T[]) {
  const lines = [
    columns.map(([head]) => cell(head)).join(","),
    ...rows.map((r) => columns.map(([, get]) => cell(get(r))).join(",")),
  ];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n")], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
