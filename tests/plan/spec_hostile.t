#!/bin/bash
# Specs made to hurt: each must be refused (exit status 2) in under a second, within 64 MiB, with a
# short answer.  They are generated, because each is close to the largest file that is read at all.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# Time and memory are those of the release build where there is one.
DUMP=${SPEC_DUMP:-$PWD/build/${VARIANT:-release}/tests/spec_dump}
[ -x "$DUMP" ] || DUMP=$PWD/build/san/tests/spec_dump
[ -x "$DUMP" ] || { echo "Bail out! $DUMP is not built"; exit 1; }
max_ms=1000 max_kib=65536
! grep -q __asan_init "$DUMP" || max_ms=5000 max_kib=2000000
echo "# limits: $max_ms ms, $max_kib KiB"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

n=0 failed=0
SIZE=1048576

# try NAME WORDS: the file NAME is refused with WORDS in the answer.
try() {
	local rc ms kib why=''
	timeout 20 "$DUMP" --usage "$1" >out 2>usage
	rc=$?
	read -r ms kib < <(tail -n 1 usage)
	[ "$rc" = 2 ] || why="exit status $rc"
	[ "${ms:-99999}" -lt $max_ms ] || why="$why, took $ms ms"
	[ "${kib:-99999999}" -lt $max_kib ] || why="$why, needed $kib KiB"
	[ "$(stat -c %s out)" -lt 65536 ] || why="$why, answered $(stat -c %s out) bytes"
	grep -qF -- "$2" out || why="$why, no '$2' in: $(head -c 300 out)"
	n=$((n + 1))
	if [ -z "$why" ]; then
		echo "ok $n - $1 ($ms ms, $kib KiB)"
	else
		echo "not ok $n - $1: $why"
		failed=$((failed + 1))
	fi
	rm -f "$1"
}
# fill TEXT: TEXT over and over, up to the largest size.
fill() {
	yes -- "$1" | tr -d '\n' | head -c $SIZE
}
lines() { # FORMAT COUNT: one line for each number
	seq "$2" | awk -v f="$1\n" '{ printf f, $1 }' | head -c $SIZE
}

fill '[' >deep-flow; try deep-flow 'not a list'
{ printf 'nodes:\n '; fill '[' | head -c 1000000; } >deep-list; try deep-list 'nested deeper than 32'
fill '{a: ' >deep-map; try deep-map 'nested deeper than 32'
awk 'BEGIN { print "x:"; for (i = 1; i < 1400; i++) printf "%*s-\n", i, "" }' >deep-block; try deep-block 'nested deeper than 32'
fill '? ' >deep-keys; try deep-keys 'nested deeper than 32'
fill '- ' >deep-dashes; try deep-dashes 'not a list'
{ echo 'a: &a [x,x,x,x,x,x,x,x,x]'; lines 'k%d: [*a,*a,*a,*a,*a,*a,*a,*a,*a]' 20000; } >bomb; try bomb 'unknown key'
{ printf 'tune:\n sysctl:\n'; lines '  vm.k%d: 1' 60000; } >many-keys; try many-keys 'has more than 500 entries'
{ printf 'tune:\n sysctl:\n'; lines '  bad.k%d: 1' 60000; } >many-bad-keys; try many-bad-keys '…and 5995'
{ printf 'tune:\n sysctl:\n'; lines '  vm.a: %d' 60000; } >same-key; try same-key 'is given twice; first in line 3'
lines 'key%d: 1' 100000 >unknown-keys; try unknown-keys '…and '
lines 'cluster: a%d' 60000 >root-twins; try root-twins 'first in line 1'
{ echo 'faas: {functions: ['; fill '{},' | head -c 1000000; echo ']}'; } >functions; try functions 'are missing'
{ echo 'nodes:'; lines '- {name: a, private: 10.0.0.1, address: b, roles: [worker]} # %d' 1000; } >twin-nodes; try twin-nodes "name 'a' is taken already, in line 2"
{ echo 'images: ['; fill 'a,' | head -c 1000000; echo ']'; } >images; try images 'has more than 1000 entries'
{ printf 'nodes: [{roles: ['; fill 'worker,' | head -c 1000000; echo ']}]'; } >roles; try roles 'is named twice'
{ printf 'faas: {'; fill 'password: hunter2, ' | head -c 1000000; } >passwords; try passwords 'given by reference'
{ echo 'faas:'; lines ' password: x%d' 50000; } >password-lines; try password-lines 'given by reference'
{ printf 'cluster: "'; fill a | head -c 1000000; echo '"'; } >long-value; try long-value 'is too long'
{ fill a | head -c 1000; echo ': 1'; } >long-key; try long-key 'unknown key'
fill 'k: [' >flow-keys; try flow-keys 'nested deeper than 32'
fill ':' >colons; try colons 'must be a mapping'
fill '"' >quotes; try quotes 'line'
fill "a: 'x" >open-quote; try open-quote 'not valid YAML'
fill '#' >comment; try comment 'is empty'
yes '' | head -c $SIZE >newlines; try newlines 'is empty'
yes "$(printf 'a: b\r')" | head -c $SIZE >crlf; try crlf 'unknown key'
yes -- '---' | head -c $SIZE >documents; try documents 'the spec is empty'
yes '%TAG !e! tag:x,2000:' | head -c $SIZE >directives; try directives 'TAG'
lines 'k%d: !t x' 60000 >tags; try tags 'unknown key'
lines 'k%d: &a x' 60000 >anchors; try anchors 'unknown key'
{ printf 'a: |\n'; yes ' text' | head -c 1000000; } >block; try block 'unknown key'
{ head -c 500000 /dev/zero; } >zeros; try zeros 'NUL'
{ printf 'cluster: '; fill "$(printf '\377')" | head -c 100000; } >not-utf8; try not-utf8 'byte 0xff is not UTF-8'
for seed in 1 2 3; do
	awk -v seed=$seed 'BEGIN { srand(seed); s = "[]{},:-?\"|>&*!#%@ \nab\t~0"
		for (i = 0; i < 300000; i++) printf "%s", substr(s, int(rand() * length(s)) + 1, 1) }' >noise-$seed
	try noise-$seed ':'
done
head -c $((SIZE + 1)) /dev/zero | tr '\0' '#' >too-large; try too-large 'larger than 1 MiB'
ln -s /dev/zero endless; try endless 'larger than 1 MiB'

echo "1..$n"
[ "$failed" = 0 ]
