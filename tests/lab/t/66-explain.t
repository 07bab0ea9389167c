#!/usr/bin/env bash
# Functions that cannot run: an image that nobody has, a constraint that no node meets, more memory than
# there is, a program that ends at once.  `up` says of each what the matter is and what can be done,
# without waiting until its patience ends; what can run does.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 29
[ -e build/images/alertmanager.tar.gz ] || faas/images/build-all alertmanager >/dev/null
"$svarm" up --no-health "$spec" >/dev/null 2>&1
broken=build/lab/broken.yaml
trap 'rm -rf "$tmp" "$broken"' EXIT
{
	sed '/^images:/,$d' "$spec"
	cat <<'YAML'
images: [../images/echo.tar.gz, ../images/alertmanager.tar.gz]
faas:
  functions:
    - {name: echo, image: "svarm/echo:dev", replicas: 2}
    - {name: fine, image: "svarm/echo:dev"}
    - {name: imageless, image: "registry.example/none:1"}
    - {name: nowhere, image: "svarm/echo:dev", constraints: ["node.labels.zone == mars"]}
    - {name: large, image: "svarm/echo:dev", requests: {memory: 900G}}
    - name: brief # finds no folder of its own
      image: "svarm/alertmanager:dev"
      constraints: ["node.hostname == lab-2"]
YAML
} >"$broken"

# What a short loss of the network leaves behind.
deaf 2
report $? "control: the swarm cannot read the logs of a worker"
start=$(date +%s)
exits 1 "up fails" "$svarm" up --no-health --events "$tmp/events" "$broken"
took=$(($(date +%s) - start))
cp "$tmp/out" "$tmp/up"
[ "$took" -lt 85 ]
report $? "before its patience ends ($took s)"
says "an image that nobody has" 'fn_imageless \(0/1 running\): lab-[23] cannot get the image .registry\.example/none:1'
says "a constraint that no node meets" 'fn_nowhere \(0/1 running\): no node suits it'
says "which one, and by how many it is met" "constraint 'node\.labels\.zone == mars': met by 0 of 3 nodes"
says "and the one that only some meet" "constraint 'node\.labels\.svarm\.worker == true': met by 2 of 3 nodes"
says "more memory than there is" 'fn_large \(0/1 running\): no node suits it'
says "how much was asked for" 'sets aside 900\.0G of memory; the largest node has [0-9.]+G'
says "a program that ends" 'fn_brief \(0/1 running\): ends by itself on lab-2 \(exit 1\), [0-9]+ times so far'
says "its last words" 'it said: .*(permission denied|no such file)'
for _ in 1 2 3 4 5; do
	heard 2 && break
	sleep 1
done
heard 2
report $? "for which the worker was made to connect anew"
says "and where there is more" "docker service logs fn_brief'"
! grep -q 'fn_\(fine\|echo\) (' "$tmp/up"
report $? "what runs is not among them"
is "and does run" "$(curl -s -o /dev/null -m 10 -w '%{http_code}' "http://$leader/function/fine")" 200
is "the reasons are in the events as well" \
	"$(jq -r 'select(.state == "failed" and .step) | .error' "$tmp/events" | grep -c 'met by 0 of 3 nodes')" 1
exits 0 "status shows them" "$svarm" status "$broken"

# Nothing else is wrong now, so that all depends on how often the program is seen running.
sed -i '/imageless\|nowhere\|large/d' "$broken"
exits 1 "a program that ends is never taken for one that runs" "$svarm" up --no-health "$broken"
says "nor counted" 'fn_brief \(0/1 running\): ends by itself on lab-2 \(exit 1\)'
sed -i '/name: brief/a\      environment: {LATE: "yes"}\n      limits: {memory: 64M}' "$broken"
exits 1 "nor when its specification is another one" "$svarm" up --no-health "$broken"
says "and that is what is told of" 'fn_brief \((rolled back, )?0/1 running\): ends by itself on lab-2 \(exit 1\)'
check "up without them" "$svarm" up "$spec"
says "healthy" '^healthy: '

# ---- a service that is as it should be and yet does not run ------------------------------------------
# A task that no node has room for never ends, and the one that takes its place waits for that: with
# nobody's help, for a minute.  Docker wants none of the service meanwhile.
newest() { # PATTERN: within 40 s the leader's newest task of the gateway is wanted to be, and is, like that
	for _ in $(seq 80); do
		# shellcheck disable=SC2053
		[[ $(node 1 "docker service ps --filter node=lab-1 --format '{{.DesiredState}} {{.CurrentState}}' svarm_gateway" | sed -n 1p) == $1 ]] && return
		sleep 0.5
	done
	return 1
}
reserve() { # MEMORY
	node 1 "docker service update -d -q --reserve-memory $1 svarm_gateway" >/dev/null
}
forced() { node 1 "docker service inspect -f '{{.Spec.TaskTemplate.ForceUpdate}}' svarm_gateway"; }
before=$(forced)
reserve 900G && newest 'Running Pending*' && reserve 100M && newest 'Ready Ready*'
report $? "control: the gateway waits for a task that no node has room for"
is "and docker wants none of it" "$(node 1 "docker service ls --filter name=svarm_gateway --format '{{.Replicas}}'")" 0/0
exits 0 "plan finds nothing to do" "$svarm" plan "$spec"
check "up makes it run" "$svarm" up "$spec"
is "by another task than the one that waited" "$(forced)" $((before + 1))
is "it answers" "$(curl -s -o /dev/null -m 10 -w '%{http_code}' "http://$leader/function/echo")" 200
