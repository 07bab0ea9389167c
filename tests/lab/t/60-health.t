#!/usr/bin/env bash
# Every kind of probe of `svarm health` fails for the fault it is there for, on a real cluster, and passes
# again when the fault is gone.  Faults are undone also when the test is interrupted.
# SVARM=… another binary; ONLY=REGEX some faults; KEEP_CLUSTER=1 probe the cluster that is there.
# shellcheck disable=SC2016 # faults and their undoing are evaluated later
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 26
svarm=${SVARM:-$svarm}
finding=$tmp/finding
undo=
trap 'recover; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

recover() {
	[ -z "$undo" ] || eval "$undo" >/dev/null 2>&1
	undo=
}
# The finding goes to $finding; what is not ok in it is shown should the test fail.
health() { # [OPTION…]
	local status=0
	timeout 60 "$svarm" health "$spec" --json -q "$@" >"$finding" 2>"$tmp/out" || status=$?
	jq -r '.probes[] | select(.state != "ok") | "\(.id) \(.subject // .node) \(.state): \(.text)"' \
		"$finding" >>"$tmp/out"
	return "$status"
}
# NAME ID NODE STATE TEXT INJECT UNDO [OPTION…]: with the fault, the row of probe ID about NODE is in STATE
# and says TEXT (a regular expression), and the exit code agrees.
fault() {
	local name=$1 id=$2 node=$3 state=$4 text=$5 inject=$6 status=0 wanted=0
	if [ -n "${ONLY:-}" ] && ! [[ $name =~ $ONLY ]]; then
		report 0 "$name # SKIP not asked for"
		return
	fi
	undo=$7
	shift 7
	eval "$inject" >/dev/null 2>&1
	health "$@" || status=$?
	[ "$state" != failed ] || wanted=1
	jq -e --arg id "$id" --arg node "$node" --arg state "$state" --arg text "$text" '
		[.probes[] | select(.id == $id and ((.subject // .node) == $node))] |
		length == 1 and .[0].state == $state and (.[0].text | test($text)) and .[0].remedy != null' \
		"$finding" >/dev/null && [ "$status" = "$wanted" ]
	report $? "$name"
	recover
}
# Wait until all is well: tasks need a while to come back.
settle() {
	for _ in {1..40}; do
		health && jq -e '.counts.warnings == 0' "$finding" >/dev/null && return
		sleep 1
	done
	return 1
}
within() { # SECONDS COMMAND…
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.5
	done
}
# shellcheck disable=SC2317
manages() { # NODE true|false: as the node itself sees it
	is_manager() { [ "$(node "$1" "docker info --format '{{.Swarm.ControlAvailable}}'")" = "$2" ]; }
	within 40 is_manager "$@"
}
pid_of() { # NODE SERVICE: of its container's first process
	node "$1" "docker inspect -f '{{.State.Pid}}' \$(docker ps -q -f label=com.docker.swarm.service.name=$2)"
}
container() { # DOCKER-COMMAND NODE SERVICE
	node "$2" "docker $1 \$(docker ps -q -f label=com.docker.swarm.service.name=$3)"
}

[ -n "${KEEP_CLUSTER:-}" ] || "$svarm" up "$spec" -q --no-health >/dev/null 2>&1
settle
report $? "healthy to begin with"
jq -e '.healthy and .counts.failed == 0 and .counts.skipped == 0 and
	(.probes | length) == .counts.total and .seconds < 5' "$finding" >/dev/null
report $? "nothing skipped, in under 5 seconds ($(jq .counts.total "$finding") probes in $(jq .seconds "$finding"))"

# --- nodes -------------------------------------------------------------------------------------
fault 'sshd is gone' node.reachable lab-2 failed 'refused|timed out' \
	'node 2 "systemd-run --on-active=14 --timer-property=AccuracySec=1s systemctl start ssh; systemctl stop ssh.socket ssh"' \
	'for _ in {1..30}; do node 2 true && break; sleep 1; done' --only node
fault 'a clock half a minute ahead' node.clock lab-2 failed 'ahead of the other nodes' \
	"node 2 'printf \"#!/bin/sh\nexec /usr/bin/date -d +45seconds \\\"\\\$@\\\"\n\" >/usr/sbin/date; chmod +x /usr/sbin/date'" \
	'node 2 "rm -f /usr/sbin/date"' --only node
fault 'a clock two seconds behind' node.clock lab-3 warning 'behind the other nodes' \
	"node 3 'printf \"#!/bin/sh\nexec /usr/bin/date -d -2seconds \\\"\\\$@\\\"\n\" >/usr/sbin/date; chmod +x /usr/sbin/date'" \
	'node 3 "rm -f /usr/sbin/date"' --only node
fault 'dockerd hangs' docker.running lab-2 failed 'does not answer' \
	'node 2 "kill -STOP \$(cat /run/docker.pid)"' 'node 2 "kill -CONT \$(cat /run/docker.pid)"' --only docker

# --- the swarm and its services ----------------------------------------------------------------
fault 'a worker was made manager' swarm.member lab-2 failed 'a manager; the spec says worker' \
	'node 1 "docker node promote lab-2"; manages 2 true' 'node 1 "docker node demote lab-2"; manages 2 false' --only swarm
fault 'a node takes no tasks' swarm.ready lab-3 warning 'takes no tasks' \
	'node 1 "docker node update --availability pause lab-3"' \
	'node 1 "docker node update --availability active lab-3"' --only swarm
fault 'a function was scaled down' service.replicas fn_echo warning '1 of 1 running; the spec says 2' \
	'node 1 "docker service scale fn_echo=1"' 'node 1 "docker service scale fn_echo=2"' --only service
fault 'a service cannot be placed' service.replicas fn_echo failed '1 of 2 running: no suitable node' \
	'node 1 "docker service update -d --update-order stop-first --update-failure-action continue --constraint-add node.labels.none==1 fn_echo"; sleep 12' \
	'node 1 "docker service update --update-order start-first --update-failure-action rollback --constraint-rm node.labels.none==1 fn_echo"' --only service
fault 'a service is missing' service.replicas fn_absent failed 'no such service' \
	'sed "/name: echo/p; s/name: echo/name: absent/" $spec >build/lab/absent.yaml; spec=build/lab/absent.yaml' \
	'rm -f build/lab/absent.yaml; spec=build/lab/cluster.yaml' --only service

# --- calls -------------------------------------------------------------------------------------
for probe in healthz function auth; do
	fault "nginx is stopped: $probe" gateway.$probe lab-1 failed 'no answer on port 80' \
		'node 1 "systemctl stop nginx"' 'node 1 "systemctl start nginx"' --only gateway.$probe
done
fault 'management is open to anybody' gateway.auth lab-1 failed 'anybody can deploy' \
	'node 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && auth=\$(printf admin:%s \"\$(cat /etc/svarm/secrets/basic-auth-password)\" | base64 -w 0) && sed -i \"s|proxy_pass .*|&\n\t\t\tproxy_set_header Authorization \\\"Basic \$auth\\\";|\" nginx.conf && nginx -s reload"; sleep 1' \
	'node 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && nginx -s reload"; sleep 1' --only gateway
fault 'no queue worker takes calls' gateway.async lab-1 failed "'echo'" \
	'container pause 2 svarm_queue-worker; container pause 3 svarm_queue-worker' \
	'container unpause 2 svarm_queue-worker; container unpause 3 svarm_queue-worker' --only gateway.async
fault 'Redis hangs' redis.write lab-2 failed 'svarm_queue-worker' \
	'container pause 3 svarm_redis' 'container unpause 3 svarm_redis' --only redis
fault 'VXLAN is blocked, nodes are Ready' overlay.data lab-2 failed 'no data to lab-1' \
	'node 2 "nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789 drop"' \
	'node 2 "nft delete table inet faulty"' --only overlay --only swarm
fault 'large packets are lost' overlay.data lab-2 failed 'no data to' \
	'node 2 "nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789 udp length gt 1200 drop"' \
	'node 2 "nft delete table inet faulty"' --only overlay

# --- kernel settings ---------------------------------------------------------------------------
fault 'a setting of the host was changed' sysctl.host lab-3 failed 'somaxconn is 128, not 65535' \
	'node 3 "sysctl -w net.core.somaxconn=128"' 'node 3 "sysctl -w net.core.somaxconn=65535"' --only sysctl
fault 'a setting of a container was changed' sysctl.container lab-2 failed 'tcp_tw_reuse is 0, not 1' \
	'node 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=0"' \
	'node 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=1"' --only sysctl
fault 'nginx listens with its own backlog' listen.nginx lab-1 failed '511 calls may wait' \
	'node 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && sed -i \"s/ backlog=[0-9]*//\" nginx.conf && systemctl restart nginx"' \
	'node 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && systemctl restart nginx"' --only listen

# --- the public side ---------------------------------------------------------------------------
fault 'the firewall is gone: TCP' public.tcp lab-1 failed 'open to this machine: .*8080' \
	'node 1 "nft delete table inet svarm"' 'node 1 "nft -f /etc/svarm/firewall.nft"' --only public
fault 'the firewall is gone: UDP' public.udp lab-2 failed 'answering to this machine: 2377' \
	'node 2 "nft delete table inet svarm; systemd-run --property=RuntimeMaxSec=15 perl -MIO::Socket::INET -e \"my \\\$s = IO::Socket::INET->new(LocalPort => 2377, Proto => q(udp)); while (my \\\$p = recv(\\\$s, my \\\$b, 99, 0)) { send(\\\$s, \\\$b, 0, \\\$p) }\""; sleep 1' \
	'node 2 "nft -f /etc/svarm/firewall.nft"' --only public

# --- a machine that is off ---------------------------------------------------------------------
fault 'a node is off' node.reachable lab-2 failed 'No route|timed out|refused' \
	'"$lab" stop-node 2' '"$lab" start-node 2' --only node --only public

settle
report $? "healthy again at the end"
