// SPDX-License-Identifier: Apache-2.0
// A calendar of this month: the days of her streak are marked, today is a button.
import { Button, Dialog, Toast } from "antd-mobile";
import { api, type Checkin as Done, type Game, type SeatRun } from "../api/client.gen";
import type { ApiError } from "../api/http";
import { count, today as todayThere } from "../shared/format";
import { useApi, useWrite } from "../shared/query";
import { usePlayT } from "./playMessages";
import { useUnits } from "./units";

const DAY = 86_400_000;
const iso = (at: number) => new Date(at).toISOString().slice(0, 10);
const monthDay = (day: string) => Number(day.slice(8));

/** Every day of the runs, as 2026-11-22. */
const filledDays = (runs: SeatRun[] | undefined) =>
  new Set((runs ?? []).flatMap((r) => Array.from({ length: r.days }, (_, i) => iso(Date.parse(r.from) + i * DAY))));

/** Days that she missed since her first one and may still fill, newest first. */
function missedDays(game: Game, runs: SeatRun[] | undefined, today: string) {
  const filled = filledDays(runs);
  const first = runs?.[0]?.from ?? today;
  return Array.from({ length: game.window_days }, (_, i) => iso(Date.parse(today) - (i + 1) * DAY)).filter(
    (day) => day >= first && !filled.has(day),
  );
}

function Month({
  runs,
  today,
  label,
  missed,
  fill,
}: {
  runs?: SeatRun[];
  today: string;
  label: string;
  missed: string[];
  fill: (day: string) => void;
}) {
  const p = usePlayT();
  const filled = filledDays(runs);
  const month = today.slice(0, 8);
  const first = new Date(`${month}01T00:00:00Z`);
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return (
    <div className="month" role="group" aria-label={label}>
      {p.week.map((w, i) => (
        <small key={i}>{w}</small>
      ))}
      {Array.from({ length: first.getUTCDay() }, (_, i) => (
        <i key={`e${i}`} />
      ))}
      {Array.from({ length: days }, (_, i) => {
        const day = `${month}${String(i + 1).padStart(2, "0")}`;
        if (missed.includes(day))
          return (
            <button key={day} type="button" className="missed" aria-label={p.makeupOf(day)} onClick={() => fill(day)}>
              {i + 1}
            </button>
          );
        return (
          <span key={day} className={`${filled.has(day) ? "on" : ""} ${day === today ? "now" : ""}`}>
            {i + 1}
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
  const makeup = useWrite((day: string) => api.postMyMakeup({ code: game.code }, { day }), tell);
  const say = (e: ApiError) =>
    Toast.show(
      {
        already_done: p.checkinDone,
        game_closed: p.closed,
        insufficient: p.notEnough,
        play_limit: p.makeupLimit,
      }[e.problem.code] ?? p.tryLater,
    );
  const price = game.cost > 0 ? units.amount(game.cost_unit, game.cost) : p.makeupFree;
  const fill = (day: string) =>
    void Dialog.confirm({
      content: p.makeupAsk(day, price),
      confirmText: p.makeup,
      cancelText: "×",
      onConfirm: () => {
        makeup.mutate([day], { onError: say });
      },
    });
  const streak = seat.data?.streak ?? 0;
  const today = seat.data?.checked_in ?? false;
  const there = todayThere();
  const missed = seat.data ? missedDays(game, seat.data.runs, there) : [];
  return (
    <section className="panel" aria-label={game.name || p.checkin}>
      <div className="spread">
        <h2>{game.name || p.checkin}</h2>
        <span className="soft">{streak ? p.streak(count(streak)) : p.streakNone}</span>
      </div>
      <Month
        runs={seat.data?.runs}
        today={there}
        label={streak ? p.streak(count(streak)) : p.streakNone}
        missed={missed}
        fill={fill}
      />
      {missed.length > 0 && (
        <p className="spread">
          <small className="soft">{p.makeupHint(price)}</small>
          <Button size="mini" loading={makeup.isPending} onClick={() => fill(missed[0]!)}>
            {p.makeup} {monthDay(missed[0]!)}
          </Button>
        </p>
      )}
      <Ladder game={game} streak={streak} today={today} />
      <Button
        block
        color="primary"
        disabled={today || !seat.data}
        loading={write.isPending}
        onClick={() => write.mutate([], { onError: say })}
      >
        {today ? p.checkinDone : p.checkinDo}
      </Button>
    </section>
  );
}
