// SPDX-License-Identifier: Apache-2.0
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { queryClient } from "../shared/query";
import { SessionProvider } from "../shared/session";
import { StaffTheme } from "../shared/StaffTheme";
import { Associate } from "./Associate";
import "../shared/base.css";
import "./associate.css";

createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={queryClient}>
    <StaffTheme>
      <SessionProvider>
        <Associate />
      </SessionProvider>
    </StaffTheme>
  </QueryClientProvider>,
);
