#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP figures: bulk, single purchases, look-ups; client and server on the same machine.

    bench/over_http.py build/tongbao [SECONDS] [MEMBERS]        (60 s and 100,000)

Starts a server on a fresh folder without rate limits, loads members through POST /v1/bulk, then lets
wrk (Debian package wrk) ask over 64 keep-alive connections: /healthz (what the same server gives when
nothing is asked of it: the ceiling), look-ups, purchases. Beside every rate stand the share of that
ceiling and the CPU time a request by thread, which says more than the rate where the machine has other
work. Then, in a run of its own, quiet tenants alone and beside one that floods.
bench/README.md says what is wanted and what was measured.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


PORT = free_port()
BASE = f"http://127.0.0.1:{PORT}"
CONNECTIONS = 64
QUIET_TENANTS = 8
QUIET_PAUSE_MS = 40
QUIET_MEMBERS = 500
TICK_US = 1000000 / os.sysconf("SC_CLK_TCK")

# Requests are glued from parts made once: the client should cost the machine little.
PURCHASE = r'''
function init(args)
  members = tonumber(args[1]); n = 10000000; math.randomseed(7)
  local run, key = args[2], args[3]
  local shape = '{"order":"%s-%s","store":"S1","identifiers":[{"ns":"phone","value":"%s"}],' ..
    '"occurred_at":"' .. os.date("!%Y-%m-%dT%H:%M:%SZ") .. '","currency":"CNY","lines":' ..
    '[{"sku":"6901234567892","quantity":1,"net":1290},{"sku":"6909876543210","quantity":2,"net":9180}],' ..
    '"tenders":[{"kind":"wechat","amount":10470}]}'
  local body = string.format(shape, run, n, 13900000000)
  local whole = "POST /v1/orders HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " .. key ..
    "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  local a, b = whole:find(tostring(n), 1, true)
  local c, d = whole:find("13900000000", b, true)
  first, middle, last = whole:sub(1, a - 1), whole:sub(b + 1, c - 1), whole:sub(d + 1)
end
function request()
  n = n + 1
  return first .. n .. middle .. (13900000000 + math.random(0, members - 1)) .. last
end
'''

LOOKUP = r'''
function init(args)
  members = tonumber(args[1]); math.randomseed(7)
  first = "GET /v1/members?ns=phone&value="
  last = " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " .. args[2] .. "\r\n\r\n"
end
function request() return first .. (13900000000 + math.random(0, members - 1)) .. last end
'''

NOTHING = r'''
local text = "GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n"
function request() return text end
'''

