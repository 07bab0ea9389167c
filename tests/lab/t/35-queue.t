#!/usr/bin/env bash
# The queues on three nodes: a function's own queue and retries, dead letters looked at and replayed,
# and nothing lost when worker, gateway and Redis are killed in turn under load.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 15
"$svarm" up --no-health "$spec" >/dev/null 2>&1

url=http://$leader
password=$(node 1 'cat /etc/svarm/secrets/basic-auth-password')
image=$(node 1 "docker service inspect fn_echo --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'")
api() { # METHOD PATH [JSON]
	curl -s -m 20 -o /dev/null -w '%{http_code}' -X "$1" -K - ${3:+-d "$3"} "$url$2" <<<"user = admin:$password"
}
queue() { # ARGUMENT…: on node 1, a manager
	node 1 "docker exec \$(docker ps -q --filter label=com.docker.swarm.service.name=svarm_gateway) /svarm-gateway queue $*"
}
until_true() { # COMMAND…: within 30 s
	for _ in $(seq 60); do
		"$@" && return 0
		sleep 0.5
	done
	return 1
}
answers() { [ "$(curl -s -m 5 -d hi "$url/function/retried")" = hi ]; }
drained() { queue status | jq -e '[.queues[].depth] | add == 0' >/dev/null; }
queue purge --all >/dev/null

is "a function with a queue and retries of its own is deployed" \
	"$(api POST /system/functions "{\"service\":\"retried\",\"image\":\"$image\",\"annotations\":{
	\"com.openfaas.queue\":\"own\",\"com.openfaas.retry.attempts\":\"2\",\"com.openfaas.retry.min_wait\":\"100ms\"}}")" 202
check "and answers" until_true answers
queue status >"$tmp/out"
says "queue status is JSON that names the common queue" '"name":"default"'
is "an asynchronous call of it that fails is accepted" \
	"$(curl -s -m 10 -o /dev/null -w '%{http_code}' -d x "$url/async-function/retried?status=500")" 202
died() { queue dead --function retried | jq -e '.dead | length == 1' >/dev/null; }
check "and becomes a dead letter" until_true died
is "after two attempts, out of its own queue" \
	"$(queue dead --function retried | jq -r '.dead[0] | "\(.attempts) \(.queue) \(.status) \(.reason)"')" \
	"2 own 500 HTTP status 500"
is "which is replayed once" "$(queue replay --function retried | jq -c .)" '{"ok":true,"replayed":1}'
check "and dies again" until_true died
is "and is purged" "$(queue purge --all | jq .ok)" true
check "calls through its queue are called back" tests/lab/async_calls.py --function retried --count 200

# Whoever is killed is started again by Swarm; calls that nobody can accept meanwhile are refused.
killer() {
	for _ in 1 2; do
		for victim in 2:svarm_queue-worker 3:svarm_queue-worker 1:svarm_gateway 3:svarm_redis; do
			sleep 4
			node "${victim%%:*}" "docker kill -s KILL \$(docker ps -q --filter \
				label=com.docker.swarm.service.name=${victim#*:})" >/dev/null 2>&1
		done
	done
}
killer &
build/async_load --target $leader:80 --path /async-function/retried --listen 10.77.0.1:9099 \
	--callback http://10.77.0.1:9099/ --calls 18000 --rate 500 --connections 16 --timeout 180 >"$tmp/load" 2>&1
wait
sed 's/^/# /' "$tmp/load"
is "worker, gateway and Redis killed twice under load: nothing accepted is lost" \
	"$(tail -n 1 "$tmp/load" | jq .lost)" 0
is "most calls were accepted" "$(tail -n 1 "$tmp/load" | jq '.accepted > 9000')" true
check "the queues are empty in the end" until_true drained
queue dead --limit 3 >"$tmp/out"
says "and nothing died of it" '"dead":\[\]'
is "the function is removed" "$(api DELETE /system/functions '{"functionName":"retried"}')" 202
