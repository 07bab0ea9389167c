#!/usr/bin/env python3
"""The gateway: synchronous calls, the function API, health, and what breaks around it.  TAP."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Stack, free_port, in_one_piece, program, request, run, wait_for  # noqa: E402

UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def verbs(s):
    """every verb reaches the function, with path and query as sent"""
    for verb in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]:
        body = None if verb == "GET" else b"abc"
        r = s.call(verb, "/function/echo/a%2Fb//c?info=1&x=%20y", body)
        assert r.status == 200, (verb, r.status, r.text)
        seen = r.json()
        assert seen["method"] == verb, seen
        assert seen["path"] == "/a%2Fb//c", seen
        assert seen["query"] == "info=1&x=%20y", seen
        assert seen["body_length"] == (3 if body else 0), seen
    assert s.call("HEAD", "/function/echo").status == 200


def root_path(s):
    """without a path the function sees /; the namespace may be named"""
    for path in ["/function/echo", "/function/echo/", "/function/echo.openfaas-fn",
                 "/function/echo.openfaas-fn/"]:
        assert s.get(path + "?info=1").json()["path"] == "/", path
    assert s.get("/function/echo.other?info=1").status == 404


def call_ids(s):
    """X-Call-Id is made, kept or replaced; X-Start-Time is nanoseconds; both go both ways"""
    before = time.time_ns()
    r = s.get("/function/echo?info=1")
    assert UUID.match(r.headers["x-call-id"]), r.headers
    assert r.json()["headers"]["x-call-id"] == r.headers["x-call-id"]
    assert before - 10**7 <= int(r.headers["x-start-time"]) <= time.time_ns()
    assert r.json()["headers"]["x-start-time"] == r.headers["x-start-time"]
    r = s.get("/function/echo?info=1", headers={"X-Call-Id": "mine-1"})
    assert r.headers["x-call-id"] == "mine-1" and r.json()["headers"]["x-call-id"] == "mine-1"
    for bad in ["a b", "x" * 200, "<script>"]:
        r = s.get("/function/echo", headers={"X-Call-Id": bad})
        assert UUID.match(r.headers["x-call-id"]), bad


def forwarded(s):
    """X-Forwarded-* and X-Real-IP are set, or added to"""
    h = s.get("/function/echo?info=1", headers={"Host": "functions.example:99"}).json()["headers"]
    assert h["x-forwarded-host"] == "functions.example:99", h
    assert h["x-forwarded-for"] == "127.0.0.1" and h["x-forwarded-proto"] == "http", h
    assert h["x-real-ip"] == "127.0.0.1", h
    h = s.get("/function/echo?info=1", headers={
        "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "outer.example", "X-Real-IP": "192.0.2.7"}).json()["headers"]
    assert h["x-forwarded-for"] == "192.0.2.7, 127.0.0.1" and h["x-real-ip"] == "192.0.2.7", h
    assert h["x-forwarded-proto"] == "https" and h["x-forwarded-host"] == "outer.example", h


def unknown(s):
    """an unknown function is 404 with upstream's words; a bad path is 404"""
    r = s.post("/function/nope", b"x")
    assert r.status == 404 and r.text.startswith(
        "error finding function nope.openfaas-fn: server returned non-200 status code (404) for "
        "function, nope"), r.text
    for path in ["/x", "/function", "/function/", "//function/echo", "/function/a;b",
                 "/async-function", "/functionx/echo"]:
        assert s.get(path).status in (404, 405), (path, s.get(path).status)


def asleep(s):
    """a function without a task is 503 with Retry-After, and awake once one runs"""
    s.function("idle", [], replicas=0)
    r = s.post("/function/idle/x", b"y" * 200000)
    assert r.status == 503 and int(r.headers["retry-after"]) >= 1, (r.status, r.headers)
    assert "x-call-id" in r.headers
    s.tasks("idle", ["127.0.0.2"])
    s.await_table("idle", ["127.0.0.2"])
    assert s.post("/function/idle", b"y").text == "y"


def own_errors(s):
    """a function's own status and body are passed on untouched"""
    for status in [201, 301, 400, 404, 418, 463, 500, 502, 503, 504]:
        r = s.post("/function/echo?status=%d" % status, b"mine")
        assert r.status == status and r.text == "mine", (status, r.status, r.text)


