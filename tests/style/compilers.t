#!/usr/bin/env bash
# gcc and clang both compile everything without a warning.  Prints TAP.
set -u
echo 1..4
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

# The module for nginx, once its headers were fetched.
for cc in gcc clang; do
	n=$((n + 1))
	root=$(find build/images -maxdepth 2 -path '*/root-*/.nginx-src' -printf '%h\n' 2>/dev/null | head -n 1)
	if ! command -v "$cc" >/dev/null || [ -z "$root" ]; then
		echo "ok $n - $cc: nginx module # SKIP $cc or nginx' headers are missing (make images)"
	elif CC=$cc faas/nginx/build-module "$root" "build/compilers/$cc/module.so" 2>build/compilers-module.log; then
		echo "ok $n - $cc: no warnings in the nginx module"
	else
		echo "not ok $n - $cc: no warnings in the nginx module"
		grep -E 'error|warning' build/compilers-module.log | head -n 10 | sed 's/^/# /'
	fi
done
