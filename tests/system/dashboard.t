#!/usr/bin/env bash
# The dashboard is JSON as Grafana takes it, shows no metric that the gateway does not have, and its
# panels do not lie over each other.  GATEWAY_SRC: where the gateway's sources are.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
dashboard=templates/grafana-svarm.json
src=${GATEWAY_SRC:-faas/gateway}
command -v jq >/dev/null || { echo "1..0 # SKIP no jq: apt install jq"; exit 0; }
shopt -s lastpipe # 'none' counts in this shell
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
n=0
none() { # NAME: standard input lists what is wrong
	local wrong
	wrong=$(sort -u)
	n=$((n + 1))
	if [ -z "$wrong" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' <<<"$wrong"
	fi
}

{ jq -e '.title and .uid and .schemaVersion and (.panels | length > 10)' "$dashboard" >/dev/null 2>&1 ||
	echo "$dashboard"; } | none "it is a dashboard"
jq -r '[.panels[].id] | group_by(.)[] | select(length > 1) | .[0]' "$dashboard" | none "no panel's number twice"
jq -r '[.panels[] | .gridPos as $g | range($g.x; $g.x + $g.w) as $x | range($g.y; $g.y + $g.h) as $y | "\($x),\($y) \(.title)"] |
	group_by(split(" ")[0])[] | select(length > 1) | join(" | ")' "$dashboard" | head -n 3 | none "no panel over another"
jq -r '.panels[] | select(.gridPos.x + .gridPos.w > 24) | .title' "$dashboard" | none "none beyond the edge"
jq -r '.panels[] | select(.type != "row") | select(.targets | length == 0) | .title' "$dashboard" | none "every panel shows something"

# Metrics in expressions; a histogram's parts belong to it.
jq -r '.panels[].targets[]?.expr, .templating.list[].query.query?' "$dashboard" |
	grep -oE '\b(gateway|svarm|http)_[a-z_]+' | sed 's/_bucket$//' | sort -u >"$T/shown"
{ [ "$(wc -l <"$T/shown")" -ge 15 ] || cat "$T/shown"; } | none "there are metrics in it"
if [ -e "$src/metrics_functions.c" ]; then
	grep -hoE '"(gateway|svarm|http)_[a-z_]+"' "$src"/*.c | tr -d '"' | sort -u >"$T/made"
	comm -23 "$T/shown" "$T/made" | none "the gateway has every metric that is shown"
else
	n=$((n + 1))
	echo "ok $n - the gateway has every metric that is shown # SKIP this gateway does not count calls"
fi
echo "1..$n"
