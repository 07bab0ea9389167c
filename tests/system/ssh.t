#!/usr/bin/env bash
# The real link against a real sshd: a throwaway one on a loopback port, with generated keys, in a
# mount namespace of its own where /etc/passwd is ours, so that no user of this machine is touched.
# Prints TAP.  VARIANT says which build's ssh_probe and bad_sshd are used; the default is the sanitised.
set -u
cd "$(dirname "$0")/../.." || exit 1
variant=${VARIANT:-san}
bin=build/$variant/tests
probe=${SSH_PROBE:-$bin/ssh_probe}
bad_sshd=${BAD_SSHD:-$bin/bad_sshd}
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)

skip_all() { echo "1..0 # SKIP $1"; exit 0; }
[ "$(id -u)" = 0 ] || skip_all "needs root (a mount namespace, and sshd switching users)"
[ -n "$sshd" ] || skip_all "no sshd: apt install openssh-server"
command -v ssh-agent >/dev/null && command -v ssh-keygen >/dev/null || skip_all "no ssh-keygen: apt install openssh-client"
[ -x "$probe" ] && [ -x "$bad_sshd" ] || { echo "Bail out! $probe or $bad_sshd is not built"; exit 1; }
unshare -m true 2>/dev/null || skip_all "no mount namespaces here"

T=$(mktemp -d /tmp/svarm-ssh.XXXXXX)
pids=()
cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
chmod 755 "$T"
unset SSH_AUTH_SOCK
export HOME=$T/client
mkdir -p "$HOME"