def keepalive(s):
    """connections to a function are kept: 200 calls need a handful"""
    b = s.backend("127.0.0.4", lambda rq: (200, {}, b"ok"))
    s.function("kept", ["127.0.0.4"])
    c = http.client.HTTPConnection("127.0.0.1", s.port)
    for _ in range(200):
        c.request("POST", "/function/kept", b"x")
        assert c.getresponse().read() == b"ok"
    assert len(b.requests) == 200 and b.connections <= 4, b.connections
    assert all(r.request_version == "HTTP/1.1" for r in b.requests)
    assert not any(r.headers.get("Connection") for r in b.requests)
    # Idle ones are closed before a server would close them, which keeps its own for a minute.
    assert established("127.0.0.4", s.function_port) >= 1
    wait_for("the end of idle connections", lambda: not established("127.0.0.4", s.function_port), 20)


def balanced(s):
    """both tasks of a function get calls"""
    hosts = {"127.0.0.2": 0, "127.0.0.3": 0}
    for address in hosts:
        hosts[address] = established(address, s.function_port)
    for _ in range(40):
        assert s.post("/function/echo", b"x").status == 200
    for address in hosts:
        assert established(address, s.function_port) > 0, address


def established(address, port):
    want = "%08X:%04X" % (int.from_bytes(socket.inet_aton(address), "little"), port)
    with open("/proc/net/tcp") as f:
        return sum(1 for line in f if line.split()[1] == want and line.split()[3] == "01")


def hang_up(s):
    """a function that hangs up: 502, empty; a POST is not run twice"""
    seen = []
    b = [s.backend(a, lambda rq: seen.append(rq.command)) for a in ("127.0.0.5", "127.0.0.6")]
    s.function("rude", ["127.0.0.5", "127.0.0.6"])
    r = s.post("/function/rude", b"x")
    assert r.status == 502 and r.body == b"", (r.status, r.text)
    assert seen == ["POST"], seen
    for verb in "POST", "PATCH":
        seen.clear()
        r = in_one_piece(s.port, verb, "/function/rude", b"x")
        assert r.status == 502 and seen == [verb], (r.status, seen)
    seen.clear()
    assert in_one_piece(s.port, "PUT", "/function/rude", b"x").status == 502
    assert seen == ["PUT", "PUT"], seen  # that one may be sent to another task
    for one in b:
        one.stop()
        s.backends.remove(one)


def dead_task(s):
    """a task that dies costs nobody a call: even POST goes to the next one"""
    dead = [s.backend(a, lambda rq: (200, {"Connection": "close"}, b"alive"))
            for a in ("127.0.0.98", "127.0.0.99")]
    s.function("half", ["127.0.0.2", "127.0.0.99"])
    s.function("lost", ["127.0.0.98", "127.0.0.99"])
    assert s.post("/function/lost", b"x").text == "alive"
    for b in dead:
        b.stop()
        s.backends.remove(b)
    for _ in range(60):
        r = s.post("/function/half", b"x")
        assert r.status == 200 and r.text == "x", r.status
    r = s.post("/function/lost", b"x")
    assert r.status == 502 and r.body == b"", (r.status, r.text)


def not_ready(s):
    """a task that does not listen gets no calls; once it does, it is found at once"""
    s.function("late", ["127.0.0.97"], ready=[])
    r = s.post("/function/late", b"x")
    assert r.status == 503 and r.headers["x-svarm-reason"] == "no-task", r.status
    wait_for("the reason in the log", lambda: "'late' had no ready task in time: its tasks run, but take no "
             "connection on port %d" % s.function_port in s.log("gateway"))
    took = []
    for new in ("127.0.0.97", "127.0.0.96", "127.0.0.95"):
        s.tasks("late", [new, "127.0.0.2"])
        s.await_table("late", ["127.0.0.2"])
        s.backend(new, lambda rq: (200, {}, b"late"))
        start = time.monotonic()
        s.await_table("late", ["127.0.0.2", new])
        took.append(time.monotonic() - start)
    assert min(took) < 0.9, took


