#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The example till: online, offline, killed at any moment; every sale counts once."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from common import ROOT, Served, check, equal, finish, good, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-till-"))
data = work / "data"
TEA, MILK = "6901234567892", "6901234567915"


def till(folder, server, key, text, wait=True, till_no="1"):
    p = subprocess.Popen([sys.executable, str(ROOT / "examples/till/till.py"), "--server", server, "--store", "S1",
                          "--till", till_no, "--folder", str(work / folder)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True, env={**os.environ, "TONGBAO_KEY": key})
    if not wait:
        return p
    return p.communicate(text, timeout=60)[0]


class Lossy:
    """A way to the server that loses every answer of the first `lose` requests."""

    def __init__(self, port, lose):
        self.target, self.lose = port, lose
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            with client, socket.create_connection(("127.0.0.1", self.target)) as server:
                client.settimeout(2)
                server.settimeout(2)
                request = b""
                while b"\r\n\r\n" not in request:
                    request += client.recv(65536)
                head, body = request.split(b"\r\n\r\n", 1)
                lengths = [x for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")]
                length = int(lengths[0].split(b":")[1]) if lengths else 0
                while len(body) < length:
                    more = client.recv(65536)
                    body += more
                    request += more
                server.sendall(request)
                answer = server.recv(65536)
                if self.lose > 0:
                    self.lose -= 1
                    return
                client.sendall(answer)
        except OSError:
            pass


def orders():
    return sql(data, "SELECT count(*) AS n, coalesce(sum(net), 0) AS net FROM orders")[0]


owner = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant").stdout.strip()
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "till").stdout.strip()
with Served(data) as s:
    for path, body in (("/v1/stores/S1", {"name": "First store"}),
                       ("/v1/units/points", {"kind": "points"}),
                       ("/v1/rules/earn", {"kind": "earn", "unit": "points", "amount": "order.net"})):
        status, answer = s.send("PUT", path, body, owner, {"Idempotency-Key": path})
        check(path, status in (200, 201), f"{status} {answer}")
    out = till("a", s.base, key,
               f"{TEA}\n{TEA}\n{MILK} x3\n-1\nmember 13912345678\npay wechat\nmember 13912345678\nquit\n")
    check("sold", "S1-1-000001 sent: +83 points (now 83)" in out, out)
    check("recognised", "83 points" in out.splitlines()[-1], out)
    equal("one order", orders(), {"n": 1, "net": 2 * 2990 + 2 * 1190})
    out = till("b", s.base, key, f"{TEA}\npay barter\nquit\n", till_no="2")
    check("what is refused is put aside", "REFUSED" in out and (work / "b" / "refused.ndjson").exists(), out)
    gone = s.base
offline = "".join(f"{TEA}\nmember 13912345678\npay cash\n" for _ in range(5))
out = till("a", gone, key, offline + "quit\n")
check("sells without the network", "5 receipts wait" in out and "the points follow" in out, out)
out = till("a", gone, key, "quit\n")
check("and remembers over a restart", "5 receipts wait" in out, out)
with Served(data) as s:
    lossy = Lossy(s.port, 3)
    base = f"http://127.0.0.1:{lossy.port}"
    for _ in range(4):
        till("a", base, key, "quit\n")
    out = till("a", base, key, "send\nquit\n")
    check("answers were lost, then all is sent", "nothing waits" in out, out)
    equal("each once", orders(), {"n": 6, "net": 2 * 2990 + 2 * 1190 + 5 * 2990})
    rounds = 3 if os.environ.get("TB_CHECK") == "fast" else 8
    for i in range(rounds):
        p = till("a", s.base, key, "", wait=False)
        for _ in range(6):
            p.stdin.write(f"{MILK}\npay cash\n")
        p.stdin.flush()
        time.sleep(0.15 + 0.02 * i)
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stdin.close = lambda: None
    till("a", s.base, key, "send\nquit\n")
    receipts = [json.loads(x) for x in (work / "a" / "receipts.ndjson").read_text().splitlines()]
    equal("numbers without gaps", [int(r["receipt"]["number"]) for r in receipts], list(range(1, len(receipts) + 1)))
    equal("every receipt counts once", orders(), {"n": len(receipts),
                                                  "net": sum(r["tenders"][0]["amount"] for r in receipts)})
    status, who = s.get("/v1/members/phone:13912345678", key)
    equal("her points", who["balances"][0]["available"], 83 + 5 * 29)
check("0 breaks", good("check", "--data", data).stdout.endswith("\n0 breaks\n"))
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
