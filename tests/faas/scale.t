#!/usr/bin/env python3
"""Waking functions, scaling them by load and to zero, alerts, and the metrics of all that.  TAP."""
import json
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Stack, free_port, program, request, run, wait_for  # noqa: E402

SCALE = "com.openfaas.scale."
NUMBERS = [0]


def pool(s, name, after=0.3, size=8, handle=None, labels=None, replicas=0, error=None):
    """A function whose tasks follow its number of replicas; returns its backends."""
    NUMBERS[0] += 1
    net = "127.1.%d." % NUMBERS[0]
    addresses = [net + str(i + 1) for i in range(size)]
    backends = [s.backend(a, handle or (lambda rq: (200, {}, rq.payload or b"ok")))
                for a in addresses]
    s.control(pools={"fn_" + name: {"addresses": addresses, "after": after, "error": error}})
    s.function(name, addresses, replicas=replicas, ready=addresses[:replicas] if not error else [],
               labels={SCALE + k: v for k, v in (labels or {}).items()})
    return backends


def scaled(s, name):
    """The numbers of tasks that it was given, one by one."""
    return s.control()["scaled"].get("fn_" + name, [])


def replicas(s, name):
    for service in s.control()["services"]:
        if service["Spec"]["Name"] == "fn_" + name:
            return service["Spec"]["Mode"]["Replicated"]["Replicas"]
    raise AssertionError(name)


