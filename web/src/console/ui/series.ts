// SPDX-License-Identifier: Apache-2.0
// Figures by day as an option of a chart: one look for all of them, in light and dark.
import { useMemo } from "react";
import { count, money, moneyShort } from "../../shared/format";
import { useLanguage } from "../../shared/language";
import { useMode } from "../../shared/theme";

export interface Series {
  name: string;
  data: number[];
  line?: boolean;
  right?: boolean; // on the axis of the right side
  stack?: boolean;
  money?: boolean;
}

const COLORS = ["#1f8a66", "#c79a45", "#6b8fb8", "#b5655a", "#8a7fb0", "#5c6b65"];

export function useSeries<T>(data: T, of: (data: T) => { x: string[]; series: Series[] }) {
  const dark = useMode() === "dark";
  const language = useLanguage();
  return useMemo(() => {
    const { x, series } = of(data);
    const ink = dark ? "#9fada7" : "#5c6b65";
    const line = { lineStyle: { color: dark ? "#2b3531" : "#e6ebe8" } };
    const axis = { axisLabel: { color: ink }, axisLine: line, splitLine: line };
    const side = (right: boolean) => {
      const amounts = series.some((s) => !!s.right === right && s.money);
      return {
        type: "value",
        ...axis,
        splitLine: right ? { show: false } : line,
        axisLabel: { color: ink, formatter: (v: number) => (amounts ? moneyShort(v) : count(v)) },
      };
    };
    return {
      color: COLORS,
      tooltip: { trigger: "axis" },
      legend: { top: 0, right: 0, textStyle: { color: ink } },
      grid: { left: 8, right: 8, top: 40, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: x, ...axis, splitLine: { show: false } },
      yAxis: [side(false), side(true)],
      series: series.map((s) => ({
        name: s.name,
        data: s.data,
        type: s.line ? "line" : "bar",
        barMaxWidth: 18,
        symbol: "none",
        smooth: true,
        yAxisIndex: s.right ? 1 : 0,
        stack: s.stack ? "all" : undefined,
        tooltip: { valueFormatter: (v: unknown) => (s.money ? money(Number(v)) : count(Number(v))) },
      })),
    };
    // language changes the texts and the formatted axis; `of` is made anew with every drawing
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data, dark, language]);
}
