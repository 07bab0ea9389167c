# Takes svarm-probe from standard input and becomes it, for `svarm bench`.  The first line is
# "PROCESSOR UNPACKED PACKED": what `uname -m` should say, the bytes of the program, and the bytes
# that follow, packed by gzip.  What comes after those is for the program itself (probe/tool/agent.c),
# which deletes its file before it does anything.
set -uf
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
dir=''

trap '[ -z "$dir" ] || rm -rf "$dir"' EXIT
trap 'exit 129' HUP INT PIPE TERM
die() {
	printf '%s\n' "$*" >&2
	exit 3
}

# A folder of our own that has the space and may hold programs: /run often may not.
choose() {
	for base in /run /dev/shm /var/tmp /root; do
		free=$(df -Pk "$base" 2>/dev/null | awk 'NR == 2 { print $4 }')
		[ "${free:-0}" -gt "$1" ] || continue
		dir=$(mktemp -d "$base/svarm-probe.XXXXXX" 2>/dev/null) || continue
		printf '#!/bin/sh\n' >"$dir/svarm-probe" && chmod 700 "$dir/svarm-probe" &&
			"$dir/svarm-probe" 2>/dev/null && return
		rm -rf "$dir"
		dir=''
	done
	die 'there is no folder with space where programs may run (/run, /dev/shm, /var/tmp, /root)'
}

read -r processor unpacked packed || die 'the input ended early'
case $unpacked$packed in '' | *[!0-9]*) die 'the input is out of step' ;; esac
[ "$processor" = "$(uname -m)" ] ||
	die "the processor is $(uname -m), this svarm's programs are for $processor"
choose $((unpacked / 1024 + 1024))
head -c "$packed" | gzip -dc >"$dir/svarm-probe" || die "unable to write '$dir/svarm-probe'"
[ "$(stat -c %s "$dir/svarm-probe")" = "$unpacked" ] || die 'the program came short'
exec "$dir/svarm-probe" agent "$dir"
