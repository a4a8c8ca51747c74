#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/starbucks: offers completed by rule against what the data set says, its first N members or all of them; and
the year of online_retail under a ladder, against the tables. Skips, saying so, where the data is absent.

    test_starbucks.py [N]
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from common import DATA, ROOT, TONGBAO, equal, finish, good, sql

# of all members: completions agreed, of the rule alone, of the file alone (examples/starbucks/README.md)
WHOLE = {"agreed": (33575, 164641), "rule_only_price_exactly_the_difficulty": (20, 140),
         "file_only_completed_by_a_later_purchase": (4, 35), "by the rule": (33595, 164781),
         "by the file": (33579, 164676)}
LADDER = {"code": "ladder", "name": "Ladder", "mechanic": "ladder", "level": "order",
          "steps": [{"at": 20000, "off": 1000}, {"at": 50000, "off": 3500}, {"at": 100000, "off": 9000}]}


def starbucks(members):
    archive = DATA / "starbucks.tar.zst"
    if not archive.exists():
        print("SKIPPED starbucks: the data set is absent", archive)
        return
    words = ["--members", str(members)] if members else []
    r = subprocess.run([sys.executable, ROOT / "examples" / "starbucks" / "replay.py", "--tongbao", TONGBAO,
                        "--archive", archive, *words], capture_output=True, text=True, check=False)
    equal("every difference has its class, and they add up", r.returncode, 0)
    table = {}
    for line in r.stdout.splitlines():
        words = line.split()
        if len(words) > 2 and words[-1].isdigit() and words[-2].isdigit():
            table[" ".join(words[:-2])] = (int(words[-2]), int(words[-1]))
    print(r.stdout[r.stdout.find("completions  "):], r.stderr[-400:])
    if members:
        equal("both sides completed offers", table["agreed"][0] > members, True)
    else:
        equal("figures", {k: table.get(k) for k in WHOLE}, WHOLE)


def ladder():
    """A step of a ladder depends on nothing but the order's worth, so SQL can say what it must be."""
    archive = DATA / "online_retail.tar.zst"
    if not archive.exists():
        print("SKIPPED online_retail: the data set is absent", archive)
        return
    work = pathlib.Path(tempfile.mkdtemp(prefix="tb-ladder-"))
    data = work / "data"
    good("import", "orders", "--map", ROOT / "examples" / "online_retail.map", "--data", data, "--quiet",
         f"{archive}:online_retail/online_retail.csv")
    body = work / "ladder.json"
    body.write_text(json.dumps(LADDER))
    words = ["--tenant", "online_retail", "--from", "2010-12-01", "--to", "2011-12-10", "--data", data]
    got = json.loads(good("backtest", body, *words, "--format", "json").stdout)
    pieces = "SELECT order_no, sum(quantity) AS q FROM order_lines GROUP BY 1 HAVING sum(quantity) > 10000000"
    off = "CASE WHEN net >= 100000 THEN 9000 WHEN net >= 50000 THEN 3500 WHEN net >= 20000 THEN 1000 ELSE 0 END"
    want = sql(data, f"SELECT count(*) AS orders, sum({off}) AS saving, sum(CASE WHEN net >= 20000 THEN 1 ELSE 0 END) "
                     f"AS n FROM orders WHERE order_no NOT IN (SELECT order_no FROM ({pieces}))")[0]
    equal("orders that a quote can take", got["orders"] - got["fates"].get("refused", 0), want["orders"])
    equal("saving of the ladder", (got["fates"]["in_force"], got["saving"]), (want["n"], want["saving"]))


if len(sys.argv) > 1:
    starbucks(int(sys.argv[1]))
else:
    starbucks(0)
    ladder()
finish()
