// SPDX-License-Identifier: Apache-2.0
// Somebody sent her a red packet or a gift: one button.
import { Button } from "antd-mobile";
import { useState } from "react";
import { api } from "../api/client.gen";
import type { ApiError } from "../api/http";
import { count, money } from "../shared/format";
import { useWrite } from "../shared/query";
import { usePlayT } from "./playMessages";
import { useUnits } from "./units";

function Packet({ id }: { id: string }) {
  const p = usePlayT();
  const units = useUnits();
  const [said, setSaid] = useState("");
  const say = (e: ApiError) =>
    setSaid(
      { packet_empty: p.packetEmpty, packet_closed: p.packetOver, unknown_packet: p.packetUnknown }[
        e.problem.code
      ] ?? p.tryLater,
    );
  const write = useWrite(
    () => api.postMyPacketClaim({ packet: id }, {}),
    (r) => {
      const got = `${p.packetGot(units.amount("points", r.amount))} · ${p.packetLeft(count(r.shares_left))}`;
      setSaid(r.again ? `${p.packetAgain} ${got}` : got);
    },
  );
  return (
    <div className="present red">
      <h1>{p.packet}</h1>
      {said ? (
        <p role="status">{said}</p>
      ) : (
        <Button size="large" loading={write.isPending} onClick={() => write.mutate([], { onError: say })}>
          {p.packetOpen}
        </Button>
      )}
    </div>
  );
}

function Gift({ id }: { id: string }) {
  const p = usePlayT();
  const [said, setSaid] = useState("");
  const write = useWrite(
    () => api.postMyGiftClaim({}, { gift: id }),
    (r) => setSaid(p.giftTaken(money(r.amount))),
  );
  const say = (e: ApiError) =>
    setSaid(
      e.problem.code === "same_account"
        ? p.giftOwn
        : e.problem.status === 422 || e.problem.status === 409 || e.problem.status === 404
          ? p.giftEnded
          : p.tryLater,
    );
  return (
    <div className="present">
      <h1>{p.gift}</h1>
      {said ? (
        <p role="status">{said}</p>
      ) : (
        <Button
          size="large"
          color="primary"
          loading={write.isPending}
          onClick={() => write.mutate([], { onError: say })}
        >
          {p.giftTake}
        </Button>
      )}
    </div>
  );
}

export default function Present({ hash }: { hash: string }) {
  const p = usePlayT();
  const [kind, id = ""] = hash.split("/");
  return (
    <>
      {kind === "packet" ? <Packet id={id} /> : <Gift id={id} />}
      <p className="center-text">
        <a href="#play">{p.play}</a>
      </p>
    </>
  );
}
