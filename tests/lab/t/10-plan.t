#!/usr/bin/env bash
# A plan of bare nodes lists everything and changes nothing.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 12
check "the lab boots" "$lab" up
check "its nodes are bare again" "$lab" reset
is "docker is on none of them" "$(for n in 1 2 3; do node $n 'ls /usr/bin/docker /usr/sbin/nginx 2>/dev/null'; done)" ""

before=$(tree_hash)
exits 10 "plan exits 10" "$svarm" plan "$spec"
cp "$tmp/out" "$tmp/plan"
says "the plan names the packages" '^\+ +package +docker\.io '
says "the plan names a kernel setting, before and after" '^~ +sysctl +net\.core\.somaxconn +4096 +65535'
says "the plan names the function" '^\+ +service +fn_echo '
says "and counts" '^[0-9]+ changes on 3 nodes$'
is "the nodes' trees are what they were" "$(tree_hash)" "$before"

status=0
"$svarm" plan --json "$spec" >"$tmp/json" 2>/dev/null || status=$?
is "plan --json exits 10 too" "$status" 10
is "with the same number of changes" "$(jq .changes "$tmp/json")" \
	"$(sed -n 's/^\([0-9]*\) changes on 3 nodes$/\1/p' "$tmp/plan")"
exits 10 "status exits 10" "$svarm" status "$spec"
