"""The conformance suite: one test for each row of OpenFaaS' API (REST surface, what a well-behaved
provider does beyond it), against whatever gateway answers at a URL.  See tests/api/conformance.

A test takes the suite; its docstring is its name.  @needs names what the place must have:
  containers   functions are real containers: secrets are files, what they print is logged
  wake         the next call wakes up a function that was scaled to zero
  autoscale    load raises the number of tasks
  counts       invocationCount counts
  usage        ?usage=1 tells processor and memory
  alert        POST /system/alert
  metrics      Prometheus' metrics at another URL
"""
import json
import re
import threading
import time

from client import Failed, until

ROWS = []
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def row(f):
    f.needs = getattr(f, "needs", set())
    ROWS.append(f)
    return f


def needs(*what):
    def mark(f):
        f.needs = set(what)
        return f
    return mark


def fails(call):
    try:
        call()
    except Failed:
        return True
    return False


# ---- who may ----

@row
def auth_is_basic(t):
    """/system/ and /ui/ without credentials, or with wrong ones: 401, realm and words as upstream's"""
    paths = [("GET", "functions"), ("POST", "functions"), ("PUT", "functions"),
             ("DELETE", "functions"), ("GET", "info"), ("GET", "function/" + t.fn),
             ("POST", "scale-function/" + t.fn), ("GET", "secrets"), ("POST", "secrets"),
             ("PUT", "secrets"), ("DELETE", "secrets"), ("GET", "logs"), ("GET", "namespaces"),
             ("GET", "namespace/openfaas-fn"), ("GET", "no-such-thing")]
    for method, path in paths:
        for headers in [{}, t.api.basic(("admin", "wrong")), t.api.basic(("", "")),
                        {"Authorization": "Bearer x"}]:
            r = t.api.call(method, "/system/" + path, headers=headers)
            assert r.status == 401, (method, path, r.status)
            assert r.headers["www-authenticate"] == 'Basic realm="Restricted"', r.headers
            assert r.text.strip() == "invalid credentials", r.text
    assert t.api.call("GET", "/ui/").status == 401


@row
def what_is_open(t):
    """/function, /async-function and /healthz ask for no credentials"""
    assert t.api.call("GET", "/healthz").status == 200
    assert t.api.invoke(t.fn, b"x").status == 200
    assert t.api.invoke(t.fn, b"x", asynchronous=True).status == 202


@row
def login(t):
    """faas-cli login: right credentials are taken, wrong ones are not"""
    assert t.api.login()
    assert not t.api.login(password="wrong")
    assert not t.api.login(user="nobody")


@row
def root(t):
    """GET / is 301 to /ui/, where the browser finds something"""
    r = t.api.call("GET", "/")
    assert r.status == 301 and r.headers["location"] == "/ui/", (r.status, r.headers)
    r = t.api.call("GET", "/ui/", headers=t.api.basic())
    assert r.status == 200 and t.fn in r.text, r.status


# ---- what it is ----

@row
def info(t):
    """GET /system/info: provider, version, architecture"""
    i = t.api.system("GET", "info").json()
    assert i["provider"]["orchestration"] == "swarm", i
    assert isinstance(i["provider"]["provider"], str), i
    assert set(i["provider"]["version"]) >= {"sha", "release"}, i
    assert set(i["version"]) >= {"sha", "release", "commit_message"}, i
    assert i["arch"], i


@row
def namespaces(t):
    """GET /system/namespaces: the one there is; it can be looked at, no other one made"""
    assert t.api.system("GET", "namespaces").json() in ([], ["openfaas-fn"])
    r = t.api.system("GET", "namespace/openfaas-fn")
    assert r.status == 200 and r.json()["name"] == "openfaas-fn", r.text
    assert t.api.system("GET", "namespace/other").status == 404
    assert t.api.system("POST", "namespace/openfaas-fn", {}).status == 409
    assert t.api.system("POST", "namespace/other", {}).status == 501
    assert t.api.system("DELETE", "namespace/openfaas-fn", {}).status == 501


@row
def telemetry(t):
    """/system/telemetry and /system/async-report are taken and ignored"""
    assert t.api.system("POST", "telemetry", {}).status in (200, 202, 204)
    r = t.api.system("POST", "async-report", {"name": t.fn, "statusCode": 200, "timeTaken": 0.1})
    assert r.status == 202, r.status


