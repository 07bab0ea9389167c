#!/usr/bin/env bash
# kill -9 of everything an asynchronous call passes through, one after the other, while calls are being
# queued: what was accepted runs, and what runs twice is marked.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 16
. tests/lab/t/load.bash
"$svarm" up --no-health "$spec" >/dev/null 2>&1
echo "# up: after $SECONDS s"

# The first container of a service on a node.
container() { # NODE SERVICE
	node "$1" "docker ps -q --filter label=com.docker.swarm.service.name=$2 | head -n 1"
}
whole() { # SERVICE COUNT
	[ "$(node 1 "docker service ls --filter name=$1 --format '{{.Replicas}}'" | cut -d/ -f1)" -eq "$2" ]
}
nginx_workers() {
	node 1 "docker top $1 -eo pid,args" | awk '/nginx: worker/ { print $1 }'
}
# Queue for 7 s and kill on the way: kill_under_load NAME COMMAND OPTION….  The report is in $tmp/NAME.
kill_under_load() {
	local name=$1 status=0
	tests/lab/async_calls.py --seconds 7 --rate 60 --wait 60 --during "sleep 2; $2" "${@:3}" \
		>"$tmp/$name" || status=$?
	cat "$tmp/$name"
	return $status
}
after() { # NAME
	echo "# $1: $(cat "$tmp/$1")"
}

check "an asynchronous call works" tests/lab/async_calls.py
echo "# a call: after $SECONDS s"

id=$(container 1 svarm_gateway)
before=$(nginx_workers "$id")
check "a worker process of the gateway's nginx is killed: every accepted call runs" kill_under_load worker-process \
	"$lab ssh 1 kill -9 ${before%%[[:space:]]*}" --delay 100
after worker-process
is "it was killed indeed" "$(nginx_workers "$id" | grep -cw "${before%%[[:space:]]*}")" 0
is "the gateway's container lives on" "$(container 1 svarm_gateway)" "$id"

check "the gateway is killed: every accepted call runs" kill_under_load gateway "$lab ssh 1 docker kill -s KILL $id" --delay 100
after gateway
check "another one comes" until_so 75 whole svarm_gateway 1
is "it was killed indeed" "$([ "$(container 1 svarm_gateway)" != "$id" ] && echo another)" another
check "and calls are answered" until_so 75 answers echo

id=$(container 2 svarm_queue-worker)
check "a queue worker is killed: every accepted call runs" kill_under_load queue-worker \
	"$lab ssh 2 docker kill -s KILL $id" --delay 100 --slow-callback 300
after queue-worker
# Those whose callback was on its way, while others were still running: all are taken over together.
# That each was marked is part of the check above.
check "some ran twice" jq -e '.duplicates >= 1' "$tmp/queue-worker"
check "another one comes" until_so 75 whole svarm_queue-worker 2
is "it was killed indeed" "$([ "$(container 2 svarm_queue-worker)" != "$id" ] && echo another)" another

id=$(container 3 svarm_redis)
check "Redis is killed: every accepted call runs" kill_under_load redis "$lab ssh 3 docker kill -s KILL $id" --delay 100
after redis
check "it is back" until_so 75 whole svarm_redis 1
is "it was killed indeed" "$([ "$(container 3 svarm_redis)" != "$id" ] && echo another)" another
check "and a new call runs at once" tests/lab/async_calls.py --wait 5
