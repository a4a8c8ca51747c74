// SPDX-License-Identifier: Apache-2.0
// What the pages of the component library stand in; it stays while one follows another, with what was said on them.
import { Suspense } from "react";
import { Outlet } from "react-router-dom";
import { StaffTheme } from "../../shared/StaffTheme";
import { Waiting } from "../ui/State";

export default function Ant() {
  return (
    <StaffTheme>
      <Suspense fallback={<Waiting />}>
        <Outlet />
      </Suspense>
    </StaffTheme>
  );
}
