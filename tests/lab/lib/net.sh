# The two networks.  Both bridges live in a network namespace of their own, so that this machine's
# firewall (bridge-nf-call-iptables, a DROP policy of its docker, ufw) and its network managers have
# no say over what passes between the nodes, and so that it has no way onto the private network.
# It sees one interface, with the public network's address .1; a route says that the private network
# is unreachable, or packets for it would leave by the default route and somebody might answer.
# shellcheck shell=bash

hub_ip() {
	ip -n "$LAB_HUB" "$@"
}

hub_is_up() {
	ip netns pids "$LAB_HUB" >/dev/null 2>&1 && ip link show "$LAB_LEG" >/dev/null 2>&1 &&
		[[ -n $(hub_dns_pids) ]]
}

hub_dns_pids() { # of any checkout
	pgrep -f "^perl /.*/tests/lab/lib/dns.pl $LAB_DNS $LAB_NAME\$" || true
}

hub_up() {
	local other

	hub_down
	other=$(ip -4 -o route show "$LAB_PUBLIC.0/24"; ip -4 -o route show "$LAB_PRIVATE.0/24")
	[[ -z $other ]] || die "this machine already has a route there: $other"

	ip netns add "$LAB_HUB"
	# shellcheck disable=SC2016 # expanded by the inner shell
	nsenter --net="/run/netns/$LAB_HUB" sh -c '
		for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -w "$f" ] || echo 0 >"$f"; done'
	hub_ip link set lo up
	hub_ip link add public type bridge forward_delay 0
	hub_ip link add private type bridge forward_delay 0
	hub_ip link set public up
	hub_ip link set private up
	ip link add "$LAB_LEG" type veth peer name host netns "$LAB_HUB"
	hub_ip link set host master public up
	ip address add "$LAB_PUBLIC.1/24" dev "$LAB_LEG"
	ip link set "$LAB_LEG" up
	ip route add unreachable "$LAB_PRIVATE.0/24" metric 7700

	hub_ip address add "$LAB_DNS/24" dev public
	setsid nsenter --net="/run/netns/$LAB_HUB" perl "$LAB_SRC/lib/dns.pl" "$LAB_DNS" "$LAB_NAME" \
		</dev/null >"$LAB_DIR/dns.log" 2>&1 9>&- &
}

# Plugs a booting node in: nspawn makes the outer ends of its two links in the hub.
hub_plug() { # N
	wait_for 10 hub_ip link show "$LAB_NAME$1b" || return 1
	hub_ip link set "$LAB_NAME$1a" master public up
	hub_ip link set "$LAB_NAME$1b" master private up
}

# As when the power fails: no farewell of what is being killed reaches the others.
hub_cut() { # N
	hub_ip link set "$LAB_NAME$1a" down 2>/dev/null || true
	hub_ip link set "$LAB_NAME$1b" down 2>/dev/null || true
}

hub_unplug() { # N
	hub_ip link delete "$LAB_NAME$1a" 2>/dev/null || true
	hub_ip link delete "$LAB_NAME$1b" 2>/dev/null || true
}

hub_down() {
	local pid

	for pid in $(hub_dns_pids); do
		kill "$pid"
	done
	ip link delete "$LAB_LEG" 2>/dev/null || true
	ip route delete unreachable "$LAB_PRIVATE.0/24" metric 7700 2>/dev/null || true
	ip netns delete "$LAB_HUB" 2>/dev/null || true
}
