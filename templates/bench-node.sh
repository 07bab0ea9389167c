# What a node is, for the document of `svarm bench`: "KEY<tab>VALUE" lines.  It changes nothing.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
say() {
	[ -z "$2" ] || printf '%s\t%.100s\n' "$1" "$2"
}
say os "$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' /etc/os-release 2>/dev/null | head -n 1)"
say kernel "$(uname -r)"
say cpu "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)"
say cores "$(nproc 2>/dev/null)"
say memory_mb "$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null)"
say docker "$(timeout 5 docker --version 2>/dev/null | sed -n 's/^Docker version \([^, ]*\).*/\1/p')"
say nginx "$(timeout 5 nginx -v 2>&1 | sed -n 's|^nginx version: nginx/\([^ ]*\).*|\1|p')"
