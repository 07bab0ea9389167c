#!/bin/bash
# shellcheck disable=SC2016 # faults and their undoing are evaluated later
# Every kind of probe of `svarm health` fails for the fault it is there for, on a real cluster, and passes
# again when the fault is gone.  Faults are undone also when the test is interrupted.
# SVARM=… another binary; ONLY=REGEX some faults; KEEP_CLUSTER=1 probe the cluster that is there.
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 1
svarm=${SVARM:-build/svarm}
spec=build/lab/cluster.yaml
n=0
undo=
out=$(mktemp)
trap 'recover; rm -f "$out"' EXIT
trap 'exit 130' INT TERM

on() { # NODE COMMAND: as root on that node
	tests/lab/lab ssh "$1" "$2"
}
recover() {
	[ -z "$undo" ] || eval "$undo" >/dev/null 2>&1
	undo=
}
ok() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		# What was seen instead.
		jq -r '.probes[] | select(.state != "ok") | "\(.id) \(.node) \(.state): \(.text)"' "$out" |
			sed 's/^/# /'
	fi
}
health() { # [OPTION…]: the finding goes to $out
	timeout 60 "$svarm" health "$spec" --json -q "$@" >"$out" 2>/dev/null
}
# NAME ID NODE STATE TEXT INJECT UNDO [OPTION…]: with the fault, the row of probe ID about NODE is in STATE
# and says TEXT (a regular expression), and the exit code agrees.
fault() {
	local name=$1 id=$2 node=$3 state=$4 text=$5 inject=$6 rc=0 want=0
	if [ -n "${ONLY:-}" ] && ! [[ $name =~ $ONLY ]]; then
		return
	fi
	undo=$7
	shift 7
	eval "$inject" >/dev/null 2>&1
	health "$@" || rc=$?
	[ "$state" != failed ] || want=1
	jq -e --arg id "$id" --arg node "$node" --arg state "$state" --arg text "$text" '
		[.probes[] | select(.id == $id and ((.subject // .node) == $node))] |
		length == 1 and .[0].state == $state and (.[0].text | test($text)) and .[0].remedy != null' \
		"$out" >/dev/null && [ "$rc" = "$want" ]
	ok $? "$name"
	recover
}
# Wait until all is well again: tasks need a while to come back.
settle() {
	for _ in $(seq 30); do
		health && return
		sleep 1
	done
	return 1
}
pid_of() { # NODE SERVICE: of its container's first process
	on "$1" "docker inspect -f '{{.State.Pid}}' \$(docker ps -q -f label=com.docker.swarm.service.name=$2)"
}
container() { # DOCKER-COMMAND NODE SERVICE
	on "$2" "docker $1 \$(docker ps -q -f label=com.docker.swarm.service.name=$3)"
}

if [ "$(id -u)" != 0 ] || ! command -v jq >/dev/null; then
	echo "1..0 # SKIP needs root and jq"
	exit 0
fi
if [ -z "${KEEP_CLUSTER:-}" ]; then
	if ! tests/lab/lab up >/dev/null || ! "$svarm" up "$spec" -q --no-health >/dev/null; then
		echo "Bail out! no cluster"
		exit 1
	fi
fi
settle
ok $? "healthy to begin with"
jq -e '.healthy and .counts.failed == 0 and .counts.skipped == 0 and (.probes | length) == .counts.total and
	.seconds < 5' "$out" >/dev/null
ok $? "nothing skipped, in under 5 seconds"

# --- nodes -------------------------------------------------------------------------------------
fault 'sshd is gone' node.reachable lab-2 failed 'refused|timed out' \
	'on 2 "systemd-run --on-active=14 --timer-property=AccuracySec=1s systemctl start ssh; systemctl stop ssh.socket ssh"' \
	'for _ in {1..30}; do on 2 true && break; sleep 1; done' --only node
fault 'a clock half a minute ahead' node.clock lab-2 failed 'ahead of the other nodes' \
	"on 2 'printf \"#!/bin/sh\nexec /usr/bin/date -d +45seconds \\\"\\\$@\\\"\n\" >/usr/sbin/date; chmod +x /usr/sbin/date'" \
	'on 2 "rm -f /usr/sbin/date"' --only node
fault 'a clock two seconds behind' node.clock lab-3 warning 'behind the other nodes' \
	"on 3 'printf \"#!/bin/sh\nexec /usr/bin/date -d -2seconds \\\"\\\$@\\\"\n\" >/usr/sbin/date; chmod +x /usr/sbin/date'" \
	'on 3 "rm -f /usr/sbin/date"' --only node
fault 'dockerd hangs' docker.running lab-2 failed 'does not answer' \
	'on 2 "kill -STOP \$(cat /run/docker.pid)"' 'on 2 "kill -CONT \$(cat /run/docker.pid)"' --only docker

# --- the swarm and its services ----------------------------------------------------------------
fault 'a worker was made manager' swarm.member lab-2 failed 'a manager; the spec says worker' \
	'on 1 "docker node promote lab-2"; sleep 3' 'on 1 "docker node demote lab-2"; sleep 3' --only swarm
fault 'a node takes no tasks' swarm.ready lab-3 warning 'takes no tasks' \
	'on 1 "docker node update --availability pause lab-3"' \
	'on 1 "docker node update --availability active lab-3"' --only swarm
fault 'a function was scaled down' service.replicas fn_echo warning '1 of 1 running; the spec says 2' \
	'on 1 "docker service scale fn_echo=1"' 'on 1 "docker service scale fn_echo=2"' --only service
fault 'a service cannot be placed' service.replicas fn_echo failed '1 of 2 running: no suitable node' \
	'on 1 "docker service update -d --update-order stop-first --update-failure-action continue --constraint-add node.labels.none==1 fn_echo"; sleep 12' \
	'on 1 "docker service update --update-order start-first --update-failure-action rollback --constraint-rm node.labels.none==1 fn_echo"' --only service
fault 'a service is missing' service.replicas fn_absent failed 'no such service' \
	'sed "/name: echo/p; s/name: echo/name: absent/" $spec >build/lab/absent.yaml; spec=build/lab/absent.yaml' \
	'rm -f build/lab/absent.yaml; spec=build/lab/cluster.yaml' --only service

# --- calls -------------------------------------------------------------------------------------
for probe in healthz function auth; do
	fault "nginx is stopped: $probe" gateway.$probe lab-1 failed 'no answer on port 80' \
		'on 1 "systemctl stop nginx"' 'on 1 "systemctl start nginx"' --only gateway.$probe
done
fault 'management is open to anybody' gateway.auth lab-1 failed 'anybody can deploy' \
	'on 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && auth=\$(printf admin:%s \"\$(cat /etc/svarm/secrets/basic-auth-password)\" | base64 -w 0) && sed -i \"s|proxy_pass .*|&\n\t\t\tproxy_set_header Authorization \\\"Basic \$auth\\\";|\" nginx.conf && nginx -s reload"; sleep 1' \
	'on 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && nginx -s reload"; sleep 1' --only gateway
fault 'no queue worker takes calls' gateway.async lab-1 failed "'echo'" \
	'container pause 2 svarm_queue-worker; container pause 3 svarm_queue-worker' \
	'container unpause 2 svarm_queue-worker; container unpause 3 svarm_queue-worker' --only gateway.async
fault 'Redis hangs' redis.write lab-2 failed 'svarm_queue-worker' \
	'container pause 3 svarm_redis' 'container unpause 3 svarm_redis' --only redis
fault 'VXLAN is blocked, nodes are Ready' overlay.data lab-2 failed 'no data to lab-1' \
	'on 2 "nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789 drop"' \
	'on 2 "nft delete table inet faulty"' --only overlay --only swarm
fault 'large packets are lost' overlay.data lab-2 failed 'no data to' \
	'on 2 "nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789 udp length gt 1200 drop"' \
	'on 2 "nft delete table inet faulty"' --only overlay

# --- kernel settings ---------------------------------------------------------------------------
fault 'a setting of the host was changed' sysctl.host lab-3 failed 'somaxconn is 128, not 65535' \
	'on 3 "sysctl -w net.core.somaxconn=128"' 'on 3 "sysctl -w net.core.somaxconn=65535"' --only sysctl
fault 'a setting of a container was changed' sysctl.container lab-2 failed 'tcp_tw_reuse is 0, not 1' \
	'on 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=0"' \
	'on 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=1"' --only sysctl
fault 'nginx listens with its own backlog' listen.nginx lab-1 failed '511 calls may wait' \
	'on 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && sed -i \"s/ backlog=[0-9]*//\" nginx.conf && systemctl restart nginx"' \
	'on 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && systemctl restart nginx"' --only listen

# --- the public side ---------------------------------------------------------------------------
fault 'the firewall is gone: TCP' public.tcp lab-1 failed 'open to this machine: .*8080' \
	'on 1 "nft delete table inet svarm"' 'on 1 "nft -f /etc/svarm/firewall.nft"' --only public
fault 'the firewall is gone: UDP' public.udp lab-2 failed 'answering to this machine: 2377' \
	'on 2 "nft delete table inet svarm; systemd-run --property=RuntimeMaxSec=15 perl -MIO::Socket::INET -e \"my \\\$s = IO::Socket::INET->new(LocalPort => 2377, Proto => q(udp)); while (my \\\$p = recv(\\\$s, my \\\$b, 99, 0)) { send(\\\$s, \\\$b, 0, \\\$p) }\""; sleep 1' \
	'on 2 "nft -f /etc/svarm/firewall.nft"' --only public

settle
ok $? "healthy again at the end"
echo "1..$n"
