#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP figures: bulk, single purchases, look-ups; client and server on the same machine.

    bench/over_http.py build/tongbao [SECONDS] [MEMBERS]

Starts a server on a fresh folder without rate limits, loads members through POST /v1/bulk
(that is the bulk figure), then lets wrk (Debian package wrk) send purchases and look-ups over
64 keep-alive connections. Prints requests a second and wrk's latencies; bench/README.md says
what is wanted and what was measured.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

PORT = 8791
BASE = f"http://127.0.0.1:{PORT}"

PURCHASE = r'''
local n = 0
local thread_no = 0
function setup(thread) thread:set("no", thread_no); thread_no = thread_no + 1 end
function init(args) members = tonumber(args[1]); key = args[2]; run = args[3]; math.randomseed(no + 1) end
function request()
  n = n + 1
  local m = math.random(0, members - 1)
  local body = string.format('{"order":"%s-%d-%d","store":"S1","identifiers":[{"ns":"phone","value":"%d"}],' ..
    '"occurred_at":"%s","currency":"CNY","lines":[{"sku":"6901234567892","quantity":1,"net":%d},' ..
    '{"sku":"6909876543210","quantity":2,"net":%d}],"tenders":[{"kind":"wechat","amount":%d}]}',
    run, no, n, 13900000000 + m, os.date("!%Y-%m-%dT%H:%M:%SZ"), 1290, 9180, 10470)
  return wrk.format("POST", "/v1/orders", {["Authorization"] = "Bearer " .. key,
    ["Content-Type"] = "application/json"}, body)
end
'''

LOOKUP = r'''
function init(args) members = tonumber(args[1]); key = args[2]; math.randomseed(os.time()) end
function request()
  return wrk.format("GET", "/v1/members?ns=phone&value=" .. (13900000000 + math.random(0, members - 1)),
    {["Authorization"] = "Bearer " .. key})
end
'''


def call(method, path, key, body=None, content_type="application/json"):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data=data, method=method)
    request.add_header("Authorization", "Bearer " + key)
    request.add_header("Idempotency-Key", f"bench-{time.time_ns()}")
    if data is not None:
        request.add_header("Content-Type", content_type)
    with urllib.request.urlopen(request) as reply:
        return reply.read()


def wrk(folder, name, script, seconds, arguments):
    path = os.path.join(folder, name + ".lua")
    with open(path, "w", encoding="ascii") as f:
        f.write(script)
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-s", path, BASE, "--", *arguments],
                          capture_output=True, text=True, check=True).stdout
    wanted = ("Requests/sec", "50%", "99%", "Non-2xx", "Socket errors")
    print(f"{name}:", "; ".join(" ".join(line.split()) for line in done.splitlines() if any(w in line for w in wanted)))


def main():
    program = os.path.abspath(sys.argv[1])
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    members = int(sys.argv[3]) if len(sys.argv) > 3 else 100000
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt install wrk")
    folder = tempfile.mkdtemp(prefix="tongbao-http-")
    data = os.path.join(folder, "data")
    key = subprocess.run([program, "key", "create", "--data", data, "--tenant", "bench", "--role", "owner",
                          "--create-tenant", "--name", "Bench"], capture_output=True, text=True,
                         check=True).stdout.split()[-1]
    server = subprocess.Popen([program, "serve", "--data", data, "--listen", f"127.0.0.1:{PORT}", "--unlimited"],
                              stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(BASE + "/readyz")
                break
            except OSError:
                time.sleep(.1)
        call("PUT", "/v1/units/points", key, {"name": "Points", "kind": "points", "negative": "within_balance",
                                              "expiry": "rolling_months", "expiry_n": 12, "rounding": "month"})
        call("PUT", "/v1/stores/S1", key, {"name": "Store 1"})
        for sku, name, price in (("6901234567892", "Soy milk", 1290), ("6909876543210", "Rice", 4590)):
            call("PUT", "/v1/products/" + sku, key, {"name": name, "price": price})
        call("PUT", "/v1/rules/earn", key, {"name": "one a yuan", "kind": "earn", "unit": "points",
                                            "amount": "order.net"})
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = "".join(json.dumps({"op": "contact", "key": f"c{m}", "body": {
            "identifiers": [{"ns": "phone", "value": str(13900000000 + m), "verified": True}],
            "occurred_at": now}}, separators=(",", ":")) + "\n" for m in range(members)).encode()
        start = time.monotonic()
        for at in range(0, 8):
            part = lines[at * len(lines) // 8:(at + 1) * len(lines) // 8]
            head = 0 if at == 0 else part.index(b"\n") + 1
            tail = lines[(at + 1) * len(lines) // 8:]
            part = part[head:] + (tail[:tail.index(b"\n") + 1] if at < 7 else b"")
            call("POST", "/v1/bulk", key, part, "application/x-ndjson")
        took = time.monotonic() - start
        print(f"bulk: {members / took:.0f} contacts/s ({members} new members, with sealing, in {took:.1f} s)")
        wrk(folder, "purchases", PURCHASE, seconds, [str(members), key, "a"])
        wrk(folder, "look-ups", LOOKUP, seconds, [str(members), key])
        orders = "".join(json.dumps({"op": "order", "key": f"o{n}", "body": {
            "order": f"bulk-{n}", "store": "S1", "occurred_at": now, "currency": "CNY",
            "identifiers": [{"ns": "phone", "value": str(13900000000 + n * 7919 % members)}],
            "lines": [{"sku": "6901234567892", "quantity": 1, "net": 1290}],
            "tenders": [{"kind": "wechat", "amount": 1290}]}}, separators=(",", ":")) + "\n"
            for n in range(members)).encode()
        start = time.monotonic()
        call("POST", "/v1/bulk", key, orders, "application/x-ndjson")
        print(f"bulk: {members / (time.monotonic() - start):.0f} purchases/s")
        metrics = urllib.request.urlopen(BASE + "/metrics").read().decode()
        print("\n".join(line for line in metrics.splitlines() if "lag" in line and not line.startswith("#")))
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
