#!/usr/bin/env bash
# gcc and clang both compile everything without a warning.  Prints TAP.
set -u
echo 1..2
n=0
for cc in gcc clang; do
	n=$((n + 1))
	if ! command -v "$cc" >/dev/null; then
		echo "ok $n - $cc # SKIP not installed"
		continue
	fi
	dir=build/compilers/$cc
	if make --no-print-directory -j2 CC="$cc" WERROR=1 B="$dir" "$dir/svarm" "$dir/svarm-gateway" \
		"$dir/svarm-queue-worker" "$dir/svarm-load" >"build/compilers-$cc.log" 2>&1; then
		echo "ok $n - $cc: no warnings"
	else
		echo "not ok $n - $cc: no warnings"
		grep -E 'error|warning' "build/compilers-$cc.log" | head -n 10 | sed 's/^/# /'
	fi
done
