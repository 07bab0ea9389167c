#!/usr/bin/env python3
"""svarm-probe async against a gateway that loses, doubles, garbles and refuses on purpose: is the account
right?  And svarm-probe call against a function that wakes slowly, and svarm-probe undo, killed.  TAP; standard library only.

PROBE names the program (default the sanitised build).
"""
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PROBE = os.environ.get("PROBE", "build/san/svarm-probe")


class Gateway(http.server.BaseHTTPRequestHandler):
    """What is done to call N is told by its path: /async-function/BEHAVIOUR."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = self.headers.get("X-Callback-Url") or ""
        number = int(url.rsplit("/", 1)[-1])
        behaviour = self.path.rsplit("/", 1)[-1].replace("-", "_")
        status, callbacks = getattr(self, behaviour)(number, body)
        if status:
            self.answer(status)
        else:
            self.close_connection = True
        for status, body in callbacks:
            call_back(url, status, body)

    def do_GET(self):
        self.server.gets += 1
        if self.server.gets == 1:
            time.sleep(0.3)
        self.answer(503 if self.path == "/broken" else 200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def well(self, number, body):
        return 202, [(200, body)]

    def lossy(self, number, body):
        return 202, [] if number % 10 == 3 else [(200, body)]

    def double(self, number, body):
        return 202, [(200, body)] * (2 if number % 5 == 0 else 1)

    def garbled(self, number, body):
        return 202, [(200, body[:-2] if number % 20 == 7 else body)]

    def not_an_echo(self, number, body):
        return 202, [(200, b"hello")]

    def failing(self, number, body):
        return 202, [(500, body)]

    def choosy(self, number, body):
        return (503, []) if number % 4 == 0 else (202, [(200, body)])

    def hangs_up(self, number, body):
        return (None, []) if number % 2 else (202, [(200, body)])

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    gets = 0


def call_back(url, status, body):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request("POST", parts.path, body, {"X-Function-Status": str(status)})
    assert connection.getresponse().status == 200
    connection.close()


server = Server(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
number = 0


def report(ok, name, what=""):
    global number
    number += 1
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)
    if not ok:
        print("# " + str(what).replace("\n", "\n# "), flush=True)
    return ok


def probe(*arguments):
    done = subprocess.run([PROBE, *arguments], capture_output=True, text=True, timeout=60, check=False)
    lines = done.stdout.splitlines()
    try:
        return done.returncode, json.loads(lines[-1]) if lines else {}, done
    except ValueError:
        return done.returncode, {}, done


def account(name, behaviour, status, wanted, *more):
    code, got, done = probe("async", "--listen", "127.0.0.1", "-n", "100", "--patience", "3", *more,
                            f"{base}/async-function/{behaviour}")
    report(code == status and all(got.get(k) == v for k, v in wanted.items()), name,
           f"exit {code}: {got}\n{done.stderr}\nwanted {wanted}")
    return got


print("1..19")
clean = {"sent": 100, "accepted": 100, "refused": 0, "unanswered": 0, "called_back": 100, "lost": 0, "duplicated": 0,
         "wrong": 0, "failed": 0}
got = account("all accepted, all called back", "well", 0, clean)
e = got.get("end_to_end_ms", {})
report(e.get("n") == 100 and 0 < e["min"] <= e["p50"] <= e["p99"] <= e["max"] and
       got["accept_seconds"] > 0 and got["drain_seconds"] > 0 and got["nines"][-1] == [1, e["max"]], "times", got)
account("lost ones are counted", "lossy", 1, {**clean, "called_back": 90, "lost": 10})
account("second callbacks are counted", "double", 1, {**clean, "duplicated": 20})
account("wrong bodies are counted", "garbled", 0, {**clean, "wrong": 5})
account("a function that does not echo has no wrong bodies", "not-an-echo", 0,
        {k: v for k, v in clean.items() if k != "wrong"} | {"wrong": None})
account("what the function failed is counted", "failing", 0, {**clean, "failed": 100, "failed_status": 500})
account("refused calls are no lost ones", "choosy", 1,
        {**clean, "accepted": 75, "refused": 25, "refused_status": 503, "called_back": 75})
account("a call without an answer is neither", "hangs-up", 1,
        {**clean, "accepted": 50, "unanswered": 50, "called_back": 50}, "-c", "7")
code, got, done = probe("async", "--listen", "127.0.0.1", "-n", "5", "http://127.0.0.1:1/async-function/x")
report(code == 1 and got.get("unanswered") == 5, "nobody is there", done)
code, got, done = probe("async", "--listen", "192.0.2.1", base)
report(code == 3 and "192.0.2.1" in done.stderr, "an address that is not ours", done)

with subprocess.Popen([PROBE, "async", "--listen", "127.0.0.1", "-n", "10", "--patience", "50",
                       f"{base}/async-function/lossy"], stdout=subprocess.PIPE, text=True) as p:
    first = p.stdout.readline()
    p.send_signal(signal.SIGTERM)
    rest = p.stdout.read()
report("progress" in json.loads(first) and json.loads(rest.splitlines()[-1]).get("lost") == 1,
       "progress while it waits, and an account when it is told to end", first + rest)

before = time.time()
code, got, done = probe("call", base + "/function/x")
report(code == 0 and got.get("status") == 200 and 0.3 <= got["seconds"] <= time.time() - before and
       got["warm_ms"] < got["seconds"] * 1000 and before <= got["begin"] <= time.time(), "a call that wakes it up", got)
code, got, done = probe("call", base + "/broken")
report(code == 0 and got.get("status") == 503, "an answer is an answer", got)
code, got, done = probe("call", "http://127.0.0.1:1/")
report(code == 1 and got.get("status") == 0 and got.get("error") == "connect", "no answer", got)


def undone(how):
    """Whether the program of `undo` has run, after its end by @how."""
    with tempfile.TemporaryDirectory() as folder:
        mark = os.path.join(folder, "mark")
        with subprocess.Popen([PROBE, "undo", "/usr/bin/touch", mark], stdout=subprocess.PIPE,
                              start_new_session=True) as p:
            assert p.stdout.readline() == b'{"armed": true}\n' and not os.path.exists(mark)
            watcher = watcher_of(mark, p.pid)
            how(p)
            p.wait()
            p.stdout.read()  # until nobody holds it open any more
        end = time.monotonic() + 30
        while is_running(watcher) and time.monotonic() < end:
            time.sleep(0.01)
        return os.path.exists(mark)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False


def watcher_of(mark, starter):
    """The process of another session."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                command = f.read().split(b"\0")[1:4]
        except OSError:
            continue
        if command == [b"undo", b"/usr/bin/touch", mark.encode()] and int(pid) != starter:
            return int(pid)
    raise RuntimeError("nobody watches")


report(not undone(lambda p: p.terminate()), "undo: told that all is well, it does nothing")
report(undone(lambda p: p.kill()), "undo: killed, it does")
report(undone(lambda p: os.killpg(p.pid, signal.SIGKILL)), "undo: its whole session killed, it does")
done = subprocess.run([PROBE, "undo", "touch"], capture_output=True, check=False)
report(done.returncode == 2, "undo: a program is named by its path", done)
sys.stdout.flush()
