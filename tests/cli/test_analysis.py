#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reports of analysis against the published tables, reckoned here row by row: the demonstration's year, coupons
that were claimed and used, scans; in a zone whose days have 23 and 25 hours too."""
import collections
import datetime
import pathlib
import tempfile
import time
import zoneinfo

from common import Served, check, equal, finish, good, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-analysis-"))
data = work / "demo"
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
EPOCH = datetime.date(1970, 1, 1)
DAY = datetime.timedelta(1)
number = iter(range(1_000_000))


def day_of(ms, zone=ZONE):
    return datetime.datetime.fromtimestamp(ms / 1000, zone).date()


def rows(what, of="helin"):
    return sql(data, what.replace("$T", f"(SELECT tenant FROM tenants WHERE code = '{of}')"))


def send(s, key, method, path, body=None):
    status, reply = s.send(method, path, body, key, {"Idempotency-Key": f"a{next(number)}"})
    check(f"{method} {path}: {status} {reply if status >= 300 else ''}", status in (200, 201))
    return reply


def ask(s, key, path):
    status, reply = s.get("/v1/reports/" + path, key)
    equal(path, status, 200)
    return reply


def funnel(s, key, start, end, zone=ZONE, of="helin"):
    got = ask(s, key, f"funnel?from={start}&to={end}")
    regular = rows("SELECT regular_orders AS n FROM tenants WHERE tenant = $T", of)[0]["n"]
    want = collections.defaultdict(collections.Counter)
    for p in rows("SELECT first_seen_ms, enrolled_ms, orders, first_order_ms FROM persons WHERE tenant = $T", of):
        member = (p["enrolled_ms"] or 0) > 0
        buyer = member and (p["orders"] or 0) > 0
        step = want[day_of(p["first_seen_ms"], zone)]
        step["contacts"] += 1
        step["members"] += member
        step["buyers"] += buyer
        step["regulars"] += buyer and 0 < regular <= p["orders"]
        if member:
            want[day_of(p["enrolled_ms"], zone)]["joined"] += 1
        if (p["orders"] or 0) > 0 and p["first_order_ms"]:
            want[day_of(p["first_order_ms"], zone)]["first_orders"] += 1
    names = ("contacts", "members", "buyers", "regulars", "joined", "first_orders")
    days = {d["day"]: {k: d[k] for k in names} for d in got["days"]}
    asked = [start + DAY * i for i in range((end - start).days)]
    equal("every day of the funnel", days, {str(d): {k: want[d][k] for k in names} for d in asked})
    equal("and their sum", got["steps"], {k: sum(want[d][k] for d in asked) for k in names})
    return got["steps"]


def cohorts(s, key, start, end):
    got = ask(s, key, f"cohorts?from={start}&to={end}")
    months = collections.defaultdict(collections.Counter)  # person -> month -> orders
    for o in rows("SELECT p.person, o.day FROM orders o JOIN profiles p ON p.profile = o.profile "
                  "WHERE o.tenant = $T AND o.state < 2"):
        d = EPOCH + DAY * o["day"]
        months[o["person"]][d.year * 12 + d.month - 1] += 1
    first = start.year * 12 + start.month - 1
    last = (end - DAY).year * 12 + (end - DAY).month - 1
    want = []
    for m in range(first, last + 1):
        who = [c for c in months.values() if min(c) == m]
        want.append({"month": f"{m // 12:04d}-{m % 12 + 1:02d}", "buyers": len(who),
                     "again": sum(sum(c.values()) > 1 for c in who),
                     "active": [sum(m + k in c for c in who) for k in range(last - m + 1)]})
    equal("cohorts", got["cohorts"], want)
    equal("buyers and who came again", (got["buyers"], got["again"]),
          (sum(c["buyers"] for c in want), sum(c["again"] for c in want)))
    check("there is something to see", got["again"] > 10 and any(c["active"][1:] and c["active"][1] for c in want))


def points(s, key, start, end):
    got = ask(s, key, f"points?from={start}&to={end}&unit=points")
    names = ("earned", "reversed", "spent", "expired", "adjusted")
    opening, want = 0, []
    for r in rows("SELECT day, earned, reversed, spent, expired, adjusted FROM roll_forward WHERE unit = "
                  "(SELECT unit FROM units WHERE tenant = $T AND code = 'points') ORDER BY day"):
        net = r["earned"] - r["reversed"] - r["spent"] - r["expired"] + r["adjusted"]
        d = EPOCH + DAY * r["day"]
        if d < start:
            opening += net
        elif d < end:
            before = want[-1]["closing"] if want else opening
            want.append({"day": str(d), "opening": before, **{k: r[k] for k in names}, "closing": before + net})
    equal("opening", got["opening"], opening)
    equal("days", got["days"], want)
    equal("closing", got["closing"], want[-1]["closing"] if want else opening)
    equal("what moved", [got[k] for k in names], [sum(d[k] for d in want) for k in names])
    have = rows("SELECT sum(available + held + pending) AS n FROM balances WHERE unit = "
                "(SELECT unit FROM units WHERE tenant = $T AND code = 'points')")[0]["n"]
    equal("all days, the books and the members' balances agree", (got["rolled"], got["booked"]), (have, have))
    check("the first unit of points when none is named", ask(s, key, "points")["unit"] == "points")


def coupons(s, key, start, end):
    got = ask(s, key, f"coupon-days?from={start}&to={end}")
    now = time.time() * 1000
    want, by_day = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for c in rows("SELECT u.code, c.state, c.issued_day, c.due_ms FROM coupons c JOIN units u ON u.unit = c.unit "
                  "WHERE c.tenant = $T AND c.state <> 4"):
        d = EPOCH + DAY * c["issued_day"]
        if not start <= d < end:
            continue
        late = c["state"] == 2 or (c["state"] == 0 and (c["due_ms"] or now + 1) <= now)
        for row in (want[c["code"]], by_day[str(d)]):
            row["claimed"] += 1
            row["used"] += c["state"] == 1
            row["expired"] += late
            row["voided"] += c["state"] == 3
            row["open"] += c["state"] == 0 and not late
    names = ("claimed", "used", "expired", "voided", "open")
    equal("templates", {r["unit"]: {k: r[k] for k in names} for r in got["templates"]},
          {u: {k: r[k] for k in names} for u, r in want.items()})
    equal("days of coupons", {r["day"]: {k: r[k] for k in names} for r in got["days"]},
          {d: {k: r[k] for k in names} for d, r in by_day.items()})
    return got


def scans(s, key, start, end, zone=ZONE, of="helin"):
    got = ask(s, key, f"scans?from={start}&to={end}")
    hours, days, places = collections.Counter(), collections.Counter(), collections.Counter()
    firsts = outside = 0
    for c in rows("SELECT at_ms, verdict, outside_region, s.code FROM code_scans c LEFT JOIN stores s ON "
                  "s.store = c.store WHERE c.tenant = $T", of):
        at = datetime.datetime.fromtimestamp(c["at_ms"] / 1000, zone)
        if not start <= at.date() < end:
            continue
        hours[at.isoweekday(), at.hour] += 1
        days[str(at.date())] += 1
        places[c["code"]] += 1
        firsts += c["verdict"] == 4
        outside += c["outside_region"]
    equal("hours of the week", {(h["weekday"], h["hour"]): h["scans"] for h in got["hours"]}, dict(hours))
    equal("days of scans", {d["day"]: d["scans"] for d in got["days"] if d["scans"]}, dict(days))
    equal("places", {p["code"]: p["scans"] for p in got["places"]}, {c: n for c, n in places.items() if c})
    equal("scans in all", (got["scans"], got["firsts"], got["outside_region"]), (sum(days.values()), firsts, outside))
    return got


def scan(s, key, code, phone, at, store=None):
    body = {"code": code, "identifiers": [{"ns": "phone", "value": phone}], "occurred_at": at}
    return send(s, key, "POST", "/v1/codes/scan", {**body, **({"store": store} if store else {})})


def more(s, key):
    """Coupons that are claimed, used, voided, given away; scans at three stores at different hours."""
    send(s, key, "PUT", "/v1/units/ten", {"name": "ten", "kind": "coupon", "givable": True})
    members = [send(s, key, "GET", f"/v1/reports/members?class=member&limit=4")["items"][i]["id"] for i in range(4)]
    lots = [send(s, key, "POST", f"/v1/members/{m}/coupons", {"unit": "ten", "reason": "x"})["coupon"] for m in members]
    send(s, key, "POST", f"/v1/members/{members[0]}/coupons/{lots[0]}/void", {"reason": "x"})
    send(s, key, "POST", f"/v1/members/{members[1]}/coupons/{lots[1]}/give", {"to": {"id": members[2]}})
    send(s, key, "PUT", "/v1/code-batches/box", {"scene": "inside", "count": 20})
    send(s, key, "POST", "/v1/codes/bind", {"batch": "box", "from": 0, "n": 20, "lot": "L1", "activate": True})
    codes = send(s, key, "GET", "/v1/code-batches/box/codes?limit=20")["codes"]
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    for i in range(15):
        at = now - datetime.timedelta(hours=7 * i)
        scan(s, key, codes[i % 12], f"1390000{i % 5:04d}", at.isoformat().replace("+00:00", "Z"), f"store-{i % 3 + 1}")


def berlin(s):
    """A zone with summer time: the last Sunday of March has 23 hours, that of October 25."""
    key = good("key", "create", "--tenant", "laden", "--role", "owner", "--create-tenant", "--name", "Laden", "--zone",
               "Europe/Berlin", "--data", data).stdout.split()[-1]
    send(s, key, "PUT", "/v1/code-batches/box", {"scene": "inside", "count": 20})
    send(s, key, "POST", "/v1/codes/bind", {"batch": "box", "from": 0, "n": 20, "lot": "L1", "activate": True})
    codes = send(s, key, "GET", "/v1/code-batches/box/codes?limit=20")["codes"]
    year = datetime.date.today().year
    for i, at in enumerate((f"{year}-03-28T22:59:59Z", f"{year}-03-28T23:00:00Z", f"{year}-03-29T00:59:59Z",
                            f"{year}-03-29T01:00:00Z", f"{year}-03-29T21:59:59Z", f"{year}-03-29T22:00:00Z",
                            f"{year - 1}-10-25T22:30:00Z", f"{year - 1}-10-26T01:30:00Z", f"{year - 1}-10-26T22:59:59Z",
                            f"{year - 1}-10-26T23:00:00Z")):
        if at < datetime.datetime.now(datetime.timezone.utc).isoformat():
            scan(s, key, codes[i], f"1391111{i:04d}", at)
    good("sql", "--data", data, "SELECT 1")  # flushed
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    for start, end in ((datetime.date(year, 3, 28), datetime.date(year, 3, 31)),
                       (datetime.date(year - 1, 10, 25), datetime.date(year - 1, 10, 28))):
        scans(s, key, start, end, zone, "laden")
        funnel(s, key, start, end, zone, "laden")


def refusals(s, key):
    for path in ("funnel", "cohorts", "points", "coupon-days", "scans"):
        for query, status, code in (("from=2026-13-01", 400, "invalid_value"),
                                    ("from=2026-02-01&to=2026-02-01", 400, "invalid_value"),
                                    ("from=2010-01-01&to=2026-02-01", 400, "invalid_value"),
                                    ("colour=red", 400, "unknown_parameter")):
            got = s.get(f"/v1/reports/{path}?{query}", key)
            equal(f"{path} {query}", (got[0], got[1]["code"]), (status, code))
    equal("a unit that is not there", s.get("/v1/reports/points?unit=pears", key)[0], 404)
    equal("a batch with a quote", s.get("/v1/reports/scans?batch=a'b", key)[1]["code"], "invalid_value")


good("demo", "--data", data, "--divide", "60")
owner = good("key", "create", "--tenant", "helin", "--role", "owner", "--data", data).stdout.split()[-1]
with Served(data) as server:
    today = day_of(time.time() * 1000)
    more(server, owner)
    good("sql", "--data", data, "SELECT 1")  # what it answers is flushed
    steps = funnel(server, owner, today - 400 * DAY, today + DAY)
    check("a funnel narrows", steps["contacts"] > steps["members"] > steps["buyers"] >= steps["regulars"] > 0, steps)
    funnel(server, owner, today - 40 * DAY, today - 10 * DAY)
    cohorts(server, owner, today - 365 * DAY, today + DAY)
    cohorts(server, owner, today - 100 * DAY, today - 20 * DAY)
    points(server, owner, today - 60 * DAY, today + DAY)
    points(server, owner, today - 200 * DAY, today - 100 * DAY)
    seen = coupons(server, owner, today - 30 * DAY, today + DAY)
    ten = next(t for t in seen["templates"] if t["unit"] == "ten")
    equal("claimed, voided, open: a coupon given away counts once", (ten["claimed"], ten["voided"], ten["open"]),
          (4, 1, 3))
    equal("of one template", sum(d["claimed"] for d in ask(server, owner, "coupon-days?unit=ten")["days"]), 4)
    equal("scans that were made", scans(server, owner, today - 30 * DAY, today + DAY)["scans"], 15)
    equal("of one batch", ask(server, owner, "scans?batch=box")["scans"], 15)
    equal("of none", ask(server, owner, "scans?batch=none")["scans"], 0)
    berlin(server)
    refusals(server, owner)
finish()
