#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small till: scans, recognises the member, sells - with or without the network.

usage: till.py --server http://127.0.0.1:8780 --key KEY --store S01 --till 3 [--folder DIR] [--prices FILE]

    6901234567892        scans an article (a second time: two pieces; "6901234567892 x3": three)
    member 13912345678   whose purchase is it? Answers with name and balance when the network is there.
    -1                   takes the last line back
    pay cash             ends the sale: the receipt is on disk before it is printed
    send                 sends what is waiting (each sale does so too)
    quit

What makes it safe: a sale is written to receipts.ndjson, and synced, before anything is sent. Its
number is its name for ever: the order is "S01-3-000042", and the same words go out as often as it
takes. Tongbao counts an order once, so a till that does not know whether its last request arrived
simply sends it again. What the server refuses (a 4xx answer) is put aside in refused.ndjson for a
person to look at; everything else waits. Nothing here is needed but Python 3.
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 3


class Offline(Exception):
    """The server cannot be asked now: later."""


class Server:
    def __init__(self, base, key):
        self.base, self.key = base.rstrip("/"), key

    def ask(self, method, path, body=None, name=None):
        """(status, answer); raises Offline when there is no answer that counts."""
        headers = {"Authorization": f"Bearer {self.key}"}
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if name:
            headers["Idempotency-Key"] = name
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as r:
                return r.status, json.loads(r.read())
        except urllib.error.HTTPError as e:
            if e.code >= 500 or e.code in (401, 403, 408, 429):
                raise Offline(f"the server says {e.code}") from e
            return e.code, json.loads(e.read() or b"{}")
        except (OSError, ValueError) as e:
            raise Offline(str(e)) from e


def append(path, line):
    """One line more, on the disk when this returns."""
    with open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(line, ensure_ascii=False) + "\n")
        f.flush()
        os.fsync(f.fileno())


def read_lines(path):
    """All whole lines; a last one that was cut by a crash was never a receipt."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        path.write_text(text, encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


class Till:
    def __init__(self, server, store, till, folder, prices):
        self.server, self.store, self.till = server, store, till
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(prices, newline="", encoding="utf-8") as f:
            self.prices = {row["sku"]: (row["name"], int(row["price"])) for row in csv.DictReader(f)}
        self.sales = read_lines(self.folder / "receipts.ndjson")
        ended = read_lines(self.folder / "sent.ndjson") + read_lines(self.folder / "refused.ndjson")
        self.ended = {line["order"] for line in ended}
        self.number = max((int(s["receipt"]["number"]) for s in self.sales), default=0)
        self.begin()

    def begin(self):
        self.lines = {}
        self.phone = None

    # ---- selling ------------------------------------------------------------------------

    def scan(self, sku, pieces=1):
        if sku not in self.prices:
            return f"unknown article {sku}"
        self.lines[sku] = self.lines.get(sku, 0) + pieces
        name, price = self.prices[sku]
        return f"{name:24} {self.lines[sku]} x {price / 100:.2f}   total {self.total() / 100:.2f}"

    def take_back(self):
        if not self.lines:
            return "nothing to take back"
        sku = next(reversed(self.lines))
        self.lines[sku] -= 1
        if self.lines[sku] == 0:
            del self.lines[sku]
        return f"total {self.total() / 100:.2f}"

    def total(self):
        return sum(self.prices[sku][1] * n for sku, n in self.lines.items())

    def member(self, phone):
        self.phone = phone
        try:
            status, who = self.server.ask("GET", f"/v1/members/phone:{phone}")
        except Offline:
            return "no network: the points follow"
        if status == 404:
            return "not a member yet"
        points = ", ".join(f"{b['available']} {b['unit']}" for b in who.get("balances", []))
        return f"{who['id']}: {points or 'no points yet'}"

    def pay(self, tender):
        if not self.lines:
            return "nothing was scanned"
        self.number += 1
        number = f"{self.number:06d}"
        sale = {
            "order": f"{self.store}-{self.till}-{number}",
            "receipt": {"store": self.store, "till": self.till, "number": number},
            "store": self.store,
            "occurred_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lines": [{"sku": sku, "quantity": n, "net": n * self.prices[sku][1]} for sku, n in self.lines.items()],
            "tenders": [{"kind": tender, "amount": self.total()}],
        }
        if self.phone:
            sale["identifiers"] = [{"ns": "phone", "value": self.phone}]
        append(self.folder / "receipts.ndjson", sale)
        self.sales.append(sale)
        self.begin()
        answer = self.send()
        return f"receipt {sale['order']}  {sale['tenders'][0]['amount'] / 100:.2f}\n{answer}"

    # ---- sending ------------------------------------------------------------------------

    def waiting(self):
        return [s for s in self.sales if s["order"] not in self.ended]

    def send(self):
        """Everything that waits, oldest first; stops at the first that cannot be sent now."""
        said = []
        for sale in self.waiting():
            try:
                status, answer = self.server.ask("POST", "/v1/orders", sale, name=sale["order"])
            except Offline as e:
                said.append(f"{len(self.waiting())} receipts wait ({e})")
                break
            if status < 300:
                append(self.folder / "sent.ndjson", {"order": sale["order"], "id": answer["id"]})
                points = ", ".join(f"+{x['amount']} {x['unit']} (now {x['available']})" for x in answer["earned"])
                said.append(f"{sale['order']} sent{': ' + points if points else ''}")
            else:
                append(self.folder / "refused.ndjson", {"order": sale["order"], "problem": answer})
                said.append(f"{sale['order']} REFUSED: {answer.get('code')} {answer.get('field', '')}")
            self.ended.add(sale["order"])
        return "\n".join(said) or "nothing waits"

    def obey(self, words):
        """One line from the keyboard or the scanner; the text to show."""
        first, rest = words[0], words[1:]
        if first == "member" and rest:
            return self.member(rest[0])
        if first == "pay":
            return self.pay(rest[0] if rest else "cash")
        if first == "send":
            return self.send()
        if first == "-1":
            return self.take_back()
        pieces = int(rest[0][1:]) if rest and rest[0][:1] == "x" and rest[0][1:].isdigit() else 1
        return self.scan(first, pieces)


def main():
    here = pathlib.Path(__file__).parent
    p = argparse.ArgumentParser(description="A small till.")
    p.add_argument("--server", default="http://127.0.0.1:8780")
    p.add_argument("--key", default=os.environ.get("TONGBAO_KEY", ""))
    p.add_argument("--store", required=True)
    p.add_argument("--till", default="1")
    p.add_argument("--folder", default="./till-data")
    p.add_argument("--prices", default=here / "prices.csv")
    a = p.parse_args()
    till = Till(Server(a.server, a.key), a.store, a.till, a.folder, a.prices)
    if till.waiting():
        print(till.send(), flush=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            break
        if words:
            print(till.obey(words), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
