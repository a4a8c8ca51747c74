// SPDX-License-Identifier: Apache-2.0
// The one place where numbers, money and time become text.
export type Language = "zh-CN" | "en";

let language: Language = "zh-CN";
let zone = "Asia/Shanghai";
let currency = "CNY";
let digits = 2;

export function setFormat(f: { language?: Language; zone?: string; currency?: string; digits?: number }) {
  language = f.language ?? language;
  zone = f.zone ?? zone;
  currency = f.currency ?? currency;
  digits = f.digits ?? digits;
}

/** Minor units in one whole of the tenant's currency. */
export const minorPerWhole = () => 10 ** digits;
export const currencyDigits = () => digits;

/** Minor units of the tenant's currency. */
export const money = (minor: number | undefined) =>
  minor === undefined
    ? "–"
    : new Intl.NumberFormat(language, {
        style: "currency",
        currency,
        currencyDisplay: "narrowSymbol",
        minimumFractionDigits: digits,
      }).format(minor / 10 ** digits);

/** Whole currency, for tiles and charts. */
export const moneyShort = (minor: number) => {
  const whole = minor / 10 ** digits;
  if (language === "zh-CN" && Math.abs(whole) >= 10000) return `¥${count(Math.round(whole / 100) / 100)}万`;
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: 0,
  }).format(whole);
};

export const count = (n: number | undefined) => (n === undefined ? "–" : new Intl.NumberFormat(language).format(n));

export const signed = (n: number) => (n > 0 ? "+" : "") + count(n);

export const percent = (part: number, whole: number) =>
  whole === 0
    ? "–"
    : new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(part / whole);

/** Parts per million, with as many places as they have. */
export const percentPpm = (ppm: number) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 4 }).format(ppm / 1_000_000);

/** Thousandths of a piece or a kilogram. */
export const milli = (n: number) => new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(n / 1000);

const parts = (options: Intl.DateTimeFormatOptions) => (text: string | undefined) =>
  text
    ? new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: zone, ...options }).format(
        new Date(text),
      )
    : "–";

export const dateTime = parts({
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});
export const date = parts({ year: "numeric", month: "2-digit", day: "2-digit" });
export const time = parts({ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
/** A calendar day "2026-11-22" as month and day. */
export const dayShort = (day: string) => day.slice(5).replace("-", "/");

/** The day that it is in the tenant's zone: "2026-11-22". */
export const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date());

export function ago(text: string | undefined): string {
  if (!text) return "–";
  const days = Math.floor((Date.now() - Date.parse(text)) / 86_400_000);
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (days < 31) return relative.format(-days, "day");
  return days < 365
    ? relative.format(-Math.floor(days / 30), "month")
    : relative.format(-Math.floor(days / 365), "year");
}

/** "12.50" as typed -> 1250 minor units; undefined when it is no amount. */
export function minorOf(typed: string): number | undefined {
  const m = /^(\d{1,12})(?:\.(\d+))?$/.exec(typed.trim());
  if (!m || (m[2] ?? "").length > digits) return undefined;
  return Number(m[1]) * 10 ** digits + Number((m[2] ?? "").padEnd(digits, "0") || "0");
}
