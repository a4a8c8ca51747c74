#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verbs of the program, on a folder that is served and on one that is not."""
import contextlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time

from common import TONGBAO, Served, check, equal, finish, good, run, sql, wait_for

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-verbs-"))
data = work / "data"


def order(s, key, number, phone="13912345678", net=1000):
    return s.send("POST", "/v1/orders", {
        "order": f"O-{number}", "identifiers": [{"ns": "phone", "value": phone}],
        "lines": [{"sku": "tea", "quantity": 1, "net": net}]}, key, {"Idempotency-Key": f"o-{number}"})


def test_usage():
    equal("no words: usage", run().returncode, 2)
    equal("help", run("--help").returncode, 0)
    check("help names every verb", all(v in run("--help").stdout for v in (
        "serve", "key", "import", "export", "check", "sql", "backup", "restore", "bench", "sim", "demo")))
    equal("an unknown verb", run("sell").returncode, 2)
    r = run("sql", "--colour", "red", "SELECT 1")
    check("an unknown option", r.returncode == 2 and "--colour" in r.stderr, r.stderr)
    r = run("serve", "--map", "x")
    check("an option of another verb", r.returncode == 2 and "--map" in r.stderr, r.stderr)
    equal("an option without its value", run("sql", "--data").returncode, 2)
    check("a verb's help", "--to-seq" in run("restore", "--help").stdout)
    check("version", "tongbao" in good("verify-version").stdout)
    equal("a version check makes no folder", run("verify-version", "--data", work / "none").returncode, 1)
    check("really none", not (work / "none").exists())


def test_sim():
    """One tenant's stream, as her key would send it."""
    lines = {t: good("sim", "--divide", "300", "--limit", "400", "--tenant", t).stdout.splitlines()
             for t in ("helin", "chengdian")}
    check("each has its own", not set(lines["helin"]) & set(lines["chengdian"]))
    places = {t: {json.loads(line).get("touchpoint", "") for line in lines[t]} for t in lines}
    check("at its own places", all(p and not p & (places["chengdian"] - {""}) for p in [places["helin"]]), f"{places}")
    equal("helin when nothing is said", good("sim", "--divide", "300", "--limit", "400").stdout.splitlines(),
          lines["helin"])
    equal("no such tenant", run("sim", "--tenant", "shop").returncode, 2)


def test_keys():
    key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant",
               "--name", "Shop").stdout.strip()
    check("a key", key.startswith("tb_") and len(key) > 40, key)
    equal("no such role", run("key", "create", "--data", data, "--tenant", "shop", "--role", "king").returncode, 2)
    equal("no such tenant", run("key", "create", "--data", data, "--tenant", "x", "--role", "owner").returncode, 1)
    equal("an operator has no tenant",
          run("key", "create", "--data", data, "--tenant", "shop", "--role", "operator").returncode, 2)
    operator = good("key", "create", "--data", data, "--role", "operator").stdout.strip()
    listed = good("key", "list", "--data", data, "--tenant", "shop").stdout
    check("listed without its secret", key.split("_")[1] in listed and key.split("_")[2] not in listed, listed)
    raw = b"".join(p.read_bytes() for p in data.rglob("*") if p.is_file())
    check("no secret on disk", key.split("_")[2].encode() not in raw)
    with Served(data) as s:
        mode = stat.S_IMODE(os.stat(data / "admin.sock").st_mode)
        equal("the admin socket is the owner's", oct(mode), "0o600")
        equal("the key works", s.get("/v1/members?ns=phone&value=13912345678", key)[0], 404)
        equal("the operator makes tenants", s.send("PUT", "/v1/tenants/second", {
            "name": "Second", "zone": "Asia/Shanghai", "currency": "CNY"}, operator,
            {"Idempotency-Key": "t1"})[0] in (200, 201), True)
        live = good("key", "create", "--data", data, "--tenant", "second", "--role", "owner").stdout.strip()
        equal("a key made live works at once", s.get("/v1/members?ns=phone&value=13912345678", live)[0], 404)
        good("key", "revoke", "--data", data, "--tenant", "second", live.split("_")[1])
        equal("revoked at once", s.get("/v1/members?ns=phone&value=13912345678", live)[0], 401)
        check("listed as revoked", "revoked" in good("key", "list", "--data", data, "--tenant", "second").stdout)
    return key


