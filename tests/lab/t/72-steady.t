#!/usr/bin/env bash
# 20 calls a second, by the clock: none fails while functions are deployed, updated and scaled.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 13
. tests/lab/t/load.bash
"$svarm" up --no-health "$spec" >/dev/null 2>&1
url=http://$leader/function/steady
echo hello >"$tmp/body"
function_json() { # NAME VALUE
	echo '{"service": "'"$1"'", "image": "svarm/echo:dev", "envVars": {"GENERATION": "'"$2"'"}}'
}
generation() { # VALUE: so many tasks run, all of that generation
	[ "$(node 1 "docker service inspect -f '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' steady")" = completed ] &&
		node 1 "docker service inspect -f '{{.Spec.TaskTemplate.ContainerSpec.Env}}' steady" | grep -q "GENERATION=$1"
}
scale() { # COUNT
	api POST scale-function/steady '{"serviceName": "steady", "replicas": '"$1"'}'
}

is "a function is deployed" "$(api POST functions "$(function_json steady 1)")" 202
check "and answers" until_so 30 answers steady
is "it gets a second task" "$(scale 2)" 202
check "which runs" until_so 30 has_tasks steady 2

load_begin get -r 10 -c 50 -d 80 "$url?delay=20"
load_begin post -r 10 -c 50 -d 80 --data-file "$tmp/body" "$url?delay=20"
sleep 1
is "under load: another function is deployed" "$(api POST functions "$(function_json other 1)")" 202
check "and answers" until_so 30 answers other
is "this one is updated" "$(api PUT functions "$(function_json steady 2)")" 202
check "and all its tasks are new" until_so 60 generation 2
for count in 1 5 1; do
	scale $count >"$tmp/out"
	until_so 30 has_tasks steady $count || echo "no $count tasks: $(tasks steady)" >>"$tmp/failures"
	sleep 3
done
check "it is scaled to 1, 5 and 1" test ! -s "$tmp/failures"
is "the other one is deleted" "$(api DELETE functions '{"functionName": "other"}')" 202
sleep 1
load_stop get post
is "of all GETs not one failed" "$(outcome get)" "200: $(figure get .answers)"
is "of all POSTs not one failed" "$(outcome post)" "200: $(figure post .answers)"
echo "# $(figure get .answers) GETs, slowest $(figure get .latency_ms.max) ms; $(figure post .answers) POSTs," \
	"slowest $(figure post .latency_ms.max) ms"
is "and this one" "$(api DELETE functions '{"functionName": "steady"}')" 202
