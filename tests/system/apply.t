#!/usr/bin/env bash
# The functions of templates/apply.sh for real, under dash, in a mount namespace of their own: /var/lib,
# /var/log, /run, /srv and /proc/sys are empty there, and systemctl, docker, apt and nginx are stand-ins that write
# down what they were asked.  What they do to a real node, the lab shows; here is what a broken connection,
# a kill or a hostile name does to a file.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip "needs root for a mount namespace"
	for tool in unshare dash perl flock setsid; do
		command -v "$tool" >/dev/null || skip "needs $tool"
	done
	unshare -m true 2>/dev/null || skip "this machine makes no mount namespaces"
	exec unshare -m --propagation private tests/system/apply.t inside
fi

exec </dev/null
for folder in /var/lib /var/log /run /srv /usr/local/sbin /proc/sys; do
	mount -t tmpfs -o mode=755 tmpfs "$folder" || skip "no tmpfs over $folder"
done
mkdir -p /run/lock /var/lib/dpkg /var/lib/apt/lists
chmod 1777 /run/lock # as on a node
work=$(mktemp -d)
# shellcheck disable=SC2317
tidy() {
	[ -z "${socket_pid:-}" ] || kill "$socket_pid" 2>/dev/null
	[ -z "${master:-}" ] || kill "$master" 2>/dev/null
	rm -rf "$work"
}
trap tidy EXIT
state=/var/lib/svarm
n=0 failed=0

# ---- harness ----------------------------------------------------------------------------------
report() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $n - $2"
	for file in out err log; do
		[ ! -s "$work/$file" ] || sed "s/^/# $file: /" "$work/$file" | tail -n 8
	done
}
is() { # NAME HAVE WANT
	[ "$2" = "$3" ]
	report $? "$1${4:-}"
	[ "$2" = "$3" ] || printf '# have: %s\n# want: %s\n' "$2" "$3"
}
has() { # NAME FILE PATTERN
	grep -q -- "$3" "$2"
	report $? "$1"
}
hasnt() { # NAME FILE PATTERN
	! grep -q -- "$3" "$2"
	report $? "$1"
}
frame() { # TEXT
	printf '%s\n%s' "${#1}" "$1"
}
write_script() { # CALLS
	cat templates/apply.sh
	printf '\nbegin\n%s\ntell end\n' "$1"
}
# Run CALLS as a link does: the script's text is evaluated, the frames come on standard input.
node() { # CALLS
	write_script "$1" >"$work/script"
	dash -c 'eval "$(cat "$0")"' "$work/script" >"$work/out" 2>"$work/err"
}
quoted() { # WORD: as quote_sh() does
	printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}
