// SPDX-License-Identifier: Apache-2.0
import { createRoot } from "react-dom/client";
import { QueryClientProvider } from "@tanstack/react-query";
import { BrowserRouter } from "react-router-dom";
import { queryClient } from "../shared/query";
import { SessionProvider } from "../shared/session";
import { App, fetchAhead } from "./App";
import "../shared/base.css";

fetchAhead(location.pathname);
createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={queryClient}>
    <SessionProvider>
      <BrowserRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
        <App />
      </BrowserRouter>
    </SessionProvider>
  </QueryClientProvider>,
);
