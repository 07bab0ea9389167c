#!/usr/bin/env bash
# Every C file is formatted as .clang-format says.  Prints TAP.
set -u
mapfile -t files < <(git ls-files -co --exclude-standard '*.c' '*.h')
if ! command -v clang-format >/dev/null; then
	echo "1..0 # SKIP clang-format is not installed"
	exit 0
fi
echo "1..${#files[@]}"
n=0
for file in "${files[@]}"; do
	n=$((n + 1))
	if out=$(clang-format --dry-run -Werror "$file" 2>&1); then
		echo "ok $n - $file"
	else
		echo "not ok $n - $file"
		printf '%s\n' "$out" | head -n 3 | sed 's/^/# /'
	fi
done
