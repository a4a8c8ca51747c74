// SPDX-License-Identifier: Apache-2.0
// The wheel. What she gets is decided by the server before it turns; it only shows where the ticket
// lies. Her proofs are kept on this phone, so that she can check them when the seed is told.
import { Button, Dialog, Popup, Toast } from "antd-mobile";
import { useMemo, useState } from "react";
import { api, type Draw as Drawn, type Game } from "../api/client.gen";
import type { ApiError } from "../api/http";
import { canVerify, seedMatches, ticketOf } from "../shared/chance";
import { count, percentPpm } from "../shared/format";
import { isCalm } from "../shared/motion";
import { useApi, useWrite } from "../shared/query";
import { slicesOf, Wheel } from "../shared/Wheel";
import { usePlayT } from "./playMessages";
import { useUnits } from "./units";

const TURN_MS = 4200;
const KEPT = 200;

type Proof = Drawn["proof"];
const keyOf = (game: string) => `tongbao.proofs.${game}`;
function proofsOf(game: string): Proof[] {
  try {
    return JSON.parse(localStorage.getItem(keyOf(game)) ?? "[]") as Proof[];
  } catch {
    return [];
  }
}
const keep = (game: string, proof: Proof) =>
  localStorage.setItem(keyOf(game), JSON.stringify([...proofsOf(game), proof].slice(-KEPT)));

function Odds({ game, close }: { game: Game; close: () => void }) {
  const p = usePlayT();
  const units = useUnits();
  return (
    <Popup visible onMaskClick={close} onClose={close} showCloseButton bodyStyle={{ padding: "20px 16px 28px" }}>
      <h2>{p.odds}</h2>
      <p className="soft">{p.oddsHint}</p>
      <table className="odds">
        <tbody>
          {game.prizes.map((x) => (
            <tr key={x.code}>
              <td>{x.name || x.code}</td>
              <td className="soft">{x.unit ? units.amount(x.unit, x.amount) : ""}</td>
              <td className="num">{percentPpm(x.ppm)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="soft hash">
        {p.seedHash} <span className="mono">{game.seed_hash}</span>
        <br />
        {p.proofHint}
      </p>
    </Popup>
  );
}

/** What a refusal for want of points tells besides. */
interface Short {
  short_by?: number;
  unit?: string;
  tasks?: { game: string; amount: number }[];
}

function useRefusal(game: Game) {
  const p = usePlayT();
  const units = useUnits();
  const games = useApi("listMyGames", { limit: 100 });
  const name = (of: string) => games.data?.items.find((g) => g.code === of)?.name || of;
  return (e: ApiError) => {
    const { code } = e.problem;
    const short = e.problem as Short;
    if (code === "insufficient" && short.short_by) {
      const unit = short.unit ?? game.cost_unit;
      const tasks = (short.tasks ?? []).map((x) => `${name(x.game)} +${units.amount(unit, x.amount)}`);
      void Dialog.alert({
        title: p.short(count(short.short_by), units.name(unit)),
        content: tasks.length ? (
          <div className="center-text">
            <p className="soft">{p.earnMore}</p>
            {tasks.map((x) => (
              <p key={x}>{x}</p>
            ))}
          </div>
        ) : undefined,
        confirmText: "OK",
      });
    } else
      Toast.show(
        code === "insufficient"
          ? p.short("", units.name(game.cost_unit))
          : code === "play_limit"
            ? p.drawLimit
            : code === "game_closed"
              ? p.closed
              : code === "not_eligible"
                ? p.notEligible
                : p.tryLater,
      );
  };
}

function Verify({ game }: { game: Game }) {
  const p = usePlayT();
  const mine = proofsOf(game.code);
  if (!game.seed || mine.length === 0 || !canVerify()) return null;
  const run = async () => {
    const seed = game.seed!;
    const tickets = await Promise.all(mine.map((x) => ticketOf(seed, x.edition, x.player, x.draw)));
    const good =
      (await seedMatches(seed, game.seed_hash ?? "")) && tickets.every((ticket, i) => ticket === mine[i]!.ticket);
    void Dialog.alert({ content: good ? p.verified(count(mine.length)) : p.verifyFailed, confirmText: "OK" });
  };
  return (
    <Button size="small" onClick={() => void run()}>
      {p.verify}
    </Button>
  );
}

export function Draw({ game }: { game: Game }) {
  const p = usePlayT();
  const units = useUnits();
  const seat = useApi("getMySeat", { code: game.code });
  const slices = useMemo(() => slicesOf(game.prizes), [game.prizes]);
  const [turns, setTurns] = useState(0);
  const [turning, setTurning] = useState(false);
  const [odds, setOdds] = useState(false);
  const refuse = useRefusal(game);
  const prize = (code: string) => game.prizes.find((x) => x.code === code);
  const tell = (d: Drawn) => {
    const won = prize(d.prize);
    setTurning(false);
    void Dialog.alert({
      title: won?.unit ? p.won : p.lost,
      content: (
        <div className="center-text">
          {d.why !== "as_drawn" && <p className="soft">{p.substituted}</p>}
          {won?.unit && (
            <p className="prize-name">{p.wonWhat(won.name || d.prize, units.amount(won.unit, d.amount))}</p>
          )}
          <small className="soft num">{p.ticket(count(d.proof.ticket))}</small>
        </div>
      ),
      confirmText: "OK",
    });
  };
  const write = useWrite(
    () => api.postMyDraw({ code: game.code }, {}),
    (d) => {
      keep(game.code, d.proof);
      const whole = Math.ceil(turns / 360) * 360;
      setTurning(true);
      setTurns(whole + 360 * 5 - (d.proof.ticket / 1_000_000) * 360);
      setTimeout(() => tell(d), isCalm() ? 0 : TURN_MS + 200);
    },
  );
  const free = seat.data?.free_left ?? 0;
  const ended = game.state === "ended";
  return (
    <section className="panel" aria-label={game.name || game.code}>
      <div className="spread">
        <h2>{game.name || game.code}</h2>
        <Button size="mini" fill="none" onClick={() => setOdds(true)}>
          {p.odds}
        </Button>
      </div>
      <div className="wheel-box">
        <Wheel
          label={game.name || game.code}
          slices={slices}
          turns={turns}
          style={isCalm() ? undefined : { transition: `transform ${TURN_MS}ms cubic-bezier(.12,.72,.14,1)` }}
        />
      </div>
      {ended ? (
        <div className="spread">
          <span className="soft">{p.ended}</span>
          <Verify game={game} />
        </div>
      ) : (
        <>
          <Button
            block
            color="primary"
            size="large"
            disabled={turning || !seat.data}
            loading={write.isPending}
            onClick={() => write.mutate([], { onError: refuse })}
          >
            {p.draw} · {free > 0 ? p.drawFree(count(free)) : p.drawCost(units.amount(game.cost_unit, game.cost))}
          </Button>
          <p className="soft center-text">{p.drawToday(count(seat.data?.today ?? 0))}</p>
        </>
      )}
      {odds && <Odds game={game} close={() => setOdds(false)} />}
    </section>
  );
}
