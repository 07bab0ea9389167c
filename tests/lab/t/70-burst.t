#!/usr/bin/env bash
# 10,000 calls on 200 connections meet a function that sleeps: all of them are answered by it.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 11
. tests/lab/t/load.bash
"$svarm" up --no-health "$spec" >/dev/null 2>&1
url=http://$leader/function/burst
sleep_now() {
	api POST scale-function/burst '{"serviceName": "burst", "replicas": 0}'
}

is "a function that may sleep is deployed" "$(api POST functions '{"service": "burst", "image": "svarm/echo:dev",
	"labels": {"com.openfaas.scale.zero": "true", "com.openfaas.scale.zero-duration": "30m"}}')" 202
check "and answers" until_so 30 answers burst
for try in 1 2; do
	is "$try: it is put to sleep" "$(sleep_now)" 202
	check "$try: no task is left" until_so 40 no_containers burst
	load_begin burst -c 200 -n 10000 -t 2 --timeout 60 -X "$([ $try = 1 ] && echo GET || echo POST)" "$url"
	load_end burst
	is "$try: 10,000 calls at 200 connections, all are answered with 200" "$(outcome burst)" "200: 10000"
	echo "# in $(figure burst .seconds) s, the first after $(figure burst .latency_ms.max) ms at the latest"
done
is "asleep again, with a path and a body" "$(sleep_now)" 202
until_so 40 no_containers burst
is "a single call gets its own answer" "$(curl -s -m 30 -d 'wake up' "$url/a/b?c=d")" "wake up"
check "the function is removed" [ "$(api DELETE functions '{"functionName": "burst"}')" = 202 ]
