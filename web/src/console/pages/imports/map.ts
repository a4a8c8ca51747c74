// SPDX-License-Identifier: Apache-2.0
// What was picked in the form, as the text of a map file (docs/import.md).
import type { Import, ImportHead } from "../../../api/client.gen";

export interface Picked {
  when?: string;
  format?: string;
  identifiers?: Record<string, string | undefined>; // namespace -> column
  verified?: boolean;
  enrol?: boolean;
  terms?: number;
  store?: string;
  attributes?: Record<string, string | undefined>; // code -> column
  attributeFormat?: Record<string, string | undefined>;
  fields?: Record<string, string | undefined>; // of a product or an order
}

const column = (name: string) => `{${name}}`;
const given = (record: Record<string, string | undefined> | undefined) =>
  Object.entries(record ?? {}).filter((e): e is [string, string] => !!e[1]);

export const orderNeeds = ["order", "sku", "quantity"] as const;
export const productNeeds = ["code"] as const;

/** What keeps the form from being a map: the name of the message, or nothing. */
export function lacks(kind: Import["kind"], p: Picked): "needWhen" | "needIdentifier" | "needFields" | undefined {
  const needs: readonly string[] = kind === "products" ? productNeeds : kind === "orders" ? orderNeeds : [];
  if (needs.some((n) => !p.fields?.[n])) return "needFields";
  if (kind === "orders" && !p.fields?.price && !p.fields?.net) return "needFields";
  if (kind !== "products" && !p.when) return "needWhen";
  if ((kind === "members" || kind === "contacts") && given(p.identifiers).length === 0) return "needIdentifier";
  return undefined;
}

export function mapOf(tenant: string, zone: string, kind: Import["kind"], head: ImportHead, p: Picked): string {
  const file = { format: head.format,
    ...(head.delimiter && head.delimiter !== "," ? { delimiter: head.delimiter } : {}) };
  const time = (name: string, format?: string) =>
    format ? { value: column(name), format, zone } : { value: column(name) };
  const section: Record<string, unknown> = { file };
  const fields = Object.fromEntries(given(p.fields).map(([k, c]) => [k, column(c)]));
  if (kind === "products") {
    Object.assign(section, fields);
  } else {
    section.occurred_at = time(p.when ?? "", p.format);
    section.touchpoint = "import";
    if (p.store) section.store = column(p.store);
    const identifiers = given(p.identifiers).map(([ns, c]) => ({ ns, value: column(c), verified: !!p.verified }));
    if (identifiers.length > 0) section.identifiers = identifiers;
  }
  if (kind === "orders") {
    const { order, receipt, till, ...line } = fields;
    Object.assign(section, { order, ...(receipt ? { receipt } : {}), ...(till ? { till } : {}), line });
  }
  if (kind !== "products" && kind !== "contacts" && p.enrol) section.enrol = { terms_version: p.terms ?? 1 };
  if (kind === "members") {
    const attributes = given(p.attributes).map(([code, c]) => ({
      code,
      value: column(c),
      ...(p.attributeFormat?.[code] ? { format: p.attributeFormat[code], zone } : {}),
    }));
    if (attributes.length > 0) section.attributes = attributes;
  }
  return JSON.stringify({ tenant, [kind]: section }, null, 2);
}

/** A first guess: columns that are called like what they hold. */
const likely: Record<string, RegExp> = {
  phone: /手机|电话|phone|mobile/i,
  card: /会员卡|卡号|card/i,
  email: /邮箱|email|e-mail/i,
  erp_id: /erp|客户编号|customer.?id/i,
  name: /^姓名$|^名字$|^name$/i,
  code: /编码|货号|^sku$|^code$/i,
  order: /订单号|order/i,
  sku: /货号|商品编码|sku/i,
  quantity: /数量|qty|quantity/i,
  price: /单价|售价|price/i,
  net: /金额|amount|net/i,
  category: /类目|分类|category/i,
  brand: /品牌|brand/i,
  barcode: /条码|barcode|ean/i,
  cost: /成本|cost/i,
};
export const guess = (columns: readonly string[], what: string) =>
  columns.find((c) => c === what) ?? columns.find((c) => likely[what]?.test(c));
export const guessWhen = (columns: readonly string[]) => columns.find((c) => /日期|时间|date|time|since/i.test(c));
export function guessFormat(sample: string | undefined): string | undefined {
  if (!sample) return undefined;
  if (/^\d{4}-\d\d-\d\dT/.test(sample)) return undefined;
  const rest = /\d:\d\d:\d\d$/.test(sample) ? " %H:%M:%S" : /\d:\d\d$/.test(sample) ? " %H:%M" : "";
  if (/^\d{4}-\d/.test(sample)) return `%Y-%m-%d${rest}`;
  if (/^\d{4}\/\d/.test(sample)) return `%Y/%m/%d${rest}`;
  if (/^\d{8}$/.test(sample)) return "%Y%m%d";
  return undefined;
}