def together(n, one):
    """one(i) in n threads at once; what they returned."""
    out, gate = [None] * n, threading.Barrier(n)

    def go(i):
        gate.wait()
        out[i] = one(i)
    threads = [threading.Thread(target=go, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return out


class Load:
    """Callers that call again and again until they are told to stop."""

    def __init__(self, s, name, callers=1, port=None, pause=0.005):
        self.stop, self.bad = False, []

        def go():
            while not self.stop:
                r = request(port or s.port, "POST", "/function/" + name, b"x")
                if r.status != 200:
                    self.bad.append(r.status)
                time.sleep(pause)
        self.threads = [threading.Thread(target=go) for _ in range(callers)]
        for t in self.threads:
            t.start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stop = True
        for t in self.threads:
            t.join()


# ---- from zero

def burst(s):
    """200 callers of a function at zero: all are answered, and it is scaled once"""
    backends = pool(s, "burst", labels={"factor": "0"})
    answers = together(200, lambda i: s.post("/function/burst/%d?a=b" % i, b"body-%d" % i))
    assert [a.status for a in answers] == [200] * 200, [a.status for a in answers]
    assert all(a.body == b"body-%d" % i for i, a in enumerate(answers))
    assert scaled(s, "burst") == [1], scaled(s, "burst")
    with backends[0].lock:
        assert len(backends[0].requests) == 200
        paths = {r.path for r in backends[0].requests}
    assert paths == {"/%d?a=b" % i for i in range(200)}
    assert all(re.match(r"^[0-9a-f-]{36}$", a.headers["x-call-id"]) for a in answers)
    assert "x-accel-redirect" not in answers[0].headers


def large_body(s):
    """a body of 5 MB survives the wait, in one piece and in pieces; so does every verb"""
    backends = pool(s, "large")
    body = os.urandom(5 << 20)
    r = s.post("/function/large", body)
    assert r.status == 200 and r.body == body, (r.status, len(r.body))
    s.system("POST", "scale-function/large", {"replicas": 0})
    s.await_table("large", [])
    c = __import__("http.client").client.HTTPConnection("127.0.0.1", s.port, timeout=20)
    c.request("PUT", "/function/large", iter([body[i:i + 65536] for i in range(0, len(body), 65536)]),
              encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    answer = c.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    assert backends[0].requests[-1].command == "PUT"
    for verb in ["GET", "PATCH", "DELETE"]:
        s.system("POST", "scale-function/large", {"replicas": 0})
        s.await_table("large", [])
        assert s.call(verb, "/function/large/x").status == 200, verb
        assert backends[0].requests[-1].command == verb


def minimum(s):
    """who wakes gets the minimum; tasks that are starting already are waited for"""
    pool(s, "several", labels={"min": "3"})
    assert s.post("/function/several", b"x").status == 200
    assert scaled(s, "several") == [3]
    pool(s, "starting", after=1.0)
    s.system("POST", "scale-function/starting", {"replicas": 2})
    start = time.monotonic()
    assert s.post("/function/starting", b"x").status == 200
    assert 0.3 < time.monotonic() - start < 2.9
    assert scaled(s, "starting") == [2], scaled(s, "starting")


def deadline(s):
    """a function that cannot start: 503 when the time is up, never before, and the log says why"""
    pool(s, "hopeless", error="no suitable node (insufficient memory on 3 nodes)")
    start = time.monotonic()
    answers = together(20, lambda i: s.post("/function/hopeless", b"x"))
    took = time.monotonic() - start
    assert [a.status for a in answers] == [503] * 20, [a.status for a in answers]
    for a in answers:
        assert int(a.headers["retry-after"]) >= 1 and a.headers["x-svarm-reason"] == "no-task"
    assert 2.9 < took < 9, took
    assert scaled(s, "hopeless") == [1], scaled(s, "hopeless")
    start = time.monotonic()  # a queue worker is not kept from its other work for long
    r = s.post("/function/hopeless", b"x", {"X-Delivery-Attempt": "1"})
    assert r.status == 503 and r.headers["x-svarm-reason"] == "no-task"
    assert time.monotonic() - start < 2.5
    wait_for("the reason in the log", lambda: "no suitable node (insufficient memory" in
             s.log("gateway"), 3)
    assert s.log("gateway").count("'hopeless' had no ready task") == 1


def own_deadline(s):
    """com.openfaas.timeout, when it is shorter"""
    pool(s, "hasty", error="image not found")
    spec = next(x for x in s.control()["services"] if x["Spec"]["Name"] == "fn_hasty")["Spec"]
    spec["Labels"]["com.openfaas.timeout"] = "500ms"
    s.control(services={"fn_hasty2": dict(spec, Labels=dict(
        spec["Labels"], **{"com.openfaas.function": "hasty2"}))}, pools={"fn_hasty2": {
            "addresses": ["127.1.0.1"], "after": 1, "error": "image not found"}})
    s.await_table("hasty2", [])
    start = time.monotonic()
    assert s.post("/function/hasty2", b"x").status == 503
    assert 0.4 < time.monotonic() - start < 2.5


def full(s):
    """more than the queue holds: 503 at once, with Retry-After; other functions still wake"""
    pool(s, "crowded", error="pending")
    times = [0.0] * 260

    def one(i):
        start = time.monotonic()
        a = s.post("/function/crowded", b"x")
        times[i] = time.monotonic() - start
        return a
    threads = []
    pool(s, "beside")
    beside = []
    t = threading.Thread(target=lambda: (time.sleep(0.5), beside.append(
        s.post("/function/beside", b"x").status)))
    t.start()
    answers = together(260, one)
    t.join()
    assert [a.status for a in answers] == [503] * 260
    for a in answers:
        assert int(a.headers["retry-after"]) >= 1 and a.headers["x-svarm-reason"] == "no-task"
    times.sort()  # who waits does so for 3 s
    assert times[20] < 2.8 and times[40] > 2.9, times
    assert beside == [200], beside
    assert sample(s, "svarm_wake_refused_total") == 40


def gone_meanwhile(s):
    """a function that is removed while somebody waits: 404; one that is put to sleep wakes again"""
    pool(s, "removed", after=60)
    pool(s, "again", after=1.5)
    answers = {}
    threads = [threading.Thread(target=lambda n=n: answers.update({n: s.post("/function/" + n, b"x")}))
               for n in ("removed", "again")]
    for t in threads:
        t.start()
    wait_for("the wake", lambda: replicas(s, "removed") == replicas(s, "again") == 1)
    s.system("DELETE", "functions", {"functionName": "removed"})
    s.system("POST", "scale-function/again", {"replicas": 0})
    for t in threads:
        t.join()
    assert answers["removed"].status == 404, answers["removed"].status
    assert "removed" in answers["removed"].text
    assert answers["again"].status in (200, 503)
    assert scaled(s, "again")[:3] == [1, 0, 1], scaled(s, "again")


# ---- by load

def by_rate(s):
    """more calls a second: more tasks, in steps; fewer again some time after they end"""
    pool(s, "rate", after=0.2, replicas=1, labels={
        "type": "rps", "target": "5", "max": "5", "factor": "20"})
    with Load(s, "rate", 3) as load:
        wait_for("five tasks", lambda: replicas(s, "rate") == 5, 20)
        ended = time.monotonic()
    assert scaled(s, "rate") == [2, 3, 4, 5], scaled(s, "rate")
    wait_for("one task", lambda: replicas(s, "rate") == 1, 15)
    assert time.monotonic() - ended > 2.5
    down = scaled(s, "rate")[4:]  # what its last calls still needed goes one by one
    assert scaled(s, "rate")[:4] == [2, 3, 4, 5] and down == sorted(set(down), reverse=True), down
    assert not load.bad, load.bad


def by_capacity(s):
    """more calls under way: more tasks"""
    def slow(rq):
        time.sleep(0.4)
        return 200, {}, b"ok"
    pool(s, "busy", after=0.2, replicas=1, handle=slow, labels={
        "type": "capacity", "target": "2", "max": "8", "factor": "100"})
    with Load(s, "busy", 8) as load:
        wait_for("four tasks", lambda: replicas(s, "busy") == 4, 20)
        time.sleep(2)
        assert replicas(s, "busy") == 4
    assert not load.bad, load.bad


def by_processor(s):
    """processor time as the workers report it: more tasks"""
    pool(s, "burner", after=0.2, replicas=1, labels={
        "type": "cpu", "target": "500", "max": "6", "factor": "100"})
    sid = next(x["ID"] for x in s.control()["services"] if x["Spec"]["Name"] == "fn_burner")
    redis, used, before = s.redis(), [0.0], [time.monotonic()]

    def report(cores):
        """Its first task has used so many processors since the last report, the others none."""
        now = time.monotonic()
        used[0] += (now - before[0]) * cores
        before[0] = now
        words = ["at", int(now * 1000)]  # at once, as the workers do
        for i in range(6):
            words += ["%060x%04d" % (int(sid[3:]), i), "%d %d" % (0 if i else used[0] * 1e9, 1 << 20)]
        redis("HSET", "svarm:usage:node1", *words)
        redis("PEXPIRE", "svarm:usage:node1", 3000)
        return replicas(s, "burner")
    for _ in range(10):
        assert report(0.4) == 1  # of 0.5 that one task should use
        time.sleep(0.2)
    wait_for("more tasks", lambda: report(3) >= 2, 10)


def use_unknown(s):
    """a function to be scaled by its use of processor that nobody tells: the log says so, once"""
    pool(s, "untold", replicas=1, labels={"type": "cpu"})
    wait_for("a word on it", lambda: "'untold' is not scaled: no queue worker tells" in s.log("gateway"), 15)
    time.sleep(1)
    assert s.log("gateway").count("'untold' is not scaled") == 1


def no_counters(s):
    """nginx tells no counters: the log says so"""
    os.rename(s.dir + "/run/plane/control.sock", s.dir + "/run/plane/away.sock")
    for pid in s.nginx_workers():  # and with them the connections that the gateway has kept
        os.kill(pid, signal.SIGKILL)
    try:
        wait_for("a word on it", lambda: "nothing is scaled: no counters from nginx" in s.log("gateway"))
    finally:
        os.rename(s.dir + "/run/plane/away.sock", s.dir + "/run/plane/control.sock")
    wait_for("its end", lambda: "nginx' counters are there again" in s.log("gateway"))


def stays(s):
    """min = max never moves; factor 0 neither; nor while an update is under way"""
    pool(s, "fixed", replicas=1, labels={"target": "1", "min": "1", "max": "1"})
    pool(s, "factor0", replicas=1, labels={"target": "1", "factor": "0"})
    pool(s, "updated", replicas=1, labels={"target": "1"})
    s.control(updating={"fn_updated": True})
    with Load(s, "fixed"), Load(s, "factor0"), Load(s, "updated"):
        time.sleep(4)
        for name in "fixed", "factor0", "updated":
            assert scaled(s, name) == [], (name, scaled(s, name))
        s.control(updating={"fn_updated": False})
        wait_for("the update to be over", lambda: replicas(s, "updated") > 1)


def operators_number(s):
    """what an operator has set is not taken back, what load has added is"""
    pool(s, "manual", after=0.1, replicas=1, labels={"target": "5", "max": "8", "factor": "50"})
    s.system("POST", "scale-function/manual", {"replicas": 2})
    time.sleep(5)
    assert replicas(s, "manual") == 2
    with Load(s, "manual", 3):
        wait_for("more tasks", lambda: replicas(s, "manual") > 2, 15)
    wait_for("two tasks", lambda: replicas(s, "manual") == 2, 15)
    time.sleep(4)
    assert replicas(s, "manual") == 2


def to_zero(s):
    """nobody calls: to zero; not before, not while one runs or is queued; the next call wakes it"""
    hold = threading.Event()

    def handle(rq):
        if rq.path == "/slow":
            hold.wait(30)
        return 200, {}, b"ok"
    pool(s, "sleepy", after=0.2, replicas=2, handle=handle,
         labels={"zero": "true", "zero-duration": "2s", "max": "2", "min": "2"})
    pool(s, "wakeful", replicas=1)
    for _ in range(5):  # until this machine lets us call often enough
        base, start, pauses = scaled(s, "sleepy"), time.monotonic(), [0]
        last = start
        while last - start < 4:
            assert s.post("/function/sleepy", b"x").status == 200
            time.sleep(0.3)
            pauses.append(time.monotonic() - last)
            last += pauses[-1]
        if max(pauses) < 1.5:
            break
    assert scaled(s, "sleepy") == base, (scaled(s, "sleepy"), base, pauses)
    t = threading.Thread(target=lambda: s.post("/function/sleepy/slow", b"x"))
    t.start()
    time.sleep(4)
    assert scaled(s, "sleepy") == base, (scaled(s, "sleepy"), base)
    hold.set()
    t.join()
    s.redis()("XADD", "svarm:queue", "*", "fn", "sleepy")
    time.sleep(4)
    assert scaled(s, "sleepy") == base, (scaled(s, "sleepy"), base)
    s.redis()("DEL", "svarm:queue")
    wait_for("sleep", lambda: scaled(s, "sleepy") == base + [0], 8)
    s.await_table("sleepy", [])
    assert replicas(s, "wakeful") == 1
    for _ in range(2):
        n = len(scaled(s, "sleepy"))
        assert s.post("/function/sleepy", b"x").status == 200
        assert scaled(s, "sleepy")[n] == 2
        wait_for("sleep again", lambda: scaled(s, "sleepy")[n + 1:] == [0], 8)
        s.await_table("sleepy", [])


# ---- alerts

def alert_body(status, *names):
    return {"receiver": "scale-up", "status": status, "version": "4", "alerts": [
        {"status": status, "labels": {"alertname": "APIHighInvocationRate", "function_name": n}}
        for n in names]}


def alerts(s):
    """an alert adds a step, its end goes back to the minimum; a bad body is 400"""
    pool(s, "noisy", replicas=1, labels={"max": "8", "factor": "30"})
    pool(s, "asleep", replicas=0)
    for want in [4, 7, 8, 8]:
        r = s.system("POST", "alert", alert_body("firing", "noisy.openfaas-fn", "asleep", "nobody"))
        assert r.status == 200 and not r.body, (r.status, r.text)
        assert replicas(s, "noisy") == want, (replicas(s, "noisy"), want)
    time.sleep(4.5)
    assert replicas(s, "noisy") == 8  # the autoscaler leaves it alone
    assert s.system("POST", "alert", alert_body("resolved", "noisy", "asleep")).status == 200
    assert replicas(s, "noisy") == 1 and replicas(s, "asleep") == 0
    for bad in ["", "{}", "[]", '{"alerts":[{"status":"firing"}]}', "x" * 100]:
        r = s.system("POST", "alert", body=bad)
        assert r.status == 400 and r.text.strip() == "Unable to parse alert, bad format.", r.text
    assert s.post("/system/alert", b"{}").status == 401
    assert s.system("GET", "alert").status == 405


# ---- metrics

LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text):
    """A page of metrics: {name: {labels: value}}; everything the format asks for is checked."""
    kinds, helped, out, family, seen = {}, set(), {}, None, set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped, line
            helped.add(name)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds and kind in ("counter", "gauge", "histogram"), line
            kinds[name], family = kind, name
            continue
        m = LINE.match(line)
        assert m, line
        name, labels, value = m.groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name) if kinds.get(family) == "histogram" else name
        assert base == family and family in helped, line  # families are not mixed
        found = LABEL.findall(labels or "")
        assert "".join('%s="%s",' % f for f in found).rstrip(",") == (labels or ""), line
        key = tuple(sorted(found))
        assert len({k for k, _ in found}) == len(found) and (name, key) not in seen, line
        seen.add((name, key))
        out.setdefault(name, {})[key] = float(value)
    for name, kind in kinds.items():
        if kind == "histogram":
            check_histogram(name, out)
    return out, kinds


def check_histogram(name, out):
    series = {}
    for labels, value in out.get(name + "_bucket", {}).items():
        rest = tuple(l for l in labels if l[0] != "le")
        series.setdefault(rest, []).append((float(dict(labels)["le"].replace("+Inf", "inf")), value))
    for labels, buckets in series.items():
        buckets.sort()
        assert buckets[-1][0] == float("inf"), (name, labels)
        assert all(a[1] <= b[1] for a, b in zip(buckets, buckets[1:])), (name, labels, buckets)
        assert out[name + "_count"][labels] == buckets[-1][1], (name, labels)
        assert labels in out[name + "_sum"]


def page(s, port=None):
    return parse(request(port or s.metrics, "GET", "/metrics").text)[0]


def sample(s, name, **labels):
    return page(s).get(name, {}).get(tuple(sorted(labels.items())), 0)


def metrics(s):
    """metrics: the format, upstream's names, and that each call counts once"""
    def handle(rq):
        return (500 if rq.path == "/bad" else 200), {}, b"ok"
    pool(s, "counted", replicas=1, handle=handle)
    for _ in range(7):
        s.post("/function/counted", b"x")
    for _ in range(2):
        s.post("/function/counted/bad", b"x")
    s.system("GET", "info")
    s.redis()("SADD", "svarm:queues", "slow", 'bad"name')
    s.redis()("XADD", "svarm:dead", "*", "a", "b")
    s.redis()("XADD", "svarm:queue:slow", "*", "a", "b")  # the last: its look has seen the others
    wait_for("the gateway's next look at the queues", lambda: 'queue="svarm:queue:slow"' in
             request(s.metrics, "GET", "/metrics").text)
    time.sleep(1)
    out, kinds = parse(request(s.metrics, "GET", "/metrics").text)
    fn = ("function_name", "counted.openfaas-fn")

    def value(name, *labels):
        return out[name][tuple(sorted(labels))]
    assert value("gateway_function_invocation_total", fn, ("code", "200")) == 7
    assert value("gateway_function_invocation_total", fn, ("code", "500")) == 2
    assert value("gateway_function_invocation_started", fn) == 9
    assert value("gateway_functions_seconds_count", fn, ("code", "200")) == 7
    assert 0 < value("gateway_functions_seconds_sum", fn, ("code", "200")) < 2
    assert value("gateway_functions_seconds_bucket", fn, ("code", "200"), ("le", "10")) == 7
    assert value("gateway_service_count", fn) == 1
    assert value("http_requests_total", ("method", "GET"), ("path", "/system/info"),
                 ("status", "200")) >= 1
    assert value("http_request_duration_seconds_count", ("method", "GET"),
                 ("path", "/system/info"), ("status", "200")) >= 1
    assert not any("/function/" in dict(labels)["path"] for labels in out["http_requests_total"]
                   if dict(labels)["path"] != "/system/function/")
    assert value("svarm_queue_length", ("queue", "svarm:queue:slow")) == 1
    assert value("svarm_queue_length", ("queue", "svarm:queue")) == 0
    assert len(out["svarm_queue_length"]) == 2
    assert 0.5 < value("svarm_queue_oldest_seconds", ("queue", "svarm:queue:slow")) < 60
    assert value("svarm_dead_letters") == 1
    assert value("svarm_wakes_total") >= 5 and value("svarm_wake_seconds_count") >= 5
    assert value("svarm_scaled_up_total") >= 5 and value("svarm_put_to_sleep_total") >= 3
    assert value("svarm_scaler_decides") == 1 and value("svarm_nginx_tables_total") > 5
    assert kinds["gateway_functions_seconds"] == "histogram"
    s.redis()("DEL", "svarm:queue:slow", "svarm:dead", "svarm:queues")


# ---- several gateways

def second(s, name="gateway2", **env):
    ports = {"SVARM_PORT": free_port(), "SVARM_METRICS_PORT": free_port()}
    s.spawn(name, [program("svarm-gateway")], s.env(
        SVARM_PEER_PORT="0", SVARM_RUN=s.dir + "/" + name, SVARM_TMP=s.dir + "/tmp-" + name,
        **{k: str(v) for k, v in ports.items()}, **SETTINGS, **env))
    wait_for(name, lambda: request(ports["SVARM_PORT"], "GET", "/healthz").status == 200, 30)
    return ports["SVARM_PORT"], ports["SVARM_METRICS_PORT"]


def decides(port):
    return page(None, port)["svarm_scaler_decides"][()]


def two_gateways(s):
    """two gateways: one decides, on the calls of both; both wake the same function once"""
    port, metrics_port = second(s)
    time.sleep(1)
    assert [decides(s.metrics), decides(metrics_port)] == [1, 0]
    pool(s, "both", after=0.6, labels={"factor": "0"})
    answers = together(60, lambda i: request([s.port, port][i % 2], "POST", "/function/both", b"x"))
    assert [a.status for a in answers] == [200] * 60, [a.status for a in answers]
    assert scaled(s, "both") == [1], scaled(s, "both")
    # All calls go to the one that does not decide.
    pool(s, "shared", after=0.1, replicas=1, labels={"target": "5", "max": "3", "factor": "40"})
    with Load(s, "shared", 3, port=port) as load:
        wait_for("three tasks", lambda: replicas(s, "shared") == 3, 20)
    assert not load.bad, load.bad
    wait_for("its word on it", lambda: "scaled 'shared'" in s.log("gateway"), 5)
    assert "scaled 'shared'" not in s.log("gateway2")
    # Idle here, called there: it stays awake.
    pool(s, "there", replicas=1, labels={"zero": "true", "zero-duration": "2s"})
    with Load(s, "there", port=port, pause=0.3):
        time.sleep(5)
        assert scaled(s, "there") == [], scaled(s, "there")
    wait_for("sleep", lambda: scaled(s, "there") == [0], 10)


def takes_over(s):
    """the one that decides is killed: the other one goes on, and knows what load had added"""
    pool(s, "inherited", after=0.1, replicas=1, labels={"target": "5", "max": "3", "factor": "40"})
    with Load(s, "inherited", 3):
        wait_for("three tasks", lambda: replicas(s, "inherited") == 3, 20)
    wait_for("it in redis", lambda: s.redis()("HGET", "svarm:scaled", "inherited") == b"1 3", 3)
    with open(s.dir + "/run/nginx.pid") as f:
        nginx = "/proc/%s/cmdline" % f.read().strip()
    s.end("gateway", signal.SIGKILL)

    def gone():
        try:
            with open(nginx) as f:
                return not f.read()  # nobody may be there to bury it
        except FileNotFoundError:
            return True
    wait_for("its nginx to go with it", gone)
    wait_for("one task", lambda: replicas(s, "inherited") == 1, 25)
    wait_for("its word on it", lambda: "scaled 'inherited' from 3 to 1" in s.log("gateway2"), 5)
    s.end("gateway2")
    s.start_gateway(**SETTINGS)
    wait_for("the lease", lambda: decides(s.metrics), 10)


# ---- without Redis

def without_redis(s):
    """Redis away: the only gateway goes on by itself, but puts nobody to sleep"""
    pool(s, "alone", after=0.1, replicas=1, labels={"target": "5", "max": "3", "factor": "40"})
    pool(s, "tired", replicas=1, labels={"zero": "true", "zero-duration": "1s"})
    s.control(broken=True)  # and Docker does not answer for a moment
    s.end("redis")
    wait_for("it to be noticed", lambda: "scaling without redis" in s.log("gateway"))
    wait_for("nobody to decide", lambda: not decides(s.metrics))
    s.control(broken=False)
    with Load(s, "alone", 3) as load:
        wait_for("three tasks", lambda: replicas(s, "alone") == 3, 20)
        assert not load.bad, load.bad
    pool(s, "woken")
    assert s.post("/function/woken", b"x").status == 200
    time.sleep(2)
    assert scaled(s, "tired") == [], scaled(s, "tired")
    parse(request(s.metrics, "GET", "/metrics").text)
    s.start_redis()
    wait_for("sleep", lambda: scaled(s, "tired") == [0], 20)


def without_redis_not_alone(s):
    """Redis away, and other managers: nobody decides"""
    s.control(managers=3)
    s.end("gateway")
    s.start_gateway(**SETTINGS)
    pool(s, "one-of-three", after=0.1, replicas=1, labels={"target": "5", "factor": "40"})
    s.end("redis")
    wait_for("the end of the lease", lambda: not decides(s.metrics), 10)
    with Load(s, "one-of-three", 3):
        time.sleep(5)
        assert scaled(s, "one-of-three") == [], scaled(s, "one-of-three")
        s.start_redis()
        wait_for("more tasks", lambda: replicas(s, "one-of-three") > 1, 20)
    s.control(managers=1)


SETTINGS = {"SVARM_WAKE_TIMEOUT": "3s", "SVARM_WAKE_QUEUE": "220", "SVARM_SCALE_INTERVAL": "200ms",
            "SVARM_SCALE_SETTLE": "3s"}


def main():
    s = Stack()
    try:
        s.start_redis()
        s.start_docker()
        s.start_gateway(**SETTINGS)
    except BaseException:
        print("not ok - the gateway did not start")
        for name in sorted(s.children):
            print("# %s: %s" % (name, s.log(name)[-1500:].replace("\n", "\n# ")))
        s.close()
        raise
    run(s, [burst, large_body, minimum, deadline, own_deadline, full, gone_meanwhile, by_rate,
            by_capacity, by_processor, use_unknown, no_counters, stays, operators_number, to_zero, alerts, metrics,
            two_gateways, takes_over, without_redis, without_redis_not_alone])


if __name__ == "__main__":
    main()
