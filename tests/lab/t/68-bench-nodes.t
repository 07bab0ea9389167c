#!/usr/bin/env bash
# svarm-probe on the lab's nodes: it starts, measures, and is gone; a disk that is throttled and
# processors under a quota are noticed, each on the node that has it.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 19
demo=build/release/tests/bench_demo
make -s "$demo" >/dev/null 2>&1
"$lab" up >/dev/null 2>&1

left() { # what a node has of svarm-probe: processes, files
	for n in 1 2 3; do
		# shellcheck disable=SC2016
		node "$n" 'for p in /proc/[0-9]*; do
			case $(readlink "$p/exe") in */svarm-probe*) echo "$p"; esac
		done; ls -d /run/svarm-probe* /dev/shm/svarm-probe* /var/tmp/svarm-probe* \
			/var/lib/docker/.svarm-probe* 2>/dev/null'
	done
}
# until_is WANTED COMMAND…: its output becomes that, within 30 s.
until_is() {
	local want=$1
	shift
	for _ in $(seq 60); do
		[ "$("$@")" = "$want" ] && return
		sleep 0.5
	done
	return 1
}
running() { left | grep -c ^/proc; }
files() { left | grep -vc ^/proc; }

check "disk and cpu are measured" "$demo" "$spec" disk cpu
cp "$tmp/out" "$tmp/both"
says "each disk has a class" '^disk: (ok|warning) in [0-9.]+ s: '
says "of every node" 'at most: fdatasync p50 [0-9.]+ ms, p99 [0-9.]+ ms'
is "in the table" "$(grep -Ec '^  lab-[123] +(NVMe-class|SSD-class|disk-class|throttled) ' "$tmp/out")" 3
says "the processors are theirs" '^cpu: (ok|warning) in [0-9.]+ s: '
is "and in the table" "$(grep -Ec '^  lab-[123] +ok +[0-9]+ ' "$tmp/out")" 3
awk '/^cpu: / { exit !($4 < 20) }' "$tmp/both"
report $? "nodes of one machine take turns, and the turns are short"
[ "$(left)" = "" ]
report $? "nothing is left"

# Killed while it measures: sshd hears of it, the agents end.
"$demo" "$spec" 600 >"$tmp/out" 2>&1 &
killed=$!
until_is 3 running
report $? "an agent runs on each node"
is "and has no file" "$(files)" 0
kill -KILL "$killed"
wait "$killed" 2>/dev/null
until_is 0 running
report $? "kill -9 of svarm ends them"
is "and leaves nothing" "$(left)" ""

# Faults, by the control groups of nodes 2 and 3.
group() { # CONTROLLER NODE: where its control group is, seen from here
	local pid path
	pid=$(cat "build/lab/run/$2.pid" 2>/dev/null || pgrep -f "systemd-nspawn.*$(basename "$PWD").*lab-$2" | head -n 1)
	path=$(sed -n "s/^[0-9]*:$1:\(.*\)/\1/p" "/proc/$pid/cgroup")
	echo "/sys/fs/cgroup/$1$path"
}