def ready_path(s):
    """annotation com.openfaas.ready.http.path: a task gets calls once a GET of that path is answered 2xx"""
    up = threading.Event()
    b = s.backend("127.0.0.9", lambda rq: (200 if up.is_set() else 503, {}, b"warm"))
    s.function("warming", ["127.0.0.9"], ready=[], annotations={"com.openfaas.ready.http.path": "/_/ready?a=b"})
    wait_for("a few questions", lambda: len(b.requests) >= 3)
    assert s.post("/function/warming", b"x").headers["x-svarm-reason"] == "no-task"
    assert {(r.command, r.path) for r in b.requests} == {("GET", "/_/ready?a=b")}, b.requests
    wait_for("the reason in the log", lambda: "'warming' had no ready task in time: its tasks run, but do not "
             "answer GET /_/ready?a=b on port %d with 2xx" % s.function_port in s.log("gateway"))
    up.set()
    s.await_table("warming", ["127.0.0.9"])
    assert s.post("/function/warming", b"x").text == "warm"


def follows(s):
    """tasks come and go: nginx follows, after an event and without one"""
    b = s.backend("127.0.0.7", lambda rq: (200, {}, b"seven"))
    s.function("moving", ["127.0.0.2"])
    s.tasks("moving", ["127.0.0.7"])
    s.await_table("moving", ["127.0.0.7"], timeout=2)
    r = s.post("/function/moving", b"x")
    assert r.text == "seven", (r.status, r.text)
    time.sleep(5.5)  # the burst of looks after an event is over
    s.tasks("moving", ["127.0.0.2"], quiet=True)
    s.await_table("moving", ["127.0.0.2"], timeout=4)
    n = len(b.requests)
    for _ in range(10):
        r = s.post("/function/moving", b"x")
        assert r.text == "x", (r.status, r.text)
    assert len(b.requests) == n


def quiet(s):
    """nothing changes, nothing is sent to nginx; and a change is no reload"""
    def tables():
        text = request(s.metrics, "GET", "/metrics").text
        return int(re.search(r"^svarm_nginx_tables_total (\d+)$", text, re.M).group(1))
    n, workers = tables(), s.nginx_workers()
    for _ in range(3):
        s.control(tasks={})
        time.sleep(0.3)
    assert tables() == n
    s.function("one-more", ["127.0.0.2"])
    assert tables() > n and s.nginx_workers() == workers and len(workers) >= 1


def big_bodies(s):
    """20 MB up and down unchanged; more than 50 MB is 413"""
    data = os.urandom(1 << 20) * 20
    r = s.post("/function/echo", data, timeout=60)
    assert r.status == 200 and r.body == data, (r.status, len(r.body))
    r = s.get("/function/echo?size=10000000&chunked=1", timeout=60)
    assert r.status == 200 and len(r.body) == 10000000
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20)
    c.putrequest("POST", "/function/echo")
    c.putheader("Content-Length", str(51 << 20))
    c.endheaders()
    assert c.getresponse().status == 413


def chunked_upload(s):
    """a chunked request arrives whole"""
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20)
    c.request("POST", "/function/echo", iter([b"ab", b"cd" * 5000]), encode_chunked=True,
              headers={"Transfer-Encoding": "chunked"})
    assert c.getresponse().read() == b"ab" + b"cd" * 5000


def streaming(s):
    """what a function has sent is passed on before it ends"""
    def slow(rq):
        rq.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        rq.wfile.flush()
        came.append(seen.wait(10))
        rq.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")
        return None
    seen, came = threading.Event(), []
    s.backend("127.0.0.8", slow)
    s.function("stream", ["127.0.0.8"])
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20)
    c.request("GET", "/function/stream")
    r = c.getresponse()
    assert r.read(5) == b"first"
    seen.set()
    assert r.read() == b"last" and came == [True]


