// SPDX-License-Identifier: Apache-2.0
// What there is to play today, and what it takes.
import { Button, Dialog, Input, List, Toast } from "antd-mobile";
import { useState } from "react";
import { api, type Game, type MyScan } from "../api/client.gen";
import type { ApiError } from "../api/http";
import { count, dateTime } from "../shared/format";
import { useApi, useWrite } from "../shared/query";
import { Checkin } from "./Checkin";
import { Draw } from "./Draw";
import { place } from "./place";
import { usePlayT } from "./playMessages";
import { Failed, Waiting } from "./ui";
import { useUnits } from "./units";

function StampCard({ game }: { game: Game }) {
  const p = usePlayT();
  const units = useUnits();
  const seat = useApi("getMySeat", { code: game.code });
  const have = seat.data?.stamps ?? 0;
  const write = useWrite(
    () => api.postMyCard({ code: game.code }, {}),
    (r) => {
      if (r.rewards.length === 0) Toast.show(p.stampsHave(count(r.stamps), count(r.size)));
      else
        void Dialog.alert({
          title: p.got(r.rewards.map((x) => units.amount(x.unit, x.amount)).join("、")),
          confirmText: "OK",
        });
    },
  );
  const reward = (at: number) => game.rewards.find((r) => r.at === at);
  return (
    <section className="panel" aria-label={game.name || p.stamps}>
      <div className="spread">
        <h2>{game.name || p.stamps}</h2>
        <span className="soft num">{p.stampsHave(count(Math.max(0, have)), count(game.size))}</span>
      </div>
      <div className="stamps" role="img" aria-label={p.stampsHave(count(have), count(game.size))}>
        {Array.from({ length: game.size }, (_, i) => (
          <span key={i} className={i < have ? "on" : ""}>
            {reward(i + 1) ? "★" : i + 1}
          </span>
        ))}
      </div>
      {game.rewards.map((r) => (
        <p key={r.at} className="soft">
          {r.at}：{units.amount(r.unit, r.amount)}
        </p>
      ))}
      {have >= game.size && (
        <Button
          block
          color="primary"
          loading={write.isPending}
          onClick={() => write.mutate([], { onError: () => Toast.show(p.tryLater) })}
        >
          {p.stampsTake}
        </Button>
      )}
      {(seat.data?.cards ?? 0) > 0 && <p className="soft">{p.cards(count(seat.data!.cards))}</p>}
    </section>
  );
}

function Tasks({ games }: { games: Game[] }) {
  const p = usePlayT();
  const units = useUnits();
  const query = useApi("getMyTasks", {});
  const name = (code: string, kind: string) => games.find((g) => g.code === code)?.name || p.taskKind[kind] || code;
  const rows = (query.data?.tasks ?? []).filter((x) => x.kind !== "draw");
  if (!query.data) return null;
  return (
    <List header={p.task}>
      {rows.length === 0 && <List.Item>{p.taskNone}</List.Item>}
      {rows.map((x) => (
        <List.Item
          key={x.game}
          description={x.times ? p.taskLeft(count(x.times)) : undefined}
          extra={<b className="num plus">+{units.amount(x.unit, x.amount)}</b>}
        >
          {name(x.game, x.kind)}
        </List.Item>
      ))}
    </List>
  );
}

/** What a scan answered, in her words. */
export function ScanResult({ scan }: { scan: MyScan }) {
  const p = usePlayT();
  const units = useUnits();
  const good = scan.verdict === "first" || scan.verdict === "seen_by_you";
  return (
    <div className={good ? "scan good" : "scan bad"} role="status">
      <strong>{p.verdicts[scan.verdict]}</strong>
      {scan.first_at && scan.verdict !== "first" && <small>{p.firstAt(dateTime(scan.first_at))}</small>}
      {(scan.given ?? []).map((g, i) => (
        <span key={i}>{p.got(units.amount(g.unit, g.amount))}</span>
      ))}
      {scan.award && scan.award !== "given" && <small>{p.awards[scan.award]}</small>}
    </div>
  );
}

function Scan() {
  const p = usePlayT();
  const [typed, setTyped] = useState(place.code ?? "");
  const [shown, setShown] = useState<MyScan | null>(null);
  const write = useWrite(
    (code: string) => api.postMyScan({}, { code, touchpoint: place.touchpoint }),
    (r) => {
      setShown(r);
      setTyped("");
      place.code = undefined;
    },
  );
  const say = (e: ApiError) =>
    Toast.show(
      e.problem.code === "unknown_code"
        ? p.scanUnknown
        : e.problem.code === "scan_limited"
          ? p.scanLimited
          : e.problem.status === 400 || e.problem.status === 422
            ? p.scanWrong
            : p.tryLater,
    );
  return (
    <section className="panel" aria-label={p.scan}>
      <h2>{p.scan}</h2>
      <p className="soft">{p.scanHint}</p>
      <div className="row">
        <Input
          className="field mono"
          aria-label={p.scan}
          value={typed}
          onChange={setTyped}
          onEnterPress={() => typed.trim() && write.mutate([typed.trim()], { onError: say })}
        />
        <Button
          color="primary"
          loading={write.isPending}
          disabled={!typed.trim()}
          onClick={() => write.mutate([typed.trim()], { onError: say })}
        >
          {p.scanDo}
        </Button>
      </div>
      {shown && <ScanResult scan={shown} />}
    </section>
  );
}

export default function PlayTab() {
  const p = usePlayT();
  const query = useApi("listMyGames", { limit: 100 });
  const games = query.data?.items ?? [];
  const of = (kind: Game["kind"]) =>
    games.filter((g) => g.kind === kind && (g.state === "open" || (kind === "draw" && g.state === "ended")));
  if (!query.data) return query.error ? <Failed retry={() => void query.refetch()} /> : <Waiting />;
  return (
    <>
      <header className="bar">
        <h1>{p.play}</h1>
      </header>
      {place.code && <Scan />}
      {of("checkin").map((g) => (
        <Checkin key={g.code} game={g} />
      ))}
      {of("draw").map((g) => (
        <Draw key={g.code} game={g} />
      ))}
      {of("stamps").map((g) => (
        <StampCard key={g.code} game={g} />
      ))}
      <Tasks games={games} />
      {!place.code && <Scan />}
      {games.length === 0 && <p className="soft pad">{p.none}</p>}
    </>
  );
}
