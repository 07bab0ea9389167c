#!/usr/bin/env bash
# The firewall for real: the rules svarm renders are loaded in a network namespace that stands for a
# node, with another for the public side, one for a peer on the private network and one for a
# container.  Each thing that must be closed is first shown to be open without the rules.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
[ "$(id -u)" = 0 ] || skip "needs root for network namespaces"
for tool in ip nft python3 sysctl; do
	command -v "$tool" >/dev/null || skip "needs $tool"
done
ip netns add "svfw$$-try" 2>/dev/null || skip "this machine makes no network namespaces"
ip netns del "svfw$$-try"

render=${WANT_RENDER:-build/san/tests/want_render}
[ -x "$render" ] || make -s VARIANT=san "$render" >&2
probe=tests/system/net_probe.py
python=$(command -v python3)
node=svfw$$-node public=svfw$$-pub peer=svfw$$-peer box=svfw$$-box
work=$(mktemp -d)
pids=()

end_servers() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	pids=()
}
# shellcheck disable=SC2317
cleanup() {
	local ns
	end_servers
	for ns in $node $public $peer $box; do
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap cleanup EXIT

in_ns() { # NAMESPACE COMMAND...
	ip netns exec "$@"
}

# What `svarm up` and `svarm health` ask a node.
told() { # loaded|absent NAME
	local facts health
	facts=$(in_ns $node sh templates/facts.sh <<<'firewall svarm' | sed -n 's/^firewall\t//p')
	health=$(in_ns $node sh templates/health.sh <<<system | sed -n 's/^firewall\t//p')
	ok "$([ "$facts $health" = "$1 $1" ] && echo 1 || echo 0)" "$2: up and health see it ($facts, $health)"
}

link() { # NAME-IN-NODE NAMESPACE
	ip -n $node link add "$1" type veth peer name eth0 netns "$2"
	ip -n $node link set "$1" up
	ip -n "$2" link set eth0 up
}

address() { # NAMESPACE INTERFACE ADDRESS...
	local a
	for a in "${@:3}"; do
		case $a in
		*:*) ip -n "$1" addr add "$a" dev "$2" nodad ;;
		*) ip -n "$1" addr add "$a" dev "$2" ;;
		esac
	done
}

# No other guard than the rules under test, and addresses that are usable at once.
settings() { # NAMESPACE
	in_ns "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.default.accept_dad=0
}

build_network() {
	local ns
	for ns in $node $public $peer $box; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		settings "$ns"
	done
	link pub0 $public
	link priv0 $peer
	link docker0 $box
	in_ns $node sysctl -qw net.ipv4.ip_forward=1
	address $node pub0 203.0.113.11/24 2001:db8:1::11/64
	address $node priv0 10.0.0.11/24 fd00:10::11/64
	address $node docker0 172.17.0.1/16
	address $public eth0 203.0.113.1/24 2001:db8:1::1/64
	address $peer eth0 10.0.0.12/24 fd00:10::12/64 10.0.0.99/24 fd00:10::99/64
	address $box eth0 172.17.0.2/16
	ip -n $box route add default via 172.17.0.1
	# The public side claims to be a peer, and the node's answers would even find the way back.
	address $public eth0 10.0.0.13/32 fd00:10::13/128
	ip -n $public route add 10.0.0.11/32 via 203.0.113.11
	ip -n $public route add fd00:10::11/128 via 2001:db8:1::11
	ip -n $node route add 10.0.0.13/32 via 203.0.113.1
	ip -n $node route add fd00:10::13/128 via 2001:db8:1::1
	# A cloud's metadata service.
	address $public eth0 169.254.169.254/32
	ip -n $node route add 169.254.169.254/32 via 203.0.113.1
	# And it knows where containers live.
	ip -n $public route add 172.17.0.0/16 via 203.0.113.11
}

# What Docker does: a published port, and containers that reach the world as the node.
docker_rules() {
	in_ns $node nft -f - <<-'RULES'
		table ip nat {
			chain prerouting {
				type nat hook prerouting priority -100;
				fib daddr type local tcp dport 8081 dnat to 172.17.0.2:8080
			}
			chain postrouting {
				type nat hook postrouting priority 100;
				ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
			}
		}
	RULES
}

serve() { # NAMESPACE PORT...
	# Not through in_ns: $! would be a shell's, which does not take the server with it.
	ip netns exec "$1" "$python" $probe serve "${@:2}" >"$work/$1.log" 2>&1 &
	pids+=($!)
	for _ in $(seq 100); do
		grep -q ready "$work/$1.log" && return
		sleep 0.05
	done
	cat "$work/$1.log" >&2
	exit 1
}

