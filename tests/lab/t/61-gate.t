#!/usr/bin/env bash
# What a spec says in verify.fail_if is judged by `svarm up` and by `svarm bench`; a run is kept on the
# leader and compared with.  SVARM=… another binary; KEEP_CLUSTER=1 use the cluster that is there.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 17
svarm=${SVARM:-$svarm}
url=http://$leader/function/echo
strict=build/lab/strict.yaml
trap 'rm -rf "$tmp" "$strict"' EXIT
{
	cat "$spec"
	printf 'verify:\n  fail_if: [http.p50 > 1us, http.errors > 1%%, cold.p50 > 900s]\n'
} >"$strict"
[ -n "${KEEP_CLUSTER:-}" ] || "$svarm" up "$spec" -q --no-health >/dev/null 2>&1

# Answers alone; narration would be in the way of jq.
answer() { "$svarm" "$@" 2>/dev/null; }

exits 1 "up ends with 1 when a threshold is exceeded" "$svarm" up --no-health "$strict"
says "with the threshold and what was measured" '^  http\.p50 > 1us +[0-9.]+ ms  exceeded'
says "another is passed" '^  http\.errors > 1% +0 %  passed'
exits 0 "up --no-bench does not measure" "$svarm" up --no-health --no-bench "$strict"
exits 0 "nor does it without thresholds" "$svarm" up --no-health "$spec"
answer up --no-health --json "$strict" >"$tmp/up.json"
check "its JSON has the measurement" jq -e '.bench.verdict == "failed" and (.bench.thresholds | length == 2) and
	(.bench.sections.http.figures.p50.rounds | length == 3)' "$tmp/up.json"

exits 1 "bench judges by the spec, too" "$svarm" bench http --url "$url" -d 500ms "$strict"
says "by what it measures" "not judged, as this run does not measure it: 'cold.p50 > 900s'"
says "and says by whose word" 'exceeded  verify\.fail_if$'

node 1 'rm -rf /var/lib/svarm/bench'
exits 2 "nothing is saved yet" "$svarm" bench http --url "$url" -d 300ms --compare saved "$spec"
answer bench http --url "$url" -d 300ms --save --json "$spec" >"$tmp/first.json"
node 1 'cat /var/lib/svarm/bench/*.json' >"$tmp/saved.json" 2>&1
check "what was saved is the document" cmp <(jq -S . "$tmp/first.json") <(jq -S . "$tmp/saved.json")
is "for root and its group alone" "$(node 1 'stat -c %a /var/lib/svarm/bench/*.json')" 640
# shellcheck disable=SC2016 # the node's shell expands it
node 1 'for i in $(seq 10 34); do : >"/var/lib/svarm/bench/200101${i}T000000Z-old.json"; done'
exits 0 "comparing with the newest" "$svarm" bench http --url "$url" -d 300ms --save --compare saved "$spec"
says "says with which" "^compared with the run of $(jq -r .started "$tmp/first.json") on lab"
is "twenty are kept" "$(node 1 'ls -A /var/lib/svarm/bench | wc -l')" 20
is "the newest" "$(node 1 'ls /var/lib/svarm/bench | tail -n 2 | grep -c -v old')" 2
"$svarm" bench http --from lab-9 "$spec" >"$tmp/out" 2>&1
says "a node that is none" "no node is named 'lab-9'; did you mean 'lab-1'"
