#!/usr/bin/env bash
# What goes wrong goes wrong safely: wrong host key, wrong spec, a node that is down, a lock that is
# held, a node that belongs to somebody else's swarm, a run that is killed.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 30
"$svarm" up --no-health "$spec" >/dev/null 2>&1
cp build/lab/id_ed25519 "$tmp/" && chmod 600 "$tmp/id_ed25519"
derive() { # SED-SCRIPT: a spec of its own beside a copy of the key
	sed -e "s#\.\./images#$PWD/build/images#" -e "$1" "$spec" >"$tmp/cluster.yaml"
}
other_key=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA

# --- host key ---
derive "/lab-2/s#SHA256:[^\"]*#$other_key#"
accepted() { node 2 "journalctl -q --no-pager -o cat | grep -c 'Accepted publickey for ubuntu'"; }
node 2 true
exits 1 "a host key that is not the pinned one fails the run" "$svarm" plan "$tmp/cluster.yaml"
says "the message names the node and both keys" "lab-2: .*host key"
# Only its two look-ups themselves logged in (as root): svarm's user never did.
before=$(accepted)
"$svarm" plan "$tmp/cluster.yaml" >/dev/null 2>&1
is "no authentication was tried" "$(accepted)" "$before"

# --- spec ---
derive 's/10\.88\.0\.12/10.88.0.300/'
start=$(date +%s%N)
exits 2 "a wrong spec exits 2" "$svarm" up "$tmp/cluster.yaml"
took=$((($(date +%s%N) - start) / 1000000))
says "with file, line and column" 'cluster\.yaml:[0-9]+:[0-9]+: nodes\[1\]\.private: .10\.88\.0\.300. is not an IP'
is "in under a second (it took $took ms)" "$((took / 1000))" 0

# --- a kernel setting the kernel refuses: the file that keeps it is not written ---
derive 's/^faas:/tune: {sysctl: {net.ipv4.tcp_congestion_control: nosuch}}\nfaas:/'
exits 1 "a value the kernel refuses fails the run" "$svarm" up --no-health "$tmp/cluster.yaml"
says "the message names the step" "step 'set [0-9]+ kernel setting"
is "the file that keeps settings is what it was" "$(node 1 'grep -c nosuch /etc/sysctl.d/90-svarm.conf')" 0
check "the right spec changes nothing then" "$svarm" up --no-health "$spec"

# --- a change to make, for the rest ---
node 1 'sysctl -qw net.ipv4.tcp_tw_reuse=2'
exits 10 "a setting changed by hand is seen" "$svarm" plan "$spec"
says "as a change" 'net\.ipv4\.tcp_tw_reuse +2 +1'

# --- lock ---
# Held until we say so, and a minute at the most.
"$lab" ssh 1 'exec 9>>/run/svarm-lock; flock 9; echo "somebody@elsewhere, up" >/run/svarm-lock
	for _ in $(seq 300); do [ -e /run/let-go ] && break; sleep 0.2; done; rm -f /run/let-go' </dev/null &
holder=$!
for _ in $(seq 40); do
	node 1 'grep -q somebody@elsewhere /run/svarm-lock' && break
	sleep 0.25
done
exits 5 "while another run holds the lock, exit 5" "$svarm" up --no-health "$spec"
says "naming the holder" 'somebody@elsewhere'
is "nothing was changed" "$(node 1 'sysctl -n net.ipv4.tcp_tw_reuse')" 2
node 1 'touch /run/let-go'
wait "$holder"
check "then it goes through" "$svarm" up --no-health "$spec"

# --- a node that is down ---
derive 's/ssh: {/ssh: {connect_timeout: 3s, /'
"$lab" stop-node 3 >/dev/null 2>&1
node 2 'sysctl -qw net.ipv4.tcp_tw_reuse=2'
exits 1 "a node that is down fails the run" "$svarm" up "$tmp/cluster.yaml"
says "it is named" 'lab-3: '
is "the others went on" "$(node 2 'sysctl -n net.ipv4.tcp_tw_reuse')" 1
exits 1 "health fails too" "$svarm" health "$tmp/cluster.yaml"
check "the node comes back" "$lab" start-node 3
check "and up makes it whole, firewall and settings loaded at boot" "$svarm" up "$spec"
says "healthy" '^healthy: '

# --- somebody else's swarm ---
node 2 'docker swarm leave >/dev/null && docker swarm init --advertise-addr 10.88.0.12 >/dev/null'
foreign=$(node 2 "docker info --format '{{.Swarm.NodeID}}'")
exits 1 "a node of another swarm is refused" "$svarm" up --no-health "$spec"
says "with the reason" 'lab-2: .*another swarm'
is "and never forced out" "$(node 2 "docker info --format '{{.Swarm.NodeID}}'")" "$foreign"
node 2 'docker swarm leave --force' >/dev/null
check "once it left, it joins again" "$svarm" up "$spec"
# Its old entry is down once the swarm misses its heartbeats.
for _ in $(seq 60); do
	node 1 "docker node ls --format '{{.Status}}'" | grep -q Down && break
	sleep 1
done
exits 10 "the entry it left behind is a change to make" "$svarm" plan "$spec"
check "which up makes" "$svarm" up --no-health "$spec"
is "three members are left" "$(node 1 "docker node ls --format '{{.Status}}'" | sort | uniq -c | tr -s ' ')" " 3 Ready"
