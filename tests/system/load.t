#!/usr/bin/env python3
"""svarm-load against a server that misbehaves on purpose, and against known delays: are the counts
right, does it stay small?  TAP; standard library only.  The demo function gives well-behaved answers.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from load_harness import LOAD, OK, Echo, Hostile, check, counts, done, load, run_all, wait_until  # noqa: E402


def expect(server, path, want, code, *options):
    """20 requests over 4 connections come to @want."""
    got, figures = load(server.port, path, "-c", "4", "-n", "20", *options)
    check(f"{path}: {want}", (got, counts(figures)) == (code, want), (got, figures))
    return figures


def test_answers():
    server = Hostile()
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


# What comes back for 20 requests that are each answered with this and a closed connection.
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
RAW = {
    "zeros": (bytes(500), "malformed"),
    "a-line": (b"\r\n", "malformed"),
    "not-http": (b"SSH-2.0-OpenSSH_9.6\r\n", "malformed"),
    "http2": (b"HTTP/2 200\r\n\r\n", "malformed"),
    "status-words": (b"HTTP/1.1 two hundred\r\n\r\n", "malformed"),
    "status-999": (b"HTTP/1.1 999 Odd\r\n\r\n", "malformed"),
    "switches": (b"HTTP/1.1 101 Other\r\n\r\n", "malformed"),
    "header-bomb": (HEAD + b"X: y\r\n" * 20000 + b"\r\n", "malformed"),
    "header-line": (HEAD + b"X: " + b"y" * 100000 + b"\r\n\r\n", "malformed"),
    "no-colon": (HEAD + b"nonsense\r\n\r\n", "malformed"),
    "length-minus": (HEAD + b"Content-Length: -5\r\n\r\nhello", "malformed"),
    "length-words": (HEAD + b"Content-Length: five\r\n\r\nhello", "malformed"),
    "length-huge": (HEAD + b"Content-Length: 99999999999999999999\r\n\r\nhello", "malformed"),
    "length-two": (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "malformed"),
    "length-small": (HEAD + b"Content-Length: 2\r\n\r\nhello", "malformed"),
    "length-great": (HEAD + b"Content-Length: 9\r\n\r\nhello", "short"),
    "two-answers": (OK * 2, "malformed"),
    "chunk-words": (CHUNKED + b"five\r\nhello\r\n0\r\n\r\n", "malformed"),
    "chunk-minus": (CHUNKED + b"-1\r\nhello\r\n0\r\n\r\n", "malformed"),
    "chunk-huge": (CHUNKED + b"fffffffffffffffff\r\nhello", "malformed"),
    "chunk-long": (CHUNKED + b"2\r\nhello\r\n0\r\n\r\n", "malformed"),
    "chunk-cut": (CHUNKED + b"5\r\nhel", "short"),
    "chunk-no-end": (CHUNKED + b"5\r\nhello\r\n", "short"),
    "interim-only": (b"HTTP/1.1 100 Continue\r\n\r\n", "short"),
    "interims": (b"HTTP/1.1 102 Wait\r\n\r\n" * 9 + OK, "200"),
    "half-status": (b"HTTP/1.", "short"),
    "after-close": (HEAD + b"\r\nanything", "200"),
}


def test_raw():
    server = Hostile()
    server.raw = {name: text for name, (text, _) in RAW.items()}
    wrong = {}
    for name, (_, kind) in RAW.items():
        got, figures = load(server.port, name, "-c", "20", "-n", "20", "--timeout", "5s")
        if (got, counts(figures)) != (0 if kind == "200" else 1, {kind: 20}):
            wrong[name] = (got, kind, figures)
    check(f"{len(RAW)} answers that are broken or odd are each counted as what they are", not wrong, wrong)


def test_misbehaviour():
    server = Hostile()
    expect(server, "garbage", {"malformed": 20}, 1)
    expect(server, "half-head", {"short": 20}, 1)
    expect(server, "half-body", {"short": 20}, 1)
    expect(server, "nothing", {"closed": 20}, 1)
    expect(server, "reset-at-once", {"reset": 20}, 1)
    expect(server, "reset-amid", {"reset": 20}, 1)
    expect(server, "silent", {"timeout": 20}, 1, "--timeout", "100ms")
    expect(server, "too-much", {"malformed": 20}, 1)
    for path in ("endless-head", "endless-line", "endless-interim", "endless-trailers"):
        expect(server, path, {"malformed": 20}, 1)
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"x" * 20000000)
        f.flush()
        expect(server, "refuses-body", {"413": 20}, 1, "--data-file", f.name)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        got, figures = load(s.getsockname()[1], "", "-c", "4", "-n", "20")
    check("nobody listens: connect", (got, counts(figures)) == (1, {"connect": 20}), figures)
    check("and says why", figures.get("connect_error") == "Connection refused", figures)


def test_endless():
    """Bodies without end are read as they come, until the time is over."""
    server = Hostile()
    for path in ("ten-gigabytes", "endless-chunks"):
        with tempfile.TemporaryFile() as out:
            p = subprocess.Popen([LOAD, "--json", "-c", "4", "-n", "8", "--timeout", "500ms",
                                  f"http://127.0.0.1:{server.port}/{path}"], stdout=out)
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            figures = json.loads(out.read())
        check(f"{path}: cut by the time", (p.returncode, counts(figures)) == (1, {"timeout": 8}) and
              figures["bytes_in"] > 1000000, figures)
        check(f"{path}: nothing of it is kept", usage.ru_maxrss < 200000, (usage.ru_maxrss, figures))


def test_idle_connections():
    server = Hostile()
    got, figures = load(server.port, "closes-unsaid", "-c", "4", "-n", "3", "-r", "1")
    check("a connection that is closed while idle costs nothing",
          (got, counts(figures), figures.get("connects")) == (0, {"200": 3}, 3), figures)


def test_delays(echo):
    got, figures = load(echo.port, "?delay=100", "-c", "8", "-d", "2")
    latency = figures["latency_ms"]
    check("a delay of 100 ms is seen as such", got == 0 and 100 <= latency["min"] <= latency["p50"], figures)
    waited = latency["mean"] * latency["n"] / 1000
    check("8 connections are always waiting for an answer", figures["rps"] <= 80 and
          8 * 2 * 0.9 <= waited <= 8 * (2 + latency["max"] / 1000), (waited, figures))
    got, figures = load(echo.port, "", "-c", "50", "-d", "2", "-r", "300", "-t", "2")
    check("open loop: 300 a second for 2 s are 600", counts(figures) == {"200": 600}, figures)
    got, figures = load(echo.port, "", "-c", "50", "-d", "1", "-r", "100", "-w", "1")
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
    latency = figures["latency_ms"]
    check("nines rise to the worst", nines == sorted(nines) and nines[0] == [0, latency["min"]] and
          nines[-1] == [1, latency["max"]] and [q for q, _ in nines if 1 - q < .9 / n] == [1], figures)
    check("latency counts its values", figures["latency_ms"]["n"] == n == figures["service_ms"]["n"], figures)
    p = subprocess.run([LOAD, "--progress", "-c", "4", "-d", "2", f"http://127.0.0.1:{echo.port}/?delay=1"],
                       check=False, capture_output=True, text=True, timeout=60)
    *lines, last = [json.loads(line) for line in p.stdout.splitlines()]
    lines = [line["progress"] for line in lines]
    check("--progress: a line a second, the sum so far", [x["elapsed"] for x in lines] == [1, 2] and
          0 < lines[0]["answers"] < lines[1]["answers"] <= last["answers"] and
          lines[1]["answers"] >= sum(x["latest"]["answers"] for x in lines) and
          [x["latest"] for x in lines] == last["series"], p.stdout)


def test_rounds(echo):
    """4 connections to a server that takes 20 ms are good for 200 a second at most."""
    got, figures = load(echo.port, "?delay=20", "-c", "4", "-r", "5", "--ramp-to", "1205", "-d", "4")
    check("a ramp has its steps", [x["rate"] for x in figures["steps"]] == [5, 405, 805, 1205], figures)
    check("and says how far it was kept up with", figures["kept_up_to"] == 5 and
          [x["kept_up"] for x in figures["steps"]] == [True, False, False, False] and got == 1, figures)
    _, figures = load(echo.port, "?delay=50", "-c", "16", "-r", "100", "-d", "500ms", "--until-stable")
    check("--until-stable: rounds until they agree, or ten",
          figures["answers"] + figures["unsent"] == 50 * figures["rounds"] and
          (3 <= figures["rounds"] <= 10 if figures["stable"] else figures["rounds"] == 10), figures)


def test_request():
    server = Hostile()
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


def test_headers():
    server = Hostile()
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("# a comment\n\nAuthorization: Basic c2VjcmV0\r\nX-B: 2\n")
        f.flush()
        code, figures = load(server.port, "ok", "-n", "1", "-H", "X-A: 1", "-H", "@" + f.name, "-H", "X-C: 3")
        check("headers out of a file, among others", code == 0 and
              b"\r\nX-A: 1\r\nAuthorization: Basic c2VjcmV0\r\nX-B: 2\r\nX-C: 3\r\n" in server.head, (figures, server.head))
        f.write("Bearer c2VjcmV0\n")
        f.flush()
        p = subprocess.run([LOAD, "-n", "1", "-H", "@" + f.name, f"http://127.0.0.1:{server.port}/ok"],
                           text=True, capture_output=True, check=False)
    check("a fault in it has its place, and shows no secret", p.returncode == 2 and
          f"{f.name}:5:7: no ':'" in p.stderr and "c2V" not in p.stdout + p.stderr, p)


def test_stall():
    """A server frozen for a second: the calls that would have come count, in the open loop."""
    with Echo() as echo:
        p = subprocess.Popen([LOAD, "--progress", "-c", "200", "-d", "3", "-r", "100",
                              f"http://127.0.0.1:{echo.port}/"], stdout=subprocess.PIPE, text=True)
        p.stdout.readline()  # a second of it is over
        echo.freeze(1)
        figures = json.loads(p.communicate(timeout=60)[0].splitlines()[-1])
    check("open loop: a stall of 1 s is in the percentiles",
          figures["answers"] == 300 and figures["latency_ms"]["p90"] > 400, figures)


def test_limits(echo):
    _, figures = load(echo.port, "?size=1000000&chunked=1", "-c", "4", "-n", "50", "-t", "2")
    check("50 MB in chunks", counts(figures) == {"200": 50} and figures["bytes_in"] > 50000000,
          figures)
    p = subprocess.run([LOAD, "--json", "-n", "5", "--data-file", "-",
                        f"http://127.0.0.1:{echo.port}/"], input=b"y" * 300000,
                       capture_output=True, check=False)
    figures = json.loads(p.stdout)
    check("a body from standard input comes back whole",
          p.returncode == 0 and figures["bytes_in"] > 5 * 300000, figures)
    server = Hostile()
    p = subprocess.Popen([LOAD, "--json", "-c", "4", "-d", "60",
                          f"http://127.0.0.1:{server.port}/silent"], stdout=subprocess.PIPE)
    wait_until(lambda: server.requests == 4)
    start = time.monotonic()
    p.send_signal(signal.SIGINT)
    out = p.communicate(timeout=30)[0]
    check("SIGINT ends it with a report", time.monotonic() - start < 8 and "rps" in json.loads(out), out)


def test_usage():
    bad = [[], ["http://a", "http://b"], ["-c", "0", "http://a"], ["-c", "x", "http://a"],
           ["-d", "1x", "http://a"], ["-r", "-1", "http://a"], ["-t", "2", "http://a"],
           ["--nonsense", "http://a"], ["--ramp-to", "5", "http://a"], ["--request", "-", "http://a"],
           ["ftp://a"], ["-H", "bad", "http://a"], ["-c", "1.5", "http://a"], ["-t", "65", "http://a"],
           ["-H", "@-", "--data-file", "-", "http://127.0.0.1:9/"]]
    codes = [subprocess.run([LOAD, *a], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode for a in bad]
    check("mistakes end with 2", codes == [2] * len(bad), codes)
    p = subprocess.run([LOAD, "--json", "ftp://x"], capture_output=True, check=False)
    check("with --json the error is JSON", "error" in json.loads(p.stdout), p.stdout)


def main():
    if not os.path.exists(LOAD):
        print(f"1..0 # SKIP no {LOAD}: make test-programs")
        return 0
    run_all([test_answers, test_misbehaviour, test_raw, test_endless, test_request, test_headers, test_usage])
    with Echo() as echo:  # what needs some quiet
        run_all([test_stall, test_idle_connections, lambda: test_delays(echo), lambda: test_course(echo),
                 lambda: test_rounds(echo), lambda: test_limits(echo)])
    return done()


sys.exit(main())
