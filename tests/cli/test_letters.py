#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dead letters over HTTP: listed in pages, sent again one or all, only by who owns them."""
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import time

from common import Served, check, equal, finish, good

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-letters-"))
data = work / "data"
taken, refuse = [], threading.Event()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not refuse.is_set():
            taken.append(json.loads(body)["data"]["sequence"])
        self.send_response(400 if refuse.is_set() else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def key_of(tenant, role):
    return good("key", "create", "--data", data, "--tenant", tenant, "--role", role, "--create-tenant", "--name",
                tenant).stdout.strip()


def wait(what, fn, seconds=20):
    end = time.time() + seconds
    while time.time() < end and not fn():
        time.sleep(0.05)
    check(what, fn())


owner, till, other = key_of("shop", "owner"), key_of("shop", "till"), key_of("second", "owner")
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
refuse.set()

with Served(data, "--webhooks-local") as s:
    hook = {"url": f"http://127.0.0.1:{receiver.server_port}/", "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
            "events": ["catalog"]}
    path = "/v1/webhooks/erp"
    equal("a webhook", s.send("PUT", path, hook, owner)[0], 200)
    for i in range(5):
        equal("an event", s.send("PUT", f"/v1/stores/S{i}", {"name": f"Store {i}"}, owner)[0], 200)
    letters = lambda words="": s.get(f"{path}/dead-letters{words}", owner)[1]["items"]  # noqa: E731
    wait("five dead letters", lambda: len(letters()) == 5)
    all_of_them = letters()
    numbers = [x["sequence"] for x in all_of_them]
    equal("oldest first", numbers, sorted(numbers))
    check("each says why", all(x["status"] == 400 and "400" in x["reason"] and not x["waiting"]
                               and x["attempts"] == 1 and x["time"].endswith("Z") for x in all_of_them), all_of_them)
    page = s.get(f"{path}/dead-letters?limit=2", owner)[1]
    equal("a page", [x["sequence"] for x in page["items"]], numbers[:2])
    equal("goes on", [x["sequence"] for x in letters(f"?limit=100&after={page['next']}")], numbers[2:])

    equal("not with a till's key", s.get(f"{path}/dead-letters", till)[0], 403)
    equal("not of another tenant", s.get(f"{path}/dead-letters", other)[0], 404)
    equal("nor sent again by it", s.send("POST", f"{path}/replays", {}, other)[0], 404)
    equal("no such webhook", s.send("POST", "/v1/webhooks/none/replays", {}, owner)[0], 404)
    equal("a number that is none", s.send("POST", f"{path}/replays", {"sequence": 0}, owner)[0], 400)

    refuse.clear()
    equal("one", s.send("POST", f"{path}/replays", {"sequence": numbers[3]}, owner), (200, {"waiting": 1}))
    wait("it arrives", lambda: taken == [numbers[3]])
    wait("and is no dead letter", lambda: len(letters()) == 4)
    equal("all", s.send("POST", f"{path}/replays", {}, owner), (200, {"waiting": 4}))
    wait("they arrive in order", lambda: taken[1:] == numbers[:3] + numbers[4:])
    wait("none is left", lambda: letters() == [])
    equal("nothing to send", s.send("POST", f"{path}/replays", {}, owner), (200, {"waiting": 0}))

receiver.shutdown()
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
