// SPDX-License-Identifier: Apache-2.0
// Inputs whose value is what the server counts in (minor units, parts per million) and whose text is
// what people type (yuan, per cent).
import { Form, InputNumber } from "antd";
import { currencyDigits, minorPerWhole } from "../../shared/format";
import { useApi } from "../../shared/query";
import { Select } from "./Select";

interface Bound<T> {
  value?: T;
  onChange?: (v: T | undefined) => void;
  id?: string;
  label?: string;
  disabled?: boolean;
  width?: number;
}

/** signed: also below zero, to take. */
export function Money({
  value,
  onChange,
  id,
  label,
  disabled,
  width = 160,
  signed,
}: Bound<number> & { signed?: boolean }) {
  const whole = minorPerWhole();
  return (
    <InputNumber
      id={id}
      aria-label={label}
      min={signed ? undefined : 0}
      disabled={disabled}
      precision={currencyDigits()}
      style={{ width }}
      value={value === undefined ? null : value / whole}
      onChange={(v) => onChange?.(v === null ? undefined : Math.round(v * whole))}
    />
  );
}

/** What a hundred of a unit are worth, of parts per million of a minor unit each. */
export function Worth({ value, onChange, id }: Bound<number>) {
  const each = 10_000 * minorPerWhole();
  return (
    <InputNumber
      id={id}
      min={0}
      precision={currencyDigits() + 4}
      style={{ width: 200 }}
      formatter={(v) => (`${v ?? ""}` === "" ? "" : String(Number(v)))}
      value={value === undefined ? null : value / each}
      onChange={(v) => onChange?.(v === null ? undefined : Math.round(v * each))}
    />
  );
}

/** An amount of a form. */
export function MoneyItem({ name, label, extra }: { name: string; label: string; extra?: string }) {
  return (
    <Form.Item name={name} label={label} extra={extra}>
      <Money />
    </Form.Item>
  );
}

/** Parts per million as per cent. */
export function Percent({
  value,
  onChange,
  id,
  label,
  disabled,
  width = 130,
  max = 100,
}: Bound<number> & { max?: number }) {
  return (
    <InputNumber
      id={id}
      aria-label={label}
      min={0}
      max={max}
      precision={2}
      disabled={disabled}
      addonAfter="%"
      style={{ width }}
      value={value === undefined ? null : value / 10_000}
      onChange={(v) => onChange?.(v === null ? undefined : Math.round(v * 10_000))}
    />
  );
}

/** Parts per million as a multiple: 2,000,000 is 2. */
export function Times({ value, onChange, id, label, width = 130 }: Bound<number>) {
  return (
    <InputNumber
      id={id}
      aria-label={label}
      min={0}
      max={100}
      precision={2}
      addonAfter="×"
      style={{ width }}
      value={value === undefined ? null : value / 1_000_000}
      onChange={(v) => onChange?.(v === null ? undefined : Math.round(v * 1_000_000))}
    />
  );
}

export function Whole({
  value,
  onChange,
  id,
  label,
  disabled,
  width = 130,
  min = 0,
  max,
  after,
}: Bound<number> & { min?: number; max?: number; after?: string }) {
  return (
    <InputNumber
      id={id}
      aria-label={label}
      min={min}
      max={max}
      precision={0}
      disabled={disabled}
      addonAfter={after}
      style={{ width }}
      value={value ?? null}
      onChange={(v) => onChange?.(v ?? undefined)}
    />
  );
}

interface Choice<T> {
  value?: T;
  onChange?: (v: T) => void;
  id?: string;
  label?: string;
  placeholder?: string;
}

function usePlaces(kind: "listStores" | "listTouchpoints") {
  const query = useApi(kind, { limit: 100 });
  const items = (query.data?.items ?? []) as { code: string; name?: string }[];
  return items.map((x) => ({ value: x.code, label: x.name || x.code }));
}

export function Stores(p: Choice<string[]>) {
  const options = usePlaces("listStores");
  return (
    <Select
      mode="multiple"
      allowClear
      optionFilterProp="label"
      aria-label={p.label}
      id={p.id}
      placeholder={p.placeholder}
      value={p.value}
      onChange={p.onChange}
      options={options}
    />
  );
}

export function TouchpointsField(p: Choice<string[]>) {
  const options = usePlaces("listTouchpoints");
  return (
    <Select
      mode="multiple"
      allowClear
      optionFilterProp="label"
      aria-label={p.label}
      id={p.id}
      placeholder={p.placeholder}
      value={p.value}
      onChange={p.onChange}
      options={options}
    />
  );
}

/** Without what was not filled in, at any depth. */
export function filled<T>(v: T): T {
  if (Array.isArray(v)) return v.map(filled) as T;
  if (v === null || typeof v !== "object") return v;
  return Object.fromEntries(
    Object.entries(v as object)
      .filter(([, x]) => x !== undefined && x !== null && x !== "")
      .map(([k, x]) => [k, filled(x)]),
  ) as T;
}