@row
def healthz(t):
    """GET /healthz: 200"""
    assert t.api.call("GET", "/healthz").status == 200


# ---- functions ----

@row
def deploy_new(t):
    """POST /system/functions: 202, empty; a second time 400"""
    name = t.name("new")
    spec = {"service": name, "image": t.image}
    r = t.api.system("POST", "functions", spec)
    assert r.status == 202 and r.body == b"", (r.status, r.text)
    r = t.api.system("POST", "functions", spec)
    assert r.status == 400 and "exist" in r.text, (r.status, r.text)
    t.remove(name)


@row
def deploy_refused(t):
    """POST /system/functions: 400 for what cannot be, with the reason"""
    for body in [b"", b"{", b"[]", b"nope"]:
        assert t.api.system("POST", "functions", body=body).status == 400, body
    bad = [{"image": "i"}, {"service": "x"}, {"service": "../x", "image": "i"},
           {"service": "x", "image": "i", "limits": {"memory": "much"}},
           {"service": "x", "image": "i", "limits": {"cpu": "fast"}},
           {"service": "x", "image": "i", "secrets": ["api-not-there"]},
           {"service": "x", "image": "i", "namespace": "kube-system"}]
    for spec in bad:
        r = t.api.system("POST", "functions", spec)
        assert r.status == 400 and "error" in r.text.lower(), (spec, r.status, r.text)
    r = t.api.system("POST", "functions", {"service": "x", "image": "i", "registryAuth": "!"})
    assert r.status == 400 and "Invalid registry auth" in r.text, r.text


@row
def update_missing(t):
    """PUT /system/functions: 404 for a missing function, which faas-cli relies on"""
    assert t.api.system("PUT", "functions",
                        {"service": t.name("none"), "image": t.image}).status == 404


@row
def update(t):
    """PUT /system/functions: 202, empty; replicas are kept, what changed is reported"""
    name = t.name("upd")
    spec = {"service": name, "image": t.image, "envVars": {"A": "1"}, "labels": {"gone": "1"}}
    t.api.deploy(spec)
    assert t.api.scale(name, 2).status == 202
    spec.update(envVars={"A": "2"}, labels={"new": "1"})
    r = t.api.system("PUT", "functions", spec)
    assert r.status == 202 and r.body == b"", (r.status, r.text)
    seen = t.api.describe(name)
    assert seen["replicas"] == 2 and seen["envVars"] == {"A": "2"}, seen
    assert seen["labels"]["new"] == "1" and "gone" not in seen["labels"], seen
    t.remove(name)


@row
def cli_deploys(t):
    """faas-cli deploy: update, then create; --update=false; --replace; with and without a network"""
    for old in (False, True):
        name = t.name("cli")
        spec = {"service": name, "image": t.image, "envProcess": "cat", "envVars": {},
                "constraints": [], "secrets": [], "labels": {}, "annotations": {},
                "readOnlyRootFilesystem": False, "namespace": ""}
        if old:
            spec.update(labels=None, annotations=None)
            del spec["namespace"]
        t.api.deploy(spec, old=old)
        t.api.deploy(spec, old=old)
        assert fails(lambda: t.api.deploy(spec, update=False, old=old))
        t.api.deploy(spec, update=False, replace=True, old=old)
        assert t.api.describe(name)["envProcess"] == "cat"
        t.remove(name)


@row
def status_complete(t):
    """GET /system/function/NAME: every field comes back, amounts and image word for word"""
    name = t.name("all")
    t.api.expect(t.api.secret_create(name, "v"), 201)
    asked = {"service": name, "image": t.image, "envProcess": "cat -", "envVars": {"A": "x=y"},
             "constraints": ["node.role != nothing"], "secrets": [name],
             "labels": {"team": "a", "com.openfaas.scale.min": "1"},
             "annotations": {"topic": "t.1"}, "limits": {"memory": "64Mi", "cpu": "100m"},
             "requests": {"memory": "5Mi", "cpu": "0.05"}, "readOnlyRootFilesystem": True}
    t.api.deploy(asked)
    s = t.api.describe(name)
    for key in ["image", "envProcess", "envVars", "constraints", "secrets", "annotations", "limits",
                "requests", "readOnlyRootFilesystem"]:
        assert s[key] == asked[key], (key, s)
    assert s["name"] == name and s["namespace"] == "openfaas-fn", s
    assert asked["labels"].items() <= s["labels"].items(), s
    assert s["labels"]["com.openfaas.function"] == name, s
    assert s["replicas"] == 1 and isinstance(s["availableReplicas"], int), s
    assert isinstance(s["invocationCount"], (int, float)), s
    assert re.match(r"^20\d\d-\d\d-\d\dT", s["createdAt"]), s
    assert s in [dict(f, invocationCount=s["invocationCount"],
                      availableReplicas=s["availableReplicas"]) for f in t.api.list()]
    t.remove(name)
    t.api.expect(t.api.secret_remove(name), 200)


