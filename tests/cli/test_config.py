#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configuration as files: plan, apply, go back, export; on a folder, while it is served, and over HTTP."""
import json
import os
import pathlib
import tempfile

from common import Served, equal, check, finish, good, run

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-config-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant").stdout.strip()
auditor = good("key", "create", "--data", data, "--tenant", "shop", "--role", "auditor").stdout.strip()
here = ("--data", data, "--tenant", "shop")

points = {"code": "points", "name": "积分", "kind": "points", "negative": "within_balance"}
ten = {"code": "ten", "kind": "coupon", "expiry": "rolling_days", "expiry_n": 30, "stock": 1000}
earn = {"code": "earn", "kind": "earn", "unit": "points", "amount": "order.net", "from": "2026-01-01T00:00:00+08:00"}
tiers = {"code": "main", "measure": "spend", "window": "rolling", "window_months": 12,
         "tiers": [{"code": "base", "name": "Base", "reach": 0}, {"code": "gold", "name": "Gold", "reach": 100000}]}


def write(name, **lists):
    path = work / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(lists, ensure_ascii=False))
    return path


def last(r):
    return r.stdout.strip().splitlines()[-1]


def counts(r):
    """(to add, to change) of a plan's last line."""
    words = [x for x in r.stdout.splitlines() if " objects: " in x][-1].split()
    return int(words[2]), int(words[5])


# a folder of files: units in one, the rest in another
write("conf/units.json", units=[points, ten])
write("conf/rules.json", rules=[earn], tier_schemes=[tiers],
      coupon_codes=[{"code": "WEIBO", "unit": "ten", "uses_max": 20}])
write("conf/notes.txt")
r = good("plan", work / "conf", *here)
equal("all are new", counts(r), (5, 0))
check("field by field", '+ units ten' in r.stdout and 'stock: 1000' in r.stdout, r.stdout)
equal("a plan changes nothing", counts(good("plan", work / "conf", *here)), (5, 0))
check("nothing is kept for it", not (data / "config").exists())
r = good("apply", work / "conf", *here)
check("how to go back is said", "--rollback 1" in last(r), r.stdout)
r = good("plan", work / "conf", *here)
equal("applied is as planned", counts(r), (0, 0))
r = good("apply", work / "conf", *here)
check("a second time does nothing", "done:" not in r.stdout and not (data / "config/shop/0002.json").exists(), r.stdout)

# export, and that it says the same
first = work / "first.json"
first.write_text(good("apply", "--export", *here).stdout)
equal("a round trip", counts(good("plan", first, *here)), (0, 0))
check("codes stand in it", {u["code"] for u in json.loads(first.read_text())["units"]} == {"points", "ten"})
one = json.loads(good("apply", "--export", "units", *here).stdout)
equal("one kind alone", list(one), ["units"])

# a change, what it looks like, what nobody mentions
changed = dict(earn, amount="order.net * 2.0")
file = write("change.json", rules=[changed, dict(earn, code="more", priority=3)], units=[dict(ten, stock=2000)])
r = good("plan", file, *here)
check("what was and what is wanted", 'amount: "order.net" -> "order.net * 2.0"' in r.stdout, r.stdout)
check("what no file names stays", ". units points: in no file" in r.stdout, r.stdout)
equal("one is new, two differ", counts(r), (1, 2))
good("apply", file, *here)
good("apply", write("third.json", units=[dict(ten, stock=3000)]), *here)

# back, step by step
r = good("apply", "--rollback", *here)
check("the newest first", "apply 3 is undone" in r.stdout, r.stdout)
r = good("apply", "--rollback", *here)
check("a rule that was new is out of use", "out of use: rules more" in r.stdout, r.stdout)
now = json.loads(good("apply", "--export", *here).stdout)
rules = {x["code"]: x for x in now["rules"]}
equal("the rule is as it was", rules["earn"]["amount"], "order.net")
equal("the new one is disabled", rules["more"]["disabled"], True)
now["rules"] = [x for x in now["rules"] if x["code"] != "more"]
equal("all else is as exported before", now, json.loads(first.read_text()))

# campaigns, through their states and back
spring = {"code": "spring", "mechanic": "percent", "level": "order", "ppm": 100000, "coupon": "ten", "state": "live",
          "from": "2026-01-01T00:00:00+08:00", "acknowledged": ["no_cap", "no_limit"],
          "places": [{"by": "store", "code": "bj"}, {"by": "store", "code": "gz"}],
          "funding": [{"payer": "us", "ppm": 1000000}]}
