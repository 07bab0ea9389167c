#!/usr/bin/env bash
# Every kind of probe of `svarm health` fails for the fault it is there for, on a real cluster, and passes
# again when the fault is gone.  Faults that do not touch each other are there at once, as every look takes
# seconds.  They are undone also when the test is interrupted.
# SVARM=… another binary; ONLY=REGEX some faults; KEEP_CLUSTER=1 probe the cluster that is there.
# shellcheck disable=SC2016,SC2034 # faults and their undoing are evaluated later
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 59
svarm=${SVARM:-$svarm}
finding=$tmp/finding
undo='' lasting='' # what undoes the faults of a group; one that outlasts groups
trap 'recover; outlast; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

recover() {
	[ -z "$undo" ] || eval "$undo" >/dev/null 2>&1
	undo=
}
outlast() {
	[ -z "$lasting" ] || eval "$lasting" >/dev/null 2>&1
	lasting=
}
# The finding goes to $finding; what is not ok in it is shown should the test fail.
health() { # [OPTION…]
	local status=0
	timeout 60 "$svarm" health "$spec" --json -q "$@" >"$finding" 2>"$tmp/out" || status=$?
	jq -r '.probes[] | select(.state != "ok") | "\(.id) \(.subject // .node) \(.state): \(.text)"' \
		"$finding" >>"$tmp/out"
	return "$status"
}
asked_for() { # NAME
	[ -z "${ONLY:-}" ] || [[ $1 =~ $ONLY ]]
}
# rows NAME STATUS ID WHERE STATE TEXT …: in the finding the row of probe ID about WHERE (a node or a subject;
# "": the cluster) is in STATE and says TEXT (a regular expression), with a remedy; and the exit STATUS of health
# is right.  A test for each four words.
rows() {
	local name=$1 status=$2 wanted
	shift 2
	wanted=$(jq 'if any(.probes[]; .state == "failed") then 1 else 0 end' "$finding")
	while [ $# -gt 0 ]; do
		if ! asked_for "$name"; then
			report 0 "$name: $1${2:+ of $2} # SKIP not asked for"
		else
			jq -e --arg id "$1" --arg where "$2" --arg state "$3" --arg text "$4" '
				[.probes[] | select(.id == $id and ((.subject // .node // "") == $where))] |
				length == 1 and .[0].state == $state and (.[0].text | test($text)) and .[0].remedy != null' \
				"$finding" >/dev/null && [ "$status" = "$wanted" ]
			report $? "$name: $1${2:+ of $2}"
		fi
		shift 4
	done
}
# faults NAME INJECT UNDO [OPTION…] -- ID WHERE STATE TEXT …: with the faults, health finds these rows.
faults() {
	local name=$1 inject=$2 options=() status=0
	if asked_for "$name"; then
		undo=$3
	fi
	shift 3
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	if asked_for "$name"; then
		eval "$inject" >/dev/null 2>&1
		health "${options[@]}" || status=$?
	fi
	rows "$name" "$status" "$@"
	recover
}
# Wait until all is well: tasks need a while to come back.  When a node was given up both tasks of the function
# may be on the other one, and swarm moves no task that runs: one more goes to the emptier node, one fewer
# comes off the fuller.  A node whose power was cut may not be heard when it is back.
settle() {
	for _ in {1..40}; do
		health && well "$finding" && return
		hear_again "$finding"
		jq -e 'all(.probes[]; .id != "functions.spread" or .state != "warning")' "$finding" >/dev/null || spread
		sleep 1
	done
	return 1
}
tasks_run() { # NUMBER: of the function
	[ "$(node 1 "docker service ps -f desired-state=running --format '{{.CurrentState}}' fn_echo" | grep -c ^Running)" = "$1" ]
}
spread() {
	node 1 "docker service scale -d fn_echo=3" >/dev/null
	within 60 tasks_run 3
	node 1 "docker service scale -d fn_echo=2" >/dev/null
}
within() { # SECONDS COMMAND…
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.5
	done
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
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=lab \
	-keyout "$tmp/key" -out "$tmp/crt" >/dev/null 2>&1
copy() { # NODE FILE PATH
	"$lab" ssh "$1" "cat >$3" <"$2"
}
instead_of() { # NODE PROGRAM COMMAND: what health.sh runs for it there
	node "$1" "printf '#!/bin/sh\nexec $3\n' >/usr/sbin/$2; chmod +x /usr/sbin/$2"
}
# Of this machine's kernel, which the nodes share, nothing but the truth can be had.
kept=()
if perl -e 'my $t = "\0" x 256; syscall(159, $t) >= 0 or exit 1; exit(unpack("q", substr($t, 24, 8)) < 16000000)'; then
	kept=(time.sync lab-2 warning 'nobody keeps')
fi
# What is wrong with each node, and what runs short: of one thing or another on each.  dockerd stands still
# as briefly as can be: the swarm is not to give the node up.
faults 'a bad day of the nodes' '
	node 1 "sed \"s/^MemAvailable:.*/MemAvailable: 100000 kB/\" /proc/meminfo >/run/meminfo; mount --bind /run/meminfo /proc/meminfo"
	instead_of 1 df "sleep 60"
	copy 1 "$tmp/crt" /etc/nginx/test.crt; copy 1 "$tmp/key" /etc/nginx/test.key
	node 1 "printf \"server { listen 443 ssl; ssl_certificate test.crt; ssl_certificate_key test.key; }\" >/etc/nginx/conf.d/test.conf; systemctl reload nginx; for i in \$(seq 100); do [ -n \"\$(ss -Hltn sport = :443)\" ] && break; sleep 0.1; done"
	{ cat "$spec"; echo "tune: {nginx: {server_name: lab.example}}"; } >build/lab/named.yaml; spec=build/lab/named.yaml
	node 2 "echo 99999.00 99999.00 9.00 1/80 4711 >/run/loadavg; mount --bind /run/loadavg /proc/loadavg"
	instead_of 2 date "/usr/bin/date -d +45seconds \"\$@\""
	node 2 "mount -t tmpfs -o size=4m full /tmp; head -c 4m /dev/zero >/tmp/fill; logger -t kernel \"Out of memory: Killed process 4711 (echo)\"; journalctl --sync; mv /run/systemd/container /run/systemd/container.kept"
	instead_of 3 date "/usr/bin/date -d -2seconds \"\$@\""
	node 3 "mount -t tmpfs -o ro,size=4m still /tmp; echo linux-image-none >/run/reboot-required.pkgs; touch /run/reboot-required; mv /var/lib/docker/swarm/certificates/swarm-node.crt /run/kept.crt"
	copy 3 tests/lab/expired.pem /var/lib/docker/swarm/certificates/swarm-node.crt
	node 1 "docker pull svarm/absent:none; systemd-run -q --unit=pulls sh -c \"until docker pull svarm/absent:none; do sleep 1; done\"; journalctl --sync"
	node 2 "kill -STOP \$(cat /run/docker.pid)"' '
	spec=build/lab/cluster.yaml; rm -f build/lab/named.yaml
	node 2 "kill -CONT \$(cat /run/docker.pid); umount /proc/loadavg; rm -f /run/loadavg /usr/sbin/date; umount /tmp; journalctl --rotate --vacuum-size=1; mv /run/systemd/container.kept /run/systemd/container"
	node 1 "systemctl stop pulls; umount /proc/meminfo; rm -f /usr/sbin/df /run/meminfo /etc/nginx/conf.d/test.conf /etc/nginx/test.crt /etc/nginx/test.key; systemctl reload nginx"
	node 3 "rm -f /usr/sbin/date; umount /tmp; rm -f /run/reboot-required /run/reboot-required.pkgs; mv /run/kept.crt /var/lib/docker/swarm/certificates/swarm-node.crt"' \
	--only node --only time --only disk --only docker --only swarm.certificate --only tls -- \
	node.memory lab-1 warning '^102 MB of ' \
	node.load lab-2 warning 'a core within 5 min' \
	node.oom lab-2 warning '1 process was killed.*4711' \
	node.reboot lab-3 note 'for linux-image-none' \
	time.skew lab-2 failed 'ahead of the other nodes' \
	time.skew lab-3 warning 'behind the other nodes' \
	disk.space lab-1 failed 'no answer within 4 s' \
	disk.space lab-2 failed '^/tmp 100 % full' \
	disk.writable lab-3 failed 'read-only: /tmp' \
	docker.running lab-2 failed 'no answer within 5 s' \
	docker.errors lab-1 note 'within an hour; last: .*images.create' \
	swarm.certificate lab-3 failed 'expired .* days ago' \
	tls.certificate lab-1 failed 'its certificate ends in (2 days|48 h); it does not name .lab\.example.; not trusted here: self.signed' \
	"${kept[@]}"
[ ${#kept[@]} -gt 0 ] || report 0 "nobody keeps the clock # SKIP somebody does"

# --- the swarm and its services ----------------------------------------------------------------
# Of the role it is the spec that changes: a swarm of two managers is soon one without a leader.
faults 'the swarm is not as the spec says' '
	sed "/name: lab-2/s/roles: \[/&manager, /" "$spec" >build/lab/roles.yaml; spec=build/lab/roles.yaml
	node 1 "docker node update --availability pause lab-3"' '
	spec=build/lab/cluster.yaml; rm -f build/lab/roles.yaml
	node 1 "docker node update --availability active lab-3"' \
	--only swarm -- \
	swarm.member lab-2 failed 'a worker; the spec says manager' \
	swarm.ready lab-3 warning 'takes no tasks'

# The remedy is tried as it is printed.
faults 'a node is not heard' 'deaf 2' 'hear_again "$finding" || undeafen 2' --only swarm.logs -- \
	swarm.logs lab-2 warning 'node [a-z0-9]+ is not available$'
if asked_for 'a node is not heard'; then
	is "its remedy is for that node" "$(hearing_remedy "$finding")" 'ss -K -tn dst 10.88.0.12 sport = :2377'
	# shellcheck disable=SC2317
	all_heard() {
		health --only swarm.logs
		jq -e '[.probes[] | .state, .text] == ["ok", "the logs of 3 nodes can be read"]' "$finding" >/dev/null
	}
	within 30 all_heard
	report $? "and helps"
else
	report 0 "its remedy is for that node # SKIP not asked for"
	report 0 "and helps # SKIP not asked for"
fi

# Four more functions in the spec: one that nobody made, one with fewer tasks than it says, one of whose tasks
# cannot be placed, one with all its tasks in one place.  And a service that ends as soon as it begins.
more_functions() {
	cat "$spec"
	printf '    - {name: %s, image: "svarm/echo:dev", replicas: 2}\n' absent few stuck near
}
service() { # NAME OPTION…
	node 1 "docker service create -d -q --no-resolve-image --name $* svarm/echo:dev"
}
# shellcheck disable=SC2317
services_are_bad() {
	local list
	list=$(node 1 "docker service ls --format '{{.Name}} {{.Replicas}}'; docker service ps fn_stuck; docker service ps loop")
	grep -q '^fn_few 1/1' <<<"$list" && grep -q '^fn_near 2/2' <<<"$list" && grep -q '^fn_stuck 1/2' <<<"$list" &&
		grep -q 'no suitable node' <<<"$list" && [ "$(grep -cE 'Failed|Rejected' <<<"$list")" -ge 3 ]
}
faults 'services' '
	service loop --restart-delay 10ms --constraint node.hostname==lab-2 --entrypoint /none
	service fn_few --replicas 1 --constraint node.hostname==lab-3
	service fn_stuck --replicas 2 --replicas-max-per-node 1 --constraint node.hostname==lab-2
	service fn_near --replicas 2 --constraint node.hostname==lab-2
	within 60 services_are_bad
	more_functions >build/lab/faulty.yaml; spec=build/lab/faulty.yaml' '
	spec=build/lab/cluster.yaml; rm -f build/lab/faulty.yaml
	node 1 "docker service rm loop fn_few fn_stuck fn_near"' \
	--only functions -- \
	functions.replicas fn_absent failed 'no such service' \
	functions.replicas fn_few warning '1 of 1 running; the spec says 2' \
	functions.replicas fn_stuck failed '1 of 2 running: no suitable node' \
	functions.restarts loop warning 'tasks failed within 10 min' \
	functions.spread fn_near warning 'all 2 tasks run on lab-2'

# --- calls -------------------------------------------------------------------------------------
# While nobody takes calls from the queue.  That one of them gives no answer, and that nobody is heard of any
# more, takes its time.
workers() { # pause, unpause
	container "$1" 2 svarm_queue-worker
	container "$1" 3 svarm_queue-worker
}
mkdir "$tmp/aside"
if asked_for 'the queue stands still'; then
	lasting='workers unpause'
	workers pause >/dev/null
	(
		trap - EXIT
		finding=$tmp/aside/finding tmp=$tmp/aside
		health --only queue.roundtrip
	) &
	roundtrip=$!
fi
faults 'nginx is stopped' 'node 1 "systemctl stop nginx"' 'node 1 "systemctl start nginx"' \
	--only ingress --only functions.call --only gateway.auth -- \
	ingress.healthz lab-1 failed 'no answer on port 80' \
	functions.call lab-1 failed 'no answer on port 80' \
	gateway.auth lab-1 failed 'no answer on port 80'
# nginx listens with its own backlog, and has the password for everybody.
faults 'settings' '
	node 1 "cd /etc/nginx && cp -p nginx.conf nginx.conf.kept && auth=\$(printf admin:%s \"\$(cat /etc/svarm/secrets/basic-auth-password)\" | base64 -w 0) && sed -i \"s/ backlog=[0-9]*//; s|proxy_pass .*|&\n\t\t\tproxy_set_header Authorization \\\"Basic \$auth\\\";|\" nginx.conf && systemctl restart nginx"
	node 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=0"
	node 3 "sysctl -w net.core.somaxconn=128"' '
	node 1 "cd /etc/nginx && mv nginx.conf.kept nginx.conf && systemctl restart nginx"
	node 2 "nsenter -t $(pid_of 2 svarm_queue-worker) -n sysctl -w net.ipv4.tcp_tw_reuse=1"
	node 3 "sysctl -w net.core.somaxconn=65535"' \
	--only gateway --only tuning -- \
	gateway.auth lab-1 failed 'anybody can deploy' \
	tuning.nginx lab-1 failed '511 calls may wait' \
	tuning.containers lab-2 failed 'tcp_tw_reuse is 0, not 1' \
	tuning.host lab-3 failed 'somaxconn is 128, not 65535'
# One call of 1970 in a queue of its own, and one that was given up; Redis keeps nothing, and is full.
redis_at=$(node 3 "docker inspect -f '{{(index .NetworkSettings.Networks \"svarm\").IPAddress}}' \$(docker ps -q -f label=com.docker.swarm.service.name=svarm_redis)")
most=''
# shellcheck disable=SC2317
maxmemory() {
	most=$(redis "CONFIG GET maxmemory" | tr -d '\r' | sed -n '/^maxmemory$/{n;n;p}')
	[ -n "$most" ]
}
within 30 maxmemory
# shellcheck disable=SC2317
nobody_heard() {
	health --only queue.workers
	jq -e '.probes[] | .text | test("^0 of")' "$finding" >/dev/null
}
faults 'the queue stands still' '
	within 60 nobody_heard
	redis "SADD svarm:queues late" "XADD svarm:queue:late 1-1 fn echo" "XADD svarm:dead * fn echo id x" "CONFIG SET appendonly no" "CONFIG SET maxmemory 1000000"' '
	redis "CONFIG SET maxmemory $most" "CONFIG SET appendonly yes" "DEL svarm:queue:late" "SREM svarm:queues late"; "$svarm" queue purge --all "$spec"' \
	--only queue.lag --only queue.dead --only queue.workers --only redis.persistence --only redis.memory -- \
	queue.lag '' failed "^[1-9] waiting, the oldest for [0-9]+ days in 'late'" \
	queue.dead '' warning '^1 given up' \
	queue.workers '' failed '^0 of 2 heard of' \
	redis.persistence '' failed 'appendonly is off' \
	redis.memory '' failed 'of 1.0 MB used'
status=0
if asked_for 'the queue stands still'; then
	wait "$roundtrip" || status=$?
	cp "$tmp/aside/finding" "$finding"
fi
rows 'the queue stands still' "$status" queue.roundtrip lab-1 failed "'echo'"
outlast

# --- between nodes and from outside ------------------------------------------------------------
nft_rule='nft add table inet faulty; nft add chain inet faulty in { type filter hook prerouting priority -400\; }; nft add rule inet faulty in udp dport 4789'
faults 'the overlay carries little, nodes are Ready' '
	node 2 "$nft_rule drop; ip link set eth1 mtu 1496"; node 3 "$nft_rule udp length gt 1200 drop"' '
	node 2 "nft delete table inet faulty; ip link set eth1 mtu 1500"; node 3 "nft delete table inet faulty"' \
	--only overlay --only swarm -- \
	overlay.data lab-2 failed 'no data to lab-1 \([^)]*\): .*timed out' \
	overlay.data lab-3 failed 'lab-1 \([^)]*\): [0-9]+ of 65536 bytes' \
	overlay.mtu lab-1 warning 'packets of 1450 bytes are sent, the largest that arrives at lab-3: 11[0-9]{2}$' \
	overlay.mtu lab-2 warning 'are 1500 on the private network, and eth1 carries 1496'
# Over IPv6 with an address of the documentation's network, which nobody else has.
public=$(ip -o -4 addr show | awk '$4 ~ /^10\.77\.0\.1\// { print $2 }')
faults 'the firewall is gone, Redis hangs' '
	ip -6 addr add 2001:db8:77::1/64 dev "$public" nodad
	node 1 "ip -6 addr add 2001:db8:77::11/64 dev eth0 nodad; nft delete table inet svarm"
	node 2 "nft delete table inet svarm; systemd-run --property=RuntimeMaxSec=60 --unit=loud perl -MIO::Socket::INET -e \"my \\\$s = IO::Socket::INET->new(LocalPort => 2377, Proto => q(udp)); while (my \\\$p = recv(\\\$s, my \\\$b, 99, 0)) { send(\\\$s, \\\$b, 0, \\\$p) }\"; for i in \$(seq 100); do [ -n \"\$(ss -Hlun sport = :2377)\" ] && break; sleep 0.1; done"
	container pause 3 svarm_redis' '
	container unpause 3 svarm_redis
	ip -6 addr del 2001:db8:77::1/64 dev "$public"
	node 1 "ip -6 addr del 2001:db8:77::11/64 dev eth0; nft -f /etc/svarm/firewall.nft"
	node 2 "systemctl stop loud; nft -f /etc/svarm/firewall.nft"' \
	--only exposure --only redis -- \
	exposure.firewall lab-1 failed 'not in the kernel' \
	exposure.firewall lab-2 failed 'not in the kernel' \
	exposure.tcp lab-1 failed 'open to this machine: .*8080' \
	exposure.ipv6 lab-1 failed 'open to this machine: .*8080' \
	exposure.udp lab-2 failed 'answering to this machine: 2377' \
	redis.write lab-2 failed 'svarm_queue-worker'

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

# --- machines that are not there ---------------------------------------------------------------
within_node() { # NODE COMMAND: by the machine's own door
	local pid
	pid=$(cat "build/lab/node-$1.pid")
	nsenter -a -t "$(tr -d ' ' <"/proc/$pid/task/$pid/children")" sh -c "$2"
}
# shellcheck disable=SC2317
all_ready() {
	[ "$(node 1 "docker node ls --format '{{.Status}}'" | grep -c Ready)" = 3 ]
}
faults 'a node is off, of another sshd is gone' '
	sed "s/ssh: {/&connect_timeout: 3s, /" "$spec" >build/lab/hasty.yaml; spec=build/lab/hasty.yaml
	node 3 "systemctl stop ssh.socket ssh"; "$lab" stop-node 2' '
	spec=build/lab/cluster.yaml; rm -f build/lab/hasty.yaml
	within_node 3 "systemctl start ssh"; "$lab" start-node 2' --only node -- \
	node.reachable lab-2 failed 'No route|timed out|refused' \
	node.reachable lab-3 failed 'refused|timed out'
within 60 all_ready
settle
report $? "healthy again at the end"