# Each of some tenants now and then: look-up, purchase, look-up ... with a pause between.
QUIET = r'''
function init(args)
  pause = tonumber(args[1]); run = args[2]; keys = {}; n = 0; math.randomseed(11)
  for i = 3, #args do keys[#keys + 1] = args[i] end
  now = os.date("!%Y-%m-%dT%H:%M:%SZ")
end
function delay() return pause + math.random(0, pause) end
function request()
  n = n + 1
  local head = "Host: bench\r\nAuthorization: Bearer " .. keys[n % #keys + 1] .. "\r\n"
  local phone = tostring(13800000000 + n % 500)
  if n % 2 == 0 then
    return "GET /v1/members?ns=phone&value=" .. phone .. " HTTP/1.1\r\n" .. head .. "\r\n"
  end
  local body = '{"order":"' .. run .. n .. '","store":"S1","occurred_at":"' .. now .. '","currency":"CNY",' ..
    '"identifiers":[{"ns":"phone","value":"' .. phone .. '"}],' ..
    '"lines":[{"sku":"6901234567892","quantity":1,"net":1290}]}'
  return "POST /v1/orders HTTP/1.1\r\n" .. head .. "Content-Type: application/json\r\nContent-Length: " ..
    #body .. "\r\n\r\n" .. body
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


class Threads:
    """CPU time of the working process by thread, in microseconds, while something ran."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.read()

    def read(self):
        out = {}
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/stat", encoding="ascii") as f:
                    head, _, rest = f.read().rpartition(")")
            except OSError:
                continue  # it has ended
            fields = rest.split()
            name = head.split("(", 1)[1]
            out[task] = (name, (int(fields[11]) + int(fields[12])) * TICK_US)
        return out

    def each(self, n):
        """'http 8.1, cell 2.0, ...': microseconds for each of n."""
        spent = {}
        for task, (name, us) in self.read().items():
            name = name.removeprefix("tb-").rstrip("-0123456789")
            spent[name] = spent.get(name, 0) + us - self.before.get(task, (name, 0))[1]
        parts = [f"{name} {us / n:.1f}" for name, us in sorted(spent.items(), key=lambda p: -p[1]) if us / n >= .05]
        return f"{sum(spent.values()) / n:.1f} us CPU each ({', '.join(parts)})"


def lua(folder, name, script):
    path = os.path.join(folder, re.sub(r"\W", "", name) + ".lua")
    with open(path, "w", encoding="ascii") as f:
        f.write(script)
    return path


def wrk_start(folder, name, script, seconds, arguments, connections=CONNECTIONS):
    return subprocess.Popen(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s",
                             lua(folder, name, script), BASE, "--", *arguments], stdout=subprocess.PIPE, text=True)


def wrk_end(process):
    """(requests, seconds, p50 ms, p99 ms); a refusal or a lost connection ends the run."""
    text = process.communicate()[0]
    if process.returncode != 0 or "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"wrk met errors:\n{text}")
    n, took = re.search(r"(\d+) requests in ([\d.]+\w+),", text).groups()
    p50, p99 = (milliseconds(re.search(rf"{q}%\s+([\d.]+\w+)", text)[1]) for q in (50, 99))
    return int(n), milliseconds(took) / 1000, p50, p99


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": .001, "ms": 1, "s": 1000, "m": 60000}[unit]


def figure(text):
    """The value of one line of /metrics."""
    page = urllib.request.urlopen(BASE + "/metrics").read().decode()
    return float(re.search(rf"^tongbao_{text} (\S+)$", page, re.M)[1])


def caught_up():
    """Seconds until SQL holds everything that is durable."""
    start = time.monotonic()
    while figure("flushed_sequence") < figure("durable_sequence"):
        time.sleep(.1)
    return time.monotonic() - start


class Server:
    def __init__(self, program):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix="tongbao-http-")
        self.data = os.path.join(self.folder, "data")
        self.key = self.tenant("bench")
        self.process = None

    def tenant(self, name):
        return subprocess.run([self.program, "key", "create", "--data", self.data, "--tenant", name, "--role",
                               "owner", "--create-tenant", "--name", name], capture_output=True, text=True,
                              check=True).stdout.split()[-1]

    def start(self):
        self.process = subprocess.Popen([self.program, "serve", "--data", self.data, "--listen",
                                         f"127.0.0.1:{PORT}", "--unlimited"], stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(BASE + "/readyz")
                break
            except OSError:
                time.sleep(.1)
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            self.pid = int(f.read().split()[0])

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder)


def configure(key):
    call("PUT", "/v1/units/points", key, {"name": "Points", "kind": "points", "negative": "within_balance",
                                          "expiry": "rolling_months", "expiry_n": 12, "rounding": "month"})
    call("PUT", "/v1/stores/S1", key, {"name": "Store 1"})
    for sku, name, price in (("6901234567892", "Soy milk", 1290), ("6909876543210", "Rice", 4590)):
        call("PUT", "/v1/products/" + sku, key, {"name": name, "price": price})
    call("PUT", "/v1/rules/earn", key, {"name": "one a yuan", "kind": "earn", "unit": "points",
                                        "amount": "order.net"})


def bulk(server, what, lines):
    """Sends lines in requests of 50,000; every one must be taken."""
    threads, took = Threads(server.pid), 0.0
    for at in range(0, len(lines), 50000):
        body = "".join(lines[at:at + 50000]).encode()
        start = time.monotonic()
        reply = call("POST", "/v1/bulk", server.key, body, "application/x-ndjson")
        took += time.monotonic() - start
        if reply.count(b'"status":2') != body.count(b"\n"):
            sys.exit(f"bulk {what}: lines were refused: {reply[:300]}")
    print(f"bulk {what}: {len(lines) / took:,.0f}/s; {threads.each(len(lines))}")


def contact_lines(first, n, now):
    return [json.dumps({"op": "contact", "key": f"c{m}", "body": {
        "identifiers": [{"ns": "phone", "value": str(first + m), "verified": True}], "occurred_at": now}},
        separators=(",", ":")) + "\n" for m in range(n)]


def order_lines(members, now):
    return [json.dumps({"op": "order", "key": f"o{n}", "body": {
        "order": f"bulk-{n}", "store": "S1", "occurred_at": now, "currency": "CNY",
        "identifiers": [{"ns": "phone", "value": str(13900000000 + n * 7919 % members)}],
        "lines": [{"sku": "6901234567892", "quantity": 1, "net": 1290}],
        "tenders": [{"kind": "wechat", "amount": 1290}]}}, separators=(",", ":")) + "\n" for n in range(members)]


def measure(server, name, script, seconds, arguments, ceiling):
    threads = Threads(server.pid)
    n, took, p50, p99 = wrk_end(wrk_start(server.folder, name, script, seconds, arguments))
    share = f"; {n / took / ceiling:.0%} of the bare server" if ceiling else ""
    print(f"{name}: {n / took:,.0f}/s; p50 {p50:.2f} ms, p99 {p99:.2f} ms{share}; {threads.each(n)}", flush=True)
    return n / took


def speed(program, seconds, members):
    server = Server(program)
    try:
        server.start()
        configure(server.key)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        bulk(server, "contacts (new members, sealed)", contact_lines(13900000000, members, now))
        caught_up()
        ceiling = measure(server, "bare server (/healthz)", NOTHING, min(seconds, 20), [], None)
        measure(server, "look-ups", LOOKUP, seconds, [str(members), server.key], ceiling)
        measure(server, "purchases", PURCHASE, seconds, [str(members), "a", server.key], ceiling)
        print(f"SQL caught up {caught_up():.1f} s later")
        bulk(server, "purchases", order_lines(members, now))
        print(f"SQL caught up {caught_up():.1f} s later")
    finally:
        server.stop()


def fairness(program, seconds):
    server = Server(program)
    try:
        quiet = [server.tenant(f"quiet{i}") for i in range(QUIET_TENANTS)]
        server.start()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        members = "".join(contact_lines(13800000000, QUIET_MEMBERS, now)).encode()
        for key in (server.key, *quiet):
            configure(key)
            call("POST", "/v1/bulk", key, members, "application/x-ndjson")
        arguments = [str(QUIET_PAUSE_MS)]
        alone = wrk_end(wrk_start(server.folder, "quiet", QUIET, seconds, [*arguments, "x", *quiet], 16))
        flood = wrk_start(server.folder, "flood", PURCHASE, seconds + 4, ["5000", "f", server.key])
        time.sleep(2)
        beside = wrk_end(wrk_start(server.folder, "quiet", QUIET, seconds, [*arguments, "y", *quiet], 16))
        n, took, _, _ = wrk_end(flood)
        print(f"{QUIET_TENANTS} quiet tenants ({alone[0] / alone[1]:.0f} requests/s) alone: p50 {alone[2]:.2f} ms, "
              f"p99 {alone[3]:.2f} ms; beside one that sends {n / took:,.0f} purchases/s: p50 {beside[2]:.2f} ms, "
              f"p99 {beside[3]:.2f} ms ({beside[3] / alone[3]:.1f} times)")
    finally:
        server.stop()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt install wrk")
    program = os.path.abspath(sys.argv[1])
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    speed(program, seconds, int(sys.argv[3]) if len(sys.argv) > 3 else 100000)
    fairness(program, max(5, seconds // 3))


if __name__ == "__main__":
    main()
