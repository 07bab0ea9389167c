#!/usr/bin/env python3
"""The queues: what an operator sees and does, a function's own retries and queue, fair shares, dead
callback hosts, bounded memory, and workers that stop, are stopped or die.  TAP."""
import base64
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Callbacks, Stack, request, run, wait_for  # noqa: E402

GIVE_UP = 60


def workers(s):
    return [n for n in s.children if n.startswith("worker")]


def only_worker(s, **env):
    """End all workers, start one."""
    for name in workers(s):
        s.end(name)
    return s.start_worker(**env)


def no_worker(s):
    for name in workers(s):
        s.end(name)


def status(s):
    code, out = s.queue_command("status")
    assert code == 0 and out["ok"], out
    return out, {q["name"]: q for q in out["queues"]}


def settled(s):
    wait_for("empty queues", lambda: all(q["depth"] == 0 for q in status(s)[1].values()), GIVE_UP)


def dead(s, *args):
    code, out = s.queue_command("dead", *args)
    assert code == 0 and out["ok"], out
    return out["dead"]


def post(s, name, url=None, body=b"x", **headers):
    if url:
        headers["X-Callback-Url"] = url
    r = s.post("/async-function/" + name, body, headers)
    assert r.status == 202, (r.status, r.body)
    return r.headers["x-call-id"]


def shown(s):
    """queue status: depth, pending, workers, age of the oldest, dead letters"""
    no_worker(s)
    for _ in range(3):
        post(s, "echo")
    time.sleep(0.3)
    out, q = status(s)
    d = q["default"]
    assert (d["depth"], d["pending"], d["waiting"], d["consumers"]) == (3, 0, 3, 0), d
    assert 300 <= d["oldest_ms"] < 10000 and out["dead"] == 0 and out["oldest_dead_ms"] is None
    assert d["oldest_waiting_ms"] == d["oldest_ms"] and out["newest_dead_ms"] is None, out
    code, brief = s.probe("queue")
    assert code == 0 and brief["waiting"] == 3 and brief["pending"] == 0, brief
    assert brief["queue"] == "default" and brief["oldest_waiting_ms"] >= d["oldest_ms"], brief
    assert brief["workers"] == 0 and brief["dead"] == 0 and brief["newest_dead_ms"] == -1, brief
    # The gateway looks at the queues every few seconds.
    wait_for("the queue in the metrics", lambda: 'svarm_queue_length{queue="svarm:queue"} 3\n' in
             request(s.metrics, "GET", "/metrics").text)
    assert "svarm_dead_letters 0\n" in request(s.metrics, "GET", "/metrics").text
    s.start_worker()
    settled(s)
    d = status(s)[1]["default"]
    assert d["consumers"] == 1 and d["oldest_ms"] is None, d
    brief = s.probe("queue")[1]
    assert brief["workers"] == 1 and brief["waiting"] == 0, brief
    assert "oldest_waiting_ms" not in brief, brief


def dead_letters(s):
    """queue dead: what was given up and why; bodies only when asked for; newest first"""
    only_worker(s, SVARM_MAX_ATTEMPTS="2")
    s.backend("127.0.0.20", lambda rq: (502, {}, b"no"))
    s.function("broken", ["127.0.0.20"])
    ids = []
    for i in range(25):  # more than one look of the script
        ids.append(post(s, "broken/p", body=b"keep\0%d" % i))
    settled(s)
    got = dead(s)
    assert sorted(d["call_id"] for d in got) == sorted(ids), len(got)
    one = got[0]
    assert one["function"] == "broken" and one["reason"] == "HTTP status 502", one
    assert one["status"] == 502 and one["attempts"] == 2 and one["queue"] == "default", one
    assert one["method"] == "POST" and one["path"] == "/p" and "body" not in one, one
    assert one["bytes"] in (6, 7) and one["died"].endswith("Z") and one["accepted"] <= one["died"]
    assert [d["id"] for d in got] == sorted((d["id"] for d in got), reverse=True,
                                            key=lambda i: [int(n) for n in i.split("-")])
    code, out = s.queue_command("dead", "--limit", "10", "--bodies")
    assert code == 0 and len(out["dead"]) == 10 and out["more"]
    assert base64.b64decode(out["dead"][0]["body"]).startswith(b"keep\0")
    assert dead(s, "--function", "echo") == []
    assert len(dead(s, "--function", "broken", "--limit", "3")) == 3
    assert status(s)[0]["dead"] == 25
    brief = s.probe("queue")[1]
    assert brief["dead"] == 25 and 0 <= brief["newest_dead_ms"] < 60000, brief


