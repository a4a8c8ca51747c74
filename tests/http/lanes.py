#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One tenant's flood leaves room for others (src/http/server_lane.c): what the handler has of one lane while
several ask, in which order the rest follows, and that nobody is forgotten.

    tests/http/lanes.py build/tests/http/echo_server
"""
import http.client
import json
import select
import socket
import subprocess
import sys
import time

MOST = 64     # TB_HTTP_LANE_MOST
MEMORY = 1024  # TB_HTTP_LANE_MEMORY


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "1"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        self.desk = http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, path):
        self.desk.request("GET", path)
        reply = self.desk.getresponse()
        assert reply.status == 200, reply.status
        return reply.read()

    def hold(self, lane, n):
        """n connections that ask and are not answered yet."""
        out = []
        for i in range(n):
            s = socket.create_connection(("127.0.0.1", self.port))
            s.sendall(f"GET /v1/hold?lane={lane}&n={i} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            out.append(s)
        return out

    def until(self, inside, what="inside"):
        """Waits until the server has so many (this question itself is one); how many the handler holds."""
        while True:
            found = json.loads(self.ask("/v1/held"))
            if found[what] == inside:
                return found["held"]
            time.sleep(.005)

    def release(self, n):
        self.ask(f"/v1/release?n={n}")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0


def answered(s):
    s.settimeout(30)
    text = s.recv(4096)
    assert text.startswith(b"HTTP/1.1 200") and text.endswith(b"held"), text
    s.close()


def answers(sockets, n):
    """Waits for the answers of n of them, whichever; the others, which have none."""
    left = list(sockets)
    while len(left) > len(sockets) - n:
        for s in select.select(left, [], [], 30)[0]:
            answered(s)
            left.remove(s)
    assert len(left) == len(sockets) - n
    return left


def test_alone(server):
    """A tenant that nobody asks beside is not bounded."""
    flood = server.hold(7, 3 * MOST)
    assert server.until(len(flood) + 1) == len(flood)
    server.release(len(flood))
    answers(flood, len(flood))


def test_shared(server):
    """Beside others it has so many, they have room at once, and it goes on where some of its own are answered."""
    server.ask("/v1/small?lane=7")
    server.ask("/v1/small?lane=8")
    flood = server.hold(7, 3 * MOST)
    assert server.until(len(flood) + 1) == MOST
    quiet = server.hold(8, 3)
    assert server.until(len(flood) + 3 + 1) == MOST + 3
    server.release(MOST)  # they came first
    flood = answers(flood, MOST)
    assert server.until(MOST + 3, "held") == MOST + 3
    server.release(3)  # the quiet ones came before those of the flood that were let in after them
    answers(quiet, 3)
    assert not select.select(flood, [], [], 0)[0]
    server.release(MOST)
    server.until(MOST, "held")
    server.release(MOST)
    answers(flood, len(flood))
    assert server.until(1) == 0


def test_order(server):
    """Those that wait are let in as they came."""
    server.ask("/v1/small?lane=8")
    flood = server.hold(7, MOST)
    server.until(MOST + 1)
    later = []
    for _ in range(5):
        later += server.hold(7, 1)
        assert server.until(MOST + len(later) + 1) == MOST
    server.release(MOST)
    answers(flood, MOST)
    server.until(len(later), "held")
    for s in later:
        server.release(1)
        answered(s)


def test_leaving(server):
    """Those who leave before their turn are dropped, and nobody else."""
    server.ask("/v1/small?lane=8")
    flood = server.hold(7, 2 * MOST)
    assert server.until(len(flood) + 1) == MOST
    gone = flood[MOST::2]
    for s in gone:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    stay = [s for s in flood if s not in gone]
    while json.loads(server.ask("/v1/held"))["inside"] > 1:
        server.release(MOST)
    answers(stay, len(stay))


def test_forgets(server):
    """Others who have not asked for so many requests are no reason to bound it."""
    server.ask("/v1/small?lane=8")
    for _ in range(MEMORY + 1):
        server.ask("/v1/small?lane=7")
    flood = server.hold(7, 2 * MOST)
    assert server.until(len(flood) + 1) == len(flood)
    server.release(len(flood))
    answers(flood, len(flood))


def main():
    server = Server(sys.argv[1])
    for test in (test_alone, test_shared, test_order, test_leaving, test_forgets):
        test(server)
        print(test.__name__, "ok", flush=True)
    flood = server.hold(7, 10)
    server.until(11)
    server.release(10)
    answers(flood, 10)
    server.desk.close()
    server.stop()


if __name__ == "__main__":
    main()
