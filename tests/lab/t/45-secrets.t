#!/usr/bin/env bash
# A password on its way from the operator to the containers: it is in no argument, no environment, no
# log, no event and no file but its own.  While it travels, every process of the machine, and so of the
# three nodes, is looked at.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 21
"$svarm" up --no-health "$spec" >/dev/null 2>&1

secret=canary-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
old=$(node 1 'cat /etc/svarm/secrets/basic-auth-password')
own_spec=build/lab/secrets.yaml
trap 'rm -rf "$tmp" "$own_spec"' EXIT
(umask 077 && echo "$secret" >"$tmp/password")
sed "s#^faas:#faas:\n  password: \"file:$tmp/password\"#" "$spec" >"$own_spec"

watch_begin() {
	coproc WATCH { tests/lab/leaks.py "$secret" SWMTKN-1- >"$tmp/leaks"; }
	# shellcheck disable=SC2153
	watch_pid=$WATCH_PID
}
watch_end() {
	eval "exec ${WATCH[1]}>&-"
	wait "$watch_pid"
}
hits() {
	tail -n +2 "$tmp/leaks" | grep -c .
}
status_of() { # PASSWORD: what /system/functions answers
	curl -s -o /dev/null -w '%{http_code}' -K - "http://$leader/system/functions" <<<"user = \"admin:$1\""
}
# Files of a node that hold the password, but for those of dockerd and the kernel.
holders() { # NODE
	"$lab" ssh "$1" sh -s <<-SH
		find / -xdev \\( -path /proc -o -path /sys -o -path /usr -o -path /var/lib/docker \\) -prune -o \\
			-type f -size -5M -exec grep -lF "$secret" {} +
		find /run /tmp -type f ! -path "*/netns/*" -exec grep -lF "$secret" {} +
		true
	SH
}
# As nginx' workers in the gateway's container, which is a user of the node's too: read a file there.
as_worker() { # PATH
	node 1 "pid=\$(docker inspect -f '{{.State.Pid}}' \$(docker ps -q --filter label=com.docker.swarm.service.name=svarm_gateway))
		perl -e 'chroot(\"/proc/'\$pid'/root\") or die; chdir(\"/\"); \$( = \$) = \"65534 65534\"; \$< = \$> = 65534;
			open(my \$f, \"<\", \"$1\") ? print \"open\" : print \"closed\"'"
}

# ---- the control: a leak of a fifth of a second is seen ------------------------------------------
# A machine that has much else to do does not let the watcher look all the time: once in so many is enough.
for _ in 1 2 3 4 5 6 7 8; do
	watch_begin
	sleep 0.5
	(exec -a "$secret" sleep 0.2)
	watch_end
	[ "$(hits)" -eq 0 ] || break
done
is "control: a secret among the arguments is seen" "$(hits)" 1

# ---- the way ------------------------------------------------------------------------------------
is "the old password opens /system" "$(status_of "$old")" 200
watch_begin
exits 10 "plan with a new password" "$svarm" plan -vv --json "$own_spec"
cp "$tmp/out" "$tmp/said"
exits 0 "up with a new password" "$svarm" up -vv --no-health --events "$tmp/events" "$own_spec"
cat "$tmp/out" "$tmp/events" >>"$tmp/said"
watch_end
[ "$(sed -n 's/^looks //p' "$tmp/leaks")" -gt 20000 ]
report $? "processes were looked at ($(head -n 1 "$tmp/leaks"))"
cp "$tmp/leaks" "$tmp/out"
[ "$(hits)" -eq 0 ]
report $? "neither password nor join token among arguments and environments"
is "nor in what plan and up say, nor in the events" "$(grep -cF "$secret" "$tmp/said")" 0
# The gateway runs anew; it may not listen yet.
for _ in $(seq 40); do
	[ "$(status_of "$secret")" != 200 ] || break
	sleep 0.5
done
is "the new password opens /system" "$(status_of "$secret")" 200
is "the old one does not" "$(status_of "$old")" 401
exits 0 "then there is nothing to do" "$svarm" plan "$own_spec"

# ---- where it is --------------------------------------------------------------------------------
is "on the leader it is in one file" "$(holders 1)" /etc/svarm/secrets/basic-auth-password
is "on the others in none" "$(holders 2)$(holders 3)" ""
is "which is root's alone" "$(node 1 'stat -c "%a %U" /etc/svarm/secrets /etc/svarm/secrets/*' | sort -u | tr '\n' ' ')" \
	"600 root 700 root "
is "no name shows a hash of it alone" \
	"$(node 1 'docker secret ls --format "{{.Name}}"' | grep -c "$(printf %s "$secret" | sha256sum | cut -c 1-12)")" 0

# ---- what stands beside the gateway ---------------------------------------------------------------
is "control: nginx' workers could read a public file" "$(as_worker /etc/passwd)" open
is "but not the passwords" "$(as_worker /run/secrets/basic-auth-password)$(as_worker /run/secrets/redis-password)" closedclosed
is "nor Docker's socket" "$(as_worker /var/run/docker.sock)" closed

# ---- what a container reaches ---------------------------------------------------------------------
connects() { # ADDRESS PORT
	in_container 1 svarm_gateway "perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(PeerAddr => \"$1:$2\", Timeout => 2) ? \"open\" : \"closed\"'"
}
is "control: a container reaches the node's gateway" "$(connects 10.88.0.11 8080)" open
is "but not the swarm's ports" "$(connects 10.88.0.11 2377)$(connects 10.88.0.12 7946)" closedclosed
# A function, on whichever node it runs, asks the gateway.
function_gets() { # PATH: the status
	local n
	for n in 2 3; do
		in_container "$n" fn_echo "perl -MIO::Socket::INET -e '
			\$s = IO::Socket::INET->new(PeerAddr => \"10.88.0.11:8080\", Timeout => 3) or exit;
			print \$s \"GET $1 HTTP/1.0\r\nHost: gateway\r\n\r\n\"; print((split(/ /, <\$s>))[1])'" 2>/dev/null && return
	done
}
# The services were deployed anew a moment ago: tasks come and go.
for _ in $(seq 20); do
	[ "$(function_gets /function/echo)" != 200 ] || break
	sleep 0.5
done
is "control: a function may call a function" "$(function_gets /function/echo)" 200
is "but not manage them" "$(function_gets /system/functions)" 401
