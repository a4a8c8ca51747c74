#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verbs with journal and state in PostgreSQL: alone, beside a server, over a take-over."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

from common import ROOT, TONGBAO, Served, check, equal, finish, good, run

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-cli-pg-"))
work.chmod(0o755)
script = ROOT / "tools" / "pg_for_tests.sh"
began = subprocess.run([script, "start", work / "pg"], capture_output=True, text=True, check=False)
if began.returncode == 77:
    print(began.stdout.strip())
    sys.exit(77)
words = dict(w.split("=", 1) for w in began.stdout.split())
url = f"postgresql://{words['user']}@/{words.get('dbname', 'postgres')}?" + urllib.parse.urlencode(
    {"host": words["host"], "port": words["port"]})
data, other = work / "data", work / "other"
pg = ("--journal", url, "--state", url)


def here(*verb, folder=data):
    return good(*verb, "--data", folder, *pg)


def rows(text, folder=data):
    return [json.loads(x) for x in here("sql", "--format", "json", text, folder=folder).stdout.splitlines()]


def order(s, key, number):
    body = {"order": f"O-{number}", "identifiers": [{"ns": "phone", "value": "13912345678"}],
            "lines": [{"sku": "tea", "quantity": 1, "net": 1000}]}
    return s.send("POST", "/v1/orders", body, key, {"Idempotency-Key": f"o-{number}"})[0]


def alone():
    """Nobody serves: each verb leads for a moment."""
    key = here("key", "create", "--tenant", "shop", "--role", "owner", "--create-tenant", "--name",
               "Shop").stdout.strip()
    check("a key", key.startswith("tb_"), key)
    check("listed", key.split("_")[1] in here("key", "list", "--tenant", "shop").stdout)
    check("no journal in the folder", not (data / "journal").exists() and not (data / "state.db").exists())
    equal("sql", rows("SELECT code FROM tenants"), [{"code": "shop"}])
    r = run("sql", "--data", data, *pg, "DELETE FROM tenants")
    equal("sql only reads", (r.returncode in (1, 3), rows("SELECT count(*) AS n FROM tenants")), (True, [{"n": 1}]))
    return key


def beside(key):
    """A server has the folder: verbs go through it."""
    with Served(data, *pg) as s:
        equal("an order", order(s, key, 1), 201)
        equal("sql sees it at once", rows("SELECT net FROM orders"), [{"net": 1000}])
        lines = here("export", "events", "--tenant", "shop").stdout.splitlines()
        equal("the feed without gaps", [json.loads(x)["seq"] for x in lines], list(range(1, len(lines) + 1)))
        check("check", here("check").stdout.endswith("\n0 breaks\n"))
        here("backup", work / "copy")
        return len(lines)