def needs_auth(s):
    """/system/ without or with wrong credentials is 401, whatever the path"""
    paths = [("GET", "functions"), ("POST", "functions"), ("DELETE", "functions"),
             ("GET", "info"), ("GET", "function/echo"), ("POST", "scale-function/echo"),
             ("GET", "nothing-here"), ("PATCH", "functions")]
    for verb, path in paths:
        for auth in [None, ("admin", "wrong"), ("", ""), ("admin", ""), ("root", "s3cret pass")]:
            r = (s.call(verb, "/system/" + path) if auth is None
                 else s.system(verb, path, auth=auth))
            assert r.status == 401, (verb, path, auth, r.status)
            assert r.headers["www-authenticate"] == 'Basic realm="Restricted"'
            assert r.text.strip() == "invalid credentials"
    big = s.call("POST", "/system/functions", b"x" * 1000000)
    assert big.status == 401 and big.text.strip() == "invalid credentials", big.status
    for trick in ["/function/../system/functions", "/function/%2e%2e/system/functions",
                  "/system/../system/functions", "/./system/functions"]:
        assert s.get(trick).status in (400, 401, 404, 503), (trick, s.get(trick).status)
    assert s.system("GET", "functions").status == 200


def life_of_a_function(s):
    """deploy, list, call, update, scale, remove: status codes as OpenFaaS has them"""
    s.backend("127.0.0.1", lambda rq: (200, {}, b"new"))
    d = {"service": "newone", "image": "svarm/echo:dev", "labels": {"a": "b"},
         "limits": {"memory": "128Mi", "cpu": "100m"}, "secrets": ["api-key"],
         "envVars": {"X": "1"}}
    assert s.system("POST", "functions", d).status == 202
    r = s.system("GET", "function/newone")
    assert r.status == 200 and r.json()["limits"] == {"memory": "128Mi", "cpu": "100m"}, r.text
    s.await_table("newone", ["127.0.0.1"])
    assert s.post("/function/newone", b"x").text == "new"
    r = s.system("POST", "functions", d)
    assert r.status == 400 and "already exists" in r.text, r.status

    assert s.system("POST", "scale-function/newone",
                    {"serviceName": "newone", "replicas": 3}).status == 202
    assert s.system("GET", "function/newone").json()["replicas"] == 3
    d["envVars"] = {"X": "2"}
    assert s.system("PUT", "functions", d).status == 202
    seen = s.system("GET", "function/newone").json()
    assert seen["replicas"] == 3 and seen["envVars"] == {"X": "2"}, seen
    names = [f["name"] for f in s.system("GET", "functions").json()]
    assert "newone" in names and names == sorted(names), names

    assert s.system("DELETE", "functions", {"functionName": "newone"}).status == 202
    assert s.system("GET", "function/newone").status == 404
    s.await_table("newone", None)
    assert s.post("/function/newone").status == 404


def refusals(s):
    """what the function API refuses, and how"""
    for body in [b"", b"{", b"[]", b'{"service":"x"}', b'{"service":"../x","image":"i"}',
                 b'{"service":"x","image":"i","limits":{"memory":"much"}}',
                 b'{"service":"x","image":"i","secrets":["not-there"]}']:
        r = s.system("POST", "functions", body=body)
        assert r.status == 400, (body, r.status)
    assert "not-there" in r.text
    d = {"service": "nope", "image": "i"}
    assert s.system("PUT", "functions", d).status == 404
    r = s.system("DELETE", "functions", {"functionName": "nope"})
    assert r.status == 404 and r.text.strip() == "No such service found: nope."
    assert s.system("DELETE", "functions", {"functionName": ""}).status == 400
    assert s.system("DELETE", "functions", {"functionName": "echo", "namespace": "x"}).status == 404
    r = s.system("POST", "scale-function/echo", body=b"what")
    assert r.status == 400 and r.text.strip() == "Cannot parse request. Please pass valid JSON."
    assert s.system("POST", "scale-function/nope", {"replicas": 1}).status == 404
    assert s.system("POST", "functions", body=b"x" * (2 << 20)).status == 413
    assert s.system("PATCH", "functions").status == 405
    assert s.system("GET", "nothing-here").status == 404
    assert s.system("GET", "functions?namespace=other").json() == []


