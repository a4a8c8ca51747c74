#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one request on one connection cannot show: limits, pipelining, bytes one by one,
100-continue, HEAD, a graceful stop.

    behaviour.py SHELL_SERVER ECHO_SERVER

Python's standard library only.
"""
import contextlib
import select
import socket
import subprocess
import sys
import threading
import time

from malformed import AUTH, GOOD, JSON, Reader, still_open

ORDER = (b"POST /v1/orders HTTP/1.1\r\n" + JSON.encode() +
         b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD.encode())


@contextlib.contextmanager
def running(program, *args):
    server = subprocess.Popen([program, *args], stdout=subprocess.PIPE, text=True)
    try:
        yield server, int(server.stdout.readline().split()[1])
    finally:
        if server.poll() is None:
            server.terminate()
        assert server.wait(30) == 0, f"the server ended with {server.returncode}"


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def test_pipelining(port):
    with connect(port) as s:
        threading.Thread(target=s.sendall, args=(ORDER * 1000,), daemon=True).start()
        reader = Reader(s)
        ids = set()
        for i in range(1000):
            status, headers, _ = reader.answer()
            assert status == 201, (i, status)
            ids.add(headers["request-id"])
        assert len(ids) == 1000, "request ids repeat"


def test_byte_by_byte(port):
    with connect(port) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chunked = (b"POST /v1/orders HTTP/1.1\r\n" + JSON.encode() +
                   b"Transfer-Encoding: chunked\r\n\r\n" +
                   b"".join(b"1\r\n" + bytes([c]) + b"\r\n" for c in GOOD.encode()) + b"0\r\n\r\n")
        for data in (ORDER, chunked):
            for i in range(len(data)):
                s.sendall(data[i:i + 1])
            assert Reader(s).answer()[0] == 201


def test_continue(port):
    head = (b"POST /v1/orders HTTP/1.1\r\n" + JSON.encode() +
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n")
    with connect(port) as s:
        s.sendall(head % len(GOOD))
        assert s.recv(1000).startswith(b"HTTP/1.1 100 "), "no 100-continue"
        s.sendall(GOOD.encode())
        assert Reader(s).answer()[0] == 201
    with connect(port) as s:  # refused without asking for the body
        s.sendall(head % (2 << 20))
        data = s.recv(4000)
        assert data.startswith(b"HTTP/1.1 413 "), data[:60]


def test_head(port):
    with connect(port) as s:
        s.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(s)
        status, headers, _ = reader.answer(has_body=False)
        assert status == 200 and int(headers["content-length"]) > 0
        assert reader.answer()[0] == 200


def test_rate(port):
    """The class `list` of this server: 40 at once, then one a second."""
    ask = b"GET /v1/events HTTP/1.1\r\n" + AUTH.encode() + b"\r\n"
    good = 0
    with connect(port) as s:
        reader = Reader(s)
        for _ in range(60):
            s.sendall(ask)
            status, headers, _ = reader.answer()
            good += status == 200
            if status == 429:
                assert 1 <= int(headers["retry-after"]) <= 2, headers
                assert headers["ratelimit-remaining"] == "0" and headers["ratelimit-limit"] == "40"
                assert 38 <= int(headers["ratelimit-reset"]) <= 40, headers
        assert 40 <= good <= 42, good
        time.sleep(1.2)
        s.sendall(ask)
        assert reader.answer()[0] == 200
        s.sendall(b"GET /v1/members/x HTTP/1.1\r\n" + AUTH.encode() + b"\r\n")
        assert reader.answer()[0] == 200, "another class is limited too"


def served(port):
    with connect(port) as s:
        return still_open(Reader(s))


def test_connections_per_address(port):
    sockets = []
    refused = 0
    for _ in range(320):  # the server allows 300
        s = connect(port)
        sockets.append(s)
    end = time.monotonic() + 20
    while len(select.select(sockets, [], [], 0.02)[0]) < 20 and time.monotonic() < end:
        time.sleep(0.01)  # until twenty have been told
    for s in sockets:
        s.setblocking(False)
        try:
            data = s.recv(1000)
            refused += data.startswith(b"HTTP/1.1 503 ") and b"too_many_connections" in data
            assert b"Retry-After" in data and data.count(b"{") == 1
            head, body = data.split(b"\r\n\r\n")
            assert int(head.split(b"Content-Length: ")[1].split(b"\r")[0]) == len(body), len(body)
        except BlockingIOError:
            pass
        except ConnectionResetError:
            refused += 1
    assert 19 <= refused <= 24, refused
    for s in sockets:
        s.close()
    end = time.monotonic() + 20
    while not served(port):
        assert time.monotonic() < end, "slots were not given back"
        time.sleep(0.02)


def test_lines(port):
    """Good lines of all sizes, bad ones, empty ones, and one that is too long."""
    line = '{"product":"p","quantity":1,"amount":1}'
    large = GOOD.replace(line, ",".join([line] * 500))
    body = "\n".join([GOOD, large, "", "{", '{"id":"' + "x" * 70000 + '"}', GOOD + "\r", GOOD])
    with connect(port) as s:
        s.sendall(b"POST /v1/orders/bulk HTTP/1.1\r\n" + AUTH.encode() +
                  b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body) +
                  body.encode())
        status, _, reply = Reader(s).answer()
        assert status == 200 and reply == b'{"good":4,"bad":2}\n', (status, reply)


def test_left_alone(port):
    """Clients that leave in the middle of everything do no harm."""
    for cut in range(0, len(ORDER), 7):
        with connect(port) as s:
            s.sendall(ORDER[:cut])
    time.sleep(2.5)  # the janitor finds those whose end came together with data
    with connect(port) as s:
        s.sendall(ORDER)
        assert Reader(s).answer()[0] == 201


def test_stop(program):
    """A stop answers what is under way, closes idle connections and refuses newcomers."""
    with running(program, "1") as (server, port):
        idle = connect(port)
        busy = connect(port)
        busy.sendall(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        time.sleep(0.2)
        server.terminate()
        time.sleep(0.3)
        busy.sendall(b"67890")
        status, headers, body = Reader(busy).answer()
        assert status == 200 and body == b"1234567890" and headers["connection"] == "close"
        assert busy.recv(10) == b"" and idle.recv(10) == b""
        try:
            connect(port)
            raise AssertionError("a stopped server accepts")
        except ConnectionRefusedError:
            pass


def test_readers_who_do_not_read(port, large=12 << 20):
    """Large replies that nobody takes cost the memory that there is for them, and no more."""
    ask = b"GET /v1/large?n=%d HTTP/1.1\r\nHost: a\r\n\r\n" % large
    idle = []
    for _ in range(3):  # 32 MiB hold two
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(20)
        s.connect(("127.0.0.1", port))
        s.sendall(ask)
        idle.append((s, s.recv(12)))
    assert [first for _, first in idle] == [b"HTTP/1.1 200", b"HTTP/1.1 200", b"HTTP/1.1 503"], idle
    with connect(port) as s:  # small ones are not asked for their memory
        s.sendall(b"GET /v1/small HTTP/1.1\r\nHost: a\r\n\r\n")
        assert Reader(s).answer()[0] == 200
    for s, _ in idle:
        s.close()
    for _ in range(100):  # what the readers left is there again
        with connect(port) as s:
            s.sendall(ask)
            status, _, body = Reader(s).answer()
            if status == 200:
                assert len(body) == large
                return
            time.sleep(0.1)
    raise AssertionError("memory is lost")


def test_one_holder_leaves_room(port, part=4 << 20):
    """Of 32 MiB one tenant has 24; whoever else asks finds some. Bodies that are only announced count."""
    def post(holder, n):
        s = connect(port)
        s.sendall(b"POST /v1/echo?holder=%d HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" %
                  (holder, n))
        return s, s.recv(12)
    announced = [post(1, 1 << 20) for _ in range(25)]
    assert [x[1] for x in announced] == [b"HTTP/1.1 100"] * 24 + [b"HTTP/1.1 503"], announced[-2:]
    other = post(2, 1 << 20)
    assert other[1] == b"HTTP/1.1 100", other
    for s, _ in [*announced, other]:
        s.close()
    for _ in range(100):
        s, first = post(1, part >> 2)
        s.close()
        if first == b"HTTP/1.1 100":
            return
        time.sleep(0.1)
    raise AssertionError("memory is lost")


def main():
    with running(sys.argv[1]) as (_, port):
        for test in (test_pipelining, test_byte_by_byte, test_continue, test_head, test_rate,
                     test_lines, test_left_alone, test_connections_per_address):
            test(port)
            print(f"{test.__name__} ok")
    with running(sys.argv[2], "1", "0", str(32 << 20)) as (_, port):
        test_readers_who_do_not_read(port)
        print("test_readers_who_do_not_read ok")
        test_one_holder_leaves_room(port)
        print("test_one_holder_leaves_room ok")
    test_stop(sys.argv[2])
    print("test_stop ok")


if __name__ == "__main__":
    main()
