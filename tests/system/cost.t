#!/usr/bin/env python3
"""`svarm cost` as a user meets it: the example of docs/cost.md to the letter, JSON whose members the
page names, what a measurement gives, mistakes and what they say, and a plot that is well-formed, on its paper and right.
Touches no node.  Prints TAP.  SVARM names another binary than build/svarm."""
import copy
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SVARM = os.path.abspath(os.environ.get("SVARM", "build/svarm"))
if not os.access(SVARM, os.X_OK):
    print(f"Bail out! no {SVARM}: make svarm")
    sys.exit(1)
T = tempfile.TemporaryDirectory(prefix="svarm-cost.")
number = 0
SVG = "{http://www.w3.org/2000/svg}"


def ok(passed, name, detail=""):
    global number
    number += 1
    print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    if not passed:
        for line in str(detail).splitlines()[:12]:
            print(f"# {line}")


def run(*args, **more):
    return subprocess.run([SVARM, "cost", *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False, **more)


def answer(*args):
    p = run(*args, "--json")
    try:
        return json.loads(p.stdout)
    except ValueError:
        return {"broken": p.stdout + p.stderr}


def write(name, text):
    path = os.path.join(T.name, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def near(a, b, within=1e-9):
    return a is not None and abs(a - b) <= within * max(1, abs(b))


LOAD = ["--rate", "50", "--ms", "100", "--mb", "256", "--kb", "10"]
page = open("docs/cost.md", encoding="utf-8").read()
builtin = open("templates/prices.yaml", encoding="utf-8").read()

# ---- the example of the page --------------------------------------------------------------------
shown = re.findall(r"```console\n\$ svarm cost (.*)\n((?:.*\n)*?)…\n```", page)
ok(len(shown) == 2, "docs/cost.md has its examples", len(shown))
bench = json.load(open("tests/unit/data/bench.json", encoding="utf-8"))
bench.pop("cost", None)
bench_path = write("bench.json", json.dumps(bench))
for command, text in shown[1:]:
    p = run(*shlex.split(command), cwd=T.name)
    ok(p.returncode == 0 and p.stdout.startswith(text) and not p.stderr,
       "that of a measurement prints what the page shows", p.stdout + p.stderr)
reports = re.findall(r"^    (svarm bench --input bench.json .*--html (\S+))$", page, re.M)
ok(len(reports) == 2, "and of reports", reports)
for command, name in reports:
    p = subprocess.run([SVARM, *shlex.split(command)[1:]], capture_output=True, text=True, timeout=60, cwd=T.name,
                       stdin=subprocess.DEVNULL, check=False)
    load = "60" if "rate=60" in command else "466.7"
    made = ""
    if p.returncode in (0, 1):
        made = open(os.path.join(T.name, name), encoding="utf-8").read()
        os.remove(os.path.join(T.name, name))
    ok(f">load: {load}/s</text>" in made, f"a report that marks {load} calls a second", p.stderr or made[:200])
for command, text in shown[:1]:
    p = run(*shlex.split(command))
    ok(p.returncode == 0 and p.stdout.startswith(text) and not p.stderr,
       "it prints what the page shows", p.stdout)
    a = answer(*shlex.split(command))
    lam = a["offers"][0]
    usd = {"requests": 130.4 * 0.20, "gb_seconds": (3285000 - 400000) * 0.0000166667,
           "egress_gb": (131.4e6 * 10 / 1048576 - 100) * 0.09, "front": 0}
    ok(all(near(lam["parts"][k], 10.5 * v) for k, v in usd.items()),
       "and what its sums by hand give", lam)
    told = re.findall(r"^\| (?:calls|compute|traffic) \| .* \| ([0-9.]+) \| ([0-9.]+) \|$", page, re.M)
    ok([f"{usd[k]:.2f}" for k in ("requests", "gb_seconds", "egress_gb")] == [t[0] for t in told]
       and [f"{lam['parts'][k]:.2f}" for k in ("requests", "gb_seconds", "egress_gb")] == [t[1] for t in told],
       "which stand there", told)
    ok(a["servers"]["count"] == 4 and a["servers"]["total"] == 1800
       and near(a["servers"]["carries"], 63), "four servers", a["servers"])

# ---- JSON ---------------------------------------------------------------------------------------
a = answer(*LOAD)


def members(value, found):
    if isinstance(value, dict):
        for k, v in value.items():
            found.add(k)
            members(v, found)
    if isinstance(value, list):
        for v in value:
            members(v, found)
    return found


told = set(re.findall(r"`([a-z_]+)`", page[page.index("## JSON"):page.index("## The plot")]))
told |= {w for w in re.findall(r"`([a-z_]+)\[\]", page)}
ok(members(a, set()) <= told, "every member stands in docs/cost.md", members(a, set()) - told)
ok(a["currency"] == "USD" and a["load"]["calls"] == 131400000, "the load", a["load"])
ok(all(near(o["total"], sum(o["parts"].values())) for o in a["offers"]), "parts make the total")
ok(all(r["date"] and r["source"] for r in a["prices"]) and len(a["prices"]) >= 8,
   "every price has a date and a source")
ok({x["name"]: x["from"] for x in a["assumptions"]} == {
    "rate": "option", "utilisation": "none", "ms": "option", "mb": "option", "kb": "option", "hours": "default",
    "servers": "prices", "price": "prices", "capacity": "none", "headroom": "default",
    "peak": "default", "spare": "default", "ops-hours": "default", "ops-rate": "default"},
   "every assumption says where it is from", a["assumptions"])
ok(any("example" in n for n in a["notes"]), "an example for a price is called one", a["notes"])
ok(not any("example" in n for n in answer(*LOAD, "--price", "9")["notes"]), "a price that is given is none")
ok(a["servers"]["carries"] is None and any("--capacity" in n for n in a["notes"]),
   "what is not known is null, and said")
ok(a["dominant"] == a["swings"][0]["assumption"]
   and all(x["swing"] >= y["swing"] for x, y in zip(a["swings"], a["swings"][1:])), "the largest swing first")
text = run(*LOAD).stdout
ok(all(x["name"] in text for x in a["assumptions"] if x["from"] != "none")
   and all(r["source"] in text for r in a["prices"] if r["meter"] != "front")
   and all(n.split(":")[0].split(";")[0][:40] in text for n in a["notes"]),
   "people are told the same", text)

# ---- what options do ----------------------------------------------------------------------------
lam = a["offers"][0]
b = answer(*LOAD, "--no-free-tier")["offers"][0]
ok(near(b["total"] - lam["total"], 0.20 + 400000 * 0.0000166667 + 100 * 0.09), "--no-free-tier", b)
b = answer(*LOAD, "--front")
ok(near(b["offers"][0]["parts"]["front"], 131.4) and b["offers"][1]["parts"]["front"] == 0
   and b["counts_front"], "--front", b["offers"])
b = answer(*LOAD, "--hours", "73")
ok(b["load"]["calls"] == 13140000 and b["servers"]["total"] == a["servers"]["total"],
   "--hours: servers are paid for all month")
b = answer(*LOAD, "--ops-hours", "2.5", "--ops-rate", "100")
ok(b["servers"]["operations"] == 250 and b["servers"]["total"] == 310, "--ops-hours", b["servers"])
b = answer("--rate", "1", "--ms", "5", "--mb", "130")
ok(near(b["offers"][1]["units"]["gb_seconds"], 2628000 * 0.1 * 0.25)
   and near(b["offers"][0]["units"]["gb_seconds"], 2628000 * 0.005 * 130 / 1024),
   "minimums and steps of duration and memory")
b = answer("--rate", "0", "--ms", "5")
ok(b["offers"][0]["total"] == 0 and b["servers"]["total"] == 60 and b["ratio"] == 0
   and b["offers"][0]["per_million"] is None and b["dominant"] is None, "no load at all", b)
b = answer("--rate", "1", "--ms", "700000", "--mb", "4096")
ok("600000 ms" in b["offers"][1]["refused"] and "total" not in b["offers"][1]
   and b["offers"][0]["refused"] is None, "a call that one of them does not take", b["offers"][1])
b = answer("--rate", "1", "--ms", "1", "--mb", "100000")
ok(b["cheapest"] is None and b["ratio"] is None and not b["swings"][0]["half"], "a call that none takes")
ok("No provider takes this load" in run("--rate", "1", "--ms", "1", "--mb", "100000").stdout, "is said to people")
b = answer("--rate", "1000000000", "--ms", "86400000", "--hours", "744", "--capacity", "0.001",
           "--headroom", "99", "--peak", "1000", "--spare", "1000")
ok("broken" not in b and b["servers"]["count"] > 1e16, "numbers without end", b)

# ---- a measurement ------------------------------------------------------------------------------


def changed(change, name="changed.json"):
    doc = copy.deepcopy(bench)
    change(doc)
    return write(name, json.dumps(doc))


def http(doc):
    return doc["sections"]["http"]


def whole(doc, **members):
    """Of the runs on the whole way."""
    for r in http(doc)["detail"]["runs"]:
        if r["path"] == "ingress":
            r.update(members)


def told(a):
    return {x["name"]: x["from"] for x in a["assumptions"]}


FROM = ["--bench", bench_path]
m = answer(*FROM)
load, seen = m["load"], m["measured"]
ok(near(seen["throughput"], 2000.1) and near(load["ms"], 0.21) and near(load["kb"], 190 / 1024)
   and m["servers"]["count"] == 3 and near(load["rate"], 2000.1 * 2 / 3 * 0.7 / 2, 1e-6),
   "throughput, the function's own time, size of an answer, servers, and the load they are for", m)
ok({k for k, v in told(m).items() if v == "bench"} == {"rate", "ms", "kb", "servers", "capacity"}
   and near(seen["used"], seen["planned"], 1e-6) and m["warning"] is None, "which is said of each, and warns of nothing", told(m))
ok((seen["cluster"], seen["started"], seen["from"], seen["limited_by"], seen["connections"]) ==
   ("fjord", "2026-11-25T12:00:00Z", "client", "rate", 64), "when, where and how it was measured", seen)
text = run(*FROM).stdout
ok("on cluster fjord, 2026-11-25T12:00:00Z" in text and "Taken from it:" in text and "it may carry" in text, "people are told as well", text)
with open(bench_path, encoding="utf-8") as f:
    p = subprocess.run([SVARM, "cost", "--bench", "-", "--json"], stdin=f, capture_output=True, text=True, timeout=60, check=False)
ok(p.returncode == 0 and json.loads(p.stdout) == m, "from standard input", p.stderr)
m = answer(*FROM, "--rate", "60")
ok(near(m["measured"]["used"], 60 / 2000.1) and m["warning"] is None and told(m)["rate"] == "option" and
   "Capacity used: 60 of at least 2000 calls/s that were measured, 3 %." in m["findings"], "a load that is given, beside the capacity", m["findings"])
m = answer(*FROM, "--utilisation", "60")
ok(near(m["load"]["rate"], 1200.06) and "more than the 23.3 %" in (m["warning"] or "") and m["servers"]["count"] == 7
   and "never seen" not in (m["warning"] or ""), "a share of it that is too large warns", m["warning"])
p = run(*FROM, "--utilisation", "60")
ok("Warning: the load is more than the 23.3 %" in p.stdout and p.returncode == 0, "people, too", p.stdout)
ok("never seen to carry" in (answer(*FROM, "--rate", "2001")["warning"] or ""), "more than was measured warns more")
ok(answer(*FROM, "--utilisation", "23")["warning"] is None, "a share within it does not")
for option, value, where in (("ms", 5, "load"), ("kb", 2, "load"), ("servers", 5, "servers"), ("capacity", 900, None)):
    m = answer(*FROM, f"--{option}", str(value))
    got = {x["name"]: x for x in m["assumptions"]}[option]
    ok(got["value"] == value and got["from"] == "option" and
       (where != "load" or m["load"][option] == value) and (where != "servers" or m["servers"]["count"] == 5),
       f"--{option} counts, whatever was measured", got)
m = answer("--bench", changed(lambda d: whole(d, rate=0, rps=4000)))
ok(m["measured"]["limited_by"] == "cluster" and m["measured"]["throughput"] == 4000, "a closed loop measures the most", m["measured"])
m = answer("--bench", changed(lambda d: http(d)["detail"]["runs"][3].update(rps=5000, rate=0)))
ok(m["measured"]["from"] == "fjord-1" and m["measured"]["throughput"] == 5000, "the place that saw most counts", m["measured"])
m = answer("--bench", changed(lambda d: http(d)["detail"]["runs"][5].update(rps=90000)))
ok(m["measured"]["throughput"] == 2000.1, "but not a part of the way", m["measured"])
m = answer("--bench", changed(lambda d: whole(d, client_bound=True, rate=0)))
ok(m["measured"]["limited_by"] == "client", "a busy client is said", m["measured"])
m = answer("--bench", changed(lambda d: http(d).update(state="warning", text="7 calls failed")))
ok(any("7 calls failed" in n for n in m.get("notes", [])), "what section http warns of is among the notes", m)

lacking = [
    (lambda d: d["sections"].pop("http"), "it has no section http"),
    (lambda d: http(d).update(state="failed", text="no answer at all"), "section http is 'failed': no answer at all"),
    (lambda d: http(d).update(state="skipped"), "section http is 'skipped'"),
    (lambda d: http(d).update(state=5), "section http is 'none'"),
    (lambda d: http(d)["figures"]["rps"].update(value=0), "figure http.rps is no number"),
    (lambda d: http(d)["figures"]["rps"].update(value=-3), "figure http.rps is no number"),
    (lambda d: http(d)["figures"]["rps"].update(value=1e99), "figure http.rps is no number"),
    (lambda d: http(d)["figures"]["rps"].update(value="2000"), "figure http.rps is no number"),
    (lambda d: http(d)["figures"]["rps"].update(value=math.nan), "not JSON"),
    (lambda d: http(d)["figures"].clear(), "figure http.rps is no number"),
    (lambda d: http(d)["detail"]["hops"].pop(), "does not have the time of the function itself; .*--ms N"),
    (lambda d: http(d)["detail"]["hops"][3].update(ms=-1), "does not have the time of the function itself"),
    (lambda d: d["nodes"].clear(), "how many servers answered; give --servers"),
    (lambda d: whole(d, path="url"), "how many servers answered; give --servers"),
    (lambda d: d.update(format="svarm-bench/9"), "its format is 'svarm-bench/9'"),
    (lambda d: d.clear(), "no document of 'svarm bench --json'"),
]
for change, message in lacking:
    path = changed(change)
    p = run("--bench", path)
    ok(p.returncode == 2 and not p.stdout and re.search(message, p.stderr, re.S), f"a document is refused: {message[:50]}", p.stdout + p.stderr)
m = answer("--bench", changed(lambda d: (d["nodes"].clear(), http(d)["detail"]["hops"].clear())), "--servers", "1", "--spare", "0", "--ms", "3")
ok(near(m["load"]["rate"], 2000.1 * 0.35) and told(m)["capacity"] == "bench", "what it lacks can be given", m)
p = run("--bench", changed(lambda d: (d.update(cluster="\x1b[31mred", started="\x9b"), http(d).update(state="warning", text="\x1b]0;x\x07"))))
ok(p.returncode == 0 and "\\x1b[31mred" in p.stdout and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", p.stdout),
   "nothing in it reaches the terminal", p.stdout)

# ---- money --------------------------------------------------------------------------------------
b = answer(*LOAD, "--price", "40", "--currency", "EUR", "--in", "NOK", "--rate-of", "EUR=11.6",
           "--rate-of", "USD=10", "--ops-hours", "1", "--ops-rate", "10")
ok(near(b["servers"]["price"], 464) and near(b["servers"]["operations"], 116) and b["currency"] == "NOK"
   and near(b["offers"][0]["total"], 10 * lam["total"]), "three currencies", b["servers"])
ok({e["of"]: e["rate"] for e in b["exchanges"]} == {"EUR": 11.6, "USD": 10}, "the rates are in the answer")
b = answer(*LOAD, "--currency", "NOK", "--rate-of", "USD=10")
ok(near(b["servers"]["price"], 200), "the example's price in another currency", b)
listed = write("rates.yaml", builtin +
               'rates: [{of: NOK, in: USD, rate: 0.1, date: 2026-11-25, source: "the bank"}]\n')
b = answer(*LOAD, "--currency", "NOK", "--price", "450", "--prices", listed)
ok(near(b["offers"][0]["exchange"], 10) and b["exchanges"][0]["source"] == "the bank",
   "a rate from the price list, the other way round", b)

# ---- mistakes -----------------------------------------------------------------------------------
broken = write("broken.yaml", "providers:\n  - name: a\n    title: A\n    currency: USD\n    prises: []\n")
cases = [
    ([], "no load is given; .*--rate N"),
    (["--rate", "5"], "--ms"),
    (["--rate", "x", "--ms", "1"], "option '--rate': 'x' is not an amount"),
    (["--rate", "-5", "--ms", "1"], "'-5' is not an amount"),
    (["--rate", "1e99", "--ms", "1"], "is not an amount"),
    (["--rate", "nan", "--ms", "1"], "is not an amount"),
    (["--rate", "2000000000", "--ms", "1"], "out of range: 0 to 1000000000"),
    ([*LOAD, "--hours", "745"], "option '--hours': '745' is out of range"),
    ([*LOAD, "--servers", "0"], "'0' is out of range: 1 to"),
    ([*LOAD, "--servers", "1.5"], "'1.5' is not a whole number"),
    ([*LOAD, "--capacity", "0"], "'0' is too small"),
    ([*LOAD, "--headroom", "100"], "out of range: 0 to 99"),
    ([*LOAD, "--peak", "0.5"], "out of range: 1 to 1000"),
    ([*LOAD, "--ops-hours", "5"], "--ops-rate"),
    ([*LOAD, "--currency", "kr"], "option '--currency': 'kr' is not a currency"),
    ([*LOAD, "--currency", "NOK"], "prices? .*USD and the answer is in NOK; say .* --rate-of USD=N"),
    ([*LOAD, "--currency", "NOK", "--price", "5", "--rate-of", "EUR=11.6"], "--rate-of USD=N"),
    ([*LOAD, "--price", "5", "--currency", "EUR", "--in", "USD"], "servers is in EUR .*--rate-of EUR=N"),
    ([*LOAD, "--rate-of", "EUR"], "'EUR' is not a rate of exchange"),
    ([*LOAD, "--rate-of", "EUR=0"], "'EUR=0' is not a rate of exchange"),
    ([*LOAD, "--rate-of", "USD=2"], "'USD=2' is not a rate of exchange to USD"),
    ([*LOAD, "--rate-of", "euro=2"], "'euro' is not a currency"),
    ([*LOAD, "--rat", "2"], "did you mean '--rate'"),
    ([*LOAD, "--prices", broken], "broken.yaml:5:5: providers\\[0\\]: unknown key 'prises'; did you mean 'prices'"),
    ([*LOAD, "--prices", T.name + "/none"], "unable to open"),
    ([*LOAD, "--prices", "/dev/null"], "the file of prices is empty"),
    ([*LOAD, "--utilisation", "50"], "--utilisation stands for a load, and --rate gives one"),
    (["--ms", "1", "--utilisation", "50"], "share of a throughput that was measured"),
    ([*FROM, "--utilisation", "0"], "'0' is too small"),
    ([*FROM, "--servers", "1"], "1 server, of which 1 may be lost, leave no load .* --utilisation or --spare"),
    (["--bench", T.name + "/none"], "--bench: .*No such file"),
    (["--bench", T.name], "--bench: "),
    (["--bench", "/dev/null"], "--bench: '/dev/null': not JSON"),
    ([*LOAD, "extra"], "unexpected argument 'extra'"),
]
for args, message in cases:
    p = run(*args)
    ok(p.returncode == 2 and not p.stdout and re.search(message, p.stderr, re.S),
       "mistake: " + " ".join(args[-2:] if args else ["nothing given"]).replace(T.name, ""),
       f"{p.returncode} {p.stdout}{p.stderr}")
p = run("--json", "--rate", "5")
ok(p.returncode == 2 and json.loads(p.stdout)["error"]["kind"] == "usage", "a mistake in JSON", p.stdout)
p = run(*LOAD, "--prices", write("hostile.yaml", builtin.replace("title: AWS Lambda", 'title: "\\e[31mred"')))
ok(p.returncode == 2 and "control character" in p.stderr and "\x1b" not in p.stderr,
   "a price list cannot colour the terminal", p.stdout + p.stderr)
p = run(*LOAD, "--prices", write("tags.yaml", builtin.replace("title: AWS Lambda", 'title: "<b>rød & blå</b>"')),
        "--plot", os.path.join(T.name, "plot.svg"))
ok(p.returncode == 0 and "<b>rød & blå" in p.stdout
   and "<b>" not in open(os.path.join(T.name, "plot.svg"), encoding="utf-8").read(), "nor put tags into the plot")
only = write("only.yaml", re.sub(r"(?ms)^servers:.*", "", builtin))
p = run(*LOAD, "--prices", only)
ok(p.returncode == 2 and "has no servers" in p.stderr, "a price list without servers", p.stderr)
b = answer(*LOAD, "--prices", only, "--servers", "2", "--price", "7", "--currency", "USD")
ok(b.get("servers", {}).get("total") == 14, "with servers from the command line", b)

# ---- the plot -----------------------------------------------------------------------------------
plot = os.path.join(T.name, "plot.svg")


def draw(*args):
    p = run(*args, "--plot", plot)
    if p.returncode:
        return None, p.stderr
    return ET.parse(plot).getroot(), ""  # not well-formed: an exception


def path_points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[0-9.]+) (-?[0-9.]+)", path.get("d"))]


def scale(root, axis):
    """From the numbers beside an axis: pixels to values."""
    units = {"k": 1e3, "M": 1e6, "G": 1e9}
    ticks = []
    for t in root.iter(SVG + "text"):
        m = re.fullmatch(r"([0-9.e-]+)([kMG]?)", t.text or "")
        if m and t.get("class") == "soft" and t.get("text-anchor") == ("middle" if axis == "x" else "end"):
            ticks.append((float(t.get(axis)), float(m[1]) * units.get(m[2], 1)))
    (p0, v0), (p1, v1) = ticks[0], ticks[-1]
    off = 0 if axis == "x" else 4  # numbers stand a little below their line
    return lambda p: v0 * (v1 / v0) ** ((p + off - p0) / (p1 - p0))


for name, args in (("flat", LOAD), ("stairs", [*LOAD, "--capacity", "60"]), ("no load", ["--rate", "0", "--ms", "1"]),
                   ("dear", [*LOAD, "--price", "1000000", "--kb", "0"]), ("free", [*LOAD, "--price", "0"]),
                   ("refused", ["--rate", "1", "--ms", "1", "--mb", "100000"]),
                   ("huge", ["--rate", "1000000000", "--ms", "900000", "--mb", "10240", "--kb", "1048576"]),
                   ("tiny", ["--rate", "0.000001", "--ms", "1", "--capacity", "0.001"])):
    root, wrong = draw(*args)
    paths = list(root.iter(SVG + "path")) if root is not None else []
    w, h = (float(v) for v in root.get("viewBox").split()[2:]) if root is not None else (0, 0)
    inside = all(0 <= x <= w and 0 <= y <= h for p in paths for x, y in path_points(p))
    texts = all(0 <= float(t.get("x")) <= w and 0 <= float(t.get("y")) <= h for t in root.iter(SVG + "text"))
    ok(paths and inside and texts and not re.search(r"nan|inf\b", open(plot, encoding="utf-8").read()),
       f"plot, {name}: well-formed and on its paper", wrong)

a = answer(*LOAD, "--capacity", "60", "--price", "45")
root, _ = draw(*LOAD, "--capacity", "60", "--price", "45")
paths = list(root.iter(SVG + "path"))
names = [t.text for t in root.iter(SVG + "text") if (t.get("class") or "").startswith("name")]
ok(len(paths) == 3 and set(names) == {"AWS Lambda", "Azure Functions", "3 servers and up"}, "a line for each", names)
x_of, y_of = scale(root, "x"), scale(root, "y")
stairs, lam = path_points(paths[0]), path_points(paths[1])
ok(all(b[0] >= c[0] and b[1] <= c[1] for b, c in zip(stairs[1:], stairs)), "servers never get cheaper with load")
ok(near(y_of(stairs[0][1]), 135, 0.02), "the first stair costs what three servers cost", y_of(stairs[0][1]))
ok(near(x_of(stairs[1][0]), 42, 0.02) or any(near(x_of(x), 42, 0.02) for x, _ in stairs),
   "and ends where they carry no more", [x_of(x) for x, _ in stairs[:4]])
at = min(lam, key=lambda p: abs(math.log(x_of(p[0]) / 50)))
bill = answer("--rate", str(x_of(at[0])), *LOAD[2:])["offers"][0]["total"]
ok(near(y_of(at[1]), bill, 0.03), "Lambda's line is Lambda's bill", (x_of(at[0]), y_of(at[1]), bill))
marks = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(SVG + "circle")]
even = a["offers"][0]["break_even"]["first"]
ok(any(near(x_of(x), even, 0.03) for x, _ in marks) and any(near(x_of(x), 50, 0.03) for x, _ in marks),
   "the points of balance and the load are marked", [x_of(x) for x, _ in marks])
style = root.find(SVG + "style").text
ok("prefers-color-scheme:dark" in style and "@media print" in style
   and len({p.get("stroke-dasharray") for p in paths}) == 3, "dark, light and paper; lines differ in dashes too")
ok(not re.search(r"href|<script|@import|url\(", open(plot, encoding="utf-8").read()), "nothing is fetched")
p = run(*LOAD, "--plot", os.path.join(T.name, "none", "plot.svg"))
ok(p.returncode == 3 and "unable to open" in p.stderr and not p.stdout, "a plot that cannot be written", p.stderr)
p = run(*LOAD, "--plot", "/dev/full")
ok(p.returncode == 3 and "No space left" in p.stderr, "a full disk", p.stderr)
print(f"1..{number}")
