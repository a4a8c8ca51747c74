// SPDX-License-Identifier: Apache-2.0
// One game: is it open, what has it given, what does it cost, and is it fair?
import { App, Button, Input, InputNumber, Table, Typography } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router-dom";
import { api, type Game, type GameMoveIn, type Seat } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { canVerify, prizeOf, rulesMatch, seedMatches, ticketOf } from "../../../shared/chance";
import { count, dateTime, money, percentPpm } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { slicesOf, Wheel } from "../../../shared/Wheel";
import { useT } from "../../messages";
import { usePlayT } from "../../messages/play";
import { Card, Page } from "../../ui/Page";
import { Data, problemText } from "../../ui/State";
import { useReason } from "../../ui/useReason";
import { GameForm } from "./GameForm";
import { GameState } from "./GamesPage";
import { useUnits } from "./units";

function Moves({ game }: { game: Game }) {
  const t = useT();
  const p = usePlayT();
  const { modal, message } = App.useApp();
  const ask = useReason();
  const move = useWrite(
    (body: GameMoveIn) => api.postGameMove({ code: game.code }, body),
    () => message.success(p.moved),
  );
  const fail = (e: unknown) => {
    if (!(e instanceof ApiError)) throw e;
    message.error(problemText(e, t));
  };
  const open = () =>
    modal.confirm({
      title: p.open,
      content: game.kind === "draw" && !game.opened_at ? p.openHint : game.name || game.code,
      onOk: () => move.mutateAsync([{ state: "open" }]).catch(fail),
    });
  const stop = (state: "paused" | "ended", title: string, hint?: string) =>
    ask({
      title,
      hint,
      danger: state === "ended",
      run: (reason) => move.mutateAsync([{ state, reason }]).catch(fail),
    });
  return (
    <>
      {(game.state === "draft" || game.state === "paused") && (
        <Button type="primary" onClick={open}>
          {p.open}
        </Button>
      )}
      {game.state === "open" && <Button onClick={() => stop("paused", p.pause)}>{p.pause}</Button>}
      {(game.state === "open" || game.state === "paused") && (
        <Button danger onClick={() => stop("ended", p.end, game.kind === "draw" ? p.endHint : undefined)}>
          {p.end}
        </Button>
      )}
    </>
  );
}

function Odds({ game }: { game: Game }) {
  const p = usePlayT();
  const units = useUnits();
  const expected = game.prizes.reduce((n, x) => n + (x.ppm * x.value) / 1_000_000, 0);
  return (
    <Card title={p.odds}>
      <div className="wheel-and-table">
        <Wheel slices={slicesOf(game.prizes)} label={p.odds} />
        <Table
          rowKey="code"
          size="small"
          pagination={false}
          scroll={{ x: 520 }}
          dataSource={game.prizes}
          columns={[
            { title: p.prize, render: (_, x) => x.name || x.code },
            { title: p.share, align: "right", className: "num", render: (_, x) => percentPpm(x.ppm) },
            {
              title: p.gives,
              render: (_, x) =>
                x.unit ? units.amount(x.unit, x.amount) : <span className="soft">{p.nothing}</span>,
            },
            {
              title: p.given,
              align: "right",
              className: "num",
              render: (_, x) => `${count(x.given)} / ${x.stock ? count(x.stock) : p.endless}`,
            },
            {
              title: p.perMember,
              align: "right",
              className: "num",
              render: (_, x) => (x.per_member ? count(x.per_member) : p.endless),
            },
            {
              title: p.value,
              align: "right",
              className: "num",
              render: (_, x) => (x.value ? money(x.value) : "–"),
            },
          ]}
          footer={() => (
            <span className="num">
              {p.expected} <b>{money(Math.round(expected))}</b> <span className="soft">{p.expectedHint}</span>
              {game.fallback && (
                <span className="soft">
                  {" "}
                  · {p.fallback} {game.prizes.find((x) => x.code === game.fallback)?.name ?? game.fallback}
                </span>
              )}
            </span>
          )}
        />
      </div>
    </Card>
  );
}

interface Checked {
  text: string;
  good: boolean;
}

