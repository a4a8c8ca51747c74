#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tongbao import: small files with every trap, then public data sets against figures that are
computed here once more, by other means (where their folder is absent: skipped)."""
import collections
import concurrent.futures
import csv
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import tarfile
import tempfile
import time
from decimal import Decimal

from common import DATA, ROOT, TONGBAO, Served, check, equal, finish, good, report, run, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-import-"))
MAPS = ROOT / "examples"


def write(name, text):
    path = work / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def shop_map(name="shop.map", **orders):
    m = {
        "tenant": "shop",
        "setup": {
            "tenant": {"name": "Shop", "zone": "Asia/Shanghai", "currency": "CNY"},
            "units": [{"code": "points", "kind": "points", "negative": "unlimited"}],
            "rules": [{"code": "r", "kind": "earn", "unit": "points", "amount": "order.net"}],
        },
        "orders": {
            "file": {"format": "csv"},
            "order": "{no}",
            "occurred_at": {"value": "{at}", "format": "%Y-%m-%d %H:%M", "zone": "Asia/Shanghai"},
            "identifiers": [{"ns": "phone", "value": "{phone}"}],
            "touchpoint": "import",
            "enrol": {"terms_version": 1, "when": [{"value": "{phone}", "empty": False}]},
            "line": {"sku": "{sku}", "quantity": "{qty}", "price": "{price}"},
            "cancellation": {"when": [{"value": "{no}", "starts": "C"}]},
        },
    }
    m["orders"].update(orders)
    return write(name, json.dumps(m))


HEAD = "no,at,phone,sku,qty,price\n"


def test_traps():
    """BOM, CRLF, newlines in quotes, broken rows, bad values: each row has its fate."""
    rows = [
        'A1,2026-01-02 10:00,13912345671,tea,2,9.95',
        'A1,2026-01-02 10:00,13912345671,"cup, ""blue""\r\nlarge",1,20',
        'A2,2026-01-03 10:00,,tea,1,9.95',                    # nobody
        'A3,2026-02-30 10:00,13912345671,tea,1,9.95',         # no such day
        'A4,2026-01-03 10:00,13912345671,tea,x,9.95',         # not a number
        'A5,2026-01-03 10:00,13912345671,tea,-1,9.95',        # negative, not cancelled
        'A6,2026-01-03 10:00,13912345671,tea,1,9.95,extra',   # a field too many
        'A7,2026-01-03 10:00,12,tea,1,9.95',                  # no phone number
        'A8,2026-01-03 10:00,13800138000,tea,1.250,8',        # blocked value: nobody; 1.25 pieces
        'A9,2026-01-03 10:00,13912345672,tea,1,0.005',        # half a cent: to the even one
        'B1,2099-01-03 10:00,13912345672,tea,1,1',            # in the future
        'B2,2026-01-03 10:00,13912345672,,1,1',               # no product
    ]
    path = write("traps.csv", "\ufeff" + HEAD.replace("\n", "\r\n") + "\r\n".join(rows))
    data = work / "traps"
    r = report(data, "orders", shop_map(), path)
    equal("rows", r["rows"], 12)
    equal("accepted", r["accepted"], 5)
    equal("reasons", r["rejected_by_reason"], {
        "time_invalid": 1, "quantity_invalid": 1, "quantity_not_positive": 1, "too_many_fields": 1,
        "identifier_invalid": 1, "time_in_future": 1, "product_invalid": 1})
    equal("orders", r["orders_new"], 4)
    equal("members", r["members_new"], 2)
    equal("sold", r["value"]["sold"], "59.85")  # 19.90 + 20 + 9.95 + 10 + 0.00
    equal("rounding", r["value"]["rounding"], "0.005")
    total = sum(Decimal(v) for k, v in r["value"].items() if k != "file")
    equal("every cent of the file is somewhere", total, Decimal(r["value"]["file"]))
    rejects = list(csv.DictReader(io.StringIO(next((data / "imports").glob("*.rejects.csv")).read_text())))
    equal("a line a rejected row", sorted(int(x["row"]) for x in rejects), [4, 5, 6, 7, 8, 11, 12])
    equal("physical lines", {x["row"]: x["line"] for x in rejects}["4"], "6")
    before = sql(data, "SELECT max(seq) AS n FROM history")
    again = report(data, "orders", shop_map(), path)
    equal("again: nothing new", (again["orders_new"], again["orders_unchanged"], again["members_new"]), (0, 4, 0))
    equal("again: not one entry", sql(data, "SELECT max(seq) AS n FROM history"), before)
    changed = write("traps2.csv", HEAD + 'A1,2026-01-02 10:00,13912345671,tea,3,9.95\n')
    r = report(data, "orders", shop_map(), changed)
    equal("the same order with other content", r["rejected_by_reason"], {"order_exists": 1})
    good("check", "--data", data)


def test_map_errors():
    data = work / "maps"
    path = write("m.csv", HEAD + "A1,2026-01-02 10:00,13912345671,tea,2,9.95\n")
    bad = json.loads(shop_map("x.map").read_text())
    bad["orders"]["line"]["colour"] = "red"
    r = run("import", "orders", "--map", write("bad.map", json.dumps(bad)), "--data", data, path)
    check("an unknown field is named", r.returncode == 1 and "/orders/line/colour" in r.stderr, r.stderr)
    missing = write("missing.csv", "no,at,phone,sku,amount\n")
    r = run("import", "orders", "--map", shop_map(), "--data", data, missing)
    check("a missing column is named", r.returncode == 1 and "qty" in r.stderr and "amount" in r.stderr, r.stderr)
    r = run("import", "orders", "--map", shop_map(), "--data", data, work / "nothing.csv")
    check("a missing file is a fault", r.returncode == 3, r.stderr)
    r = run("import", "orders", "--data", data, path)
    check("without a map: usage", r.returncode == 2, r.stderr)
    bad["orders"]["line"] = {"sku": "{sku}", "price": "{price}"}
    bad["setup"]["rules"][0]["amount"] = "order.nett"
    r = run("import", "orders", "--map", write("bad2.map", json.dumps(bad)), "--data", data, path)
    check("a rule that does not compile says why", r.returncode == 1 and "nett" in r.stderr, r.stderr)


def test_cancellations():
    """Newest first, over several purchases, in part, dearer than bought, without any."""
    text = HEAD + "".join(f"{row}\n" for row in (
        "1,2026-01-01 10:00,13900000001,tea,5,2.00",
        "2,2026-01-02 10:00,13900000001,tea,3,2.00",
        "3,2026-01-02 11:00,13900000002,tea,9,2.00",          # somebody else's
        "C1,2026-01-03 10:00,13900000001,tea,-4,2.00",         # 3 of order 2, 1 of order 1
        "C2,2026-01-03 11:00,13900000001,tea,-9,2.00",         # 4 left of order 1, 5 nowhere
        "C3,2026-01-03 12:00,13900000002,tea,-1,3.00",         # paid back more than it cost:
        "C3,2026-01-03 12:00,13900000002,tea,-8,2.50",         # the line has 18.00 in all
        "C4,2026-01-03 12:00,13900000002,cup,-1,1.00",         # never bought
        "C5,2026-01-03 12:00,,tea,-1,1.00",                    # by nobody
        "4,2026-01-04 10:00,13900000003,tea,2,1.00",
        "C6,2026-01-03 10:00,13900000003,tea,-1,1.00",         # earlier than the purchase
        "C7,2026-01-05 10:00,13900000004,tea,-1,1.00",         # a customer with nothing else
    ))
    data = work / "cancel"
    path = write("cancel.csv", text)
    r = report(data, "orders", shop_map(), path)
    equal("whole, in part", (r["lines_returned"], r["lines_returned_in_part"]), (3, 1))
    equal("no match", r["rejected_by_reason"], {"no_earlier_purchase": 3, "cancellation_without_customer": 1})
    equal("returns", r["returns_new"], 4)
    equal("members, also her who only cancelled", r["members_new"], 4)
    v = r["value"]
    equal("returned", v["returned"], "-34.00")  # 16 of customer 1, all 18.00 of customer 2
    equal("dearer", v["returned_above_the_purchase_price"], "-5.00")  # 3 + 20 - 18
    equal("unmatched", v["returned_without_purchase"], "-14.00")  # 5 x 2 + 1 + 1 + 1 + 1
    equal("sum", sum(Decimal(x) for k, x in v.items() if k != "file"), Decimal(v["file"]))
    rows = sql(data, "SELECT sum(net) AS net, sum(returned_net) AS back FROM orders")
    equal("the books agree", (rows[0]["net"], rows[0]["back"]), (3600, 3400))
    # C3 brings one line back in two parts
    equal("lines of returns", sql(data, "SELECT sum(net) AS net FROM return_lines"), [{"net": 3400}])
    again = report(data, "orders", shop_map(), path)
    equal("again", (again["returns_new"], again["returns_unchanged"], again["orders_new"]), (0, 4, 0))
    good("check", "--data", data)


def test_groups_and_dry_run():
    """Rows of one order that lie apart, also in two files; a dry run tells and writes nothing."""
    data = work / "groups"
    text = HEAD + "A,2026-01-01 10:00,13900000001,tea,1,1\nB,2026-01-01 11:00,,tea,1,1\n" \
                  "A,2026-01-01 10:00,13900000001,cup,1,2\n"
    path = write("g.csv", text)
    dry = report(data, "orders", shop_map(), path, "--dry-run")
    equal("dry: what would be",
          (dry["orders_new"], dry["members_new"], dry["persons_new"], dry["accepted"]), (2, 1, 1, 3))
    equal("dry: nothing is there", sql(data, "SELECT count(*) AS n FROM history"), [{"n": 0}])
    r = report(data, "orders", shop_map(), path)
    equal("an order of rows apart", (r["orders_new"], r["accepted"]), (2, 3))
    near = shop_map("near.map", group_window=0)
    other = work / "near"
    r = report(other, "orders", near, path)
    equal("window 0: the second part is another content", r["rejected_by_reason"], {"order_exists": 1})
    dry = report(data, "orders", shop_map(), path, "--dry-run")
    equal("dry: what stands", (dry["orders_new"], dry["orders_unchanged"], dry["members_unchanged"]), (0, 2, 1))
    changed = write("g2.csv", text.replace("cup,1,2", "cup,1,3"))
    dry = report(data, "orders", shop_map(), changed, "--dry-run")
    equal("dry: a conflict", dry["rejected_by_reason"], {"order_exists": 2})


def test_packed_and_live():
    """zstd, a member of an archive, NDJSON; and all of it through the serving process."""
    data = work / "packed"
    lines = "".join(json.dumps({"no": f"N{i}", "at": "2026-01-01 10:00", "phone": "13900000009", "sku": "tea",
                                "v": {"qty": i, "price": 1.5}}) + "\n" for i in range(1, 4)) + "\n{broken\n"
    nd = write("x.ndjson", lines)
    m = shop_map("nd.map", file={"format": "ndjson"},
                 line={"sku": "{sku}", "quantity": "{v.qty}", "price": "{v.price}"})
    with tarfile.open(work / "x.tar", "w") as t:
        t.add(nd, "folder/x.ndjson")
    r = report(data, "orders", m, f"{work}/x.tar:x.ndjson")
    equal("NDJSON in an archive", (r["orders_new"], r["rejected_by_reason"], r["value"]["sold"]),
          (3, {"invalid_json": 1}, "9.00"))
    with Served(data) as s:
        if subprocess.run(["zstd", "-q", "-f", str(nd)], check=False).returncode == 0:
            r = report(data, "orders", m, "x.ndjson.zst", cwd=work)
            equal("zstd, live, relative names", (r["orders_new"], r["orders_unchanged"]), (0, 3))
        more = write("more.ndjson", json.dumps({"no": "N9", "at": "2026-01-01 10:00", "phone": "13900000009",
                                                "sku": "tea", "v": {"qty": 1, "price": 2}}))
        r = report(data, "orders", m, more)
        equal("live", r["orders_new"], 1)
        key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner").stdout.strip()
        status, body = s.get("/v1/members/phone:13900000009", key)
        equal("and the API sees it", (status, body.get("orders", {}).get("count")), (200, 4))


def test_members():
    m = write("members.map", json.dumps({
        "tenant": "shop",
        "setup": {
            "tenant": {"name": "Shop", "zone": "Asia/Shanghai", "currency": "CNY"},
            "purposes": [{"code": "service", "text": "To serve you.", "text_version": 1},
                         {"code": "sms", "text": "Offers by SMS.", "text_version": 1, "marketing": True}],
            "attributes": [
                {"code": "birthday", "type": "date", "purpose": "service", "benefit": "A gift", "retention_days": 9000,
                 "personal": True},
                {"code": "taste", "type": "choice", "choices": ["sweet", "sour"], "purpose": "service",
                 "benefit": "What you like", "retention_days": 9000}],
        },
        "members": {
            "file": {"format": "csv", "delimiter": ";"},
            "reject": [{"when": [{"value": "{status}", "is": "closed"}], "reason": "closed_account"}],
            "occurred_at": {"value": "{since}", "format": "%d.%m.%Y", "zone": "Asia/Shanghai"},
            "identifiers": [{"ns": "phone", "value": "{phone}", "verified": True}, {"ns": "card", "value": "{card}"}],
            "touchpoint": "import",
            "enrol": {"terms_version": 3},
            "attributes": [{"code": "birthday", "value": "{born}", "format": "%Y-%m-%d", "zone": "Asia/Shanghai"},
                           {"code": "taste", "value": "{taste}"}],
            "consents": [{"purpose": "sms", "channel": 1, "state": "withdrawn", "text_version": 1,
                          "when": [{"value": "{sms}", "is": "no"}]}],
        }}))
    path = write("members.csv", "since;phone;card;born;taste;sms;status\n"
                 "01.02.2025;13911110001;K1;1990-05-17;sweet;yes;open\n"
                 "02.02.2025;13911110002;;;;no;open\n"
                 "03.02.2025;13911110003;K3;1990-13-17;sweet;yes;open\n"
                 "04.02.2025;13911110004;K4;;bitter;yes;open\n"
                 "05.02.2025;;;;;;open\n"
                 "06.02.2025;13911110006;;;;;closed\n"
                 "07.02.2025;13911110001;K7;;sour;;open\n")
    data = work / "members"
    r = report(data, "members", m, path)
    equal("accepted", r["accepted"], 3)
    equal("reasons", r["rejected_by_reason"],
          {"attribute_invalid": 2, "no_identifier": 1, "closed_account": 1})
    equal("members", (r["persons_new"], r["members_new"], r["members_unchanged"]), (2, 2, 1))
    equal("consents", r["consents_recorded"], 1)
    before = sql(data, "SELECT max(seq) AS n FROM history")
    again = report(data, "members", m, path)
    equal("again", (again["persons_new"], again["members_new"], again["members_unchanged"]), (0, 0, 3))
    equal("again: not one entry", sql(data, "SELECT max(seq) AS n FROM history"), before)
    out = [json.loads(x) for x in good("export", "members", "--data", data, "--tenant", "shop").stdout.splitlines()]
    values = sorted(i.get("value", "") for p in out for i in p["identifiers"])
    equal("exported", values, ["+8613911110001", "+8613911110002", "K1", "K7"])
    raw = b"".join(p.read_bytes() for p in (data / "journal").iterdir()) + (data / "state.db").read_bytes()
    check("no phone number in the clear on disk", b"13911110001" not in raw and b"1990-05-17" not in raw)
    products = write("products.map", json.dumps({
        "tenant": "shop", "products": {"file": {"format": "csv"}, "code": "{sku}", "name": "{name}",
                                       "category": "{cat}", "price": "{price}"}}))
    goods = write("products.csv", "sku,name,cat,price\nT1,Tea,food/tea,9.95\nT1,Tea again,food/tea,9.95\nT2,,x,1\n")
    r = report(data, "products", products, goods)
    equal("products", (r["products_new"], r["ignored_by_reason"], r["rejected_by_reason"]),
          (2, {"code_again": 1}, {}))
    again = report(data, "products", products, goods)
    equal("products again", (again["products_new"], again["products_unchanged"]), (0, 2))
    contacts = write("contacts.map", json.dumps({
        "tenant": "shop", "contacts": {"file": {"format": "csv"}, "occurred_at": {"value": "{at}"},
                                       "identifiers": [{"ns": "phone", "value": "{phone}"}], "touchpoint": "till"}}))
    seen = write("contacts.csv", "at,phone\n2026-02-01T10:00:00+08:00,13911110001\n2026-02-01T10:00:00Z,13911119999\n")
    r = report(data, "contacts", contacts, seen)
    equal("contacts", (r["contacts"], r["persons_new"], r["members_new"]), (2, 1, 0))
    good("check", "--data", data)


def test_resume():
    """Killed in the middle, several times: going on ends where an undisturbed import ends."""
    rng = random.Random(7)
    lines = []
    for i in range(40000):
        who = 13900000000 + rng.randrange(3000)
        day = i * 28 // 40000 + 1
        lines.append(f"R{i},2026-01-{day:02d} 10:00,{who},p{rng.randrange(50)},{rng.randrange(1, 4)},1.25\n")
        if i % 50 == 49:
            lines.append(f"CR{i},2026-01-28 11:00,{who},p{rng.randrange(50)},-1,1.25\n")
        if i % 97 == 0:
            lines.append(f"bad{i},2026-01-28 11:00,{who},tea,x,1\n")
    path = write("resume.csv", HEAD + "".join(lines))
    whole = report(work / "whole", "orders", shop_map(), path)
    data = work / "killed"
    kills = 0
    words = [TONGBAO, "import", "orders", "--map", str(shop_map()), "--data", str(data), str(path),
             "--report", str(work / "killed.json")]
    # once work is done, stops as early as can be: while what was done is being skipped
    for delay, how in ((0.6, "KILL"), (0.1, "INT"), (0.2, "INT"), (0.5, "KILL"), (0.15, "INT"), (0.3, "INT")):
        p = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        if p.poll() is None:
            p.send_signal(signal.SIGINT if how == "INT" else signal.SIGKILL)
            kills += 1
        p.wait()
        if not list((data / "imports").glob("*.progress")) and p.returncode == 0:
            break
    r = good(*words[1:])
    got = json.loads((work / "killed.json").read_text())
    check("it was interrupted", kills > 0)
    for name in ("rows", "accepted", "rejected", "rejected_by_reason", "value", "lines_sold"):
        equal("resumed: " + name, got[name], whole[name])
    for table in ("orders", "returns", "persons"):
        ask = f"SELECT count(*) AS n FROM {table}"
        equal("resumed: " + table, sql(data, ask), sql(work / "whole", ask))
    a, b = (sorted(next((d / "imports").glob("*.rejects.csv")).read_text().splitlines())
            for d in (data, work / "whole"))
    equal("resumed: rejects", len(a), len(b))
    check("resumed: the same rejects", a == b, str(set(a) ^ set(b))[:400])
    good("check", "--data", data)
    return r


# ---- public data ------------------------------------------------------------------------------------


def model_online_retail(rows):
    """The figures by the documented rule, with none of the program's code."""
    fates = collections.Counter()
    bought = collections.defaultdict(list)  # (customer, product) -> [time, order, place, left, value left]
    orders = collections.OrderedDict()
    for at, r in enumerate(rows):
        orders.setdefault(r["InvoiceNo"], []).append((at, r))
    # an order is complete at its last row
    members = set()
    sold = back = unmatched = dearer = refused = rounding = Decimal(0)
    for number, group in sorted(orders.items(), key=lambda x: x[1][-1][0]):
        when = group[0][1]["InvoiceDate"]
        place = 0
        for _, r in group:
            quantity, price = Decimal(r["Quantity"]), Decimal(r["UnitPrice"])
            customer, value = r["CustomerID"], quantity * price
            if number[0] == "A" or (quantity < 0 and number[0] != "C") or (price <= 0 and not customer):
                fates["rejected"] += 1
                refused += value
                continue
            if customer:
                members.add(customer)
            if number[0] != "C":
                net = value.quantize(Decimal("0.01"))  # half even
                sold += net
                rounding += value - net
                fates["accepted"] += 1
                if customer:
                    bought[customer, r["StockCode"]].append([when, place, quantity, net])
                place += 1
                continue
            left = -quantity
            while left and customer:
                candidates = [b for b in bought[customer, r["StockCode"]] if b[2] > 0 and b[0] <= when]
                if not candidates:
                    break
                newest = max(range(len(candidates)), key=lambda i: (candidates[i][0], i))
                b = candidates[newest]
                take = min(left, b[2])
                pay = min((take * price).quantize(Decimal("0.01")), b[3])
                b[2] -= take
                b[3] -= pay
                left -= take
                back += pay
                if take * price - pay >= Decimal("0.01"):
                    dearer += take * price - pay
                else:
                    rounding -= take * price - pay
            unmatched += left * price
            fates["accepted" if left < -quantity else "rejected"] += 1
    return fates, members, {"sold": sold, "returned": -back, "rounding": rounding,
                            "returned_without_purchase": -unmatched,
                            "returned_above_the_purchase_price": -dearer, "rejected": refused}


