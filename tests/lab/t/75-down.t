#!/usr/bin/env bash
# A worker that comes back in the moment in which its old session ends: docker takes the end for the newer
# news, and the worker stays down in the leader's eyes for good, though it is connected.  `up` mends it.
# The moment is some 100 ms long; here it is made as long as the leader's writes to its log, which strace
# delays on this machine, and still it takes a few tries to meet.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 9
command -v strace >/dev/null || apt-get install -y -q strace >/dev/null 2>&1
"$svarm" up --no-health "$spec" >/dev/null 2>&1

# The leader's dockerd, by its number here.
dockerd_of_leader() {
	local p
	for p in $(pgrep -x dockerd); do
		! grep -q ":/${SVARM_LAB_NAME:-svlab}-1\b" "/proc/$p/cgroup" || echo "$p"
	done
}
state() {
	node 1 "docker node ls --format '{{.Hostname}} {{.Status}}'" | sed -n 's/^lab-3 //p'
}
connections() {
	node 1 "ss -Htn state established dst 10.88.0.13 sport = :2377" | grep -c .
}
# lab-3's dockerd is away for so long that its session is about to end as it comes back.
miss() { # SECONDS
	local tracer
	strace -f -qq -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_enter=2500000 \
		-o /dev/null -p "$(dockerd_of_leader)" &
	tracer=$!
	sleep 1
	node 3 'systemctl kill -s KILL docker; systemctl stop docker docker.socket 2>/dev/null'
	sleep "$1"
	node 3 'systemctl start --no-block docker.socket docker'
	sleep 14
	kill "$tracer"
	wait "$tracer" 2>/dev/null
	sleep 4
	[ "$(state)" = Down ] && [ "$(connections)" -gt 0 ]
}
missed=1
for away in 8 9 10 7 8.5 9.5 7.5 10.5 8 9; do
	miss "$away" && missed=0 && break
done
report $missed "control: a worker is down and connected"
sleep 10
is "and stays so" "$(state)" Down
exits 1 "health fails" "$svarm" health --only swarm.ready "$spec"
says "and says what can be done" "on the swarm's leader, 'ss -K -tn dst 10.88.0.13 sport = :2377'"
exits 0 "there is nothing to plan" "$svarm" plan "$spec"
exits 0 "up mends it" "$svarm" up "$spec"
says "and says so" 'the node at 10\.88\.0\.13 for gone, which is connected to it; it was made to connect anew'
says "healthy" '^healthy: '
is "the node is ready" "$(state)" Ready
