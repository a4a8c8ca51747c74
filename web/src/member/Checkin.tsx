// SPDX-License-Identifier: Apache-2.0
// A calendar of this month: the days of her streak are marked, today is a button.
import { Button, Dialog, Toast } from "antd-mobile";
import { api, type Checkin as Done, type Game } from "../api/client.gen";
import { count } from "../shared/format";
import { useApi, useWrite } from "../shared/query";
import { usePlayT } from "./playMessages";
import { useUnits } from "./units";

function Month({ streak, today }: { streak: number; today: boolean }) {
  const p = usePlayT();
  const now = new Date();
  const first = new Date(now.getFullYear(), now.getMonth(), 1).getDay();
  const days = new Date(now.getFullYear(), now.getMonth() + 1, 0).getDate();
  const last = now.getDate() - (today ? 0 : 1); // the streak ends here
  return (
    <div className="month" role="img" aria-label={streak ? p.streak(count(streak)) : p.streakNone}>
      {p.week.map((w, i) => (
        <small key={i}>{w}</small>
      ))}
      {Array.from({ length: first }, (_, i) => (
        <i key={`e${i}`} />
      ))}
      {Array.from({ length: days }, (_, i) => {
        const day = i + 1;
        const on = day <= last && day > last - streak;
        return (
          <span key={day} className={`${on ? "on" : ""} ${day === now.getDate() ? "now" : ""}`}>
            {day}
          </span>
        );
      })}
    </div>
  );
}

function Ladder({ game, streak, today }: { game: Game; streak: number; today: boolean }) {
  const p = usePlayT();
  const units = useUnits();
  const steps = game.rewards.filter((r) => r.kind === "step");
  if (steps.length === 0) return null;
  const begun = streak - (today ? 1 : 0);
  const at = (n: number) => (game.wraps ? steps[n % steps.length] : steps[Math.min(n, steps.length - 1)])!;
  return (
    <div className="ladder-days">
      {Array.from({ length: 7 }, (_, i) => begun + i).map((n) => (
        <div key={n} className={n < streak ? "done" : ""}>
          <small>{p.day(n + 1)}</small>
          <b className="num">
            {at(n).unit === "points" ? `+${count(at(n).amount)}` : units.amount(at(n).unit, at(n).amount)}
          </b>
        </div>
      ))}
    </div>
  );
}

export function Checkin({ game }: { game: Game }) {
  const p = usePlayT();
  const units = useUnits();
  const seat = useApi("getMySeat", { code: game.code });
  const tell = (d: Done) =>
    void Dialog.alert({
      title: d.amount > 0 ? p.got(units.amount(d.unit, d.amount)) : p.checkinDone,
      content: [
        p.streak(count(d.streak)),
        ...d.milestones.map((m) => p.milestone(m.at, units.amount(m.unit, m.amount))),
      ].join("\n"),
      confirmText: "OK",
    });
  const write = useWrite(() => api.postMyCheckin({ code: game.code }, {}), tell);
  const streak = seat.data?.streak ?? 0;
  const today = seat.data?.checked_in ?? false;
  return (
    <section className="panel" aria-label={game.name || p.checkin}>
      <div className="spread">
        <h2>{game.name || p.checkin}</h2>
        <span className="soft">{streak ? p.streak(count(streak)) : p.streakNone}</span>
      </div>
      <Month streak={streak} today={today} />
      <Ladder game={game} streak={streak} today={today} />
      <Button
        block
        color="primary"
        disabled={today || !seat.data}
        loading={write.isPending}
        onClick={() =>
          write.mutate([], {
            onError: (e) =>
              Toast.show(
                e.problem.code === "already_done"
                  ? p.checkinDone
                  : e.problem.code === "game_closed"
                    ? p.closed
                    : p.tryLater,
              ),
          })
        }
      >
        {today ? p.checkinDone : p.checkinDo}
      </Button>
    </section>
  );
}
