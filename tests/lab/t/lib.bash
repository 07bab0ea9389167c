# What the lab tests share: TAP in bash, and the lab's names.  Sourced with the number of tests:
#	. tests/lab/t/lib.bash 12
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
# shellcheck disable=SC2034
spec=build/lab/cluster.yaml svarm=build/svarm lab=tests/lab/lab
leader=10.77.0.11
tmp=$(mktemp -d /tmp/svarm-lab-test.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
planned=$1
number=0

if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP the lab needs root"
	exit 0
fi
echo "1..$planned"

report() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		[ ! -s "$tmp/out" ] || tail -n 25 "$tmp/out" | sed 's/^/# /'
	fi
}
# check NAME COMMAND…: the command succeeds; its output is shown when it does not.
check() {
	local name=$1 status=0
	shift
	"$@" >"$tmp/out" 2>&1 </dev/null || status=$?
	report "$status" "$name"
}
# exits STATUS NAME COMMAND…: the command ends with just that status; its output stays in $tmp/out.
exits() {
	local want=$1 name=$2 status=0
	shift 2
	"$@" >"$tmp/out" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$want" ] || echo "(exit $status, wanted $want)" >>"$tmp/out"
	[ "$status" -eq "$want" ]
	report $? "$name"
}
# is NAME GOT WANTED
is() {
	printf 'got    %s\nwanted %s\n' "$2" "$3" >"$tmp/out"
	[ "$2" = "$3" ]
	report $? "$1"
}
# says NAME PATTERN: the last output has a line that matches.
says() {
	grep -Eq -- "$2" "$tmp/out"
	report $? "$1"
}
node() { # NUMBER COMMAND
	"$lab" ssh "$1" "$2" </dev/null
}
# A hash over all files of the three nodes.
tree_hash() {
	for n in 1 2 3; do "$lab" ssh "$n" sh -s <tests/lab/tree; done | sha256sum | cut -c 1-64
}
# The network namespace of the container of a service on a node: run a command of the node in it.
in_container() { # NODE SERVICE COMMAND
	node "$1" "nsenter -n -t \$(docker inspect -f '{{.State.Pid}}' \
		\$(docker ps -q --filter label=com.docker.swarm.service.name=$2 | head -n 1)) $3"
}
# As after a network that was away for half a minute: the node's agent has come back by a new connection
# before the leader saw the old one end, and the leader takes the node for gone whenever its log is asked for.
# docker's own fault, known since 17.06; it lasts until the agent comes back once more.
deafen() { # NODE, a worker
	local old
	old=$(node "$1" "ss -Htn state established dport = :2377" | sed -n '1s/^[^ ]* *[^ ]* *\([^ ]*\).*/\1/p')
	[ -n "$old" ] || return 1
	# Its end must not be told to the leader by the node itself.
	node "$1" "iptables -I OUTPUT -p tcp --dport 2377 --tcp-flags RST RST -j DROP
		ss -K -Htn src $old dport = :2377 >/dev/null
		for i in \$(seq 100); do
			! ss -Htn state established not src $old dport = :2377 | grep . >/dev/null || break
			sleep 0.2
		done
		sleep 1" &&
		node 1 "ss -K -Htn dst $old sport = :2377 >/dev/null"
	sleep 0.5
	node "$1" "iptables -D OUTPUT -p tcp --dport 2377 --tcp-flags RST RST -j DROP"
}
# The same until it is so: the agent may have been about to come back by itself.
deaf() { # NODE
	for _ in 1 2 3; do
		deafen "$1"
		heard "$1" || return 0
		sleep 3
	done
	return 1
}
# What the remedy says: the leader ends the connection of the node's agent, which comes back.
undeafen() { # NODE
	node 1 "ss -K -Htn dst 10.88.0.1$1 sport = :2377 >/dev/null"
}
# What the leader is to do about nodes that it does not hear, or takes for gone, as health's JSON says it.
hearing_remedy() { # FILE
	jq -r '.probes[] | select(.id == "swarm.logs" or .id == "swarm.ready") | .remedy // ""' "$1" | sed -n "s/.*'\(ss [^']*\)'.*/\1/p"
}
# Done as it says: a lost network or a power cut may leave such a node behind.
hear_again() { # FILE
	local remedy
	remedy=$(hearing_remedy "$1")
	[ -n "$remedy" ] && node 1 "$remedy" >/dev/null
}
# Can the leader read the log of that worker?  Of its queue worker, which is always there.
heard() { # NODE
	node 1 "docker service logs --tail 0 \$(docker service ps -q -f node=lab-$1 -f desired-state=running svarm_queue-worker | head -n 1)" >/dev/null 2>&1
}
# well FILE: health's JSON has no warnings; what dockerd logged, and that tasks failed while other faults were
# tried, is history.
well() {
	jq -e '[.probes[] | select(.state == "warning") | .id] - ["docker.errors", "functions.restarts"] == []' "$1" >/dev/null
}
