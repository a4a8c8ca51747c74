#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks of a real server, received here: order, signatures, retries, dead letters, a
restart, 410, redirects, private addresses, sending again. Standard library only.

    webhooks.py TONGBAO
"""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
TONGBAO = sys.argv[1]


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.got = {}       # path -> [(id, body)] that were taken with 2xx
        self.tries = {}     # (path, id) -> attempts
        self.times = {}     # (path, id) -> instants
        self.bad = []
        self.accept = False  # what /later does
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # the sender hung up after the part of a long answer that it reads

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def bodies(self, path):
        with self.lock:
            return [b for _, b in self.got.get(path, [])]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def status(self, tries):
        if self.path == "/flaky":
            return 200 if tries % 3 == 0 else 503
        if self.path == "/later":
            return 204 if self.server.accept else 400
        if self.path == "/busy":
            return 200 if tries > 1 else 429
        return {"/ok": 200, "/gone": 410, "/away": 302}.get(self.path, 404)

    def do_POST(self):
        s = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        mid, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        key = base64.b64decode(SECRET[6:])
        mac = hmac.new(key, f"{mid}.{stamp}.".encode() + body, hashlib.sha256)
        want = "v1," + base64.b64encode(mac.digest()).decode()
        with s.lock:
            if want not in self.headers["webhook-signature"].split() or abs(time.time() - int(stamp)) > 60:
                s.bad.append((self.path, mid, self.headers["webhook-signature"]))
            s.tries[self.path, mid] = s.tries.get((self.path, mid), 0) + 1
            s.times.setdefault((self.path, mid), []).append(time.time())
            status = self.status(s.tries[self.path, mid])
            if 200 <= status < 300:
                s.got.setdefault(self.path, []).append((mid, json.loads(body)))
        self.send_response(status)
        if status == 302:
            self.send_header("location", s.url("/ok"))
        if status == 429:
            self.send_header("retry-after", "100")
        self.send_header("content-length", "200000" if self.path == "/flaky" and status == 200 else "0")
        self.end_headers()
        if self.path == "/flaky" and status == 200:
            try:
                self.wfile.write(b"x" * 200000)  # more than anybody reads
            except OSError:
                pass


class Tongbao:
    def __init__(self, data, local=True):
        self.data, self.local, self.key = data, local, None
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    def verb(self, *words):
        return subprocess.run([TONGBAO, *words, "--data", self.data], check=True, capture_output=True, text=True).stdout

    def start(self):
        env = dict(os.environ, TONGBAO_WEBHOOK_SECOND_MS="2")
        listen = f"127.0.0.1:{self.port}"
        self.child = subprocess.Popen([TONGBAO, "serve", "--no-supervisor", "--data", self.data, "--listen", listen]
                                      + (["--webhooks-local"] if self.local else []), env=env, stderr=subprocess.PIPE)
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.child.stderr), daemon=True).start()
        wait(lambda: self.call("GET", "/readyz")[0] == 200, "the server is not ready", 30)

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(30) == 0, self.said

    def text(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as r:
            return r.read().decode()

    def call(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json",
                   "Idempotency-Key": os.urandom(8).hex()}
        try:
            c.request(method, path, json.dumps(body) if body is not None else None, headers)
            r = c.getresponse()
            data = r.read()
        except OSError:
            return 0, None
        finally:
            c.close()
        return r.status, json.loads(data) if data and "json" in r.headers.get("content-type", "") else None

    def must(self, method, path, body=None):
        status, reply = self.call(method, path, body)
        assert 200 <= status < 300, (method, path, status, reply)
        return reply

    def feed(self):
        items, after = [], 0
        while True:
            page = self.must("GET", f"/v1/events?after={after}&limit=500")
            items += page["items"]
            if not page["items"]:
                return items
            after = page["next"]


def wait(condition, sentence, seconds=20):
    until = time.time() + seconds
    while time.time() < until:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(sentence)


checks = 0


def that(ok, sentence):
    global checks
    checks += 1
    if not ok:
        raise AssertionError(sentence)


orders = 0


def buy(t, n):
    global orders
    for _ in range(n):
        orders += 1
        who = [{"ns": "phone", "value": f"139{orders % 7:08d}"}]
        t.must("POST", "/v1/orders", {"order": f"O{orders}", "identifiers": who,
                                      "lines": [{"sku": "X", "quantity": 1, "net": 1000}]})


def hook(t, r, code, path, **more):
    t.must("PUT", f"/v1/webhooks/{code}", {"url": r.url(path), "secret": SECRET, **more})


def wanted(feed, groups=None):
    """What a webhook of these groups must have been sent, in the feed's order."""
    kinds = {"order": ("order_",)}
    return [e for e in feed if e["data"] and
            (groups is None or any(d["type"].startswith(kinds[g]) for d in e["data"] for g in groups))]