def test_sql(key):
    with Served(data) as s:
        equal("an order", order(s, key, 1)[0], 201)
        equal("sql sees it at once", sql(data, "SELECT net FROM orders"), [{"net": 1000}])
        r = good("sql", "--data", data, "--format", "csv", "SELECT 'a,b' AS x, 'say \"hi\"' AS y, NULL AS z")
        equal("csv", r.stdout, 'x,y,z\n"a,b","say ""hi""",\n')
        check("table", "net" in good("sql", "--data", data, "SELECT net FROM orders").stdout)
        for bad in ("DELETE FROM orders", "SELEC 1", "PRAGMA journal_mode=DELETE", "SELECT 1; DELETE FROM orders"):
            check(f"refused: {bad}", run("sql", "--data", data, bad).returncode in (1, 3))
        equal("it still stands", sql(data, "SELECT count(*) AS n FROM orders"), [{"n": 1}])
        equal("a limit", len(sql(data, "SELECT kind FROM record LIMIT 3")), 3)
    equal("and when nobody serves", sql(data, "SELECT count(*) AS n FROM orders"), [{"n": 1}])


def test_published():
    """A figure that people read is wrong, gone or too much in SQL: check names its row."""
    damage = (("UPDATE persons SET spend = spend + 1", "table persons, row (", "differs from the state"),
              ("DELETE FROM order_lines WHERE line = 0", "table order_lines, row (", "is missing"),
              ("INSERT INTO holds VALUES (4711, 1, 1, 1, 1, 1, 1)", "table holds, row (4711)",
               "is of nothing in the state"),
              ("UPDATE orders SET code = code || 'x'", "table orders, row (", "differs from the state"))
    before = good("check", "--data", data).stdout
    check("rows are compared", re.search(r"^published \d+ rows in \d+ tables .* 0 differ$", before, re.M), before)
    def change(statement):
        with contextlib.closing(sqlite3.connect(data / "state.db")) as db:
            rows = db.execute(statement).rowcount
            db.commit()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return rows
    change("SELECT 1")
    kept = (data / "state.db").read_bytes()
    for statement, row, what in damage:
        check(f"done: {statement}", change(statement) > 0)
        r = run("check", "--data", data)
        equal(f"not proved: {statement}", r.returncode, 1)
        check(f"named: {row}", any(row in x and what in x for x in r.stdout.splitlines()), r.stdout)
        change("SELECT 1")
        (data / "state.db").write_bytes(kept)
    check("and is well again", good("check", "--data", data).stdout.endswith("\n0 breaks\n"))