def what_docker_gets(s):
    """the service Docker is asked for: labels, network, per-task addresses, endless restarts"""
    b = {"service": "spec", "image": "i:1", "envProcess": "cat", "readOnlyRootFilesystem": True}
    assert s.system("POST", "functions", b).status == 202
    spec = next(x["Spec"] for x in s.control()["services"] if x["Spec"]["Name"] == "spec")
    t = spec["TaskTemplate"]
    assert spec["EndpointSpec"] == {"Mode": "dnsrr"}
    assert t["Networks"] == [{"Target": "svarm"}]
    assert t["RestartPolicy"]["Condition"] == "any" and "MaxAttempts" not in t["RestartPolicy"]
    assert t["ContainerSpec"]["Env"] == ["fprocess=cat"] and t["ContainerSpec"]["ReadOnly"]
    assert spec["Labels"]["com.openfaas.function"] == "spec"
    assert t["ContainerSpec"]["Labels"] == spec["Labels"]
    assert spec["UpdateConfig"]["Order"] == "start-first"
    s.system("DELETE", "functions", {"functionName": "spec"})


def stack_functions(s):
    """functions of a stack are found by label, and keep their name and labels on update"""
    r = s.system("GET", "function/echo").json()
    assert r["name"] == "echo" and r["availableReplicas"] == 2, r
    assert not any(k.startswith("com.docker.") for k in r["labels"]), r
    assert s.system("PUT", "functions",
                    {"service": "echo", "image": "svarm/echo:2"}).status == 202
    spec = next(x["Spec"] for x in s.control()["services"] if x["Spec"]["Name"] == "fn_echo")
    assert spec["Labels"]["com.docker.stack.namespace"] == "fn"
    assert spec["Mode"] == {"Replicated": {"Replicas": 2}}
    assert spec["TaskTemplate"]["Networks"] == [{"Target": "n1"}]
    assert s.post("/function/echo", b"x").text == "x"


def info(s):
    """/system/info and /system/namespaces"""
    i = s.system("GET", "info").json()
    assert i["provider"]["orchestration"] == "swarm" and i["arch"] == os.uname().machine, i
    assert s.system("GET", "namespaces").json() == ["openfaas-fn"]


def metrics(s):
    """port 8082 has metrics and its own health"""
    text = request(s.metrics, "GET", "/metrics").text
    for name in ["svarm_docker_up 1", "svarm_redis_up 1", "svarm_nginx_requests_total",
                 'gateway_service_count{function_name="echo.openfaas-fn"} 2']:
        assert name in text, (name, text)
    assert request(s.metrics, "GET", "/healthz").text == "OK\n"
    assert request(s.metrics, "GET", "/system/functions").status == 404


def probes(s):
    """probes: one JSON object, and an exit status that agrees"""
    for args in [("redis",), ("function", "echo"), ("health",), ("peer", "127.0.0.1:%d" % s.peer)]:
        code, out = s.probe(*args)
        assert code == 0 and out["ok"] is True and out["ms"] > 0, (args, out)
    assert s.probe("function", "echo")[1]["echoed"] is True
    for args in [("function", "nope"), ("peer", "127.0.0.1:%d" % free_port()),
                 ("peer", "127.0.0.1:%d" % s.redis_port)]:
        code, out = s.probe(*args)
        assert code == 1 and out["ok"] is False and out["error"], (args, out)
    code, out = s.probe("store")
    assert code == 0 and out["used_memory"] > 0 and out["aof_enabled"] in (0, 1), out
    assert out["maxmemory_policy"] == "noeviction" and out["evicted_keys"] == 0, out
    assert s.probe("nonsense")[0] == 2
    assert s.probe("redis", of="svarm-queue-worker")[0] == 0


def peer_is_bounded(s):
    """the peer echo hangs up after 1 MiB and holds no more than 16 connections"""
    c = socket.create_connection(("127.0.0.1", s.peer), timeout=5)
    got = 0
    try:
        for _ in range(200):
            c.sendall(b"x" * 16384)
            got += len(c.recv(65536))
    except OSError:
        pass
    assert got < 2 << 20, got
    many = [socket.create_connection(("127.0.0.1", s.peer), timeout=5) for _ in range(40)]
    alive = 0
    for m in many:
        try:
            m.sendall(b"y")
            m.settimeout(0.3)
            alive += m.recv(1) == b"y"
        except OSError:
            pass
    for m in many:
        m.close()
    assert 1 <= alive <= 16, alive


