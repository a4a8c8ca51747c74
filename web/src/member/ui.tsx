// SPDX-License-Identifier: Apache-2.0
import { Button, SpinLoading } from "antd-mobile";
import { useT } from "./messages";

export function Waiting() {
  const t = useT();
  return (
    <div className="center" role="status" aria-label={t.common.loading}>
      <SpinLoading color="primary" />
    </div>
  );
}

export function Failed({ retry }: { retry: () => void }) {
  const t = useT();
  return (
    <div className="center">
      <Button onClick={retry}>{t.common.error}</Button>
    </div>
  );
}