def test_backup(key):
    """Under load; restored whole, to an entry and to an instant, each proved by check."""
    copy = work / "copy"
    with Served(data) as s:
        stop = threading.Event()
        done = []

        def load():
            n = 100
            while not stop.is_set():
                if order(s, key, n)[0] == 201:
                    done.append(n)
                n += 1
        t = threading.Thread(target=load)
        t.start()
        wait_for(lambda: len(done) >= 20)
        good("backup", copy, "--data", data)
        first = len(done)
        wait_for(lambda: len(done) >= first + 20)
        stop.set()
        t.join()
        good("backup", copy, "--data", data)
        good("check", "--data", data)
        entries = sql(data, "SELECT seq, at_ms FROM history ORDER BY seq")
        orders = sql(data, "SELECT count(*) AS n FROM orders")[0]["n"]
        out = good("export", "events", "--data", data, "--tenant", "shop").stdout.splitlines()
        equal("the feed without gaps", [json.loads(x)["seq"] for x in out], list(range(1, len(out) + 1)))
    check("orders came in meanwhile", first > 0 and len(done) > first)
    check("no master key in the copy", not (copy / "keys" / "master.key").exists())
    master = data / "keys" / "master.key"
    equal("without the master key: said", run("restore", copy, "--data", work / "r0").returncode, 3)
    good("restore", copy, "--data", work / "r1", "--master", master)
    equal("everything", sql(work / "r1", "SELECT count(*) AS n FROM orders")[0]["n"], orders)
    middle = entries[len(entries) // 2]
    good("restore", copy, "--data", work / "r2", "--master", master, "--to-seq", middle["seq"])
    equal("to an entry", sql(work / "r2", "SELECT max(seq) AS n FROM history")[0]["n"], middle["seq"])
    ms = middle["at_ms"]
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"
    good("restore", copy, "--data", work / "r3", "--master", master, "--to-time", at)
    want = max(e["seq"] for e in entries if e["at_ms"] <= ms)
    equal("to an instant", sql(work / "r3", "SELECT max(seq) AS n FROM history")[0]["n"], want)
    for r in ("r1", "r2", "r3"):
        check(f"{r} is proved", good("check", "--data", work / r).stdout.endswith("\n0 breaks\n"))
    equal("not into a folder that holds something",
          run("restore", copy, "--data", work / "r1", "--master", master).returncode, 3)
    with Served(work / "r1") as s:
        equal("a restored folder serves", s.get("/v1/members?ns=phone&value=13912345678", key)[0], 200)
        equal("and remembers what it answered", order(s, key, 100)[0], 201)
    equal("once", sql(work / "r1", "SELECT count(*) AS n FROM orders")[0]["n"], orders)


def test_damage():
    """A byte changed in a record is found by check."""
    import sqlite3
    broken = work / "r2"
    db = sqlite3.connect(broken / "state.db")
    body = db.execute("SELECT body FROM record WHERE kind = 4").fetchone()[0]
    other = body[:60] + bytes([body[60] ^ 1]) + body[61:]
    db.execute("UPDATE record SET body = ? WHERE kind = 4 AND body = ?", (other, body))
    db.commit()
    db.close()
    r = run("check", "--data", broken)
    check("found", r.returncode in (1, 3) and ("differs" in r.stdout or r.returncode == 3), r.stdout + r.stderr)


def gone(pid):
    try:
        return "zombie" in pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_standby(key):
    """A second process waits for the folder and serves when the first one is gone."""
    with Served(data) as first:
        second = Served(data)
        second.log = tempfile.TemporaryFile("w+")
        second.process = subprocess.Popen([TONGBAO, "serve", "--data", str(data), "--listen",
                                           f"127.0.0.1:{second.port}"], stderr=second.log)
        check("it says why", wait_for(lambda: "waiting" in second.text()), second.text())
        equal("it does not serve", second.get("/readyz")[0], 0)
        equal("stopped cleanly", first.stop(), 0)
        second.wait_ready()
        equal("the second one serves", order(second, key, 5000)[0], 201)
        child = int(subprocess.run(["pgrep", "-P", str(second.process.pid)], capture_output=True, text=True,
                                   check=False).stdout.split()[0])
        limits = pathlib.Path(f"/proc/{child}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        equal("no core dumps", core.split()[4:6], ["0", "0"])
        second.process.send_signal(signal.SIGKILL)
        second.process.wait()
        check("the worker goes with its supervisor", wait_for(lambda: gone(child)))
        second.log.close()
    with Served(data) as s:
        equal("what was answered stands", order(s, key, 5000)[0], 201)
        child = int(subprocess.run(["pgrep", "-P", str(s.process.pid)], capture_output=True, text=True,
                                   check=False).stdout.split()[0])
        os.kill(child, signal.SIGKILL)
        equal("a worker that was killed ends the server, loudly", s.process.wait(timeout=10), 128 + 9)
    check("0 breaks", good("check", "--data", data).stdout.endswith("\n0 breaks\n"))
    with Served(data) as s:
        pass
    equal("SIGTERM: clean", s.process.returncode, 0)
    check("the socket is gone", not (data / "admin.sock").exists())
    with Served(data) as s:
        equal("SIGINT: clean", s.stop(signal.SIGINT), 0)


test_usage()
test_sim()
shop_key = test_keys()
test_sql(shop_key)
test_published()
test_backup(shop_key)
test_damage()
test_standby(shop_key)
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