def replayed(s):
    """queue replay: each letter goes back once, however often it is said"""
    runs = []
    s.backend("127.0.0.21", lambda rq: runs.append(rq.headers["X-Call-Id"]) or (200, {}, b""))
    s.tasks("broken", ["127.0.0.21"])
    wait_for("the new task", lambda: s.post("/function/broken").status == 200)
    runs.clear()
    one = dead(s)[5]
    outs = [None] * 8

    def replay(i):
        outs[i] = s.queue_command("replay", one["id"])
    threads = [threading.Thread(target=replay, args=(i,)) for i in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(o[1]["replayed"] for o in outs) == [0] * 7 + [1], outs
    assert sorted(o[0] for o in outs) == [0] + [1] * 7
    assert all("no dead letter" in o[1]["error"] for o in outs if o[0])
    wait_for("its run", lambda: runs)
    settled(s)
    assert runs == [one["call_id"]], runs
    code, out = s.queue_command("replay", "--function", "echo")
    assert code == 0 and out == {"ok": True, "replayed": 0}, out
    code, out = s.queue_command("replay", "--all")
    assert code == 0 and out == {"ok": True, "replayed": 24}, out
    settled(s)
    assert len(runs) == 25 and len(set(runs)) == 25 and status(s)[0]["dead"] == 0


def purged(s):
    """queue purge: one, those of a function, all; wrong command lines change nothing"""
    s.tasks("broken", ["127.0.0.20"])
    wait_for("the broken task", lambda: s.post("/function/broken").status == 502)
    for _ in range(4):
        post(s, "broken")
    settled(s)
    r = s.redis()
    r("XADD", "svarm:dead", "*", "reason", "by hand", "nonsense", "1")
    assert len(dead(s)) == 5
    for wrong in [[], ["purge"], ["purge", "x"], ["purge", "1-1", "--all"], ["replay"], ["status", "x"],
                  ["dead", "--limit", "x"], ["purge", "--function", "a b"], ["drop", "--all"],
                  ["purge", "--all", "--function", "broken"]]:
        code, out = s.queue_command(*wrong)
        assert code == 2 and "usage" in out, (wrong, code, out)
    first = dead(s, "--function", "broken")[0]["id"]
    assert s.queue_command("purge", first) == (0, {"ok": True, "purged": 1})
    assert s.queue_command("purge", first)[0] == 1
    assert s.queue_command("purge", "--function", "broken") == (0, {"ok": True, "purged": 3})
    assert s.queue_command("replay", "--all")[1]["replayed"] == 1  # and back it comes
    wait_for("the nonsense", lambda: [d["reason"] for d in dead(s)] ==
             ["queue entry: field 'id' is missing or malformed"])
    assert s.queue_command("purge", "--all") == (0, {"ok": True, "purged": 1})
    settled(s)


def few_dead(s):
    """SVARM_MAX_DEAD: of many dead letters about so many stay, the latest"""
    only_worker(s, SVARM_MAX_DEAD="100")
    r = s.redis()
    for i in range(600):
        r("XADD", "svarm:queue", "*", "nonsense", i)
    settled(s)
    assert 100 <= r("XLEN", "svarm:dead") < 300, r("XLEN", "svarm:dead")  # Redis drops them by the hundred
    assert b"599" in r("XREVRANGE", "svarm:dead", "+", "-", "COUNT", "1")[0][1]
    s.queue_command("purge", "--all")


def unreachable(s):
    """without Redis the commands say so, as JSON"""
    env, s.env = s.env, lambda **kw: {**env(**kw), "SVARM_REDIS": "127.0.0.1:1"}
    try:
        for args in [["status"], ["dead"], ["replay", "--all"], ["purge", "1-1"]]:
            code, out = s.queue_command(*args)
            assert code == 1 and out["ok"] is False and "127.0.0.1:1" in out["error"], (args, out)
    finally:
        s.env = env


def own_retries(s):
    """annotations com.openfaas.retry.*: attempts, pauses, codes"""
    only_worker(s, SVARM_RETRY_MAX="30s")
    answer = {"code": 418}
    calls = []
    s.backend("127.0.0.22", lambda rq: calls.append(time.monotonic()) or (answer["code"], {}, b""))
    s.function("teapot", ["127.0.0.22"], annotations={
        "com.openfaas.retry.attempts": "3", "com.openfaas.retry.codes": "418,503",
        "com.openfaas.retry.min_wait": "600ms", "com.openfaas.retry.max_wait": "700ms"})
    wait_for("the function", lambda: s.post("/function/teapot").status == 418)
    calls.clear()
    call = post(s, "teapot")
    settled(s)
    assert len(calls) == 3, calls
    assert all(0.28 < b - a < 4 for a, b in zip(calls, calls[1:])), calls
    assert [d for d in dead(s) if d["call_id"] == call and d["attempts"] == 3]
    answer["code"] = 500  # not among the codes: an answer like any other
    calls.clear()
    post(s, "teapot")
    settled(s)
    assert len(calls) == 1, calls
    s.queue_command("purge", "--all")


def named(s):
    """annotation com.openfaas.queue: a stream of its own, served like the common one"""
    cb = Callbacks()
    no_worker(s)
    s.function("own", ["127.0.0.2"], annotations={"com.openfaas.queue": "mine"})
    wait_for("the function", lambda: s.post("/function/own").status == 200)
    call = post(s, "own", cb.url)
    r = s.redis()
    assert r("XLEN", "svarm:queue:mine") == 1 and s.queue_length() == 0
    assert r("SMEMBERS", "svarm:queues") == [b"mine"]
    q = status(s)[1]
    assert q["mine"]["waiting"] == 1 and q["default"]["depth"] == 0, q
    s.start_worker(SVARM_QUEUES="default")
    time.sleep(1.5)
    assert cb.ids() == [] and status(s)[1]["mine"]["consumers"] == 0
    only_worker(s, SVARM_QUEUES="mine,other")
    wait_for("the callback", lambda: cb.ids() == [call])
    other = post(s, "echo", cb.url)
    time.sleep(0.5)
    assert cb.ids() == [call]
    s.start_worker()
    wait_for("the other callback", lambda: cb.ids() == [call, other])
    settled(s)
    cb.stop()


def new_queue_is_noticed(s):
    """a queue that appears while the worker waits is served within two seconds"""
    cb = Callbacks()
    only_worker(s)
    s.function("fresh", ["127.0.0.2"], annotations={"com.openfaas.queue": "fresh"})
    wait_for("the function", lambda: s.post("/function/fresh").status == 200)
    start = time.monotonic()
    post(s, "fresh", cb.url)
    wait_for("the callback", lambda: cb.ids())
    assert time.monotonic() - start < 3
    times = []
    for _ in range(10):  # and from then on at once
        n, start = len(cb.ids()), time.monotonic()
        post(s, "fresh", cb.url)
        wait_for("the callback", lambda: len(cb.ids()) > n)
        times.append(time.monotonic() - start)
    assert sorted(times)[5] < 0.25, times
    settled(s)
    cb.stop()


def scripts_lost(s):
    """Redis forgets its scripts: calls are accepted, run and acknowledged soon after, in every queue"""
    cb = Callbacks()
    only_worker(s)
    s.function("own", ["127.0.0.2"], annotations={"com.openfaas.queue": "mine"})
    wait_for("the function", lambda: s.post("/function/own").status == 200)
    ids = [post(s, "own", cb.url)]  # now the gateway has loaded its own
    settled(s)
    s.redis()("SCRIPT", "FLUSH")
    ids.append(post(s, "echo", cb.url))

    def accepted():
        r = s.post("/async-function/own", b"x", {"X-Callback-Url": cb.url})
        ids.extend([r.headers["x-call-id"]] * (r.status == 202))
        return r.status == 202
    wait_for("a call for the other queue to be accepted", accepted)
    settled(s)
    assert sorted(cb.ids()) == sorted(ids), (cb.ids(), ids)
    told = s.log(workers(s)[0]).count("NOSCRIPT")  # it connects again at once, and does not insist
    assert 1 <= told < 10, told
    cb.stop()


def forgotten(s):
    """a queue that has been empty for an hour goes, a younger one stays"""
    no_worker(s)
    r = s.redis()
    for name, at in [("old", "1000-1"), ("young", "*")]:
        r("SADD", "svarm:queues", name)
        entry = r("XADD", "svarm:queue:" + name, at, "a", "b")
        r("XDEL", "svarm:queue:" + name, entry)
    s.start_worker()
    wait_for("the old one to go", lambda: b"old" not in r("SMEMBERS", "svarm:queues"))
    assert not r("EXISTS", "svarm:queue:old") and r("EXISTS", "svarm:queue:young")
    assert b"young" in r("SMEMBERS", "svarm:queues")
    r("SREM", "svarm:queues", "young")
    r("DEL", "svarm:queue:young")


def too_many_queues(s):
    """names beyond the bound share the common queue"""
    r = s.redis()
    for i in range(40):
        r("SADD", "svarm:queues", "q%d" % i)
    s.function("late", ["127.0.0.2"], annotations={"com.openfaas.queue": "late"})
    wait_for("the function", lambda: s.post("/function/late").status == 200)
    cb = Callbacks()
    post(s, "late", cb.url)
    wait_for("the callback", lambda: cb.ids())
    assert r("EXISTS", "svarm:queue:late") == 0
    for i in range(40):
        r("SREM", "svarm:queues", "q%d" % i)
        r("DEL", "svarm:queue:q%d" % i)
    post(s, "echo", cb.url)
    wait_for("the callback", lambda: len(cb.ids()) == 2, 15)
    settled(s)
    cb.stop()


def fair(s):
    """a queue full of slow calls leaves slots to the others"""
    cb = Callbacks()
    only_worker(s, SVARM_MAX_INFLIGHT="4")
    b = s.backend("127.0.0.23", lambda rq: time.sleep(1.0) or (200, {}, b"ok"))
    s.function("slow", ["127.0.0.23"], annotations={"com.openfaas.queue": "slow"})
    wait_for("the function", lambda: s.post("/function/slow").status == 200)
    for _ in range(20):
        post(s, "slow")
    wait_for("three slow calls", lambda: b.running == 3)
    took = []
    for _ in range(5):
        start, n = time.monotonic(), len(cb.ids())
        post(s, "echo", cb.url)
        wait_for("the callback", lambda: len(cb.ids()) > n)
        took.append(time.monotonic() - start)
    assert sorted(took)[2] < 0.4, took  # without a slot of their own they would wait for slow ones
    assert b.most <= 3 and len(b.requests) < 20, (b.most, len(b.requests))
    settled(s)
    assert len(b.requests) == 21
    cb.stop()


def allowed_callbacks(s):
    """SVARM_CALLBACK_ALLOW: callbacks elsewhere are refused, and not made"""
    cb = Callbacks()
    only_worker(s, SVARM_CALLBACK_ALLOW="10.0.0.0/8,hooks.example.com")
    call = post(s, "echo", cb.url)
    settled(s)
    assert "%s: its callback may not go there" % call in s.log(workers(s)[0]) and cb.ids() == []
    only_worker(s, SVARM_CALLBACK_ALLOW="127.0.0.0/8")
    call = post(s, "echo", cb.url)
    wait_for("the callback", lambda: cb.ids() == [call])
    s.end("gateway")
    s.start_gateway(SVARM_CALLBACK_ALLOW="127.0.0.2")
    r = s.post("/async-function/echo", b"x", {"X-Callback-Url": cb.url})
    assert r.status == 400 and b"may not go there" in r.body, (r.status, r.body)
    post(s, "echo", "http://127.0.0.2:1/")
    s.end("gateway")
    s.start_gateway()
    settled(s)
    cb.stop()


def unknown_for_a_moment(s):
    """a function that the gateway does not know for a moment is called when it does"""
    cb = Callbacks()
    no_worker(s)
    s.function("blink", ["127.0.0.2"])
    call = post(s, "blink", cb.url)
    assert s.system("DELETE", "functions", {"functionName": "blink"}).status == 202
    wait_for("the gateway to forget it", lambda: s.post("/function/blink").status == 404)
    s.start_worker()
    wait_for("the worker to hold it", lambda: status(s)[1]["default"]["pending"] == 1)
    time.sleep(1)
    assert cb.ids() == []
    s.function("blink", ["127.0.0.2"])
    wait_for("the callback", lambda: cb.ids() == [call])
    assert cb.requests[0].headers["X-Function-Status"] == "200"
    settled(s)
    cb.stop()


class Silent:
    """An address that takes connections (or not even that) and says nothing."""

    def __init__(self, accept):
        self.s = socket.socket()
        self.s.bind(("127.0.0.1", 0))
        self.s.listen(1024 if accept else 0)
        self.port = self.s.getsockname()[1]
        self.url = "http://127.0.0.1:%d/" % self.port
        self.fill = []
        for _ in range(0 if accept else 4):  # the backlog is full: nothing answers to a connect
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(("127.0.0.1", self.port))
            self.fill.append(c)

    def close(self):
        self.s.close()
        [c.close() for c in self.fill]


def dead_callback_hosts(s):
    """callbacks to dead and silent hosts delay nobody else's"""
    only_worker(s, SVARM_MAX_INFLIGHT="8", SVARM_STOP_TIMEOUT="1s")
    cb = Callbacks()
    hosts = [Silent(False), Silent(False), Silent(True), Silent(True)]
    post(s, "echo", cb.url)
    wait_for("the first callback", lambda: cb.ids())
    for i in range(400):
        post(s, "echo", hosts[i % 4].url)
    slowest = 0
    for _ in range(30):
        start, n = time.monotonic(), len(cb.ids())
        post(s, "echo", cb.url)
        wait_for("the callback", lambda: len(cb.ids()) > n)
        slowest = max(slowest, time.monotonic() - start)
    assert slowest < 5, slowest  # silent hosts are waited for longer
    for h in hosts[:2]:  # the dead ones are given up, whatever the silent ones do
        h.close()
    only_worker(s, SVARM_CALLBACK_TIMEOUT="1s", SVARM_CLAIM_IDLE="2s")
    settled(s)
    assert "callback given up" in s.log(workers(s)[0])
    [h.close() for h in hosts[2:]]
    cb.stop()


def unknown_host_is_not_lost(s):
    """a burst of callbacks to one host that was never seen: each arrives"""
    cb = Callbacks(lambda rq: time.sleep(0.02) or (200, {}, b""))
    no_worker(s)
    ids = [post(s, "echo", cb.url) for _ in range(1200)]
    s.start_worker()
    wait_for("all callbacks", lambda: len(set(cb.ids())) == len(ids), GIVE_UP)
    settled(s)
    assert sorted(cb.ids()) == sorted(ids)
    cb.stop()


def rss_mb(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) // 1024 for line in f if line.startswith("VmHWM"))


def bounded(s):
    """large bodies and large answers: memory stays within its bounds, nothing is lost"""
    cb = Callbacks(lambda rq: time.sleep(0.3) or (200, {}, b""))
    no_worker(s)
    size = 8 << 20
    ids = [post(s, "echo", cb.url, body=b"%08d" % i + b"x" * (size - 8)) for i in range(40)]
    name = "worker%d" % (s.workers + 1)
    s.start_worker(SVARM_CALLBACKS_PER_HOST="2", asan="quarantine_size_mb=1")
    wait_for("all callbacks", lambda: len(set(cb.ids())) == 40, GIVE_UP)
    assert sorted(cb.ids()) == sorted(ids)
    assert {len(r.payload) for r in cb.requests} == {size}
    used = rss_mb(s.children[name].pid)
    print("# 40 calls of 8 MB with answers of 8 MB: the worker used %d MB" % used, flush=True)
    assert used < 180, used
    settled(s)
    cb.stop()


def refused_writes(s):
    """a redis that takes no writes is asked ever less often; work goes on when it does again"""
    name = only_worker(s)
    try:
        s.redis()("CONFIG", "SET", "min-replicas-to-write", "1")
        time.sleep(6)
        told = s.log(name).count("NOREPLICAS")
    finally:
        s.redis()("CONFIG", "SET", "min-replicas-to-write", "0")
    assert 0 < told < 40, told
    cb = Callbacks()
    call = post(s, "echo", cb.url)
    wait_for("the callback", lambda: call in cb.ids(), GIVE_UP)
    settled(s)
    cb.stop()


def refused_acks(s):
    """acknowledgements that Redis refuses are not sent again at once, whatever the reason"""
    name = only_worker(s)
    r = s.redis()
    r("ACL", "SETUSER", "default", "-evalsha")
    try:
        post(s, "echo")
        wait_for("a refusal", lambda: "NOPERM" in s.log(name))
        time.sleep(2)
        told = s.log(name).count("NOPERM")
    finally:
        r("ACL", "SETUSER", "default", "+evalsha")
    assert told < 100, told  # ten a second; else as many as Redis can answer
    settled(s)


def paused_worker(s):
    """a worker that is stopped and wakes up changes nothing of what another has taken over"""
    cb = Callbacks()
    first = only_worker(s, SVARM_CLAIM_IDLE="2s")
    calls = []

    first_may, second_may = threading.Event(), threading.Event()

    def handle(rq):
        calls.append(rq.headers["X-Delivery-Attempt"])
        number = len(calls)
        (first_may if number == 1 else second_may).wait(60)
        return 200, {}, b"%d" % number
    s.backend("127.0.0.24", handle)
    s.function("long", ["127.0.0.24"])
    call = post(s, "long", cb.url)
    wait_for("the first call", lambda: calls)
    s.children[first].send_signal(signal.SIGSTOP)
    s.start_worker(SVARM_CLAIM_IDLE="2s")
    wait_for("the second call", lambda: len(calls) == 2, 15)
    first_may.set()
    s.children[first].send_signal(signal.SIGCONT)
    wait_for("the first one to notice", lambda: "has taken it over" in s.log(first))
    time.sleep(1)
    assert cb.ids() == [] and s.queue_length() == 1  # neither acknowledged nor told
    second_may.set()
    wait_for("the callback", lambda: cb.ids(), 15)
    settled(s)
    assert cb.ids() == [call] and cb.requests[0].payload == b"2" and calls == ["1", "2"], calls
    cb.stop()


def overtaken(s):
    """what a function answers to a worker that has lost the call counts for nothing"""
    cb = Callbacks()
    first = only_worker(s, SVARM_CLAIM_IDLE="2s")
    calls, gates = [], [threading.Event(), threading.Event()]

    def handle(rq):
        calls.append(rq.headers["X-Delivery-Attempt"])
        n = len(calls)
        gates[n - 1].wait(60)
        return 200, {}, b"%d" % n
    b = s.backend("127.0.0.27", handle)
    s.function("longer", ["127.0.0.27"])
    call = post(s, "longer", cb.url)
    wait_for("the first call", lambda: calls)
    s.children[first].send_signal(signal.SIGSTOP)
    s.start_worker(SVARM_CLAIM_IDLE="2s")
    wait_for("the second call", lambda: len(calls) == 2, 15)
    s.children[first].send_signal(signal.SIGCONT)
    wait_for("the first one to notice", lambda: "has taken it over" in s.log(first))
    gates[0].set()
    wait_for("the end of the first call", lambda: b.running == 1)
    time.sleep(1)
    assert cb.ids() == [] and s.queue_length() == 1  # neither acknowledged nor told
    gates[1].set()
    wait_for("the callback", lambda: cb.ids(), 15)
    settled(s)
    assert cb.ids() == [call] and cb.requests[0].payload == b"2" and calls == ["1", "2"], calls
    assert s.end(first) == 0
    cb.stop()


def many_taken_over(s):
    """all that a dead worker held is taken over as fast as it can be run, not a few at each look"""
    no_worker(s)
    ran = []
    s.backend("127.0.0.127", lambda rq: ran.append(rq.headers["X-Call-Id"]) or (200, {}, b""))
    s.function("heir", ["127.0.0.127"])
    calls = [post(s, "heir") for _ in range(160)]
    got = s.redis()("XREADGROUP", "GROUP", "workers", "dead", "COUNT", "1000", "STREAMS", "svarm:queue", ">")
    assert len(got[0][1]) == 160
    time.sleep(4)
    start = time.monotonic()
    s.start_worker(SVARM_CLAIM_IDLE="4s", SVARM_MAX_INFLIGHT="4")
    wait_for("all calls", lambda: set(ran) == set(calls), 40)  # at each look, of 2 to 3 s: 80 s and more
    print("# after %.1f s" % (time.monotonic() - start), flush=True)
    settled(s)
    s.redis()("XGROUP", "DELCONSUMER", "svarm:queue", "workers", "dead")


def handed_back(s):
    """SIGTERM: what waits for its next attempt goes to another worker at once, attempts counted"""
    only_worker(s, SVARM_CLAIM_IDLE="60s", SVARM_MAX_ATTEMPTS="3")
    attempts = []
    s.backend("127.0.0.25", lambda rq: attempts.append(rq.headers["X-Delivery-Attempt"]) or
              (500, {}, b""))
    s.function("fails", ["127.0.0.25"], annotations={"com.openfaas.retry.min_wait": "20s",
                                                     "com.openfaas.retry.max_wait": "20s"})
    wait_for("the function", lambda: s.post("/function/fails").status == 500)
    attempts.clear()
    call = post(s, "fails")
    wait_for("the first attempt", lambda: attempts)
    time.sleep(0.3)
    first = workers(s)[0]
    s.start_worker(SVARM_CLAIM_IDLE="60s", SVARM_MAX_ATTEMPTS="3")
    start = time.monotonic()
    assert s.end(first) == 0
    wait_for("the second attempt", lambda: len(attempts) == 2)
    assert time.monotonic() - start < 5
    time.sleep(0.3)
    only_worker(s, SVARM_CLAIM_IDLE="60s", SVARM_MAX_ATTEMPTS="3")
    settled(s)
    assert attempts == ["1", "2", "3"], attempts
    assert [d["attempts"] for d in dead(s) if d["call_id"] == call] == [3]
    consumers = s.redis()("XINFO", "CONSUMERS", "svarm:queue", "workers")
    assert len(consumers) == 1, consumers  # who ends in order leaves nothing behind
    s.queue_command("purge", "--all")


def poison(s):
    """an entry that takes its worker down each time ends in the dead letters"""
    only_worker(s)
    no_worker(s)
    call = post(s, "echo?delay=60000")  # no worker lives that long
    for n in range(3):
        name = s.start_worker(SVARM_CLAIM_IDLE="1s", SVARM_MAX_DELIVERIES="3")
        wait_for("its delivery", lambda: s.redis()(
            "XPENDING", "svarm:queue", "workers", "-", "+", "1")[0][3] == n + 1)
        s.end(name, signal.SIGKILL)
    s.start_worker(SVARM_CLAIM_IDLE="1s", SVARM_MAX_DELIVERIES="3")
    settled(s)
    got = [d for d in dead(s) if d["call_id"] == call]
    assert len(got) == 1 and "delivered 4 times" in got[0]["reason"], got
    s.queue_command("purge", "--all")


def all_killed_in_turn(s):
    """worker, gateway and Redis are killed in turn under load: every 202 runs at least once"""
    ran, accepted, stop = [], [], threading.Event()
    lock = threading.Lock()
    s.backend("127.0.0.26", lambda rq: ran.append(rq.headers["X-Call-Id"]) or (200, {}, b""))
    s.function("count", ["127.0.0.26"])
    only_worker(s, SVARM_CLAIM_IDLE="2s", SVARM_MAX_INFLIGHT="4")

    def send():
        while not stop.is_set():
            try:
                r = s.post("/async-function/count", b"x")
                if r.status == 202:
                    with lock:
                        accepted.append(r.headers["x-call-id"])
            except OSError:
                pass
            time.sleep(0.005)
    threads = [threading.Thread(target=send) for _ in range(4)]
    [t.start() for t in threads]
    begun = time.monotonic()
    for _ in range(2):
        for what in ["worker", "gateway", "redis"]:
            n = len(accepted)
            wait_for("calls to be accepted", lambda: len(accepted) > n + 100, GIVE_UP)
            print("# %.1f s: killing %s" % (time.monotonic() - begun, what), flush=True)
            name = workers(s)[0] if what == "worker" else what
            s.end(name, signal.SIGKILL)
            time.sleep(0.3)
            if what == "worker":
                s.start_worker(SVARM_CLAIM_IDLE="2s", SVARM_MAX_INFLIGHT="4")
            elif what == "gateway":
                s.start_gateway()
            else:
                s.start_redis()
    n = len(accepted)
    wait_for("calls to be accepted", lambda: len(accepted) > n + 100, GIVE_UP)
    stop.set()
    [t.join() for t in threads]
    print("# %.1f s: the load ends" % (time.monotonic() - begun), flush=True)
    wait_for("every accepted call", lambda: set(ran) >= set(accepted), GIVE_UP)
    settled(s)
    print("# %d accepted, %d runs" % (len(accepted), len(ran)), flush=True)


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
    run(s, [shown, dead_letters, replayed, purged, few_dead, unreachable, own_retries, named,
            new_queue_is_noticed, scripts_lost, forgotten, too_many_queues, fair, allowed_callbacks,
            unknown_for_a_moment, dead_callback_hosts, unknown_host_is_not_lost, bounded, refused_writes,
            refused_acks, paused_worker, overtaken, many_taken_over, handed_back, poison, all_killed_in_turn])


if __name__ == "__main__":
    main()