fake() { # NAME, the body on standard input
	{
		echo '#!/bin/sh'
		# shellcheck disable=SC2016
		echo 'printf "%s\n" "'"$1"' $*" >>/srv/asked'
		cat
	} >"/usr/local/sbin/$1"
	chmod 755 "/usr/local/sbin/$1"
}
fresh() { # an empty node
	rm -rf /srv/* "$state" /srv/.[!.]*
	: >/srv/asked
}
temporary() { # how many of our temporary files are left below /srv
	find /srv -name '.svarm.*' | wc -l
}
# Run the script at $work/script as the leader of a process group, whose id lands in /run/victim; kill
# that group, and nothing else.
victim() {
	# Started in the background, this test would hand down that INT is ignored.
	setsid perl -e '$SIG{INT} = "DEFAULT"; exec(@ARGV)' \
		dash -c 'echo $$ >/run/victim; eval "$(cat "$0")"' "$work/script"
}
slay() { # SIGNAL
	local group=''
	while [ ! -s /run/victim ]; do sleep 0.01; done
	read -r group </run/victim
	[ -z "$group" ] || kill "-$1" -- "-$group" 2>/dev/null
	[ "$1" != KILL ] || rm -f /run/victim
}
active=/run/active # units that are
mkdir -p $active
fake systemctl <<'SH'
quiet='' verb=''
for word in "$@"; do
	case $word in -q) quiet=1 ;; -*) ;; *) [ -n "$verb" ] || verb=$word ;; esac
	unit=$word
done
case $verb in
is-active) [ -e "/run/active/$unit" ] ;;
is-enabled) [ -e "/run/enabled-$unit" ] ;;
enable) : >"/run/enabled-$unit" ;;
start) [ ! -e "/run/refuse-$unit" ] && : >"/run/active/$unit" ;;
show) echo "MainPID=$(cat /run/master 2>/dev/null || echo 0)" ;;
reload | restart)
	[ "$verb $unit" != "reload nginx.service" ] || kill -HUP "$(cat /run/master)" || exit 1
	[ ! -e "/run/kill-on-$verb" ] || { rm "/run/kill-on-$verb" && read -r group </run/victim && /bin/kill -9 -- "-$group"; }
	;;
*) true ;;
esac
SH

# ---- files ------------------------------------------------------------------------------------
fresh
frame 'hello
' | node 'step 1 0 file_put /srv/a/b/c.conf 0640 "" "" reload'
is "a new file: exit status" $? 0
is "a new file: content" "$(cat /srv/a/b/c.conf)" hello
is "a new file: mode" "$(stat -c %a /srv/a/b/c.conf)" 640
is "a new file: markers" "$(tr '\n' ' ' <"$work/out")" "@start 1 @finish 1 @end "
is "a new file: its folders and itself are remembered" "$(tr '\n' ' ' <$state/created)" \
	"/srv/a /srv/a/b /srv/a/b/c.conf "
is "a new file: no temporary file is left" "$(temporary)" 0
is "what is remembered is root's alone" "$(stat -c %a $state)" 700

fresh
printf 'first\n' >/srv/f
chmod 604 /srv/f
touch -d 2001-01-01 /srv/f
frame second | node 'step 1 0 file_put /srv/f 0644 "" "" reload'
frame third | node 'step 1 0 file_put /srv/f 0644 "" "" reload'
is "a file twice: content" "$(cat /srv/f)" third
is "a file twice: the first original is kept" "$(cat $state/original/srv/f)" first
[ ! -e $state/created ]
report $? "a file twice: it was not created by us"
node 'step 1 0 files_restore'
is "restored: content" "$(cat /srv/f)" first
is "restored: mode and time" "$(stat -c '%a %y' /srv/f | cut -c1-14)" "604 2001-01-01"

fresh
odd="/srv/a b/it's \"x\" \$y \`z\`; #&|*[?]"
frame odd | node "step 1 0 file_put $(quoted "$odd") 0600 '' '' reload"
is "an odd path: exit status" $? 0
is "an odd path: content" "$(cat "$odd")" odd
frame odd2 | node "step 1 0 file_put $(quoted "$odd") 0600 '' '' reload"
is "an odd path is remembered once" "$(wc -l <$state/created)" 2
[ ! -e $state/original ]
report $? "what we wrote ourselves is no original"
node 'step 1 0 files_restore'
is "an odd path: gone again" "$(find /srv -mindepth 1 ! -name asked | wc -l)" 0

fresh
frame '' | node 'step 1 0 file_put /srv/empty 0644 "" "" reload'
is "an empty file" "$(stat -c %s /srv/empty)" 0
head -c 300000 /dev/urandom >"$work/big"
{ echo 300000 && cat "$work/big"; } | node 'step 1 0 file_put /srv/big 0644 "" "" reload'
cmp -s "$work/big" /srv/big
report $? "any bytes, many of them"

# ---- what breaks while a file is written ------------------------------------------------------
fresh
echo old >/srv/f
printf '100\nshort' | node 'step 1 0 file_put /srv/f 0644 "" "" reload
step 2 0 directory_make /srv/never 0755'
is "a short frame: exit status" $? 1
is "a short frame: the old content" "$(cat /srv/f)" old
is "a short frame: no temporary file is left" "$(temporary)" 0
has "a short frame: said so" "$work/out" "came short: the connection was lost"
hasnt "a short frame: it is not called done" "$work/out" "@finish\|@end"
[ ! -e /srv/never ]
report $? "a short frame: nothing more happens"

for header in '' 'abc' '-1' '5x' ' 5' '0x10'; do
	fresh
	echo old >/srv/f
	printf '%s\nhello' "$header" | node 'step 1 0 file_put /srv/f 0644 "" "" reload'
	is "a frame '$header' out of step: exit status" $? 1
	has "a frame '$header' out of step: said so" "$work/out" "the input is out of step"
	is "a frame '$header' out of step: the old content" "$(cat /srv/f)" old
	is "a frame '$header' out of step: no temporary file" "$(temporary)" 0
done
node 'step 1 0 file_put /srv/f 0644 "" "" reload' </dev/null
has "no input at all: said so" "$work/out" "the input ended early"

fresh
echo old >/srv/f
fake nginx <<'SH'
grep -q good "$4"
SH
frame bad | node 'step 1 0 file_put /srv/f 0644 check_nginx "" reload'
is "a failing check: exit status" $? 1
is "a failing check: the old content" "$(cat /srv/f)" old
has "a failing check: said so" "$work/out" "/srv/f was not replaced: the new one does not pass"
is "a failing check: no temporary file is left" "$(temporary)" 0
[ ! -e $state/original ]
report $? "a failing check: no original is kept"
frame good | node 'step 1 0 file_put /srv/f 0644 check_nginx "" reload'
is "a passing check: the new content" "$(cat /srv/f)" good

# kill -9 at any moment: the old content or the new one.
fresh
yes old | head -c 400000 >"$work/old"
yes new | head -c 400000 >"$work/new"
halves=0 olds=0 news=0
write_script 'step 1 0 file_put /srv/f 0644 "" "" reload' >"$work/script"
for i in $(seq 1 40); do
	cp "$work/old" /srv/f
	{ echo 400000 && head -c 200000 "$work/new" && sleep 0.0$((i % 7)) && tail -c 200000 "$work/new"; } |
		victim >/dev/null 2>&1 &
	sleep 0.0$((i % 10))$((i % 3))
	slay KILL
	wait $! 2>/dev/null
	if cmp -s /srv/f "$work/old"; then
		olds=$((olds + 1))
	elif cmp -s /srv/f "$work/new"; then
		news=$((news + 1))
	else
		halves=$((halves + 1))
	fi
done
is "killed at any moment: never half a file" "$halves" 0 " ($olds old, $news new)"
[ "$olds" -gt 0 ]
report $? "killed at any moment: it was, before the end"
frame last | node 'step 1 0 file_put /srv/f 0644 "" "" reload'
is "after the kills: the next run" "$(cat /srv/f)" last
is "after the kills: it also clears away what they left" "$(temporary)" 0

# ---- units that read a file -------------------------------------------------------------------
fresh
touch $active/n.service
frame x | node 'step 1 0 file_put /srv/f 0644 "" n.service reload'
has "an active unit is told" /srv/asked "^systemctl reload n.service"
[ ! -e $state/pending ]
report $? "an active unit: nothing is pending afterwards"
fresh
frame x | node 'step 1 0 file_put /srv/f 0644 "" off.service restart'
hasnt "an inactive unit is left alone" /srv/asked "^systemctl restart"

fresh
touch /run/kill-on-reload
write_script 'step 1 0 file_put /srv/f 0644 "" n.service reload' >"$work/script"
{ frame new | victim >"$work/out" 2>&1; } 2>/dev/null
[ $? -gt 128 ] && [ "$(cat /srv/f)" = new ]
report $? "killed between the file and the reload"
is "killed before the reload: it is remembered" "$(cat $state/pending)" "n.service reload"
: >/srv/asked
node 'step 1 0 pending_finish'
has "killed before the reload: the next run does it" /srv/asked "^systemctl reload n.service"
[ ! -e $state/pending ]
report $? "killed before the reload: done with"
node 'step 1 0 pending_finish'
is "nothing pending: nothing to do" $? 0

# nginx says nothing to who sends it a signal.  This master makes a worker when it takes its configuration.
fresh
touch $active/nginx.service /run/takes
mkdir -p /var/log/nginx
printf '%s\n' '[emerg] 1#1: bind() to 0.0.0.0:443 failed (98: Address already in use)' \
	'[emerg] 1#1: still could not bind()' >/var/log/nginx/error.log
perl -e 'my @workers;
	sub work { my $pid = fork // exit; exec("sleep", 600) unless $pid; push @workers, $pid }
	$SIG{HUP} = sub { work() if -e "/run/takes" };
	$SIG{TERM} = sub { kill("KILL", @workers); exit };
	work();
	open(my $f, ">", "/run/master.new") or exit;
	print $f $$;
	close($f);
	rename("/run/master.new", "/run/master");
	sleep 1 while 1' &
master=$!
while [ ! -s /run/master ] && kill -0 "$master"; do sleep 0.05; done
frame old | node 'step 1 0 file_put /srv/nginx.conf 0640 "" nginx.service reload'
is "nginx takes a file: exit status" $? 0
is "nginx takes a file: it is there" "$(cat /srv/nginx.conf)" old
rm /run/takes
frame new | node 'sleep() { :; }
step 1 0 file_put /srv/nginx.conf 0644 "" nginx.service reload'
is "nginx does not take a file: exit status" $? 1
has "nginx does not take a file: said so" "$work/out" '@log nginx goes on with its old .* bind() to 0.0.0.0:443 failed'
is "nginx does not take a file: the one before is back" "$(cat /srv/nginx.conf) $(stat -c %a /srv/nginx.conf)" "old 640"
is "nginx does not take a file: no temporary file is left" "$(temporary)" 0
[ ! -e $state/pending ]
report $? "nginx does not take a file: the next run has the file to write, nothing else"
printf 'nginx.service reload\n' >$state/pending
node 'sleep() { :; }
step 1 0 pending_finish'
is "nginx does not take what an interrupted run left" "$? $(cat $state/pending)" "1 nginx.service reload"
touch /run/takes
node 'step 1 0 pending_finish'
is "nginx takes what an interrupted run left" "$? $(ls $state/pending 2>/dev/null)" "0 "
kill "$master"
wait "$master" 2>/dev/null
master=''
rm -f $active/nginx.service /run/master

fresh
node 'step 1 0 unit_up u.service
step 2 0 unit_up u.service'
is "a unit is brought up" "$(ls $active | tr '\n' ' ')" "n.service u.service "
is "a unit is remembered once" "$(cat $state/enabled)" u.service
touch /run/refuse-r.service
node 'step 1 0 unit_up r.service'
is "a unit that does not start: exit status" $? 1
has "a unit that does not start fails the step" "$work/out" "^@fail 1 1"
fresh
touch $active/w.service /run/enabled-w.service
node 'step 1 0 unit_load w.service'
has "an active unit loads again what was flushed" /srv/asked "^systemctl reload w.service"

# ---- folders and the way back -----------------------------------------------------------------
fresh
mkdir /srv/theirs
node 'step 1 0 directory_make /srv/theirs/ours/deep 0700
step 2 0 directory_make /srv/theirs 0750'
is "folders: modes" "$(stat -c %a /srv/theirs/ours/deep /srv/theirs/ours /srv/theirs | tr '\n' ' ')" \
	"700 755 750 "
is "folders: only ours are remembered" "$(tr '\n' ' ' <$state/created)" \
	"/srv/theirs/ours /srv/theirs/ours/deep "
echo mine >/srv/theirs/ours/note
node 'step 1 0 files_restore'
[ -e /srv/theirs/ours/note ] && [ ! -e /srv/theirs/ours/deep ]
report $? "folders: one with somebody's file in it stays"
fresh
ln -s nowhere /srv/link
frame x | node 'step 1 0 file_put /srv/link 0644 "" "" reload'
node 'step 1 0 files_restore'
is "a link that led nowhere is given back" "$(readlink /srv/link)" nowhere
fresh
echo first >/srv/f
mkdir -p $state/original/srv
echo half >$state/original/srv/f.svarm-new
frame x | node 'step 1 0 file_put /srv/f 0644 "" "" reload'
node 'step 1 0 files_restore'
is "half an original, left by a kill, is not given back" "$(find /srv -type f -name 'f*')" /srv/f
is "half an original: the whole one is" "$(cat /srv/f)" first
node 'step 1 0 state_forget'
[ ! -e $state ]
report $? "what is undone is forgotten"

# ---- kernel settings --------------------------------------------------------------------------
mkdir -p /proc/sys/net/core /proc/sys/net/ipv4
fresh
echo 4096 >/proc/sys/net/core/somaxconn
printf '32768\t60999\n' >/proc/sys/net/ipv4/range
node "step 1 0 sysctl_set net.core.somaxconn 65535 net.ipv4.range '1024 65000'"
is "sysctls: exit status" $? 0
is "sysctls: set" "$(cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/range | tr '\n' ' ')" \
	"65535 1024 65000 "
node "step 1 0 sysctl_set net.core.somaxconn 1000"
is "sysctls: the first values are kept" "$(tr '\n' ' ' <$state/sysctl)" \
	"net.core.somaxconn 4096 net.ipv4.range 32768 60999 "
node "step 1 0 sysctl_restore"
is "sysctls: given back" "$(cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/range | tr '\n' ' ')" \
	"4096 32768 60999 "
hasnt "sysctls: given back, and nothing said" "$work/out" "^@note"
node "step 1 0 sysctl_set net.core.unheard 1"
has "sysctls: an unknown one" "$work/out" "this kernel has no setting 'net.core.unheard'"
touch /proc/sys/net/core/full
mount --bind /proc/sys/net/core/full /proc/sys/net/core/full
mount -o remount,ro,bind /proc/sys/net/core/full
node "step 1 0 sysctl_set net.core.full 1"
has "sysctls: a refused value" "$work/out" "the kernel refuses '1' for 'net.core.full'"
is "sysctls: a refused value: exit status" "$(grep -c '^@fail 1' "$work/out")" 1
node "step 1 0 sysctl_restore"
has "sysctls: one that is not given back is told" "$work/out" "^@note 'net.core.full' does not take back ''"
has "sysctls: and the way back goes on" "$work/out" "^@finish 1"
ln -sf /dev/null /proc/sys/net/core/null
node "step 1 0 sysctl_set net.core.null 1"
has "sysctls: read back" "$work/out" "'net.core.null' reads back as '', not '1'"

# ---- steps, frames and markers ----------------------------------------------------------------
fresh
node 'step 1 0 directory_make /srv/one 0755
step 2 0 die "it is $((6 * 7))"
step 3 0 directory_make /srv/three 0755'
is "a failing step: exit status" $? 1
is "a failing step: markers" "$(tr '\n' ' ' <"$work/out")" \
	"@start 1 @finish 1 @start 2 @log it is 42 @fail 2 1 "
[ -d /srv/one ] && [ ! -d /srv/three ]
report $? "a failing step: nothing after it"
node 'step 1 0 false'
has "a failing command: its status" "$work/out" "^@fail 1 1"
node 'step 1 0 sh -c "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo line \$i; done; exit 9"'
is "a failing step: the end of what it said" "$(grep -c '^@log' "$work/out") $(tail -n 2 "$work/out" | head -n 1)" \
	"12 @log line 15"
node 'step 1 0 echo @end'
is "what a step prints is no marker" "$(tr '\n' ' ' <"$work/out")" "@start 1 @finish 1 @end "
{ frame '' && frame go && frame content; } | node 'await 1
step 1 1 file_put /srv/f 0644 "" "" reload'
is "awaited frames come before the step's own" "$(cat /srv/f)" content
{ sleep 3 && frame go; } | node 'step 1 1 directory_make /srv/waited 0755' &
sleep 0.5
hasnt "a step that waits has not started" "$work/out" "@start"
wait
has "a step that waited starts" "$work/out" "@finish 1"
start=$(date +%s%N)
node 'step 1 0 true' | cat
took=$((($(date +%s%N) - start) / 1000000))
write_script 'step 1 0 true' >"$work/script"
start=$(date +%s%N)
dash "$work/script" </dev/null 2>&1 | cat >"$work/out"
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -lt 1500 ]
report $? "whoever reads the answer is not kept waiting after its end ($took ms)"
find /run -maxdepth 1 -name 'svarm.*' -exec rm -rf {} + # of those that were killed
{ sleep 6 && frame go; } | node 'await 1'
has "while it waits it shows that it lives" "$work/out" "^@alive"
is "no working folder is left" "$(find /run -maxdepth 1 -name 'svarm.*' | wc -l)" 0

write_script 'step 1 0 sleep 30' >"$work/script"
victim >"$work/alive" 2>&1 &
while ! grep -qs @start "$work/alive"; do sleep 0.05; done
kill -9 "$(cat /run/victim)"
sleep 6
is "a script that was killed no longer says that it lives" "$(grep -c @alive "$work/alive")" 0
slay KILL
find /run -maxdepth 1 -name 'svarm.*' -exec rm -rf {} +

folders() {
	find /run -maxdepth 1 -name 'svarm.*' | wc -l
}
for signal in TERM HUP INT; do
	: >"$work/alive"
	write_script 'step 1 0 sleep 30' >"$work/script"
	victim >"$work/alive" 2>&1 &
	while ! grep -qs @start "$work/alive"; do sleep 0.05; done
	slay $signal
	for _ in $(seq 200); do
		[ "$(folders)" != 0 ] || break
		sleep 0.05
	done
	is "SIG$signal: no working folder is left" "$(folders)" 0
	slay KILL
	wait $! 2>/dev/null
done
wait

# ---- one run at a time ------------------------------------------------------------------------
rm -f /run/svarm-lock
write_script 'lock_take "kari@laptop"
tell out lock
await 1' >"$work/first"
(sleep 4 && frame go) | dash "$work/first" >"$work/first.out" 2>&1 &
until grep -qs '^@out lock' "$work/first.out"; do sleep 0.05; done
node 'lock_take "ola@laptop"
step 1 0 directory_make /srv/second 0755'
is "locked: exit status" $? 75
has "locked: by whom and since when" "$work/out" "^@locked kari@laptop, since 20..-..-..T"
[ ! -e /srv/second ]
report $? "locked: nothing is done"
has "locked: the first one never notices" "$work/first.out" "^@out lock"
wait
node 'lock_take "ola@laptop"'
is "after the first has ended: free" $? 0
write_script 'lock_take "kari@laptop"
await 1' >"$work/script"
sleep 15 | victim >/dev/null 2>&1 &
while flock -n /run/svarm-lock true; do sleep 0.05; done
node 'lock_take x'
is "locked again: exit status" $? 75
# To open it is all it takes to hold it, and where everybody may write anybody could make it first.
is "nobody else can open the lock" "$(stat -c '%a %u' /run/svarm-lock)" "600 0"
is "nor make it first" "$(stat -c %A "$(sed -n 's/.*exec 9>>\(.*\)\/.*/\1/p' templates/apply.sh)" | cut -c9)" -
slay KILL
sleep 0.2
node 'lock_take x'
is "after kill -9 of the first: free" $? 0
printf 'a\033[31mb\nc' >/run/svarm-lock
(
	exec 9>>/run/svarm-lock
	flock -n 9
	node 'lock_take x'
)
is "what stands in the lock is printable" "$(grep -c '^@locked a \[31mb c$' "$work/out")" 1
both=0
for i in 1 2 3 4 5 6; do
	write_script "lock_take $i
step 1 0 sh -c 'mkdir /run/alone && sleep 0.1 && rmdir /run/alone'" >"$work/race.$i"
	dash "$work/race.$i" >"$work/race.out.$i" 2>&1 </dev/null &
done
wait
both=$(cat "$work"/race.out.* | grep -c '@fail')
is "six at once: never two inside" "$both" 0
[ "$(cat "$work"/race.out.* | grep -c '@finish 1')" -ge 1 ]
report $? "six at once: one gets through"

# ---- secrets ----------------------------------------------------------------------------------
fresh
fake docker <<'SH'
tr '\0' '\n' </proc/$$/environ >>/srv/environ
case "$1 $2" in
"secret create") cat >/srv/secret ;;
"info --format") cat /srv/swarm-state ;;
"load -q") cat >/srv/archive ;;
"image inspect") cat /srv/image-id ;;
"swarm join-token") echo "SWMTKN-$4" ;;
esac
SH
frame 'hunter2 $x "y"' | node 'step 1 0 secret_create name-1'
is "a secret arrives as it was" "$(cat /srv/secret)" 'hunter2 $x "y"'
cat /srv/asked /srv/environ "$work/out" "$work/err" >"$work/seen"
hasnt "a secret is no argument, no environment, no output" "$work/seen" hunter
{ echo 20 && printf hunter2 && sleep 3 && printf 1234567890123; } |
	node 'step 1 0 file_put /srv/secret-file 0600 "" "" reload' &
