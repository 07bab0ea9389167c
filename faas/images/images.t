#!/usr/bin/env bash
# The images: is each archive what `docker load` expects, does the same input give the same bytes,
# and do the programs in it run with nothing but what is in it?  TAP; run from the root folder.
set -uo pipefail
export LC_ALL=C

here=$(dirname "${BASH_SOURCE[0]}")
out=build/images
tmp=$(mktemp -d)
redis_pid='' echo_pid=''
cleanup() {
	[ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null
	[ -z "$echo_pid" ] || kill "$echo_pid" 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT

n=0
failed=0
ok() { # DESCRIPTION COMMAND...
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$tmp/log" | head -20
		failed=$((failed + 1))
	fi
}
skip() { # DESCRIPTION REASON
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
fails_with() { # TEXT COMMAND...
	local text=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "should have failed: $said"
		return 1
	fi
	grep -qF "$text" <<<"$said" || { echo "said: $said" && return 1; }
}
root() { [ "$(id -u)" = 0 ]; }

# ---- the archive -------------------------------------------------------------------------------

# Every digest in it must be the digest of what it names.
check_archive() { # PREFIX
	python3 - "$1" <<'END'
import hashlib, io, json, sys, tarfile

prefix = sys.argv[1]
note = json.load(open(prefix + ".json"))
archive = tarfile.open(prefix + ".tar.gz")
data = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}
(entry,) = json.loads(data.pop("manifest.json"))
config_bytes = data.pop(entry["Config"])
config = json.loads(config_bytes)
digest = hashlib.sha256(config_bytes).hexdigest()
assert entry["Config"] == digest + ".json" and note["id"] == "sha256:" + digest
assert note["tag"] == f"svarm/{note['name']}:{digest[:12]}" and note["tag"] == entry["RepoTags"][0]
assert note["tags"] == entry["RepoTags"] and note["archive"] == prefix.split("/")[-1] + ".tar.gz"
assert set(data) == set(entry["Layers"]) and len(data) == 1
layers = ["sha256:" + hashlib.sha256(data[name]).hexdigest() for name in entry["Layers"]]
assert config["rootfs"] == {"type": "layers", "diff_ids": layers}
assert len(config["history"]) == len(layers)
assert config["os"] == "linux" and config["architecture"] and config["created"]
assert config["config"]["Entrypoint"] and config["config"]["Env"][0].startswith("PATH=")
names = set()
in_order = []
for m in tarfile.open(fileobj=io.BytesIO(data[entry["Layers"][0]])):
    name = m.name.removeprefix("./")
    assert name not in names, f"twice: {name}"
    assert m.mtime == 0 and m.uname == "" and m.gname == "" and not m.mode & 0o6000, name
    assert m.uid in (0, 33, 999) and m.gid == m.uid, name
    assert m.isfile() or m.isdir() or m.issym(), name
    assert m.issym() or not m.mode & 0o002 or m.mode & 0o1000, name
    names.add(name)
    if m.uid == 0 and name != ".":
        in_order.append(name.split("/"))
assert in_order == sorted(in_order), "not sorted"
for link in ("bin", "sbin", "lib", "etc/passwd", "etc/nsswitch.conf", "tmp"):
    assert link in names, link
END
}

unpack() { # NAME
	mkdir -p "$tmp/$1.archive" "$tmp/$1"
	tar -xzf "$out/$1.tar.gz" -C "$tmp/$1.archive" &&
		tar -xf "$tmp/$1.archive"/*/layer.tar -C "$tmp/$1"
}

build_sample() { # PREFIX
	local getent
	getent=$(command -v getent)
	"$here/build-image" --name sample --out "$1" --bin "$getent:/usr/bin/getent" \
		--file "$here/redis-entry.c:/etc/some file:0640" --dir /data:0700:999 \
		--dir /data/sub:0711:33 --link ../x:/data/sub/link --entrypoint /usr/bin/getent \
		--env 'A=b "c\d' --expose 80 \
		--label x=y=z --user 33 --alias svarm/sample:other
}

# However long the list of sections is: a reader that stops early must not end the one who lists.
debug_is_stripped() {
	mkdir "$tmp/bin"
	echo 'int main(void) { return 0; }' | cc -g -static -x c -o "$tmp/with-debug" - || return 1
	printf '#!/bin/sh\n%s "$@" && seq 100000\n' "$(command -v readelf)" >"$tmp/bin/readelf"
	chmod 755 "$tmp/bin/readelf"
	PATH=$tmp/bin:$PATH "$here/build-image" --name debug --out "$tmp/debug/debug" \
		--bin "$tmp/with-debug:/with-debug" --entrypoint /with-debug || return 1
	mkdir "$tmp/debug.root"
	tar -xzf "$tmp/debug/debug.tar.gz" -C "$tmp/debug.root" &&
		tar -xf "$tmp/debug.root"/*/layer.tar -C "$tmp/debug.root" ./with-debug || return 1
	readelf -SW "$tmp/with-debug" >"$tmp/debug.before"
	readelf -SW "$tmp/debug.root/with-debug" >"$tmp/debug.after"
	grep -qF .debug_info "$tmp/debug.before" && ! grep -F .debug_info "$tmp/debug.after"
}

same_bytes() { # PREFIX PREFIX
	cmp "$1.tar.gz" "$2.tar.gz" && cmp "$1.json" "$2.json"
}

reproducible() {
	build_sample "$tmp/a/sample" && sleep 1.1 && (umask 077 && build_sample "$tmp/b/sample") &&
		same_bytes "$tmp/a/sample" "$tmp/b/sample"
}

# From a copy that the other user can read, wherever this tree lies.
same_as_ordinary_user() {
	mkdir "$tmp/user" && cp -r "$here" "$tmp/user/images" && chown -R 65534:65534 "$tmp/user" &&
		chmod 711 "$tmp" && export -f build_sample &&
		env here="$tmp/user/images" setpriv --reuid=65534 --regid=65534 --clear-groups \
			bash -c "cd / && build_sample $tmp/user/sample" &&
		same_bytes "$tmp/a/sample" "$tmp/user/sample"
}

nothing_left_over() { # PREFIX
	[ "$(find "${1%/*}" -mindepth 1 | sort | tr '\n' ' ')" = "$1.json $1.tar.gz " ]
}

unchanged_is_not_written() {
	touch -d '2001-01-01' "$tmp/a/sample.tar.gz" && build_sample "$tmp/a/sample" &&
		[ "$(stat -c %Y "$tmp/a/sample.tar.gz")" = "$(date -d '2001-01-01' +%s)" ]
}

# A damaged or half-copied archive must not pass for the image.
damaged_is_written() {
	truncate -s -1 "$tmp/a/sample.tar.gz" && build_sample "$tmp/a/sample" &&
		same_bytes "$tmp/a/sample" "$tmp/b/sample"
}

missing_library() {
	printf 'int f(void); int main(void) { return f(); }\n' >"$tmp/main.c"
	printf 'int f(void); int f(void) { return 0; }\n' >"$tmp/f.c"
	cc -shared -o "$tmp/libsvarm-none.so" "$tmp/f.c" &&
		cc -o "$tmp/main" "$tmp/main.c" -L"$tmp" -lsvarm-none && rm "$tmp/libsvarm-none.so" &&
		fails_with libsvarm-none.so "$here/build-image" --name x --out "$tmp/x/x" \
			--bin "$tmp/main:/main" --entrypoint /main
}

refuses_nonsense() {
	local base=("$here/build-image" --out "$tmp/x/x")
	fails_with 'not an image name' "${base[@]}" --name 'A b' --entrypoint /x &&
		fails_with 'entrypoint is missing' "${base[@]}" --name x &&
		fails_with 'no such file' "${base[@]}" --name x --file /none:/x &&
		fails_with "no '..'" "${base[@]}" --name x --file /etc/passwd:/../x &&
		fails_with 'not an absolute path' "${base[@]}" --name x --dir x &&
		fails_with 'unknown option' "${base[@]}" --frob x &&
		fails_with 'needs a value' "${base[@]}" --name && [ -z "$(ls "$tmp/x")" ]
}

getent_in_sample() {
	mkdir -p "$tmp/sample" && tar -xzf "$tmp/a/sample.tar.gz" -C "$tmp/sample" &&
		mkdir "$tmp/sample/root" && tar -xf "$tmp/sample"/*/layer.tar -C "$tmp/sample/root" &&
		echo '192.0.2.7 seven' >"$tmp/sample/root/etc/hosts" &&
		chroot "$tmp/sample/root" /usr/bin/getent passwd redis | grep -q '^redis:x:999:' &&
		chroot "$tmp/sample/root" /usr/bin/getent hosts seven | grep -q 192.0.2.7
}

# ---- the programs ------------------------------------------------------------------------------

# All libraries of PROGRAM come from inside the image.
closure() { # IMAGE PROGRAM
	local loader libs
	loader=$(cd "$tmp/$1/usr" && find lib lib64 -maxdepth 1 -name 'ld-*.so*' 2>/dev/null)
	libs=$(chroot "$tmp/$1" "/usr/$loader" --list "$2") && echo "$libs" &&
		grep -q 'libc\.so' <<<"$libs" && ! grep -q 'not found' <<<"$libs"
}

nginx_accepts_a_config() {
	printf 'pid /run/nginx.pid;\nevents {}\nhttp { include mime.types; access_log %s;\n%s\n%s }\n' \
		/var/log/nginx/access.log 'upstream f { server 127.0.0.1:9; keepalive 4; }' \
		'server { listen 127.0.0.1:18099; location / { proxy_pass http://f; } }' \
		>"$tmp/gateway/etc/nginx/nginx.conf"
	mkdir -p "$tmp/gateway/dev" && : >"$tmp/gateway/dev/stdout" && : >"$tmp/gateway/dev/stderr"
	chroot "$tmp/gateway" /usr/sbin/nginx -t
}

echo_answers() {
	ECHO_THREADS=1 chroot --userspec=10001:10001 "$tmp/echo" /echo 127.0.0.1:0 2>"$tmp/echo.log" &
	echo_pid=$!
	local port='' i
	for ((i = 0; i < 50 && ${#port} == 0; i++)); do
		sleep 0.1
		port=$(sed -n 's/.*port \([0-9]*\),.*/\1/p' "$tmp/echo.log")
	done
	exec 3<>"/dev/tcp/127.0.0.1/$port" &&
		printf 'GET /_/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3 &&
		grep -q '200 OK' <&3
	local r=$?
	exec 3>&-
	return $r
}

redis_port=$((20000 + RANDOM % 10000))
password='pa ss"w\ord$'
auth='AUTH "pa ss\"w\\ord$"'

redis_start() { # [VARIABLE=VALUE...]
	mkdir -p "$tmp/redis/run/secrets" &&
		printf '%s\n' "$password" >"$tmp/redis/run/secrets/redis-password"
	env -i PATH="$PATH" SVARM_REDIS_PORT="$redis_port" SVARM_REDIS_BIND=127.0.0.1 "$@" \
		chroot "$tmp/redis" /redis-entry >"$tmp/redis.log" 2>&1 &
	redis_pid=$!
	local i
	for ((i = 0; i < 100; i++)); do
		redis_say "$auth" PING 2>/dev/null | grep -qxF +PONG && return 0
		kill -0 "$redis_pid" 2>/dev/null || break
		sleep 0.05
	done
	cat "$tmp/redis.log"
	return 1
}

redis_stop() {
	kill "$redis_pid"
	wait "$redis_pid"
	local r=$?
	redis_pid=''
	return $r
}

# What Redis answers to inline commands, one per line, until it hangs up.
redis_say() { # COMMAND...
	exec 3<>"/dev/tcp/127.0.0.1/$redis_port" || return 1
	printf '%s\r\n' "$@" QUIT >&3
	timeout 5 cat <&3 | tr -d '\r'
	exec 3>&-
}

redis_says() { # EXPECTED-LINE COMMAND
	local said
	said=$(redis_say "$auth" "$2")
	echo "$said"
	grep -qxF -- "$1" <<<"$said"
}
redis_needs_password() {
	redis_say PING | grep -q '^-NOAUTH' && redis_say 'AUTH wrong' | grep -q '^-WRONGPASS'
}
redis_hides_password() {
	grep -q redis-server "/proc/$redis_pid/cmdline" || return 1
	! tr '\0' ' ' <"/proc/$redis_pid/cmdline" | grep -qF 'ss"w' &&
		! tr '\0' ' ' <"/proc/$redis_pid/environ" | grep -qF 'ss"w' &&
		! grep -rqF 'ss"w' "$tmp/redis.log" "$tmp/redis/data" "$tmp/redis/tmp" "$tmp/redis/etc"
}
redis_drops_root() {
	[ "$(stat -c %u "/proc/$redis_pid")" = 999 ] &&
		grep -q '^CapEff:.*[[:space:]]0000000000000000$' "/proc/$redis_pid/status"
}
redis_keeps_data() {
	redis_say "$auth" 'SET k v' >/dev/null && redis_stop && redis_start && redis_says v 'GET k'
}
redis_without_aof() {
	redis_start SVARM_REDIS_PERSISTENCE=none SVARM_REDIS_MAXMEMORY=64m &&
		redis_says no 'CONFIG GET appendonly' && redis_says 67108864 'CONFIG GET maxmemory'
}
redis_syncs_later() {
	redis_start SVARM_REDIS_PERSISTENCE=aof-everysec && redis_says yes 'CONFIG GET appendonly' &&
		redis_says everysec 'CONFIG GET appendfsync'
}
redis_refuses() { # TEXT VARIABLE=VALUE
	fails_with "$1" env -i PATH="$PATH" "$2" chroot "$tmp/redis" /redis-entry
}
redis_refuses_nonsense() {
	redis_refuses 'not a size' SVARM_REDIS_MAXMEMORY=1x &&
		redis_refuses 'neither aof' SVARM_REDIS_PERSISTENCE=rdb &&
		redis_refuses 'not valid' 'SVARM_REDIS_DIR=/data
requirepass x' && redis_refuses 'not valid' SVARM_REDIS_PORT=99999 &&
		redis_refuses 'cannot open' SVARM_SECRETS=/none && : >"$tmp/redis/run/secrets/none" &&
		redis_refuses 'is empty' SVARM_REDIS_PASSWORD=none
}

test_redis() {
	ok 'redis-entry starts Redis' redis_start
	ok 'Redis answers with the password' redis_says +PONG PING
	ok 'Redis answers nothing without it' redis_needs_password
	ok 'the password is in no argument, environment, log or file of Redis' redis_hides_password
	ok 'Redis runs as the user redis, without capabilities' redis_drops_root
	ok 'appendonly yes' redis_says yes 'CONFIG GET appendonly'
	ok 'appendfsync always' redis_says always 'CONFIG GET appendfsync'
	ok 'maxmemory-policy noeviction' redis_says noeviction 'CONFIG GET maxmemory-policy'
	ok 'maxmemory 256 MiB' redis_says 268435456 'CONFIG GET maxmemory'
	ok 'tcp-backlog 65535' redis_says 65535 'CONFIG GET tcp-backlog'
	ok 'what was written survives SIGTERM and a new start' redis_keeps_data
	ok 'SIGTERM ends it with status 0' redis_stop
	ok 'persistence and memory as the environment says' redis_without_aof
	ok 'SIGTERM ends that too' redis_stop
	ok 'a sync every second when asked for' redis_syncs_later
	ok 'and that ends as well' redis_stop
	ok 'settings that make no sense are refused by name' redis_refuses_nonsense
}

test_programs() { # IMAGE
	case $1 in
	gateway)
		ok 'gateway: svarm-gateway finds its libraries' closure gateway /svarm-gateway
		ok 'gateway: nginx finds its libraries' closure gateway /usr/sbin/nginx
		ok 'gateway: nginx runs' chroot "$tmp/gateway" /usr/sbin/nginx -v
		ok 'gateway: nginx accepts a configuration' nginx_accepts_a_config
		ok 'gateway: certificates are there' \
			grep -q 'BEGIN CERTIFICATE' "$tmp/gateway/etc/ssl/certs/ca-certificates.crt"
		;;
	worker)
		ok 'worker: svarm-queue-worker finds its libraries' closure worker /svarm-queue-worker
		ok 'worker: certificates are there' \
			grep -q 'BEGIN CERTIFICATE' "$tmp/worker/etc/ssl/certs/ca-certificates.crt"
		;;
	redis)
		ok 'redis: redis-server finds its libraries' closure redis /usr/bin/redis-server
		ok 'redis: redis-server runs' chroot "$tmp/redis" /usr/bin/redis-server --version
		test_redis
		;;
	echo) ok 'echo: answers as an ordinary user' echo_answers ;;
	esac
}

second_run_is_quick() { # NAME...
	local before after begin=$SECONDS
	before=$(stat -c '%n %Y' "${@/#/$out/}" 2>/dev/null)
	"$here/build-all" "$@" || return 1
	after=$(stat -c '%n %Y' "${@/#/$out/}" 2>/dev/null)
	[ "$before" = "$after" ] && [ $((SECONDS - begin)) -le 5 ]
}

for tool in readelf strip python3; do
	command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool on this machine" && exit 0; }
done

ok 'the same input gives the same bytes, whatever the time and umask' reproducible
ok 'the sample archive is sound' check_archive "$tmp/a/sample"
ok 'nothing is left beside it' nothing_left_over "$tmp/a/sample"
ok 'an unchanged image is not written again' unchanged_is_not_written
ok 'a damaged archive is' damaged_is_written
ok 'a missing library is named' missing_library
ok 'what is for debuggers is left out' debug_is_stripped
ok 'what is no program is refused' fails_with 'is no program' "$here/build-image" --name x --out "$tmp/x/x" \
	--bin "$here/redis-entry.c:/x" --entrypoint /x
ok 'nonsense is refused and leaves nothing behind' refuses_nonsense
if root; then
	ok 'an ordinary user builds the same bytes' same_as_ordinary_user
	ok 'users and hosts are looked up inside' getent_in_sample
else
	skip 'an ordinary user builds the same bytes' 'needs root to change users'
	skip 'users and hosts are looked up inside' 'chroot needs root'
fi

for image in gateway worker redis echo; do
	if [ ! -f "$out/$image.tar.gz" ]; then
		skip "$image: archive" "not built: make images"
		continue
	fi
	ok "$image: the archive is sound" check_archive "$out/$image"
	ok "$image: a second run writes nothing and is quick" second_run_is_quick "$image"
	if root; then
		ok "$image: unpacks" unpack "$image"
		test_programs "$image"
	else
		skip "$image: runs on its own" 'chroot needs root'
	fi
done
echo "1..$n"
[ "$failed" = 0 ]
