#!/usr/bin/env bash
# templates/apply.sh and docker: images, the swarm, what goes through the Engine API, stacks; and what
# templates/facts.sh says of a daemon that does not answer.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/system/apply.bash
. tests/system/apply.bash

# ---- docker -----------------------------------------------------------------------------------
fresh
fake docker <<'SH'
case "$1 $2" in
"info --format") cat /srv/swarm-state ;;
"load -q") cat >/srv/archive ;;
"image inspect") cat /srv/image-id ;;
"swarm join-token") echo "SWMTKN-$4" ;;
esac
SH
echo sha256:right >/srv/image-id
frame archive | node 'step 1 0 image_load echo:1 sha256:right'
is "an image: exit status" $? 0
is "an image: the archive" "$(cat /srv/archive)" archive
frame archive | node 'step 1 0 image_load echo:1 sha256:other'
has "an image that is another one" "$work/out" "image 'echo:1' is 'sha256:right' after loading"
node 'swarm_tokens'
is "tokens: told, as base64" "$(grep '@out token.worker' "$work/out" | cut -d' ' -f3 | base64 -d)" SWMTKN-worker

node 'step 1 0 swarm_init 10.0.0.1 10.201.0.0/16
step 2 0 swarm_init fd00::1 ""'
has "a swarm: on the private address, with its pool" /srv/asked \
	'^docker swarm init --advertise-addr 10.0.0.1 --data-path-addr 10.0.0.1 --listen-addr 10.0.0.1:2377 --default-addr-pool 10.201.0.0/16$'
has "a swarm: by IPv6" /srv/asked \
	'^docker swarm init --advertise-addr fd00::1 --data-path-addr fd00::1 --listen-addr \[fd00::1\]:2377$'
[ -e $state/swarm ]
report $? "a swarm: remembered"

fresh
echo active >/srv/swarm-state
socket '200 OK' '{}'
frame 'x","JoinToken":"y' | node 'step 1 0 swarm_join 10.0.0.2 10.0.0.1'
has "a join token that is none: refused" "$work/out" "^@log what came is no join token"
frame SWMTKN-1-secret | node 'step 1 0 swarm_join 10.0.0.2 10.0.0.1'
is "joining: exit status" $? 0
has "joining: the token goes through the socket" /srv/api \
	'{"ListenAddr":"10.0.0.2:2377","AdvertiseAddr":"10.0.0.2","DataPathAddr":"10.0.0.2","RemoteAddrs":\["10.0.0.1:2377"\],"JoinToken":"SWMTKN-1-secret"}'
cat /srv/asked "$work/out" "$work/err" >"$work/seen"
hasnt "joining: the token goes nowhere else" "$work/seen" SWMTKN
[ -e $state/swarm ]
report $? "joining: remembered"
fresh
echo active >/srv/swarm-state
frame t | node 'step 1 0 swarm_join fd00::2 fd00::1'
has "joining by IPv6: brackets where there is a port" /srv/api \
	'"ListenAddr":"\[fd00::2\]:2377","AdvertiseAddr":"fd00::2".*"\[fd00::1\]:2377"'