for _ in $(seq 50); do
	[ -z "$(find /srv -name '.svarm.*')" ] || break
	sleep 0.05
done
is "a secret file is nobody else's while it comes" "$(find /srv -name '.svarm.*' -printf '%m\n')" 600
# shellcheck disable=SC2009
[ -z "$(ps -eo args | grep -v grep | grep hunter)" ]
report $? "a secret file's content is on no command line"
wait
is "a secret file arrives" "$(cat /srv/secret-file)" hunter21234567890123
printf '7\nhunt' | node 'step 1 0 secret_create short'
is "a short secret is refused" "$(grep -c '@fail 1' "$work/out")" 1
printf '8\nhunter2' | node 'step 1 0 secret_create short'
is "also one that lacks a single byte" "$(grep -c '@fail 1' "$work/out")" 1
: >/srv/asked
printf '6\na\0b\n\n\xff' | node "step 1 0 secret_create key.2 svarm.secret=key 'a=b c'"
is "a secret of any bytes" "$(od -An -c /srv/secret | tr -s ' ')" ' a \0 b \n \n 377'
has "its labels" /srv/asked 'secret create --label svarm.managed=true --label svarm.secret=key --label a=b c key.2 -'

# ---- docker -----------------------------------------------------------------------------------
fresh
echo sha256:right >/srv/image-id
frame archive | node 'step 1 0 image_load echo:1 sha256:right'
is "an image: exit status" $? 0
is "an image: the archive" "$(cat /srv/archive)" archive
frame archive | node 'step 1 0 image_load echo:1 sha256:other'
has "an image that is another one" "$work/out" "image 'echo:1' is 'sha256:right' after loading"
node 'swarm_tokens'
is "tokens: told, as base64" "$(grep '@out token.worker' "$work/out" | cut -d' ' -f3 | base64 -d)" SWMTKN-worker

