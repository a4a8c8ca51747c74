#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suspend and resume under load: many connections, answered from another thread in random
order, while others come, go, break off in mid-request and read slowly.

    stress.py ECHO_SERVER [SECONDS [CONNECTIONS [THREADS [SEED]]]]

Every answer must carry the bytes that this connection sent, exactly once and in order;
the server must end with status 0 (ASan and TSan builds say what they saw) after a graceful
stop under load.  Python's standard library only.
"""
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import time


class Client:
    """One connection: sends a request, checks its answer, sends the next."""

    def __init__(self, port, number, rng):
        self.port, self.number, self.rng = port, number, rng
        self.sent = 0
        self.sock = None
        self.connect()

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.sock.setblocking(False)
        self.data = b""
        self.out = b""
        self.expected = []

    def close(self):
        if self.rng.random() < 0.5:  # with a reset: the server learns it before it answers
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def ask(self):
        """Queues one to three requests at once (pipelined)."""
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            self.sent += 1
            size = self.rng.choice((0, 5, 300, 300, 5000, 60000))
            body = b"%d-%d-" % (self.number, self.sent) + b"x" * size
            path = self.rng.choice((b"shuffle", b"shuffle", b"shuffle", b"echo", b"call", b"inline"))
            if self.rng.random() < 0.3:
                framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            else:
                framed = b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            self.out += b"POST /v1/%s HTTP/1.1\r\nHost: a\r\n" % path + framed
            self.expected.append(body)

    def write(self):
        if self.out:
            n = self.rng.randrange(1, len(self.out) + 1) if self.rng.random() < 0.2 else len(self.out)
            try:
                self.out = self.out[self.sock.send(self.out[:n]):]
            except BlockingIOError:
                pass

    def read(self):
        """Number of answers that came; raises when one is wrong."""
        part = self.sock.recv(200000)
        if not part:
            raise ConnectionError(f"client {self.number}: closed with {len(self.expected)} open")
        self.data += part
        done = 0
        while b"\r\n\r\n" in self.data:
            head, rest = self.data.split(b"\r\n\r\n", 1)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(rest) < length:
                break
            body, self.data = rest[:length], rest[length:]
            want = self.expected.pop(0)
            if not head.startswith(b"HTTP/1.1 200 ") or body != want:
                raise AssertionError(f"client {self.number}: {head[:60]!r} {body[:60]!r}, want {want[:60]!r}")
            done += 1
        return done


def wave(port, clients, rng, until):
    answers = breaks = 0
    with selectors.DefaultSelector() as selector:
        for c in clients:
            c.ask()
            selector.register(c.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, c)
        while time.monotonic() < until:
            for key, events in selector.select(1):
                c = key.data
                if events & selectors.EVENT_READ:
                    answers += c.read()
                    if not c.expected:
                        c.ask()
                if events & selectors.EVENT_WRITE:
                    c.write()
                if rng.random() < 0.004:  # leaves with requests under way
                    selector.unregister(c.sock)
                    c.close()
                    c.connect()
                    c.ask()
                    selector.register(c.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, c)
                    breaks += 1
                else:
                    want = selectors.EVENT_READ | (selectors.EVENT_WRITE if c.out else 0)
                    if want != key.events:
                        selector.modify(c.sock, want, c)
    return answers, breaks


def get(port, path, slow=False):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while part := s.recv(2000 if slow else 200000):
            data += part
    return data


def streams(port):
    """A long reply in chunks from another thread, read fast and slowly, and given up."""
    for n, slow in ((20000, False), (3000, True)):
        data = get(port, f"/v1/stream?n={n}", slow)
        lines = sum(line.startswith(b'{"line":') for line in data.split(b"\n"))
        assert lines >= n * 0.99, (lines, n)  # a chunk boundary may cut a line in two
        assert data.endswith(b"0\r\n\r\n"), data[-40:]
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
            s.sendall(b"GET /v1/stream?n=100000 HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(1000)


def leavers(port):
    """Gone, with a reset, while the handler has the request; the next one is answered."""
    ask = b"POST /v1/shuffle HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"
    for i in range(300):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.sendall(ask)
            time.sleep(i % 4 / 2000)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(ask)
        assert s.recv(4096).endswith(b"\r\n\r\nok")


def lines(port):
    """Bodies line by line with pauses."""
    body = b"".join(b'{"n":%d}\n' % i for i in range(5000))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(b"POST /v1/lines HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
        s.sendall(body)
        data = s.recv(4096)
    assert b'"lines":5000' in data, data


def main():
    args = sys.argv[2:]
    seconds = float(args[0]) if args else 10
    connections = int(args[1]) if len(args) > 1 else 200
    threads = args[2] if len(args) > 2 else "2"
    seed = int(args[3]) if len(args) > 3 else random.SystemRandom().randrange(1 << 30)
    print(f"repeat with: stress.py {sys.argv[1]} {seconds} {connections} {threads} {seed}")
    rng = random.Random(seed)
    env = dict(os.environ, TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")
    server = subprocess.Popen([sys.argv[1], threads], stdout=subprocess.PIPE, text=True, env=env)
    try:
        port = int(server.stdout.readline().split()[1])
        clients = [Client(port, i, rng) for i in range(connections)]
        answers, breaks = wave(port, clients, rng, time.monotonic() + seconds)
        streams(port)
        leavers(port)
        lines(port)
        assert answers > connections * 2, answers
    finally:
        server.terminate()  # with requests under way on all connections
        code = server.wait(60)
    print(f"{answers} answers, {breaks} broken off, server ended with {code}")
    sys.exit(1 if code != 0 else 0)


if __name__ == "__main__":
    main()
