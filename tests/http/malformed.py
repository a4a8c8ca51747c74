#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends every row of malformed.tsv to the shell and compares status, code and field.

    malformed.py SHELL_SERVER [CASES]

A refused request must leave the server answering, and the connection open or closed as
the row says. Whatever a problem document holds is checked too: status equals the status
line, the request id equals the header, the code is one of problem.h.
Python's standard library only.
"""
import concurrent.futures
import json
import os
import re
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOOD = ('{"id":"o1","store":"s1","currency":"CNY","occurred_at":"2026-11-22T10:00:00Z",'
        '"lines":[{"product":"p","quantity":1,"amount":1}]}')
AUTH = "Host: a\r\nAuthorization: Bearer tb_all\r\n"
JSON = AUTH + "Content-Type: application/json\r\nIdempotency-Key: k1\r\n"
MACROS = {
    "{B}": GOOD,
    "{B1}": GOOD[:-1],
    "{BL}": GOOD[:-3] + ",",
    "{BQ}": GOOD[:GOOD.index('"quantity":') + 11],
    "{A}": AUTH,
    "{J}": JSON,
}


def expand(text):
    """Escapes to bytes, then macros, then repetitions."""
    data = re.sub(r"\\(x[0-9a-fA-F]{2}|[rnt0\\])",
                  lambda m: {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}.get(m[1]) or
                  chr(0xE000 + int(m[1][1:], 16)), text)
    for macro, value in MACROS.items():
        data = data.replace(macro, value)
    for _ in range(2):  # the inner one of two first
        data = re.sub(r"\{\*(\d+):([^{}]*|\{|\})\}", lambda m: m[2] * int(m[1]), data)
    out = bytearray()
    for ch in data:  # \xNN went through as private code points
        if 0xE000 <= ord(ch) <= 0xE0FF:
            out.append(ord(ch) - 0xE000)
        else:
            out += ch.encode()
    return bytes(out)


def read_cases(path):
    cases = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            kind, status, code, extra, text = line.split("\t", 4)
            cases.append((number, kind, status.split("|"), code.split("|"), extra, text))
    return cases


def request_of(kind, text):
    if kind == "J":
        body = expand(text)
        return (b"POST /v1/orders HTTP/1.1\r\n" + JSON.encode() +
                b"Content-Length: %d\r\n\r\n" % len(body) + body)
    if kind == "G":
        return b"GET " + expand(text) + b" HTTP/1.1\r\n" + AUTH.encode() + b"\r\n"
    return expand(text)


class Reader:
    def __init__(self, sock):
        self.sock = sock
        self.data = b""
        self.closed = False

    def more(self):
        try:
            part = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            part = b""
        self.closed = self.closed or not part
        self.data += part
        return bool(part)

    def answer(self, has_body=True):
        """(status, headers, body) of the next final answer; None when there is none."""
        while True:
            while b"\r\n\r\n" not in self.data:
                if not self.more():
                    return None
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            headers = {k.lower(): v.strip() for k, v in (x.split(":", 1) for x in lines[1:])}
            if status != 100:
                break
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self.data) < length:
            if not self.more():
                break
        body, self.data = self.data[:length], self.data[length:]
        return status, headers, body


def still_open(reader):
    """True when another request on the same connection is answered."""
    try:
        reader.sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    except OSError:
        return False
    got = reader.answer()
    return got is not None and got[0] == 200


def send_slowly_enough(sock, data):
    try:
        sock.sendall(data)
    except (ConnectionResetError, BrokenPipeError, socket.timeout):
        pass  # the server refused before it had everything; its answer is read below


def check_document(got, codes, field, problems):
    status, headers, body = got
    wanted = [c for c in codes if c != "-"]
    if headers.get("content-type") != "application/problem+json":
        return None if "-" in codes else f"no problem document: {body[:200]!r}"
    document = json.loads(body)
    if document["code"] not in problems or problems[document["code"]] != status:
        return f"status {status} does not belong to code {document['code']}"
    said = document.get("request_id")
    if document["status"] != status or said != headers.get("request-id", said):
        return "the document contradicts the headers"
    if wanted and document["code"] not in wanted:
        return f"code {document['code']}, not {wanted}"
    if field not in ("-", "", None) and document.get("field") != field:
        return f"field {document.get('field')}, not {field}"
    return None


def run_case(port, case, problems):
    number, kind, statuses, codes, extra, text = case
    data = request_of(kind, text)
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        send_slowly_enough(sock, data)
        reader = Reader(sock)
        got = reader.answer(has_body=not data.startswith(b"HEAD"))
        if got is None:
            return None if "000" in statuses else "closed without an answer"
        if f"{got[0]:03d}" not in statuses:
            return f"status {got[0]}, not {statuses}: {got[2][:200]!r}"
        if got[0] >= 400:
            bad = check_document(got, codes, extra if kind != "R" else None, problems)
            if bad:
                return bad
        if kind == "R" and extra != "any":
            is_open = still_open(reader)
            if is_open != (extra == "open"):
                return "the connection stayed open" if is_open else "the connection was closed"
    return None


def read_problems():
    path = os.path.join(HERE, "..", "..", "src", "http", "problem.h")
    with open(path, encoding="utf-8") as f:
        return {c: int(s) for c, s in re.findall(r'X\(\w+, "([a-z0-9_]+)", (\d{3})', f.read())}


def main():
    cases = read_cases(sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "malformed.tsv"))
    problems = read_problems()
    server = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
    failed = 0
    try:
        port = int(server.stdout.readline().split()[1])
        assert len(GOOD) == 128, len(GOOD)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = pool.map(lambda c: run_case(port, c, problems), cases)
            for case, bad in zip(cases, results):
                if bad:
                    failed += 1
                    print(f"malformed.tsv:{case[0]}: {bad}\n    {case[5][:160]}")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            if not still_open(Reader(sock)):
                failed += 1
                print("the server does not answer any more")
    finally:
        server.terminate()
        code = server.wait(20)
    if code != 0:
        failed += 1
        print(f"the server ended with {code}")
    print(f"{len(cases)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