node 'step 1 0 swarm_init 10.0.0.1 10.201.0.0/16
step 2 0 swarm_init fd00::1 ""'
has "a swarm: on the private address, with its pool" /srv/asked \
	'^docker swarm init --advertise-addr 10.0.0.1 --data-path-addr 10.0.0.1 --listen-addr 10.0.0.1:2377 --default-addr-pool 10.201.0.0/16$'
has "a swarm: by IPv6" /srv/asked \
	'^docker swarm init --advertise-addr fd00::1 --data-path-addr fd00::1 --listen-addr \[fd00::1\]:2377$'
[ -e $state/swarm ]
report $? "a swarm: remembered"

# A docker.sock that keeps what it was sent.
cat >"$work/sock.pl" <<'PL'
use strict;
use Socket;
my ($status, $body) = @ARGV;
unlink "/run/docker.sock";
socket(my $l, PF_UNIX, SOCK_STREAM, 0) or die;
bind($l, sockaddr_un("/run/docker.sock")) or die;
listen($l, 5);
while (accept(my $c, $l)) {
	my $all = "";
	while ($all !~ /\r\n\r\n/) { sysread($c, $all, 4096, length $all) or last }
	my ($length) = $all =~ /Content-Length: (\d+)/;
	my ($head) = $all =~ /^(.*?\r\n\r\n)/s;
	while ($length && length($all) < length($head) + $length) { sysread($c, $all, 4096, length $all) or last }
	open(my $f, ">>", "/srv/api");
	print $f $all, "\n";
	close $f;
	syswrite($c, "HTTP/1.0 $status\r\n\r\n$body");
	close $c;
}
PL
socket() { # STATUS BODY: answer like that until it is called again
	[ -z "${socket_pid:-}" ] || { kill "$socket_pid" && wait "$socket_pid"; } 2>/dev/null
	rm -f /run/docker.sock
	perl "$work/sock.pl" "$1" "$2" &
	socket_pid=$!
	while [ ! -S /run/docker.sock ]; do sleep 0.05; done
}
fresh
echo active >/srv/swarm-state
socket '200 OK' '{}'
frame 'x","JoinToken":"y' | node 'step 1 0 swarm_join 10.0.0.2 10.0.0.1'
has "a join token that is none: refused" "$work/out" "^@log what came is no join token"
frame SWMTKN-1-secret | node 'step 1 0 swarm_join 10.0.0.2 10.0.0.1'
is "joining: exit status" $? 0
has "joining: the token goes through the socket" /srv/api \
	'{"ListenAddr":"10.0.0.2:2377","AdvertiseAddr":"10.0.0.2","DataPathAddr":"10.0.0.2","RemoteAddrs":\["10.0.0.1:2377"\],"JoinToken":"SWMTKN-1-secret"}'
cat /srv/asked "$work/out" "$work/err" >"$work/seen"
hasnt "joining: the token goes nowhere else" "$work/seen" SWMTKN
[ -e $state/swarm ]
report $? "joining: remembered"
fresh
echo active >/srv/swarm-state
frame t | node 'step 1 0 swarm_join fd00::2 fd00::1'
has "joining by IPv6: brackets where there is a port" /srv/api \
	'"ListenAddr":"\[fd00::2\]:2377","AdvertiseAddr":"fd00::2".*"\[fd00::1\]:2377"'

# ---- configs and services of the Engine API ----
fresh
fake docker <<'SH'
case "$1 $2" in
"config create") cat "$6" >/srv/config 2>/dev/null || cat "$5" >/srv/config ;;
"service inspect") [ -e /srv/there ] && echo 'ab12/update?version=7' ;;
"version --format") cat /srv/min ;;
"secret inspect") echo "id-of-$5" ;;
"stack deploy") printf '%s\n' "$SVARM_DOCKER_API" >/srv/api-version ;;
esac
SH
frame 'a: $b
' | node 'step 1 0 config_create svarm-x-1'
is "a config arrives as it was" "$(cat /srv/config)" 'a: $b'
has "a config is ours" /srv/asked '^docker config create --label svarm.managed=true svarm-x-1 '
socket '201 Created' '{"ID":"x"}'
frame '{"Name":"echo"}' | node 'step 1 0 service_put echo'
is "a service that is not there: exit status" $? 0
has "a service that is not there: created" /srv/api '^POST /services/create HTTP'
has "a service that is not there: as said" /srv/api '^{"Name":"echo"}$'
touch /srv/there
frame '{}' | node 'step 1 0 service_put echo'
has "a service that is there: updated, by its version" /srv/api '^POST /services/ab12/update?version=7 HTTP'
frame '{"S":[{"SecretID":"a-1","SecretName":"a-1"},{"SecretID":"b-2"}]}' | node 'step 1 0 service_put echo a-1 b-2'
has "a service with secrets: their ids" /srv/api '^{"S":\[{"SecretID":"id-of-a-1","SecretName":"a-1"},{"SecretID":"id-of-b-2"}\]}$'
frame '{"S":[{"SecretID":"a-b.1"},{"SecretID":"a.b.1"}]}' | node 'step 1 0 service_put echo a.b.1 a-b.1'
has "a service with secrets: names alike" /srv/api '^{"S":\[{"SecretID":"id-of-a-b.1"},{"SecretID":"id-of-a.b.1"}\]}$'
socket '400 Bad Request' '{"message":"invalid reference format"}'
frame '{}' | node 'step 1 0 service_put echo'
is "a service that docker refuses: exit status" $? 1
has "a service that docker refuses: why" "$work/out" '^@log {"message":"invalid reference format"}'
for pair in 1.12:1.30 1.24:1.30 1.30:1.30 1.40:1.40 1.44:1.44; do
	echo "${pair%:*}" >/srv/min
	frame 'version: "3.7"' | node 'step 1 0 stack_deploy svarm'
	is "an engine that takes API ${pair%:*} and later: an old client speaks" "$(cat /srv/api-version)" "${pair#*:}"
