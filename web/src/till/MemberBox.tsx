// SPDX-License-Identifier: Apache-2.0
import { App, Button, Input, Tag, type InputRef } from "antd";
import { useState, type RefObject } from "react";
import type { Member } from "../api/client.gen";
import { findMember } from "../shared/findMember";
import { count } from "../shared/format";
import { useApi } from "../shared/query";
import { useT } from "./messages";

export function MemberBox({
  input,
  member,
  set,
}: {
  input: RefObject<InputRef>;
  member: Member | null;
  set: (m: Member | null) => void;
}) {
  const t = useT();
  const { message } = App.useApp();
  const [typed, setTyped] = useState("");
  const schemes = useApi("listTierSchemes", {});
  const search = async () => {
    const found = await findMember(typed);
    setTyped("");
    if (found) set(found);
    else message.warning(t.memberNotFound);
  };
  const tier = member?.tiers[0];
  const name = schemes.data?.items.flatMap((s) => s.tiers ?? []).find((x) => x.code === tier?.code)?.name;
  return (
    <div className="member-box">
      <div className="spread">
        <b>
          {t.member} <kbd>F3</kbd>
        </b>
        {member && (
          <Button size="small" type="link" onClick={() => set(null)}>
            {t.clear}
          </Button>
        )}
      </div>
      {member ? (
        <div>
          <div className="who-name num">
            {member.identifiers.find((i) => i.ns === "phone")?.value ?? member.identifiers[0]?.value}
          </div>
          {name && (
            <Tag color="gold" bordered={false}>
              {name}
            </Tag>
          )}
          <span className="soft">
            {t.points}{" "}
            <b className="num">{count(member.balances.find((b) => b.unit === "points")?.available ?? 0)}</b>
          </span>
        </div>
      ) : (
        <Input
          ref={input}
          aria-label={t.memberHint}
          placeholder={t.memberHint}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
          onPressEnter={() => void search()}
        />
      )}
    </div>
  );
}