@row
def status_small(t):
    """labels and annotations are objects even when none were given; what nobody asked for is left out"""
    name = t.name("small")
    t.api.deploy({"service": name, "image": t.image, "labels": None, "annotations": None})
    s = t.api.describe(name)
    assert isinstance(s["labels"], dict) and s["annotations"] == {}, s
    for key in ["envProcess", "envVars", "constraints", "secrets", "limits", "requests",
                "readOnlyRootFilesystem", "usage"]:
        assert key not in s, (key, s)
    t.remove(name)


@row
def cpu_amounts(t):
    """limits of 100m and 1.5 processors are taken, not ignored"""
    name = t.name("cpu")
    for cpu in ["100m", "1.5", "1"]:
        t.api.deploy({"service": name, "image": t.image, "limits": {"cpu": cpu, "memory": "64m"}})
        assert t.api.describe(name)["limits"] == {"cpu": cpu, "memory": "64m"}
    t.remove(name)


@row
def status_missing(t):
    """GET /system/function/NAME of an unknown one: 404, empty"""
    r = t.api.system("GET", "function/" + t.name("none"))
    assert r.status == 404 and r.body == b"", (r.status, r.text)


@row
def listing(t):
    """GET /system/functions: a list; of another namespace an empty one; by name of ours as without"""
    def ours(functions):  # others come and go meanwhile
        return [f["name"] for f in functions if t.run in f["name"]]
    names = ours(t.api.list())
    assert t.fn in names, names
    assert ours(t.api.list(namespace="openfaas-fn")) == names
    assert t.api.list(namespace="") != []
    assert t.api.list(namespace="other") == []
    r = t.api.system("GET", "functions")
    assert r.headers["content-type"].startswith("application/json"), r.headers


@row
def namespaced(t):
    """NAME.openfaas-fn and ?namespace=openfaas-fn are the same function; other namespaces have none"""
    for path, query in [(t.fn, {"namespace": "openfaas-fn"}), (t.fn + ".openfaas-fn", {})]:
        assert t.api.describe(path, **query)["name"] == t.fn
    assert t.api.describe(t.fn, namespace="other") is None
    assert t.api.describe(t.fn + ".other") is None
    assert t.api.invoke(t.fn + ".openfaas-fn", b"hi").text == "hi"
    assert t.api.call("POST", "/function/%s.openfaas-fn/" % t.fn, b"hi").text == "hi"


@row
def delete(t):
    """DELETE /system/functions: 202; empty name 400; unknown 404 with upstream's words"""
    name = t.name("del")
    t.api.deploy({"service": name, "image": t.image})
    assert t.api.remove(name, namespace="other").status == 404
    r = t.api.system("DELETE", "functions", {"functionName": name}, namespace="other")
    assert r.status == 404, r.status
    assert t.api.remove(name, namespace="openfaas-fn").status == 202
    assert t.api.describe(name) is None
    r = t.api.remove(name)
    assert r.status == 404 and r.text.strip() == "No such service found: %s." % name, r.text
    t.api.deploy({"service": name, "image": t.image})
    r = t.api.system("DELETE", "functions", {"functionName": name}, namespace="openfaas-fn")
    assert r.status == 202, r.status
    for body in [b"", b"{}", b'{"functionName":""}', b"["]:
        assert t.api.system("DELETE", "functions", body=body).status == 400, body


@row
def removed_is_gone(t):
    """a function that was removed is 404 within a moment"""
    name = t.name("gone")
    t.api.deploy({"service": name, "image": t.image})
    t.api.until_ready(name)
    t.remove(name)
    until("404", lambda: t.api.invoke(name, b"x").status == 404, 3)


