#!/usr/bin/env python3
"""The gateway's function API from inside: what Docker is asked for, how secrets are versioned, and how
logs behave when readers are many, slow or gone.  What clients see is in tests/api.  TAP."""
import base64
import calendar
import http.client
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PASSWORD, TOP, USER, Stack, run, wait_for  # noqa: E402

ID = "sha256:" + "0123456789abcdef" * 4


def spec_of(s, name):
    return next(x["Spec"] for x in s.control()["services"] if x["Spec"]["Name"] == name)


def deploy(s, **d):
    r = s.system("PUT", "functions", dict({"image": "svarm/echo:dev"}, **d))
    if r.status == 404:
        r = s.system("POST", "functions", dict({"image": "svarm/echo:dev"}, **d))
    assert r.status == 202, (r.status, r.text)
    return spec_of(s, d["service"])


def remove(s, name):
    assert s.system("DELETE", "functions", {"functionName": name}).status == 202


# ---- services ----

def what_a_service_is(s):
    """a function: no check of the image's own, workers only, time to end its calls, endless restarts"""
    spec = deploy(s, service="one")
    t = spec["TaskTemplate"]
    assert t["ContainerSpec"]["Healthcheck"] == {"Test": ["NONE"]}
    assert t["ContainerSpec"]["StopGracePeriod"] == 30 * 10**9
    assert t["ContainerSpec"]["Sysctls"] == {"net.core.somaxconn": "65535"}
    assert t["Placement"]["Constraints"] == ["node.labels.svarm.worker == true"]
    assert t["RestartPolicy"] == {"Condition": "any", "Delay": 10**9}
    assert spec["UpdateConfig"]["FailureAction"] == "rollback" and spec["UpdateConfig"]["Monitor"]
    assert spec["RollbackConfig"]["FailureAction"] == "pause"
    assert spec["EndpointSpec"] == {"Mode": "dnsrr"}
    spec = deploy(s, service="one", constraints=["node.role == manager"],
                  annotations={"com.openfaas.healthcheck": "image"},
                  labels={"com.openfaas.timeout": "45s"})
    t = spec["TaskTemplate"]
    assert t["Placement"]["Constraints"] == ["node.role == manager"]
    assert "Healthcheck" not in t["ContainerSpec"]
    assert t["ContainerSpec"]["StopGracePeriod"] == 45 * 10**9
    remove(s, "one")


def local_images(s):
    """an image that came from no registry runs by its ID, so that none is asked; others by their name"""
    s.control(images={"svarm/local:1": {"Id": ID, "RepoDigests": []},
                      "svarm/pulled:1": {"Id": ID, "RepoDigests": ["svarm/pulled@" + ID]},
                      "svarm/odd:1": {"Id": "../x", "RepoDigests": []}})
    for image, runs in [("svarm/local:1", ID), ("svarm/pulled:1", "svarm/pulled:1"),
                        ("svarm/odd:1", "svarm/odd:1"), ("registry.example:5000/f:2",) * 2]:
        spec = deploy(s, service="img", image=image)
        assert spec["TaskTemplate"]["ContainerSpec"]["Image"] == runs, spec
        assert s.system("GET", "function/img").json()["image"] == image
    auth = base64.b64encode(b"user:pass").decode()
    spec = deploy(s, service="img", image="svarm/local:1", registryAuth=auth)
    assert spec["TaskTemplate"]["ContainerSpec"]["Image"] == "svarm/local:1"
    remove(s, "img")


# ---- secrets ----

def names(s):
    return sorted(x["Spec"]["Name"] for x in s.control()["secrets"])


def mounted(s, name):
    return [(x["SecretName"], x["File"]["Name"], x["File"]["Mode"])
            for x in spec_of(s, name)["TaskTemplate"]["ContainerSpec"]["Secrets"]]


def put(s, name, value, method="PUT"):
    r = s.system(method, "secrets", {"name": name, "value": value})
    assert r.status in (200, 201), (r.status, r.text)