done
# A function that another service runs from now on: that one comes up first.
fake docker <<'SH'
case "$1 $2" in
"service inspect") for last in "$@"; do :; done && echo "$last" echo ;;
"service ls")
	n=$(wc -l </srv/looks) && echo >>/srv/looks
	printf '%s\n' 'aaaa 2/2' "bbbb $((n < 3 ? n : 2))/2"
	;;
"service rm") wc -l </srv/looks >/srv/removed ;;
esac
SH
: >/srv/looks
node 'step 1 0 services_remove aaaabbbbcccc'
is "a function that moves: the old service goes when the new one runs" "$(cat /srv/removed)" 3
: >/srv/looks
node 'step 1 0 services_remove bbbbaaaa'
is "a function that moves: not kept waiting by itself" "$(cat /srv/removed)" 1

# ---- services that do not run -----------------------------------------------------------------
# A swarm of three nodes.  /srv/swarm: its services, "NAME RUNNING/WANTED [global]"; /srv/tasks.NAME: the tasks of
# one, as tasks() below writes them; /srv/update.NAME: how its update is.  /srv/turn, if there, is run at every look
# with the number of the look in $look.
fake docker <<'SH'
for last in "$@"; do :; done
case "$1 $2" in
"service ls")
	echo >>/srv/looks
	look=$(wc -l </srv/looks)
	[ ! -e /srv/turn ] || . /srv/turn
	awk '{ print $1, $1, ($3 ? $3 : "replicated"), $2 }' /srv/swarm
	;;
"service ps")
	shift 5
	cd /srv
	for name in "$@"; do cat "tasks.$name"; done 2>/dev/null |
		awk -F '\t' -v OFS='\t' '{ print $3, (many[$4]++ ? " \\_ " : "") $4, $5, $6, $7, $8, $9 }'
	;;
"inspect --type")
	shift 5
	for id in "$@"; do cat /srv/tasks.* | awk -F '\t' -v OFS='\t' -v id="$id" '$3 == id { print $3, $1, $2 }'; done
	;;
"service update")
	[ ! -e "/srv/freed.$last" ] || mv "/srv/freed.$last" /srv/swarm
	sed -i '/Ready/d' "/srv/tasks.$last"
	[ ! -e "/srv/update.$last" ] || echo completed >"/srv/update.$last"
	;;
"service logs")
	if [ -e /srv/deaf ]; then
		echo "error from daemon in stream: Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. some logs could not be retrieved for the following reasons: $(cat /srv/deaf)" >&2
		exit 1
	fi
	printf 'starting\nno \033[31mconfig\n'
	;;
"service inspect")
	case $* in
	*UpdateStatus*)
		shift 4
		for name in "$@"; do printf '%s\t%s\tnew\n' "$name" "$(cat "/srv/update.$name" 2>/dev/null)"; done
		;;
	*Constraints*) printf 'node.labels.svarm.worker == true\nnode.labels.zone==mars\nnode.role != worker\n' ;;
	*Reservations*) printf '8589934592\t0\n' ;;
	*svarm.image*) echo "$3:1" ;;
	esac
	;;
"node ls")
	case $* in
	*Status*) cat /srv/members 2>/dev/null ;;
	*) printf '%s\n' n1 n2 n3 ;;
	esac
	;;
"node inspect")
	case $* in
	*Status.Addr*) case $3 in y02*) echo 10.88.0.12 ;; *) echo ;; esac ;;
	*'"svarm.worker"'*) printf '%s\n' true true true ;;
	*Labels*) printf '%s\n' venus '<no value>' '<no value>' ;;
	*Role*) printf '%s\n' manager worker worker ;;
	*Resources*) printf '2147483648\t2000000000\n1073741824\t4000000000\n' ;;
	esac
	;;
esac
SH
# The tasks of a service, of each slot the newest first: "AGE SPEC ID SLOT IMAGE NODE DESIRED STATE|ERROR" lines, AGE
# in seconds (-1: after this run began), SPEC "new" for the service's own.
tasks() { # SERVICE
	awk -v now="$(date +%s)" -v OFS='\t' '{
		state = $0
		for (i = 0; i < 7; i++) sub(/^[^ ]+ /, "", state)
		error = state
		sub(/[|].*/, "", state)
		if (!sub(/^[^|]*[|]/, "", error)) error = ""
		print now - $1, $2, $3, $4, $5, ($6 == "-" ? "" : $6), $7, state, (error == "" ? "" : "\"" error "\"")
	}' >"/srv/tasks.$1"
}
settle() {
	frame '' | node 'step 1 0 services_settle'
}
looks() { # how often the services were listed
	wc -l </srv/looks
}
asked() { # COMMAND
	grep -c "^docker $1" /srv/asked
}
T='	'

fresh
printf '%s\n' 'good 2/2' 'all 3/3 global' >/srv/swarm
tasks good <<'TASKS'
9 new g1 good.1 good:1 lab-2 Running Running 8 seconds ago
9 new g2 good.2 good:1 lab-3 Running Running 8 seconds ago
90 old g3 good.2 good:0 lab-3 Shutdown Shutdown 9 seconds ago
TASKS
settle
is "all services run: exit status" $? 0
hasnt "all services run: nothing is told" "$work/out" '^@stuck'
is "all services run: looked at once" "$(looks)" 1
is "all services run: four questions to docker" "$(wc -l </srv/asked)" 4
frame x | node 'step 1 0 services_settle'
is "another node failed: not waited for" "$(tr '\n' ' ' <"$work/out")" "@start 1 @finish 1 @end "
: >/srv/swarm
settle
is "no services: exit status" $? 0

fresh
printf '%s\n' 'good 2/2' 'img 0/1' 'where 0/2' 'crash 1/3' >/srv/swarm
tasks img <<'TASKS'
-2 new t2 img.1 img:1 lab-1 Running Pending 1 second ago|no suitable node (host-mode port already in use on 1 node)
-1 new t1 img.1 img:1 lab-1 Shutdown Rejected 1 second ago|No such image: img:1
TASKS
tasks where <<'TASKS'
3600 new t0 where.1 sha256:ab - Running Pending 9 seconds ago|no suitable node (scheduling constraints not satisfied on 3 nodes)
TASKS
tasks crash <<'TASKS'
-9 new t9 crash.1 crash:1 lab-2 Ready Ready 1 second ago
-5 new t5 crash.1 crash:1 lab-3 Shutdown Failed 1 seconds ago|task: non-zero exit (3)
-4 new t6 crash.1 crash:1 lab-3 Shutdown Failed 2 seconds ago|task: non-zero exit (4)
-3 new t7 crash.1 crash:1 lab-3 Shutdown Failed 3 seconds ago|task: non-zero exit (4)
-2 new t8 crash.1 crash:1 lab-3 Shutdown Failed 4 seconds ago|task: non-zero exit (4)
100 new t4 crash.2 crash:1 lab-2 Running Running 2 minutes ago
TASKS
start=$(date +%s)
settle
is "services that do not run: exit status" $? 1
took=$(($(date +%s) - start))
[ "$took" -ge 8 ] && [ "$took" -lt 40 ]
report $? "services that do not run: given up early, not at once ($took s)"
has "no image: told" "$work/out" "^@stuck img${T}0/1 running${T}img:1${T}1${T}lab-1${T}Rejected 1 second ago${T}\"No such image: img:1\"\$"
has "no node: told" "$work/out" "^@stuck where${T}0/2 running${T}where:1${T}0${T}${T}Pending"
is "no node: its constraints, and who meets them" "$(grep '^@stuck-where' "$work/out" | tr '\t' '|' | tr '\n' ' ')" \
	"@stuck-where where|node.labels.svarm.worker == true|3|3 @stuck-where where|node.labels.zone==mars|0|3 @stuck-where where|node.role != worker|1|3 "
has "no node: what is set aside" "$work/out" "^@stuck-asks where${T}8589934592${T}0${T}2147483648${T}4000000000\$"
has "a crash: the newest task that failed" "$work/out" "^@stuck crash${T}1/3 running${T}crash:1${T}4${T}lab-3${T}Failed 1 seconds ago${T}\"task: non-zero exit (3)\"\$"
is "a crash: what it said" "$(grep -c '^@stuck-says crash' "$work/out")" 2
has "a crash: its logs are asked of that task" /srv/asked '^docker service logs --raw --tail 6 t5$'
hasnt "what runs is not told of" "$work/out" '^@stuck good'
has "services that do not run: named" "$work/out" '^@log not all services run: img 0/1, where 0/2, crash 1/3$'

