#!/usr/bin/env bash
# The documents say what the program is: every key of the spec with its default, commands, options,
# exit codes, make targets, files and links that exist, examples that are valid.  Touches no node.
# Prints TAP.  SVARM names another binary than build/svarm.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
svarm=$(realpath -m "${SVARM:-build/svarm}")
[ -x "$svarm" ] || { echo "Bail out! no $svarm: make svarm"; exit 1; }
command -v jq >/dev/null || { echo "1..0 # SKIP no jq: apt install jq"; exit 0; }

T=$(mktemp -d "${TMPDIR:-/tmp}/svarm-docs.XXXXXX")
trap 'rm -rf "$T"' EXIT
shopt -s nullglob lastpipe # lastpipe: 'none' counts in this shell
pages=(README.md CONTRIBUTING.md CHANGELOG.md docs/*.md faas/README.md tests/lab/README.md)

n=0
# none NAME: standard input lists what is wrong; the test passes when that is nothing
none() {
	n=$((n + 1))
	sort -u >"$T/wrong"
	if [ ! -s "$T/wrong" ]; then
		echo "ok $n - $1"
		return
	fi
	echo "not ok $n - $1"
	sed 's/^/# /' "$T/wrong" | head -20
}
# missing A B: lines of A that are not in B
missing() { comm -23 <(sort -u "$1") <(sort -u "$2"); }

# ---- cluster.yaml -----------------------------------------------------------------------------
# "KEY<tab>DEFAULT" of every key; lists of sections are written nodes[].name.
"$svarm" schema | jq -r 'def keys_of(p):
		(.properties // {}) | to_entries[] | (p + .key) as $k | .value |
		"\($k)\t\(if has("default") then (.default | tostring) else "" end)",
		keys_of($k + "."),
		(.items? // {} | objects | keys_of($k + "[]."));
	keys_of("")' | sort >"$T/schema"
cut -f1 "$T/schema" >"$T/keys"
{ [ "$(wc -l <"$T/keys")" -gt 40 ] || echo "only $(wc -l <"$T/keys")"; } | none "the schema has its keys"

# Rows "| `key` | `default` | …" of docs/spec.md; bold when required.
# shellcheck disable=SC2016 # backquotes of Markdown
sed -nE 's/^\| (\*\*)?`([^`]+)`(\*\*)? \| ([^|]*)\|.*/\2\t\4/p' docs/spec.md |
	tr -d '`' | sed 's/ *$//' >"$T/rows"
grep -vE '^(net|vm|fs|kernel)\.|^(manager|worker|ingress|database)	' "$T/rows" | cut -f1 >"$T/told"
missing "$T/keys" "$T/told" | none "every key stands in docs/spec.md"
missing "$T/told" "$T/keys" | none "docs/spec.md has no key that the schema does not have"
awk -F'\t' 'NR == FNR { told[$1] = $2; next } $2 != "" && told[$1] != $2 { print $1 ": schema " $2 ", docs " told[$1] }' \
	"$T/rows" "$T/schema" | none "with its default"
# shellcheck disable=SC2016
"$svarm" schema | jq -r '.required[], (.properties.nodes.items.required[] | "nodes[]." + .),
	(.properties.faas.properties.functions.items.required[] | "faas.functions[]." + .)' |
	while read -r key; do grep -qF "| **\`$key\`** |" docs/spec.md || echo "$key"; done |
	none "and bold when it is required"
"$svarm" schema | jq -r '.. | objects | .enum? // empty | .[]' >"$T/words"
while read -r word; do
	# shellcheck disable=SC2016
	grep -qF "\`$word\`" docs/spec.md || echo "$word"
done <"$T/words" | none "every word that a key may take stands there"
# The three kernel settings that are set without being asked for.
mkdir "$T/render"
cp examples/minimal.yaml "$T/render/cluster.yaml"
while IFS=$'\t' read -r key value; do
	case $key in net.*) printf '%s = %s\n' "$key" "$value" ;; esac
done <"$T/rows" >"$T/sysctls"
if "$svarm" render "$T/render/cluster.yaml" 90-svarm.conf >"$T/conf" 2>/dev/null; then
	[ "$(wc -l <"$T/sysctls")" = 3 ] || echo "not three"
	missing "$T/sysctls" "$T/conf"
else
	: # without images nothing can be rendered: tests/unit/test_want.c holds the values
fi | none "the default kernel settings are those that are written"