def versions(s):
    """an update is a new Swarm secret; a function gets it when deployed; old ones go when unused"""
    put(s, "key", "one", "POST")
    assert names(s) == ["api-key", "key.1"], names(s)
    deploy(s, service="user", secrets=["key"])
    assert mounted(s, "user") == [("key.1", "/var/openfaas/secrets/key", 0o444)]
    put(s, "key", "two")
    assert names(s) == ["api-key", "key.1", "key.2"]
    assert mounted(s, "user")[0][0] == "key.1"
    put(s, "key", "three")
    assert names(s) == ["api-key", "key.1", "key.3"]  # nobody ever used the second
    deploy(s, service="user", secrets=["key"])
    assert mounted(s, "user")[0][0] == "key.3"
    assert names(s) == ["api-key", "key.1", "key.3"]  # to roll back to
    deploy(s, service="user", secrets=["key"])
    assert names(s) == ["api-key", "key.3"]
    assert s.system("GET", "function/user").json()["secrets"] == ["key"]
    r = s.system("DELETE", "secrets", {"name": "key"})
    assert r.status == 409 and "user" in r.text, (r.status, r.text)
    assert names(s) == ["api-key", "key.3"]
    remove(s, "user")
    assert s.system("DELETE", "secrets", {"name": "key"}).status == 200
    assert names(s) == ["api-key"]


def secrets_of_others(s):
    """faas-swarm's secrets are taken over; an operator's are used but neither listed nor removed"""
    s.control(secrets=[{"ID": "old1", "Spec": {"Name": "old", "Labels": {
        "com.openfaas.owner": "openfaas"}}},
        {"ID": "own1", "Spec": {"Name": "svarm-redis-password-12ab", "Labels": {}}}])
    assert [x["name"] for x in s.system("GET", "secrets").json()] == ["old"]
    deploy(s, service="user", secrets=["old", "api-key"])
    assert [m[0] for m in mounted(s, "user")] == ["old", "api-key"]
    put(s, "old", "new value")
    assert [x["name"] for x in s.system("GET", "secrets").json()] == ["old"]
    deploy(s, service="user", secrets=["old"])
    assert mounted(s, "user") == [("old.1", "/var/openfaas/secrets/old", 0o444)]
    remove(s, "user")
    for name, status in [("api-key", 404), ("svarm-redis-password-12ab", 400), ("old", 200)]:
        assert s.system("DELETE", "secrets", {"name": name}).status == status, name
    assert s.system("POST", "secrets", {"name": "api-key", "value": "x"}).status == 409
    assert s.system("PUT", "secrets", {"name": "api-key", "value": "x"}).status == 404
    assert "svarm-redis-password-12ab" in names(s)
    assert s.system("POST", "functions", {"service": "x", "image": "i", "secrets":
                                          ["svarm-redis-password-12ab"]}).status == 400


def values_arrive(s):
    """values reach Docker byte for byte, and nothing of them the log"""
    put(s, "canary", "canary-4711\n", "POST")
    r = s.system("POST", "secrets", {"name": "bytes", "rawValue":
                                     base64.b64encode(bytes(range(256))).decode()})
    assert r.status == 201
    values = s.control()["values"]
    assert base64.b64decode(values["canary.1"]) == b"canary-4711\n"
    assert base64.b64decode(values["bytes.1"]) == bytes(range(256))
    assert s.system("POST", "secrets", {"name": "canary", "value": "canary-4711"}).status == 409
    assert s.system("POST", "secrets", body=b'{"name":"c","value":"canary-4711').status == 400
    s.control(broken=True)
    assert s.system("POST", "secrets", {"name": "c", "value": "canary-4711"}).status == 500
    s.control(broken=False)
    assert "canary-4711" not in s.log("gateway")
    for name in ("canary", "bytes"):
        assert s.system("DELETE", "secrets", {"name": name}).status == 200


# ---- logs ----

def basic():
    return {"Authorization": "Basic " + base64.b64encode(
        ("%s:%s" % (USER, PASSWORD)).encode()).decode()}


def follow(s, name, port=None, timeout=20, **query):
    """A log being followed: the connection and its answer."""
    c = http.client.HTTPConnection("127.0.0.1", port or s.port, timeout=timeout)
    path = "/system/logs?follow=true&name=" + name
    c.request("GET", path + "".join("&%s=%s" % item for item in query.items()), headers=basic())
    return c, c.getresponse()


def ask(s, **query):
    r = s.system("GET", "logs?" + "&".join("%s=%s" % item for item in query.items()))
    assert r.status == 200, (r.status, r.text)
    return [json.loads(line) for line in r.text.splitlines() if line]


def lines(*texts, task="t1", at=1767323045, stream=1):
    return [[stream, task, at + i, text] for i, text in enumerate(texts)]


def readers(s):
    return s.control()["readers"]


