// SPDX-License-Identifier: Apache-2.0
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { setPage } from "../api/http";
import { isCalm } from "../shared/motion";
import { queryClient } from "../shared/query";
import { SessionProvider } from "../shared/session";
import { MemberApp } from "./MemberApp";
import "../shared/base.css";
import "./member.css";

setPage("member");
if (isCalm()) void import("antd-mobile/es/utils/reduce-and-restore-motion").then((m) => m.reduceMotion());
createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={queryClient}>
    <SessionProvider>
      <MemberApp />
    </SessionProvider>
  </QueryClientProvider>,
);