# FILE PREFIX: the rules of a node whose private network is PREFIX, with peers PREFIX12 and 13.
render_rules() {
	cat >"$work/cluster.yaml" <<-YAML
		cluster: firewall
		ssh: {user: root, port: 2222}
		nodes:
		  - {name: node, address: 203.0.113.11, private: "${2}11", roles: [manager, ingress]}
		  - {name: peer, address: 203.0.113.12, private: "${2}12", roles: [worker]}
		  - {name: absent, address: 203.0.113.13, private: "${2}13", roles: [worker, database]}
	YAML
	printf 'svarm-facts\t1\naddress\tpriv0\t%s\t1500\nend\tok\n' "${2}11" >"$work/facts"
	"$render" "$work/cluster.yaml" "$work/facts" node /etc/svarm/firewall.nft >"$work/$1"
}

# ---- the questions: namespace, name, and what net_probe.py wants ----------------------------------
ll=%eth0 # completed below with the node's link-local address
closed() {
	cat <<-LINES
		$public public-8080-v4 tcp 203.0.113.11 8080
		$public public-8080-v6 tcp 2001:db8:1::11 8080
		$public public-8080-link-local tcp $ll 8080
		$public public-2377-v4 tcp 203.0.113.11 2377
		$public public-7946-v4 tcp 203.0.113.11 7946
		$public public-7946-v6 tcp 2001:db8:1::11 7946
		$public public-30001-v6 tcp 2001:db8:1::11 30001
		$public public-published-container tcp 203.0.113.11 8081
		$public public-to-private-address tcp 10.0.0.11 8080
		$public public-to-container-address tcp 172.17.0.2 8080
		$public public-udp-4789-v4 udp 203.0.113.11 4789
		$public public-udp-4789-v6 udp 2001:db8:1::11 4789
		$public public-udp-7946-v4 udp 203.0.113.11 7946
		$public spoofed-peer-8080-v4 tcp 203.0.113.11 8080 10.0.0.13
		$public spoofed-peer-8080-v6 tcp 2001:db8:1::11 8080 fd00:10::13
		$public spoofed-peer-to-private tcp 10.0.0.11 2377 10.0.0.13
		$public spoofed-peer-udp-4789-v4 udp 203.0.113.11 4789 10.0.0.13
		$public spoofed-peer-udp-4789-v6 udp 2001:db8:1::11 4789 fd00:10::13
		$peer stranger-8080-v4 tcp 10.0.0.11 8080 10.0.0.99
		$peer stranger-8080-v6 tcp fd00:10::11 8080 fd00:10::99
		$peer stranger-udp-4789-v4 udp 10.0.0.11 4789 10.0.0.99
		$peer stranger-udp-4789-v6 udp fd00:10::11 4789 fd00:10::99
		$box container-to-peer-udp-4789 udp 10.0.0.12 4789
		$box container-to-peer-udp-7946 udp 10.0.0.12 7946
		$box container-to-peer-2377 tcp 10.0.0.12 2377
		$box container-to-peer-7946 tcp 10.0.0.12 7946
		$box container-to-node-udp-4789 udp 172.17.0.1 4789
		$box container-to-node-2377 tcp 172.17.0.1 2377
		$box container-to-metadata tcp 169.254.169.254 80
	LINES
}
peers4() {
	cat <<-LINES
		$peer peer-8080-v4 tcp 10.0.0.11 8080 10.0.0.12
		$peer peer-2377-v4 tcp 10.0.0.11 2377 10.0.0.12
		$peer peer-published-container tcp 10.0.0.11 8081 10.0.0.12
		$peer peer-udp-4789-v4 udp 10.0.0.11 4789 10.0.0.12
		$peer peer-udp-7946-v4 udp 10.0.0.11 7946 10.0.0.12
	LINES
}
peers6() {
	cat <<-LINES
		$peer peer-8080-v6 tcp fd00:10::11 8080 fd00:10::12
		$peer peer-2377-v6 tcp fd00:10::11 2377 fd00:10::12
		$peer peer-udp-4789-v6 udp fd00:10::11 4789 fd00:10::12
	LINES
}
icmp() {
	cat <<-LINES
		$public echo-request icmp 203.0.113.11 0
		$public echo-request-v6 icmp 2001:db8:1::11 0
		$node echo-reply icmp 203.0.113.1 0
		$node echo-reply-v6 icmp 2001:db8:1::1 0
		$box echo-reply-to-container icmp 203.0.113.1 0
	LINES
}
open() {
	cat <<-LINES
		$public public-ssh tcp 203.0.113.11 22
		$public public-ssh-v6 tcp 2001:db8:1::11 22
		$public public-ssh-of-the-spec tcp 203.0.113.11 2222
		$public public-http tcp 203.0.113.11 80
		$public public-http-v6 tcp 2001:db8:1::11 80
		$public public-https tcp 203.0.113.11 443
		$public public-http-link-local tcp $ll 80
		$public public-other-udp udp 203.0.113.11 30001
		$peer stranger-ssh tcp 10.0.0.11 22 10.0.0.99
		$node node-to-itself tcp 203.0.113.11 8080
		$node node-to-itself-v6 tcp ::1 2377
		$node node-to-world tcp 203.0.113.1 9000
		$node node-to-world-v6 tcp 2001:db8:1::1 9000
		$node node-to-world-udp udp 203.0.113.1 9000
		$node node-to-world-udp-v6 udp 2001:db8:1::1 9000
		$node node-to-peer tcp 10.0.0.12 9000
		$node node-to-metadata tcp 169.254.169.254 80
		$box container-to-link-local-otherwise tcp 169.254.169.254 9000
		$node node-to-container tcp 172.17.0.2 8080
		$box container-to-world tcp 203.0.113.1 9000
		$box container-to-world-udp udp 203.0.113.1 9000
		$box container-to-peer tcp 10.0.0.12 9000
		$box container-to-node tcp 172.17.0.1 8080
		$box container-to-private-address tcp 10.0.0.11 8080
	LINES
}