def doubled(s):
    """of two services that are the same function one is left out, and the log says which"""
    echo = next(x for x in s.control()["services"] if x["Spec"]["Name"] == "fn_echo")
    s.control(services={"twin": echo["Spec"]})
    twin = next(x["ID"] for x in s.control()["services"] if x["Spec"]["Name"] == "twin")
    wait_for("the word on it", lambda: "1 service is left out, among them %s: another service is this "
             "function: 'echo'" % max(twin, echo["ID"]) in s.log("gateway"))
    assert s.post("/function/echo", b"x").text == "x"


def no_events(s):
    """Docker lets nobody follow its events: the log says so, and the functions are followed all the same"""
    assert "no events from docker" not in s.log("gateway")
    s.control(events=False)
    wait_for("a word on it", lambda: "no events from docker" in s.log("gateway"), 20)
    s.function("unheard", ["127.0.0.2"])
    s.control(events=True)
    assert s.log("gateway").count("no events from docker") == 1


def docker_breaks(s):
    """Docker fails: functions go on, health says why, and it recovers"""
    assert s.get("/healthz").status == 200
    s.control(broken=True)
    wait_for("unhealthy", lambda: s.get("/healthz").status == 503)
    r = s.get("/healthz").json()
    assert r["docker"] is False and r["redis"] is True and "leader" in r["error"], r
    assert s.post("/function/echo", b"x").text == "x"
    assert s.system("GET", "functions").status == 500
    s.control(broken=False)
    wait_for("healthy", lambda: s.get("/healthz").status == 200)
    s.end("docker", signal.SIGKILL)
    wait_for("unhealthy", lambda: s.get("/healthz").status == 503)
    assert s.post("/function/echo", b"x").text == "x"
    s.start_docker()
    wait_for("an empty list", lambda: s.system("GET", "functions").text == "[]\n")
    s.await_table("echo", None, 15)  # of the docker before
    s.function("echo", ["127.0.0.2", "127.0.0.3"])
    wait_for("healthy", lambda: s.get("/healthz").status == 200)


def redis_breaks(s):
    """Redis fails: functions go on, asynchronous calls are 503 with Retry-After"""
    s.end("redis", signal.SIGKILL)
    wait_for("unhealthy", lambda: s.get("/healthz").status == 503)
    assert s.get("/healthz").json()["redis"] is False
    r = s.post("/async-function/echo", b"x")
    assert r.status == 503 and int(r.headers["retry-after"]) >= 1, r.status
    assert s.post("/function/echo", b"x").text == "x"
    s.start_redis()
    wait_for("healthy", lambda: s.get("/healthz").status == 200)
    assert s.post("/async-function/echo", b"x").status == 202


def full_redis(s):
    """a full Redis refuses: 503, nothing is dropped"""
    r = s.redis()
    n = s.queue_length()
    r("CONFIG", "SET", "maxmemory", "1mb")
    answer = s.post("/async-function/echo", b"x" * 100000)
    assert answer.status == 503, answer.status
    r("CONFIG", "SET", "maxmemory", "0")
    assert s.queue_length() == n
    assert s.post("/async-function/echo", b"x").status == 202


def async_rules(s):
    """asynchronous calls: 202, 404, 405, 400, 413"""
    r = s.post("/async-function/echo/p?q=1", b"x", {"X-Callback-Url": "http://h/"})
    assert r.status == 202 and UUID.match(r.headers["x-call-id"]) and r.body == b"", r.status
    assert len(r.headers["x-start-time"]) == 19
    r = s.post("/async-function/echo.openfaas-fn", b"", {"X-Call-Id": "mine"})
    assert r.status == 202 and r.headers["x-call-id"] == "mine"
    assert s.post("/async-function/nope", b"x").status == 404
    assert s.post("/async-function/", b"x").status == 404
    for verb in ["GET", "PUT", "DELETE"]:
        assert s.call(verb, "/async-function/echo").status == 405, verb
    for url in ["nope", "ftp://h/", "http://", "http://u:p@h/", "http://h/ x", "file:///etc"]:
        assert s.post("/async-function/echo", b"x", {"X-Callback-Url": url}).status == 400, url
    assert s.post("/async-function/echo", b"x" * (9 << 20)).status == 202
    assert s.post("/async-function/echo", b"x" * (11 << 20)).status == 413


