#!/usr/bin/env bash
# Plans for nodes that were recorded or made up, against golden files.  A case is a folder of tests/plan/node:
#   cluster.yaml      the spec
#   facts.NODE        what templates/facts.sh printed there; a node without one cannot be reached
#   expect.plan       changes, steps and errors of every node, and svarm's exit status
# or, when it differs little from another one:
#   base              the name of the other case; what is not here is taken from there
#   edit.NODE         a sed script for its facts
#   gone              names of nodes that cannot be reached
# UPDATE=1 writes the golden files anew: look at the diff.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
dump=${PLAN_DUMP:-build/${VARIANT:-san}/tests/plan_dump}
[ -x "$dump" ] || { echo "Bail out! $dump is not built"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=tests/plan/node
n=0 failed=0

report() { # STATUS NAME [FILE with an explanation]
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $n - $2"
	[ -z "${3:-}" ] || sed 's/^/# /' "$3" | head -n 60
}

# Put case $1 together in folder $2.
assemble() {
	local file
	mkdir -p "$2"
	[ ! -e "$cases/$1/base" ] || assemble "$(<"$cases/$1/base")" "$2"
	for file in "$cases/$1"/cluster.yaml "$cases/$1"/facts.*; do
		[ ! -e "$file" ] || cp "$file" "$2/"
	done
	for file in "$cases/$1"/edit.*; do
		[ ! -e "$file" ] || sed -i -f "$file" "$2/facts.${file##*/edit.}"
	done
	[ ! -e "$cases/$1/gone" ] || while read -r file; do rm -f "$2/facts.$file"; done <"$cases/$1/gone"
}

# One plan of case $1 into $work/out.
run() {
	assemble "$1" "$work/$1"
	timeout 20 "$dump" "$work/$1" >"$work/out" 2>&1
}

for folder in "$cases"/*/; do
	name=$(basename "$folder")
	golden=$cases/$name/expect.plan
	run "$name"
	status=$?
	[ "${UPDATE:-0}" != 1 ] || [ "$status" != 0 ] || cp "$work/out" "$golden"
	if [ "$status" != 0 ]; then
		report 1 "$name: plan_dump's exit status is $status" "$work/out"
		continue
	fi
	diff -u "$golden" "$work/out" >"$work/why"
	report $? "$name" "$work/why"
done

# An answer that is cut off anywhere is no answer: never a shorter plan.
run converged
cp -r "$work/converged" "$work/cut"
size=$(stat -c %s "$work/converged/facts.lab-1")
: >"$work/why"
for ((at = 0; at < size - 1; at += size / 40)); do
	head -c "$at" "$work/converged/facts.lab-1" >"$work/cut/facts.lab-1"
	timeout 20 "$dump" "$work/cut" >"$work/out" 2>&1
	grep -q '^lab-1: error' "$work/out" || echo "cut at $at: $(head -n 1 "$work/out")" >>"$work/why"
done
[ ! -s "$work/why" ]
report $? "an answer that is cut off anywhere is refused" "$work/why"

# Goldens show no value of a secret, and no fixture holds a real one.
grep -n 'made up for' "$cases"/*/expect.plan >"$work/why"
[ ! -s "$work/why" ]
report $? "no value of a secret is shown" "$work/why"
echo "1..$n"
[ "$failed" = 0 ]
