#!/usr/bin/env bash
# Functions of the spec and of a stack.yml: deployed, kept at the number they have, given their secrets,
# removed; and `svarm fn` and `svarm queue`, which reach them through the leader alone.
# shellcheck source=tests/lab/t/lib.bash
. "$(dirname "$0")/lib.bash" 50
"$svarm" up --no-health "$spec" >/dev/null 2>&1

mine=build/lab/fn.yaml stack=build/lab/fn-stack.yml
finish() {
	"$svarm" fn remove by-hand "$mine" >/dev/null 2>&1
	"$svarm" up --no-health "$spec" >/dev/null 2>&1
	rm -rf "$tmp" "$mine" "$stack"
}
trap finish EXIT

# write LEVEL [MORE]: the spec; MORE is another function
write() {
	{
		sed '/^faas:/,$d' "$spec"
		cat <<YAML
faas:
  secrets:
    - {name: api-key, from: env:API_KEY}
  functions:
    - {name: echo, image: "svarm/echo:dev", replicas: 2}
    - name: moves
      image: svarm/echo:dev
      scale: {min: 1, max: 5, factor: 0}
      timeout: 20s
      environment: {LEVEL: $1}
      annotations: {com.openfaas.retry.attempts: 1}
YAML
		[ -z "${2:-}" ] || echo "    - {name: $2, image: \"svarm/echo:dev\"}"
		[ -n "${without:-}" ] || echo '  functions_from: fn-stack.yml'
	} >"$mine"
}
cat >"$stack" <<'YAML'
provider: {name: openfaas}
functions:
  included:
    lang: c
    handler: ./included
    image: ${FN_IMAGE:-svarm/echo:dev}
    labels:
      com.openfaas.scale.min: 2
      com.openfaas.scale.max: 4
      com.openfaas.scale.factor: 0
    environment: {GREETING: "${FN_GREETING:-hei}"}
    secrets: [api-key]
    limits: {memory: 64Mi, cpu: 500m}
    readonly_root_filesystem: true
YAML
replicas() { node 1 "docker service inspect fn_$1 --format '{{.Spec.Mode.Replicated.Replicas}}'"; }
# until_it_says PATTERN COMMAND…: within 20 s
until_it_says() {
	local pattern=$1
	shift
	for _ in $(seq 40); do
		"$@" 2>/dev/null | grep -Eq -- "$pattern" && return 0
		sleep 0.5
	done
	return 1
}

# ---- deployed ---------------------------------------------------------------------------------
export API_KEY=first-value
write info
check "up with a stack.yml" "$svarm" up --no-health --events "$tmp/events" "$mine"
exits 0 "plan finds nothing to do" "$svarm" plan "$mine"
exits 0 "fn list" "$svarm" fn list "$mine"
says "the function of the stack.yml runs twice, between 2 and 4" '^included .* 2 +2 +[0-9]+ +2 +4 +yes$'
says "the one that moves runs once" '^moves .* 1 +1 +[0-9]+ +1 +5 +yes$'
"$svarm" fn list --json "$mine" >"$tmp/out" 2>/dev/null
is "fn list --json" "$(jq -c 'map([.name, .replicas, .spec])' "$tmp/out")" \
	'[["echo",2,true],["included",2,true],["moves",1,true]]'
! grep -rqF first-value "$tmp/events"
report $? "no secret is in the events"

# ---- invoke -----------------------------------------------------------------------------------
exits 0 "fn invoke" "$svarm" fn invoke echo -d hei "$mine"
says "its status is told, next to the answer" '^heisvarm: 200 OK, 3 bytes'
head -c 2000000 /dev/urandom >"$tmp/bytes"
"$svarm" fn invoke echo -d "@$tmp/bytes" "$mine" >"$tmp/back" 2>/dev/null
cmp "$tmp/bytes" "$tmp/back"
report $? "2 MB of any bytes come back as they were"
"$svarm" fn invoke echo -d - "$mine" <"$tmp/bytes" 2>/dev/null | cmp - "$tmp/bytes"
report $? "from standard input, too"
is "method, path and query" \
	"$("$svarm" fn invoke echo -X PUT --path '/a/b?info=1&x=2' "$mine" 2>/dev/null | jq -r '"\(.method) \(.path) \(.query)"')" \
	"PUT /a/b info=1&x=2"
is "the secret of the spec is where it should be" \
	"$("$svarm" fn invoke included --path '?file=api-key' "$mine" 2>/dev/null)" first-value
is "the variable has its default" \
	"$("$svarm" fn invoke included --path '?env=GREETING' "$mine" 2>/dev/null)" hei
exits 1 "a status of 400 and more is exit code 1" "$svarm" fn invoke echo --path '?status=418' "$mine"
exits 1 "so is an unknown function" "$svarm" fn invoke nobody "$mine"
"$svarm" fn invoke echo --json -d hei "$mine" >"$tmp/out" 2>/dev/null
is "fn invoke --json" "$(jq -c '[.ok, .status, .body]' "$tmp/out")" '[true,200,"hei"]'
exits 0 "fn invoke --async" "$svarm" fn invoke echo --async -d hei "$mine"
says "is accepted" '^svarm: 202 Accepted'

