#!/bin/bash
# The live reporter on a real (emulated) terminal: one line per node that never wraps, whatever the
# width, also while the window changes; the cursor comes back.  Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
demo=$(realpath -m "${LIVE_DEMO:-build/san/tests/live_demo}")

command -v tmux >/dev/null || { echo "1..0 # SKIP no tmux: apt install tmux"; exit 0; }
[ -x "$demo" ] || { echo "Bail out! no $demo: make test-programs"; exit 1; }

T=$(mktemp -d "${TMPDIR:-/tmp}/svarm-live.XXXXXX")
tm() { tmux -S "$T/tmux" -f /dev/null -u "$@"; }
trap 'tm kill-server 2>/dev/null; rm -rf "$T"' EXIT
trap 'exit 1' INT TERM
export LC_ALL=C.UTF-8 TERM=xterm-256color

n=0
ok() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; return; fi
	echo "not ok $n - $2"
	sed 's/^/# |/' "$T/screen"
}
start() { # start NAME COLUMNS ROWS ARGS...: a terminal that runs the demo
	name=$1
	tm new-session -d -s "$1" -x "$2" -y "$3" "$demo ${*:4}; echo finished; sleep 60"
}
look() { tm capture-pane -p -t "$name" >"$T/screen"; }
wait_for() { # wait_for PATTERN: until the screen shows it, at most 20 s
	for _ in $(seq 200); do
		look
		grep -q -e "$1" "$T/screen" && return
		sleep 0.1
	done
	return 1
}
cursor() { [ "$(tm display -p -t "$name" '#{cursor_flag}')" = "$1" ]; }
node_line='^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏·✓✗] node-[0-9]+ '
# On the screen: so many lines of nodes, and none that is the rest of a wrapped one.
whole() { # whole NODES OTHERS
	[ "$(grep -cE "$node_line" "$T/screen")" = "$1" ] &&
		[ "$(grep -vE "$node_line" "$T/screen" | grep -c .)" -le "$2" ]
}

for columns in 60 80 120; do
	start "w$columns" "$columns" 20 live 3 2
	wait_for ' 4/8 .*net.core.somaxconn = 6' && wait_for ' node-1   [5-8]/8 '
	ok $? "$columns columns: steps are shown"
	# The heading and the notice, which takes two lines at 60 columns.
	whole 3 $((columns == 60 ? 3 : 2))
	ok $? "$columns columns: one line per node, none wrapped"
	cursor 0
	ok $? "$columns columns: the cursor is hidden"
	wait_for '^finished'
	grep -q '^✓ node-1   8/8 .*done$' "$T/screen" && grep -q '^✗ node-3   6/8 ' "$T/screen"
	ok $? "$columns columns: the last states stay"
	cursor 1
	ok $? "$columns columns: the cursor is back"
done

start many 70 12 live 30 2
wait_for '… 20 more; of all 30' && wait_for ' 5/8 '
ok $? "more nodes than lines: the rest is counted"
whole 10 1
ok $? "and the window is not left"
wait_for '✗ node-30 '
ok $? "what failed is shown first"

start resized 100 20 live 3 1
wait_for ' 3/8 '
tm resize-window -t resized -x 50 -y 20
sleep 1
look
[ "$(grep -E "$node_line" "$T/screen" | awk '{print $2}' | sort -u | wc -l)" = 3 ]
ok $? "a narrower window: three lines"
[ "$(wc -L <"$T/screen")" -le 50 ]
ok $? "none wider than it"

echo "1..$n"