def data_set(name):
    path = DATA / f"{name}.tar.zst"
    if not path.exists():
        print(f"skipped {name}: no {path.name} in the data folder", flush=True)
        return None
    return path


def test_online_retail():
    path = data_set("online_retail")
    if path is None:
        return
    text = subprocess.run(f"zstd -dcq '{path}' | tar -xO online_retail/online_retail.csv", shell=True,
                          capture_output=True, check=True).stdout.decode()
    data = work / "online_retail"
    with concurrent.futures.ThreadPoolExecutor(1) as beside:  # the model thinks while the program loads
        loaded = beside.submit(report, data, "orders", MAPS / "online_retail.map", f"{path}:online_retail.csv")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        fates, members, values = model_online_retail(rows)
        r = loaded.result()
    equal("every line is accounted for", r["accepted"] + r["rejected"], 541909)
    equal("rows", r["rows"], 541909)
    equal("reasons add up", sum(r["rejected_by_reason"].values()), r["rejected"])
    equal("accepted as the model says", r["accepted"], fates["accepted"])
    equal("rejected as the model says", r["rejected"], fates["rejected"])
    equal("members", (r["members_new"], len(members)), (4372, 4372))
    equal("value of the file", r["value"]["file"], "9747747.934")
    for name, value in values.items():
        equal("value " + name, Decimal(r["value"][name]), value)
    equal("to the penny", sum(Decimal(v) for k, v in r["value"].items() if k != "file"), Decimal("9747747.934"))
    books = sql(data, "SELECT sum(net) AS net, sum(returned_net) AS back FROM orders")[0]
    equal("net revenue in the books", Decimal(books["net"] - books["back"]) / 100, values["sold"] + values["returned"])
    check("check proves it", good("check", "--data", data).stdout.endswith("\n0 breaks\n"))
    before = sql(data, "SELECT max(seq) AS n, count(*) AS c FROM history")
    again = report(data, "orders", MAPS / "online_retail.map", f"{path}:online_retail.csv")
    equal("a second import changes nothing", sql(data, "SELECT max(seq) AS n, count(*) AS c FROM history"), before)
    equal("a second import says so", (again["orders_new"], again["returns_new"], again["members_new"]), (0, 0, 0))
    equal("a second import accounts the same", again["value"], r["value"])


