// SPDX-License-Identifier: Apache-2.0
// 注销与删除。Loaded with its screen.
import { texts } from "../shared/language";

const zh = {
  title: "注销会员，删除资料",
  back: "返回",
  goes: "将被删除，无法恢复",
  goesList: [
    "手机号、姓名、生日、会员号等能认出您的资料",
    "家人、孩子、宠物等您告诉我们的信息",
    "识别过的设备，以及和您的关联",
    "会员身份、等级和登录，之后不再收到任何消息",
  ],
  stays: "依法保留，但不再与您本人对应",
  staysList: [
    "购物小票、发票和账务数字：税收征管规定保存 10 年，电子商务交易信息不少于 3 年",
    "您同意或撤回授权的记录，用来证明我们按您的意思做了",
  ],
  lost: "账户里还有这些，注销后不能再用",
  lostHint: "有储值的，请先用完或到门店办理退款。",
  nothingLost: "账户里没有余额",
  coupons: (n: string) => `未使用的优惠券 ${n} 张`,
  how: "提交后由门店客服核实并删除，最迟 14 天答复。删除之前，您随时可以撤回。",
  copyFirst: "建议先下载一份我的数据",
  go: "申请注销并删除",
  sureTitle: "确定要注销并删除资料吗？",
  sure: "删除之后无法恢复，余额和优惠券也会失效。",
  sureYes: "确定申请",
  sureNo: "再想想",
  waits: (at: string) => `您在 ${at} 提交了注销申请`,
  until: (at: string) => `客服最迟 ${at} 前答复。删除之前可以撤回。`,
  takeBack: "撤回申请",
  tookBack: "已撤回，您的资料保持不变",
  asked: "已提交",
  declined: (at: string) => `${at} 的答复：暂时没有删除`,
  reason: (r: string) => `原因：${r}`,
};
type Messages = typeof zh;
const en: Messages = {
  title: "Leave and be forgotten",
  back: "Back",
  goes: "What is erased for good",
  goesList: [
    "Phone, name, birthday, member number: all by which you can be known",
    "What you told us of family, children and pets",
    "Devices that we know again, and what links them to you",
    "Your membership, tier and sign-in; no message reaches you any more",
  ],
  stays: "What the law makes us keep, no longer tied to you",
  staysList: [
    "Receipts, invoices and books: as long as tax law asks (in China 10 years, records of online sales at least 3)",
    "That you agreed or took it back: the proof that we did as you said",
  ],
  lost: "You still have this, and will lose it",
  lostHint: "Spend stored value first, or have it refunded in a store.",
  nothingLost: "Nothing is left on your accounts",
  coupons: (n) => `${n} unused coupons`,
  how: "The service desk looks at it and erases; you are answered within 14 days. Until then you can take it back.",
  copyFirst: "Take a copy of your data along first",
  go: "Ask to be forgotten",
  sureTitle: "Really leave and be forgotten?",
  sure: "It cannot be undone; balances and coupons are lost.",
  sureYes: "Yes, ask for it",
  sureNo: "Not now",
  waits: (at) => `You asked for it on ${at}`,
  until: (at) => `You are answered by ${at}. Until it is done you can take it back.`,
  takeBack: "Take it back",
  tookBack: "Taken back; nothing changes",
  asked: "Asked for",
  declined: (at) => `Answered on ${at}: not erased for now`,
  reason: (r) => `Reason: ${r}`,
};
export const useForgetT = texts({ zh, en });
