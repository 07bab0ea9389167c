#!/usr/bin/env python3
"""Asynchronous calls: accepted once, run at least once, whatever is killed meanwhile.  TAP."""
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Callbacks, Stack, free_port, run, wait_for  # noqa: E402

GIVE_UP = 40


def fields(entry):
    return dict(zip([k.decode() for k in entry[1][::2]], entry[1][1::2]))


def dead(s):
    return [fields(e) for e in s.redis()("XRANGE", "svarm:dead", "-", "+") or []]


def arrives(s):
    """202, then a callback with the answer, its headers, and ours"""
    cb = Callbacks()
    r = s.post("/async-function/echo/p?x=1&status=201", b"hei\0\xff",
               {"X-Callback-Url": cb.url, "Content-Type": "application/x-thing"})
    assert r.status == 202
    wait_for("the callback", lambda: cb.of(r.headers["x-call-id"]))
    got = cb.of(r.headers["x-call-id"])[0]
    assert got.command == "POST" and got.path == "/cb" and got.payload == b"hei\0\xff"
    assert got.headers["X-Function-Status"] == "201" and got.headers["X-Function-Name"] == "echo"
    assert float(got.headers["X-Duration-Seconds"]) > 0
    assert got.headers["Content-Type"] == "application/x-thing", dict(got.headers)
    s.await_empty_queue()
    time.sleep(0.3)
    assert len(cb.of(r.headers["x-call-id"])) == 1
    cb.stop()


def as_sent(s):
    """the function sees the path, query and headers of the call, and which attempt it is"""
    seen = s.backend("127.0.0.10", lambda rq: (200, {}, b"")).requests
    s.function("seen", ["127.0.0.10"])
    r = s.post("/async-function/seen/a%2Fb/../c?q=%20", b"body", {
        "X-Mine": "1", "Authorization": "Bearer t", "Connection": "close, x-hop", "Te": "trailers",
        "Cookie": "a=b", "User-Agent": "me"})
    assert r.status == 202
    wait_for("the call", lambda: seen)
    h = seen[0].headers
    assert seen[0].command == "POST" and seen[0].path == "/a%2Fb/../c?q=%20", seen[0].path
    assert seen[0].payload == b"body"
    assert h["X-Mine"] == "1" and h["Cookie"] == "a=b" and h["Authorization"] == "Bearer t"
    assert h["User-Agent"] == "me" and not h.get("Te") and not h.get("X-Callback-Url")
    assert h["X-Call-Id"] == r.headers["x-call-id"] and h["X-Delivery-Attempt"] == "1"
    assert not h.get("Content-Type"), h.get("Content-Type")
    s.await_empty_queue()


def probe(s):
    """the probe sees the whole way"""
    code, out = s.probe("async", "echo")
    assert code == 0 and out["ok"] and out["echoed"] and out["function_status"] == "200", out
    code, out = s.probe("async", "nope")
    assert code == 1 and out["status"] == 404, out