def queued_at_once(s):
    """a new function is known no later than nginx knows it: calls are queued, or wait for its tasks"""
    def failures():
        text = request(s.metrics, "GET", "/metrics").text
        return re.search(r"^svarm_nginx_table_failures_total (\d+)$", text, re.M).group(1)

    def ask(path):  # as nginx does
        c = http.client.HTTPConnection("gateway", timeout=5)
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(s.dir + "/run/control.sock")
        c.request("POST", path, b"x")
        return c.getresponse().status
    before, workers = failures(), s.nginx_workers()
    for pid in workers:  # they take the table when they go on
        os.kill(pid, signal.SIGSTOP)
    try:
        spec = next(x["Spec"] for x in s.control()["services"] if x["Spec"]["Name"] == "fn_echo")
        labels = {**spec["Labels"], "com.openfaas.function": "brand-new"}
        s.control(services={"fn_brand-new": {**spec, "Labels": labels}},
                  tasks={"fn_brand-new": ["127.0.0.2"]})
        wait_for("its acceptance", lambda: ask("/async-function/brand-new") == 202)
        assert ask("/function/brand-new") == 503  # when its time is up
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    s.await_table("brand-new", ["127.0.0.2"])
    assert failures() == before, "accepted only when nginx was given up"


def change_in_flight(s):
    """a call under way survives a change of the table"""
    out = []
    t = threading.Thread(target=lambda: out.append(s.post("/function/echo?delay=2000", b"kept")))
    t.start()
    time.sleep(0.3)
    s.function("another", ["127.0.0.2"])
    t.join()
    assert out[0].status == 200 and out[0].text == "kept", out[0].status


def nginx_dies(s):
    """nginx is killed: it is started again and calls go on"""
    with open(s.dir + "/run/nginx.pid") as f:
        old = int(f.read())
    os.kill(old, signal.SIGKILL)

    def back():
        with open(s.dir + "/run/nginx.pid") as f:
            return int(f.read()) != old and s.post("/function/echo", b"x").text == "x"
    wait_for("a new nginx", back, 15)
    s.function("after", ["127.0.0.3"])
    assert s.post("/function/after", b"x").text == "x"


def graceful_stop(s):
    """SIGTERM: what is under way is finished, no kept connection loses a call, nothing is left"""
    faults, closed, done = [], [], threading.Event()
    s.function("last", ["127.0.0.2"])

    def client(verb, pause):
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=10)
        while not done.is_set():
            try:
                c.request(verb, "/function/echo", b"kept" if verb == "POST" else None)
                r = c.getresponse()
                r.read()
                if r.getheader("Connection") == "close":
                    closed.append(verb)
                if r.status != 200:
                    faults.append((verb, r.status))
            except ConnectionRefusedError:
                return  # nobody is there any more: another gateway would be asked
            except (OSError, http.client.HTTPException) as e:
                faults.append((verb, repr(e)))
                c.close()
            time.sleep(pause)
    # Those who call seldom are told to close only if they are waited for.
    clients = [threading.Thread(target=client, args=(v, pause)) for v in ("GET", "POST")
               for pause in (0.01, 0.01, 0.3, 0.3, 0.3, 0.3)]
    for t in clients:
        t.start()
    # and those that come anew for every call, without a pause
    hurried = subprocess.Popen([program("svarm-load"), "-c", "100", "-d", "60", "--fresh", "--json",
                                "http://127.0.0.1:%d/function/echo" % s.port],
                               stdout=subprocess.PIPE)
    with open(s.dir + "/run/nginx.pid") as f:
        nginx = int(f.read())
    out = []
    t = threading.Thread(target=lambda: out.append(s.post("/function/last?delay=1500", b"last")))
    t.start()
    wait_for("the last call", lambda: s.table()["last"][0] == 1)
    time.sleep(0.4)
    code = s.end("gateway")
    t.join()
    done.set()
    for t in clients:
        t.join()
    time.sleep(0.5)  # some find nobody
    hurried.send_signal(signal.SIGINT)
    hurry = json.loads(hurried.communicate(timeout=20)[0])
    assert hurry["answers"] > 0 and hurry["failed"] == hurry["errors"]["connect"] > 0, hurry
    assert not faults and len(closed) >= len(clients), (faults, len(closed))
    assert "may be reset" not in s.log("gateway"), s.log("gateway")[-500:]
    assert out[0].text == "last" and code == 0, (out[0].status, code)
    assert not os.path.exists("/proc/%d" % nginx)


