# What the lab tests that put the cluster under load share.  Sourced after lib.bash, from its folder.
# shellcheck shell=bash disable=SC2154,SC2034
load=build/svarm-load

# api METHOD PATH [JSON]: a call of the REST API; prints its status, the answer is in $tmp/answer.
api() {
	password=${password:-$(node 1 'cat /etc/svarm/secrets/basic-auth-password')}
	curl -s -m 30 -o "$tmp/answer" -w '%{http_code}' -K - -X "$1" ${3:+-d "$3"} \
		"http://$leader/system/$2" <<<"user = admin:$password"
}
# until_so SECONDS COMMAND…: repeats the command until it succeeds.
until_so() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}
answers() { # FUNCTION
	curl -fs -m 2 -o /dev/null "http://$leader/function/$1"
}
# Tasks of a service that run, counted by the manager: tasks SERVICE
tasks() {
	node 1 "docker service ps -q --filter desired-state=running $1 2>/dev/null | wc -l"
}
has_tasks() { # SERVICE COUNT
	[ "$(tasks "$1")" -eq "$2" ]
}
# Containers of a service that exist on any node, ending ones included.
no_containers() { # SERVICE
	local n
	for n in 1 2 3; do
		[ -z "$(node $n "docker ps -q --filter label=com.docker.swarm.service.name=$1")" ] || return 1
	done
}
# load_begin NAME OPTION… URL: svarm-load in the background, figures in $tmp/NAME.json.
load_begin() {
	local name=$1
	shift
	"$load" --json "$@" >"$tmp/$name.json" 2>"$tmp/$name.err" &
	echo $! >"$tmp/$name.pid"
}
# load_end NAME…: waits; fails when a run did not end with figures.  No more load: signal INT first.
load_end() {
	local name status=0
	for name; do
		wait "$(cat "$tmp/$name.pid")" || [ $? -eq 1 ] || status=1
		[ -s "$tmp/$name.json" ] || status=1
	done
	return $status
}
load_stop() { # NAME…
	local name
	for name; do
		kill -INT "$(cat "$tmp/$name.pid")"
	done
	load_end "$@"
}
# What came of it, on one line: "200: 12 timeout: 3", failures only with @failed.
outcome() { # NAME…
	local name
	for name; do
		jq -r '[.status, (.errors | with_entries(select(.value > 0)))] | add |
			to_entries | map("\(.key): \(.value)") | join(" ")' "$tmp/$name.json"
	done
}
figure() { # NAME JQ-PATH
	jq -r "$2" "$tmp/$1.json"
}
