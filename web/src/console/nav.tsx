// SPDX-License-Identifier: Apache-2.0
// The navigation as data. An entry is shown to whoever may call its operation: the same table
// as the server's, so what is shown is what is allowed.
import type { IconDefinition } from "@ant-design/icons-svg/es/types";
import AuditOutlined from "@ant-design/icons-svg/es/asn/AuditOutlined";
import BarChartOutlined from "@ant-design/icons-svg/es/asn/BarChartOutlined";
import CustomerServiceOutlined from "@ant-design/icons-svg/es/asn/CustomerServiceOutlined";
import GiftOutlined from "@ant-design/icons-svg/es/asn/GiftOutlined";
import ImportOutlined from "@ant-design/icons-svg/es/asn/ImportOutlined";
import LineChartOutlined from "@ant-design/icons-svg/es/asn/LineChartOutlined";
import SettingOutlined from "@ant-design/icons-svg/es/asn/SettingOutlined";
import ShopOutlined from "@ant-design/icons-svg/es/asn/ShopOutlined";
import ShoppingOutlined from "@ant-design/icons-svg/es/asn/ShoppingOutlined";
import TeamOutlined from "@ant-design/icons-svg/es/asn/TeamOutlined";
import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import type { operations } from "../api/client.gen";
import type { Messages } from "./messages/zh";

type Operation = keyof typeof operations;
export interface Entry {
  path: string;
  label: (t: Messages) => string;
  needs: Operation;
  Page: LazyExoticComponent<ComponentType>;
  load: () => Promise<unknown>;
  icon?: IconDefinition;
}
export interface Group {
  key: string;
  label: (t: Messages) => string;
  icon: IconDefinition;
  entries: Entry[];
}

export const page = (load: () => Promise<{ default: ComponentType }>) => ({ load, Page: lazy(load) });
const settings = (
  name: "Units" | "Tiers" | "Rules" | "Attributes" | "Purposes" | "Touchpoints" | "Webhooks" | "Products",
) => page(() => import("./pages/settings").then((m) => ({ default: m[name] })));