def log_lines(s):
    """lines come as JSON, whatever bytes they hold and however Docker's frames are cut"""
    texts = ["plain", "", 'quote " and \\ and \t', "æøå 世界", " leading", "x" * 20000]
    s.control(logs={"fn_log": lines(*texts) + lines("err", task="t2", stream=2)})
    s.function("log", ["127.0.0.2"])
    got = ask(s, name="log")
    assert [x["text"] for x in got] == texts + ["err"], got
    assert got[0] == {"name": "log", "namespace": "openfaas-fn", "instance": "t1",
                      "timestamp": "2026-01-02T03:04:05.000000001Z", "text": "plain"}, got[0]
    assert [x["text"] for x in ask(s, name="log", instance="t2")] == ["err"]
    assert [x["text"] for x in ask(s, name="log", tail=1)] == ["err"]
    assert len(ask(s, name="log", tail=-1)) == 7
    since = [x["text"] for x in ask(s, name="log", since="2026-01-02T04:04:08%2B01:00")]
    assert since == texts[3:], since
    assert ask(s, name="log", since="5m") == []


def log_follows(s):
    """new lines come at once; Docker's connection ends soon after the reader's"""
    c, r = follow(s, "log", tail=0)
    assert r.status == 200 and r.headers["Content-Type"] == "application/x-ndjson"
    wait_for("a reader", lambda: readers(s) == 1)
    for i in range(3):
        s.control(logs={"fn_log": lines("live %d" % i)}, quiet=True)
        start = time.monotonic()
        assert json.loads(r.readline())["text"] == "live %d" % i
        assert time.monotonic() - start < 1
    c.close()
    start = time.monotonic()
    wait_for("no reader", lambda: readers(s) == 0)
    assert time.monotonic() - start < 3


def log_beats(s):
    """while nothing happens an empty line comes every 20 s, so that no proxy takes the gateway for dead"""
    c, r = follow(s, "log", timeout=60, tail=0)
    assert r.readline() == b"\n"
    c.close()
    wait_for("no reader", lambda: readers(s) == 0)


def log_refused(s):
    """Docker's refusal is passed on"""
    s.control(broken=True)
    r = s.system("GET", "logs?name=log")
    assert r.status == 500 and "leader" in r.text, (r.status, r.text)
    s.control(broken=False)


INCOMPLETE = ("Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. "
              "some logs could not be retrieved for the following reasons: ")


def missing(record, reason):
    """Is the record the gateway's own, that lines are missing, and says why?"""
    assert record["text"] == "svarm: lines are missing here: " + reason, record
    at = calendar.timegm(time.strptime(record.pop("timestamp"), "%Y-%m-%dT%H:%M:%SZ"))
    assert abs(time.time() - at) < 60, record
    assert record == {"name": "log", "namespace": "openfaas-fn", "instance": "",
                      "text": record["text"]}, record


def log_incomplete(s):
    """what Docker says at the end of a log of which lines are missing reaches the reader"""
    try:
        log_incomplete_ended(s)
        log_incomplete_followed(s)
    finally:
        s.control(log_error="")
    wait_for("no reader", lambda: readers(s) == 0)


def log_incomplete_ended(s):
    reason = "node n2 is not available"
    s.control(log_error=INCOMPLETE + reason + "\n")
    got = ask(s, name="log")
    assert got[0]["text"] == "plain" and len(got) == len(ask(s, name="log", tail=-1)) > 2, got
    missing(got[-1], reason)
    wait_for("the reason", lambda: reason in s.log("gateway"))
    missing(ask(s, name="log", tail=0)[0], reason)
    # Nobody knows whose the lines would have been.
    got = ask(s, name="log", instance="t2")
    assert got[0]["text"] == "err" and len(got) == 2, got
    missing(got[1], reason)
    s.control(log_error='"\\\x1b[2J\n' + "x" * 5000)
    missing(ask(s, name="log", tail=0)[0], 'docker: "\\\x1b[2J\n' + "x" * (1000 - 8 - 7))


def log_incomplete_followed(s):
    # What never ends has no end to say it at.
    reason = "node n2 is not available"
    s.control(log_error=INCOMPLETE + reason)
    c, r = follow(s, "log", tail=0)
    missing(json.loads(r.readline()), reason)
    wait_for("a reader", lambda: readers(s) == 1)
    s.control(logs={"fn_log": lines("goes on")}, quiet=True)
    assert json.loads(r.readline())["text"] == "goes on"
    c.close()
    wait_for("no reader", lambda: readers(s) == 0)
    # A task that has no place yet is followed when it has one.
    s.control(log_error=INCOMPLETE + "task t9 has not been scheduled")
    c, r = follow(s, "log", tail=0)
    wait_for("a reader", lambda: readers(s) == 1)
    s.control(logs={"fn_log": lines("and on")}, quiet=True)
    assert json.loads(r.readline())["text"] == "and on"
    c.close()


