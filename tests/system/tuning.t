#!/usr/bin/env bash
# svarm-probe tuning with a real nginx: the settings show their effect, settings that change nothing show
# none, and nothing is left behind.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
work=$(mktemp -d /tmp/svarm-tuning-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
unshare -n true 2>/dev/null || skip "this machine makes no network namespaces"

# shellcheck source=tests/system/nginx.bash
. tests/system/nginx.bash
find_nginx "$work" || skip "no nginx on this machine and none to download"
"$nginx" -v 2>/dev/null || skip "nginx does not start here"

probe=${PROBE:-build/san/svarm-probe}
[ -x "$probe" ] || make -s VARIANT=san "$probe" >&2
echo 1..22
number=0
report() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$work/out" "$work/err"
	fi
}
tuning() { # STATUS NAME OPTION…: the tool ends with that status
	local want=$1 name=$2 status=0
	shift 2
	"$probe" tuning --nginx "$nginx" --dir "$work/stage" "$@" >"$work/out" 2>"$work/err" || status=$?
	report $((status != want)) "$name"
}
holds() { # NAME FILTER: of the one line of a setting
	local status=0
	jq -se "[.[] | select(.setting)] | .[0] | $2" "$work/out" >/dev/null 2>&1 || status=1
	report $status "$1"
}
mkdir "$work/stage"

tuning 0 "keepalive is measured" --only upstream_keepalive --rounds 1 --seconds 0.5 --keepalive 128
holds "without it nginx connects for every call" '.note_before[0] > 0.99'
holds "with it seldom" '.note_after[0] < 0.5'
tuning 0 "and against itself" --only upstream_keepalive --rounds 1 --seconds 0.5 --keepalive 0
holds "a setting that is the default changes nothing" '.note_after[0] > 0.99'
tuning 0 "the backlog is measured" --only backlog --rounds 1
holds "calls find the default queue full" '.note_before[0] > 0'
holds "and have room in a long one" '.note_after[0] == 0'
tuning 3 "no nginx: it says so" --nginx /nonexistent
for option in '--rounds 0' '--rounds 26' '--rounds 1.5' '--keepalive -1' '--backlog 1x' '--body-buffer 1023' \
	'--tw-reuse 3' '--somaxconn 0' '--seconds 0' '--only nonsense'; do
	# shellcheck disable=SC2086
	tuning 2 "$option: that is none" $option
done
report "$(find "$work/stage" -mindepth 1 | wc -l)" "nothing is left"

poll() { # COMMAND…: until it succeeds, for half a minute
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
is_clean() { [ -d "$work/stage" ] && [ -z "$(find "$work/stage" -mindepth 1 2>/dev/null)" ]; }
has_begun() { compgen -G "$work/stage/*/front.conf" >/dev/null; }
for signal in KILL TERM; do
	rm -rf "$work/stage"
	mkdir "$work/stage"
	"$probe" tuning --nginx "$nginx" --dir "$work/stage" --only upstream_keepalive --rounds 25 --seconds 60 \
		>"$work/out" 2>"$work/err" &
	pid=$!
	status=0
	poll has_begun || status=1
	kill -"$signal" "$pid"
	wait "$pid" 2>/dev/null || true
	poll is_clean || status=1
	report $status "nothing is left after SIG$signal"
done