# ---- TAP --------------------------------------------------------------------------------------
n=0 failed=0
ok() { # ok STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=$((failed + 1))
		head -n 5 "$T/out" | cat -v | cut -c1-200 | sed 's/^/#   out: /'
		head -n 12 "$T/err" | cat -v | cut -c1-600 | sed 's/^/#   err: /'
		echo "#   took ${took:-?} ms"
	fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# Run the probe; sets $rc, $took (ms); $T/out, $T/err.
P() {
	local t0=${EPOCHREALTIME/./}
	"$probe" --port "$port" "${auth[@]}" "$@" >"$T/out" 2>"$T/err"
	rc=$?
	took=$(((${EPOCHREALTIME/./} - t0) / 1000))
}
# Quiet tests for `ok`: each says whether the last P went as wanted.
err_has() { grep -qF -- "$1" "$T/err"; }
out_is() { [ "$(cat "$T/out")" = "$1" ]; }
status_is() { [ "$rc" = 0 ] && grep -qx "status $1" "$T/err"; }
fails_with() { [ "$rc" = 1 ] && grep -q "^error $1: " "$T/err"; }
# Between so many milliseconds, of the whole program: its start and its handshake take their time on a busy machine.
# At the most it is less than what would have been without what is tested: a command takes 20 s, a handshake is waited
# for for 5 s.
within() { [ "$took" -ge "$1" ] && [ "$took" -le "$2" ]; }
# check NAME CONDITION...: conditions are commands joined by `--`.
check() {
	local name=$1 cond=() good=0 w
	shift
	for w in "$@" --; do
		if [ "$w" != -- ]; then
			cond+=("$w")
		else
			[ ${#cond[@]} = 0 ] || "${cond[@]}" || good=1
			cond=()
		fi
	done
	ok $good "$name"
}

# ---- the server -------------------------------------------------------------------------------
for t in ed25519 ecdsa rsa; do ssh-keygen -q -t $t -N '' -C host -f "$T/host_$t"; done
ssh-keygen -q -t ed25519 -N '' -C good -f "$T/id"
ssh-keygen -q -t ed25519 -N '' -C wrong -f "$T/wrong"
ssh-keygen -q -t ed25519 -N secret -C locked -f "$T/locked"
ssh-keygen -q -t rsa -b 3072 -m PEM -N '' -C rsa -f "$T/id_rsa"
pin_of() { ssh-keygen -lf "$1" | awk '{print $2}'; }
pub_of() { cut -d' ' -f1,2 "$1"; }
pin=$(pin_of "$T/host_ed25519.pub")

user() { # user NAME UID SHELL: a line of passwd, and a home with our key
	mkdir -p "$T/home/$1"
	chown "$2" "$T/home/$1"
	echo "$1:x:$2:0::$T/home/$1:$3"
}
{
	user root 0 /bin/sh
	user bashful 0 /bin/bash
	user csh 0 /bin/csh
	user fish 0 /usr/bin/fish
	user nologin 0 /usr/sbin/nologin
	user plain 54321 /bin/sh
	user wheel 54322 /bin/sh
	echo "sshd:x:54323:65534::/run/sshd:/usr/sbin/nologin"
} >"$T/passwd"
sed 's/:.*/:*:19000:0:99999:7:::/' "$T/passwd" >"$T/shadow"
chmod 600 "$T/shadow"
cat "$T/id.pub" "$T/id_rsa.pub" "$T/locked.pub" >"$T/authorized_keys"
# A port nobody listens on, and none that outgoing connections get, nor the tests of functions, which run beside
# this one and claim theirs before they listen.
free_port() {
	local p
	while p=$((10000 + RANDOM % 10000)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
	done
}
mkdir -p /run/sshd
# launch_sshd CONF LOG: sets $server; 0 when it listens on $port
launch_sshd() {
	unshare -m --propagation private sh -c "
		mount --bind '$T/passwd' /etc/passwd
		mount --bind '$T/shadow' /etc/shadow
		[ ! -e '$T/sudoers' ] || mount --bind '$T/sudoers' /etc/sudoers
		exec '$sshd' -D -f '$1' -E '$2'" &
	server=$!
	pids+=("$server")
	for _ in $(seq 400); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
# start_sshd NAME [LINE...]: sets $port and $server; its log is $T/NAME.log
start_sshd() {
	local conf=$T/$1.conf log=$T/$1.log
	{
		printf '%s\n' "ListenAddress 127.0.0.1" "PidFile none" "UsePAM no" \
			"AuthorizedKeysFile $T/authorized_keys" "StrictModes no" "LogLevel DEBUG1" \
			"PasswordAuthentication no" "MaxStartups 100" "MaxSessions 100"
		shift
		case "$*" in *HostKey*) ;; *) printf "HostKey $T/host_%s\n" ed25519 ecdsa rsa ;; esac
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$conf"
	# Somebody else may take the port meanwhile: other tests run beside this one.
	for _ in 1 2 3 4 5; do
		port=$(free_port)
		sed -i '/^Port /d' "$conf"
		printf 'Port %s\n' "$port" | cat - "$conf" >"$conf.new" && mv "$conf.new" "$conf"
		: >"$log"
		launch_sshd "$conf" "$log" && return
	done
	echo "not ok - sshd did not start"
	sed 's/^/# /' "$log"
	exit 1
}
if command -v sudo >/dev/null; then
	printf '%s\n' 'root ALL=(ALL) ALL' 'wheel ALL=(ALL) NOPASSWD: ALL' 'plain ALL=(ALL) ALL' >"$T/sudoers"
	chmod 440 "$T/sudoers"
fi
# How often somebody tried to authenticate, for all the log knows.
auth_attempts() { grep -c 'userauth-request for user' "$1"; }

start_sshd main
main=$port
auth=(--key "$T/id" --pin "$pin")

# ---- running commands -------------------------------------------------------------------------
P --empty 'echo to stdout; echo to stderr >&2; exit 3'
check "stdout, stderr and status come back separately" \
	status_is 3 -- out_is "to stdout" -- err_has "to stderr"

head -c 3000000 /dev/urandom >"$T/random"
"$probe" --port "$port" "${auth[@]}" --max-output 4000000 cat <"$T/random" >"$T/out" 2>"$T/err"
cmp -s "$T/random" "$T/out"
ok $? "3 MB of any bytes go through cat and come back the same"

printf 'a\0b\n\n' | "$probe" --port "$port" "${auth[@]}" 'od -An -c' >"$T/out" 2>"$T/err"
[ "$(tr -d ' \n' <"$T/out")" = 'a\0b\n\n' ]
ok $? "NUL bytes and newlines of the data are untouched"

P --fill 300000000 --stream --time cat
check "300 MB both ways at once: no deadlock, nothing lost" status_is 0 -- grep -qx "bytes 300000000" "$T/err"

P --fill 300000000 --time 'cat >/dev/null'
rate=$(awk '/^seconds/ {printf "%d", 300 / $2}' "$T/err")
check "300 MB in (${rate:-0} MB/s)" status_is 0
[ "$variant" = release ] && min=150 || min=5
[ "${rate:-0}" -ge "$min" ]
ok $? "  at $min MB/s or more"

for u in root bashful csh fish; do
	shell=$(awk -F: -v u=$u '$1 == u {print $7}' "$T/passwd")
	if [ -x "$shell" ] && [ -e "$(readlink -f "$shell")" ]; then
		# Not a root by name: keep sudo out of it by way of a PATH with a stand-in.
		mkdir -p "$T/bin"
		printf '#!/bin/sh\nshift\nexec "$@"\n' >"$T/bin/sudo"
		chmod 755 "$T/bin/sudo"
		[ -n "${viaport:-}" ] || { start_sshd path "SetEnv PATH=$T/bin:/usr/bin:/bin"; viaport=$port; }
		port=$viaport
		P --user $u --empty "printf '%s|' \"a b\" 'c!d' \$((1+1)) '\\'; cat <<-'X'
			\$here \`doc\`
			X
			echo end"
		check "login shell $shell: the script arrives as it is" status_is 0 -- \
			out_is 'a b|c!d|2|\|$here `doc`
end'
	else
		skip "login shell $shell: the script arrives as it is" "no $shell here"
	fi
done
port=$main

big=$(head -c 100000 /dev/zero | tr '\0' x)
P --empty ": $big
# a comment
echo long"
check "a script of 100 kB" status_is 0 -- out_is long
P --empty "$(printf 'cat <<EOF\nlast line\nEOF\n\n\n')"
check "a script that ends in a here-document" status_is 0 -- out_is "last line"
P --empty 'exit 7; echo no'
check "exit in the middle" status_is 7 -- out_is ""
P --empty 'if then'
check "a syntax error is the command's failure, not ours" status_is 2
P --empty ''
check "an empty script" status_is 0
P --empty 'kill -9 $$'
check "killed by a signal" status_is 137
P --empty 'kill -TERM $$'
check "ended by SIGTERM" status_is 143

echo 'echo noise; echo "noise: $-" >&2' >"$T/home/bashful/.bashrc"
port=$viaport
P --user bashful --empty 'echo clean'
check "noise of login files is dropped" status_is 0 -- out_is clean -- test "$(grep -c noise "$T/err")" = 0
port=$main

P --empty 'sleep 20 & echo started; exit 5'
check "a daemon that keeps stdout open does not hang us" status_is 5 -- out_is started -- within 0 15000
P --empty 'exec >&- 2>&-; sleep 1; exit 6'
check "closing stdout early does not lose the status" status_is 6

P --fill 50000000 'exit 9'
check "a command that ignores its input ends all the same" status_is 9 -- within 0 9000
P --repeat 5 --empty 'echo again'
check "several commands over one link" status_is 0 -- test "$(grep -c again "$T/out")" = 5

# ---- limits -----------------------------------------------------------------------------------
P --empty --deadline 700 'sleep 20'
check "the deadline" fails_with -110 -- err_has "took longer than" -- within 600 9000
P --empty --idle 700 'sleep 20'
check "the idle timeout" fails_with -110 -- err_has "gave no output for" -- within 600 9000
P --empty --idle 700 'for i in 1 2 3 4 5 6; do sleep 0.3; echo $i; done'
check "  does not strike while there is output" status_is 0
P --wait 1500 --empty --idle 500 'cat; echo done'
check "  nor while input waits for a promise" status_is 0 -- within 1400 9000
P --empty 'yes'
check "endless stdout meets the cap" fails_with -1004 -- err_has "more than 1048576 bytes to stdout" -- within 0 9000
P --empty --max-output 1000 'yes >&2'
check "endless stderr meets the cap" fails_with -1004 -- err_has "more than 1000 bytes to stderr"
P --empty --stream --max-output 10 'head -c 100000 /dev/zero'
check "the cap is not for output taken as it comes" status_is 0 -- grep -qx "bytes 100000" "$T/err"
P --empty --max-output 6 'echo 12345'
check "exactly the cap is allowed" status_is 0 -- out_is 12345
P --abort --fill 10 'cat >/dev/null; sleep 20'
check "the caller's abort ends it with the caller's error" fails_with -125 -- err_has "the caller gave up" -- within 0 9000
P --cancel 500 --empty 'sleep 20'
check "cancel while a command runs" fails_with -1007 -- within 400 9000
P --cancel 500 --wait 60000 'cat'
check "cancel while a promise is pending" fails_with -1007 -- within 400 9000

TIMEFORMAT='%U %S'
cpu=$({ time P --empty 'sleep 3'; } 2>&1)
[ "$variant" = release ] && limit=0.08 || limit=1.5
awk -v t="$cpu" -v l="$limit" 'BEGIN {split(t, a, " "); exit !(a[1] + a[2] <= l)}'
ok $? "waiting 3 s costs no CPU ($cpu s)"
P --empty --time 'printf a; sleep 1; printf b; exit 0'
took=$(awk '/^seconds/ {printf "%d", $2 * 1000}' "$T/err") # of the command alone
check "the end is noticed at once" within 1000 1900

# ---- host keys --------------------------------------------------------------------------------
kh=$T/known_hosts
host="[127.0.0.1]:$port"
before=$(auth_attempts "$T/main.log")
auth=(--key "$T/id" --known-hosts "$kh")
refused() { # refused NAME TEXT: no login was tried, known_hosts is as it was
	check "$1" fails_with -1002 -- err_has "$2" -- cmp -s "$kh" "$kh.before" -- \
		test "$(auth_attempts "$T/main.log")" = "$before"
}
: >"$kh"; cp "$kh" "$kh.before"
P --empty 'true'
refused "unknown host key" "is unknown: it shows ssh-ed25519 $pin"
err_has "host_key: \"$pin\""; ok $? "  shows the line for the spec"
rm "$kh"
P --empty 'true'
check "no known_hosts at all" fails_with -1002 -- err_has "is unknown" -- test ! -e "$kh"
printf '%s %s' "$host" "$(pub_of "$T/wrong.pub")" >"$kh"; cp "$kh" "$kh.before"
P --empty 'true'
refused "changed host key" "has changed: $kh:1 has another ssh-ed25519 key, the node shows $pin"
P --learn --empty 'true'
refused "changed host key, although new ones are accepted" "has changed"
echo "@revoked * $(pub_of "$T/host_ed25519.pub")" >"$kh"
echo "$host $(pub_of "$T/host_ed25519.pub")" >>"$kh"; cp "$kh" "$kh.before"
P --empty 'true'
refused "revoked host key, although it is known" "is revoked: $kh:1"
P --pin "$pin" --empty 'true'
refused "revoked host key, although it is pinned" "is revoked: $kh:1"
echo "@cert-authority 127.0.* $(pub_of "$T/host_ed25519.pub")" >"$kh"
sed -i "s/127.0.\*/[127.0.*]:*/" "$kh"; cp "$kh" "$kh.before"
P --empty 'true'
refused "@cert-authority is not a plain key" "host certificates are not supported"
echo "$host ssh-dss AAAAB3NzaC1kc3MAAAAA" >"$kh"; cp "$kh" "$kh.before"
P --learn --empty 'true'
refused "a key of another type is known" "is of another type than known: $kh:1 has a key of type ssh-dss"
: >"$kh"; cp "$kh" "$kh.before"
P --pin "$(pin_of "$T/wrong.pub")" --empty 'true'
refused "wrong pin" "not the pinned one: the spec says $(pin_of "$T/wrong.pub")"
check "  lists every key the node has" err_has "ssh-ed25519 $pin" -- \
	err_has "$(pin_of "$T/host_ecdsa.pub")" -- err_has "ssh-rsa $(pin_of "$T/host_rsa.pub")"
for t in ed25519 ecdsa rsa; do
	P --pin "$(pin_of "$T/host_$t.pub")" --empty 'echo in'
	check "pin of the $t key" status_is 0 -- out_is in
	echo "$host $(pub_of "$T/host_$t.pub")" >"$kh"
	P --empty 'echo in'
	check "known $t key only" status_is 0 -- out_is in
done
P --pin "$pin=" --empty 'true'
check "a pin with base64's padding" status_is 0
printf '# comment\n\n%s,other %s comment\n' "$host" "$(pub_of "$T/host_ed25519.pub")" >"$kh"
ssh-keygen -q -H -f "$kh" >/dev/null 2>&1; rm -f "$kh.old"
grep -q '^|1|' "$kh" && P --empty 'true'
check "hashed known_hosts" grep -q '^|1|' "$kh" -- status_is 0
printf 'elsewhere %s' "$(pub_of "$T/wrong.pub")" >"$kh"
P --learn --empty 'true'
check "an unknown key is learned" status_is 0 -- test "$(wc -l <"$kh")" = 2 -- \
	grep -qF "$host ssh-ed25519 " "$kh" -- grep -q '^elsewhere .*=*$' "$kh"
cp "$kh" "$kh.before"
P --learn --empty 'true'
check "  once" status_is 0 -- cmp -s "$kh" "$kh.before"
P --empty 'true'
check "  and is known then" status_is 0
rm -rf "$T/new"
P --known-hosts "$T/new/known_hosts" --learn --parallel 4 --empty 'true'
check "learning makes the file and its folder, private" status_is 0 -- \
	test "$(stat -c %a "$T/new" "$T/new/known_hosts" | tr '\n' ' ')" = "700 600 "

# ---- authentication ---------------------------------------------------------------------------
auth=(--pin "$pin" --timeout 1000)
P --key "$T/wrong" --empty 'true'
check "a refused key" fails_with -1003 -- err_has "user 'root' was refused: tried '$T/wrong' (refused), agent (SSH_AUTH_SOCK is not set)"
P --key "$T/wrong" --key "$T/id" --empty 'true'
check "the second key fits" status_is 0
P --key "$T/id_rsa" --empty 'true'
check "an RSA key in PEM" status_is 0
P --timeout 60000 --key "$T/absent" --key "$T/locked" --key "$T/passwd" --empty 'true'
check "no key to offer: every reason, at once" fails_with -1003 -- within 0 9000 -- \
	err_has "'$T/absent' (no such file)" -- err_has "'$T/locked' (encrypted: add it to the agent" -- \
	err_has "'$T/passwd' (not a private key"
P --empty 'true'
check "nothing configured, nothing there" fails_with -1003 -- err_has "no key to log in with"
mkdir -p "$HOME/.ssh"; cp "$T/id" "$HOME/.ssh/id_ed25519"
P --empty 'true'
check "id_ed25519 of the home is tried by default" status_is 0
rm -r "$HOME/.ssh"
eval "$(ssh-agent -s)" >/dev/null; pids+=("$SSH_AGENT_PID")
ssh-add -q "$T/wrong" 2>/dev/null
P --key "$T/locked" --empty 'true'
check "the agent has only other keys" fails_with -1003 -- err_has "agent (refused)"
printf '#!/bin/sh\necho secret\n' >"$T/askpass"; chmod 755 "$T/askpass"
SSH_ASKPASS=$T/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=: ssh-add -q "$T/locked" 2>/dev/null
P --key "$T/locked" --empty 'true'
check "the agent has the encrypted key" status_is 0
P --empty 'true'
check "the agent alone" status_is 0
sock=$SSH_AUTH_SOCK
export SSH_AUTH_SOCK=$T/no-agent
P --key "$T/locked" --empty 'true'
check "a dead agent" fails_with -1003 -- err_has "agent (nobody answers at SSH_AUTH_SOCK)"
export SSH_AUTH_SOCK=$sock
for i in 1 2 3 4 5 6 7; do
	ssh-keygen -q -t ed25519 -N '' -f "$T/many$i"; ssh-add -q "$T/many$i" 2>/dev/null
done
ssh-add -q -d "$T/locked" 2>/dev/null
P --empty 'true'
check "an agent full of wrong keys" fails_with -1003 -- err_has "too many keys were tried"
P --key "$T/id" --empty 'true'
check "  does not matter when the spec names the key" status_is 0
unset SSH_AUTH_SOCK

: >"$T/late_keys"
start_sshd late "AuthorizedKeysFile $T/late_keys"
sed -i "/authorized_keys/d" "$T/late.conf"; kill -HUP "$server" 2>/dev/null; sleep 0.5
(sleep 2.5; cp "$T/id.pub" "$T/late_keys") &
P --timeout 20000 --key "$T/id" --empty 'echo in'
check "a key that is installed later is waited for" status_is 0 -- within 2400 9000 -- \
	err_has "notice: user 'root' was refused"
port=$main
start_sshd two "AuthenticationMethods publickey,publickey"
P --key "$T/id" --empty 'true'
check "a second factor" fails_with -1003 -- err_has "wants a second factor"
port=$main

# ---- root -------------------------------------------------------------------------------------
auth=(--key "$T/id" --pin "$pin")
if command -v sudo >/dev/null; then
	P --user wheel --empty 'id -u; exit 4'
	check "a user with passwordless sudo runs as root" status_is 4 -- out_is 0
	"$probe" --port "$port" "${auth[@]}" --user wheel --max-output 4000000 cat <"$T/random" >"$T/out" 2>"$T/err"
	cmp -s "$T/random" "$T/out"
	ok $? "  data goes through sudo untouched"
	P --user plain --empty 'true'
	check "a user whose sudo wants a password" fails_with -1 -- err_has "user 'plain' needs passwordless sudo on the node"
else
	skip "a user with passwordless sudo runs as root" "no sudo here"
	skip "  data goes through sudo untouched" "no sudo here"
	skip "a user whose sudo wants a password" "no sudo here"
fi
port=$viaport
mv "$T/bin/sudo" "$T/bin/sudo.off"
printf '#!/bin/sh\nprintf "sudo: \\033[31mno way\\033[0m\\n" >&2; exit 1\n' >"$T/bin/sudo"; chmod 755 "$T/bin/sudo"
P --user wheel --empty 'true'
check "what sudo says is escaped" fails_with -1 -- err_has 'sudo: \x1b[31mno way\x1b[0m'
P --user nologin --empty 'true'
check "an account without a shell" fails_with -1004 -- err_has "did not start a shell for user 'nologin'"
port=$main

# ---- connecting -------------------------------------------------------------------------------
port=$(free_port)
P --timeout 1500 --empty 'true'
check "connection refused" fails_with -111 -- err_has "Connection refused (" -- err_has "tries in" -- within 1000 4500
P --timeout 0 --empty 'true'
check "  without patience" fails_with -111 -- within 0 3000
late=$port
(sleep 1.2; sed "s/^Port .*/Port $late/" "$T/main.conf" >"$T/booting.conf"
	exec unshare -m --propagation private sh -c "mount --bind '$T/passwd' /etc/passwd
		exec '$sshd' -D -f '$T/booting.conf' -E '$T/booting.log'") &
pids+=($!)
P --timeout 15000 --empty 'echo up'
check "a machine that is still booting" status_is 0 -- out_is up -- err_has "notice: "
P --cancel 400 --timeout 20000 --address 192.0.2.1 --empty 'true'
check "cancel while connecting" fails_with -1007 -- within 300 9000
P --timeout 1000 --address no-such-host.invalid --empty 'true'
check "a name nobody knows" fails_with '-\(2\|11\)' -- err_has "no-such-host.invalid"
port=$main
P --address localhost --empty 'true'
check "a host name" status_is 0

# ---- servers that misbehave -------------------------------------------------------------------
bad() { # bad MODE [HOST_KEY]: sets $port
	"$bad_sshd" "$@" >"$T/bad.port" 2>/dev/null &
	pids+=($!)
	for _ in $(seq 100); do [ -s "$T/bad.port" ] && break; sleep 0.02; done
	port=$(cat "$T/bad.port")
	: >"$T/bad.port"
}
bad garbage
P --timeout 1000 --empty 'true'
check "garbage instead of SSH" fails_with '-\(71\|104\|110\)' -- within 0 9500
bad lines
P --timeout 1500 --empty 'true'
check "endless lines before the banner" fails_with '-\(71\|110\)' -- within 0 9500
bad longline
P --timeout 1500 --empty 'true'
check "an endless banner" fails_with '-\(71\|104\)' -- within 0 9500
bad silent
P --timeout 1000 --empty 'true'
check "a server that says nothing" fails_with -110 -- err_has "ssh handshake: timed out" -- within 900 9500
P --cancel 400 --timeout 20000 --empty 'true'
check "cancel while it says nothing" fails_with -1007 -- within 300 4500
bad half
P --timeout 1000 --empty 'true'
check "a banner, then nothing" fails_with -110 -- within 900 9500
bad close
P --timeout 1000 --empty 'true'
check "a server that hangs up" fails_with -104 -- err_has "connection closed during the ssh handshake" -- within 0 4500

bad nostatus "$T/host_ed25519"
P --empty 'true'
check "no exit status" fails_with -1004 -- err_has "without an exit status" -- err_has "outcome is unknown" -- out_is "some output"
bad hangup "$T/host_ed25519"
P --empty 'true'
check "hangs up in the middle" fails_with -104 -- err_has "connection lost" -- err_has "whether the command ran is unknown"
bad refuse "$T/host_ed25519"
P --empty 'true'
check "refuses to run anything" fails_with -71 -- err_has "refused to run a command"
bad mute "$T/host_ed25519"
P --empty --keepalive 300 --fill 100000000 'true'
check "neither answers nor reads" fails_with -110 -- err_has "no sign of life" -- within 700 9000
P --cancel 500 --fill 100000000 'true'
check "  cancel still works" fails_with -1007 -- within 400 9000
bad flood "$T/host_ed25519"
P --empty 'true'
check "writes without end before any shell" fails_with -1004 -- \
	err_has "wrote more than 1048576 bytes before it started our shell" -- within 0 20000
bad signal "$T/host_ed25519"
P --empty 'true'
check "a signal of a strange name" status_is 128

# ---- connections that die ---------------------------------------------------------------------
port=$main
# The sshd process of a session is the parent of its shell.
P --empty 'kill -9 "$(sed "s/.*) . \([0-9]*\) .*/\1/" /proc/$$/stat)"; sleep 5'
check "the server's process is killed mid-command" fails_with -104 -- err_has "connection lost" -- within 0 4500
P --empty --keepalive 400 'kill -STOP "$(sed "s/.*) . \([0-9]*\) .*/\1/" /proc/$$/stat)"; sleep 3; kill -CONT "$(sed "s/.*) . \([0-9]*\) .*/\1/" /proc/$$/stat)"'
check "a silent peer is noticed" fails_with -110 -- err_has "no sign of life from the node" -- within 900 9000
P --empty --keepalive 300 'sleep 3; echo alive'
check "a quiet command is not mistaken for a dead peer" status_is 0 -- out_is alive
start_sshd rekey "RekeyLimit 1M"
P --fill 60000000 --stream cat
check "keys are renewed 60 times under load" status_is 0 -- grep -qx "bytes 60000000" "$T/err"
grep -q 'rekeying\|rekey after' "$T/rekey.log"; ok $? "  really"
port=$main

# ---- many -------------------------------------------------------------------------------------
P --parallel 12 --fill 2000000 --stream cat
check "12 links at once" test "$rc" = 0 -- test "$(grep -c '^status 0$' "$T/err")" = 12 -- \
	test "$(grep -c '^bytes 2000000$' "$T/err")" = 12
(ulimit -n 24; "$probe" --port "$port" "${auth[@]}" --bench 40 >"$T/out" 2>"$T/err")
ok $? "40 links one after the other leak no descriptors ($(cat "$T/out") ms each)"

echo "1..$n"
[ $failed = 0 ]
