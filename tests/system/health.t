#!/usr/bin/env bash
# templates/health.sh on this machine, under dash, with stand-ins for what it asks: what it makes of programs
# that fail or have nothing to say.  What it says of real nodes, the lab shows.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
sed "s|^LC_ALL=C PATH=|&$work/bin:|" templates/health.sh >"$work/script"
n=0 failed=0

is() { # NAME HAVE WANT
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $n - $1"
	printf '# have: %s\n# want: %s\n' "$2" "$3"
}
fake() { # NAME, the body on standard input
	{
		echo '#!/bin/sh'
		cat
	} >"$work/bin/$1"
	chmod 755 "$work/bin/$1"
}
asked() { # QUESTION WORD…: the lines of the answer that begin with one of the words, a blank for each tab
	local question=$1 line
	shift
	dash "$work/script" <<<"$question" | tr '\t' ' ' | while read -r line; do
		case " $* " in *" ${line%% *} "*) printf '%s; ' "$line" ;; esac
	done
}

fake journalctl <<'SH'
case "$*" in
*'-u docker'*) printf 'level=info msg=a\nlevel=error msg=b\n' ;;
*kernel*) echo 'Memory cgroup out of memory: Killed process 7 (echo)' ;;
esac
SH
is "complaints are counted" "$(asked 'journal 9' errors oom late end)" \
	"errors 1 level=error msg=b; oom 1 Memory cgroup out of memory: Killed process 7 (echo); end ok; "
fake journalctl <<'SH'
case "$*" in *'-n 1 '*) echo 'something else' ;; esac
SH
is "nothing to complain of" "$(asked 'journal 9' errors oom late end)" "errors 0; oom 0; end ok; "
fake journalctl <<'SH'
exit 0
SH
is "a journal that keeps nothing says nothing" "$(asked 'journal 9' errors oom late end)" "end ok; "
fake journalctl <<'SH'
echo 'Failed to open the journal' >&2
exit 1
SH
is "a journal that cannot be read says nothing" "$(asked 'journal 9' errors oom late end)" "end ok; "
fake journalctl <<'SH'
exec sleep 60
SH
is "a journal that takes too long" "$(asked 'journal 1' errors oom late end)" "late journal; errors 0; oom 0; end ok; "
echo "1..$n"
[ "$failed" = 0 ]
