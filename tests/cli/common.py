# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: running the program, counting, serving."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TONGBAO = os.environ.get("TONGBAO", str(ROOT / "build-check" / "tongbao"))
DATA = pathlib.Path(os.environ.get("TONGBAO_DATA", ROOT.parent / "shared" / "data"))

passed = 0
failed = 0


def check(what, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {what} {detail}", flush=True)


def equal(what, got, want):
    check(what, got == want, f": got {got!r}, want {want!r}")


def finish():
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def wait_for(fn, seconds=20):
    """What fn gives as soon as it is true, else its last."""
    end = time.time() + seconds
    while not (got := fn()) and time.time() < end:
        time.sleep(0.02)
    return got


def run(*words, cwd=None, env=None, timeout=300):
    """The finished process; text in stdout and stderr."""
    return subprocess.run([TONGBAO, *map(str, words)], capture_output=True, text=True, cwd=cwd,
                          env=env, timeout=timeout, check=False)


def good(*words, **more):
    r = run(*words, **more)
    check(" ".join(map(str, words[:3])) + " ends with 0", r.returncode == 0, f"{r.returncode}: {r.stderr[-400:]}")
    return r


def sql(data, text):
    r = good("sql", "--format", "json", "--data", data, text)
    return [json.loads(line) for line in r.stdout.splitlines()]


def report(data, kind, map_file, *files, **more):
    """Imports and returns the figures."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as f:
        good("import", kind, "--map", map_file, "--data", data, "--report", f.name, *files, **more)
        text = f.read()
    return json.loads(text) if text else {}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Served:
    """A server on a folder, for a with statement."""

    def __init__(self, data, *words):
        self.data, self.words, self.port = data, words, free_port()
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([TONGBAO, "serve", "--data", str(self.data), "--listen",
                                         f"127.0.0.1:{self.port}", *self.words], stderr=self.log)
        self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            if self.get("/readyz")[0] == 200:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("not ready: " + self.text())

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def get(self, path, key=None):
        return self.send("GET", path, None, key)

    def send(self, method, path, body, key=None, headers=None):
        """(status, parsed body); status 0 when nobody answers."""
        h = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            h["Authorization"] = "Bearer " + key
        h.update(headers or {})
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=h)
        try:
            with urllib.request.urlopen(request, timeout=20) as r:
                status, text = r.status, r.read()
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, None
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=30)

    def __exit__(self, *_):
        self.stop()
        self.log.close()
