#!/usr/bin/env python3
"""The report in a real browser: a page that loads and runs nothing, whose text neither overlaps nor sticks
out at any width, in light, dark and on paper.  Prints TAP.  REPORT_MAKE names the program that makes it;
REPORT_KEEP a folder for the pages and pictures."""
import concurrent.futures
import html
import json
import math
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zlib

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
MAKE = os.environ.get("REPORT_MAKE", "build/san/tests/report_make")
FIXTURE = "tests/unit/data/bench.json"
T = tempfile.mkdtemp(prefix="svarm-report.")
X = "{http://www.w3.org/1999/xhtml}"
number = 0
PATIENCE = 90  # seconds for one start of the browser, on a machine that has much else to do
STARTS = 3     # now and then one hangs as it starts


def ok(passed, name, detail=""):
    global number
    number += 1
    print(f"{'ok' if passed else 'not ok'} {number} - {name}", flush=True)
    if not passed:
        for line in str(detail).splitlines()[:15]:
            print(f"# {line}")


def path(name):
    return os.path.join(T, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as f:
        f.write(text)


def browse(profile, page, *flags):
    """What the browser prints; None when it did not end well."""
    for start in range(STARTS):
        out = browse_once(f"{profile}-{start}", page, *flags)
        if out is not None:
            return out
    return None


def browse_once(profile, page, *flags):
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               "--hide-scrollbars", "--no-first-run", "--disable-extensions", "--disable-background-networking",
               f"--user-data-dir={path('profile-' + profile)}", *flags, page]
    try:
        p = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False,
                           stdin=subprocess.DEVNULL, env={**os.environ, "HOME": T})
    except subprocess.TimeoutExpired:
        return None
    return p.stdout.decode(errors="replace") if p.returncode == 0 else None


# ---- what the browser made of the page: in a copy with a script, which the page itself forbids ----
SCRIPT = r"""
const faults = [], near = 1.5;
const words = e => (e.tagName + '.' + (e.getAttribute('class') || '') + ' "' + e.textContent.trim().slice(0, 40) + '"');
const inside = (a, b) => a.left >= b.left - near && a.right <= b.right + near && a.top >= b.top - near && a.bottom <= b.bottom + near;
const cross = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > near && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > near;
if (document.documentElement.scrollWidth > innerWidth)
	faults.push('the page is ' + document.documentElement.scrollWidth + ' wide in ' + innerWidth);
for (const e of document.querySelectorAll('body *')) {
	if (e.closest('svg, .scroll') || getComputedStyle(e).display === 'none') continue;
	const r = e.getBoundingClientRect();
	if (r.width && (r.right > innerWidth + near || r.left < -near)) faults.push('sticks out of the page: ' + words(e));
}
for (const svg of document.querySelectorAll('svg[role]')) {
	const home = (svg.closest('.plot') || svg).getBoundingClientRect();
	const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
	const cards = [...svg.querySelectorAll('rect.card')].map(c => c.getBoundingClientRect());
	texts.forEach((t, i) => {
		const r = t.getBoundingClientRect();
		if (!inside(r, home)) faults.push('text out of its picture: ' + words(t));
		if (cards.length && !cards.some(c => inside(r, c))) faults.push('text out of its card: ' + words(t));
		for (const u of texts.slice(i + 1))
			if (cross(r, u.getBoundingClientRect())) faults.push('text over text: ' + words(t) + ' ' + words(u));
	});
	if (!home.width || !home.height) faults.push('a picture of no size: ' + words(svg));
	for (const p of svg.querySelectorAll('path, rect')) {
		const r = p.getBoundingClientRect();
		if (r.left < home.left - 4 || r.right > home.right + 4) faults.push('drawn out of its picture: ' + words(svg));
	}
}
for (const e of document.querySelectorAll('td, th, .tile, .tile *, .unwell li, .figures div, figcaption'))
	if (e.getClientRects().length && e.clientWidth && e.scrollWidth > e.clientWidth + 1 &&
			getComputedStyle(e).display !== 'inline')
		faults.push('text out of its box: ' + words(e));
// Where the marks of the cost plot stand, as a share of its width, and its lines.
const costs = () => {
	const plot = document.querySelector('#cost svg[role] svg.inner');
	if (!plot) return null;
	const home = plot.parentNode.getBoundingClientRect();
	const share = e => (r => ((r.left + r.right) / 2 - home.left) / home.width)(e.getBoundingClientRect());
	const all = s => [...plot.parentNode.querySelectorAll(s)];
	return { even: all('path.mark').map(share), now: all('line.upright').map(share), lines: all('path:not(.dot)').length,
		ink: all('line.upright, text.upright').map(e => getComputedStyle(e)[e.tagName == 'line' ? 'stroke' : 'fill']) };
};
const rows = [...document.querySelectorAll('tr')].filter(r => !r.closest('details'));
const seen = s => document.querySelectorAll(s).length;
const result = { faults, width: innerWidth, height: document.documentElement.scrollHeight, rows: rows.length,
	sections: [...document.querySelectorAll('main > section')].map(s => s.id), svg: seen('svg[role]'),
	cost: costs(), headings: seen('h1, h2'), background: getComputedStyle(document.body).backgroundColor,
	broken: [...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.getAttribute('href'))).length };
const pre = document.createElement('pre'); pre.id = 'result'; pre.textContent = JSON.stringify(result); parent.document.body.append(pre);
"""


