// SPDX-License-Identifier: Apache-2.0
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { queryClient } from "../shared/query";
import { SessionProvider } from "../shared/session";
import { StaffTheme } from "../shared/StaffTheme";
import { Till } from "./Till";
import "../shared/base.css";
import "./till.css";

createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={queryClient}>
    <StaffTheme>
      <SessionProvider>
        <Till />
      </SessionProvider>
    </StaffTheme>
  </QueryClientProvider>,
);
