# shellcheck shell=bash
# What the tests of templates/apply.sh share: the script's functions run for real, under dash, in a mount
# namespace of their own: /var/lib, /var/log, /run, /srv and /proc/sys are empty there, and systemctl, docker,
# apt and nginx are stand-ins that write down what they were asked.  What they do to a real node, the lab shows.
# To be sourced from the project's folder; a test ends with done_testing.
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
	exec unshare -m --propagation private "tests/system/${0##*/}" inside
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
T='	'

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
done_testing() {
	echo "1..$n"
	[ "$failed" = 0 ]
}
