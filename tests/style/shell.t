#!/usr/bin/env bash
# Shell scripts pass shellcheck: those for nodes as POSIX sh, ours as bash.  Prints TAP.
set -u
if ! command -v shellcheck >/dev/null; then
	echo "1..0 # SKIP shellcheck is not installed"
	exit 0
fi
mapfile -t scripts < <(git ls-files -co --exclude-standard | while read -r f; do
	[ -f "$f" ] && head -c 64 "$f" | head -n 1 | grep -qaE '^#!.*\b(ba|da)?sh\b' && echo "$f"
done)
mapfile -t nodes < <(git ls-files -co --exclude-standard 'templates/*.sh')
echo "1..$((${#scripts[@]} + ${#nodes[@]}))"
n=0
one() { # FILE OPTION…
	n=$((n + 1))
	file=$1
	shift
	if out=$(shellcheck -S warning -x "$@" "$file" 2>&1); then
		echo "ok $n - $file"
	else
		echo "not ok $n - $file"
		printf '%s\n' "$out" | head -n 12 | sed 's/^/# /'
	fi
}
for file in "${scripts[@]}"; do one "$file"; done
for file in "${nodes[@]}"; do one "$file" -s dash; done