# ---- configs and services of the Engine API ----
fresh
fake docker <<'SH'
case "$1 $2" in
"config create") cat "$6" >/srv/config 2>/dev/null || cat "$5" >/srv/config ;;
"service inspect") [ -e /srv/there ] && echo 'ab12/update?version=7' ;;
"version --format") cat /srv/min ;;
"secret inspect") echo "id-of-$5" ;;
"stack deploy") printf '%s\n' "$SVARM_DOCKER_API" >/srv/api-version ;;
esac
SH
frame 'a: $b
' | node 'step 1 0 config_create svarm-x-1'
is "a config arrives as it was" "$(cat /srv/config)" 'a: $b'
has "a config is ours" /srv/asked '^docker config create --label svarm.managed=true svarm-x-1 '
socket '201 Created' '{"ID":"x"}'
frame '{"Name":"echo"}' | node 'step 1 0 service_put echo'
is "a service that is not there: exit status" $? 0
has "a service that is not there: created" /srv/api '^POST /services/create HTTP'
has "a service that is not there: as said" /srv/api '^{"Name":"echo"}$'
touch /srv/there
frame '{}' | node 'step 1 0 service_put echo'
has "a service that is there: updated, by its version" /srv/api '^POST /services/ab12/update?version=7 HTTP'
frame '{"S":[{"SecretID":"a-1","SecretName":"a-1"},{"SecretID":"b-2"}]}' | node 'step 1 0 service_put echo a-1 b-2'
has "a service with secrets: their ids" /srv/api '^{"S":\[{"SecretID":"id-of-a-1","SecretName":"a-1"},{"SecretID":"id-of-b-2"}\]}$'
frame '{"S":[{"SecretID":"a-b.1"},{"SecretID":"a.b.1"}]}' | node 'step 1 0 service_put echo a.b.1 a-b.1'
has "a service with secrets: names alike" /srv/api '^{"S":\[{"SecretID":"id-of-a-b.1"},{"SecretID":"id-of-a.b.1"}\]}$'
socket '400 Bad Request' '{"message":"invalid reference format"}'
frame '{}' | node 'step 1 0 service_put echo'
is "a service that docker refuses: exit status" $? 1
has "a service that docker refuses: why" "$work/out" '^@log {"message":"invalid reference format"}'
for pair in 1.12:1.30 1.24:1.30 1.30:1.30 1.40:1.40 1.44:1.44; do
	echo "${pair%:*}" >/srv/min
	frame 'version: "3.7"' | node 'step 1 0 stack_deploy svarm'
	is "an engine that takes API ${pair%:*} and later: an old client speaks" "$(cat /srv/api-version)" "${pair#*:}"
done
# A function that another service runs from now on: that one comes up first.
fake docker <<'SH'
case "$1 $2" in
"service inspect") for last in "$@"; do :; done && echo "$last" echo ;;
"service ls")
	n=$(wc -l </srv/looks) && echo >>/srv/looks
	printf '%s\n' 'aaaa 2/2' "bbbb $((n < 3 ? n : 2))/2"
	;;
"service rm") wc -l </srv/looks >/srv/removed ;;
esac
SH
: >/srv/looks
node 'step 1 0 services_remove aaaabbbbcccc'
is "a function that moves: the old service goes when the new one runs" "$(cat /srv/removed)" 3
: >/srv/looks
node 'step 1 0 services_remove bbbbaaaa'
is "a function that moves: not kept waiting by itself" "$(cat /srv/removed)" 1

# ---- stacks -----------------------------------------------------------------------------------
fresh
fake docker <<'SH'
case "$1 $2" in
"service ls")
	[ -e /srv/running ] || exit 0
	case $* in
	*{{.ID}}*) awk '{ print $1, $1, ($3 ? $3 : "replicated"), $2 }' /srv/running ;;
	*) cat /srv/running ;;
	esac
	;;
"service inspect")
	shift 4
	printf '%s\t\t\n' "$@"
	;;
"stack deploy") while [ $# -gt 1 ]; do [ "$1" != --compose-file ] || cp "$2" /srv/deployed; shift; done ;;
"ps --filter") cat /srv/here 2>/dev/null || : ;;
"image inspect") grep -qsx "$3" /srv/images ;;
"pull -q")
	cat /srv/pull && grep -qsx "$3" /srv/registry
	;;
esac
SH
compose='services:
  "up":
    deploy:
      replicas: 2 # 2 to 9
  "high":
    deploy:
      replicas: 2 # 2 to 9
  "asleep":
    deploy:
      replicas: 2 # 0 to 9
  "fixed":
    deploy:
      replicas: 2 # 2 to 2
  "new":
    deploy:
      replicas: 2 # 2 to 9
  "text":
    command: "replicas: 2 # 2 to 9"'
