#!/usr/bin/env python3
"""`svarm bench` as a user meets it, without a cluster: calls to a server on this machine, and documents
of earlier runs.  Exit codes, thresholds and their mistakes, comparison, reports, the JSON against its
schema, no secret anywhere.  Touches no node.  Prints TAP.  SVARM names another binary than build/svarm."""
import copy
import glob
import http.server
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SVARM = os.path.abspath(os.environ.get("SVARM", "build/svarm"))
if not os.access(SVARM, os.X_OK):
    print(f"Bail out! no {SVARM}: make svarm")
    sys.exit(1)
TEMPORARY = tempfile.TemporaryDirectory(prefix="svarm-bench.")
T = TEMPORARY.name
FIXTURE = os.path.abspath("tests/unit/data/bench.json")
DOCS = os.path.abspath("docs")
os.environ.update(HOME=T, TERM="xterm")
os.environ.pop("NO_COLOR", None)
number = 0
signal.alarm(600)  # rather no end than a hang


def ok(passed, name, detail=""):
    global number
    number += 1
    print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    if not passed:
        for line in str(detail).splitlines()[:16]:
            print(f"# {line}")


def skip(name, why):
    global number
    number += 1
    print(f"ok {number} - {name} # SKIP {why}")


def run(*args, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([SVARM, "bench", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False, cwd=T, **more)


def document(p):
    try:
        return json.loads(p.stdout)
    except ValueError:
        return {}


def path(name):
    return os.path.join(T, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as f:
        f.write(text if isinstance(text, str) else json.dumps(text))
    return path(name)


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A load ends amid its calls; that is no error."""


class Server(http.server.BaseHTTPRequestHandler):
    """Answers what it was asked for, and remembers one request."""
    protocol_version = "HTTP/1.1"
    seen = {}

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/look":
            Server.seen = {"method": self.command, "headers": dict(self.headers), "body": body}
        status = 500 if self.path == "/fails" else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


server = Quiet(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_address[1]}"
nobody = socket.socket()  # bound, so that the port stays ours, and never listening
nobody.bind(("127.0.0.1", 0))
DEAD = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
QUICK = ["-c", "2", "-d", "300ms", "-w", "0s"]
fixture = json.load(open(FIXTURE, encoding="utf-8"))

# ---- the schema ---------------------------------------------------------------------------------
try:
    import jsonschema
    schema = json.load(open("docs/bench.schema.json", encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
except ImportError:
    validator = None


def wrong(doc):
    """What the schema says against it; None: there is nothing to check with."""
    if not validator:
        return None
    return "\n".join(f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(doc))


def mutate(change):
    doc = copy.deepcopy(fixture)
    change(doc)
    return doc


if validator:
    jsonschema.Draft202012Validator.check_schema(schema)
    ok(not wrong(fixture), "the example of every section keeps to the schema", wrong(fixture))
    mutations = [
        lambda d: d.pop("verdict"),
        lambda d: d.update(more=1),
        lambda d: d.update(format="svarm-bench/2"),
        lambda d: d.update(verdict="good"),
        lambda d: d["sections"].update(other=d["sections"]["http"]),
        lambda d: d["sections"]["http"]["figures"].update(p95=d["sections"]["http"]["figures"]["p99"]),
        lambda d: d["sections"]["http"]["figures"]["p99"].update(unit="s"),
        lambda d: d["sections"]["http"]["figures"]["p99"].update(value="2.46"),
        lambda d: d["sections"]["http"]["detail"]["runs"][0].update(answers=-1),
        lambda d: d["sections"]["http"]["detail"]["runs"][0]["latency_ms"].update(p95=1),
        lambda d: d["sections"]["disk"]["detail"]["nodes"][0].update(verdict="quick"),
        lambda d: d["sections"]["async"]["detail"]["nines"].append([1.5, 2]),
        lambda d: d["thresholds"][0].update(state="fine"),
        lambda d: d["nodes"][0]["roles"].append("king"),
        lambda d: d["cost"].update(more=1),
        lambda d: d["cost"].update(error="and yet there are figures"),
        lambda d: d["cost"]["plot"]["lines"][0]["points"].append([1]),
        lambda d: d["cost"]["assumptions"][0].update({"from": "a guess"}),
    ]
    missed = [i for i, change in enumerate(mutations) if not wrong(mutate(change))]
    ok(not missed, f"and {len(mutations)} changed ones do not", missed)
else:
    skip("the schema", "no python3-jsonschema")
    skip("the schema against changed documents", "no python3-jsonschema")

# ---- the page -----------------------------------------------------------------------------------
page = open("docs/bench.md", encoding="utf-8").read()
source = open("lib/spec/figure.c", encoding="utf-8").read()
table = re.findall(r"^\| `([a-z]+\.[a-z0-9_]+)` \| (\S+) \| (.*) \|$", page, re.M)
rows = [(f"{s}.{f}", u, w) for s, f, u, w in re.findall(r'\{"(\w+)", "(\w+)", "([^"]+)",\s*"([^"]+)"\}', source)]
ok(table == rows and len(rows) > 35, "docs/bench.md has every figure with its unit",
   set(rows) ^ set(table))


def members(value, found):
    if isinstance(value, dict):
        for k, v in value.items():
            found.add(k)
            members(v, found)
    return found


top = {k: v for k, v in fixture.items() if k not in ("sections", "thresholds")}
told = set(re.findall(r"`([a-z_]+)`", page[page.index("## JSON"):]))
ok(set(fixture) | members(top["client"], set()) | set(fixture["nodes"][0]) | set(fixture["thresholds"][0]) <= told,
   "and every member of the JSON")

# A remedy must not send to a probe that is none.
probes = re.findall(r'^\t\{"([a-z]+\.[a-z0-9]+)", "([a-z]+)"', open("probe/probes.c", encoding="utf-8").read(), re.M)
names = {name for probe in probes for name in probe}
wrong_names = []
for file in sorted(glob.glob("probe/**/*.c", recursive=True) + glob.glob("cli/*.c")):
    # What a line's end has split is one text.
    source = re.sub(r'"\s*"', "", open(file, encoding="utf-8").read())
    wrong_names += [f"{file}: {n}" for n in re.findall(r"--only ([a-z0-9.,_]+)", source) if n.rstrip(".,") not in names]
ok(len(names) > 40 and not wrong_names, "what remedies tell to look at are probes", wrong_names)

# ---- documents of earlier runs ------------------------------------------------------------------
p = run("--input", FIXTURE)
ok(p.returncode == 1 and p.stdout.splitlines()[-1].startswith("failed: 8 sections measured, 2 of 3 thresholds passed"),
   "an earlier run is shown, and its verdict stands", p.stdout + p.stderr)
ok(all(f"{name}: " in p.stdout for name in fixture["sections"]) and "2.46 ms" in p.stdout and "2.4 … 2.5 in 3 rounds" in p.stdout,
   "with all sections and the spread of figures", p.stdout)
good = mutate(lambda d: (d["sections"].pop("disk"), d["thresholds"].pop(1)))
p = run("--input", write("good.json", good))
ok(p.returncode == 0 and "\nwarning: 7 sections" in p.stdout, "a warning is no failure", p.stdout)
p = run("--input", "good.json", "--json")


def same(a, b):
    """Numbers may have lost digits that nobody measured."""
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (isinstance(a, float) and abs(a - b) <= 1e-5 * abs(a))


ok(same(good["sections"], document(p).get("sections")) and not wrong(document(p)), "as JSON it is itself", wrong(document(p)))

for text, code, says in (
        ("http.p99 > 2.46ms", 0, "2.46 ms  passed"), ("http.p99 >= 2.46ms", 1, "2.46 ms  exceeded"),
        ("http.p99 > 2459us", 1, "2.46 ms  exceeded"), ("http.rps < 2", 0, "2000.1/s  passed"),
        ("disk.read_p99 > 1s", 1, "not measured  unknown")):
    p = run("--input", "good.json", "--fail-if", text)
    ok(p.returncode == code and text in p.stdout and says in p.stdout, f"{text}: exit {code}", p.stdout + p.stderr)
p = run("--input", "good.json", "--fail-if", "http.p99 > 1ms", "--fail-if", "http.p50 > 1ms", "--json")
t = document(p).get("thresholds", [])
ok(p.returncode == 1 and [(x["text"], x["value"], x["limit"], x["unit"], x["state"], x["source"]) for x in t] ==
   [("http.p99 > 1ms", 2.46, 1, "ms", "exceeded", "--fail-if"), ("http.p50 > 1ms", 0.82, 1, "ms", "passed", "--fail-if")],
   "several, in JSON", t)

for args, says in (
        (["--input", "good.json", "--fail-if", "http.p998 > 1ms"], "did you mean 'p99'?\n  http.p998 > 1ms\n       ^~~~"),
        (["--input", "good.json", "--fail-if", "http.p99 > 1"], "the number needs a unit: ms, s, us\n  http.p99 > 1\n              ^"),
        (["--input", "good.json", "--fail-if", "compare.worse > 0"], "--compare names an earlier run"),
        (["http", "--url", URL, "--fail-if", "disk.read_p99 > 1s"], "this run does not measure 'disk'"),
        (["htpp"], "no section is named 'htpp'; did you mean 'http'?"),
        (["http", "--url", "ftp://x/"], "a URL begins with http://"),
        (["http", "--url", "http://kari:hunter2@x/"], "no user and password in the URL"),
        (["--url", "http://", "@home"], "no section is named '@home'"),
        (["http", "--url", URL, "-d", "soon"], "--duration: 'soon'"),
        (["http", "--url", URL, "--rate", "0"], "option '--rate' wants requests a second"),
        (["http", "--url", URL, "--ramp-to", "10"], "--ramp-to needs --rate"),
        (["http", "--url", URL, "-c", "1", "-t", "2"], "2 threads cannot share 1 connection"),
        (["http", "--url", URL, "--data", "x", "--data-file", "y"], "exclude each other"),
        (["http", "--url", URL, "-H", "hunter2"], "--header: number 1: no ':' behind the header's name"),
        (["http", "--url", URL, "-H", "A: hunter2\x07"], "--header: number 1: a control character"),
        (["http", "--url", URL, "-H", "@" + write("bare", "A: b\nBearer hunter2\n")],
         "bare:2:7: no ':' behind the header's name, as in 'Accept: text/plain'\n    2 | ********\n"),
        (["http", "--url", URL, "-H", "@-", "--data-file", "-"], "the body and headers cannot both come from standard input"),
        (["http", "--url", URL, "-H", "@-", "-H", "@-"], "other headers and headers cannot both come from standard input"),
        (["http", "disk", "--url", URL], "no 'cluster.yaml' here"),
        (["--input", "good.json", "http"], "--input shows what was measured already"),
        (["a.yaml", "b.yaml"], "two specs are given"),
        (["--input", write("old", '{"format": "svarm-bench/0"}')], "its format is 'svarm-bench/0'"),
        (["--input", "good.json", "--compare", write("other", "[]")], "no document of 'svarm bench --json'"),
        (["--input", write("broken", "{")], "broken': not JSON: line 1")):
    p = run(*args)
    ok(p.returncode == 2 and says in p.stderr and not p.stdout and "hunter2" not in p.stderr,
       f"svarm bench {' '.join(args[:2])}…: {says.splitlines()[0][:50]}", p.stderr)
p = run("--input", "nothing.json")
ok(p.returncode == 3 and "nothing.json" in p.stderr, "a document that is not there", p.stderr)
p = run("htpp", "--json")
ok(p.returncode == 2 and document(p).get("error", {}).get("exit") == 2, "mistakes as JSON", p.stdout)

hostile = mutate(lambda d: d["sections"]["http"].update(text="a\x1b[2Jb", figures={"\x07": {"value": 1, "unit": "\x9b"}}))
p = run("--input", write("hostile.json", hostile), "--junit", path("hostile.xml"), "--html", path("hostile.html"))
out = p.stdout + open(path("hostile.xml"), encoding="utf-8").read() + open(path("hostile.html"), encoding="utf-8").read()
ok("a\\x1b[2Jb" in p.stdout and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out), "nothing in it reaches the terminal", p.stdout)

# ---- reports ------------------------------------------------------------------------------------
p = run("--input", FIXTURE, "--compare", FIXTURE, "--junit", path("a.xml"), "--html", path("a.html"))
suite = ET.parse(path("a.xml")).getroot()
states = {(c.get("classname"), c.get("name")): [x.tag for x in c] for c in suite}
ok(states.get(("section", "disk")) == ["failure"] and states.get(("section", "http")) == ["system-out"] and
   states.get(("threshold", "disk.fdatasync_p99 > 5ms")) == ["failure"] and
   states.get(("compare", "http.p99")) == ["system-out"] and states.get(("compare", "cold.p50")) == ["skipped"] and
   suite.get("tests") == str(len(states)) and suite.get("failures") == "2", "JUnit's XML", states)
html = open(path("a.html"), encoding="utf-8").read()
ok(html.lower().startswith("<!doctype html>") and "fjord" in html, "the report is written", html[:200])
ok(not [f for f in os.listdir(T) if ".new-" in f], "nothing half written stays")
p = run("--input", "good.json", "--html", "none/a.html", "--json")
ok(p.returncode == 3 and document(p).get("verdict") == "warning" and "none/a.html" in p.stderr,
   "a report that cannot be written is exit 3, after the answer", p.stderr)
p = run("--input", "good.json", "--junit", "/dev/full")
ok(p.returncode == 3 and "/dev/full" in p.stderr, "nor on a full disk", p.stderr)

# ---- cost ---------------------------------------------------------------------------------------
MONEY = ["--cost", "price=450", "--cost", "currency=NOK", "--cost", "rate-of=USD=10.5"]
plain = mutate(lambda d: d.pop("cost"))
write("plain.json", plain)
p = run("--input", "plain.json", *MONEY, "--json", "--html", path("cost.html"))
cost = document(p).get("cost", {})
ok(p.returncode == 1 and not wrong(document(p)) and same(fixture["cost"], cost), "a run of long ago gets its cost; the example's is that",
   wrong(document(p)) or cost.get("error") or p.stderr)
page = open(path("cost.html"), encoding="utf-8").read()
ok('<section id="cost">' in page and ">load: 466.7/s</text>" in page and "AWS Lambda: servers cost no more from 243 calls/s on" in page,
   "and the report its plot")
p = run("--input", "plain.json", *MONEY)
ok("\ncost\n  In NOK; " in p.stdout and "Capacity used: 467 of at least 2000 calls/s" in p.stdout, "people are told", p.stdout[-900:])
p = run("--input", FIXTURE)
ok("\ncost\n  In NOK; " in p.stdout, "a document keeps its cost", p.stdout[-900:])
p = run("--input", "plain.json", *MONEY, "--cost", "--rate=3000", "--json")
ok("never seen to carry" in document(p)["cost"]["warning"] and document(p)["verdict"] == "failed" and not wrong(document(p)),
   "a load beyond it warns, and is no part of the verdict", document(p).get("cost"))
p = run("--input", "plain.json", "--cost", "front", "--json")
ok(document(p)["cost"]["counts_front"] is True and any("example" in n for n in document(p)["cost"]["notes"]), "an option without a value")
slow = mutate(lambda d: d["sections"].pop("http"))
write("slow.json", slow)
p = run("--input", "slow.json", *MONEY, "--cost", "rate=5", "--cost", "ms=7", "--json")
ok(document(p)["cost"]["measured"] is None and document(p)["cost"]["load"]["ms"] == 7 and not wrong(document(p)),
   "without section http with what is given", wrong(document(p)) or p.stderr)
for args, says in (
        (["--input", "plain.json", "--cost", "prise=3"], "--cost: unknown option '--prise'; did you mean '--price'?"),
        (["--input", "plain.json", "--cost", "price"], "--cost: option '--price' needs a value"),
        (["--input", "plain.json", "--cost", "price=dear"], "--cost: option '--price': 'dear' is not an amount"),
        (["--input", "plain.json", "--cost", "=3"], "--cost: give an option of 'svarm cost' and its value"),
        (["--input", "plain.json", "--cost", "plot=x.svg"], "--cost: unknown option '--plot'"),
        (["--input", "plain.json", "--cost", "bench=x.json"], "--cost: unknown option '--bench'"),
        (["--input", "plain.json", "--cost", "currency=NOK"], "--cost: "),
        (["--input", "slow.json", *MONEY], "--cost: no load is given"),
        (["disk", *MONEY], "section http measures, which this run leaves out"),
        (["http", "--url", URL, *MONEY], "has no time of the function itself; give ms=N"),
        (["http", "--url", URL, *MONEY, "--cost", "ms=2"], "give servers=N"),
        (["http", "--url", URL, "--cost", "currency=NOK", "--cost", "price=3"], "--rate-of USD=N")):
    p = run(*args)
    ok(p.returncode == 2 and says in p.stderr and not p.stdout, f"--cost: {says[:50]}", p.stdout[-300:] + p.stderr)

# ---- comparing ----------------------------------------------------------------------------------


def scale(doc, figure, factor):
    section, name = figure.split(".")
    f = doc["sections"][section]["figures"][name]
    f["value"] *= factor
    f["rounds"] = [x * factor for x in f["rounds"]]


def compared(doc, *args):
    q = run("--input", write("now.json", doc), "--compare", "good.json", *args, "--json")
    return q, {f["figure"]: f for f in document(q).get("comparison", {}).get("figures", [])}


p, figures = compared(good, "--fail-if", "compare.worse > 0")
ok(p.returncode == 0 and {f["verdict"] for f in figures.values()} == {"same", "unjudged"} and not wrong(document(p)),
   "a run compared with itself", wrong(document(p)) or p.stderr)
for figure, factor, word in (("http.p99", 2, "worse"), ("http.p99", 0.5, "better"), ("http.rps", 0.5, "worse"),
                             ("http.rps", 2, "better"), ("http.p99", 1.03, "same"), ("cold.p50", 9, "unjudged"),
                             ("http.cpu_us", 9, "unjudged")):
    doc = copy.deepcopy(good)
    scale(doc, figure, factor)
    p, figures = compared(doc, "--fail-if", "compare.worse > 0")
    ok(figures[figure]["verdict"] == word and p.returncode == (1 if word == "worse" else 0),
       f"{figure} times {factor} is {word}", figures.get(figure))
p, figures = compared(mutate(lambda d: (d.update(cluster="other"), d["client"].update(cpu="abacus"))))
ok(len(document(p)["comparison"]["differs"]) == 2, "another cluster and another machine are told", p.stdout[-300:])
p = run("--input", "now.json", "--compare", "good.json")
ok("! not the same: cluster: fjord before, other now" in p.stdout and "cpu: AMD EPYC before, abacus now" in p.stdout, "to people too", p.stdout[-900:])

# ---- a cluster that is not there ----------------------------------------------------------------
PORT = nobody.getsockname()[1]
write("dead.yaml", f"""cluster: gone
ssh: {{identity: {T}/key, port: {PORT}, connect_timeout: 1s}}
nodes:
  - {{name: gone-1, address: 127.0.0.1, private: 10.0.0.1, roles: [manager, worker, ingress, database]}}
faas: {{functions: [{{name: echo, image: "echo:1"}}]}}
verify: {{fail_if: [http.p99 > 1h1]}}
""")
p = run("http", "dead.yaml")
ok(p.returncode == 2 and "dead.yaml:6:32: verify.fail_if[0]: 'h1' is no unit of http.p99" in p.stderr, "a mistake in its threshold", p.stderr)
write("dead.yaml", open(path("dead.yaml"), encoding="utf-8").read().replace("1h1", "1s"))
p = run("http", "dead.yaml", "--json", "--html", path("dead.html"))
doc = document(p)
ok(p.returncode == 1 and doc["sections"]["http"]["state"] == "skipped" and "refused" in doc["sections"]["http"]["text"] and
   [t["state"] for t in doc["thresholds"]] == ["unknown"] and doc["nodes"][0]["name"] == "gone-1" and not wrong(doc),
   "what cannot be measured says why, and its threshold fails", wrong(doc) or p.stdout + p.stderr)
p = run("http", "dead.yaml", "--from", "gone-2")
ok(p.returncode == 2 and "no node is named 'gone-2'; did you mean 'gone-1'?" in p.stderr, "a node that is none", p.stderr)
p = run("http", "dead.yaml", "--compare", "saved", "--json")
ok(p.returncode == 1 and document(p)["error"]["exit"] == 1, "nor is there anything to compare with", p.stdout + p.stderr)

# ---- measuring ----------------------------------------------------------------------------------
p = run("http", "--url", URL + "/", *QUICK, "--json", "--fail-if", "http.errors > 0%", "--fail-if", "http.p99 > 1ms",
        "--fail-if", "http.rps < 1", "--events", path("events"))
doc = document(p)
ok(not wrong(doc) and doc.get("verdict"), "a real run keeps to the schema", wrong(doc) or p.stderr)
http_section = doc.get("sections", {}).get("http", {})
if http_section.get("text") == "not measured by this version":
    skip("measuring", "no http section")
    print(f"1..{number}")
    sys.exit(0)
figures = http_section.get("figures", {})
states = [t["state"] for t in doc["thresholds"]]
ok(len(figures["p99"]["rounds"]) == 3 and figures["rps"]["value"] > 1 and figures["errors"]["value"] == 0,
   "three rounds, answers, no errors", figures)
ok(states == ["passed", "exceeded" if figures["p99"]["value"] > 1 else "passed", "passed"] and
   doc["thresholds"][1]["value"] == figures["p99"]["value"] and p.returncode == (1 if "exceeded" in states else 0),
   "judged by what is in it", doc["thresholds"])
events = [json.loads(line) for line in open(path("events"), encoding="utf-8")]
ok(events[0]["state"] == "started" and events[-1]["state"] == "done" and
   [e for e in events if e["event"] == "progress" and e["text"].startswith("http: ")], "its events", events)
p = run("http", "--url", URL + "/", *QUICK)
ok(p.returncode == 0 and "ok: 1 section measured" in p.stdout and "http: " in p.stderr, "a table; progress beside it", p.stdout + p.stderr)
p = run("http", "--url", URL + "/", *QUICK, *MONEY, "--cost", "ms=2", "--cost", "servers=1", "--cost", "spare=0", "--json")
doc = document(p)
seen = doc.get("cost", {}).get("measured") or {}
ok(not wrong(doc) and abs(seen.get("throughput", 0) / doc["sections"]["http"]["figures"]["rps"]["value"] - 1) < 1e-4
   and seen["url"] == URL + "/" and seen["kb"] > 0 and p.returncode == 0,
   "what it costs, by what was just measured", wrong(doc) or doc.get("cost", {}).get("error"))
p = subprocess.run([SVARM, "cost", "--bench", "-", "--ms", "2", "--servers", "1", "--spare", "0"], input=json.dumps(doc),
                   capture_output=True, text=True, timeout=60, check=False)
ok(p.returncode == 0 and f"calls of {URL}/ from client" in p.stdout, "and 'svarm cost' reads the same document", p.stdout + p.stderr)
p = run("http", "--url", DEAD, *QUICK, *MONEY, "--cost", "ms=2", "--cost", "servers=1", "--json")
doc = document(p)
ok(p.returncode == 1 and "section http is 'failed'" in doc.get("cost", {}).get("error", "") and not wrong(doc),
   "what was measured may be nothing to calculate with: that is said", doc.get("cost"))
p = run("http", "--url", URL + "/", *QUICK, "-q")
ok(p.returncode == 0 and not p.stderr, "silent with -q", p.stderr)
p = run("http", "--url", DEAD, *QUICK)
ok(p.returncode == 1 and "✗ http: " in p.stdout, "a port where nobody listens", p.stdout + p.stderr)
p = run("http", "--url", URL + "/fails", *QUICK, "--fail-if", "http.errors > 1%")
ok(p.returncode == 1 and re.search(r"http.errors > 1% +100 %  exceeded", p.stdout), "a server that fails", p.stdout)

p = run("http", "--url", URL + "/look", *QUICK, "--insecure", "-X", "PUT", "-H", "Authorization: Bearer hunter2",
        "--data-file", "-", "--json", "--events", path("events"), "--html", path("s.html"), "--junit", path("s.xml"),
        "-v", input="body hunter3", stdin=None)
seen = Server.seen
ok(seen.get("method") == "PUT" and seen["headers"].get("Authorization") == "Bearer hunter2" and seen["body"] == b"body hunter3",
   "method, header and body arrive", seen)
os.chmod(write("headers", "# of the test\nAuthorization: Bearer hunter2\n\nX-More: 2\r\n"), 0o600)
h = run("http", "--url", URL + "/look", *QUICK, "-H", "X-First: 1", "-H", "@headers", "--json")
headers = Server.seen["headers"]
ok(h.returncode == 0 and [headers.get(x) for x in ("X-First", "Authorization", "X-More")] == ["1", "Bearer hunter2", "2"],
   "headers out of a file arrive", (h.stderr, headers))
ok("hunter" not in h.stdout + h.stderr and "everybody" not in h.stderr, "and are not shown", h.stdout + h.stderr)
os.chmod(path("headers"), 0o644)
h = run("http", "--url", URL + "/look", *QUICK, "-H", "@headers", "-q")
ok(h.returncode == 0 and "warning: 'headers' can be read by everybody on this machine; chmod 600" in h.stderr,
   "a file that others may read: a warning", h.stderr)
Server.seen = {}
h = run("http", "--url", URL + "/look", *QUICK, "-H", "@-", input="Authorization: Bearer hunter4", stdin=None)
ok(h.returncode == 0 and Server.seen["headers"].get("Authorization") == "Bearer hunter4", "headers out of standard input", h.stderr)

everything = p.stdout + p.stderr + "".join(open(path(f), encoding="utf-8").read() for f in ("events", "s.html", "s.xml"))
ok("hunter" not in everything and document(p)["options"]["headers"] == ["authorization"] and
   document(p)["options"]["body_bytes"] == 12 and document(p)["options"]["insecure"] is True, "and stand in nothing that is written", document(p).get("options"))

# On a terminal: one line that is drawn over.
pid, fd = pty.fork()
if pid == 0:
    os.execv(SVARM, [SVARM, "bench", "http", "--url", URL + "/", "-c", "2", "-d", "1500ms", "--rounds", "1"])
screen = b""
while True:
    try:
        got = os.read(fd, 65536)
    except OSError:
        break
    if not got:
        break
    screen += got
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
ok(status == 0 and b"http: " in screen and b"\x1b[" in screen and "ok: 1 section measured" in re.sub("\x1b\\[[^a-zA-Z]*[a-zA-Z]", "", screen.decode()),
   "on a terminal", screen[-600:])

p = subprocess.Popen([SVARM, "bench", "http", "--url", URL + "/", "-d", "60s", "--json", "--html", path("never.html")],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=T)
while "http: " not in p.stderr.readline():
    if p.poll() is not None:
        break
before = time.monotonic()
p.send_signal(signal.SIGINT)
out, err = p.communicate(timeout=60)
ok(p.returncode == 4 and json.loads(out)["error"]["exit"] == 4 and time.monotonic() - before < 20 and
   not os.path.exists(path("never.html")), "SIGINT ends it soon", (p.returncode, out, err))
print(f"1..{number}")