# ---- scale ----

@row
def scale(t):
    """POST /system/scale-function/NAME: 202, and the status shows it at once; then tasks follow"""
    name = t.name("scale")
    t.api.deploy({"service": name, "image": t.image})
    for n in (3, 1, 2):
        r = t.api.scale(name, n)
        assert r.status == 202 and r.body == b"", (r.status, r.text)
        assert t.api.describe(name)["replicas"] == n
    until("two tasks", lambda: t.api.describe(name)["availableReplicas"] == 2, 60)
    r = t.api.system("POST", "scale-function/" + name,
                     {"serviceName": name, "serviceNamespace": "openfaas-fn", "replicas": 1},
                     namespace="openfaas-fn")
    assert r.status == 202, r.status
    t.remove(name)


@row
def scale_refused(t):
    """… bad JSON is 400 with upstream's words; an unknown function is 404"""
    for body in [b"", b"what", b"[]", b'{"replicas":"2"}', b'{"replicas":-1}']:
        r = t.api.system("POST", "scale-function/" + t.fn, body=body)
        assert r.status == 400, (body, r.status)
        assert r.text.strip() == "Cannot parse request. Please pass valid JSON.", r.text
    assert t.api.scale(t.name("none"), 1).status == 404


@row
def scale_concurrently(t):
    """many at once do not end in `update out of sequence`"""
    name = t.name("many")
    t.api.deploy({"service": name, "image": t.image})
    seen = []
    threads = [threading.Thread(target=lambda n=n: seen.append(t.api.scale(name, n % 3 + 1).status))
               for n in range(6)]
    for th in threads:
        th.start()
    for th in threads:
        th.join()
    assert seen == [202] * 6, seen
    t.remove(name)


@row
def scale_to_zero_shows(t):
    """scaled to zero shows at once"""
    name = t.name("zero")
    t.api.deploy({"service": name, "image": t.image})
    assert t.api.scale(name, 0).status == 202
    assert t.api.describe(name)["replicas"] == 0
    until("no task", lambda: t.api.describe(name)["availableReplicas"] == 0, 60)
    t.remove(name)


@row
@needs("wake")
def zero_wakes(t):
    """the next call wakes it up and is answered"""
    name = t.name("wake")
    t.api.deploy({"service": name, "image": t.image})
    t.api.until_ready(name)
    assert t.api.scale(name, 0).status == 202
    until("no task", lambda: t.api.describe(name)["availableReplicas"] == 0, 60)
    r = t.api.invoke(name, b"good morning")
    assert r.status == 200 and r.text == "good morning", (r.status, r.text)
    assert t.api.describe(name)["replicas"] >= 1
    t.remove(name)


@row
@needs("autoscale")
def load_scales(t):
    """load raises the tasks between min and max, and they fall back; min = max never moves"""
    name, fixed = t.name("load"), t.name("fixed")
    labels = {"com.openfaas.scale.min": "1", "com.openfaas.scale.max": "4",
              "com.openfaas.scale.target": "5", "com.openfaas.scale.type": "rps"}
    t.api.deploy({"service": name, "image": t.image, "labels": labels})
    t.api.deploy({"service": fixed, "image": t.image, "labels":
                  dict(labels, **{"com.openfaas.scale.max": "1"})})
    t.api.until_ready(name)
    t.api.until_ready(fixed)
    end = time.monotonic() + 60
    while time.monotonic() < end and t.api.describe(name)["replicas"] < 2:
        for _ in range(40):
            t.api.invoke(name, b"x")
            t.api.invoke(fixed, b"x")
    assert 2 <= t.api.describe(name)["replicas"] <= 4
    assert t.api.describe(fixed)["replicas"] == 1
    until("it to fall back", lambda: t.api.describe(name)["replicas"] == 1, 180, 1)
    t.remove(name)
    t.remove(fixed)


@row
@needs("alert")
def alert(t):
    """POST /system/alert: 200; 400 with upstream's words when it is none"""
    r = t.api.system("POST", "alert", {"alerts": [{"status": "resolved", "labels":
                                                   {"function_name": t.fn}}]})
    assert r.status == 200, (r.status, r.text)
    r = t.api.system("POST", "alert", body=b"what")
    assert r.status == 400 and r.text.strip() == "Unable to parse alert, bad format.", r.text


