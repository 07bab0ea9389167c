#!/usr/bin/env bash
# svarm bench http, cold and async on the lab: plausible figures, nothing left behind, and every way to
# fail is told by its name.  KEEP_CLUSTER=1: the cluster that is there.
# shellcheck disable=SC2016 # faults and their undoing are evaluated later
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 27
doc=$tmp/doc
undo=
trap 'recover; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

recover() {
	[ -z "$undo" ] || eval "$undo" >/dev/null 2>&1
	undo=
}
# The document goes to $doc, its findings to $tmp/out.
bench() { # SECTION OPTION…
	local status=0
	timeout 120 "$svarm" bench "$@" "$spec" --json -q >"$doc" 2>"$tmp/out" || status=$?
	jq -r '.sections // {} | to_entries[] | "\(.key): \(.value.state): \(.value.text) → \(.value.remedy)"' "$doc" \
		>>"$tmp/out"
	return "$status"
}
holds() { # NAME JQ-EXPRESSION
	jq -e "$2" "$doc" >/dev/null 2>>"$tmp/out"
	report $? "$1"
}
# NAME SECTION TEXT INJECT UNDO [OPTION…]: with the fault, the section fails, its text matches, it has a remedy.
fault() {
	local name=$1 section=$2 text=$3 inject=$4 status=0
	undo=$5
	shift 5
	eval "$inject" >/dev/null 2>&1
	bench "$section" "$@" || status=$?
	jq -e --arg s "$section" --arg text "$text" '.sections[$s] | .state == "failed" and (.text | test($text)) and
		.remedy != null' "$doc" >/dev/null && [ "$status" -eq 1 ]
	report $? "$name"
	recover
}
replicas() {
	node 1 "docker service inspect -f '{{.Spec.Mode.Replicated.Replicas}}' fn_echo"
}
# Whether `svarm health` finds nothing, in the end.
settle() {
	for _ in {1..40}; do
		"$svarm" health "$spec" --json -q 2>/dev/null >"$tmp/health" && well "$tmp/health" && return
		hear_again "$tmp/health"
		sleep 0.5
	done
	return 1
}
container() { # DOCKER-COMMAND NODE SERVICE
	node "$2" "docker $1 \$(docker ps -q -f label=com.docker.swarm.service.name=$3)"
}
leftovers() {
	for n in 1 2 3; do
		node $n 'pgrep -x svarm-probe; ls -d /run/svarm-probe.* /dev/shm/svarm-probe.* 2>/dev/null'
	done
	true
}

[ -n "${KEEP_CLUSTER:-}" ] || "$svarm" up "$spec" -q --no-health >/dev/null 2>&1
settle
report $? "healthy to begin with"

# --- http ----------------------------------------------------------------------------------------
bench http -d 300ms -w 100ms
report $? "http through the cluster"
holds "its figures are plausible" '.sections.http.figures as $f | .sections.http.state != "failed" and
	($f.p50.value > 0.02 and $f.p50.value < 1000) and $f.p99.value >= $f.p50.value and $f.rps.value > 50 and
	$f.errors.value < 1 and $f.cpu_us.value > 0 and ($f.p50.rounds | length) == 3'
holds "rounds are not all the same" '.sections.http.figures | (.rps.rounds | unique | length) > 1 and
	([.p50, .p90, .p99, .p999] | any((.rounds | unique | length) > 1))'
holds "every way was gone" '[.sections.http.detail.runs[] | "\(.from) \(.path)"] | unique ==
	["client ingress", "lab-1 function", "lab-1 gateway", "lab-1 ingress"]'
holds "each run has latencies, nines and a series" '.sections.http.detail.runs | all(.latency_ms.n > 0 and
	(.nines | length) > 5 and (.series | length) > 0 and .status."200" > 0)'