# The swarm takes lab-2's agent for gone, though it runs tasks: its connection is ended, and it is heard again.
fake ss <<'SH'
[ ! -e /srv/heals ] || rm /srv/deaf
echo 'tcp 0 0 10.88.0.11:2377 10.88.0.12:4000'
SH
words() {
	frame '' | node 'step 1 0 tell_words crash t5'
}
echo 'node y02os1ecevz is not available' >/srv/deaf
: >/srv/heals
words
is "logs that the swarm does not hear: what was said all the same" "$(grep -c '^@stuck-says crash' "$work/out")" 2
has "logs that the swarm does not hear: the worker's connection is ended" /srv/asked '^ss -K -Htn dst 10.88.0.12 sport = :2377$'
has "logs that the swarm does not hear: said so" "$work/out" '^@note .* the logs of the node at 10.88.0.12; it was made to connect anew$'
rm /srv/heals
echo 'node y02os1ecevz is not available' >/srv/deaf
words
has "logs that stay unheard: why" "$work/out" "^@stuck-mute crash${T}node y02os1ecevz is not available\$"
hasnt "logs that stay unheard: docker's error is not taken for the program's words" "$work/out" '^@stuck-says crash'
: >/srv/asked
echo 'node m4n4ger is not available' >/srv/deaf
words
has "logs of a manager that stay unheard: why" "$work/out" "^@stuck-mute crash${T}node m4n4ger"
hasnt "logs of a manager that stay unheard: its connections, which bear the swarm itself, are not ended" /srv/asked '^ss '
rm /srv/deaf

# A member that is down and yet connected: the same is done to it, once for each look.
: >/srv/asked
: >/srv/swarm
printf '%s\n' 'm4n4ger Ready' 'm4n4ger Down' 'y02os1ecevz Ready' >/srv/members
settle
hasnt "members that are Ready, or managers: let be" /srv/asked '^ss '
echo 'y02os1ecevz Down' >>/srv/members
settle
has "a worker that is down and connected: its connection is ended" /srv/asked '^ss -K -Htn dst 10.88.0.12 sport = :2377$'
has "a worker that is down and connected: said so" "$work/out" '^@note the swarm took the node at 10.88.0.12 for gone, which is connected to it'
fake ss <<'SH'
SH
settle
is "a worker that is down and not connected: exit status" $? 0
hasnt "a worker that is down and not connected: nothing is claimed" "$work/out" '^@note'
rm /srv/members

echo 'img 1/1' >/srv/swarm
echo rollback_completed >/srv/update.img
settle
is "a rollback: exit status" $? 1
has "a rollback: why" "$work/out" "^@stuck img${T}rolled back, 1/1 running${T}img:1"
has "a rollback: said so" "$work/out" '^@log not all services run: img 1/1 (rolled back)$'

# Its reason is what failed by the specification that is not in force, though that is of an earlier run and
# what is in force has failed as well; and though both have the same image.
tasks img <<'TASKS'
-1 new t9 img.1 img:1 lab-2 Running Running 1 second ago
-1 new t8 img.2 img:1 lab-2 Shutdown Failed 2 seconds ago|task: non-zero exit (2)
90 bad t2 img.1 img:1 lab-1 Shutdown Failed 1 minute ago|task: non-zero exit (3)
99 bad t1 img.1 img:1 lab-1 Shutdown Failed 2 minutes ago|task: non-zero exit (4)
TASKS
settle
has "a rollback: by what was rolled back" "$work/out" "^@stuck img${T}rolled back, 1/1 running${T}img:1${T}2${T}lab-1${T}Failed 1 minute ago${T}\"task: non-zero exit (3)\"\$"

# ---- services that only seem to run ----------------------------------------------------------------
# A program that ends at once is running at every look, a new task each time.
fresh
printf '%s\n' 'brief 1/1' 'spread 3/3' >/srv/swarm
cat >/srv/turn <<'TURN'
now=$(date +%s)
printf "$now\tnew\tb$look\tbrief.1\tbrief:1\tlab-2\tRunning\tRunning 1 second ago\t\n" >/srv/tasks.brief
for i in 4 3 2 1; do
	printf "$now\tnew\ta$i\tbrief.1\tbrief:1\tlab-2\tShutdown\tFailed 2 seconds ago\t\"task: non-zero exit (1)\"\n"
done >>/srv/tasks.brief
{
	printf "100\tnew\ts1\tspread.1\tspread:1\tlab-2\tRunning\tRunning 9 days ago\t\n"
	printf "$now\tnew\tc$look\tspread.2\tspread:1\tlab-3\tRunning\tRunning 1 second ago\t\n"
	for i in 4 3 2 1; do printf "$now\tnew\td$i\tspread.2\tspread:1\tlab-3\tShutdown\tComplete 2 seconds ago\t\n"; done
	printf "100\tnew\ts3\tspread.3\tspread:1\tlab-2\tRunning\tRunning 9 days ago\t\n"
} >/srv/tasks.spread
TURN
settle
is "tasks that keep ending: exit status" $? 1
has "tasks that keep ending: do not count as running" "$work/out" '^@log not all services run: brief 0/1, spread 2/3$'
has "tasks that keep ending: why" "$work/out" "^@stuck brief${T}0/1 running${T}brief:1${T}4${T}lab-2${T}Failed 2 seconds ago${T}\"task: non-zero exit (1)\"\$"
has "tasks that keep ending: a program that ends well is none either" "$work/out" "^@stuck spread${T}2/3 running${T}spread:1${T}4${T}lab-3${T}Complete 2 seconds ago${T}task: exit (0)\$"
is "tasks that keep ending: its last words" "$(grep -c '^@stuck-says brief' "$work/out")" 2

# It is not forgotten when it happens to run as another one is given up.
echo 'img 0/1' >>/srv/swarm
tasks img <<'TASKS'
-1 new t1 img.1 img:1 lab-1 Shutdown Rejected 1 second ago|No such image: img:1
TASKS
settle
has "tasks that keep ending: told beside others" "$work/out" '^@log not all services run: brief 0/1, spread 2/3, img 0/1$'

# Docker counts before the task fails, or after the next one has come.
fresh
echo 'brief 1/1' >/srv/swarm
cat >/srv/turn <<'TURN'
now=$(date +%s)
if [ $((look % 2)) = 0 ]; then
	printf "$now\tnew\tx$look\tbrief.1\tbrief:1\tlab-2\tRunning\tFailed 1 second ago\t\"invalid mount config\"\n" >/srv/tasks.brief
else
	printf "$now\tnew\tx$look\tbrief.1\tbrief:1\tlab-2\tReady\tReady 1 second ago\t\n" >/srv/tasks.brief
	for i in 4 3 2 1; do printf "$now\tnew\ta$i\tbrief.1\tbrief:1\tlab-2\tShutdown\tFailed 2 seconds ago\t\"task: non-zero exit (1)\"\n"; done >>/srv/tasks.brief
fi
TURN
settle
has "a task that is not there any more when looked at does not run" "$work/out" '^@log not all services run: brief 0/1$'

# One that ended, and whose successor stays: that is seen for five seconds.
fresh
echo 'once 1/1' >/srv/swarm
tasks once <<'TASKS'
-1 new o2 once.1 once:1 lab-2 Running Running 9 days ago
1 new o1 once.1 once:1 lab-2 Shutdown Failed 1 second ago|task: non-zero exit (1)
TASKS
start=$(date +%s%N)
settle
is "a task that stays: exit status" $? 0
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -ge 5000 ]
report $? "a task that stays: watched for five seconds, whatever its node's clock says ($took ms)"
hasnt "a task that stays: nothing is told" "$work/out" '^@stuck'