# ---- secrets ----

@row
def secret_life(t):
    """secrets: create 201, again 409; update 200, missing 404; list; delete 200, again 404"""
    name = t.name("sec")
    assert name not in t.api.secret_list()
    assert t.api.secret_create(name, "one").status == 201
    assert t.api.secret_create(name, "two").status == 409
    assert t.api.secret_list().count(name) == 1
    for value in ("two", "three"):
        assert t.api.secret_update(name, value).status in (200, 202)
    assert t.api.secret_list().count(name) == 1, t.api.secret_list()
    assert t.api.secret_remove(name).status in (200, 202)
    assert name not in t.api.secret_list()
    assert t.api.secret_remove(name).status == 404
    assert t.api.secret_update(name, "x").status == 404
    assert t.api.secret_create(name, "again").status == 201
    assert t.api.secret_remove(name).status in (200, 202)


@row
def secret_raw(t):
    """secrets: rawValue is base64 and may hold any byte; less than 500 KiB"""
    name = t.name("raw")
    assert t.api.secret_create(name, raw=bytes(range(256))).status == 201
    assert t.api.secret_remove(name).status == 200
    assert t.api.secret_create(name, raw=b"x" * (500 * 1024 - 1)).status == 201
    assert t.api.secret_remove(name).status == 200
    assert t.api.secret_create(name, raw=b"x" * 500 * 1024).status in (400, 413)


@row
def secret_refused(t):
    """secrets: 400 with a reason for what cannot be, which is not repeated"""
    for value in [{}, {"name": "a"}, {"name": "", "value": "hunter2"},
                  {"name": "../x", "value": "hunter2"}, {"name": "a/b", "value": "hunter2"},
                  {"name": "svarm-redis-password", "value": "hunter2"},
                  {"name": "x", "rawValue": "hunter2"},
                  {"name": "x", "value": "hunter2", "namespace": "other"}]:
        r = t.api.system("POST", "secrets", value)
        assert r.status == 400 and r.text.strip() and "hunter2" not in r.text, (value, r.text)
    assert t.api.system("POST", "secrets", body=b'{"value":"hunter2"').status == 400
    assert t.api.system("DELETE", "secrets", body=b"").status == 400


@row
def secret_own(t):
    """svarm's own secrets are not listed, cannot be removed and are for no function"""
    assert not [n for n in t.api.secret_list() if n.startswith("svarm-")], t.api.secret_list()
    assert t.api.secret_remove("svarm-redis-password").status in (400, 404)
    r = t.api.system("POST", "functions", {"service": t.name("spy"), "image": t.image,
                                           "secrets": ["svarm-redis-password"]})
    assert r.status == 400, r.status


@row
def secret_in_use(t):
    """a secret that a function uses cannot be removed; once the function is gone it can"""
    name = t.name("used")
    t.api.expect(t.api.secret_create(name, "v"), 201)
    t.api.deploy({"service": name, "image": t.image, "secrets": [name]})
    r = t.api.secret_remove(name)
    assert r.status == 409 and name in r.text, (r.status, r.text)
    assert t.api.describe(name)["secrets"] == [name]
    t.remove(name)
    until("the secret to be free", lambda: t.api.secret_remove(name).status == 200, 10)


@row
@needs("containers")
def secret_in_function(t):
    """a function reads its secret as a file; an update is visible after a redeploy, not before"""
    name = t.name("read")
    raw = t.name("bin")
    t.api.expect(t.api.secret_create(name, "first"), 201)
    t.api.expect(t.api.secret_create(raw, raw=bytes(range(256))), 201)
    spec = {"service": name, "image": t.image, "secrets": [name, raw], "readOnlyRootFilesystem": True}
    t.api.deploy(spec)
    t.api.until_ready(name)
    assert t.api.invoke(name, query={"file": name}).text == "first"
    assert t.api.invoke(name, query={"file": raw}).body == bytes(range(256))
    assert t.api.secret_update(name, "second").status in (200, 202)
    assert t.api.invoke(name, query={"file": name}).text == "first"
    t.api.deploy(spec)
    until("the new value", lambda: t.api.invoke(name, query={"file": name}).text == "second", 60)
    assert t.api.describe(name)["secrets"] == [name, raw]
    t.remove(name)
    for one in (name, raw):
        until("the secret to be free", lambda one=one: t.api.secret_remove(one).status == 200, 10)


