# SPDX-License-Identifier: Apache-2.0
"""A server for the tests and a small client of it. Python's standard library only."""
import http.client
import itertools
import json
import shutil
import signal
import subprocess
import tempfile

counter = itertools.count(1)


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {k.lower(): v for k, v in headers}
        self.bytes = body
        text = self.headers.get("content-type", "")
        self.json = json.loads(body) if "json" in text and "ndjson" not in text and body else None

    @property
    def code(self):
        return self.json.get("code") if isinstance(self.json, dict) else None

    def __repr__(self):
        return f"{self.status} {self.bytes[:300]!r}"


class Client:
    """One connection with one key."""

    def __init__(self, port, key=None):
        self.port, self.key = port, key
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method, path, body=None, idem=None, headers=None, raw=None):
        send = dict(headers or {})
        if self.key:
            send["Authorization"] = "Bearer " + self.key
        if raw is not None:
            data = raw
            send.setdefault("Content-Type", "application/json")
        elif body is not None:
            data = json.dumps(body).encode()
            send.setdefault("Content-Type", "application/json")
        else:
            data = None
        if idem is None and method != "GET":
            idem = f"k{next(counter)}"
        if idem:
            send["Idempotency-Key"] = idem
        self.connection.request(method, path, body=data, headers=send)
        r = self.connection.getresponse()
        return Reply(r.status, r.getheaders(), r.read())

    def get(self, path, **k):
        return self.call("GET", path, **k)

    def post(self, path, body=None, **k):
        return self.call("POST", path, body, **k)

    def put(self, path, body=None, **k):
        return self.call("PUT", path, body, **k)

    def patch(self, path, body=None, **k):
        return self.call("PATCH", path, body, **k)

    def bulk(self, lines):
        data = b"".join(json.dumps(x).encode() + b"\n" for x in lines)
        r = self.post("/v1/bulk", raw=data, headers={"Content-Type": "application/x-ndjson"}, idem="")
        return r, [json.loads(x) for x in r.bytes.splitlines()] if r.status == 200 else None


class Server:
    def __init__(self, program, store="memory", threads=1, folder=None):
        self.own = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="tongbao-api-")
        self.process = subprocess.Popen([program, self.folder, store, str(threads)],
                                        stdout=subprocess.PIPE, text=True)
        self.operator_key = self.word("key")
        self.port = int(self.word("port"))

    def word(self, what):
        line = self.process.stdout.readline().split()
        if len(line) != 2 or line[0] != what:
            raise SystemExit(f"the server said {line} instead of its {what}")
        return line[1]

    def client(self, key=None):
        return Client(self.port, key)

    def operator(self):
        return self.client(self.operator_key)

    def tenant(self, code, roles=("owner",), **more):
        """A tenant with one key; returns a client of it."""
        op = self.operator()
        body = {"name": code, "zone": "Asia/Shanghai", "currency": "CNY", **more}
        r = op.put(f"/v1/tenants/{code}", body)
        if r.status != 200:
            raise SystemExit(f"tenant: {r}")
        return self.client(self.key(code, roles))

    def key(self, tenant, roles, **more):
        r = self.operator().post(f"/v1/tenants/{tenant}/keys", {"roles": list(roles), **more})
        if r.status != 201:
            raise SystemExit(f"key: {r}")
        return r.json["key"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)
        return code


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, condition, text):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {text}", flush=True)

    def status(self, reply, status, text, code=None):
        self.that(reply.status == status and (code is None or reply.code == code),
                  f"{text}: wanted {status} {code or ''}, got {reply}")
        return reply.json

    def end(self):
        print(f"{self.passed} checks, {self.failed} failed")
        return 1 if self.failed else 0