holds "the shares of the hops come to one" '.sections.http.detail.hops |
	([.[].hop] == ["operator'"'"'s link", "nginx", "gateway", "function"]) and
	(([.[].share] | add) - 1 | fabs < 0.001) and all(.ms >= 0) and any(.ms > 0)'
bench http --from lab-2 -d 300ms -w 100ms --rounds 2 --rate 200
report $? "http from a node, open loop"
holds "the main view is the node's" '.sections.http | .detail.runs[0].from == "lab-2" and
	.detail.runs[0].rate == 200 and .figures.lag_p99.value >= 0 and
	(.figures.rps.value > 20 and .figures.rps.value < 300) and .figures.p50.value > 0'
bench http --from lab-3 --url http://10.88.0.11:8080/function/echo?info=1 -H "X-Secret: pst-$$" -d 300ms --rounds 1
holds "a URL from a node that alone reaches it" '.sections.http | .state != "failed" and
	([.detail.runs[] | "\(.from) \(.path)"] == ["lab-3 url"]) and .figures.p50.value > 0'
{ ! grep -q "pst-$$" "$doc"; } 2>/dev/null
report $? "no secret of its headers in the document"
fault 'nginx is stopped' http 'client to http://10.77.0.11/function/echo: no answer at all: connect [0-9]+ \(Connection refused\)' \
	'node 1 "systemctl stop nginx"' 'node 1 "systemctl start nginx"' -d 200ms -w 0s
fault 'the port is closed' http 'no answer at all' \
	'node 1 "nft insert rule inet svarm outside tcp dport 80 drop"' \
	'node 1 "nft -f /etc/svarm/firewall.nft"' -d 200ms -w 0s --timeout 1s --url http://10.77.0.11/function/echo
fault 'there is no such function' http 'every call failed: HTTP status 404' true true \
	-d 200ms --url http://10.77.0.11/function/absent
fault 'a node that is none' http 'lab-2.*no answer at all' true true \
	-d 200ms --from lab-2 --url http://10.88.0.12:9/

# --- async ---------------------------------------------------------------------------------------
bench async --calls 200
report $? "async"
holds "its figures are plausible" '.sections.async | .state == "ok" and .detail.sent == 600 and
	.detail.accepted == 600 and .detail.called_back == 600 and .detail.wrong == 0 and
	.figures.lost.value == 0 and .figures.accept.value > 10 and .figures.drain.value > 10 and
	.figures.p50.value > 0.2 and .figures.p99.value >= .figures.p50.value and
	(.figures.accept.rounds | unique | length) > 1'
fault 'no queue worker takes calls' async '20 of 20 accepted calls were not called back' \
	'container pause 2 svarm_queue-worker; container pause 3 svarm_queue-worker' \
	'container unpause 2 svarm_queue-worker; container unpause 3 svarm_queue-worker' --calls 20 --timeout 2s
fault 'Redis hangs' async 'calls? (was|were not) accepted' \
	'container pause 3 svarm_redis' 'container unpause 3 svarm_redis' --calls 20 --timeout 2s

# --- cold ----------------------------------------------------------------------------------------
settle
report $? "the queue works again"
bench cold --calls 3
report $? "cold"
holds "its figures are plausible" '.sections.cold | .state != "failed" and (.detail.calls | length) == 3 and
	.figures.p50.value > 20 and .figures.max.value >= .figures.p50.value and
	(.figures.p50.rounds | unique | length) > 1'
holds "the parts come to the whole" '.sections.cold.detail | .missing == null and (.calls | all(
	(.total - .schedule - .create - .start - .ready - .answer | fabs) < 0.1 and .start > 0 and .answer < .total))'
is "the number of tasks is as before" "$(replicas)" 2
"$svarm" bench cold "$spec" -q >"$tmp/out" 2>&1 </dev/null &
for _ in {1..200}; do
	[ "$(replicas)" != 0 ] || break
	sleep 0.1
done
kill -KILL $! 2>/dev/null
wait 2>/dev/null
for _ in {1..300}; do
	[ "$(replicas)" != 2 ] || break
	sleep 0.1
done
is "it is put back when svarm is killed amid a call" "$(replicas)" 2
fault 'no node may run it' cold "(asleep, 'echo'|putting)" \
	'node 1 "docker service update -d --label-add com.openfaas.timeout=2s --constraint-add node.labels.none==1 fn_echo"' \
	'node 1 "docker service update -d --label-rm com.openfaas.timeout --constraint-rm node.labels.none==1 fn_echo"' --calls 1
[ -z "$(leftovers)" ] && [ "$(replicas)" = 2 ]
report $? "nothing is left behind"
