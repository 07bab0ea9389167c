#!/usr/bin/env bash
# Engine openfaas on nodes that reach no registry: what svarm has images of runs with the rendered
# configuration, of everything else it says exactly why it does not; and functions and secrets
# are the same before, during and after.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 29
for image in prometheus alertmanager; do
	[ -e build/images/$image.tar.gz ] || faas/images/build-all $image >/dev/null
done
"$svarm" up --no-health "$spec" >/dev/null 2>&1
openfaas=build/lab/openfaas.yaml
{
	sed '/^images:/,$d' "$spec"
	cat <<'YAML'
images: [../images/echo.tar.gz, ../images/prometheus.tar.gz, ../images/alertmanager.tar.gz]
faas:
  engine: openfaas
  openfaas:
    images: {prometheus: "svarm/prometheus:dev", alertmanager: "svarm/alertmanager:dev"}
  secrets:
    - {name: lab-key, from: "file:openfaas-key"}
  functions:
    - {name: echo, image: "svarm/echo:dev", replicas: 2}
    - {name: keyed, image: "svarm/echo:dev", secrets: [lab-key], timeout: 20s}
YAML
} >"$openfaas"
echo value >build/lab/openfaas-key
trap 'rm -rf "$tmp" "$openfaas" build/lab/openfaas-key' EXIT

call() { # FUNCTION: the status of a call through the ingress
	curl -s -o /dev/null -m 10 -w '%{http_code}' "http://$leader/function/$1"
}
await() { # SECONDS COMMAND…
	local left=$1
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 1
	done
}
answers() { [ "$(call "$1")" = 200 ]; }
secrets() { node 1 "docker secret ls --format '{{.ID}} {{.Name}}' | grep -v ' lab-key' | sort"; }

# A function and a secret as faas-swarm makes them: no stack, a virtual address, its labels on both.
id=$(node 1 "docker service inspect -f '{{.Spec.TaskTemplate.ContainerSpec.Image}}' fn_echo")
node 1 "printf x | docker secret create --label com.openfaas.owner=openfaas theirs - >/dev/null
	docker service create -d --name cows --label com.openfaas.function=cows --label function=true \
		--container-label com.openfaas.function=cows --container-label function=true \
		--secret source=theirs,target=/var/openfaas/secrets/theirs,mode=0444 --no-resolve-image \
		--restart-condition any --restart-max-attempts 5 --restart-delay 5s --network svarm \
		--constraint node.platform.os==linux --constraint node.role!=manager $id >/dev/null"
await 20 answers cows
report $? "engine svarm serves a function that faas-swarm made"
before=$(secrets)
gateway() { node 1 "docker ps -q --no-trunc --filter label=com.docker.swarm.service.name=svarm_gateway"; }
own=$(gateway)
redis=$(node 3 "docker ps -q --no-trunc --filter label=com.docker.swarm.service.name=svarm_redis")

# --- the stack as docker reads it ---
"$svarm" render "$openfaas" stack-svarm.yml >"$tmp/stack.yml" 2>"$tmp/out"
report $? "the stack is rendered"
if docker stack config --help >/dev/null 2>&1; then
	check "docker takes it" docker stack config -c "$tmp/stack.yml"
else
	number=$((number + 1))
	echo "ok $number - docker takes it # SKIP this machine's docker has no 'stack config'"
fi

# --- up: what has an image runs, of the rest is said why it does not ---
exits 1 "up without OpenFaaS' images fails" "$svarm" up --no-health "$openfaas"
cp "$tmp/out" "$tmp/up"
for pair in gateway:openfaas/gateway:0.18.17 basic-auth-plugin:openfaas/basic-auth-plugin:0.18.17 \
	faas-swarm:openfaas/faas-swarm:0.8.5 nats:nats-streaming:0.17.0 queue-worker:openfaas/queue-worker:0.11.2; do
	says "${pair%%:*}: no image, and which" "svarm_${pair%%:*} \(.*running\): lab-[123] cannot get the image '${pair#*:}'"
done
says "with docker's words" 'docker says: No such image: nats-streaming:0\.17\.0'
says "and what can be done" "name the archive of the image"
! grep -q 'svarm_\(prometheus\|alertmanager\|redis\) (' "$tmp/up"
report $? "what runs is not among them"
for service in prometheus alertmanager redis; do
	is "$service runs" "$(node 1 "docker service ls --filter name=svarm_$service --format '{{.Replicas}}'")" 1/1
done
rules() {
	in_container 1 svarm_prometheus "perl -e 'use IO::Socket;
		my \$s = IO::Socket::INET->new(\"127.0.0.1:9090\") or die;
		print \$s \"GET /api/v1/\$ARGV[0] HTTP/1.0\r\n\r\n\"; local \$/; print <\$s>' $1" | tail -n 1
}
# It runs, but may not listen yet.
ruled() { rules alertmanagers | jq -e '.data.activeAlertmanagers | length > 0' >/dev/null 2>&1; }
await 30 ruled
is "Prometheus has the rule that scales" "$(rules rules | jq -r '.data.groups[].rules[].name')" APIHighInvocationRate
is "and knows Alertmanager" "$(rules alertmanagers | jq -r '.data.activeAlertmanagers[].url')" \
	http://svarm_alertmanager:9093/api/v2/alerts
is "Redis was not touched" "$(node 3 "docker ps -q --no-trunc --filter label=com.docker.swarm.service.name=svarm_redis")" "$redis"
is "the function is a service of its own name" "$(node 1 "docker service ls --filter name=echo --format '{{.Name}} {{.Replicas}}'")" "echo 2/2"
is "and another, with a secret of the spec's, as well" \
	"$(node 1 "docker service ls --filter name=keyed --format '{{.Replicas}}'; docker service inspect keyed \
		--format '{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.SecretName}} {{.File.Name}}{{end}}'" | tr '\n' ' ')" \
	"1/1 lab-key.1 /var/openfaas/secrets/lab-key "
is "the gateway, whose image cannot be had, was not stopped" "$(gateway)" "$own"
answers echo && answers cows
report $? "it still serves both functions"
is "the secrets are the same" "$(secrets)" "$before"
exits 1 "health says the same" "$svarm" health --only swarm.services --only functions --only ingress --only gateway "$openfaas"
says "with what can be done" "name the image's archive"

# --- and back ---
check "back to engine svarm" "$svarm" up "$spec"
says "healthy" '^healthy: '
is "OpenFaaS is gone" "$(node 1 "docker service ls --format '{{.Name}}' | sort | tr '\n' ' '")" \
	"cows fn_echo svarm_gateway svarm_queue-worker svarm_redis "
answers echo && answers cows && [ "$(secrets)" = "$before" ]
report $? "functions and secrets are still there"
node 1 'docker service rm cows && docker secret rm theirs lab-key.1' >/dev/null
