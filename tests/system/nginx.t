#!/usr/bin/env bash
# The nginx.conf svarm renders, in a real nginx, in a network namespace of its own, before a gateway
# that tells what reached it.  Only paths are changed: ports, addresses and limits are the real ones.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
[ "$(id -u)" = 0 ] || skip "needs root for a network namespace"
for tool in ip ss python3 sysctl; do
	command -v "$tool" >/dev/null || skip "needs $tool"
done

ns=svngx$$
work=$(mktemp -d)
nginx_pid=''
# shellcheck disable=SC2317
cleanup() {
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
	ip netns del $ns 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
ip netns add $ns 2>/dev/null || skip "this machine makes no network namespaces"

mkdir "$work/deb"
# shellcheck source=tests/system/nginx.bash
. tests/system/nginx.bash
find_nginx "$work/deb" || skip "no nginx on this machine and none to download"
"$nginx" -v 2>/dev/null || skip "nginx does not start here: $("$nginx" -v 2>&1 | head -n 1)"

render=${WANT_RENDER:-build/san/tests/want_render}
[ -x "$render" ] || make -s VARIANT=san "$render" >&2
cat >"$work/cluster.yaml" <<-'YAML'
	cluster: nginx
	nodes:
	  - {name: node, address: 203.0.113.11, private: 10.0.0.11, roles: [manager, ingress, worker, database]}
	  - {name: two, address: 203.0.113.12, private: 10.0.0.12, roles: [manager]}
	  - {name: three, address: 203.0.113.13, private: 10.0.0.13, roles: [manager]}
YAML
printf 'svarm-facts\t1\naddress\teth1\t10.0.0.11\t1500\n%s\t0\nend\tok\n' \
	"sysctl	/proc/sys/net/ipv6/conf/all/disable_ipv6" >"$work/facts"
"$render" "$work/cluster.yaml" "$work/facts" node /etc/nginx/nginx.conf >"$work/rendered.conf"

mkdir "$work/log" "$work/tmp" "$work/conf.d"
chmod 755 "$work"
chmod 777 "$work/tmp" "$work/log"
echo 'types { text/plain txt; }' >"$work/mime.types"
sed -e "s|/var/log/nginx|$work/log|; s|/run/nginx.pid|$work/nginx.pid|" \
	-e "s|/etc/nginx/|$work/|" -e "s|^http {|&\n$(
		for kind in client_body proxy fastcgi uwsgi scgi; do
			printf '%s_temp_path %s/tmp/%s;' "$kind" "$work" "$kind"
		done
	)|" "$work/rendered.conf" >"$work/nginx.conf"

ip -n $ns link set lo up
for a in 203.0.113.11/32 10.0.0.11/32 10.0.0.12/32 10.0.0.13/32 2001:db8:1::11/128; do
	ip -n $ns addr add $a dev lo
done
ip netns exec $ns sysctl -qw net.core.somaxconn=65535

ip netns exec $ns "$nginx" -t -e "$work/log/error.log" -c "$work/nginx.conf" >"$work/check" 2>&1 ||
	{
		sed 's/^/# /' "$work/check"
		echo "not ok 1 - nginx -t"
		echo "1..1"
		exit 1
	}
ip netns exec $ns "$nginx" -e "$work/log/error.log" -c "$work/nginx.conf" -g 'daemon off;' &
nginx_pid=$!
ip netns exec $ns python3 tests/system/nginx_checks.py "$work" "$nginx_pid"
