#!/usr/bin/env bash
# templates/apply.sh on one node: what a broken connection, a kill or a hostile name does to a file, a kernel
# setting, a step, a secret, a package.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/system/apply.bash
. tests/system/apply.bash

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

done_testing
