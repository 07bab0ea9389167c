#!/usr/bin/env python3
"""`svarm cost` as a user meets it: the example of docs/cost.md to the letter, JSON whose members the
page names, mistakes and what they say, and a plot that is well-formed, on its paper and right.
Touches no node.  Prints TAP.  SVARM names another binary than build/svarm."""
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
ok(len(shown) == 1, "docs/cost.md has its example", len(shown))
for command, text in shown:
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
    "rate": "option", "ms": "option", "mb": "option", "kb": "option", "hours": "default",
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
