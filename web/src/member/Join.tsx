// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Toast } from "antd-mobile";
import { useState } from "react";
import { api, type Member } from "../api/client.gen";
import { count } from "../shared/format";
import { useWrite } from "../shared/query";
import { useSession } from "../shared/session";
import { useT } from "./messages";
import { place } from "./place";

const TERMS = 3;

export function Join({ me }: { me: Member }) {
  const t = useT();
  const { session } = useSession();
  const [agreed, setAgreed] = useState(false);
  const points = me.balances.find((b) => b.unit === "points")?.available ?? 0;
  const join = useWrite(
    () => api.postMyEnrolment({}, { terms_version: TERMS, touchpoint: place.touchpoint }),
    () => Toast.show(t.join.done),
  );
  return (
    <main className="welcome">
      <img src="/icon.svg" alt="" width={76} height={76} />
      <p className="soft">{session?.tenant_name}</p>
      <h1>{t.join.title}</h1>
      <p className="soft">{t.join.hint}</p>
      {points > 0 && <p className="gold">{t.join.waiting(count(points))}</p>}
      <Button
        block
        color="primary"
        size="large"
        disabled={!agreed}
        loading={join.isPending}
        onClick={() => join.mutate([], { onError: () => Toast.show(t.common.error) })}
      >
        {t.join.button}
      </Button>
      <Checkbox checked={agreed} onChange={setAgreed} style={{ "--font-size": "14px", "--icon-size": "18px" }}>
        {t.join.agree}
      </Checkbox>
    </main>
  );
}
