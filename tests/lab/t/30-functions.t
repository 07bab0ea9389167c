#!/usr/bin/env bash
# Functions through nginx from outside: sync, async, and none lost while the worker was away.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 17
"$svarm" up --no-health "$spec" >/dev/null 2>&1

url=http://$leader
is "a call is answered" "$(curl -s -m 10 -d hi $url/function/echo)" hi
for verb in GET PUT PATCH DELETE; do
	is "$verb reaches the function, with path and query" \
		"$(curl -s -m 10 -X $verb "$url/function/echo/a/b?info=1&x=2" | jq -r '"\(.method) \(.path) \(.query)"')" \
		"$verb /a/b info=1&x=2"
done
is "a function that fails answers with its own status" \
	"$(curl -s -m 10 -o /dev/null -w '%{http_code}' "$url/function/echo?status=418")" 418
is "an unknown function is 404" "$(curl -s -m 10 -o /dev/null -w '%{http_code}' $url/function/nobody)" 404
head -c 20000000 /dev/zero >"$tmp/big"
is "20 MB go in and come back" \
	"$(curl -s -m 60 --data-binary "@$tmp/big" $url/function/echo | wc -c)" 20000000
head -c 53000000 /dev/zero >"$tmp/big"
is "53 MB are more than the 50M of the spec" \
	"$(curl -s -m 60 -o /dev/null -w '%{http_code}' --data-binary "@$tmp/big" $url/function/echo)" 413
is "/system/functions without a password is 401" \
	"$(curl -s -m 10 -o /dev/null -w '%{http_code}' $url/system/functions)" 401
password=$(node 1 'cat /etc/svarm/secrets/basic-auth-password')
is "with the password it lists the function" \
	"$(curl -s -m 10 -K - <<<"user = admin:$password" $url/system/functions | jq -r '.[].name')" echo

curl -s -m 10 -i -d hi $url/async-function/echo >"$tmp/out"
says "an asynchronous call is accepted" '^HTTP/1.1 202 '
says "with a call id" '^X-Call-Id: [0-9a-f-]{36}'
check "and called back" tests/lab/async_calls.py --count 20
# The worker away: no node satisfies the constraint, so its tasks end.
check "the worker can be stopped" node 1 \
	"docker service update -q --detach --constraint-add node.labels.nowhere==true svarm_queue-worker >/dev/null
	for i in \$(seq 60); do
		[ -n \"\$(docker service ps svarm_queue-worker --filter desired-state=running -q)\" ] || exit 0
		sleep 0.5
	done
	exit 1"
check "1,000 calls queued without a worker are all run when it is back" tests/lab/async_calls.py --count 1000 \
	--between "$lab ssh 1 'docker service update -q --detach --constraint-rm node.labels.nowhere==true svarm_queue-worker'"
check "and the cluster is as it was" "$svarm" plan "$spec"