answers() { # closed|open|peers4|peers6|icmp [SECONDS]: after which an answer counts as not coming
	local ns
	for ns in $public $peer $node $box; do
		"$1" | sed -n "s/^$ns //p" | in_ns "$ns" "$python" $probe ask "${2:-20}"
	done
}

n=0
ok() { # BOOL NAME
	n=$((n + 1))
	if [ "$1" = 1 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

check() { # PREFIX WANTED < "NAME ANSWER" lines
	local name answer
	while read -r name answer; do
		ok "$([ "$answer" = "$2" ] && echo 1 || echo 0)" "$1: $name is $2 ($answer)"
	done
}

try() { # NAME COMMAND...
	if "${@:2}" >"$work/try.log" 2>&1; then
		ok 1 "$1"
	else
		ok 0 "$1"
		sed 's/^/# /' "$work/try.log"
	fi
}

build_network
docker_rules
serve $node 22 80 443 2222 2377 4789 7946 8080 30001
serve $public 80 9000
serve $peer 2377 4789 7946 9000
serve $box 8080
ll=$(ip -n $node -6 -o addr show dev pub0 scope link | awk '{sub("/.*", "", $4); print $4}')%eth0
render_rules rules4 10.0.0.
render_rules rules6 fd00:10::

told absent "without rules"
check "without rules" open < <(answers closed)
check "without rules" open < <(answers peers4)
check "without rules" open < <(answers peers6)
try "the file passes nft's check" in_ns $node nft -c -f "$work/rules4"

coproc HOLD { exec ip netns exec $public "$python" $probe hold 203.0.113.11 8080; }
pids+=("$HOLD_PID")
read -r -t 5 held <&"${HOLD[0]}"

try "the file loads" in_ns $node nft -f "$work/rules4"
told loaded "with rules"
check "with rules" silent < <(answers closed 0.8)
check "with rules" open < <(answers open)
check "with rules" open < <(answers peers4)
check "with rules" silent < <(answers peers6 0.8)

echo again >&"${HOLD[1]}"
read -r -t 5 said <&"${HOLD[0]}" || said=nothing
ok "$([ "$held $said" = "held ok again" ] && echo 1 || echo 0)" "a connection made before goes on ($said)"

ip -n $public neigh flush all
ip -n $node neigh flush all
check "with neighbours forgotten" open < <(answers icmp)

try "other rules replace them" in_ns $node nft -f "$work/rules6"
told loaded "with IPv6 peers"
check "with IPv6 peers" silent < <(answers closed 0.8)
check "with IPv6 peers" silent < <(answers peers4 0.8)
check "with IPv6 peers" open < <(answers peers6)
ok "$([ "$(in_ns $node nft list table inet svarm | grep -c 'hook prerouting')" = 1 ] && echo 1 || echo 0)" \
	"loading twice leaves one chain"
# Not grep -q: it ends before nft has written all, and under pipefail that is a failure.
ok "$(in_ns $node nft list table ip nat | grep -c dnat | grep -cx 1)" "other tables are untouched"
in_ns $node nft flush chain inet svarm outside
told absent "with a chain that was flushed"
try "the service's stop takes it away" in_ns $node nft delete table inet svarm
check "after stop" open < <(answers closed | sed -n 1,3p)
end_servers
ok "$([ -z "$(for ns in $node $public $peer $box; do ip netns pids "$ns"; done)" ] && echo 1 || echo 0)" \
	"nobody is left in the namespaces"
echo "1..$n"
