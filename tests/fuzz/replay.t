#!/usr/bin/env bash
# Every fuzz target runs over its corpus, under ASan and UBSan, without a finding.  Prints TAP.
set -u
targets=()
for source in tests/fuzz/fuzz_*.c; do
	targets+=("$(basename "${source#tests/fuzz/fuzz_}" .c)")
done
echo "1..${#targets[@]}"
n=0
for target in "${targets[@]}"; do
	n=$((n + 1))
	dirs=("tests/fuzz/corpus/$target")
	[ "$target" != spec ] || dirs+=(tests/plan/spec)
	[ "$target" != stack ] || dirs+=(tests/plan/spec/stack)
	mapfile -d '' files < <(find "${dirs[@]}" -type f -print0 2>/dev/null)
	if [ ${#files[@]} -eq 0 ]; then
		echo "not ok $n - $target: no corpus"
	elif out=$("build/san/tests/fuzz_$target" "${files[@]}" 2>&1); then
		echo "ok $n - $target: ${#files[@]} inputs"
	else
		echo "not ok $n - $target: ${#files[@]} inputs"
		printf '%s\n' "$out" | tail -n 12 | sed 's/^/# /'
	fi
done
