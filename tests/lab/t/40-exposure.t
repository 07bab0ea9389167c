#!/usr/bin/env bash
# What the public side can reach: ssh everywhere, the public door on the ingress node, nothing else.
# Control: before svarm came (10-plan.t), and from a peer on the private side, more answers.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 15
"$svarm" up --no-health "$spec" >/dev/null 2>&1

ports=1-12000,30000-33000,65000-65535
for n in 1 2 3; do tests/lab/scan.py "10.77.0.1$n" $ports >"$tmp/scan$n" & done
wait
is "lab-1: 22 and 80" "$(tr '\n' ' ' <"$tmp/scan1")" "open: 22 80 refused: 443 "
is "lab-2: 22" "$(tr '\n' ' ' <"$tmp/scan2")" "open: 22 refused: "
is "lab-3: 22" "$(tr '\n' ' ' <"$tmp/scan3")" "open: 22 refused: "

# The same ports are there for the peers: what is closed is closed by the firewall, not absent.
for port in 2377 7946 8080; do
	check "lab-2 reaches port $port of lab-1 on the private side" node 2 \
		"perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => \"10.88.0.11:$port\", Timeout => 3)'"
done
# UDP: does the packet get through to the socket's interface?  Counted on the node, not guessed from
# silence: the kernel counts what reaches a port nobody listens to, so ask nftables itself.
for port in 2377 4789 7946; do
	node 1 "nft add rule inet svarm outside udp dport $port counter comment '\"seen-$port\"'" >/dev/null
done
before=$(node 1 'nft -a list chain inet svarm outside' | grep -c seen-)
is "the counters behind the drop are in place" "$before" 3
for port in 2377 4789 7946; do
	python3 - <<-PY
		import socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for _ in range(5):
		    s.sendto(b"x" * 32, ("10.77.0.11", $port))
	PY
	is "UDP $port from outside does not get past the firewall" \
		"$(node 1 'nft list chain inet svarm outside' | sed -n "s/.*udp dport $port counter packets \([0-9]*\) .*seen.*/\1/p")" 0
done
node 1 'systemctl reload svarm-firewall' >/dev/null
is "reloading the firewall makes it what it was" "$(node 1 'nft list chain inet svarm outside' | grep -c seen-)" 0

# As nftables' own service does whenever it starts; the unit that loaded the rules stays active.
node 1 'nft delete table inet svarm && systemctl is-active -q svarm-firewall' >/dev/null
is "plan sees that its rules are gone" "$("$svarm" plan "$spec" 2>&1 | grep -c 'svarm-firewall.*rules not loaded')" 1
"$svarm" up --no-health "$spec" >/dev/null 2>&1
check "and up loads them again" node 1 'nft list chain inet svarm outside >/dev/null'

check "it survives a restart of dockerd" node 1 'systemctl restart docker && nft list table inet svarm >/dev/null'
# What is to be closed must be there first: the gateway's port, seen from a peer.
for _ in $(seq 60); do
	node 2 "perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => \"10.88.0.11:8080\", Timeout => 3)'" && break
	sleep 0.5
done
is "and so does what is closed" "$(tests/lab/scan.py 10.77.0.11 2377,4789,7946,8080-8082,9090 | tr '\n' ' ')" "open: refused: "
