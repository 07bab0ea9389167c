#!/usr/bin/env bash
# 20 calls a second, by the clock, while a worker reboots and while its power is cut.  A call that has
# reached a task that dies without a word cannot be told from one that takes long: those time out, at
# most one for each connection that was in use or kept there.  All others go to the other worker.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 13
. tests/lab/t/load.bash
"$svarm" up --no-health "$spec" >/dev/null 2>&1
url=http://$leader/function/power
failures_at_most=10 # half a second's worth of calls

begin() { # SECONDS
	load_begin get -r 10 -c 50 -d "$1" --timeout 5s "$url?delay=20"
	load_begin post -r 10 -c 50 -d "$1" --timeout 5s --data hello "$url?delay=20"
}
judge() { # WHAT
	echo "# $1: GET $(outcome get), slowest $(figure get '.latency_ms.max | round') ms;" \
		"POST $(outcome post), slowest $(figure post '.latency_ms.max | round') ms"
	check "$1: every call that failed timed out, or was a POST that is not repeated" jq -es '
		all(.failed == .errors.timeout + (.status."502" // 0)) and (.[0].status."502" // 0) == 0' \
		"$tmp/get.json" "$tmp/post.json"
	check "$1: few of 20 a second failed" \
		test $(($(figure get .failed) + $(figure post .failed))) -le $failures_at_most
}
three_ready() {
	[ "$(node 1 "docker node ls --format '{{.Status}}'" | grep -c Ready)" -eq 3 ] &&
		[ "$(node 2 "docker info --format '{{.Swarm.LocalNodeState}}'")" = active ] # managers learn late who left
}
# A node that reboots powers itself off here; while it is about to, it counts as up.
is_off() { # NODE
	"$lab" status | grep -q "^lab-$1 .*off"
}
on_both_workers() {
	local n
	for n in 2 3; do
		[ -n "$(node $n 'docker ps -q --filter label=com.docker.swarm.service.name=power')" ] || return 1
	done
}

is "a function is deployed" "$(api POST functions '{"service": "power", "image": "svarm/echo:dev", "labels":
	{"com.openfaas.scale.min": "4"}}')" 202
check "its tasks run on both workers" until_so 30 on_both_workers
check "and answer" until_so 10 answers power

begin 20
sleep 2
node 2 'systemctl reboot' >/dev/null 2>&1
until_so 30 is_off 2
"$lab" start-node 2 2>/dev/null
load_end get post
judge "a worker reboots"
check "it is back in the swarm" until_so 60 three_ready
api POST scale-function/power '{"serviceName": "power", "replicas": 1}' >"$tmp/out"
sleep 2
api POST scale-function/power '{"serviceName": "power", "replicas": 4}' >"$tmp/out"
check "its share of the tasks too" until_so 30 on_both_workers
sleep 2

begin 20
sleep 2
"$lab" stop-node 2 2>/dev/null
load_end get post
judge "a worker loses power"
check "without it calls are answered" answers power
"$lab" start-node 2 2>/dev/null
check "it is back in the swarm" until_so 60 three_ready
load_begin get -r 20 -c 50 -d 5 "$url"
load_end get
is "then no call fails" "$(outcome get)" "200: 100"
check "the function is removed" [ "$(api DELETE functions '{"functionName": "power"}')" = 202 ]
