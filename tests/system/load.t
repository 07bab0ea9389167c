#!/usr/bin/env python3
"""svarm-load against a server that misbehaves on purpose, and against known delays: are the counts
right, is the time the server's?  TAP; standard library only.

LOAD names the program (default the sanitised build); the demo function gives well-behaved answers.
"""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

LOAD = os.environ.get("LOAD", "build/san/svarm-load")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def recv_head(s):
    """One request's head; b"" when the client has hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        if not got:
            return b""
        data += got
    return data


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Hostile:
    """Each request asks by its path for what is done to it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.requests = 0
        self.head = b""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            while True:
                head = recv_head(s)
                if not head:
                    break
                self.requests += 1
                self.head = head
                path = re.match(rb"\S+ /(\S*)", head)[1].decode()
                if not getattr(self, path.replace("-", "_"))(s):
                    break
        except OSError:
            pass
        finally:
            s.close()

    def ok(self, s):
        s.sendall(OK)
        return True

    def slowly(self, s):
        for byte in OK:
            s.sendall(bytes([byte]))
        return True

    def garbage(self, s):
        s.sendall(os.urandom(200) + b"\n" * 10)

    def half_head(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")

    def half_body(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    def nothing(self, s):
        return False

    def reset_at_once(self, s):
        reset(s)

    def reset_amid(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        time.sleep(0.05)
        reset(s)

    def silent(self, s):
        time.sleep(30)

    def too_much(self, s):
        s.sendall(OK + b"and more")
        return True

    def endless_head(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            s.sendall(b"X-Again: and again\r\n" * 100)

    def ten_gigabytes(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            s.sendall(b"x" * 1000000)

    def closing(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    def until_close(self, s):
        s.sendall(b"HTTP/1.0 200 OK\r\n\r\nall of it")

    def closes_later(self, s):
        s.sendall(OK)
        time.sleep(0.02)

    def teapot(self, s):
        s.sendall(b"HTTP/1.1 418 Teapot\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
        return True

    def interim(self, s):
        s.sendall(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK)
        return True

    def refuses_body(self, s):
        s.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)


class Echo:
    """The demo function; frozen and thawed by signals."""

    def __init__(self):
        self.process = subprocess.Popen(["build/echo", "127.0.0.1:0"], stderr=subprocess.PIPE,
                                        env={**os.environ, "ECHO_THREADS": "1"})
        self.port = int(re.search(r"port (\d+)", self.process.stderr.readline().decode())[1])

    def freeze(self, after, seconds):
        def run():
            time.sleep(after)
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)
        threading.Thread(target=run, daemon=True).start()


results = []


def check(name, ok, seen=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    if not ok:
        print(f"# {seen}", flush=True)


def load(port, path, *options, timeout=60):
    """(exit code, figures)."""
    p = subprocess.run([LOAD, "--json", *options, f"http://127.0.0.1:{port}/{path}"], check=False,
                       capture_output=True, text=True, timeout=timeout)
    try:
        return p.returncode, json.loads(p.stdout)
    except ValueError:
        return p.returncode, {"no JSON": p.stdout + p.stderr}


def counts(figures):
    """All that happened, by name; what did not is left out."""
    return {**figures.get("status", {}), **{k: n for k, n in figures.get("errors", {}).items() if n}}


def expect(server, path, want, code, *options):
    """20 requests over 4 connections come to @want."""
    got, figures = load(server.port, path, "-c", "4", "-n", "20", *options)
    check(f"{path}: {want}", (got, counts(figures)) == (code, want), (got, figures))
    return figures


def test_answers(server):
    before = server.requests
    figures = expect(server, "ok", {"200": 20}, 0)
    check("as many requests as asked for, over as many connections",
          (server.requests - before, figures.get("connects")) == (20, 4), figures)
    check("every byte of the answers is counted", figures.get("bytes_in") == 20 * len(OK), figures)
    expect(server, "slowly", {"200": 20}, 0)
    expect(server, "interim", {"200": 20}, 0)
    expect(server, "teapot", {"418": 20}, 1)
    figures = expect(server, "closing", {"200": 20}, 0)
    check("a server that closes gets a connection for each", figures.get("connects") == 20, figures)
    expect(server, "until-close", {"200": 20}, 0)
    figures = expect(server, "ok", {"200": 20}, 0, "--fresh")
    check("--fresh opens one for each", figures.get("connects") == 20, figures)


def test_misbehaviour(server):
    expect(server, "garbage", {"malformed": 20}, 1)
    expect(server, "half-head", {"short": 20}, 1)
    expect(server, "half-body", {"short": 20}, 1)
    expect(server, "nothing", {"closed": 20}, 1)
    expect(server, "reset-at-once", {"reset": 20}, 1)
    expect(server, "reset-amid", {"reset": 20}, 1)
    expect(server, "silent", {"timeout": 20}, 1, "--timeout", "100ms")
    expect(server, "too-much", {"malformed": 20}, 1)
    expect(server, "endless-head", {"malformed": 20}, 1)
    expect(server, "ten-gigabytes", {"timeout": 20}, 1, "--timeout", "200ms")
    with open("/tmp/svarm-load-body", "wb") as f:
        f.write(b"x" * 20000000)
    expect(server, "refuses-body", {"413": 20}, 1, "--data-file", f.name)
    os.unlink(f.name)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        got, figures = load(s.getsockname()[1], "", "-c", "4", "-n", "20")
    check("nobody listens: connect", (got, counts(figures)) == (1, {"connect": 20}), figures)
    check("and says why", figures.get("connect_error") == "Connection refused", figures)


def test_idle_connections(server):
    got, figures = load(server.port, "closes-later", "-c", "4", "-n", "20", "-r", "10")
    check("a connection that is closed while idle costs nothing",
          (got, counts(figures)) == (0, {"200": 20}), figures)


def test_delays(echo):
    got, figures = load(echo.port, "?delay=100", "-c", "8", "-d", "2")
    latency = figures["latency_ms"]
    check("a delay of 100 ms is seen as such", got == 0 and 100 <= latency["p50"] < 130, figures)
    check("8 connections make 80 a second of it", 60 <= figures["rps"] <= 80, figures)
    got, figures = load(echo.port, "", "-c", "8", "-d", "2", "-r", "300", "-t", "2")
    check("open loop: 300 a second for 2 s are 600", counts(figures) == {"200": 600}, figures)
    got, figures = load(echo.port, "", "-c", "4", "-d", "1", "-r", "100", "-w", "1")
    check("what was due in the warm-up is not counted", counts(figures) == {"200": 100}, figures)
    got, figures = load(echo.port, "?delay=200", "-c", "1", "-d", "1", "-r", "20")
    check("what found no connection is said", figures["unsent"] + figures["answers"] == 20 and
          figures["unsent"] >= 14, figures)


def test_course(echo):
    """The run second by second, and the plot of quantiles."""
    got, figures = load(echo.port, "", "-c", "4", "-t", "2", "-d", "2500ms", "-r", "400")
    series, nines, n = figures["series"], figures["nines"], figures["answers"]
    in_time = round(figures["rps"] * figures["seconds"])
    check("the seconds of a run, the last as long as it was",
          [(p["t"], p["seconds"]) for p in series] == [(0, 1), (1, 1), (2, .5)], figures)
    check("hold what came before the end", abs(sum(p["answers"] for p in series) - in_time) <= 1, figures)
    check("nines rise to the worst", nines == sorted(nines) and nines[0] == [0, figures["latency_ms"]["min"]] and
          nines[-1] == [1, figures["latency_ms"]["max"]] and [q for q, _ in nines if 1 - q < .9 / n] == [1], figures)
    check("latency counts its values", figures["latency_ms"]["n"] == n == figures["service_ms"]["n"], figures)
    p = subprocess.run([LOAD, "--progress", "-c", "4", "-d", "2", f"http://127.0.0.1:{echo.port}/missing"],
                       check=False, capture_output=True, text=True, timeout=60)
    *lines, last = [json.loads(line) for line in p.stdout.splitlines()]
    lines = [line["progress"] for line in lines]
    check("--progress: a line a second, the sum so far", [x["elapsed"] for x in lines] == [1, 2] and
          0 < lines[0]["answers"] < lines[1]["answers"] <= last["answers"] and
          lines[1]["answers"] >= sum(x["latest"]["answers"] for x in lines) and
          [x["latest"] for x in lines] == last["series"], p.stdout)


def test_rounds(echo):
    """4 connections to a server that takes 20 ms are good for 200 a second at most."""
    got, figures = load(echo.port, "?delay=20", "-c", "4", "-r", "20", "--ramp-to", "620", "-d", "4")
    check("a ramp has its steps", [x["rate"] for x in figures["steps"]] == [20, 220, 420, 620], figures)
    check("and says how far it was kept up with", figures["kept_up_to"] == 20 and
          [x["kept_up"] for x in figures["steps"]] == [True, False, False, False] and got == 1, figures)
    _, figures = load(echo.port, "?delay=50", "-c", "16", "-r", "100", "-d", "500ms", "--until-stable")
    check("--until-stable: rounds until they agree, or ten", figures["answers"] == 50 * figures["rounds"] and
          (3 <= figures["rounds"] <= 10 if figures["stable"] else figures["rounds"] == 10), figures)


def test_request(server):
    text = f"POST http://127.0.0.1:{server.port}/ok\nAuthorization: Basic c2VjcmV0\n\n"
    p = subprocess.run([LOAD, "--json", "-n", "1", "--request", "-"], input=text, text=True,
                       capture_output=True, check=False)
    check("a whole request from standard input", p.returncode == 0 and
          server.head.startswith(b"POST /ok HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n") and
          "c2V" not in p.stdout + p.stderr, (p, server.head))
    p = subprocess.run([LOAD, "-n", "1", "--request", "-"], input=text.replace("Basic", "\001"), text=True,
                       capture_output=True, check=False)
    check("what is wrong with it shows no secret", p.returncode == 2 and "header 1" in p.stderr and
          "c2V" not in p.stdout + p.stderr, p)


def test_stall(echo):
    """A server frozen for a second: the calls that would have come count, in the open loop."""
    echo.freeze(1, 1)
    _, figures = load(echo.port, "", "-c", "200", "-d", "3", "-r", "100")
    check("open loop: a stall of 1 s is in the percentiles",
          figures["answers"] == 300 and figures["latency_ms"]["p90"] > 400, figures)
    echo.freeze(1, 1)
    _, figures = load(echo.port, "", "-c", "1", "-d", "3", "-r", "100")
    check("also when a single connection must catch up, and the lag says it",
          figures["latency_ms"]["p90"] > 400 and figures["lag_ms"]["max"] > 800, figures)
    check("while the service times look fine", figures["service_ms"]["p90"] < 100, figures)


def test_limits(echo, server):
    _, figures = load(echo.port, "?size=1000000&chunked=1", "-c", "4", "-n", "50", "-t", "2")
    check("50 MB in chunks", counts(figures) == {"200": 50} and figures["bytes_in"] > 50000000,
          figures)
    p = subprocess.run([LOAD, "--json", "-n", "5", "--data-file", "-",
                        f"http://127.0.0.1:{echo.port}/"], input=b"y" * 300000,
                       capture_output=True, check=False)
    figures = json.loads(p.stdout)
    check("a body from standard input comes back whole",
          p.returncode == 0 and figures["bytes_in"] > 5 * 300000, figures)
    start = time.monotonic()
    p = subprocess.Popen([LOAD, "--json", "-c", "4", "-d", "60",
                          f"http://127.0.0.1:{server.port}/silent"], stdout=subprocess.PIPE)
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    out = p.communicate(timeout=10)[0]
    check("SIGINT ends it with a report", time.monotonic() - start < 5 and "rps" in json.loads(out), out)


def test_usage():
    bad = [[], ["http://a", "http://b"], ["-c", "0", "http://a"], ["-c", "x", "http://a"],
           ["-d", "1x", "http://a"], ["-r", "-1", "http://a"], ["-t", "2", "http://a"],
           ["--nonsense", "http://a"], ["--ramp-to", "5", "http://a"], ["--request", "-", "http://a"], ["https://a"], ["-H", "bad", "http://a"]]
    codes = [subprocess.run([LOAD, *a], capture_output=True, check=False).returncode for a in bad]
    check("mistakes end with 2", codes == [2] * len(bad), codes)
    p = subprocess.run([LOAD, "--json", "ftp://x"], capture_output=True, check=False)
    check("with --json the error is JSON", "error" in json.loads(p.stdout), p.stdout)


def main():
    if not os.path.exists(LOAD):
        print(f"1..0 # SKIP no {LOAD}: make test-programs")
        return 0
    server, echo = Hostile(), Echo()
    try:
        test_answers(server)
        test_misbehaviour(server)
        test_idle_connections(server)
        test_delays(echo)
        test_course(echo)
        test_rounds(echo)
        test_request(server)
        test_stall(echo)
        test_limits(echo, server)
        test_usage()
    finally:
        echo.process.kill()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