@row
@needs("containers")
def environment(t):
    """a function has its environment, and envProcess as fprocess"""
    name = t.name("env")
    t.api.deploy({"service": name, "image": t.image, "envProcess": "cat -",
                  "envVars": {"WORD": "a=b c"}})
    t.api.until_ready(name)
    assert t.api.invoke(name, query={"env": "WORD"}).text == "a=b c"
    assert t.api.invoke(name, query={"env": "fprocess"}).text == "cat -"
    t.remove(name)


# ---- logs ----

@row
@needs("containers")
def logs(t):
    """GET /system/logs: ndjson with name, namespace, instance, timestamp, text; follow=false ends"""
    name = t.name("logs")
    t.api.deploy({"service": name, "image": t.image})
    t.api.until_ready(name)
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    for i in range(5):
        assert t.api.invoke(name, b"x", query={"log": "line-%d" % i}).status == 200
    lines = until("the lines", lambda: [line for line in t.api.logs(name)
                                        if line["text"].startswith("echo: line-")][4:] and
                  t.api.logs(name), 20)
    mine = [line for line in lines if line["text"].startswith("echo: line-")]
    assert [line["text"] for line in mine] == ["echo: line-%d" % i for i in range(5)], mine
    for line in lines:
        assert set(line) == {"name", "namespace", "instance", "timestamp", "text"}, line
        assert line["name"] == name and line["namespace"] == "openfaas-fn", line
        assert re.match(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", line["timestamp"]), line
        assert re.match(r"^[a-z0-9]{20,}$", line["instance"]), line
    assert len(t.api.logs(name, tail=2)) == 2
    assert len(t.api.logs(name, tail=-1)) == len(lines)
    assert [x["text"] for x in t.api.logs(name, since=before) if x in mine] != []
    future = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    assert t.api.logs(name, since=future) == []
    assert len(t.api.logs(name, instance=mine[0]["instance"])) == len(lines)
    assert t.api.logs(name, instance="zzz") == []
    r = t.api.system("GET", "logs", name=name, follow="false")
    assert r.headers["content-type"] == "application/x-ndjson", r.headers
    t.remove(name)


@row
@needs("containers")
def logs_follow(t):
    """… with follow=true new lines come as they are written"""
    name = t.name("follow")
    t.api.deploy({"service": name, "image": t.image})
    t.api.until_ready(name)
    c = t.api.connect(30)
    c.request("GET", "/system/logs?follow=true&tail=0&name=" + name, headers=t.api.basic())
    r = c.getresponse()
    assert r.status == 200
    done = threading.Event()

    def begin():  # until docker has begun to follow
        while not done.wait(0.3):
            t.api.invoke(name, b"x", query={"log": "begin"})
    beginning = threading.Thread(target=begin)
    beginning.start()
    begun = time.monotonic()
    try:
        while b"echo: begin" not in r.readline():
            assert time.monotonic() - begun < 30
    finally:
        done.set()
        beginning.join()
    for i in range(3):
        start = time.monotonic()
        assert t.api.invoke(name, b"x", query={"log": "live-%d" % i}).status == 200
        line = {}
        while line.get("text") != "echo: live-%d" % i:
            line = json.loads(r.readline().strip() or b"{}")
            assert time.monotonic() - start < 15
        assert time.monotonic() - start < 5
    c.close()
    t.remove(name)


@row
def logs_refused(t):
    """… an unknown function is 404, what cannot be read 422"""
    assert t.api.system("GET", "logs", name=t.name("none")).status == 404
    assert t.api.system("GET", "logs", name=t.fn, namespace="other").status == 404
    for query in [{}, {"name": t.fn, "since": "yesterday"}, {"name": t.fn, "tail": "x"}]:
        r = t.api.system("GET", "logs", **query)
        assert r.status == 422 and r.text.strip(), (query, r.status)


# ---- calls ----

@row
def verbs(t):
    """all five verbs reach a function, with path and query"""
    for verb in ["GET", "POST", "PUT", "PATCH", "DELETE"]:
        r = t.api.call(verb, "/function/%s/a/b?info=1&x=2" % t.fn, b"abc" if verb != "GET" else None)
        seen = r.json()
        assert r.status == 200 and seen["method"] == verb, (verb, r.text)
        assert seen["path"] == "/a/b" and seen["query"] == "info=1&x=2", seen


@row
def unknown_function(t):
    """an unknown function is 404 with upstream's words"""
    name = t.name("none")
    r = t.api.invoke(name, b"x")
    assert r.status == 404, r.status
    assert r.text.startswith("error finding function %s.openfaas-fn: server returned non-200 status "
                             "code (404) for function, %s" % (name, name)), r.text


@row
def own_answers(t):
    """status, headers and body of a function are passed on; redirects are not followed"""
    for status in [200, 201, 301, 302, 400, 404, 418, 500, 503]:
        r = t.api.invoke(t.fn, b"mine", query={"status": status})
        assert r.status == status and r.text == "mine", (status, r.status, r.text)


@row
def hangs_up(t):
    """a function that hangs up: 502, empty"""
    r = t.api.invoke(t.fn, b"x", query={"fail": "close"})
    assert r.status == 502 and r.body == b"", (r.status, r.text)


@row
def call_headers(t):
    """X-Call-Id and X-Start-Time reach the function and come back; an id that was given is kept"""
    r = t.api.invoke(t.fn, b"", query={"info": 1})
    seen = r.json()["headers"]
    assert UUID.match(r.headers["x-call-id"]) and seen["x-call-id"] == r.headers["x-call-id"]
    assert re.match(r"^\d{19}$", r.headers["x-start-time"]), r.headers
    assert seen["x-start-time"] == r.headers["x-start-time"]
    r = t.api.invoke(t.fn, b"", query={"info": 1}, headers={"X-Call-Id": "mine-1"})
    assert r.json()["headers"]["x-call-id"] == "mine-1"
    assert seen["x-forwarded-host"] and seen["x-forwarded-for"], seen


@row
def asynchronous(t):
    """POST /async-function: 202, empty, with the call's id; other verbs 405"""
    for path in ["", "/a/b?x=1", ".openfaas-fn"]:
        r = t.api.call("POST", "/async-function/" + t.fn + path, b"x",
                       {"X-Callback-Url": "http://127.0.0.1:9/"} if path else {})
        assert r.status == 202 and r.body == b"", (path, r.status, r.text)
        assert UUID.match(r.headers["x-call-id"]), r.headers
    for verb in ["GET", "PUT", "DELETE"]:
        assert t.api.call(verb, "/async-function/" + t.fn).status == 405, verb


@row
def asynchronous_refused(t):
    """… an unknown function is 404, a callback that is no URL 400"""
    assert t.api.invoke(t.name("none"), b"x", asynchronous=True).status == 404
    for url in ["nope", "ftp://h/", "http://"]:
        r = t.api.invoke(t.fn, b"x", asynchronous=True, headers={"X-Callback-Url": url})
        assert r.status == 400, (url, r.status)


# ---- figures ----

@row
@needs("counts")
def invocation_count(t):
    """invocationCount counts calls"""
    before = t.api.describe(t.fn)["invocationCount"]
    for _ in range(10):
        assert t.api.invoke(t.fn, b"x").status == 200
    until("ten calls more", lambda: t.api.describe(t.fn)["invocationCount"] >= before + 10, 15)


@row
@needs("usage")
def usage(t):
    """?usage=1 tells processor and memory of a function; without it nothing is said"""
    def told():
        u = t.api.describe(t.fn, usage="1").get("usage")
        return u if u and u["totalMemoryBytes"] > 0 else None
    u = until("usage", told, 60, 1)
    assert u["cpu"] >= 0, u
    assert "usage" not in t.api.describe(t.fn)
    assert any("usage" in f for f in t.api.list(usage="1"))


@row
@needs("metrics")
def metrics(t):
    """Prometheus finds upstream's names"""
    for _ in range(3):
        t.api.invoke(t.fn, b"x")

    def told():
        text = t.metrics.call("GET", "/metrics").text
        return all(re.search("^" + name, text, re.M) for name in [
            r'gateway_function_invocation_total\{[^}]*code="200"[^}]*\} \d',
            r"gateway_functions_seconds_bucket\{",
            r"gateway_function_invocation_started\{", r"gateway_service_count\{"])
    until("the names", told, 20, 1)
    assert t.metrics.call("GET", "/healthz").text.strip() == "OK"
