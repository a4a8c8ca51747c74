#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""256 shoppers scan the same code at once, over HTTP, while the server is killed (SIGKILL)
and started again. Each repeats the request, with its Idempotency-Key, until it is answered.

usage: one_code.py TONGBAO [ROUNDS [SEED]]        a round is one code

Without a number TB_CHECK says how long: fast 3, full 6, long 100 rounds.

Every code must have exactly one first scan and 255 later ones, each scan must be counted
once, and of 256 who want to redeem it exactly one may. Prints "N passed, N failed".
"""
import asyncio
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

CLIENTS = 256
AGAIN = (429, 503)  # it starts, or stops


class Lost(Exception):
    """The server went away before it answered."""


class Server:
    def __init__(self, program, data):
        self.program, self.data = program, data
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.child = None

    def start(self):
        self.log = open(self.data.parent / "log", "ab")
        self.child = subprocess.Popen([self.program, "serve", "--data", str(self.data), "--listen",
                                       f"127.0.0.1:{self.port}", "--unlimited"], stderr=self.log)

    async def restart(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.start()
        await self.ready()

    async def ready(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.child.poll() is None:
            try:
                if (await Connection.open(self.port)).alive and (await ask(self.port, "GET", "/readyz"))[0] == 200:
                    return
            except (Lost, OSError):
                pass
            await asyncio.sleep(0.05)
        raise SystemExit(f"the server is not ready; see {self.data.parent}/log")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(60)


class Connection:
    alive = False

    @classmethod
    async def open(cls, port):
        c = cls()
        c.reader, c.writer = await asyncio.open_connection("127.0.0.1", port)
        c.alive = True
        return c

    async def call(self, method, path, body=None, headers=()):
        """(status, parsed body)"""
        raw = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(raw)}", *headers]
        if body is not None:
            lines.append("Content-Type: application/json")
        try:
            self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            length = [int(h.split(":")[1]) for h in head if h.startswith("content-length")]
            text = await self.reader.readexactly(length[0] if length else 0)
        except (OSError, asyncio.IncompleteReadError) as e:
            raise Lost from e
        finally:
            self.alive = False
            self.writer.close()
        return int(head[0].split()[1]), json.loads(text) if text[:1] == b"{" else None


async def ask(port, method, path, body=None, headers=()):
    c = await Connection.open(port)
    return await c.call(method, path, body, headers)


class Run:
    def __init__(self, server, key, seed):
        self.server, self.chance = server, random.Random(seed)
        self.auth = f"Authorization: Bearer {key}"
        self.passed = self.failed = self.repeated = self.kills = self.between = 0

    def equal(self, what, got, want):
        self.passed += got == want
        self.failed += got != want
        if got != want:
            print(f"FAILED {what}: got {got!r}, want {want!r}", flush=True)

    async def must(self, method, path, body=None):
        words = (self.auth, f"Idempotency-Key: m{self.chance.getrandbits(60)}")
        status, answer = await ask(self.server.port, method, path, body, words)
        if status not in (200, 201):
            raise SystemExit(f"{method} {path}: {status} {answer}")
        return answer

    async def one(self, gate, path, body, idem):
        """Connects, waits for the others, asks; again until there is an answer."""
        first = True
        while True:
            try:
                c = await Connection.open(self.server.port)
                if first:
                    await gate.wait()
                first = False
                status, answer = await c.call("POST", path, body, (self.auth, f"Idempotency-Key: {idem}"))
                if status not in AGAIN:
                    return status, answer
            except (Lost, OSError):
                pass
            self.repeated += 1
            await asyncio.sleep(0.02)

    async def burst(self, path, bodies, name):
        """All at once, and a SIGKILL when some of them are answered."""
        gate = asyncio.Barrier(CLIENTS + 1) if hasattr(asyncio, "Barrier") else Gate(CLIENTS + 1)
        work = [asyncio.create_task(self.one(gate, path, b, f"{name}-{i}")) for i, b in enumerate(bodies)]
        await gate.wait()
        enough = self.chance.randrange(CLIENTS)
        while sum(t.done() for t in work) < enough:
            await asyncio.sleep(0.0005)
        answered = sum(t.done() for t in work)
        self.kills += 1
        self.between += 0 < answered < CLIENTS
        await self.server.restart()
        return await asyncio.gather(*work)

    async def round(self, n, code):
        phones = [f"138{n:04d}{i:04d}" for i in range(CLIENTS)]
        scans = [{"code": code, "identifiers": [{"ns": "phone", "value": p}]} for p in phones]
        answers = await self.burst("/v1/codes/scan", scans, f"s{n}")
        self.equal("every scan is answered", collections.Counter(s for s, _ in answers), {200: CLIENTS})
        verdicts = collections.Counter(a.get("verdict") for _, a in answers)
        self.equal("one first scan", verdicts, {"first": 1, "seen_by_others": CLIENTS - 1})
        self.equal("each scan has its number", sorted(a.get("scans", 0) for _, a in answers),
                   list(range(1, CLIENTS + 1)))
        self.equal("a member each", len({a["member"]["id"] for _, a in answers}), CLIENTS)
        status = await self.must("GET", f"/v1/codes/{code}")
        self.equal("scans counted", (status["state"], status["scans"]), ("scanned", CLIENTS))
        answers = await self.burst("/v1/codes/redeem", [{"code": code}] * CLIENTS, f"r{n}")
        won = [a for s, a in answers if s == 200]
        lost = collections.Counter(a.get("code") for s, a in answers if s != 200)
        self.equal("one redeems", (len(won), dict(lost)), (1, {"code_redeemed": CLIENTS - 1}))

    async def all(self, rounds):
        await self.server.ready()
        await self.must("PUT", "/v1/code-batches/box", {"scene": "inside", "count": rounds})
        await self.must("POST", "/v1/codes/bind",
                        {"batch": "box", "from": 0, "n": rounds, "lot": "L", "activate": True})
        codes = (await self.must("GET", f"/v1/code-batches/box/codes?limit={rounds}"))["codes"]
        for n, code in enumerate(codes):
            await self.round(n, code)
        figures = await self.must("GET", "/v1/code-batches/box")
        self.equal("figures of the batch", [figures[k] for k in ("scans", "scanned", "redeemed")],
                   [rounds * CLIENTS, rounds, rounds])


class Gate:
    """asyncio.Barrier, which Python 3.11 brought."""

    def __init__(self, n):
        self.n, self.open = n, asyncio.Event()

    async def wait(self):
        self.n -= 1
        if self.n == 0:
            self.open.set()
        await self.open.wait()


def rows(program, data, text):
    r = subprocess.run([program, "sql", "--format", "json", "--data", str(data), text], capture_output=True, text=True,
                       check=True)
    return [json.loads(line) for line in r.stdout.splitlines()]


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else {"fast": 3, "long": 100}.get(os.environ.get("TB_CHECK"), 6)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    work = pathlib.Path(tempfile.mkdtemp(prefix="tb-one-code-"))
    data = work / "data"
    key = subprocess.run([program, "key", "create", "--data", str(data), "--tenant", "shop", "--role", "owner",
                          "--create-tenant"], capture_output=True, text=True, check=True).stdout.strip()
    began = time.monotonic()
    server = Server(program, data)
    r = Run(server, key, seed)
    server.start()
    try:
        asyncio.run(r.all(rounds))
    finally:
        stopped = server.stop()
    r.equal("it stops", stopped, 0)
    said = rows(program, data, "SELECT verdict, count(*) AS n FROM code_scans GROUP BY 1 ORDER BY 1")
    r.equal("published scans", said,
            [{"verdict": 4, "n": rounds}, {"verdict": 6, "n": rounds * (CLIENTS - 1)}])
    said = rows(program, data, "SELECT count(DISTINCT serial) AS n FROM code_scans")
    r.equal("published codes", said, [{"n": rounds}])
    r.equal("published redemptions", rows(program, data, "SELECT count(*) AS n FROM code_redemptions"),
            [{"n": rounds}])
    print(f"seed {seed}: {rounds} codes, {CLIENTS} clients on each; {r.kills} kills, {r.between} of them when some "
          f"were answered and some not; {r.repeated} requests repeated; {time.monotonic() - began:.0f} s")
    if r.failed:
        print(f"folder kept: {work}\nrepeat with: {sys.argv[0]} {program} {rounds} {seed}")
    else:
        shutil.rmtree(work)
    print(f"{r.passed} passed, {r.failed} failed")
    return 1 if r.failed else 0


if __name__ == "__main__":
    sys.exit(main())
