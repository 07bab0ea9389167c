#!/bin/bash
# Reads every spec in tests/plan/spec and compares with its golden file: NAME.err is the whole text
# of all its mistakes (and exit status 2), NAME.json is the cluster that came of it.  Each must be
# done in under a second.  UPDATE=1 writes the golden files anew: look at the diff.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
DUMP=${SPEC_DUMP:-$PWD/build/${VARIANT:-san}/tests/spec_dump}
[ -x "$DUMP" ] || { echo "Bail out! $DUMP is not built"; exit 1; }
export HOME=/home/operator
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd tests/plan/spec || exit 1

n=0 failed=0 broken=0
report() { # STATUS NAME [FILE with an explanation]
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
		[ -z "${3:-}" ] || sed 's/^/# /' "$3"
	fi
}

one() { # NAME
	local golden=$1.json rc
	timeout 5 "$DUMP" --usage "$1.yaml" >"$work/out" 2>"$work/usage"
	rc=$?
	[ "$rc" = 2 ] && golden=$1.err
	if [ "${UPDATE:-0}" = 1 ] && { [ "$rc" = 0 ] || [ "$rc" = 2 ]; }; then
		rm -f "$1.err" "$1.json"
		cp "$work/out" "$golden"
	fi
	{ echo "exit status $rc, no $golden"; cat "$work/usage"; } >"$work/why"
	[ -e "$golden" ] || { report 1 "$1" "$work/why"; return; }
	diff -u "$golden" "$work/out" >"$work/why" || { report 1 "$1" "$work/why"; return; }
	read -r ms _ <"$work/usage"
	echo "took $ms ms" >"$work/why"
	[ "$ms" -lt 1000 ] || { report 1 "$1" "$work/why"; return; }
	report 0 "$1"
	[ "$rc" = 2 ] && broken=$((broken + 1))
}

for f in *.yaml; do
	one "${f%.yaml}"
done

echo "there are $broken" >"$work/why"
[ "$broken" -ge 45 ]
report $? "at least 45 broken specs" "$work/why"

# No golden file without its spec, and no secret in any of them (nor on the way to them).
for g in *.err *.json; do
	[ -e "${g%.*}.yaml" ] || echo "$g"
done >"$work/why"
[ ! -s "$work/why" ]
report $? "every golden file has its spec" "$work/why"
! grep -n 'hunter[0-9]' -- *.err *.json >"$work/why"
report $? "no secret is ever shown" "$work/why"
[ "$(grep -l 'hunter[0-9]' -- *.yaml | wc -l)" -ge 8 ]
report $? "though there are secrets to show"

# The schema is JSON, and the specs that are fine keep to it (where Python's jsonschema is there).
"$DUMP" --schema >"$work/schema.json"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/schema.json" 2>"$work/why"
report $? "the schema is JSON" "$work/why"
if python3 -c 'import jsonschema, yaml' 2>/dev/null; then
	python3 - "$work/schema.json" good-*.yaml ../../../examples/*.yaml >"$work/why" 2>&1 <<'PY'
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
for name in sys.argv[2:]:
    jsonschema.validate(yaml.safe_load(open(name)), schema)
PY
	report $? "the specs that are fine keep to the schema" "$work/why"
else
	n=$((n + 1))
	echo "ok $n - the specs that are fine keep to the schema # SKIP no python3-jsonschema, python3-yaml"
fi

# The examples are specs one can use.
for f in ../../../examples/*.yaml; do
	"$DUMP" "$f" >"$work/why" 2>&1
	report $? "${f#../../../}" "$work/why"
done

echo "1..$n"
[ "$failed" = 0 ]