export const nav: (Entry | Group)[] = [
  {
    path: "/",
    label: (t) => t.nav.today,
    needs: "report_today",
    icon: BarChartOutlined,
    ...page(() => import("./pages/TodayPage")),
  },
  {
    path: "/members",
    label: (t) => t.nav.memberList,
    needs: "report_members",
    icon: TeamOutlined,
    ...page(() => import("./pages/MembersPage")),
  },
  {
    path: "/orders",
    label: (t) => t.nav.orders,
    needs: "report_orders",
    icon: ShoppingOutlined,
    ...page(() => import("./pages/OrdersPage")),
  },
  {
    path: "/imports",
    label: (t) => t.nav.imports,
    needs: "list_imports",
    icon: ImportOutlined,
    ...page(() => import("./pages/imports/ImportsPage")),
  },
  {
    key: "desk",
    label: (t) => t.nav.desk,
    icon: CustomerServiceOutlined,
    entries: [
      {
        path: "/desk",
        label: (t) => t.nav.desk,
        needs: "list_requests",
        ...page(() => import("./pages/desk/DeskPage")),
      },
      {
        path: "/requests",
        label: (t) => t.nav.requests,
        needs: "list_requests",
        ...page(() => import("./pages/desk/RequestsPage")),
      },
    ],
  },
  {
    key: "marketing",
    label: (t) => t.nav.marketing,
    icon: GiftOutlined,
    entries: [
      {
        path: "/campaigns",
        label: (t) => t.nav.campaigns,
        needs: "list_campaigns",
        ...page(() => import("./pages/campaigns/CampaignsPage")),
      },
      {
        path: "/coupons",
        label: (t) => t.nav.coupons,
        needs: "list_units",
        ...page(() => import("./pages/coupons/CouponsPage")),
      },
      {
        path: "/play",
        label: (t) => t.nav.play,
        needs: "list_games",
        ...page(() => import("./pages/play/GamesPage")),
      },
      {
        path: "/mall",
        label: (t) => t.nav.mall,
        needs: "list_goods",
        ...page(() => import("./pages/mall/MallPage")),
      },
      {
        path: "/codes",
        label: (t) => t.nav.codes,
        needs: "report_codes",
        ...page(() => import("./pages/codes/CodesPage")),
      },
      {
        path: "/coupon-codes",
        label: (t) => t.nav.couponCodes,
        needs: "list_coupon_codes",
        ...page(() => import("./pages/coupons/CouponCodesPage")),
      },
    ],
  },
  {
    key: "analysis",
    label: (t) => t.nav.analysis,
    icon: LineChartOutlined,
    entries: [
      {
        path: "/analysis/funnel",
        label: (t) => t.nav.funnel,
        needs: "report_funnel",
        ...page(() => import("./pages/analysis/FunnelPage")),
      },
      {
        path: "/analysis/cohorts",
        label: (t) => t.nav.cohorts,
        needs: "report_cohorts",
        ...page(() => import("./pages/analysis/CohortsPage")),
      },
      {
        path: "/analysis/points",
        label: (t) => t.nav.pointsFlow,
        needs: "report_points",
        ...page(() => import("./pages/analysis/PointsPage")),
      },
      {
        path: "/analysis/coupons",
        label: (t) => t.nav.couponUse,
        needs: "report_coupon_days",
        ...page(() => import("./pages/analysis/CouponUsePage")),
      },
      {
        path: "/analysis/scans",
        label: (t) => t.nav.scans,
        needs: "report_scans",
        ...page(() => import("./pages/analysis/ScansPage")),
      },
    ],
  },
  {
    key: "goods",
    label: (t) => t.nav.goods,
    icon: ShopOutlined,
    entries: [
      { path: "/products", label: (t) => t.nav.products, needs: "list_products", ...settings("Products") },
      {
        path: "/stores",
        label: (t) => t.nav.stores,
        needs: "report_stores",
        ...page(() => import("./pages/StoresPage")),
      },
      {
        path: "/associates",
        label: (t) => t.nav.associates,
        needs: "report_associates",
        ...page(() => import("./pages/AssociatesPage")),
      },
    ],
  },
  {
    key: "settings",
    label: (t) => t.nav.settings,
    icon: SettingOutlined,
    entries: [
      { path: "/settings/rules", label: (t) => t.nav.rules, needs: "list_rules", ...settings("Rules") },
      { path: "/settings/units", label: (t) => t.nav.units, needs: "list_units", ...settings("Units") },
      { path: "/settings/tiers", label: (t) => t.nav.tiers, needs: "list_tier_schemes", ...settings("Tiers") },
      {
        path: "/settings/attributes",
        label: (t) => t.nav.attributes,
        needs: "list_attributes",
        ...settings("Attributes"),
      },
      {
        path: "/settings/purposes",
        label: (t) => t.nav.purposes,
        needs: "list_purposes",
        ...settings("Purposes"),
      },
      {
        path: "/settings/touchpoints",
        label: (t) => t.nav.touchpoints,
        needs: "list_touchpoints",
        ...settings("Touchpoints"),
      },
      {
        path: "/settings/access",
        label: (t) => t.nav.access,
        needs: "list_keys",
        ...page(() => import("./pages/AccessPage")),
      },
      {
        path: "/settings/webhooks",
        label: (t) => t.nav.webhooks,
        needs: "list_webhooks",
        ...settings("Webhooks"),
      },
    ],
  },
  {
    path: "/changes",
    label: (t) => t.nav.changes,
    needs: "report_changes",
    icon: AuditOutlined,
    ...page(() => import("./pages/ChangesPage")),
  },
];

export const isGroup = (e: Entry | Group): e is Group => "entries" in e;
export const allEntries = nav.flatMap((e) => (isGroup(e) ? e.entries : [e]));
