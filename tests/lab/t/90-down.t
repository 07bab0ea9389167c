#!/usr/bin/env bash
# A run killed half-way converges when repeated; `down` gives the nodes back as they were found.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 14
"$lab" up >/dev/null 2>&1 && "$lab" reset >/dev/null 2>&1
for n in 1 2 3; do "$lab" ssh $n sh -s <tests/lab/tree >"$tmp/before$n"; done

"$svarm" up --no-health "$spec" >/dev/null 2>&1 &
sleep 9
kill -9 $!
wait $! 2>/dev/null
# What runs on the nodes ends by itself: apt finishes, then the script finds its input gone.
status=5
for _ in $(seq 60); do
	status=0
	"$svarm" up "$spec" >"$tmp/out" 2>&1 || status=$?
	[ "$status" -eq 5 ] || break
	sleep 1
done
is "after kill -9 half-way, a repeated up converges" "$status" 0
exits 0 "and leaves nothing to do" "$svarm" plan "$spec"

# What clients of the gateway made goes as well.
password=$(node 1 'cat /etc/svarm/secrets/basic-auth-password')
api() { # ROUTE JSON
	curl -s -m 20 -o /dev/null -w '%{http_code}' -K - -d "$2" "http://$leader/system/$1" <<<"user = admin:$password"
}
is "a secret is made by the gateway" "$(api secrets '{"name":"of-a-client","value":"x"}')" 201
is "a function is deployed by the gateway" \
	"$(api functions '{"service":"of-a-client","image":"svarm/echo:dev","secrets":["of-a-client"]}')" 202

exits 2 "down without --yes and without a terminal does nothing" "$svarm" down "$spec"
check "down" "$svarm" down --yes "$spec"
# Exceptions, each a trace that apt, dpkg or the lab leaves, not svarm:
#   apt's and debconf's caches and lists, ldconfig's cache; dpkg's and the user databases' backups;
#   docker's two folders, which are mount points in the lab and so cannot be removed.
traces='^/var/(cache/(apt|debconf|ldconfig)/|lib/apt/lists/|lib/dpkg/status-old$)'
traces="$traces|^/etc/(group|gshadow|passwd|shadow|subuid|subgid)-\$|^/var/lib/(docker|containerd)\$"
for n in 1 2 3; do
	"$lab" ssh $n sh -s <tests/lab/tree >"$tmp/after$n"
	diff "$tmp/before$n" "$tmp/after$n" | sed -n 's/^[<>] .* \(\/.*\)$/\1/p' | sort -u |
		grep -Ev "$traces" >"$tmp/out"
	[ ! -s "$tmp/out" ]
	report $? "lab-$n is as it was found"
done
is "no packages are left" "$(for n in 1 2 3; do node $n 'dpkg -l docker.io nginx nftables 2>/dev/null | grep -c ^ii'; done | tr '\n' ' ')" "0 0 0 "
is "the kernel settings are the old ones" "$(node 1 'cat /proc/sys/net/core/somaxconn')" \
	"$(cat /proc/sys/net/core/somaxconn)"
is "no table of ours is loaded" "$(node 1 'ls /etc/svarm /var/lib/svarm 2>/dev/null | wc -l')" 0
exits 0 "down again has nothing to do" "$svarm" down --yes "$spec"
check "the lab goes down" "$lab" down