def with_script(text, allowed):
    if allowed:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    return text.replace("</body>", f"<script>/*<![CDATA[*/{SCRIPT}/*]]>*/</script></body>")


def result(dom):
    found = re.search(r'<pre id="result">(.*?)</pre>', dom or "", re.S)
    return json.loads(html.unescape(found.group(1))) if found else None


# ---- pictures ----
def picture(name, rows_wanted=420):
    """Width, height, and the pixels of the first rows, as bytes of 3 or 4 a pixel."""
    data = open(path(name), "rb").read()
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        chunk = data[at + 8:at + 8 + size]
        at += 12 + size
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", chunk[:10])
        if kind == b"IDAT":
            packed += chunk
    raw, step = zlib.decompress(packed), {2: 3, 6: 4}[colour]
    stride, above, pixels = width * step, bytearray(width * step), set()
    light = total = 0
    for y in range(min(height, rows_wanted)):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a, b = row[i - step] if i >= step else 0, above[i]
            if kind == 1:
                row[i] = (row[i] + a) & 255
            elif kind == 2:
                row[i] = (row[i] + b) & 255
            elif kind == 3:
                row[i] = (row[i] + (a + b) // 2) & 255
            elif kind == 4:
                c = above[i - step] if i >= step else 0
                pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                row[i] = (row[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
        above = row
        for x in range(0, stride, step):
            pixels.add(bytes(row[x:x + 3]))
            light += row[x + 1]
            total += 1
    return width, height, len(pixels), light / total


# ---- the page as it is ----
if not os.access(MAKE, os.X_OK):
    print(f"Bail out! no {MAKE}: make test-programs")
    sys.exit(1)
made = subprocess.run([MAKE, FIXTURE], capture_output=True, text=True, check=False)
beside = subprocess.run([MAKE, FIXTURE, FIXTURE], capture_output=True, text=True, check=False)
page = made.stdout
ok(made.returncode == 0 and beside.returncode == 0, "two pages are made", made.stderr + beside.stderr)
try:
    root = ET.fromstring(page)
    ET.fromstring(beside.stdout)
    ok(True, "both are well-formed XML")
except ET.ParseError as fault:
    ok(False, "both are well-formed XML", fault)
    print("Bail out! no page")
    sys.exit(1)
ok("default-src 'none'" in page and not root.findall(f".//{X}script") and
   not re.search(r'\s(src|on\w+|srcset|xlink:href|action)="', page) and
   not re.search(r"url\(|@import", page), "nothing in it is loaded or run")
links = [a.get("href") for a in root.iter(f"{X}a")]
ok(links and all(a.startswith(("#", "data:application/json;base64,")) for a in links), "no link leaves it", links)
ids = [e.get("id") for e in root.iter() if e.get("id")]
ok(len(ids) == len(set(ids)), "no id twice", ids)
charts = [s for s in root.iter("{http://www.w3.org/2000/svg}svg")] or list(root.iter(f"{X}svg"))
ok(len(charts) > 20 and all(len(s) and s[0].tag.endswith("title") and "".join(s[0].itertext()).strip()
                            for s in charts if s.get("role") == "img"), "every picture has a title")
ok(all(t.find(f"{X}caption") is not None and all(h.get("scope") for h in t.iter(f"{X}th"))
       for t in root.iter(f"{X}table")), "every table has a caption, every heading a scope")
levels = [int(e.tag[-1]) for e in root.iter() if re.fullmatch(re.escape(X) + "h[1-6]", e.tag)]
ok(levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:])), "no level of heading is left out", levels)
ok(len(page) < 300_000, "the page is small", len(page))

# ---- in the browser ----
if not shutil.which("chromium"):
    print(f"ok {number + 1} - in a browser # SKIP no chromium: apt install chromium\n1..{number + 1}")
    sys.exit(0)