function Verify({ game }: { game: Game }) {
  const p = usePlayT();
  const [player, setPlayer] = useState("");
  const [draw, setDraw] = useState(1);
  const [ticket, setTicket] = useState<number | null>(null);
  const [shown, setShown] = useState<Checked[]>([]);
  const seed = game.seed!;
  const edition = game.edition ?? 1;
  const line = `tongbao verify draw rules.txt ${edition} ${player || "PLAYER"} ${draw} ${ticket ?? ""} --seed ${seed}`;
  const run = async () => {
    const n = await ticketOf(seed, edition, player.trim().toLowerCase(), draw);
    const prize = prizeOf(game.prizes, n);
    const seedGood = await seedMatches(seed, game.seed_hash ?? "");
    const rulesGood = await rulesMatch(game.rules_text ?? "", game.rules_hash ?? "");
    setShown([
      { text: seedGood ? p.hashAgrees : p.hashDiffers, good: seedGood },
      { text: `${p.rulesHash}：${rulesGood ? p.agrees : p.differs}`, good: rulesGood },
      {
        text: `${p.verified(count(n), prize?.name || prize?.code || "")}${
          ticket === null ? "" : ` · ${ticket === n ? p.agrees : p.differs}`
        }`,
        good: ticket === null || ticket === n,
      },
    ]);
  };
  return (
    <div className="grid">
      <h3 style={{ margin: 0 }}>{p.verify}</h3>
      {canVerify() ? (
        <div className="row">
          <Input
            className="mono"
            aria-label={p.player}
            placeholder={p.player}
            value={player}
            maxLength={16}
            onChange={(e) => setPlayer(e.target.value)}
            style={{ width: 210 }}
          />
          <InputNumber
            addonBefore={p.draw}
            aria-label={p.draw}
            min={1}
            precision={0}
            value={draw}
            onChange={(v) => setDraw(v ?? 1)}
          />
          <InputNumber
            addonBefore={p.ticket}
            aria-label={p.ticket}
            min={0}
            max={999_999}
            precision={0}
            value={ticket}
            onChange={(v) => setTicket(v)}
          />
          <Button onClick={() => void run()} disabled={!/^[0-9a-f]{16}$/i.test(player.trim())}>
            {p.doVerify}
          </Button>
        </div>
      ) : (
        <p className="soft">{p.insecure}</p>
      )}
      {shown.map((x) => (
        <div key={x.text} className={x.good ? "right" : "wrong"} role="status">
          {x.good ? "✓" : "✗"} {x.text}
        </div>
      ))}
      <code className="expr">{line}</code>
    </div>
  );
}

function Fair({ game }: { game: Game }) {
  const p = usePlayT();
  return (
    <Card title={p.fair}>
      <p className="soft">{p.fairHint}</p>
      <dl className="hashes">
        <dt>{p.seedHash}</dt>
        <dd className="mono">{game.seed_hash}</dd>
        <dt>{p.rulesHash}</dt>
        <dd className="mono">{game.rules_hash}</dd>
        <dt>{p.seed}</dt>
        <dd className="mono">{game.seed ?? p.seedLater}</dd>
        {game.edition && (
          <>
            <dt>{p.edition}</dt>
            <dd className="num">{count(game.edition)}</dd>
          </>
        )}
      </dl>
      <Typography.Paragraph className="mono" style={{ whiteSpace: "pre-wrap", fontSize: 12 }}>
        {game.rules_text}
      </Typography.Paragraph>
      {game.seed && <Verify game={game} />}
    </Card>
  );
}