def played(key):
    """Games, packets, the mall, coupons and codes as rows: counted, and each compared with the state by check."""
    number = iter(range(10000))

    def send(method, path, body):
        status, reply = s.send(method, path, body, key, {"Idempotency-Key": f"p-{next(number)}"})
        check(f"{method} {path}: {status} {reply}", status in (200, 201))
        return reply

    her = {"member": {"ns": "phone", "value": "13912345678"}}
    wheel = {"kind": "draw", "cost_unit": "points", "cost": 10, "fallback": "none",
             "prizes": [{"code": "none", "ppm": 400000},
                        {"code": "five", "ppm": 600000, "unit": "points", "amount": 5}]}
    checkin = {"kind": "checkin", "rewards": [{"kind": "step", "at": 1, "unit": "points", "amount": 3}]}
    stamps = {"kind": "stamps", "unit": "stamp", "size": 3,
              "rewards": [{"kind": "milestone", "at": 3, "unit": "points", "amount": 9}]}
    task = {"kind": "task", "per_member": 1, "period": "day",
            "rewards": [{"kind": "step", "at": 1, "unit": "points", "amount": 2}]}
    with Served(data, *pg) as s:
        for unit in ("points", "stamp"):
            send("PUT", f"/v1/units/{unit}", {"kind": "points"})
        send("PUT", "/v1/units/off", {"kind": "coupon", "stock": 10})
        send("POST", "/v1/ledger/adjustments", {**her, "unit": "points", "amount": 1000, "reason": "play"})
        for game, body in (("wheel", wheel), ("daily", checkin), ("card", stamps), ("task", task)):
            send("PUT", f"/v1/games/{game}", body)
            send("POST", f"/v1/games/{game}/state", {"state": "open"})
        for _ in range(5):
            send("POST", "/v1/games/wheel/draws", her)
            send("POST", "/v1/games/card/stamps", her)
        send("POST", "/v1/games/daily/checkins", her)
        send("POST", "/v1/games/task/done", her)
        packet = send("POST", "/v1/packets", {"unit": "points", "total": 60, "shares": 3, "mode": "random"})["packet"]
        send("POST", f"/v1/packets/{packet}/claims", her)
        send("PUT", "/v1/mall/goods/mug", {"unit": "points", "points": 30, "stock": 5})
        send("POST", "/v1/mall/exchanges", {**her, "goods": "mug"})
        send("PUT", "/v1/code-batches/box", {"scene": "inside", "count": 5})
        send("POST", "/v1/codes/bind", {"batch": "box", "from": 0, "n": 5, "lot": "L1", "activate": True})
        box = s.get("/v1/code-batches/box/codes?limit=2", key)[1]["codes"]
        send("POST", "/v1/codes/scan", {"code": box[0], "identifiers": [{"ns": "phone", "value": "13912345678"}]})
        member = s.get("/v1/members?ns=phone&value=13912345678", key)[1]["id"]
        send("POST", f"/v1/members/{member}/coupons", {"unit": "off", "reason": "hello"})
        for table, n in (("games", 4), ("game_prizes", 2), ("game_draws", 5), ("game_checkins", 1), ("game_stamps", 5),
                         ("game_tasks", 1), ("packets", 1), ("packet_claims", 1), ("mall_exchanges", 1),
                         ("code_scans", 1), ("coupons", 1)):
            equal(table, rows(f"SELECT count(*) AS n FROM {table}"), [{"n": n}])
        moved = rows("SELECT sum(available) AS n FROM balances b JOIN units u ON u.unit = b.unit"
                     " WHERE u.code = 'points'")
        has = {b["unit"]: b["available"] for b in s.get(f"/v1/members/{member}", key)[1]["balances"]}
        equal("points in SQL", moved, [{"n": has["points"]}])
        # every report of analysis is a statement that PostgreSQL takes too
        got = {name: s.get(f"/v1/reports/{name}", key) for name in
               ("funnel", "cohorts", "points", "coupon-days", "scans")}
        equal("reports of analysis", {k: v[0] for k, v in got.items()}, dict.fromkeys(got, 200))
        equal("of them: contacts, buyers, coupons, scans",
              (got["funnel"][1]["steps"]["contacts"], got["cohorts"][1]["buyers"],
               got["coupon-days"][1]["templates"][0]["claimed"], got["scans"][1]["scans"]), (1, 1, 1, 1))
        equal("points roll on", (got["points"][1]["rolled"], got["points"][1]["booked"]),
              (got["points"][1]["closing"], got["points"][1]["closing"]))
    # nobody serves: a leader's signs of life move the journal on
    proved = here("check").stdout
    check("every row is what the state gives", " tables against records and history: 0 differ\n" in proved, proved)


def restored(events):
    """The copy of a PostgreSQL journal becomes a folder of its own."""
    good("restore", work / "copy", "--data", work / "back", "--master", data / "keys" / "master.key")
    r = good("sql", "--format", "json", "--data", work / "back", "SELECT count(*) AS n FROM orders")
    equal("every order", json.loads(r.stdout), {"n": 1})
    r = good("export", "events", "--data", work / "back", "--tenant", "shop")
    equal("every event", len(r.stdout.splitlines()), events)
    check("proved", good("check", "--data", work / "back").stdout.endswith("\n0 breaks\n"))


def take_over(key):
    """A second process with the same keys follows, and leads when the first is killed."""
    other.mkdir()
    (other / "keys").symlink_to(data / "keys")
    with Served(data, *pg) as first:
        second = Served(other, *pg)
        second.log = tempfile.TemporaryFile("w+")
        second.process = subprocess.Popen([TONGBAO, "serve", "--data", str(other), "--listen",
                                           f"127.0.0.1:{second.port}", *pg], stderr=second.log)
        end = time.time() + 20
        while time.time() < end and "following" not in second.text():
            time.sleep(0.1)
        equal("it is not ready", second.get("/readyz")[0], 503)
        r = run("key", "list", "--data", work / "third", "--tenant", "shop", *pg)
        check("a verb of a third folder does not lead either", r.returncode != 0 and "leads" in r.stderr, r.stderr)
        equal("an order on the first", order(first, key, 2), 201)
        children = subprocess.run(["pgrep", "-P", str(first.process.pid)], capture_output=True, text=True, check=False)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        check("its worker went with it", bool(children.stdout))
        second.wait_ready()
        equal("an order on the second", order(second, key, 3), 201)
        equal("and the first's is there", order(second, key, 2), 201)
        equal("each once", rows("SELECT count(*) AS n FROM orders", folder=other), [{"n": 3}])
        check("check", here("check", folder=other).stdout.endswith("\n0 breaks\n"))
        equal("stopped cleanly", second.stop(), 0)
        second.log.close()


try:
    shop_key = alone()
    restored(beside(shop_key))
    played(shop_key)
    take_over(shop_key)
finally:
    subprocess.run([script, "stop", work / "pg"], capture_output=True, check=False)
    subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
