#!/usr/bin/env python3
"""The demo function, feature by feature, over loopback.  TAP; standard library only.

ECHO names the program (default build/echo); a sanitizer build of it is a good one to test.
"""
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.environ.get("ECHO", "build/echo")
HOST = socket.gethostname()
results = []


class Server:
    def __init__(self, **env):
        self.process = subprocess.Popen(
            [PROGRAM, "127.0.0.1:0"], stderr=subprocess.PIPE, env={**os.environ, **env},
            stdout=subprocess.PIPE if "LOG" in env else subprocess.DEVNULL
        )
        line = self.process.stderr.readline().decode()
        self.port = int(re.search(r"port (\d+)", line).group(1))

    def connect(self, timeout=10):
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


class Reader:
    """Reads answers off a connection, strictly."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def more(self):
        got = self.sock.recv(1 << 20)
        self.data += got
        return bool(got)

    def until(self, mark):
        while mark not in self.data:
            if not self.more():
                raise EOFError(self.data)
        head, self.data = self.data.split(mark, 1)
        return head

    def exactly(self, n):
        parts, have = [self.data], len(self.data)
        while have < n:
            got = self.sock.recv(1 << 20)
            if not got:
                raise EOFError(have)
            parts.append(got)
            have += len(got)
        data = b"".join(parts)
        self.data = data[n:]
        return data[:n]

    def rest(self):
        while self.more():
            pass
        return self.data

    def chunks(self):
        body = b""
        while True:
            n = int(self.until(b"\r\n"), 16)
            body += self.exactly(n)
            assert self.exactly(2) == b"\r\n"
            if n == 0:
                return body

    def answer(self, method="GET"):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .+", lines[0]).group(1))
        headers = {}
        for line in lines[1:]:
            k, v = line.split(": ", 1)
            assert k.lower() not in headers, line
            headers[k.lower()] = v
        if method == "HEAD" or status in (100, 204, 304):
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self.chunks()
        if "content-length" in headers:
            return status, headers, self.exactly(int(headers["content-length"]))
        return status, headers, self.rest()


def request(target="/", body=b"", method="GET", headers=(), length=True):
    lines = [f"{method} {target} HTTP/1.1", "Host: t", *headers]
    if body and length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(body, piece):
    out = b""
    for i in range(0, len(body), piece):
        part = body[i : i + piece]
        out += b"%x;ext=1\r\n" % len(part) + part + b"\r\n"
    return out + b"0\r\nTrailer: x\r\n\r\n"


def call(raw, method="GET"):
    with server.connect() as s:
        s.sendall(raw)
        return Reader(s).answer(method)


def refused(raw, status):
    """Answered with @status, then hung up on, in an orderly way."""
    with server.connect() as s:
        s.sendall(raw)
        r = Reader(s)
        got = r.answer()
        assert got[0] == status, got
        assert got[1]["connection"] == "close", got
        assert r.rest() == b""


def test(f):
    results.append(f)
    return f


@test
def an_empty_body_is_greeted():
    status, headers, body = call(request())
    assert status == 200 and headers["content-type"] == "text/plain"
    assert body.decode() == f"echo on {HOST}\n", body


@test
def a_body_comes_back_with_its_type():
    got = call(request("/x", b'{"a":1}', "POST", ["Content-Type: application/json"]))
    assert got[0] == 200 and got[2] == b'{"a":1}', got
    assert got[1]["content-type"] == "application/json"
    assert call(request("/", b"hi", "POST"))[1]["content-type"] == "text/plain"


@test
def every_verb_reaches_it():
    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"):
        info = json.loads(call(request("/p?info=1", b"x", verb))[2])
        assert info["method"] == verb and info["body_length"] == 1, info


@test
def head_has_no_body():
    with server.connect() as s:
        s.sendall(request("/?size=5", method="HEAD") + request("/", b"hi", "POST"))
        r = Reader(s)
        assert r.answer("HEAD")[1]["content-length"] == "5"
        assert r.answer()[2] == b"hi"


@test
def bodies_of_all_sizes_come_back_whole():
    data = random.Random(1).randbytes(3 << 20)
    for n in (1, 65535 - 64, 65536, 65537, 131072, 131073, 3 << 20):
        assert call(request("/", data[:n], "POST"))[2] == data[:n], n
    for n, piece in ((1, 1), (1000, 7), (70000, 65536), (3 << 20, 100000)):
        raw = request("/", b"", "POST", ["Transfer-Encoding: chunked"]) + chunked(data[:n], piece)
        assert call(raw)[2] == data[:n], n


@test
def sixty_four_megabytes_fit_and_no_more():
    big = bytes(64 << 20)
    with server.connect(30) as s:
        s.sendall(request("/", big, "POST"))
        assert Reader(s).answer()[2] == big
    refused(request("/", b"", "POST", [f"Content-Length: {(64 << 20) + 1}"]), 413)
    raw = request("/", b"", "POST", ["Transfer-Encoding: chunked"])
    refused(raw + b"4000000\r\n" + big + b"\r\n1\r\nx", 413)


@test
def size_and_chunked_shape_the_answer():
    assert call(request("/?size=0"))[2] == b""
    got = call(request("/?size=1000000", b"ignored", "POST"))
    assert got[2] == b"x" * 1000000 and got[1]["content-length"] == "1000000"
    for n in (0, 1, 16384, 16385, 100000):
        got = call(request(f"/?size={n}&chunked=1"))
        assert got[1]["transfer-encoding"] == "chunked" and got[2] == b"x" * n, n
    body = bytes(range(256)) * 300
    assert call(request("/?chunked=1", body, "POST"))[2] == body


@test
def status_is_what_was_asked():
    for n in (200, 201, 404, 418, 500, 503, 599):
        assert call(request(f"/?status={n}", b"b", "POST"))[::2] == (n, b"b")
    with server.connect() as s:
        s.sendall(request("/?status=204", b"b", "POST") + request("/?status=304") + request())
        r = Reader(s)
        first = r.answer()
        assert first[0] == 204 and "content-length" not in first[1], first
        assert r.answer()[0] == 304 and r.answer()[0] == 200


@test
def headers_ask_like_the_query_and_the_query_wins():
    assert call(request("/", headers=["X-Echo-Status: 418"]))[0] == 418
    assert call(request("/?status=500", headers=["X-Echo-Status: 418"]))[0] == 500
    assert call(request("/", headers=["x-echo-size: 7"]))[2] == b"x" * 7


@test
def wrong_wishes_are_refused():
    for q in ("delay=x", "delay=600001", "status=199", "status=600", "size=-1", "size=1073741825",
              "fail=maybe", "chunked=2", "info=yes", "delay=", "size=99999999999999999999"):
        refused(request("/?" + q), 400)
    assert call(request("/?other=1&=&&x"))[0] == 200


@test
def info_tells_what_arrived():
    got = call(request('/a/b?info=1&q=%22"', b"12345", "PUT",
                       ["A: one", 'B: "\\\t\xe9', "a: two"]))
    assert got[1]["content-type"] == "application/json"
    info = json.loads(got[2])
    assert info == {"method": "PUT", "path": "/a/b", "query": 'info=1&q=%22"', "hostname": HOST,
                    "body_length": 5, "headers": {"host": "t", "a": "one, two", "b": '"\\\t\xe9',
                                                  "content-length": "5"}}, info


@test
def file_env_and_log_show_what_a_platform_gives():
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/key", "wb") as f:
            f.write(b"\0secret\xff" * 2000)
        one = Server(ECHO_SECRETS=folder, SOME="value", LOG="1")
        with one.connect() as s:
            for q in ("file=key", "file=none", "env=SOME", "env=NONE", "log=line-1"):
                s.sendall(request("/?" + q, b"body", "POST"))
            r = Reader(s)
            assert r.answer()[2] == b"\0secret\xff" * 2000
            assert r.answer()[0] == 404
            assert r.answer()[2] == b"value"
            assert r.answer()[0] == 404
            assert r.answer()[2] == b"body"
        one.stop()
        assert one.process.stdout.read() == b"echo: line-1\n"
    for q in ("file=../x", "file=.x", "file=a/b", "file=", "env=%41", "log=a%0Ab"):
        refused(request("/?" + q), 400)


@test
def a_delay_delays_only_its_own_call():
    slow = server.connect()
    begin = time.monotonic()
    slow.sendall(request("/?delay=1500", b"late", "POST"))
    for _ in range(20):
        assert call(request())[0] == 200
    assert not select.select([slow], [], [], 0)[0]  # all of them before it
    assert Reader(slow).answer()[2] == b"late"
    took = time.monotonic() - begin
    slow.close()
    assert 1.5 <= took < 2.9, took  # and they did not put it off: less than twice


@test
def many_delays_end_in_their_order():
    ends, lock = [], threading.Lock()
    delays = random.Random(2).sample(range(50, 2050), 60)

    def one(ms):
        begin = time.monotonic()
        try:
            call(request(f"/?delay={ms}"))
        except OSError:
            return  # missed below
        with lock:
            ends.append((ms, (time.monotonic() - begin) * 1000))

    threads = [threading.Thread(target=one, args=(ms,)) for ms in delays]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    late = sorted(end - ms for ms, end in ends)
    # One after the other, or all of them at the end, they would be a second late.
    assert len(ends) == 60 and late[0] >= 0 and late[30] < 500 and late[-1] < 3000, ends


@test
def fail_close_hangs_up_without_an_answer():
    for q in ("fail=close", "fail=close&delay=50"):
        with server.connect() as s:
            s.sendall(request("/?" + q, b"body", "POST"))
            assert s.recv(100) == b""


@test
def probes_answer_200():
    assert call(request("/_/health"))[::2] == (200, b"ok\n")
    assert call(request("/_/ready"))[::2] == (200, b"ok\n")


@test
def pipelined_requests_are_answered_in_order():
    with server.connect() as s:
        s.sendall(b"".join(request("/", b"n%d" % i, "POST") for i in range(500)))
        r = Reader(s)
        assert [r.answer()[2] for _ in range(500)] == [b"n%d" % i for i in range(500)]
    with server.connect() as s:
        chunk = request("/", b"", "POST", ["Transfer-Encoding: chunked"]) + chunked(b"abc", 2)
        s.sendall(request("/?delay=100") + chunk + request("/?chunked=1", b"d", "POST") + chunk)
        r = Reader(s)
        got = [r.answer()[2] for _ in range(4)]
        assert got[1:] == [b"abc", b"d", b"abc"], got


@test
def split_packets_make_no_difference():
    raw = request("/s", b"", "POST", ["Transfer-Encoding: chunked"]) + chunked(b"hello world", 4)
    raw += request("/?status=201", b"sized", "PUT")
    with server.connect() as s:
        for i in range(len(raw)):
            s.sendall(raw[i : i + 1])
            time.sleep(0.0005)
        r = Reader(s)
        assert r.answer()[2] == b"hello world" and r.answer()[::2] == (201, b"sized")
    for cut in range(1, len(raw), 3):
        with server.connect() as s:
            s.sendall(raw[:cut])
            time.sleep(0.001)
            s.sendall(raw[cut:])
            r = Reader(s)
            assert r.answer()[2] == b"hello world" and r.answer()[2] == b"sized", cut


@test
def a_body_split_around_the_read_buffer_survives():
    for n in (65536 - 60, 65536, 200000):
        body = random.Random(n).randbytes(n)
        raw = request("/", body, "POST")
        with server.connect() as s:
            s.sendall(raw[:100])
            time.sleep(0.01)
            s.sendall(raw[100:-1])
            time.sleep(0.01)
            s.sendall(raw[-1:] + request("/", b"next", "POST"))
            r = Reader(s)
            assert r.answer()[2] == body and r.answer()[2] == b"next", n


@test
def a_client_that_sends_all_before_it_reads_is_served():
    body = bytes(20 << 20)
    with server.connect(20) as s:
        s.sendall(request("/", body, "POST"))
        time.sleep(0.2)
        assert Reader(s).answer()[2] == body


@test
def a_slow_reader_gets_everything():
    with server.connect() as s:
        s.sendall(request("/?size=30000000&chunked=1"))
        time.sleep(0.3)
        r = Reader(s)
        for _ in range(20):
            r.data += s.recv(1000)
            time.sleep(0.005)
        assert r.answer()[2] == b"x" * 30000000


@test
def heads_beyond_the_limits_are_refused():
    refused(b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", 414)
    refused(request(headers=["A: " + "b" * 17000]), 431)
    refused(request(headers=["A: " + "b" * 100000]), 431)
    refused(request(headers=[f"A{i}: b" for i in range(100)]), 431)
    assert call(request(headers=[f"A{i}: b" for i in range(99)]))[0] == 200
    assert call(request("/" + "a" * 16000))[0] == 200


@test
def broken_requests_are_refused():
    h = b"Host: t\r\n"
    for raw in (
        b"GET / HTTP/1.1\nHost: t\n\n", b"GET / HTTP/1.1\r\nHost: t\r\nA: b\rc\r\n\r\n",
        b"GET  / HTTP/1.1\r\n" + h + b"\r\n", b"GET /\x01 HTTP/1.1\r\n" + h + b"\r\n",
        b"G(T / HTTP/1.1\r\n" + h + b"\r\n", b"GET x HTTP/1.1\r\n" + h + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + h + h + b"\r\n",
        b"GET / HTTP/1.1\r\n" + h + b"A : b\r\n\r\n", b"GET / HTTP/1.1\r\n" + h + b" fold\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + h + b"A: \x00\r\n\r\n", b"GET / HTTP/1.1\r\n" + h + b"nocolon\r\n\r\n",
        b"GET /\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET * HTTP/1.1\r\n" + h + b"\r\n",
    ):
        refused(raw, 400)
    refused(b"GET / HTTP/2.0\r\n" + h + b"\r\n", 505)
    refused(request(headers=["Expect: magic"]), 417)


@test
def ambiguous_bodies_are_refused():
    for headers in (
        ["Content-Length: 1", "Content-Length: 2"], ["Content-Length: 1, 1"],
        ["Content-Length: +1"], ["Content-Length: 0x1"], ["Content-Length:"],
    ):
        refused(request("/", b"", "POST", headers) + b"x", 400)
    for headers in (
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ):
        refused(request("/", b"", "POST", headers) + b"0\r\n\r\n", 400)
    refused(request("/", b"", "POST", ["Transfer-Encoding: gzip, chunked"]), 501)
    refused(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
    raw = request("/", b"", "POST", ["Transfer-Encoding: chunked"])
    for body in (b"x\r\n", b"\r\n", b"5\nhello", b"5\r\nhelloX", b"-1\r\n", b"ffffffffffffffff1\r\n",
                 b"1;" + b"e" * 2000, b"0\r\n" + b"T: x\r\n" * 3000, b"0\r\nA\n"):
        with server.connect() as s:
            s.sendall(raw + body)
            assert Reader(s).answer()[0] in (400, 413), body


@test
def keep_alive_and_close_as_the_client_says():
    with server.connect() as s:
        r = Reader(s)
        for _ in range(3):
            s.sendall(request())
            assert "connection" not in r.answer()[1]
        s.sendall(request(headers=["Connection: foo, Close"]))
        assert r.answer()[1]["connection"] == "close" and r.rest() == b""
    with server.connect() as s:
        r = Reader(s)
        s.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert r.answer()[1]["connection"] == "keep-alive"
        s.sendall(b"GET /?chunked=1&size=9 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        status, headers, body = r.answer()
        assert headers["connection"] == "close" and body == b"x" * 9
    with server.connect() as s:
        s.sendall(b"\r\n\r\nGET http://h/abs?info=1 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert json.loads(Reader(s).answer()[2])["path"] == "/abs"


@test
def continue_is_said_when_the_body_is_awaited():
    with server.connect() as s:
        r = Reader(s)
        s.sendall(request("/", b"", "POST", ["Expect: 100-continue", "Content-Length: 2"]))
        assert r.answer()[0] == 100
        s.sendall(b"ok")
        assert r.answer()[2] == b"ok"
    refused(request("/", b"", "POST", ["Expect: 100-continue", "Content-Length: 99999999"]), 413)


@test
def clients_that_leave_early_do_no_harm():
    raw = request("/?size=50000000")
    for i in range(200):
        s = server.connect()
        s.sendall((raw, raw[:20], request("/?delay=300"), request("/", bytes(90000))[:5000])[i % 4])
        if i % 3 == 0:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    time.sleep(0.5)
    assert call(request())[0] == 200
    with server.connect() as s:
        s.sendall(request("/?delay=100", b"half", "POST"))
        s.shutdown(socket.SHUT_WR)
        assert Reader(s).answer()[2] == b"half"


@test
def garbage_does_not_bring_it_down():
    rnd = random.Random(3)
    seeds = [
        request("/?info=1&delay=1", b"abc", "POST", ["A: b", "Expect: 100-continue"]),
        request("/", b"", "POST", ["Transfer-Encoding: chunked"]) + chunked(b"x" * 50, 9),
        request("/?chunked=1&size=99", headers=["X-Echo-Status: 201", "Connection: close"]),
    ]
    for _ in range(1500):
        raw = bytearray(b"".join(rnd.choices(seeds, k=rnd.randint(1, 3))))
        for _ in range(rnd.randint(1, 6)):
            at = rnd.randrange(len(raw))
            kind = rnd.randrange(3)
            if kind == 0:
                raw[at] = rnd.randrange(256)
            elif kind == 1:
                del raw[at : at + rnd.randint(1, 20)]
            else:
                raw[at:at] = rnd.choice([b"\r\n", b"\n", b"\x00", b"9" * 30, b": ", b" ", b"0\r\n\r\n"])
            raw = raw or bytearray(b"x")
        with server.connect(5) as s:
            s.sendall(raw)
            s.shutdown(socket.SHUT_WR)
            try:
                while s.recv(65536):
                    pass
            except ConnectionResetError:
                pass
    assert server.process.poll() is None and call(request())[0] == 200


@test
def a_thousand_connections_at_once():
    conns = [server.connect() for _ in range(1000)]
    for s in conns:
        s.sendall(request("/?delay=50", b"k", "POST"))
    assert all(Reader(s).answer()[2] == b"k" for s in conns)
    for s in conns:
        s.close()


@test
def sigterm_finishes_what_is_in_flight():
    own = Server()
    busy, idle = (socket.create_connection(("127.0.0.1", own.port), 10) for _ in range(2))
    idle.sendall(request())
    assert Reader(idle).answer()[0] == 200
    busy.sendall(request("/?delay=3500", b"work", "POST"))
    time.sleep(0.2)
    own.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + 3
    while True:
        try:
            socket.create_connection(("127.0.0.1", own.port), 1).close()
        except (ConnectionRefusedError, ConnectionResetError):
            break
        assert time.monotonic() < end, "still accepts"
        time.sleep(0.05)
    idle.sendall(request())  # was under way when the signal came
    got = Reader(idle).answer()
    assert got[0] == 200 and got[1]["connection"] == "close", got
    assert Reader(busy).answer()[2] == b"work"
    assert own.process.wait(2) == 0


@test
def sigterm_waits_five_seconds_at_most():
    own = Server()
    s = socket.create_connection(("127.0.0.1", own.port), 10)
    s.sendall(request("/?delay=60000"))
    time.sleep(0.5)
    begin = time.monotonic()
    assert own.stop() == 0
    assert 4.5 < time.monotonic() - begin < 8  # the call asks for 60
    own = Server()
    begin = time.monotonic()
    assert own.stop() == 0 and time.monotonic() - begin < 2


@test
def more_threads_serve_as_one_does():
    for n in ("1", "4"):
        own = Server(ECHO_THREADS=n)
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", own.port), 10) as s:
                s.sendall(request("/", b"t", "POST"))
                assert Reader(s).answer()[2] == b"t"
        assert own.stop() == 0


@test
def wrong_arguments_are_told():
    for args in (["x"], ["70000"], ["1.2.3:80"], ["8080", "more"]):
        p = subprocess.run([PROGRAM, *args], stderr=subprocess.PIPE, timeout=5, check=False)
        assert p.returncode == 2 and b"usage" in p.stderr, args


def run():
    failed = 0
    print(f"1..{len(results) + 1}")
    for i, f in enumerate(results, 1):
        try:
            f()
            print(f"ok {i} - {f.__name__.replace('_', ' ')}", flush=True)
        except Exception as e:  # any failure is this test's, the others still run
            failed += 1
            print(f"not ok {i} - {f.__name__.replace('_', ' ')}")
            print(f"# {type(e).__name__}: {str(e)[:500]}", flush=True)
    code = server.stop()
    for line in server.process.stderr.read().decode("latin-1").splitlines()[:20]:
        print("# " + line)
    print(f"{'ok' if code == 0 else 'not ok'} {len(results) + 1} - exits 0 after all this")
    return 1 if failed or code else 0


if not os.access(PROGRAM, os.X_OK):
    print(f"1..0 # SKIP no {PROGRAM}: make it first")
    sys.exit(0)
server = Server()
sys.exit(run())