def test_follow(t, r):
    buy(t, 3)
    hook(t, r, "all", "/ok")
    hook(t, r, "orders", "/flaky", events=["order"])
    buy(t, 25)
    last = t.feed()[-1]["sequence"]
    wait(lambda: r.bodies("/ok") and r.bodies("/ok")[-1]["data"]["sequence"] == last, "not everything came")
    wait(lambda: len(r.bodies("/flaky")) == 25, "not every order came through the flaky receiver", 40)
    born = next(e["sequence"] for e in t.feed() if e["type"] == "webhook_put")
    want = [e for e in wanted(t.feed()) if e["sequence"] > born]
    got = r.bodies("/ok")
    that([b["data"] for b in got] == want, "the messages are not the feed, in its order")
    that(all(b["type"] == b["data"]["type"] and b["timestamp"] == b["data"]["time"] for b in got), "type or timestamp")
    flaky = r.bodies("/flaky")
    that([b["data"] for b in flaky] == [e for e in wanted(t.feed(), ["order"])][-25:], "orders, in order, once")
    that(all(n == 3 for (p, _), n in r.tries.items() if p == "/flaky"), "two refusals each, then taken")
    that(len(set(i for i, _ in r.got["/ok"])) == len(got), "an id came twice")
    that(not r.bad, f"signatures: {r.bad[:2]}")


def test_restart(t, r):
    before = len(r.bodies("/ok"))
    buy(t, 40)
    t.stop()
    t.start()
    buy(t, 10)
    last = t.feed()[-1]["sequence"]
    wait(lambda: r.bodies("/ok")[-1]["data"]["sequence"] == last, "it did not go on after the restart")
    numbers = [b["data"]["sequence"] for b in r.bodies("/ok")]
    born = next(e["sequence"] for e in t.feed() if e["type"] == "webhook_put")
    once = sorted(set(numbers))
    that(once == [e["sequence"] for e in wanted(t.feed()) if e["sequence"] > born], "a gap over the restart")
    that(len(numbers) - len(once) <= 1, "more than what was under way came again")
    that(len(numbers) > before + 40, "nothing came")


def test_dead(t, r):
    hook(t, r, "later", "/later", events=["order"])
    hook(t, r, "away", "/away", events=["order"])
    hook(t, r, "gone", "/gone", events=["order"])
    hook(t, r, "busy", "/busy", events=["order"])
    wait(lambda: len(t.verb("webhooks").splitlines()) == 7, "the webhooks are not found")
    buy(t, 3)
    wait(lambda: t.verb("webhooks", "dead").count("status 400") == 3, "refused messages are no dead letters")
    wait(lambda: t.verb("webhooks", "dead").count("redirects are not followed") == 3, "redirects were followed")
    wait(lambda: "off: it answered 410" in t.verb("webhooks"), "410 does not switch off")
    that(sum(1 for p, _ in r.tries if p == "/gone") == 1, "410: tried again")
    that(all(n == 1 for (p, _), n in r.tries.items() if p in ("/later", "/away")), "a refusal was tried again")
    wait(lambda: len(r.bodies("/busy")) == 3, "429: not tried again", 30)
    waits = [v[1] - v[0] for (p, _), v in r.times.items() if p == "/busy"]
    that(min(waits) >= 0.19, f"Retry-After was not waited for: {waits}")  # 100 of 2 ms
    dead = re.search(r"^tongbao_webhook_dead_letters_total (\d+)$", t.text("/metrics"), re.M)
    that(dead is not None and int(dead[1]) == 7, f"figures say {dead and dead[1]} dead letters instead of 7")
    r.accept = True
    that("7 to be sent again" in t.verb("webhooks", "replay"), "three refused, three redirected, one gone")
    wait(lambda: len(r.bodies("/later")) == 3, "dead letters were not sent again")
    that([b["data"] for b in r.bodies("/later")] == wanted(t.feed(), ["order"])[-3:], "they are not the same messages")
    wait(lambda: t.verb("webhooks", "dead").count("status 400") == 0, "what was delivered is still dead")
    hook(t, r, "gone", "/later", events=["order"])  # put again: it goes on
    buy(t, 1)
    wait(lambda: len(r.bodies("/later")) >= 5, "a webhook that was put again does not go on")


def test_private(t, r):
    """Without --webhooks-local nothing reaches this machine, by number or by name."""
    t.stop()
    t.local = False
    t.start()
    seen = len(r.tries)
    for code, host in (("number", "127.0.0.1"), ("name", "localhost"), ("six", "[::1]"), ("zero", "0.0.0.0")):
        t.must("PUT", f"/v1/webhooks/{code}",
               {"url": f"http://{host}:{r.server_port}/ok", "secret": SECRET, "events": ["order"]})
    wait(lambda: len(t.verb("webhooks").splitlines()) == 11, "the webhooks are not found")
    with r.lock:
        seen = len(r.tries)
    buy(t, 1)
    wait(lambda: t.verb("webhooks", "dead").count("not a public one") >= 4, "private addresses are not refused")
    with r.lock:
        that(len(r.tries) == seen, "a private address was reached")


def main():
    r = Receiver()
    with tempfile.TemporaryDirectory() as data:
        t = Tongbao(data + "/data")
        out = t.verb("key", "create", "--tenant", "shop", "--create-tenant", "--name", "Shop",
                     "--role", "owner,developer")
        t.key = next(w for w in out.split() if w.startswith("tb_"))
        t.start()
        try:
            for test in (test_follow, test_restart, test_dead, test_private):
                test(t, r)
                print(f"ok {test.__name__}")
            t.stop()
        except BaseException:
            t.child.kill()
            t.child.wait()
            print(b"".join(t.said).decode(errors="replace")[-3000:], file=sys.stderr)
            raise
    print(f"{checks} checks")


main()