# ---- the number of containers -----------------------------------------------------------------
exits 0 "fn scale" "$svarm" fn scale moves 3 "$mine"
until_it_says '^moves .* 3 +3 ' "$svarm" fn list "$mine"
report $? "three containers run"
exits 0 "plan does not mind" "$svarm" plan "$mine"
exits 0 "nor does status" "$svarm" status "$mine"
write debug
check "a change of the function" "$svarm" up --no-health "$mine"
is "keeps the number" "$(replicas moves)" 3
until_it_says '^debug$' "$svarm" fn invoke moves --path '?env=LEVEL' "$mine" # the old tasks may still be asked
is "and arrives" "$("$svarm" fn invoke moves --path '?env=LEVEL' "$mine" 2>/dev/null)" debug
node 1 'docker service scale -d fn_moves=7 fn_echo=4' >/dev/null
exits 10 "numbers outside are changes" "$svarm" plan "$mine"
says "back into the range" 'fn_moves .*x 7.*x 5 \(1 to 5\)'
says "and back to what is fixed" 'fn_echo .*x 4.*x 2 '
"$svarm" up --no-health "$mine" >/dev/null 2>&1
is "which up brings about" "$(replicas moves) $(replicas echo)" "5 2"

# ---- secrets ----------------------------------------------------------------------------------
newest() { node 1 "docker secret ls --filter label=svarm.secret=api-key --format '{{.Name}}'" | sed 's/^api-key\.//' | sort -n | tail -n 1; }
before=$(newest)
API_KEY=$'second\nof two lines\n'
check "a secret with a new value" "$svarm" up --no-health "$mine"
until_it_says '^second$' "$svarm" fn invoke included --path '?file=api-key' "$mine"
"$svarm" fn invoke included --path '?file=api-key' "$mine" >"$tmp/back" 2>/dev/null
printf '%s' "$API_KEY" | cmp - "$tmp/back"
report $? "the function reads the new one, byte for byte"
is "it is the next of its series" "$(newest)" $((before + 1))

# ---- logs and queue ---------------------------------------------------------------------------
"$svarm" fn invoke echo --path '?log=a-word' "$mine" >/dev/null 2>&1
until_it_says 'echo: a-word$' "$svarm" fn logs echo --since 5m "$mine"
report $? "fn logs"
"$svarm" fn logs echo --json --tail 1 "$mine" 2>/dev/null | jq -e '.name == "echo" and (.text | test("echo: "))' >/dev/null
report $? "fn logs --json"
timeout -s INT 60 "$svarm" fn logs echo --follow --since 1s "$mine" >"$tmp/followed" 2>&1 &
follower=$!
"$svarm" fn invoke echo --path '?log=a-later-word' "$mine" >/dev/null 2>&1
until_it_says 'echo: a-later-word$' cat "$tmp/followed"
kill -INT "$follower"
wait "$follower"
grep -q 'echo: a-later-word$' "$tmp/followed"
report $? "fn logs --follow"
check "nobody on the leader follows any more" node 1 "for i in \$(seq 50); do
	pgrep -f '[s]ystem/logs' || exit 0
	sleep 0.2
done; exit 1"
# Of a node that the swarm does not hear.
somewhere=$(node 1 "docker service ps -f desired-state=running --format '{{.Node}}' fn_echo | head -n 1")
missing='^20[0-9T:-]+Z svarm: lines are missing here: node [a-z0-9]+ is not available$'
deaf "${somewhere#lab-}"
report $? "control: the swarm does not hear a worker"
"$svarm" fn logs echo "$mine" >"$tmp/out" 2>&1
tail -n 1 "$tmp/out" | grep -Eq "$missing"
report $? "fn logs says that lines are missing"
timeout -s INT 60 "$svarm" fn logs echo --follow --since 1s "$mine" >"$tmp/followed" 2>&1 &
follower=$!
until_it_says "$missing" cat "$tmp/followed"
report $? "and so does --follow, at once"
kill -INT "$follower"
wait "$follower"
undeafen "${somewhere#lab-}"
for _ in $(seq 40); do
	"$svarm" fn logs echo "$mine" >"$tmp/out" 2>&1 && ! grep -q 'lines are missing' "$tmp/out" && break
	sleep 0.5
done
! grep -q 'lines are missing' "$tmp/out"
report $? "nothing is missing when the node is heard again"
exits 1 "fn logs of an unknown function" "$svarm" fn logs nobody "$mine"
"$svarm" queue status --json "$mine" >"$tmp/out" 2>/dev/null
is "queue status --json" "$(jq -c '[.ok, (.queues | length > 0)]' "$tmp/out")" '[true,true]'
"$svarm" fn invoke moves --async --path '?status=500' "$mine" >/dev/null 2>&1
until_it_says '^[0-9]+-0 +moves .* 500 ' "$svarm" queue dead "$mine"
report $? "queue dead shows the call that was given up"
exits 0 "queue purge --function" "$svarm" queue purge --function moves "$mine"
says "removes it" '^1 dead call removed$'

# ---- removed, and left alone ------------------------------------------------------------------
node 1 "docker service create -d -q --no-resolve-image --name by-hand --network svarm --endpoint-mode dnsrr \
	--label com.openfaas.function=by-hand --constraint node.labels.svarm.worker==true svarm/echo:dev" >/dev/null 2>&1
without=yes write debug
check "a function that left the spec" "$svarm" up --no-health "$mine"
is "is gone, and no other one" \
	"$(node 1 "docker service ls --format '{{.Name}}'" | grep -v '^svarm_' | sort | tr '\n' ' ')" \
	"by-hand fn_echo fn_moves "
without=yes write debug by-hand
exits 1 "a name that is taken by another's function" "$svarm" plan "$mine"
says "is refused, with the service" "function 'by-hand' runs already, as service 'by-hand'"
