// SPDX-License-Identifier: Apache-2.0
import { App as AntApp, ConfigProvider, theme } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import type { ReactNode } from "react";
import { useLanguage } from "./language";
import { useCalm } from "./motion";
import { useMode } from "./theme";

const FONT =
  '-apple-system, "PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", "Segoe UI", sans-serif';

export function StaffTheme({ children }: { children: ReactNode }) {
  const dark = useMode() === "dark";
  const motion = !useCalm();
  const zh = useLanguage() === "zh-CN";
  return (
    <ConfigProvider
      locale={zh ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
      theme={{
        algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: {
          motion,
          colorPrimary: dark ? "#3f9f7c" : "#1f6f54",
          colorLink: dark ? "#5cbd99" : "#1f6f54",
          colorInfo: "#1f6f54",
          colorError: dark ? "#f0685f" : "#c4262e",
          borderRadius: 8,
          fontFamily: FONT,
          colorBgLayout: dark ? "#111614" : "#f4f6f5",
          colorBgContainer: dark ? "#1a211e" : "#ffffff",
          colorTextDescription: dark ? "#9fada7" : "#5c6b65",
          colorTextPlaceholder: dark ? "#8d9a94" : "#6b7a74",
        },
        components: {
          Menu: {
            itemHeight: 38,
            itemSelectedBg: dark ? "#23332c" : "#e6f1ec",
            itemBg: "transparent",
            subMenuItemBg: "transparent",
            itemSelectedColor: dark ? "#7fd6b4" : "#1a5f48",
          },
          // what is written on it or in it keeps 4.5 : 1
          Button: dark
            ? {
                colorPrimary: "#2b7759",
                colorPrimaryHover: "#348a68",
                colorPrimaryActive: "#246449",
                colorError: "#f0857d",
                colorErrorHover: "#f5a39d",
                dangerColor: "#2a0b09",
              }
            : {},
          Tabs: dark ? { itemSelectedColor: "#5cbd99", itemHoverColor: "#7fd6b4" } : {},
          Table: { headerBg: dark ? "#1f2824" : "#f7f9f8", cellPaddingBlock: 11 },
        },
      }}
    >
      <AntApp>{children}</AntApp>
    </ConfigProvider>
  );
}
