#!/usr/bin/env bash
# The function API on a real swarm, through nginx from outside: the conformance suite, then what only
# nodes can show: that an image of an archive starts without a registry, and that a slow start-up of an
# image's own health check costs nothing.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 11
"$svarm" up --no-health "$spec" >/dev/null 2>&1

url=http://$leader
password=$(node 1 'cat /etc/svarm/secrets/basic-auth-password')
api() { # METHOD PATH [BODY]: the answer, its status as last line
	curl -s -m 30 -X "$1" -w '\n%{http_code}' ${3:+-d "$3"} -K - "$url/system/$2" <<<"user = \"admin:$password\""
}
ms() {
	echo $(($(date +%s%N) / 1000000))
}
# answers NAME: how many milliseconds it takes to
answers() {
	local begin end
	begin=$(ms)
	end=$((begin + 30000))
	until [ "$(curl -s -m 5 -d hi "$url/function/$1")" = hi ]; do
		[ "$(ms)" -lt $end ] || return 1
		sleep 0.02
	done
	echo $(($(ms) - begin))
}

conformance() { # FILE ROW…
	SVARM_URL=$url SVARM_PASSWORD=$password SVARM_HAS="containers wake counts alert usage autoscale" \
		timeout 400 tests/api/conformance "${@:2}" >"$tmp/$1" 2>&1
}
# One row waits a minute for tasks to be taken back: beside all else.
conformance scaling load_scales &
scaling=$!
conformance suite -load_scales
suite=$?
grep -v '^ok' "$tmp/suite" >"$tmp/out"
[ "$suite" -eq 0 ]
report $? "the conformance suite passes"
is "and all of it ran" "$(grep -c '^ok' "$tmp/suite") $(grep -c '# SKIP' "$tmp/suite")" \
	"$(sed -n 's/^1\.\.//p' "$tmp/suite") 1"

# ---- an image that came with `svarm up` -------------------------------------------------------------
is "a function is deployed" "$(api POST functions '{"service":"quick","image":"svarm/echo:dev"}' | tail -n 1)" 202
took=$(answers quick)
echo "# answered after $took ms"
[ "${took:-99999}" -lt 8000 ]
report $? "it answers without a look-up that hangs"
image=$(node 1 'docker service inspect -f "{{.Spec.TaskTemplate.ContainerSpec.Image}}" quick')
[[ $image == sha256:* ]]
report $? "it runs by the image's ID ($image)"
is "and is reported by its name" "$(api GET function/quick | head -n 1 | jq -r .image)" svarm/echo:dev
check "it runs on workers only" node 1 \
	'docker service ps --filter desired-state=running --format "{{.Node}}" quick | grep -vx lab-1'

# ---- a dead function comes back, and not only five times ---------------------------------------------
for _ in 1 2 3 4 5 6 7; do
	for n in 2 3; do
		node $n 'docker ps -q --filter label=com.docker.swarm.service.name=quick | xargs -r docker kill' >/dev/null
	done
	sleep 2
	answers quick >/dev/null || break
done
is "killed seven times it answers again" "$(curl -s -m 10 -d hi "$url/function/quick")" hi
is "and is removed" "$(api DELETE functions '{"functionName":"quick"}' | tail -n 1)" 202

wait "$scaling"
suite=$?
grep -v '^ok' "$tmp/scaling" >"$tmp/out"
[ "$suite" -eq 0 ] && [ "$(grep -c '^ok 1 - load' "$tmp/scaling")" = 1 ]
report $? "load scales a function, and takes its tasks back"
is "nothing of the suite is left" "$(api GET functions | head -n 1 | jq -r '.[].name' | grep -c '^api-')" 0
