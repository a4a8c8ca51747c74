// SPDX-License-Identifier: Apache-2.0
// What stands where data will be. Plain elements: they are part of the first load.
import { useT } from "./messages";

export function Waiting() {
  const t = useT();
  return (
    <div className="center" role="status" aria-label={t.common.loading}>
      <i className="waiting spinner" />
    </div>
  );
}

export function Failed({ retry }: { retry: () => void }) {
  const t = useT();
  return (
    <div className="center">
      <button type="button" className="again" onClick={retry}>
        {t.common.error}
      </button>
    </div>
  );
}