# What ended long ago, was rejected or told to end is no reason to wait.
fresh
printf '%s\n' 'past 1/1' 'rejected 1/1' 'told 1/1' >/srv/swarm
tasks past <<'TASKS'
3600 new p2 past.1 past:1 lab-2 Running Running 1 second ago
3700 new p1 past.1 past:1 lab-2 Shutdown Failed 1 second ago|task: non-zero exit (1)
TASKS
tasks rejected <<'TASKS'
-1 new r2 rejected.1 rejected:1 lab-2 Running Running 1 second ago
-1 new r1 rejected.1 rejected:1 lab-2 Shutdown Rejected 1 second ago|No such image: rejected:1
TASKS
tasks told <<'TASKS'
-1 new s2 told.1 told:2 lab-2 Running Running 1 second ago
-1 old s1 told.1 told:1 lab-2 Shutdown Shutdown 1 second ago
TASKS
settle
is "what ended long ago: exit status" $? 0
is "what ended long ago: looked at once" "$(looks)" 1
is "what ended long ago: one question about all tasks" "$(asked 'service ps')" 1
is "what ended long ago: one more about those" "$(asked 'inspect --type task')" 1

# ---- tasks of long ago ------------------------------------------------------------------------
# lab-2 was a manager once and could not get the image then; today a constraint is in the way.
fresh
printf '%s\n' 'door 0/1 global' 'edited 0/1' 'slots 0/2' 'none 0/1' >/srv/swarm
tasks door <<'TASKS'
3600 new d1 door.n2 door:1 lab-2 Shutdown Rejected 1 hour ago|No such image: door:1
3000 new d3 door.n1 door:1 lab-1 Running Pending 50 minutes ago|no suitable node (insufficient resources on 1 node)
3500 new d2 door.n1 door:1 lab-1 Shutdown Rejected 58 minutes ago|No such image: door:1
TASKS
tasks edited <<'TASKS'
-1 new e2 edited.1 edited:2 lab-3 Running Pending 1 second ago|no suitable node (scheduling constraints not satisfied on 3 nodes)
-1 old e1 edited.1 edited:1 lab-2 Shutdown Rejected 1 second ago|No such image: edited:1
TASKS
tasks slots <<'TASKS'
-2 new s2 slots.1 slots:1 lab-2 Running Preparing 1 second ago
-1 new s1 slots.1 slots:1 lab-2 Shutdown Rejected 3 seconds ago|No such image: slots:1
-4 new s4 slots.2 slots:1 lab-3 Running Preparing 1 second ago
-3 new s3 slots.2 slots:1 lab-3 Shutdown Rejected 2 seconds ago|invalid mount config for type "bind"
TASKS
tasks none <<'TASKS'
-1 new n1 none.1 none:1 lab-3 Running Pending 1 second ago|no suitable node (1 node not available for new tasks)
TASKS
settle
has "long ago: not what another node could not do then" "$work/out" \
	"^@stuck door${T}0/1 running${T}door:1${T}0${T}lab-1${T}Pending 50 minutes ago${T}\"no suitable node (insufficient"
has "another specification: not what that could not do" "$work/out" \
	"^@stuck edited${T}0/1 running${T}edited:2${T}0${T}lab-3${T}Pending 1 second ago${T}\"no suitable node (scheduling"
has "two slots: the newest of both" "$work/out" \
	"^@stuck slots${T}0/2 running${T}slots:1${T}2${T}lab-3${T}Rejected 2 seconds ago${T}\"invalid mount config"

# What failed before is no reason to give up what comes now.
fresh
echo 'slow 0/1' >/srv/swarm
{
	echo '-1 new w9 slow.1 slow:1 lab-2 Running Preparing 9 seconds ago'
	for i in 1 2 3 4; do echo "$((i + 300)) new w$i slow.1 slow:1 lab-2 Shutdown Rejected 5 minutes ago|No such image: slow:1"; done
} | tasks slow
cat >/srv/turn <<'TURN'
[ "$look" -lt 24 ] || echo 'slow 1/1' >/srv/swarm
TURN
settle
is "failures of long ago: what comes now is waited for" $? 0
sed -i /Preparing/d /srv/tasks.slow
echo 'slow 0/1' >/srv/swarm
: >/srv/looks
settle
is "failures of long ago: and what is still to come" $? 0

# ---- docker that does not answer ----------------------------------------------------------------
fresh
echo 'img 1/1' >/srv/swarm
cat >/srv/turn <<'TURN'
if [ "$look" -lt 4 ]; then
	echo 'Error response from daemon: the swarm does not have a leader' >&2
	exit 1
fi
TURN
settle
is "docker that does not answer: asked again" "$? $(looks)" "0 4"

# ---- services that wait for what does not come -----------------------------------------------------
# Of a global service nothing is wanted ("0/0") while its task waits, ready, for an earlier one that was
# never given a node and so never ends.
fresh
echo 'door 0/0 global' >/srv/swarm
echo 'door 1/1 global' >/srv/freed.door
tasks door <<'TASKS'
-3 new d3 door.n1 door:1 lab-1 Ready Ready 9 seconds ago
-2 bad d2 door.n1 door:2 lab-1 Shutdown Pending 9 seconds ago|no suitable node (host-mode port already in use on 1 node)
-1 bad d1 door.n1 door:2 lab-1 Shutdown Rejected 9 seconds ago|No such image: door:2
TASKS
settle
is "a dead end: exit status" $? 0
has "a dead end: the service gets another task" /srv/asked '^docker service update -d -q --force door$'
is "a dead end: once" "$(grep -c 'service update' /srv/asked)" 1
has "a dead end: said so" "$work/out" '^@note door: the swarm waits for a task that cannot end'

fresh
echo 'door 0/0 global' >/srv/swarm
echo 'door 1/1 global' >/srv/freed.door
echo rollback_started >/srv/update.door
tasks door <<'TASKS'
9 new d4 door.n2 door:1 lab-2 Running Running 9 seconds ago
-3 new d3 door.n1 door:1 lab-1 Ready Ready 9 seconds ago
-2 bad d2 door.n1 bad:1 lab-1 Shutdown Pending 9 seconds ago
-1 bad d1 door.n1 bad:1 lab-1 Shutdown Rejected 9 seconds ago|No such image: bad:1
TASKS
settle
is "a dead end of a rollback: exit status" $? 1
has "a dead end of a rollback: the service gets another task" /srv/asked '^docker service update -d -q --force door$'
has "a dead end of a rollback: it is not forgotten" "$work/out" "^@stuck door${T}rolled back, 1/1 running${T}bad:1"

# Neither a task that waits its delay before a restart, nor one that waits for its own place.
fresh
printf '%s\n' 'door 0/1 global' 'pool 1/2' >/srv/swarm
tasks door <<'TASKS'
-3 new d3 door.n1 door:1 lab-1 Ready Ready 1 second ago
-2 new d2 door.n1 door:1 lab-1 Shutdown Rejected 1 second ago|No such image: door:1
-1 new d1 door.n1 door:1 lab-1 Shutdown Pending 1 minute ago
TASKS
tasks pool <<'TASKS'
-3 new p3 pool.1 pool:1 lab-1 Ready Pending 1 second ago
-2 new p2 pool.1 pool:1 lab-1 Shutdown Pending 1 second ago
-1 new p1 pool.1 pool:1 lab-1 Shutdown Rejected 1 second ago|No such image: pool:1
-1 new p0 pool.2 pool:1 lab-2 Running Running 1 second ago
TASKS
settle
hasnt "no dead end: left alone" /srv/asked 'service update'
has "a global service's task that is due counts" "$work/out" '^@log not all services run: door 0/2, pool 1/2$'

# While a rollback has not brought back what ran, it is not given up, whatever its failed tasks say.
fresh
echo 'door 0/1' >/srv/swarm
echo rollback_started >/srv/update.door
echo '-1 bad d1 door.1 bad:1 lab-1 Shutdown Rejected 9 seconds ago|No such image: bad:1' | tasks door
cat >/srv/turn <<'TURN'
[ "$look" -lt 24 ] || echo 'door 1/1' >/srv/swarm
TURN
settle
has "a rollback at work is waited for" "$work/out" '^@log not all services run: door 1/1 (rolled back)$'
# ---- stacks -----------------------------------------------------------------------------------
fresh
fake docker <<'SH'
case "$1 $2" in
"service ls")
	[ -e /srv/running ] || exit 0
	case $* in
	*{{.ID}}*) awk '{ print $1, $1, ($3 ? $3 : "replicated"), $2 }' /srv/running ;;
	*) cat /srv/running ;;
	esac
	;;
