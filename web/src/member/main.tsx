// SPDX-License-Identifier: Apache-2.0
import { QueryClientProvider } from "@tanstack/react-query";
import { reduceMotion } from "antd-mobile/es/utils/reduce-and-restore-motion";
import { createRoot } from "react-dom/client";
import { setPage } from "../api/http";
import { isCalm } from "../shared/motion";
import { queryClient } from "../shared/query";
import { SessionProvider } from "../shared/session";
import { MemberApp } from "./MemberApp";
import "../shared/base.css";
import "./member.css";

setPage("member");
if (isCalm()) reduceMotion();
createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={queryClient}>
    <SessionProvider>
      <MemberApp />
    </SessionProvider>
  </QueryClientProvider>,
);
