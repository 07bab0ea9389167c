#!/usr/bin/env bash
# svarm-probe on the lab's nodes: it starts, measures, and is gone; a disk that is throttled and
# processors under a quota are noticed, each on the node that has it.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 22
demo=build/release/tests/bench_demo
make -s "$demo" >/dev/null 2>&1
"$svarm" up --no-health "$spec" >/dev/null 2>&1

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
is "in the table" "$(grep -Ec '^  lab-[123] +(NVMe-class|SSD-class|disk-class|throttled) ' "$tmp/both")" 3
cp "$tmp/both" "$tmp/out"
says "the processors are theirs" '^cpu: (ok|warning) in [0-9.]+ s: '
is "and in the table" "$(grep -Ec '^  lab-[123] +(ok|throttled) +[0-9]+ ' "$tmp/both")" 3
awk '/^cpu: / { exit !($4 < 20) }' "$tmp/both"
report $? "nodes of one machine take turns, and the turns are short"
[ "$(left)" = "" ]
report $? "nothing is left"

check "commands run in a container's network" "$demo" "$spec" inside
is "which has the overlay's address" "$(grep -cE '^eth0@[a-z0-9]+ +UP +10\.201\.' "$tmp/out")" 3

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
at=$(findmnt -no MAJ:MIN -T build/lab)
[ ! -e "/sys/dev/block/$at/partition" ] || at=$(cat "/sys/dev/block/$at/../dev")
limit() { # NODE CONTROLLER FILE TEXT, or for version 2 V2FILE V2TEXT
	local line
	line=$(grep -E "^([0-9]+:$2|0:):/" "/proc/$(cat "build/lab/node-$1.pid")/cgroup" | sort -rn | head -n 1)
	if [ -d "/sys/fs/cgroup/$2" ]; then
		echo "$4" >"/sys/fs/cgroup/$2${line##*:}/$3"
	else
		echo "$6" >"/sys/fs/cgroup${line##*:}/$5"
	fi
}
free() {
	limit 2 blkio blkio.throttle.read_iops_device "$at 0" io.max "$at riops=max"
	limit 3 cpu cpu.cfs_quota_us -1 cpu.max "max 100000"
} 2>/dev/null
trap 'free; rm -rf "$tmp"' EXIT
limit 2 blkio blkio.throttle.read_iops_device "$at 40" io.max "$at riops=40" 2>"$tmp/out"
report $? "node 2: at most 40 reads a second"
check "disk is measured" "$demo" "$spec" disk
says "node 2 is throttled" '^disk: (warning|failed) in .*: lab-2: throttled: [0-9]+ reads a second'
says "with a remedy" '^the provider limits this volume'
grep -Eq '^  lab-2 +throttled ' "$tmp/out" && ! grep -Eq '^  lab-1 +throttled ' "$tmp/out"
report $? "and node 1 is not"
limit 3 cpu cpu.cfs_quota_us 20000 cpu.max "20000 100000" 2>"$tmp/out"
report $? "node 3: a fifth of a processor"
check "cpu is measured" "$demo" "$spec" cpu
says "node 3 is held back" '^cpu: (warning|failed) in .*: lab-3: a quota: it got [0-9]+ % of the processors'