"service inspect")
	shift 4
	printf '%s\t\t\n' "$@"
	;;
"stack deploy") while [ $# -gt 1 ]; do [ "$1" != --compose-file ] || cp "$2" /srv/deployed; shift; done ;;
"ps --filter") cat /srv/here 2>/dev/null || : ;;
"image inspect") grep -qsx "$3" /srv/images ;;
"pull -q")
	cat /srv/pull && grep -qsx "$3" /srv/registry
	;;
esac
SH
compose='services:
  "up":
    deploy:
      replicas: 2 # 2 to 9
  "high":
    deploy:
      replicas: 2 # 2 to 9
  "asleep":
    deploy:
      replicas: 2 # 0 to 9
  "fixed":
    deploy:
      replicas: 2 # 2 to 2
  "new":
    deploy:
      replicas: 2 # 2 to 9
  "text":
    command: "replicas: 2 # 2 to 9"'
frame "$compose" | node 'step 1 0 stack_deploy fn'
is "a stack: the file arrives as it was" "$(cat /srv/deployed)" "$compose"
hasnt "a stack: what else bears its label stays" /srv/asked --prune
hasnt "a stack: nothing is removed" /srv/asked 'service rm'
printf '%s\n' 'fn_up 5/7' 'fn_high 0/12' 'fn_asleep 0/0' 'fn_fixed 4/4' 'fn_text 5/5' >/srv/running
frame "$compose" | node 'step 1 0 stack_deploy fn fn_gone fn_away'
is "a stack: what moved meanwhile keeps its number, within its range" \
	"$(grep -o 'replicas: [0-9]*' /srv/deployed | tr -d -c '0-9\n' | tr '\n' ' ')" "7 2 0 2 2 2 "
has "a stack: what left the spec goes" /srv/asked '^docker service rm fn_gone$'
has "a stack: all of it" /srv/asked '^docker service rm fn_away$'

# A service that runs here and must stop before its next version starts, which wants an image from elsewhere.
fresh
service() { # KEY IMAGE ORDER
	printf '  %s:\n    image: "%s"\n    networks: [svarm]\n    deploy:\n      # why\n      update_config: {order: %s}\n\n' "$@"
}
compose=$(
	printf 'services:\n'
	service door reg/door:2 stop-first
	service ours sha256:ab stop-first
	service there reg/there:2 stop-first
	service soft reg/soft:2 start-first
	service near reg/near:2 stop-first
	service far reg/far:2 stop-first
	printf 'networks:\n  door:\n    external: true\n'
)
printf 'svarm_%s\n' door ours soft near far >/srv/here
echo reg/near:2 >/srv/images
echo reg/far:2 >/srv/registry
printf 'Using default tag\nError: denied\tfor door\n' >/srv/pull
printf '%s\n' 'svarm_door 1/1 global' 'svarm_ours 1/1' >/srv/running
frame "$compose" >"$work/frames" && frame '' >>"$work/frames"
node 'step 1 0 stack_deploy svarm
step 2 0 services_settle' <"$work/frames"
is "an image that cannot be had: its service is not deployed" \
	"$(sed -n 's/^  \([a-z]*\):$/\1/p' /srv/deployed | tr '\n' ' ')" "ours there soft near far door "
is "an image that cannot be had: nothing else is cut" "$(printf '%s\n' "$compose" | sed 2,8d)" "$(cat /srv/deployed)"
is "images are fetched for what runs here and stops first, once" "$(grep -c 'docker pull' /srv/asked)" 2
fetched=$(grep -n 'docker pull -q reg/far:2' /srv/asked | cut -d : -f 1)
[ "${fetched:-9999}" -lt "$(grep -n 'stack deploy' /srv/asked | cut -d : -f 1)" ]
report $? "an image that can be had: before its service is stopped"
has "an image that cannot be had: the run fails and names the service" "$work/out" \
	'^@log not all services run: svarm_door 1/1 (not replaced)$'
has "an image that cannot be had: why" "$work/out" \
	"^@stuck svarm_door${T}not replaced, 1/1 running${T}reg/door:2${T}1${T}$(uname -n)${T}${T}No such image: Error: denied for door\$"

# ---- packages ---------------------------------------------------------------------------------
fresh
printf 'base\n' >/srv/installed
fake dpkg-query <<'SH'
sed 's/^/installed /' /srv/installed
SH
fake dpkg <<'SH'
cat /srv/audit 2>/dev/null; [ "$1" != --configure ] || rm -f /srv/audit
SH
fake apt-get <<'SH'
cat >>/srv/apt-input
env >/srv/apt-env
case "$*" in *' -s '*) echo 'Inst nginx (1)'; echo 'Inst libnginx (1)'; exit ;; esac
case " $* " in *' install '*) ;; *) exit ;; esac
[ ! -e /run/kill-on-install ] || { rm /run/kill-on-install && read -r group </run/victim && /bin/kill -9 -- "-$group"; }
case " $* " in *' install '*) printf 'nginx\nlibnginx\n' >>/srv/installed ;; esac
SH
echo 'this must not be eaten' | node 'step 1 0 packages_install nginx
await 1'
is "packages: what came is remembered once, what was there is not" "$(tr '\n' ' ' <$state/packages)" \
	"libnginx nginx "
is "packages: apt does not eat the frames" "$(cat /srv/apt-input)" ''
has "packages: no questions" /srv/apt-env '^DEBIAN_FRONTEND=noninteractive'
has "packages: no restarts behind our back" /srv/apt-env '^NEEDRESTART_SUSPEND='
has "packages: waits for the lock" /srv/asked 'DPkg::Lock::Timeout='
rm $state/packages
echo base >/srv/installed
touch /run/kill-on-install
write_script 'step 1 0 packages_install nginx' >"$work/script"
{ victim >"$work/out" 2>&1; } 2>/dev/null
is "packages: killed in the middle: remembered all the same" "$(tr '\n' ' ' <$state/packages)" \
	"libnginx nginx "
echo broken >/srv/audit
node 'step 1 0 packages_install nginx' </dev/null
has "packages: what was interrupted is configured first" /srv/asked '^dpkg --configure -a'

perl -MFcntl -e '
	open(my $f, "+>", "/var/lib/dpkg/lock-frontend") or die;
	$0 = "holder";
	my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
	fcntl($f, F_SETLK, $lock) or die;
	open(my $r, ">", "/srv/held"); close $r;
	sleep 3;' &
while [ ! -e /srv/held ]; do sleep 0.05; done
node 'step 1 0 packages_install nginx' </dev/null
has "packages: who holds the lock" "$work/out" "^@note waiting for the package lock held by holder (pid"
has "packages: and then goes on" "$work/out" "^@finish 1"
wait %% 2>/dev/null
mkdir -p /run/cloud-init
touch /run/cloud-init/enabled
(sleep 2 && touch /run/cloud-init/result.json) &
node 'step 1 0 packages_install nginx' </dev/null
has "packages: a first boot is waited for" "$work/out" "^@note waiting for cloud-init to end"

# ---- facts: a daemon that does not answer -----------------------------------------------------
umount /proc/sys/net/core/full /proc/sys
sleep 60 &
sleeper=$!
printf %s $sleeper >/run/docker.pid
facts() {
	printf 'package nginx\n' | timeout 30 dash templates/facts.sh >"$work/out" 2>"$work/err"
}
socket '200 OK' '{"Swarm":{"ControlAvailable":false}}'
facts
has "facts: docker's own words" "$work/out" '^json	info	{"Swarm"'
has "facts: the end" "$work/out" '^end	ok'
socket '503 Service Unavailable' '{"message":"The swarm does not have a leader."}'
facts
has "facts: docker refuses: said so" "$work/out" '^docker_failed	info	{"message":"The swarm does not have a leader."}'
kill "$socket_pid"
rm -f /run/docker.sock
facts
has "facts: no socket: said so" "$work/out" '^docker_failed	info	No such file'
printf 999999999 >/run/docker.pid
facts
hasnt "facts: docker does not run: nothing about it" "$work/out" '^docker_failed\|^json'
touch "$work/now"
sleep 0.05
facts
is "facts: no file is written" "$(find /run /srv /var/lib -newer "$work/now")" ''
kill $sleeper

echo "1..$n"
[ "$failed" = 0 ]