function Ladder({ game }: { game: Game }) {
  const p = usePlayT();
  const units = useUnits();
  const steps = game.rewards.filter((r) => r.kind === "step");
  const miles = game.rewards.filter((r) => r.kind === "milestone");
  return (
    <Card title={game.kind === "stamps" ? p.card : game.kind === "task" ? p.reward : p.ladder}>
      {game.kind === "stamps" && (
        <p>
          {units.name(game.unit)} × {count(game.size)}
        </p>
      )}
      <div className="steps">
        {steps.map((r) => (
          <div key={r.at} className="step-one">
            <small>{game.kind === "checkin" ? p.day(r.at) : p.reward}</small>
            <b className="num">{units.amount(r.unit, r.amount)}</b>
          </div>
        ))}
        {miles.map((r) => (
          <div key={`m${r.at}`} className="step-one mile">
            <small>
              {game.kind === "stamps" ? `${p.at} ${r.at}` : `${p.streak} ${r.at}`}
              {r.monthly && ` · ${p.monthly}`}
            </small>
            <b className="num">{units.amount(r.unit, r.amount)}</b>
          </div>
        ))}
      </div>
    </Card>
  );
}

function SeatFinder({ game }: { game: Game }) {
  const t = useT();
  const p = usePlayT();
  const { message } = App.useApp();
  const [seat, setSeat] = useState<Seat | null>(null);
  const find = async (typed: string) => {
    const value = typed.replace(/\s/g, "");
    if (!value) return;
    try {
      setSeat(await api.getSeat({ code: game.code, member: /^mbr_/.test(value) ? value : `phone:${value}` }));
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      message.warning(e.problem.status === 404 ? t.members.notFound : problemText(e, t));
    }
  };
  const facts: [string, string][] = seat
    ? [
        [p.plays, count(seat.plays)],
        [p.seatToday, count(seat.today)],
        ...(game.kind === "draw"
          ? ([
              [p.seatMisses, count(seat.misses)],
              [p.seatFree, count(seat.free_left)],
              [p.player, seat.player ?? "–"],
            ] as [string, string][])
          : []),
        ...(game.kind === "checkin" ? ([[p.seatStreak, count(seat.streak)]] as [string, string][]) : []),
        ...(game.kind === "stamps"
          ? ([
              [p.seatStamps, `${count(seat.stamps)} / ${count(game.size)}`],
              [p.seatCards, count(seat.cards)],
            ] as [string, string][])
          : []),
      ]
    : [];
  return (
    <Card title={p.seat}>
      <Input.Search
        aria-label={p.seatFind}
        placeholder={p.seatFind}
        onSearch={(v) => void find(v)}
        style={{ maxWidth: 360 }}
      />
      {seat && (
        <>
          <p>
            <Link className="mono" to={`/members/${seat.member}`}>
              {seat.member}
            </Link>
          </p>
          <dl className="pairs">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </Card>
  );
}

function Shown({ game }: { game: Game }) {
  const t = useT();
  const p = usePlayT();
  const units = useUnits();
  const facts: [string, React.ReactNode][] = [
    [t.common.state, <GameState key="s" state={game.state} />],
    [p.plays, count(game.plays)],
    [p.cost, game.cost_unit ? units.amount(game.cost_unit, game.cost) : p.free],
    [p.from, dateTime(game.opened_at ?? game.from)],
    [p.until, dateTime(game.ended_at ?? game.until)],
  ];
  if (game.condition)
    facts.push([
      p.condition,
      <code key="c" className="expr">
        {game.condition}
      </code>,
    ]);
  return (
    <div className="grid">
      <Card>
        <dl className="facts" style={{ marginTop: 0 }}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Card>
      {game.kind === "draw" ? <Odds game={game} /> : <Ladder game={game} />}
      {game.kind === "draw" && <Fair game={game} />}
      <SeatFinder game={game} />
    </div>
  );
}

export default function GamePage() {
  const t = useT();
  const { may } = useSession();
  const { code = "" } = useParams();
  const [editing, setEditing] = useState(false);
  const query = useApi("getGame", { code }, { every: 10_000 });
  const game = query.data;
  return (
    <Page
      title={game ? game.name || game.code : code}
      extra={
        game && (
          <>
            {may("put_game") && game.state !== "ended" && (
              <Button onClick={() => setEditing(true)}>{t.common.edit}</Button>
            )}
            {may("post_game_move") && <Moves game={game} />}
          </>
        )
      }
    >
      <Data query={query}>{(g) => <Shown game={g} />}</Data>
      {editing && game && <GameForm kind={game.kind} game={game} close={() => setEditing(false)} />}
    </Page>
  );
}
