// SPDX-License-Identifier: Apache-2.0
// A period of whole days. People mean both ends; the server's "to" is the day after. It lives in the address.
import { DatePicker } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useT } from "../messages";
import { useListState } from "./useListState";

const DAY = "YYYY-MM-DD";
const valid = (text: string | undefined) => (text && /^\d{4}-\d\d-\d\d$/.test(text) ? dayjs(text) : undefined);

export function useRange(days: number) {
  const list = useListState();
  const to = valid(list.get("to")) ?? dayjs().startOf("day");
  const from = valid(list.get("from")) ?? to.subtract(days - 1, "day");
  return {
    from,
    to,
    query: { from: from.format(DAY), to: to.add(1, "day").format(DAY) },
    name: `${from.format(DAY)}-${to.format(DAY)}`,
    set: (a: Dayjs, b: Dayjs) => list.set({ from: a.format(DAY), to: b.format(DAY) }),
    list,
  };
}

export function RangeBox({
  from,
  to,
  set,
  most = 1830,
}: {
  from: Dayjs;
  to: Dayjs;
  set: (a: Dayjs, b: Dayjs) => void;
  most?: number;
}) {
  const t = useT();
  const today = dayjs().startOf("day");
  const last = (days: number): [Dayjs, Dayjs] => [today.subtract(days - 1, "day"), today];
  return (
    <DatePicker.RangePicker
      allowClear={false}
      value={[from, to]}
      aria-label={t.range.title}
      disabledDate={(d, { from: begun }) => !!begun && Math.abs(d.diff(begun, "day")) >= most}
      presets={[7, 30, 90, 365].map((n) => ({ label: t.range.last(n), value: last(n) }))}
      onChange={(v) => v?.[0] && v[1] && set(v[0], v[1])}
    />
  );
}