write("page.html", page)
write("page-measured.html", with_script(page, True))
write("beside.html", with_script(beside.stdout, True))
# A window of the browser is at least 500 wide, a frame is not.
write("narrow.html", '<!DOCTYPE html><body><iframe style="width:400px;height:900px;border:0" srcdoc="' +
      html.escape(with_script(page, True)) + '"></iframe></body>')
write("forbidden.html", with_script(page, False))
FILE = f"file://{T}/"
JOBS = {
    "wide": ("page-measured.html", "--dump-dom", "--window-size=1280,900"),
    "narrow": ("narrow.html", "--dump-dom", "--window-size=1280,1000"),
    "beside": ("beside.html", "--dump-dom", "--window-size=1280,900"),
    "forbidden": ("forbidden.html", "--dump-dom", "--window-size=1280,900"),
    "light": ("page.html", f"--screenshot={path('light.png')}", "--window-size=1280,1400"),
    "dark": ("page.html", f"--screenshot={path('dark.png')}", "--window-size=1280,1400",
             "--blink-settings=preferredColorScheme=0"),
    "paper": ("page.html", f"--print-to-pdf={path('page.pdf')}", "--no-pdf-header-footer"),
}
with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
    future = {name: pool.submit(browse, name, FILE + job[0], *job[1:]) for name, job in JOBS.items()}
    got = {name: f.result() for name, f in future.items()}
if all(v is None for v in got.values()) and browse("blank", "about:blank", "--dump-dom") is None:
    print(f"ok {number + 1} - in a browser # SKIP chromium does not start here\n1..{number + 1}")
    sys.exit(0)

SECTIONS = ["unwell", "thresholds", "topology", "http", "cold", "async", "disk", "cpu", "network", "redis", "tuning",
            "cost", "environment"]
for name, width in (("wide", 1280), ("narrow", 400), ("beside", 1280)):
    r = result(got[name])
    if not r:
        ok(False, f"{name}: the browser shows the page", (got[name] or "it did not end well")[-400:])
        continue
    ok(r["width"] == width, f"{name}: {width} pixels wide", r["width"])
    ok(not r["faults"], f"{name}: no text overlaps or sticks out", "\n".join(r["faults"]))
    if name == "beside":
        ok(r["sections"] == SECTIONS[:2] + ["comparison"] + SECTIONS[2:], "beside: there is a comparison", r["sections"])
        continue
    ok(r["sections"] == SECTIONS, f"{name}: every section in its order", r["sections"])
    ok(r["headings"] == len(SECTIONS) + 1 and r["svg"] >= 45 and r["rows"] >= 60 and not r["broken"],
       f"{name}: headings, pictures, rows, and where links lead", r)
plot = json.load(open(FIXTURE, encoding="utf-8"))["cost"]["plot"]
low, high = plot["rates"]
place = {bool(m["line"] is None): [] for m in plot["marks"]}
for m in plot["marks"]:
    place[m["line"] is None].append(math.log(m["rate"] / low) / math.log(high / low))
for name in ("wide", "narrow"):
    cost = (result(got[name]) or {}).get("cost") or {"even": [], "now": [], "lines": 0}
    ok(cost["lines"] == 3 and all(len(a) == len(b) and all(abs(x - y) < .02 for x, y in zip(a, b))
                                  for a, b in ((cost["even"], place[False]), (cost["now"], place[True]))),
       f"{name}: the cost plot has its lines, and its marks where they belong", (cost, place))
ok(got["forbidden"] and "</footer>" in got["forbidden"] and result(got["forbidden"]) is None,
   "a script in the page does not run")
for name, low, high in (("light", 200, 255), ("dark", 0, 70)):
    if got[name] is None or not os.path.exists(path(name + ".png")):
        ok(False, f"{name}: a picture is taken")
        continue
    w, h, colours, mean = picture(name + ".png")
    ok((w, h) == (1280, 1400) and colours > 60 and low <= mean <= high, f"{name}: a picture that is not blank",
       f"{w}x{h}, {colours} colours, mean {mean:.0f}")
pdf = open(path("page.pdf"), "rb").read() if os.path.exists(path("page.pdf")) else b""
pages = [int(n) for n in re.findall(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)", pdf) for n in n if n]
ok(pdf.startswith(b"%PDF") and len(pdf) > 30_000 and (not pages or 2 <= max(pages) <= 12),
   "on paper: some pages that are not blank", f"{len(pdf)} bytes, pages {pages}")
print(f"1..{number}")
if os.environ.get("REPORT_KEEP"):
    shutil.copytree(T, os.environ["REPORT_KEEP"], dirs_exist_ok=True, ignore=shutil.ignore_patterns("profile-*"))
shutil.rmtree(T, ignore_errors=True)
