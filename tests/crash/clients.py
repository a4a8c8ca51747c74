# SPDX-License-Identifier: Apache-2.0
"""256 clients who ask at once, over HTTP, while the server is killed (SIGKILL) and started again.

Each client repeats its request, with its Idempotency-Key, until it is answered: so what is answered
is what happened, once. one_code.py and one_thing.py say what is asked and what must have come of it.
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

    async def members(self, phones):
        """Makes them known; nothing is killed meanwhile."""
        async def one(phone):
            await self.must("POST", "/v1/contacts",
                            {"identifiers": [{"ns": "phone", "value": phone, "verified": True}]})
        for at in range(0, len(phones), 64):
            await asyncio.gather(*(one(p) for p in phones[at:at + 64]))

    async def one(self, gate, requests, idem):
        """Connects, waits for the others, asks one after the other; each again until there is an answer."""
        first, answers = True, []
        for n, (path, body) in enumerate(requests):
            while len(answers) == n:
                try:
                    c = await Connection.open(self.server.port)
                    if first:
                        await gate.wait()
                    first = False
                    status, answer = await c.call("POST", path, body, (self.auth, f"Idempotency-Key: {idem}-{n}"))
                    if status not in AGAIN:
                        answers.append((status, answer))
                        self.answered += 1
                        continue
                except (Lost, OSError):
                    pass
                self.repeated += 1
                await asyncio.sleep(0.02)
        return answers

    async def burst(self, asked, name):
        """All clients at once, and a SIGKILL when some of it is answered. asked: a client's requests, (path,
        body) each. The answers, client by client."""
        self.answered = 0
        gate = Gate(CLIENTS + 1)
        work = [asyncio.create_task(self.one(gate, list(a), f"{name}-{i}")) for i, a in enumerate(asked)]
        await gate.wait()
        total = sum(len(a) for a in asked)
        enough = self.chance.randrange(total)
        while self.answered < enough:
            await asyncio.sleep(0.0005)
        answered = self.answered
        self.kills += 1
        self.between += 0 < answered < total
        await self.server.restart()
        return await asyncio.gather(*work)

    async def burst_one(self, path, bodies, name):
        """The same with one request a client; the answers flat."""
        return [a for (a,) in await self.burst([[(path, b)] for b in bodies], name)]


def winners(answers, ok=(200, 201)):
    """Bodies of those who were served, and how many were refused with which code."""
    won = [a for s, a in answers if s in ok]
    return won, dict(collections.Counter(a.get("code") for s, a in answers if s not in ok))


class Gate:
    """Opens when so many wait."""

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


def drive(program, make_run, rounds, seed, name):
    """Makes a folder and a tenant, serves, runs make_run(...).all(rounds), stops, lets it look at the tables
    with .after(rounds, rows). Prints figures and "N passed, N failed"; the exit code."""
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"tb-{name.replace(' ', '-')}-"))
    data = work / "data"
    key = subprocess.run([program, "key", "create", "--data", str(data), "--tenant", "shop", "--role", "owner",
                          "--create-tenant"], capture_output=True, text=True, check=True).stdout.strip()
    began = time.monotonic()
    server = Server(program, data)
    r = make_run(server, key, seed)
    server.start()
    try:
        asyncio.run(r.all(rounds))
    finally:
        stopped = server.stop()
    r.equal("it stops", stopped, 0)
    r.after(rounds, lambda text: rows(program, data, text))
    proof = subprocess.run([program, "check", "--data", str(data)], capture_output=True, text=True)
    r.equal("tongbao check", (proof.returncode, proof.stdout.split("\n")[-2:]), (0, ["0 breaks", ""]))
    print(f"{name}, seed {seed}: {rounds} rounds of {CLIENTS} clients; {r.kills} kills, {r.between} of them when some "
          f"were answered and some not; {r.repeated} requests repeated; {time.monotonic() - began:.0f} s")
    if r.failed:
        print(f"folder kept: {work}")
    else:
        shutil.rmtree(work)
    return r.passed, r.failed


def length(argument, fast, full, long):
    """Rounds: as told, or as TB_CHECK says."""
    if argument is not None:
        return int(argument)
    return {"fast": fast, "long": long}.get(os.environ.get("TB_CHECK"), full)