# ---- examples ---------------------------------------------------------------------------------
# shellcheck disable=SC2016
for page in "${pages[@]}"; do
	awk -v base="$T/block-$(tr / - <<<"$page")" '
		/^```yaml/ { f = base "-" ++i ".yaml"; next }
		/^```/ { f = ""; next }
		f { print > f }' "$page"
done
blocks=("$T"/*.yaml examples/*.yaml)
for spec in "${blocks[@]}"; do
	"$svarm" check "$spec" >/dev/null 2>"$T/err" || echo "$spec: $(head -1 "$T/err")"
done | none "every spec that is shown is valid (${#blocks[@]})"
{ [ "${#blocks[@]}" -ge 5 ] || echo "${#blocks[@]}"; } | none "which are five at least"

# ---- commands, options, exit codes ------------------------------------------------------------
"$svarm" help --words >"$T/commands"
while read -r c; do "$svarm" help --words "$c"; done <"$T/commands" >"$T/options"
printf '%s\n' --version >>"$T/options"
# "svarm WORD" in code: after a prompt, in backquotes, in quotes of a message.
# shellcheck disable=SC2016
grep -hoE "(\\$ |[\`'/])svarm [a-z]+" "${pages[@]}" | sed 's/.* //' >"$T/called"
{ [ "$(sort -u "$T/called" | wc -l)" -ge 7 ] || sort -u "$T/called"; } | none "commands are found in the documents"
missing "$T/called" "$T/commands" | none "every command that the documents name exists"
missing "$T/commands" "$T/called" | grep -vxE 'help|version' | none "every command is named in them"
while read -r c; do
	grep -q "^\.SS $c\$" docs/svarm.1 || echo "$c"
done <"$T/commands" | none "every command stands in the manual page"
# What belongs to other programs: git, docker, mount and the like.
others='detach|force|lock-wait|net|no-install-recommends|resolve-image|rotate|stdin|token'
grep -hoE -- '(^|[^-a-z])--[a-z][a-z-]+' "${pages[@]}" | sed 's/^[^-]//' | sort -u >"$T/named"
missing "$T/named" "$T/options" | grep -vxE -- "--($others)" |
	none "every option that they name exists"
"$svarm" help | sed -nE 's/^  ([0-9]+) +(.*)/\1 \2/p' >"$T/codes"
sed -nE 's/^\| ([0-9]+) \| (.*) \|$/\1 \2/p' README.md | tr -d '`' >"$T/readme"
{ missing "$T/codes" "$T/readme"; missing "$T/readme" "$T/codes"; } |
	none "the exit codes of README.md are those of 'svarm help'"

# shellcheck disable=SC2016
"$svarm" health --list --json | jq -r '.[] | "| `\(.id)` | \(.severity) | \(.deadline) s | \(.summary) |"' >"$T/probes"
grep -E '^\| `[a-z]+\.[a-z0-9]+` \| (critical|warning|info) \|' docs/health.md >"$T/listed"
{ missing "$T/probes" "$T/listed"; missing "$T/listed" "$T/probes"; } |
	none "the probes of docs/health.md are those of 'svarm health --list'"

# ---- what they point to -----------------------------------------------------------------------
for page in "${pages[@]}"; do
	grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -v '^http' | while read -r to; do
		[ -e "$(dirname "$page")/$to" ] || echo "$page: $to"
	done
done | none "links lead somewhere"
grep -hoE '(^|[^-/a-zA-Z.])(cli|lib|provision|tune|faas|probe|templates|tests|docs|examples)/[A-Za-z0-9_./*-]*[A-Za-z0-9_*/]' \
	"${pages[@]}" | sed -E 's/^[^a-z]//' | grep -v NAME | sort -u | while read -r path; do
	compgen -G "$path" >/dev/null || echo "$path"
done | none "files that they name exist"
grep -hE '^[a-z][a-z0-9_.-]*:' Makefile tests/tests.mk | sed 's/:.*//' | sort -u >"$T/targets"
grep -hoE '(^ *|`|&& )make [a-z][a-z-]+' "${pages[@]}" | sed 's/.*make //' >"$T/made"
missing "$T/made" "$T/targets" | none "make targets that they name exist"
for page in docs/*.md; do
	[ "$page" = docs/README.md ] || grep -qF "($(basename "$page"))" docs/README.md || echo "$page"
done | none "docs/README.md lists every page"
grep -nE "$PWD|/(root|home)/[a-z]" "${pages[@]}" docs/svarm.1 | none "no path of one machine stands in them"
echo "1..$n"
