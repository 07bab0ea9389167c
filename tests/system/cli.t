#!/bin/bash
# The face of the command: helps, mistakes, exit codes, JSON, colours, closed and full outputs,
# signals.  Touches no node.  Prints TAP.  SVARM names another binary than build/svarm.
set -u
cd "$(dirname "$0")/../.." || exit 1
svarm=$(realpath -m "${SVARM:-build/svarm}")

skip_all() { echo "1..0 # SKIP $1"; exit 0; }
[ -x "$svarm" ] || { echo "Bail out! no $svarm: make svarm"; exit 1; }
command -v jq >/dev/null || skip_all "no jq: apt install jq"

T=$(mktemp -d "${TMPDIR:-/tmp}/svarm-cli.XXXXXX")
listener=
cleanup() {
	[ -z "$listener" ] || kill "$listener" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
unset NO_COLOR
export HOME=$T TERM=xterm

n=0
ok() { # ok STATUS NAME: 0 passes; else shows what the last run said
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
		return
	fi
	echo "not ok $n - $2"
	sed 's/^/# out: /' "$T/out" 2>/dev/null | head -5
	sed 's/^/# err: /' "$T/err" 2>/dev/null | head -5
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
# run ARGS...: the exit code in $rc, what was printed in $T/out and $T/err
run() { "$svarm" "$@" >"$T/out" 2>"$T/err" </dev/null; rc=$?; }
# is NAME RC OUT ERR: the last run's exit code, and a pattern each (grep -E; '-': must be empty)
matches() { if [ "$1" = - ]; then [ ! -s "$2" ]; else grep -Eq -e "$1" "$2"; fi; }
is() {
	[ "$rc" = "$2" ] && matches "$3" "$T/out" && matches "$4" "$T/err"
	ok $? "$1 (exit $rc)"
}

good=$T/good.yaml
cat >"$good" <<'YAML'
cluster: fjord
nodes:
  - {name: fjord-1, address: 203.0.113.11, private: 10.0.0.11, roles: [manager, ingress, worker, database]}
tune: {nginx: {client_body_buffer_size: 16K}}
faas: {functions: [{name: echo, image: "registry.example/echo:1.2"}]}
YAML
bad=$T/bad.yaml
sed 's/10\.0\.0\.11/10.0.0.300/; s/roles/rolles/' "$good" >"$bad"
warned=$T/warned.yaml
sed 's/echo:1.2/echo/' "$good" >"$warned"

# ---- help -------------------------------------------------------------------------------------
run
is "no command: the help, as an error" 2 - '^usage: svarm COMMAND'
run help
is "help" 0 '^usage: svarm COMMAND' -
for flag in --help -h; do
	run $flag
	is "$flag" 0 '^usage: svarm COMMAND' -
done
commands=$("$svarm" help --words)
for c in check plan up health status fn queue down cost schema render version help; do
	grep -qx "$c" <<<"$commands"
	ok $? "'help' knows '$c'"
done
for c in $commands; do
	run help "$c"
	is "help $c" 0 "^usage: svarm $c " -
	cp "$T/out" "$T/help"
	run "$c" --help
	cmp -s "$T/out" "$T/help"
	ok $? "$c --help says the same"
	awk 'length > 80 {bad = 1} END {exit bad}' "$T/out"
	ok $? "$c --help fits 80 columns"
	missing=0
	for o in $("$svarm" help --words "$c"); do grep -q -e "$o" "$T/out" || missing=1; done
	ok $missing "$c --help has every option"
done
run help nonsense
is "help for an unknown command" 2 - "unknown command 'nonsense'"

# ---- mistakes ---------------------------------------------------------------------------------
run chekc
is "unknown command, a near one" 2 - "unknown command 'chekc'; did you mean 'check'\?"
run zzzzzz
is "unknown command, none near" 2 - "unknown command 'zzzzzz'; 'svarm help' lists them"
run $'a\033[31mb'
is "an unknown command cannot colour the terminal" 2 - 'a\\x1b\[31mb'
run check --jsno
is "unknown option" 2 - "unknown option '--jsno'; did you mean '--json'\?"
run check --events x
is "another command's option" 2 - "unknown option '--events'"
run check a b
is "too many arguments" 2 - "unexpected argument 'b'"
run plan -j 0 "$good"
is "a number out of range" 2 - "wants a number from 1 to"
run plan --events
is "a missing value" 2 - "option '--events' needs a value"
run --json nonsense
is "a mistake in JSON" 2 '"ok": false' 'unknown command'
jq -e '.ok == false and .error.exit == 2 and .error.kind == "usage"' "$T/out" >/dev/null
ok $? "which is valid"
run --json
jq -e '.error.message == "no command given"' "$T/out" >/dev/null
ok $? "no command, in JSON"
run --events x check "$good"
is "an option before a command that does not know it" 2 - "does not know"

# ---- commands of two words --------------------------------------------------------------------
run fn
is "fn alone" 2 - "command 'fn' needs more arguments"
run fn lst "$good"
is "an unknown verb, a near one" 2 - "'svarm fn' does not know 'lst'; did you mean 'list'\?"
run fn xxxxxxx
is "an unknown verb, none near" 2 - "does not know 'xxxxxxx', only: list, invoke, logs, scale, remove"
run fn $'a\033[31mb'
is "an unknown verb cannot colour the terminal" 2 - 'a\\x1b\[31mb'
run fn invoke
is "a verb without its argument" 2 - "'svarm fn invoke' needs more arguments: NAME"
run fn list a b
is "a verb with too many" 2 - "unexpected argument 'b'"
run fn list --follow "$good"
is "another verb's option" 2 - "'svarm fn list' does not know --follow"
run fn scale echo -1 "$good"
is "a negative number looks like an option" 2 - "unknown option '-1'"
for number in x 1.5 1001 ''; do
	run fn scale echo "$number" "$good"
	is "fn scale to '$number'" 2 - "is not a number from 0 to 1000"
done
for name in '' '../system/functions' 'a b' 'a?b' '.x' $'a\nb' "$(printf 'a%.0s' {1..201})"; do
	run fn invoke "$name" "$good"
	is "fn invoke '${name:0:20}'" 2 - "is not the name of a function"
done
for path in x '/a b' $'/a\r\nX: y'; do
	run fn invoke echo --path "$path" "$good"
	is "fn invoke --path '${path:0:6}'" 2 - "--path: begins with '/' or '.' and holds no spaces"
done
for header in X 'X Y: z' ': z' $'X: a\r\nY: b' 'Host: x' 'content-length: 5'; do
	run fn invoke echo -H "$header" "$good"
	is "fn invoke -H '${header:0:10}'" 2 - "--header: "
done
printf 'A: b\nX Y: hunter2\n' >"$T/headers"
run fn invoke echo -H "@$T/headers" "$good"
is "a fault in a file of headers" 2 - "/headers:2:2: no ':' behind the header's name"
ok "$(grep -c hunter "$T/err")" "and nothing of the value is shown"
printf 'A: b\n# c\nHost: x\n' >"$T/headers"
run fn invoke echo -H "@$T/headers" "$good"
is "what is not for a file of headers either" 2 - "--header: 'host' is not for you to set"
run fn invoke echo -H "@$T/none" "$good"
is "a file of headers that is not there" 3 - "--header: unable to open '.*/none'"
run fn invoke echo -H @- -d @- "$good"
is "headers and a body from standard input" 2 - "the body and headers cannot both come from standard input"
run fn invoke echo -H @- -
is "headers and the spec from standard input" 2 - "the spec and headers cannot both come from standard input"
run fn invoke echo -X TRACE "$good"
is "fn invoke -X TRACE" 2 - "--method: POST, GET"
run fn invoke echo --async -X PUT "$good"
is "a queued call that is no POST" 2 - "--async: queued calls are POST"
run fn invoke echo -d "@$T/none" "$good"
is "fn invoke with a file that is not there" 3 - "unable to open '.*/none'"
run fn logs echo --since yesterday "$good"
is "fn logs --since yesterday" 2 - "--since: write it as in 10m"
run fn list "$T/none.yaml"
is "fn with a spec that is not there" 2 - "unable to open '.*none.yaml'"
run fn list --json "$bad"
is "fn with a spec that is wrong" 2 '"ok": false' "did you mean 'roles'"
run fn list --events x "$good"
is "fn writes no events" 2 - "unknown option '--events'"
run queue
is "queue alone" 2 - "command 'queue' needs more arguments"
for verb in replay purge; do
	run queue $verb "$good"
	is "queue $verb: never all by omission" 2 - "needs an ID of 'svarm queue dead', --function NAME, or --all"
	run queue $verb 17-0 --all "$good"
	is "queue $verb: one way to choose" 2 - "needs an ID"
	run queue $verb nonsense "$good" --all
	is "queue $verb: not an ID" 2 - "'nonsense' is no ID"
done
run queue dead --function $'a\nb' "$good"
is "queue dead --function of two lines" 2 - "--function: holds what none has"
run queue dead --bodies "$good"
is "queue dead --bodies for people" 2 - "--bodies: only with --json"
run queue status --limit 3 "$good"
is "queue status --limit" 2 - "does not know --limit"
# Nobody listens there: connecting fails soon, though the spec would have it tried for long.
sed "s/^nodes:/ssh: {connect_timeout: 1s, port: 9}\nnodes:/; s/203.0.113.11/127.0.0.1/" "$good" >"$T/refused.yaml"
run fn list "$T/refused.yaml" --json
is "a leader that cannot be reached" 1 '"kind": "node"' "fjord-1"

# ---- version, schema, check -------------------------------------------------------------------
run version
is "version" 0 '^svarm [0-9]+\.[0-9]+' -
run --version
is "--version" 0 '^svarm [0-9]+\.[0-9]+' -
run version --json
jq -e '.version | test("^[0-9]+[.][0-9]+")' "$T/out" >/dev/null
ok $? "version --json"
run schema
jq -e '.properties.nodes' "$T/out" >/dev/null
ok $? "schema is JSON and knows nodes"
run check "$good"
is "check" 0 "good.yaml: ok: cluster 'fjord', 1 node, 1 function$" -
run --json check "$good"
jq -e '.ok and .cluster == "fjord" and .nodes == 1 and .errors == []' "$T/out" >/dev/null
ok $? "--json before the command"
run check "$warned"
is "a warning goes to standard error" 0 ': ok: ' "^$warned:5: warning: .*no tag"
run check "$warned" --json
jq -e '.ok and .warnings[0].line == 5 and (.warnings[0].message | test("no tag"))' "$T/out" >/dev/null
ok $? "and to JSON, with its line"
run check "$bad"
is "mistakes in a spec" 2 - "^$bad:3:[0-9]+: .*'10.0.0.300'"
grep -q "did you mean 'roles'" "$T/err"
ok $? "all of them"
run check --json "$bad"
is "mistakes in JSON" 2 '"ok": false' "did you mean 'roles'"
jq -e '.ok == false and (.errors | length >= 2) and .errors[0].line == 3 and .errors[0].column > 0
	and (.errors[0].excerpt | test("\\^"))' "$T/out" >/dev/null
ok $? "each with line, column and excerpt"
"$svarm" check - <"$good" >"$T/out" 2>"$T/err"
rc=$?
is "a spec from standard input" 0 "ok: cluster 'fjord'" -
run check "$T/none.yaml"
is "a spec that is not there" 2 - "unable to open '.*none.yaml'"
run check "$T"
is "a folder for a spec" 2 - .
(cd "$T" && "$svarm" check >"$T/out" 2>"$T/err")
rc=$?
is "no cluster.yaml here" 2 - "no 'cluster.yaml' here; name the spec: svarm check FILE"
cp "$good" "$T/cluster.yaml"
(cd "$T" && "$svarm" check >"$T/out" 2>"$T/err")
rc=$?
is "cluster.yaml is the default" 0 '^cluster.yaml: ok: ' -

# ---- outputs ----------------------------------------------------------------------------------
for c in help schema version; do
	"$svarm" $c >/dev/full 2>"$T/err"
	rc=$?
	: >"$T/out"
	is "$c on a full disk" 3 - 'writing standard output: No space left'
	"$svarm" $c >&- 2>"$T/err"
	rc=$?
	is "$c with standard output closed" 3 - 'writing standard output'
done
# The reader is gone before anything is written.
(sleep 0.3; "$svarm" schema 2>"$T/err"; echo $? >"$T/rc") | :
rc=$(cat "$T/rc")
is "a closed pipe: no noise, exit code 3" 3 - -
"$svarm" check "$bad" 2>&- >"$T/out"
[ $? = 2 ]
ok $? "standard error closed: the exit code still tells"

screen() { script -qec "$*" /dev/null </dev/null >"$T/out" 2>"$T/err"; }
esc=$(printf '\033')
if command -v script >/dev/null; then
	screen "$svarm" nonsense
	grep -q "$esc\[31m" "$T/out"
	ok $? "colour on a terminal"
	NO_COLOR=1 screen "$svarm" nonsense
	grep -q 'unknown command' "$T/out" && ! grep -q "$esc" "$T/out"
	ok $? "none with NO_COLOR"
	TERM=dumb screen "$svarm" nonsense
	grep -q 'unknown command' "$T/out" && ! grep -q "$esc" "$T/out"
	ok $? "none on a dumb terminal"
	screen "$svarm" --no-color check --json "$bad"
	grep -q 'did you mean' "$T/out" && ! grep -q "$esc" "$T/out"
	ok $? "none with --no-color"
else
	for w in "colour on a terminal" "NO_COLOR" "a dumb terminal" "--no-color"; do
		skip "$w" "no script(1): apt install bsdutils"
	done
fi

# ---- signals ----------------------------------------------------------------------------------
# A listener that never says a word: connecting to it takes until the operator loses patience.
silent=$T/silent.yaml
if command -v python3 >/dev/null; then
	python3 - "$T/port" <<'PY' &
import os, socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(50)
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(60)
PY
	listener=$!
	for _ in $(seq 100); do [ -s "$T/port" ] && break; sleep 0.1; done
	sed "s/^nodes:/ssh: {connect_timeout: 50s, port: $(cat "$T/port")}\nnodes:/
		s/203.0.113.11/127.0.0.1/; /^faas:/d" "$good" >"$silent"
fi
for sig in INT TERM HUP; do
	[ -n "$listener" ] || { skip "SIG$sig" "no python3"; continue; }
	before=$(date +%s)
	timeout --preserve-status -k 20 -s $sig 1.5 "$svarm" down --yes --events "$T/events" "$silent" \
		>"$T/out" 2>"$T/err" </dev/null
	rc=$?
	is "SIG$sig ends a run" 4 - interrupted
	[ $(($(date +%s) - before)) -lt 6 ]
	ok $? "soon"
	jq -es 'length >= 3 and .[0].state == "started" and .[-1].event == "run" and
		.[-1].state == "failed" and ([.[].run] | unique | length == 1) and
		all(.[]; .time | test("^20.*Z$"))' "$T/events" >/dev/null
	ok $? "its events are whole"
done
if [ -n "$listener" ]; then
	run down --yes --events "$T/none/events" "$silent"
	is "--events to where nothing can be written" 3 - 'unable to open'
	timeout --preserve-status -s INT 1 "$svarm" down --yes --events /dev/full "$silent" \
		>"$T/out" 2>"$T/err" </dev/null
	grep -q 'could not be written\|not all events' "$T/err"
	ok $? "--events on a full disk is noticed"
else
	skip "--events that cannot be opened" "no python3"
	skip "--events on a full disk" "no python3"
fi

mkfifo "$T/fifo"
timeout --preserve-status -k 5 -s INT 0.5 "$svarm" check "$T/fifo" >"$T/out" 2>"$T/err"
rc=$?
is "SIGINT while the spec is awaited ends at once" 4 - -

# ---- the manual page and the completion --------------------------------------------------------
for c in $commands; do
	grep -q "^\.SS $c\$" docs/svarm.1
	ok $? "the manual page has the command '$c'"
	for o in $("$svarm" help --words "$c"); do
		grep -q -e "^\.B.*${o//-/\\\\-}\\b" docs/svarm.1
		ok $? "the manual page has $c's $o"
	done
done
stale=$(sed -n 's/^\.SS //p' docs/svarm.1 | grep -vxF "$commands")
[ -z "$stale" ]
ok $? "the manual page has no other commands $stale"
if command -v man >/dev/null; then
	LC_ALL=C.UTF-8 MANWIDTH=80 man -l --warnings docs/svarm.1 >"$T/out" 2>"$T/err"
	[ ! -s "$T/err" ] && grep -q 'EXIT' "$T/out"
	ok $? "man shows it without a warning"
else
	skip "man shows it" "no man: apt install man-db"
fi
# A core file would hold the secrets of the run.
mkfifo "$T/spec"
(ulimit -S -c "$(ulimit -H -c)"; exec "$svarm" check - <"$T/spec" >/dev/null 2>&1) &
reader=$!
exec 7>"$T/spec"
while ! grep -q svarm "/proc/$reader/comm"; do sleep 0.05; done
sleep 0.2
grep -q '^Max core file size *0 *0 ' "/proc/$reader/limits"
ok $? "no core file is left behind"
exec 7>&-
wait "$reader"

complete_words() { # what bash would offer for the command line "svarm ARGS..."
	PATH=$(dirname "$svarm"):$PATH bash -c '
		. completions/svarm.bash
		COMP_WORDS=(svarm "$@") COMP_CWORD=$#
		_svarm; printf "%s\n" "${COMPREPLY[@]}"' - "$@" >"$T/out" 2>"$T/err"
}
complete_words che
[ "$(cat "$T/out")" = check ]
ok $? "completion of a command"
complete_words check --js
[ "$(cat "$T/out")" = --json ]
ok $? "completion of an option"

echo "1..$n"