def thousand(s):
    """1,000 calls accepted while no worker runs: none is lost"""
    cb = Callbacks()
    s.end("worker1")
    ids = []
    lock = threading.Lock()

    def send():
        for _ in range(125):
            r = s.post("/async-function/echo", b"x" * 100, {"X-Callback-Url": cb.url})
            assert r.status == 202
            with lock:
                ids.append(r.headers["x-call-id"])
    threads = [threading.Thread(target=send) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(set(ids)) == 1000 and s.queue_length() == 1000, (len(set(ids)), s.queue_length())
    s.start_worker()
    wait_for("all callbacks", lambda: set(cb.ids()) >= set(ids), GIVE_UP)
    s.await_empty_queue()
    assert sorted(cb.ids()) == sorted(ids)  # and none twice
    cb.stop()


def worker(s):
    return next(n for n in s.children if n.startswith("worker"))


def pending(s):
    """Entries that some worker holds."""
    return s.redis()("XPENDING", "svarm:queue", "workers")[0]


def killed_worker(s):
    """a worker is killed with calls under way: another one runs them"""
    cb = Callbacks()
    s.end(worker(s))
    name = s.start_worker(SVARM_CLAIM_IDLE="3s")
    gate = threading.Event()
    s.backend("127.0.0.16", lambda rq: gate.wait(60) and (200, {}, b""))
    s.function("held", ["127.0.0.16"])
    ids = [s.post("/async-function/held", b"x",
                  {"X-Callback-Url": cb.url}).headers["x-call-id"] for _ in range(5)]
    wait_for("the worker to hold them", lambda: pending(s) == 5)
    s.end(name, signal.SIGKILL)
    assert cb.ids() == []
    gate.set()
    s.start_worker(SVARM_CLAIM_IDLE="3s")
    wait_for("the callbacks", lambda: set(cb.ids()) == set(ids), GIVE_UP)
    s.await_empty_queue()
    cb.stop()


def long_call_is_not_stolen(s):
    """a call that takes long is kept by its worker and runs once"""
    cb = Callbacks()
    s.end(worker(s))
    # Thrice the idle time, and four times looked at within it: a disk that stalls Redis for a
    # second or two is not yet a dead worker.
    names = [s.start_worker(SVARM_CLAIM_IDLE="4s") for _ in range(3)]
    r = s.post("/async-function/echo?delay=12000", b"x", {"X-Callback-Url": cb.url})
    wait_for("the callback", lambda: cb.ids(), GIVE_UP)
    s.await_empty_queue()
    assert cb.ids() == [r.headers["x-call-id"]], cb.ids()
    assert not any("taking over" in s.log(n) for n in names)
    for n in names[1:]:
        assert s.end(n) == 0
    cb.stop()


def graceful_stop(s):
    """SIGTERM: calls under way end, the rest goes to others at once, exit 0"""
    cb = Callbacks()
    s.end(worker(s))
    name = s.start_worker(SVARM_CLAIM_IDLE="60s", SVARM_MAX_INFLIGHT="2")
    slow = s.backend("127.0.0.11", lambda rq: time.sleep(1.5) or (200, {}, b"ok"))
    s.function("slow", ["127.0.0.11"])
    ids = [s.post("/async-function/slow", b"x",
                  {"X-Callback-Url": cb.url}).headers["x-call-id"] for _ in range(6)]
    failing = s.post("/async-function/echo?status=500", b"x").headers["x-call-id"]
    wait_for("two calls under way", lambda: slow.running == 2)
    start = time.monotonic()
    assert s.end(name) == 0
    took = time.monotonic() - start
    assert 0.1 < took < 10, took
    assert 1 <= len(cb.ids()) < 6, cb.ids()
    s.start_worker(SVARM_CLAIM_IDLE="60s", SVARM_MAX_ATTEMPTS="1")
    wait_for("the rest", lambda: set(cb.ids()) == set(ids), GIVE_UP)
    assert len(cb.ids()) == 6
    s.await_empty_queue()
    assert any(d["id"].decode() == failing for d in dead(s))
    consumers = s.redis()("XINFO", "CONSUMERS", "svarm:queue", "workers")
    assert len([c for c in consumers if True]) <= 8, len(consumers)
    cb.stop()


def inflight(s):
    """no more than SVARM_MAX_INFLIGHT calls at once"""
    s.end(worker(s))
    b = s.backend("127.0.0.12", lambda rq: time.sleep(0.1) or (200, {}, b"ok"))
    s.function("counted", ["127.0.0.12"])
    for _ in range(40):
        assert s.post("/async-function/counted", b"x").status == 202
    s.start_worker(SVARM_MAX_INFLIGHT="4")
    wait_for("40 calls", lambda: len(b.requests) == 40, GIVE_UP)
    assert 3 <= b.most <= 4, b.most
    s.await_empty_queue()


def few_files(s):
    """a soft limit of open files below what so many calls need is raised; a hard one is told to the log"""
    s.end(worker(s))
    gate = threading.Event()
    b = s.backend("127.0.0.46", lambda rq: gate.wait(60) and (200, {}, b"ok"))
    s.function("many-held", ["127.0.0.46"])
    for _ in range(120):
        assert s.post("/async-function/many-held", b"x").status == 202
    name = s.start_worker(files=(60, 400), SVARM_MAX_INFLIGHT="120", SVARM_MAX_CALLBACKS="100")
    wait_for("120 calls at once", lambda: b.running == 120, GIVE_UP)
    gate.set()
    s.await_empty_queue()
    assert "the queue worker may have 400 files open, fewer than" in s.log(name)
    s.end(name)
    s.start_worker()


def retried(s):
    """a function that fails twice is tried a third time; one callback, of the last answer"""
    cb = Callbacks()
    attempts = []

    def handle(rq):
        attempts.append((rq.headers["X-Delivery-Attempt"], rq.headers["X-Call-Id"], time.monotonic()))
        if len(attempts) == 1:
            return 500, {}, b"first"
        return None if len(attempts) == 2 else (200, {}, b"third")
    s.backend("127.0.0.13", handle)
    s.function("flaky", ["127.0.0.13"], annotations={"com.openfaas.retry.min_wait": "600ms"})
    r = s.post("/async-function/flaky", b"x", {"X-Callback-Url": cb.url})
    wait_for("the callback", lambda: cb.ids(), GIVE_UP)
    assert [a[0] for a in attempts] == ["1", "2", "3"], attempts
    assert all(a[1] == r.headers["x-call-id"] for a in attempts)
    # It backs off: from 600 ms to four times that, and half of it is chance; a timer is never early.
    assert attempts[1][2] - attempts[0][2] >= 0.3 and attempts[2][2] - attempts[1][2] >= 1.2, attempts
    got = cb.requests[0]
    assert got.headers["X-Function-Status"] == "200" and got.payload == b"third"
    s.await_empty_queue()
    assert len(cb.ids()) == 1
    cb.stop()


def not_retried(s):
    """an answer below 500 is an answer: one attempt"""
    cb = Callbacks()
    b = s.backend("127.0.0.14", lambda rq: (404, {}, b"mine"))
    s.function("picky", ["127.0.0.14"])
    s.post("/async-function/picky", b"x", {"X-Callback-Url": cb.url})
    wait_for("the callback", lambda: cb.ids(), GIVE_UP)
    assert cb.requests[0].headers["X-Function-Status"] == "404"
    s.await_empty_queue()
    assert len(b.requests) == 1
    cb.stop()


def dead_letter(s):
    """a function that always fails: so many attempts, then the dead-letter stream and a callback"""
    cb = Callbacks()
    s.end(worker(s))
    s.start_worker(SVARM_MAX_ATTEMPTS="3")
    b = s.backend("127.0.0.15", lambda rq: (502, {"X-Why": "broken"}, b"no"))
    s.function("broken", ["127.0.0.15"])
    r = s.post("/async-function/broken/p?q=1", b"keep\0me", {"X-Callback-Url": cb.url})
    wait_for("the callback", lambda: cb.ids(), GIVE_UP)
    got = cb.requests[0]
    assert got.headers["X-Function-Status"] == "502" and got.headers["X-Why"] == "broken"
    assert len(b.requests) == 3
    s.await_empty_queue()
    d = next(d for d in dead(s) if d["id"].decode() == r.headers["x-call-id"])
    assert d["body"] == b"keep\0me" and d["path"] == b"/p" and d["qs"] == b"q=1", d
    assert d["reason"] == b"HTTP status 502" and d["attempts"] == b"3", d
    cb.stop()


def no_task(s):
    """a function without a task costs no attempts: the call waits until there is one"""
    cb = Callbacks()
    s.function("later", [], replicas=0)
    s.post("/async-function/later", b"x", {"X-Callback-Url": cb.url})
    wait_for("the worker to hold it", lambda: pending(s) == 1)
    time.sleep(2)
    assert cb.ids() == [] and s.queue_length() == 1
    s.tasks("later", ["127.0.0.2"])
    wait_for("the callback", lambda: cb.ids(), GIVE_UP)
    assert cb.requests[0].headers["X-Function-Status"] == "200"
    s.await_empty_queue()
    cb.stop()


def callback_retried(s):
    """a callback that fails is tried again, and given up in the end"""
    cb = Callbacks(lambda rq: (200 if len(cb.requests) > 2 else 500, {}, b""))
    s.post("/async-function/echo", b"x", {"X-Callback-Url": cb.url})
    s.await_empty_queue()
    assert len(cb.ids()) == 3, len(cb.ids())
    cb.stop()
    s.post("/async-function/echo", b"x", {"X-Callback-Url": "http://127.0.0.1:%d/" % free_port()})
    s.await_empty_queue()
    assert "callback given up" in s.log(worker(s))


def callback_not_led(s):
    """a callback is neither led elsewhere by a redirect, nor sent to who has no valid certificate"""
    elsewhere = Callbacks()
    cb = Callbacks(lambda rq: (302, {"Location": elsewhere.url}, b""))
    s.post("/async-function/echo", b"x", {"X-Callback-Url": cb.url})
    wait_for("the callback", lambda: cb.ids())
    key, cert = s.dir + "/key.pem", s.dir + "/cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=cb", "-days", "2",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    stranger = Callbacks()
    stranger.server.socket = tls.wrap_socket(stranger.server.socket, server_side=True)
    ids = [s.post("/async-function/echo", b"x", {"X-Callback-Url": stranger.url.replace("http:", "https:")}
                  ).headers["x-call-id"] for _ in range(8)]
    s.await_empty_queue()
    given_up = [line for line in s.log(worker(s)).splitlines()
                if any(i + ": callback given up" in line for i in ids)]
    assert len(given_up) == 8 and all("certificate" in line for line in given_up), given_up
    assert stranger.ids() == [] and elsewhere.ids() == [] and len(cb.ids()) == 1
    for one in (elsewhere, cb, stranger):
        one.stop()


def hostile_entry(s):
    """what is no valid entry goes to the dead-letter stream; the worker goes on"""
    r = s.redis()
    r("XADD", "svarm:queue", "*", "nonsense", "1")
    r("XADD", "svarm:queue", "*", "id", "c", "fn", "../system", "path", "/", "qs", "", "method",
      "POST", "headers", "[]", "body", "", "t", "1")
    r("XADD", "svarm:queue", "*", "id", "c", "fn", "echo", "path", "/", "qs", "", "method", "POST",
      "headers", '[["X-A","b\\r\\nHost: evil"]]', "body", "", "t", "1")
    before = len(dead(s))
    wait_for("three dead letters",
             lambda: len([d for d in dead(s) if b"queue entry" in d["reason"]]) == 3)
    assert before <= len(dead(s))
    cb = Callbacks()
    r("XADD", "svarm:queue", "*", "id", "mine", "fn", "echo", "path", "/", "qs", "", "method", "POST",
      "headers", '[["Content-Length","9"],["Host","evil"]]', "body", "kept", "t", "1", "cb", cb.url)
    wait_for("the callback", lambda: cb.ids() == ["mine"])
    assert cb.requests[0].payload == b"kept"  # and not what comes next on the connection
    cb.stop()
    s.await_empty_queue()
    assert s.children[worker(s)].poll() is None


def redis_killed(s):
    """Redis is killed under load: every 202 runs at least once"""
    cb = Callbacks()
    accepted, refused = [], []

    def send(n):
        for i in range(150):
            r = s.post("/async-function/echo", b"x", {"X-Callback-Url": cb.url})
            (accepted if r.status == 202 else refused).append(
                r.headers["x-call-id"] if r.status == 202 else r.status)
            time.sleep(0.01)
    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    [t.start() for t in threads]
    time.sleep(0.7)
    s.end("redis", signal.SIGKILL)
    time.sleep(0.5)
    s.start_redis()
    [t.join() for t in threads]
    assert set(refused) <= {503}, set(refused)
    assert refused and len(accepted) > 100, (len(refused), len(accepted))
    wait_for("every accepted call", lambda: set(cb.ids()) >= set(accepted), GIVE_UP)
    s.await_empty_queue()
    cb.stop()


def gateway_killed(s):
    """the gateway is killed under load: every 202 runs at least once"""
    cb = Callbacks()
    s.end(worker(s))
    ids = [s.post("/async-function/echo?delay=100", b"x",
                  {"X-Callback-Url": cb.url}).headers["x-call-id"] for _ in range(200)]
    s.start_worker(SVARM_MAX_INFLIGHT="4")
    wait_for("a few callbacks", lambda: len(cb.ids()) > 10)
    s.end("gateway", signal.SIGKILL)
    time.sleep(1.5)
    assert len(cb.ids()) < 200
    s.start_gateway()
    wait_for("every accepted call", lambda: set(cb.ids()) >= set(ids), GIVE_UP)
    s.await_empty_queue()
    cb.stop()


def stream_deleted(s):
    """the stream is deleted under the worker: it makes its group again"""
    s.redis()("DEL", "svarm:queue")
    cb = Callbacks()
    s.post("/async-function/echo", b"x", {"X-Callback-Url": cb.url})
    wait_for("the callback", lambda: cb.ids(), 15)
    s.await_empty_queue()
    cb.stop()


def no_containers(s):
    """a tree of control groups in which there are no containers: the worker says so, once"""
    s.end(worker(s))
    os.makedirs(s.dir + "/cgroup/system.slice")
    name = s.start_worker(SVARM_CGROUP=s.dir + "/cgroup", SVARM_USAGE_INTERVAL="100ms")
    wait_for("a word on it", lambda: "no containers below '%s/cgroup'" % s.dir in s.log(name))
    at = set()  # of reports
    wait_for("more reports", lambda: at.add(s.redis()("HGET", "svarm:usage:" + socket.gethostname(), "at"))
             or len(at) > 3)
    assert s.log(name).count("no containers below") == 1


def use_arrives(s):
    """what containers use goes from the control groups by way of worker and Redis to the function's status"""
    s.end(worker(s))
    sid = next(x["ID"] for x in s.control()["services"] if x["Spec"]["Name"] == "fn_echo")
    folder = s.dir + "/groups/system.slice/docker-%060x0000.scope" % int(sid[3:])
    os.makedirs(folder)

    def write(name, text):
        with open(folder + "/new", "w") as f:
            f.write(text)
        os.rename(folder + "/new", folder + "/" + name)
    write("memory.current", "5000000\n")
    write("memory.stat", "anon 1\ninactive_file 1000000\n")
    begun = time.monotonic()

    def status():  # half a processor
        write("cpu.stat", "usage_usec %d\n" % ((time.monotonic() - begun) * 500000))
        return s.system("GET", "function/echo?usage=1").json().get("usage", {})
    status()
    name = s.start_worker(SVARM_CGROUP=s.dir + "/groups", SVARM_USAGE_INTERVAL="300ms")
    wait_for("its use", lambda: status().get("totalMemoryBytes") == 4000000 and 100 < status()["cpu"] < 2000, 20)
    assert "no containers" not in s.log(name)


def wrong_password(s):
    """with the wrong password the worker says so and keeps trying"""
    os.rename(s.dir + "/secrets", s.dir + "/right")
    os.mkdir(s.dir + "/secrets")
    with open(s.dir + "/secrets/redis-password", "w") as f:
        f.write("wrong")
    from harness import program
    p = s.spawn("stranger", [program("svarm-queue-worker")], s.env(SVARM_PEER_PORT="0"))
    wait_for("its complaint", lambda: "refused the password" in s.log("stranger"))
    assert "wrong" not in s.log("stranger") and p.poll() is None
    assert s.end("stranger") == 0
    os.unlink(s.dir + "/secrets/redis-password")
    os.rmdir(s.dir + "/secrets")
    os.rename(s.dir + "/right", s.dir + "/secrets")


def main():
    s = Stack()
    try:
        s.start_redis()
        s.start_docker()
        s.start_echo("127.0.0.2")
        s.start_gateway()
        s.function("echo", ["127.0.0.2"])
        s.start_worker()
    except BaseException:
        print("not ok - the programs did not start")
        for name in sorted(s.children):
            print("# %s: %s" % (name, s.log(name)[-1500:].replace("\n", "\n# ")))
        s.close()
        raise
    run(s, [arrives, as_sent, probe, thousand, killed_worker, long_call_is_not_stolen,
            graceful_stop, inflight, few_files, retried, not_retried, no_task, callback_retried, callback_not_led, dead_letter,
            hostile_entry, redis_killed, gateway_killed, stream_deleted, no_containers, use_arrives,
            wrong_password])


if __name__ == "__main__":
    main()
