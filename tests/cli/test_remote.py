#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verbs over HTTP: lines in, events out, and a clear no to what does not go."""
import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

from common import TONGBAO, Served, check, equal, finish, good, run, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-remote-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant", "--name",
           "Shop").stdout.strip()
till = good("key", "create", "--data", data, "--tenant", "shop", "--role", "till").stdout.strip()


def order(number):
    return json.dumps({"op": "order", "body": {
        "order": f"O-{number}", "identifiers": [{"ns": "phone", "value": f"139{number % 5000:08d}"}],
        "lines": [{"sku": "tea", "quantity": 1, "net": 1000}]}})


lines = [order(i) for i in range(12000)]
env = {"PATH": "/usr/bin:/bin", "TONGBAO_KEY": key}


def events(s, *words):
    return [json.loads(x) for x in good("export", "events", "--server", s.base, *words, env=env).stdout.splitlines()]


with Served(data) as s:
    over = ("--server", s.base + "/")
    file = work / "lines.ndjson"
    bad = {"op": "order", "body": {"order": "BAD", "lines": []}}
    file.write_text("\n".join(lines + [json.dumps(bad), "no json"]) + "\n")
    rejects = work / "rejects.ndjson"
    r = run("import", "lines", file, *over, "--key", key, "--rejects", rejects)
    refused = [json.loads(x) for x in rejects.read_text().splitlines()]
    equal("refused lines make it 1", r.returncode, 1)
    check("counted", "12000 lines accepted, 2 refused" in r.stdout, r.stdout)
    equal("the refused ones by their own numbers", [x["line"] for x in refused], [12001, 12002])
    count = sql(data, "SELECT count(*) AS n FROM orders")
    equal("every order is there", count, [{"n": 12000}])
    again = subprocess.run(
        [TONGBAO, "import", "lines", "-", *over], input=file.read_text(), env=env, capture_output=True, text=True,
        timeout=120, check=False)
    check("the same again, piped", "12000 lines accepted, 2 refused" in again.stdout, again.stdout + again.stderr)
    equal("changes nothing", sql(data, "SELECT count(*) AS n FROM orders"), count)

    before = events(s)
    equal("the feed, without gaps", [e["sequence"] for e in before], list(range(1, len(before) + 1)))
    check("over several pages", len(before) > 1500, f"{len(before)}")
    equal("behind a number", [e["sequence"] for e in events(s, "--after", len(before) - 3)],
          list(range(len(before) - 2, len(before) + 1)))
    feed = s.get(f"/v1/events?after={len(before) - 5}&limit=5", key)[1]["items"]
    equal("as HTTP prints them", before[-5:], feed)


    equal("a key that may not read the feed", run("export", "events", *over, "--key", till).returncode, 1)
    equal("a wrong key", run("export", "events", *over, "--key", "tb_x_y").returncode, 1)
    equal("no key", run("export", "events", *over, env={"PATH": "/usr/bin:/bin"}).returncode, 2)
    for words, why in ((("sql", "SELECT 1"), "every tenant"), (("export", "members"), "data folder"),
                       (("import", "orders", file), "data folder")):
        r = run(*words, *over, "--key", key)
        check(f"{words[0]} {words[1]}: a clear no", r.returncode == 2 and why in r.stderr, r.stderr)

    # The server goes away in the middle and comes back: what was under way is sent again.
    more = "\n".join(order(i) for i in range(20000, 60000)) + "\n"
    sent = subprocess.Popen([TONGBAO, "import", "lines", "-", *over], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=env, text=True)
    said = []
    reader = threading.Thread(target=lambda: said.extend(sent.communicate(more)))
    reader.start()
    time.sleep(0.3)
    s.process.send_signal(signal.SIGKILL)
    s.process.wait()
    time.sleep(1)
    back = Served(data)
    back.port, back.base = s.port, s.base
    with back:
        reader.join(120)
        equal("every line was taken", said[0], "40000 lines accepted, 0 refused\n")
        check("after it was said that nobody answers", "trying again" in said[1], said[1])
        equal("each order once", sql(data, "SELECT count(*) AS n FROM orders"), [{"n": 52000}])
        check("0 breaks", good("check", "--data", data).stdout.endswith("\n0 breaks\n"))

subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