def test_starbucks():
    path = data_set("starbucks")
    if path is None:
        return
    data = work / "starbucks"
    r = report(data, "members", MAPS / "starbucks.map", f"{path}:profile.json")
    equal("members", (r["rows"], r["members_new"]), (17000, 17000))
    r = report(data, "orders", MAPS / "starbucks.map", f"{path}:transcript.json")
    equal("events", r["rows"], 306534)
    equal("transactions", r["orders_new"], 138953)
    equal("offers", r["ignored_by_reason"],
          {"offer_received": 76277, "offer_viewed": 57725, "offer_completed": 33579})
    equal("sum", r["value"]["sold"], "1775451.97")
    equal("nobody new", r["persons_new"], 0)


def test_cdnow():
    path = data_set("cdnow")
    if path is None:
        return
    data = work / "cdnow"
    r = report(data, "orders", MAPS / "cdnow.map", f"{path}:CDNOW_master.txt")
    equal("purchases", (r["rows"], r["orders_new"]), (69659, 69659))
    equal("customers", r["members_new"], 23570)
    equal("sum", r["value"]["sold"], "2500315.63")
    again = report(data, "orders", MAPS / "cdnow.map", f"{path}:CDNOW_master.txt")
    equal("again", (again["orders_new"], again["orders_unchanged"]), (0, 69659))


test_traps()
test_map_errors()
test_cancellations()
test_groups_and_dry_run()
test_packed_and_live()
test_members()
if os.environ.get("TB_CHECK") != "fast":
    test_resume()
    test_online_retail()
    test_starbucks()
    test_cdnow()
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
