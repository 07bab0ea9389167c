#!/usr/bin/env bash
# svarm bench network and redis on a real cluster: plausible numbers of every pair, a lossy link and a worker
# whose namespace is not tuned are found where they are, and nothing stays behind.
# SVARM=… another binary; KEEP_CLUSTER=1 measure the cluster that is there.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 8
svarm=${SVARM:-$svarm}
found=$tmp/found.json
trap 'heal >/dev/null 2>&1; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

bench() { # SECTION…
	timeout 120 "$svarm" bench "$@" "$spec" --rounds 1 --json -q >"$found" 2>"$tmp/out" || :
	jq -r '.sections[] | .text' "$found" >>"$tmp/out" 2>&1 || :
}
worker_netns() { # COMMAND…: in the namespace of lab-2's queue worker
	node 2 "nsenter -n -t \$(docker inspect -f '{{.State.Pid}}' \
		\$(docker ps -q -f label=com.docker.swarm.service.name=svarm_queue-worker)) $*"
}
heal() {
	node 2 'nft delete table inet lossy' || :
	worker_netns sysctl -qw net.ipv4.tcp_tw_reuse=1
}
holds() { # NAME FILTER
	jq -e "$2" "$found" >/dev/null 2>>"$tmp/out"
	report $? "$1"
}

[ -n "${KEEP_CLUSTER:-}" ] || "$svarm" up "$spec" -q --no-health >/dev/null 2>&1
bench network redis
holds 'every pair of nodes, both ways, on both networks' '
	.sections.network.state != "failed" and
	([.sections.network.detail.networks[].name] == ["private", "overlay"]) and
	([.sections.network.detail.networks[].pairs[] | select(
		.error == null and .rtt_ms.p50 > 0.001 and .rtt_ms.p50 < 100 and .throughput_mbit > 10 and
		.sent > 100 and .path_mtu == .interface_mtu)] | length) == 12 and
	([.sections.network.detail.networks[].pairs[] | .rtt_ms.mean] | unique | length) > 6'
holds 'the overlay is smaller by its header' \
	'[.sections.network.detail.networks[].mtu] | .[0] - .[1] == 50'
holds 'connections to Redis, from a worker on another node' '
	.sections.redis | .state != "failed" and .figures.rate.value > 50 and .figures.refused.value == 0 and
	.figures.connect_cpu.value > 1 and .detail.runs[0].tw_reuse == 1 and .detail.node == "lab-2"'

node 2 'nft add table inet lossy; nft "add chain inet lossy in { type filter hook input priority -200; }"
	nft "add rule inet lossy in iifname eth1 udp dport != { 4789, 7946 } numgen inc mod 10 == 0 drop"'
worker_netns sysctl -qw net.ipv4.tcp_tw_reuse=2
bench network redis
holds 'a lossy link fails, and its node is named' '.sections.network |
	.state == "failed" and (.text | startswith("private: every pair with lab-2: packets are lost")) and
	.remedy != null and .figures.loss.value > 5'
holds 'the pairs without it are well' '[.sections.network.detail.networks[0].pairs[] |
	((.from == "lab-2" or .to == "lab-2") == (.lost / .sent > 0.05))] | all'
holds "a worker's namespace that is not tuned is a warning" '.sections.redis |
	.state == "warning" and (.text | test("svarm_queue-worker on lab-2 has tcp_tw_reuse 2")) and .remedy != null'
heal >/dev/null 2>&1

left=0
for n in 1 2 3; do
	[ -z "$(node "$n" 'docker ps -aq -f label=svarm.bench')" ] || left=1
	[ -z "$(node "$n" 'pgrep -f svarm-probe')" ] || left=1
done
report "$left" 'no container and no probe stays behind'
"$svarm" health "$spec" -q >"$tmp/out" 2>&1
report $? 'the cluster is as healthy as before'