frame "$compose" | node 'step 1 0 stack_deploy fn'
is "a stack: the file arrives as it was" "$(cat /srv/deployed)" "$compose"
hasnt "a stack: what else bears its label stays" /srv/asked --prune
hasnt "a stack: nothing is removed" /srv/asked 'service rm'
printf '%s\n' 'fn_up 5/7' 'fn_high 0/12' 'fn_asleep 0/0' 'fn_fixed 4/4' 'fn_text 5/5' >/srv/running
frame "$compose" | node 'step 1 0 stack_deploy fn fn_gone fn_away'
is "a stack: what moved meanwhile keeps its number, within its range" \
	"$(grep -o 'replicas: [0-9]*' /srv/deployed | tr -d -c '0-9\n' | tr '\n' ' ')" "7 2 0 2 2 2 "
has "a stack: what left the spec goes" /srv/asked '^docker service rm fn_gone$'
has "a stack: all of it" /srv/asked '^docker service rm fn_away$'

# A service that runs here and must stop before its next version starts, which wants an image from elsewhere.
fresh
service() { # KEY IMAGE ORDER
	printf '  %s:\n    image: "%s"\n    networks: [svarm]\n    deploy:\n      # why\n      update_config: {order: %s}\n\n' "$@"
}
compose=$(
	printf 'services:\n'
	service door reg/door:2 stop-first
	service ours sha256:ab stop-first
	service there reg/there:2 stop-first
	service soft reg/soft:2 start-first
	service near reg/near:2 stop-first
	service far reg/far:2 stop-first
	printf 'networks:\n  door:\n    external: true\n'
)
printf 'svarm_%s\n' door ours soft near far >/srv/here
echo reg/near:2 >/srv/images
echo reg/far:2 >/srv/registry
printf 'Using default tag\nError: denied\tfor door\n' >/srv/pull
printf '%s\n' 'svarm_door 1/1 global' 'svarm_ours 1/1' >/srv/running
frame "$compose" >"$work/frames" && frame '' >>"$work/frames"
node 'step 1 0 stack_deploy svarm
step 2 0 services_settle' <"$work/frames"
is "an image that cannot be had: its service is not deployed" \
	"$(sed -n 's/^  \([a-z]*\):$/\1/p' /srv/deployed | tr '\n' ' ')" "ours there soft near far door "
is "an image that cannot be had: nothing else is cut" "$(printf '%s\n' "$compose" | sed 2,8d)" "$(cat /srv/deployed)"
is "images are fetched for what runs here and stops first, once" "$(grep -c 'docker pull' /srv/asked)" 2
fetched=$(grep -n 'docker pull -q reg/far:2' /srv/asked | cut -d : -f 1)
[ "${fetched:-9999}" -lt "$(grep -n 'stack deploy' /srv/asked | cut -d : -f 1)" ]
report $? "an image that can be had: before its service is stopped"
has "an image that cannot be had: the run fails and names the service" "$work/out" \
	'^@log not all services run: svarm_door 1/1 (not replaced)$'
has "an image that cannot be had: why" "$work/out" \
	"^@stuck svarm_door${T}not replaced, 1/1 running${T}reg/door:2${T}1${T}$(uname -n)${T}${T}No such image: Error: denied for door\$"

# ---- facts: a daemon that does not answer -----------------------------------------------------
umount /proc/sys
sleep 60 &
sleeper=$!
printf %s $sleeper >/run/docker.pid
facts() {
	printf 'package nginx\n' | timeout 30 dash templates/facts.sh >"$work/out" 2>"$work/err"
}
socket '200 OK' '{"Swarm":{"ControlAvailable":false}}'
facts
has "facts: docker's own words" "$work/out" '^json	info	{"Swarm"'
has "facts: the end" "$work/out" '^end	ok'
socket '503 Service Unavailable' '{"message":"The swarm does not have a leader."}'
facts
has "facts: docker refuses: said so" "$work/out" '^docker_failed	info	{"message":"The swarm does not have a leader."}'
kill "$socket_pid"
rm -f /run/docker.sock
facts
has "facts: no socket: said so" "$work/out" '^docker_failed	info	No such file'
printf 999999999 >/run/docker.pid
facts
hasnt "facts: docker does not run: nothing about it" "$work/out" '^docker_failed\|^json'
touch "$work/now"
sleep 0.05
facts
is "facts: no file is written" "$(find /run /srv /var/lib -newer "$work/now")" ''
kill $sleeper

done_testing