towns = [{"code": "gz", "name": "Guangzhou"}, {"code": "bj", "name": "Beijing"}]
file = write("spring.json", stores=towns, campaigns=[spring])
bare = {k: v for k, v in spring.items() if k not in ("acknowledged", "places")}
r = run("apply", write("unread.json", campaigns=[bare]), *here)
check("findings that nobody acknowledged", r.returncode == 1 and "campaign_findings" in r.stderr, r.stderr)
r = good("apply", "--rollback", *here)
check("what was new has ended", "ended: campaigns spring" in r.stdout, r.stdout)
spring["code"] = "summer"
file = write("summer.json", stores=towns, campaigns=[spring])
check("its state is told", "state: draft -> live" in good("plan", file, *here).stdout)
good("apply", file, *here)
equal("places in another order are the same", counts(good("plan", file, *here)), (0, 0))
good("apply", write("summer2.json", stores=towns, campaigns=[dict(spring, ppm=200000)]), *here)
good("apply", "--rollback", *here)
equal("the live version is the one before", counts(good("plan", file, *here)), (0, 0))
second = json.loads(good("apply", "--export", "campaigns", *here).stdout)
equal("and it is live", {x["code"]: (x["state"], x["ppm"]) for x in second["campaigns"]},
      {"spring": ("ended", 100000), "summer": ("live", 100000)})
r = run("apply", write("never.json", campaigns=[dict(spring, state="review")]), *here)
check("a way that there is not", r.returncode == 1 and "no way from live to review" in r.stderr, r.stderr)
good("apply", "--rollback", *here)
r = good("apply", "--rollback", *here)
check("stores are closed", "out of use: stores gz" in r.stdout and "ended: campaigns summer" in r.stdout, r.stdout)

# refusals: nothing half-applied without a word
bad = write("bad.json", units=[dict(ten, stock=4000)], rules=[dict(earn, amount="nonsense("), dict(earn, code="never")])
r = run("apply", bad, *here)
equal("a refusal ends with 1", r.returncode, 1)
check("what was done, and how to go back", "done: units ten" in r.stdout and "1 of 3 done" in r.stdout and
      "--rollback" in r.stdout, r.stdout)
check("why", "rules earn was refused" in r.stderr and "expression" in r.stderr, r.stderr)
equal("the rest was not done", "never" in good("apply", "--export", "rules", *here).stdout, False)
good("apply", "--rollback", *here)
equal("back to before", counts(good("plan", first, *here)), (0, 0))
for name, text, why in (("broken.json", "{", "invalid_json"), ("list.json", "[]", "object of lists"),
                        ("kind.json", '{"prices": []}', "prices"), ("code.json", '{"units": [{}]}', "no code"),
                        ("field.json", '{"units": [{"code": "x", "colour": 1}]}', "colour"),
                        ("twice.json", '{"units": [{"code": "x"}, {"code": "x"}]}', "twice")):
    (work / name).write_text(text)
    r = run("plan", work / name, *here)
    check(name, r.returncode == 1 and (why in r.stderr or name == "broken.json"), f"{r.returncode} {r.stderr}")
equal("no such file", run("plan", work / "none", *here).returncode, 3)
equal("no tenant", run("plan", first, "--data", data).returncode, 2)
equal("another tenant", run("plan", first, "--data", data, "--tenant", "none").returncode, 1)
equal("no such version", run("apply", "--rollback", "77", *here).returncode, 1)

# somebody else changed it since: not overwritten
good("apply", write("mine.json", units=[dict(ten, stock=5000)]), *here)
with Served(data) as s:
    status, body = s.send("PUT", "/v1/units/ten", {k: v for k, v in dict(ten, stock=5001).items() if k != "code"}, key)
    equal("another hand", status, 200)
    r = run("apply", "--rollback", *here)  # through the process that serves the folder
    check("is not overwritten", r.returncode == 1 and "changed since" in r.stderr, r.stderr)
    equal("it stands", s.get("/v1/units/ten", key)[1]["stock"], 5001)

    # the same over HTTP
    env = dict(os.environ, TONGBAO_KEY=key)
    over = ("--server", s.base)
    r = good("plan", work / "conf", *over, env=env)
    equal("the same difference over HTTP", counts(r), (0, 1))
    good("apply", work / "conf", *over, env=env, cwd=work)
    equal("made so", s.get("/v1/units/ten", key)[1]["stock"], 1000)
    check("kept beside", (work / "tongbao-history/0001.json").exists())
    good("apply", "--rollback", *over, env=env, cwd=work)
    equal("and back", s.get("/v1/units/ten", key)[1]["stock"], 5001)
    r = run("apply", first, *over, "--key", auditor, cwd=work)
    check("a key that may not", r.returncode == 1 and "forbidden" in r.stderr, r.stderr)
    equal("a wrong key", run("plan", first, *over, "--key", "tb_x_y").returncode, 1)
    status, events = s.get("/v1/events?after=0&limit=1000", key)
    check("every change is in the feed", status == 200 and len(events["items"]) > 20)

# the demonstration retailer, whole
demo = work / "demo"
good("demo", "--data", demo, "--divide", "1000")
for tenant in ("helin", "chengdian"):
    all_of_it = work / f"{tenant}.json"
    all_of_it.write_text(good("apply", "--export", "--data", demo, "--tenant", tenant).stdout)
    r = good("plan", all_of_it, "--data", demo, "--tenant", tenant)
    equal(f"{tenant}: an export differs in nothing", counts(r), (0, 0))
    check(f"{tenant}: there is something", int(last(r).split()[0]) > 20, last(r))
finish()
