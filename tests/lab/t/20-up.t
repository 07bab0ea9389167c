#!/usr/bin/env bash
# From bare nodes to a working cluster; and then there is nothing left to do.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 20
"$lab" up >/dev/null 2>&1 && "$lab" reset >/dev/null 2>&1

what_runs() { # pids of what must not restart, ids of all containers
	for n in 1 2 3; do
		node $n 'cat /run/nginx.pid 2>/dev/null; pidof dockerd; docker ps -q --no-trunc | sort'
	done
}

check "up on bare nodes" "$svarm" up --events "$tmp/events" "$spec"
says "it ends healthy" '^healthy: [0-9]+ probes, 0 failed'
check "events are JSON lines" jq -e .run "$tmp/events"
is "every step that started was done" \
	"$(jq -r 'select(.state == "started" and .step) | "\(.node) \(.step)"' "$tmp/events" | sort)" \
	"$(jq -r 'select(.state == "done" and .step) | "\(.node) \(.step)"' "$tmp/events" | sort)"
exits 0 "plan finds nothing to do" "$svarm" plan "$spec"
says "and says so" '^0 changes$'
exits 0 "status exits 0" "$svarm" status "$spec"
says "status shows the function whole" '^fn_echo .* 2 +2$'

before=$(what_runs)
check "up again" "$svarm" up "$spec"
says "changes nothing" '^0 changes on 3 nodes'
is "the same processes and containers run" "$(what_runs)" "$before"
check "no secret of the leader is in the events" bash -c \
	"! grep -qF \"\$($lab ssh 1 'cat /etc/svarm/secrets/redis-password')\" '$tmp/events'"

is "three nodes are ready" "$(node 1 "docker node ls --format '{{.Status}}'" | sort | uniq -c | tr -s ' ')" " 3 Ready"
is "every swarm address is private" \
	"$(node 1 "docker node inspect \$(docker node ls -q) --format '{{.Status.Addr}}'" | sort | tr '\n' ' ')" \
	"10.88.0.11 10.88.0.12 10.88.0.13 "
for n in 1 2 3; do
	is "lab-$n has the three kernel settings" \
		"$(node $n 'sysctl -n net.core.somaxconn net.ipv4.tcp_tw_reuse net.ipv4.ip_local_port_range' | tr '\t\n' '  ')" \
		"65535 1 1024 65000 "
done
is "nginx listens with the whole backlog" "$(node 1 "ss -Hltn 'sport = :80'" | awk '{print $3}' | sort -u)" 65535
is "so does Redis, in its own namespace" "$(in_container 3 svarm_redis "ss -Hltn 'sport = :6379'" | awk '{print $3}' | sort -u)" 65535
is "whose somaxconn is its own" "$(in_container 3 svarm_redis 'sysctl -n net.core.somaxconn')" 65535
