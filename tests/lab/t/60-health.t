#!/usr/bin/env bash
# Every kind of probe of `svarm health` fails for the fault it is there for, on a real cluster, and passes
# again when the fault is gone.  Faults are undone also when the test is interrupted.
# SVARM=… another binary; ONLY=REGEX some faults; KEEP_CLUSTER=1 probe the cluster that is there.
# shellcheck disable=SC2016,SC2034 # faults and their undoing are evaluated later
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 51
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
# faults NAME INJECT UNDO [OPTION…] -- ID WHERE STATE TEXT …: the same of several faults at once, with four
# words for each row that one run must have (WHERE "": it is about the cluster); a test for each.
faults() {
	local name=$1 inject=$2 options=()
	undo=$3
	shift 3
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	if [ -z "${ONLY:-}" ] || [[ $name =~ $ONLY ]]; then
		eval "$inject" >/dev/null 2>&1
		health "${options[@]}"
	fi
	while [ $# -gt 0 ]; do
		if [ -n "${ONLY:-}" ] && ! [[ $name =~ $ONLY ]]; then
			report 0 "$name: $1 # SKIP not asked for"
		else
			jq -e --arg id "$1" --arg where "$2" --arg state "$3" --arg text "$4" '
				[.probes[] | select(.id == $id and ((.subject // .node // "") == $where))] |
				length == 1 and .[0].state == $state and (.[0].text | test($text)) and .[0].remedy != null' \
				"$finding" >/dev/null
			report $? "$name: $1"
		fi
		shift 4
	done
	recover
}
# Wait until all is well: tasks need a while to come back.
settle() {
	for _ in {1..40}; do
		health && well "$finding" && return
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

# redis COMMAND…: each as it travels inline, from the leader's gateway, which may; prints the answers.
redis() {
	node 1 "nsenter -n -t $(pid_of 1 svarm_gateway) perl -MIO::Socket::INET -e '
		open(my \$f, q(<), q(/etc/svarm/secrets/redis-password)) or die; chomp(my \$p = <\$f>);
		my \$s = IO::Socket::INET->new(PeerAddr => shift, PeerPort => 6379, Timeout => 5) or die;
		for (qq(AUTH \$p), @ARGV) {
			print \$s qq(\$_\r\n); \$s->flush;
			my \$n = 1;
			while (\$n-- > 0) {
				my \$l = <\$s>; print \$l;
				\$n += \$1 if \$l =~ /^[*](\d+)/;
				read(\$s, \$b, \$1 + 2), print \$b if \$l =~ /^\x24(\d+)/;
			}
		}' $redis_at$(printf ' "%s"' "$@")"
}
[ -n "${KEEP_CLUSTER:-}" ] || "$svarm" up "$spec" -q --no-health >/dev/null 2>&1
"$svarm" queue purge --all "$spec" >/dev/null 2>&1
settle
report $? "healthy to begin with"
# The nodes are containers without a public IPv6 address, and nobody has set up TLS.
jq -e '.healthy and .counts.failed == 0 and (.probes | length) == .counts.total and .seconds < 5 and
	([.probes[] | select(.state == "skipped") | .id] | unique) == ["exposure.ipv6", "time.sync", "tls.certificate"]' \
	"$finding" >/dev/null
report $? "nothing else skipped, in under 5 seconds ($(jq .counts.total "$finding") probes in $(jq .seconds "$finding"))"

# --- nodes -------------------------------------------------------------------------------------
fault 'sshd is gone' node.reachable lab-2 failed 'refused|timed out' \
	'node 2 "systemd-run --on-active=14 --timer-property=AccuracySec=1s systemctl start ssh; systemctl stop ssh.socket ssh"' \
	'for _ in {1..30}; do node 2 true && break; sleep 1; done' --only node
fault 'a clock half a minute ahead' time.skew lab-2 failed 'ahead of the other nodes' \
	"node 2 'printf \"#!/bin/sh\nexec /usr/bin/date -d +45seconds \\\"\\\$@\\\"\n\" >/usr/sbin/date; chmod +x /usr/sbin/date'" \
	'node 2 "rm -f /usr/sbin/date"' --only time
fault 'a clock two seconds behind' time.skew lab-3 warning 'behind the other nodes' \
	"node 3 'printf \"#!/bin/sh\nexec /usr/bin/date -d -2seconds \\\"\\\$@\\\"\n\" >/usr/sbin/date; chmod +x /usr/sbin/date'" \
	'node 3 "rm -f /usr/sbin/date"' --only time
fault 'dockerd hangs' docker.running lab-2 failed 'no answer within 5 s' \
	'node 2 "kill -STOP \$(cat /run/docker.pid)"' 'node 2 "kill -CONT \$(cat /run/docker.pid)"' --only docker

# What runs short, on one node or another.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=lab \
	-keyout "$tmp/key" -out "$tmp/crt" >/dev/null 2>&1
copy() { # NODE FILE PATH
	"$lab" ssh "$1" "cat >$3" <"$2"
}
faults 'short of everything' '
	node 1 "sed \"s/^MemAvailable:.*/MemAvailable: 100000 kB/\" /proc/meminfo >/run/meminfo; mount --bind /run/meminfo /proc/meminfo"
	node 1 "docker pull svarm/absent:none"
	copy 1 "$tmp/crt" /etc/nginx/test.crt; copy 1 "$tmp/key" /etc/nginx/test.key
	node 1 "printf \"server { listen 443 ssl; ssl_certificate test.crt; ssl_certificate_key test.key; }\" >/etc/nginx/conf.d/test.conf; systemctl reload nginx; for i in 1 2 3 4 5 6 7 8 9; do [ -n \"\$(ss -Hltn sport = :443)\" ] && break; sleep 0.3; done"
	node 2 "mount -t tmpfs -o size=4m full /tmp; head -c 4m /dev/zero >/tmp/fill; logger -t kernel \"Out of memory: Killed process 4711 (echo)\"; journalctl --sync"
	node 3 "mount -t tmpfs -o ro,size=4m still /tmp; echo linux-image-none >/run/reboot-required.pkgs; touch /run/reboot-required; mv /var/lib/docker/swarm/certificates/swarm-node.crt /run/kept.crt"
	copy 3 tests/lab/expired.pem /var/lib/docker/swarm/certificates/swarm-node.crt' '
	node 1 "umount /proc/meminfo; rm -f /run/meminfo /etc/nginx/conf.d/test.conf /etc/nginx/test.crt /etc/nginx/test.key; systemctl reload nginx"
	node 2 "umount /tmp; journalctl --rotate --vacuum-size=1"
	node 3 "umount /tmp; rm -f /run/reboot-required /run/reboot-required.pkgs; mv /run/kept.crt /var/lib/docker/swarm/certificates/swarm-node.crt"' \
	--only node --only disk --only docker --only swarm.certificate --only tls -- \
	node.memory lab-1 warning '^102 MB of ' \
	node.oom lab-2 warning '1 process was killed.*4711' \
	node.reboot lab-3 note 'for linux-image-none' \
	disk.space lab-2 failed '^/tmp 100 % full' \
	disk.writable lab-3 failed 'read-only: /tmp' \
	docker.errors lab-1 note 'within an hour; last: .*images.create' \
	swarm.certificate lab-3 failed 'expired .* days ago' \
	tls.certificate lab-1 failed 'its certificate ends in (2 days|48 h)'
# Of this machine's kernel, which the nodes share, nothing but the truth can be had.
if perl -e 'my $t = "\0" x 256; syscall(159, $t) >= 0 or exit 1; exit(unpack("q", substr($t, 24, 8)) < 16000000)'; then
	fault 'nobody keeps the clock' time.sync lab-2 warning 'nobody keeps' \
		'node 2 "mv /run/systemd/container /run/systemd/container.kept"' \
		'node 2 "mv /run/systemd/container.kept /run/systemd/container"' --only time
else
	report 0 "nobody keeps the clock # SKIP somebody does"
fi
fault 'a disk that does not answer' disk.space lab-2 failed 'no answer within 4 s' \
	"node 2 'printf \"#!/bin/sh\nexec sleep 60\n\" >/usr/sbin/df; chmod +x /usr/sbin/df'" \
	'node 2 "rm -f /usr/sbin/df"' --only disk

# --- the swarm and its services ----------------------------------------------------------------
fault 'a worker was made manager' swarm.member lab-2 failed 'a manager; the spec says worker' \
	'node 1 "docker node promote lab-2"; manages 2 true' 'node 1 "docker node demote lab-2"; manages 2 false' --only swarm
fault 'a node takes no tasks' swarm.ready lab-3 warning 'takes no tasks' \
	'node 1 "docker node update --availability pause lab-3"' \
	'node 1 "docker node update --availability active lab-3"' --only swarm
fault 'a function was scaled down' functions.replicas fn_echo warning '1 of 1 running; the spec says 2' \
	'node 1 "docker service scale fn_echo=1"' 'node 1 "docker service scale fn_echo=2"' --only functions.replicas
fault 'a service cannot be placed' functions.replicas fn_echo failed '1 of 2 running: no suitable node' \
	'node 1 "docker service update -d --update-order stop-first --update-failure-action continue --constraint-add node.labels.none==1 fn_echo"; sleep 12' \
	'node 1 "docker service update --update-order start-first --update-failure-action rollback --constraint-rm node.labels.none==1 fn_echo"' --only functions.replicas
fault 'a service is missing' functions.replicas fn_absent failed 'no such service' \
	'sed "/name: echo/p; s/name: echo/name: absent/" $spec >build/lab/absent.yaml; spec=build/lab/absent.yaml' \
	'rm -f build/lab/absent.yaml; spec=build/lab/cluster.yaml' --only functions.replicas

# Swarm moves no task that runs: one more goes to the emptier node, one fewer comes off the fuller.
spread='docker service scale fn_echo=3; docker service scale fn_echo=2'
# Both tasks on one node while the other takes none; and one that ends as soon as it begins.
faults 'tasks' '
	node 1 "docker node update --availability pause lab-3; docker service create -d --name loop --no-resolve-image --restart-delay 10ms --constraint node.hostname==lab-2 --entrypoint /none svarm/echo:dev; docker service update --force --update-parallelism 2 fn_echo; docker node update --availability active lab-3"
	for _ in {1..60}; do [ "$(node 1 "docker service ps loop" | grep -cE "Failed|Rejected")" -ge 3 ] && break; sleep 0.5; done' '
	node 1 "docker service rm loop; docker service update -d --update-parallelism 1 fn_echo; $spread"' \
	--only functions -- \
	functions.restarts loop warning 'tasks failed within 10 min' \
	functions.spread fn_echo warning 'all 2 tasks run on lab-2'

# --- calls -------------------------------------------------------------------------------------
for probe in ingress.healthz functions.call gateway.auth; do
	fault "nginx is stopped: $probe" $probe lab-1 failed 'no answer on port 80' \
		'node 1 "systemctl stop nginx"' 'node 1 "systemctl start nginx"' --only $probe
done
fault 'management is open to anybody' gateway.auth lab-1 failed 'anybody can deploy' \
	'node 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && auth=\$(printf admin:%s \"\$(cat /etc/svarm/secrets/basic-auth-password)\" | base64 -w 0) && sed -i \"s|proxy_pass .*|&\n\t\t\tproxy_set_header Authorization \\\"Basic \$auth\\\";|\" nginx.conf && nginx -s reload"; sleep 1' \
	'node 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && nginx -s reload"; sleep 1' --only gateway
# While nobody takes calls: one of 1970 in a queue of its own, and one that was given up.
redis_at=$(node 3 "docker inspect -f '{{(index .NetworkSettings.Networks \"svarm\").IPAddress}}' \$(docker ps -q -f label=com.docker.swarm.service.name=svarm_redis)")
workers() { # pause, unpause
	container "$1" 2 svarm_queue-worker
	container "$1" 3 svarm_queue-worker
}
fault 'no queue worker takes calls' queue.roundtrip lab-1 failed "'echo'" 'workers pause' '' --only queue.roundtrip
undo='workers unpause'
# shellcheck disable=SC2317
nobody_heard() {
	health --only queue.workers
	jq -e '.probes[] | .text | test("^0 of")' "$finding" >/dev/null
}
faults 'the queue stands still' \
	'within 20 nobody_heard; redis "SADD svarm:queues late" "XADD svarm:queue:late 1-1 fn echo" "XADD svarm:dead * fn echo id x"' \
	'redis "DEL svarm:queue:late" "SREM svarm:queues late"; "$svarm" queue purge --all "$spec"; workers unpause' \
	--only queue.lag --only queue.dead --only queue.workers -- \
	queue.lag '' failed "1 waiting, the oldest for [0-9]+ days in 'late'" \
	queue.dead '' warning '^1 given up' \
	queue.workers '' failed '^0 of 2 heard of'
most=$(redis "CONFIG GET maxmemory" | tr -d '\r' | sed -n '/^maxmemory$/{n;n;p}')
faults 'Redis keeps nothing' 'redis "CONFIG SET appendonly no" "CONFIG SET maxmemory 1000000"' \
	'redis "CONFIG SET maxmemory $most" "CONFIG SET appendonly yes"' \
	--only redis.persistence --only redis.memory -- \
	redis.persistence '' failed 'appendonly is off' \
	redis.memory '' failed 'of 1.0 MB used'
fault 'Redis hangs' redis.write lab-2 failed 'svarm_queue-worker' \
	'container pause 3 svarm_redis' 'container unpause 3 svarm_redis' --only redis
fault 'VXLAN is blocked, nodes are Ready' overlay.data lab-2 failed 'no data to lab-1' \
	'node 2 "nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789 drop"' \
	'node 2 "nft delete table inet faulty"' --only overlay --only swarm
fault 'large packets are lost' overlay.data lab-2 failed 'no data to' \
	'node 2 "nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789 udp length gt 1200 drop"' \
	'node 2 "nft delete table inet faulty"' --only overlay

# --- kernel settings ---------------------------------------------------------------------------
fault 'a setting of the host was changed' tuning.host lab-3 failed 'somaxconn is 128, not 65535' \
	'node 3 "sysctl -w net.core.somaxconn=128"' 'node 3 "sysctl -w net.core.somaxconn=65535"' --only tuning
fault 'a setting of a container was changed' tuning.containers lab-2 failed 'tcp_tw_reuse is 0, not 1' \
	'node 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=0"' \
	'node 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=1"' --only tuning
fault 'nginx listens with its own backlog' tuning.nginx lab-1 failed '511 calls may wait' \
	'node 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && sed -i \"s/ backlog=[0-9]*//\" nginx.conf && systemctl restart nginx"' \
	'node 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && systemctl restart nginx"' --only tuning.nginx

# --- the public side ---------------------------------------------------------------------------
# With an address of the documentation's network, which nobody else has.
public=$(ip -o -4 addr show | awk '$4 ~ /^10\.77\.0\.1\// { print $2 }')
faults 'the firewall is gone' '
	ip -6 addr add 2001:db8:77::1/64 dev "$public" nodad
	node 1 "ip -6 addr add 2001:db8:77::11/64 dev eth0 nodad; nft delete table inet svarm"' '
	ip -6 addr del 2001:db8:77::1/64 dev "$public"
	node 1 "ip -6 addr del 2001:db8:77::11/64 dev eth0; nft -f /etc/svarm/firewall.nft"' --only exposure -- \
	exposure.tcp lab-1 failed 'open to this machine: .*8080' \
	exposure.ipv6 lab-1 failed 'open to this machine: .*8080'
fault 'the firewall is gone: UDP' exposure.udp lab-2 failed 'answering to this machine: 2377' \
	'node 2 "nft delete table inet svarm; systemd-run --property=RuntimeMaxSec=15 perl -MIO::Socket::INET -e \"my \\\$s = IO::Socket::INET->new(LocalPort => 2377, Proto => q(udp)); while (my \\\$p = recv(\\\$s, my \\\$b, 99, 0)) { send(\\\$s, \\\$b, 0, \\\$p) }\""; sleep 1' \
	'node 2 "nft -f /etc/svarm/firewall.nft"' --only exposure

# --- other forms of the answer ---
"$svarm" health "$spec" -q --only node --only overlay --junit "$tmp/junit" --prometheus "$tmp/metrics" >"$tmp/out" 2>&1
report $? "health with files"
python3 tests/lab/metrics.py "$tmp/metrics" svarm_health_probe svarm_health_timestamp_seconds >"$tmp/out" 2>&1
report $? "--prometheus: every line is valid"
python3 -c 'import sys, xml.etree.ElementTree as t; s = t.parse(sys.argv[1]).getroot()
sys.exit(s.tag != "testsuite" or len(s) != int(s.get("tests")) or len(s) < 10 or s.get("failures") != "0")' "$tmp/junit" >"$tmp/out" 2>&1
report $? "--junit: one suite with its cases"
undo='node 3 "rm -f /run/reboot-required"'
"$svarm" health "$spec" -q --watch=1 --only node.reboot >"$tmp/watched" 2>"$tmp/out" &
watcher=$!
watched() { # PATTERN: what --watch prints comes to say so
	for _ in {1..40}; do
		grep -Eq "$1" "$tmp/watched" && return
		sleep 0.5
	done
	cp "$tmp/watched" "$tmp/out"
	return 1
}
watched '^healthy: 3 probes'
node 3 "touch /run/reboot-required"
watched '^[0-9T:-]+Z note    node.reboot lab-3: wants a restart \(was ok\)$'
report $? "--watch says what has changed"
recover
watched '^[0-9T:-]+Z ok      node.reboot lab-3: .* \(was note\)$'
report $? "and when it is well again"
kill -TERM $watcher # bash lets what runs in the background ignore SIGINT
wait $watcher
report $? "interrupted, it ends with the last finding's exit code"
is "and has said nothing else" "$(grep -c '^[0-9]*-[0-9T:-]*Z ' "$tmp/watched")" 2

# --- a machine that is off ---------------------------------------------------------------------
fault 'a node is off' node.reachable lab-2 failed 'No route|timed out|refused' \
	'"$lab" stop-node 2' '"$lab" start-node 2' --only node --only exposure

for _ in {1..60}; do
	[ "$(node 1 "docker node ls --format '{{.Status}}'" | grep -c Ready)" = 3 ] && break
	sleep 0.5
done
node 1 "$spread" >/dev/null 2>&1
settle
report $? "healthy again at the end"
