// SPDX-License-Identifier: Apache-2.0
// The dialog for the password with what it needs of the component library. It stays when the dialog has closed, for
// what is said then.
import { StaffTheme } from "../../shared/StaffTheme";
import { PasswordModal } from "../ui/PasswordModal";

export default function Password({ open, close }: { open: boolean; close: () => void }) {
  return <StaffTheme>{open && <PasswordModal close={close} />}</StaffTheme>;
}
