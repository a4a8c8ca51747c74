# SPDX-License-Identifier: Apache-2.0
"""A server for the tests and a small client of it. Python's standard library only."""
import http.client
import itertools
import json
import re
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


class Shapes:
    """Checks every 2xx answer against the description that the server gives of itself."""

    def __init__(self, api):
        self.api = api
        self.seen, self.wrong = set(), []
        self.rows = []
        for path, item in api["paths"].items():
            pattern = re.compile("^" + re.sub(r"\{[a-z_]+\}", "[^/]+", path) + "$")
            for method, op in item.items():
                self.rows.append((method.upper(), "{" in path, pattern, op))
        self.rows.sort(key=lambda r: r[1])  # literal paths first

    def operation(self, method, path):
        for m, _, pattern, op in self.rows:
            if m == method and pattern.match(path):
                return op
        return None

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def check(self, schema, v, at):
        schema = self.resolve(schema)
        kind = schema.get("type")
        python = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
        if kind and (not isinstance(v, python[kind]) or (kind == "integer" and isinstance(v, bool))):
            yield f"{at} is {v!r}, not {kind}"
        elif kind == "object":
            yield from self.check_object(schema, v, at)
        elif kind == "array":
            if not schema["minItems"] <= len(v) <= schema["maxItems"]:
                yield f"{at} has {len(v)} items"
            for i, x in enumerate(v):
                yield from self.check(schema["items"], x, f"{at}/{i}")
        elif kind == "integer" and not schema["minimum"] <= v <= schema["maximum"]:
            yield f"{at} is {v}"
        elif kind == "string":
            if "enum" in schema and v not in schema["enum"]:
                yield f"{at} is {v!r}"
            if not schema.get("minLength", 0) <= len(v) <= schema.get("maxLength", 1 << 30):
                yield f"{at} has {len(v)} characters"
            if schema.get("format") == "date-time" and not re.match(r"^\d{4}-\d\d-\d\dT[\d:.]+Z$", v):
                yield f"{at} is no time: {v}"

    def check_object(self, schema, v, at):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in v:
                yield f"{at}/{name} is missing"
        more = schema.get("additionalProperties", True)
        for name, x in v.items():
            if name in properties:
                yield from self.check(properties[name], x, f"{at}/{name}")
            elif more is False:
                yield f"{at}/{name} is not described"
            elif isinstance(more, dict):
                yield from self.check(more, x, f"{at}/{name}")

    def reply(self, method, path, r):
        op = self.operation(method, path.split("?")[0])
        if op is None or not 200 <= r.status <= 299:
            return
        said = op["responses"].get(str(r.status))
        if said is None:
            self.wrong.append(f"{op['operationId']}: {r.status} is not described")
            return
        self.seen.add(op["operationId"])
        schema = said.get("content", {}).get("application/json", {}).get("schema")
        if schema is not None and r.json is not None:
            self.wrong += [f"{op['operationId']}: {t}" for t in self.check(schema, r.json, "")]


class Client:
    """One connection with one key."""

    shapes = None  # for all clients, when set

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
        reply = Reply(r.status, r.getheaders(), r.read())
        if Client.shapes is not None:
            Client.shapes.reply(method, path, reply)
        return reply

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
