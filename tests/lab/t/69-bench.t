#!/usr/bin/env bash
# A whole `svarm bench`: every section measures, the document follows its schema, the page opens in a browser.
# ROUNDS=3 as an operator would run it; KEEP_CLUSTER=1: the cluster that is there.
# shellcheck disable=SC2016 # jq's variables
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 11
doc=$tmp/doc.json page=$tmp/page.html

[ -n "${KEEP_CLUSTER:-}" ] || "$svarm" up "$spec" -q --no-health >/dev/null 2>&1
began=$SECONDS
# What it thinks of this machine's disk and processors is no matter of this test.
status=0
"$svarm" bench "$spec" -q --rounds "${ROUNDS:-1}" --html "$page" --junit "$tmp/junit.xml" >"$tmp/out" 2>&1 </dev/null || status=$?
[ "$status" -le 1 ]
report $? "all of it is measured"
echo "# $((SECONDS - began)) s"
[ $((SECONDS - began)) -lt 180 ]
report $? "in less than three minutes"
says "with a verdict" '^(ok|warning|failed): 7 sections measured'

"$svarm" bench cpu "$spec" -q --json >"$doc" 2>"$tmp/out"
holds() { # NAME JQ-EXPRESSION, of the whole run
	grep -o '{.*' "$tmp/whole.json" | jq -e "$2" >/dev/null 2>>"$tmp/out"
	report $? "$1"
}
# The page carries the document it was made from.
python3 - "$page" >"$tmp/whole.json" 2>"$tmp/out" <<'PY'
import base64, re, sys, urllib.parse
href = re.search(r'href="(data:application/json[^"]*)"', open(sys.argv[1], encoding="utf-8").read()).group(1)
head, data = href.split(",", 1)
data = urllib.parse.unquote(data.replace("&amp;", "&"))
print(base64.b64decode(data).decode() if head.endswith(";base64") else data)
PY
holds "every section has figures" '.sections | keys == ["async", "cold", "cpu", "disk", "http", "network", "redis"] and
	all(.[]; .state != "skipped" and (.figures | length) > 1)'
holds "and plausible ones" '.sections as $s |
	$s.disk.figures.fdatasync_p50.value > 0 and $s.disk.figures.read_p99.value >= $s.disk.figures.read_p50.value and
	$s.network.figures.throughput.value > 10 and $s.network.figures.overlay_rtt_p50.value > 0 and
	$s.redis.figures.rate.value > 10 and $s.redis.figures.refused.value == 0 and
	$s.http.figures.rps.value > 50 and $s.cold.figures.p50.value > 50 and $s.async.figures.lost.value == 0'
holds "no two nodes have the same disk latencies" \
	'[.sections.disk.detail.nodes[].fdatasync_ms.mean] | length == 3 and (unique | length) == 3'
holds "the network is whole" '.sections.network.detail.networks | length == 2 and
	all(.[]; (.pairs | length) == 6 and all(.pairs[]; .error == null and .rtt_ms.n > 0))'
check "the document follows its schema" python3 -c '
import json, sys, jsonschema
for name in sys.argv[2:]:
    jsonschema.validate(json.load(open(name)), json.load(open(sys.argv[1])))' docs/bench.schema.json "$tmp/whole.json" "$doc"
check "JUnit has a case for each section" python3 -c '
import sys, xml.etree.ElementTree as tree
assert len(tree.parse(sys.argv[1]).getroot().findall("testcase")) >= 7' "$tmp/junit.xml"
for _ in 1 2; do # one may hang as it starts
	timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$tmp/chromium" --dump-dom "file://$page" >"$tmp/dom" 2>/dev/null
	[ ! -s "$tmp/dom" ] || break
done
is "the page opens in a browser" "$(grep -o '<h1[^>]*>' "$tmp/dom" | wc -l) $(($(grep -o '<svg' "$tmp/dom" | wc -l) > 8))" "1 1"
is "nothing is left on the nodes" "$(for n in 1 2 3; do
	node $n 'pgrep -x svarm-probe; ls -d /run/svarm-probe.* /dev/shm/svarm-probe.* /var/tmp/svarm-* 2>/dev/null'
done; node 1 "docker service ls --format '{{.Name}} {{.Replicas}}' | grep fn_echo")" "fn_echo 2/2"
