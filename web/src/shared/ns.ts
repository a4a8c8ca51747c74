// SPDX-License-Identifier: Apache-2.0
// Kinds of identifiers as people call them.
import { texts } from "./language";

const zh: Record<string, string> = {
  phone: "手机号",
  card: "会员卡",
  unionid: "微信 UnionID",
  "openid:mini": "小程序",
  "openid:account": "公众号",
  email: "邮箱",
  alipay: "支付宝",
  erp_id: "ERP 编号",
  device: "设备",
  wifi: "WiFi 设备",
  mac: "探针设备",
};
const en: Record<string, string> = {
  phone: "phone",
  card: "card",
  unionid: "UnionID",
  "openid:mini": "mini-program",
  "openid:account": "official account",
  email: "email",
  alipay: "Alipay",
  erp_id: "ERP id",
  device: "device",
};
const useNames = texts({ zh, en });

export function useNs() {
  const names = useNames();
  return (ns: string) => names[ns] ?? ns;
}

const attributesZh: Record<string, string> = {
  name: "姓名",
  birthday: "生日",
  birth_month: "生日月份",
  city: "常住城市",
  child_birth_month: "孩子出生月份",
  taste: "口味偏好",
  gender: "性别",
  occupation: "职业",
};
const useAttributeNames = texts<Record<string, string>>({ zh: attributesZh, en: {} });

/** What an attribute is called; its code where nobody named it. */
export function useAttributeName() {
  const names = useAttributeNames();
  return (code: string) => names[code] ?? code;
}