def few_files(s):
    """a soft limit of open files below what callers may need is raised; a hard one is told to the log"""
    s.start_gateway(files=(200, 2500), SVARM_WAKE_TIMEOUT="30s", SVARM_ASYNC_BUDGET=str(1 << 20),
                    SVARM_ACCESS_LOG="1")
    for who in ["the gateway", "each nginx worker"]:
        assert who + " may have 2500 files open, fewer than" in s.log("gateway"), who
    s.function("crowd", [], replicas=0)
    answers = []
    callers = [threading.Thread(target=lambda: answers.append(s.post("/function/crowd", b"x", timeout=60)
                                                              .status)) for _ in range(300)]
    for t in callers:
        t.start()
    wait_for("all of them to wait", lambda: "svarm_wake_waiting 300\n" in request(
        s.metrics, "GET", "/metrics").text, 25)
    s.tasks("crowd", ["127.0.0.2"])
    for t in callers:
        t.join()
    assert answers == [200] * 300, answers
    wait_for("all of them in the access log", lambda: s.log("gateway").count(
        '"POST /function/crowd HTTP/1.1" 200 ') == 300)


def async_budget(s):
    """bodies beyond SVARM_ASYNC_BUDGET at once are refused; what was stored counts no more"""
    wait_for("health", lambda: s.get("/healthz").status == 200)
    r = s.post("/async-function/crowd", b"x" * (1 << 20))
    assert r.status == 503 and "too much" in r.text and int(r.headers["retry-after"]) >= 1, (r.status, r.text)
    for _ in range(20):
        assert s.post("/async-function/crowd", b"x" * 300000).status == 202


def unheard_stop(s):
    """SIGTERM when nginx cannot be told: the gateway ends all the same, and the log says what it costs"""
    os.rename(s.dir + "/run/plane/control.sock", s.dir + "/run/plane/away.sock")
    for pid in s.nginx_workers():  # and with them the connections that the gateway has kept
        os.kill(pid, signal.SIGKILL)
    before = len(s.log("gateway"))
    assert s.end("gateway") == 0
    said = s.log("gateway")[before:]
    assert "calls on connections that clients keep may be lost" in said, said
    assert "new connections may be reset" in said, said


def refuses_to_start_open(s):
    """without its credentials it does not start"""
    os.rename(s.dir + "/secrets/basic-auth-password", s.dir + "/kept")
    p = s.spawn("open", ["true"])
    p.wait()
    p = s.spawn("open", [program("svarm-gateway")], s.env())
    assert p.wait(10) == 2 and "basic-auth-password" in s.log("open")
    os.rename(s.dir + "/kept", s.dir + "/secrets/basic-auth-password")
    del s.children["open"]


def main():
    s = Stack()
    try:
        s.start_redis()
        s.start_docker()
        s.start_echo("127.0.0.2")
        s.start_echo("127.0.0.3")
        s.start_gateway(SVARM_WAKE_TIMEOUT="1s")
        s.function("echo", ["127.0.0.2", "127.0.0.3"])
    except BaseException:
        print("not ok - the gateway did not start")
        for name in sorted(s.children):
            print("# %s: %s" % (name, s.log(name)[-1500:].replace("\n", "\n# ")))
        s.close()
        raise
    run(s, [verbs, root_path, call_ids, forwarded, unknown, asleep, own_errors, keepalive, balanced,
            hang_up, dead_task, not_ready, ready_path, follows, quiet, big_bodies, chunked_upload, streaming, needs_auth,
            life_of_a_function, refusals, what_docker_gets, stack_functions, info, metrics, probes,
            peer_is_bounded, async_rules, full_redis, redis_breaks, no_events, doubled, docker_breaks,
            queued_at_once, change_in_flight, nginx_dies, graceful_stop, few_files, async_budget, unheard_stop,
            refuses_to_start_open])


if __name__ == "__main__":
    main()