def rss(s):
    with open("/proc/%d/status" % s.children["gateway"].pid) as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) // 1024


def slow_reader(s):
    """a reader that does not read costs no memory, and gets everything when it does"""
    s.function("flood", ["127.0.0.2"])
    text = "y" * 200000
    s.control(logs={"fn_flood": lines(*[text] * 100)}, quiet=True)  # 20 MB
    before = rss(s)
    c = socket.create_connection(("127.0.0.1", s.port))
    head = "GET /system/logs?name=flood HTTP/1.0\r\nAuthorization: %s\r\n\r\n"
    c.sendall((head % basic()["Authorization"]).encode())
    time.sleep(3)
    assert rss(s) - before < 12, (before, rss(s))
    wait_for("the reader", lambda: readers(s) == 1)
    c.settimeout(30)
    n = 0
    while True:
        piece = c.recv(1 << 20)
        if not piece:
            break
        n += len(piece)
    assert n > 20000000, n
    wait_for("no reader", lambda: readers(s) == 0)


def many_readers(s):
    """64 readers at once and not one more; other calls go on; places become free again"""
    open_ones = [follow(s, "log", tail=0) for _ in range(64)]
    assert all(r.status == 200 for _, r in open_ones), [(r.status, r.read(300)) for _, r in open_ones
                                                        if r.status != 200][:2]
    wait_for("all readers", lambda: readers(s) == 64)
    r = s.system("GET", "logs?name=log")
    assert r.status == 503 and int(r.headers["retry-after"]) >= 1, (r.status, r.text)
    assert s.system("GET", "functions").status == 200
    s.control(logs={"fn_log": lines("to all")}, quiet=True)
    for _, r in open_ones:
        assert json.loads(r.readline())["text"] == "to all"
    for c, _ in open_ones:
        c.close()
    wait_for("no reader", lambda: readers(s) == 0, 10)
    assert ask(s, name="log", tail=1)[0]["text"] == "to all"


def gateway_stops(s):
    """the gateway's end is not held up by a log that is followed"""
    c, r = follow(s, "log", tail=0)
    assert r.status == 200
    start = time.monotonic()
    assert s.end("gateway") == 0
    assert time.monotonic() - start < 10
    c.close()
    s.start_gateway()


def engine(s, versions=None):
    """Another engine takes the place of the one before."""
    s.end("docker")
    os.unlink(s.docker_sock)
    os.environ.pop("FAKE_DOCKER_API", None)
    if versions:
        os.environ["FAKE_DOCKER_API"] = versions
    s.start_docker()


def api_versions(s):
    """engines from 19.03 to 29 are upgraded in place: the version is agreed on anew where it must be"""
    for offered in ["12-40", "24-43", "44-52", "40-53", "50-60", "24-47"]:
        engine(s, offered)
        wait_for("lists", lambda: all(s.system("GET", "functions").status == 200
                                      for _ in range(8)))
        deploy(s, service="v")
        assert s.control()["versions"], offered  # it refuses what it does not speak
    engine(s, "12-39")
    r = s.system("GET", "functions")
    assert r.status == 500 and "1.40" in r.text, (r.status, r.text)
    engine(s)
    wait_for("a list", lambda: s.system("GET", "functions").status == 200)


def main():
    s = Stack()
    try:
        s.start_redis()
        s.start_docker()
        s.start_echo("127.0.0.1")
        s.start_echo("127.0.0.2")
        # freed memory is freed: what a reader costs can be seen
        s.start_gateway(ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=1")
    except BaseException:
        print("not ok - the gateway did not start")
        for name in sorted(s.children):
            print("# %s: %s" % (name, s.log(name)[-1500:].replace("\n", "\n# ")))
        s.close()
        raise
    run(s, [what_a_service_is, local_images, versions, secrets_of_others, values_arrive, log_lines,
            log_follows, log_beats, log_refused, log_incomplete, slow_reader, many_readers, gateway_stops,
            api_versions])


if __name__ == "__main__":
    main()
