#!/usr/bin/env bash
# templates/apply.sh waits for services: which of them do not run, and why.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/system/apply.bash
. tests/system/apply.bash
# shellcheck source=tests/system/apply-swarm.bash
. tests/system/apply-swarm.bash

# ---- services that do not run -----------------------------------------------------------------
fresh
printf '%s\n' 'good 2/2' 'all 3/3 global' >/srv/swarm
tasks good <<'TASKS'
9 new g1 good.1 good:1 lab-2 Running Running 8 seconds ago
9 new g2 good.2 good:1 lab-3 Running Running 8 seconds ago
90 old g3 good.2 good:0 lab-3 Shutdown Shutdown 9 seconds ago
TASKS
settle
is "all services run: exit status" $? 0
hasnt "all services run: nothing is told" "$work/out" '^@stuck'
is "all services run: looked at once" "$(looks)" 1
is "all services run: four questions to docker" "$(wc -l </srv/asked)" 4
frame x | node 'step 1 0 services_settle'
is "another node failed: not waited for" "$(tr '\n' ' ' <"$work/out")" "@start 1 @finish 1 @end "
: >/srv/swarm
settle
is "no services: exit status" $? 0

fresh
printf '%s\n' 'good 2/2' 'img 0/1' 'where 0/2' 'crash 1/3' >/srv/swarm
tasks img <<'TASKS'
-2 new t2 img.1 img:1 lab-1 Running Pending 1 second ago|no suitable node (host-mode port already in use on 1 node)
-1 new t1 img.1 img:1 lab-1 Shutdown Rejected 1 second ago|No such image: img:1
TASKS
tasks where <<'TASKS'
3600 new t0 where.1 sha256:ab - Running Pending 9 seconds ago|no suitable node (scheduling constraints not satisfied on 3 nodes)
TASKS
tasks crash <<'TASKS'
-9 new t9 crash.1 crash:1 lab-2 Ready Ready 1 second ago
-5 new t5 crash.1 crash:1 lab-3 Shutdown Failed 1 seconds ago|task: non-zero exit (3)
-4 new t6 crash.1 crash:1 lab-3 Shutdown Failed 2 seconds ago|task: non-zero exit (4)
-3 new t7 crash.1 crash:1 lab-3 Shutdown Failed 3 seconds ago|task: non-zero exit (4)
-2 new t8 crash.1 crash:1 lab-3 Shutdown Failed 4 seconds ago|task: non-zero exit (4)
100 new t4 crash.2 crash:1 lab-2 Running Running 2 minutes ago
TASKS
start=$(date +%s)
settle
is "services that do not run: exit status" $? 1
took=$(($(date +%s) - start))
[ "$took" -ge 8 ] && [ "$took" -lt 40 ]
report $? "services that do not run: given up early, not at once ($took s)"
has "no image: told" "$work/out" "^@stuck img${T}0/1 running${T}img:1${T}1${T}lab-1${T}Rejected 1 second ago${T}\"No such image: img:1\"\$"
has "no node: told" "$work/out" "^@stuck where${T}0/2 running${T}where:1${T}0${T}${T}Pending"
is "no node: its constraints, and who meets them" "$(grep '^@stuck-where' "$work/out" | tr '\t' '|' | tr '\n' ' ')" \
	"@stuck-where where|node.labels.svarm.worker == true|3|3 @stuck-where where|node.labels.zone==mars|0|3 @stuck-where where|node.role != worker|1|3 "
has "no node: what is set aside" "$work/out" "^@stuck-asks where${T}8589934592${T}0${T}2147483648${T}4000000000\$"
has "a crash: the newest task that failed" "$work/out" "^@stuck crash${T}1/3 running${T}crash:1${T}4${T}lab-3${T}Failed 1 seconds ago${T}\"task: non-zero exit (3)\"\$"
is "a crash: what it said" "$(grep -c '^@stuck-says crash' "$work/out")" 2
has "a crash: its logs are asked of that task" /srv/asked '^docker service logs --raw --tail 6 t5$'
hasnt "what runs is not told of" "$work/out" '^@stuck good'
has "services that do not run: named" "$work/out" '^@log not all services run: img 0/1, where 0/2, crash 1/3$'

# The swarm takes lab-2's agent for gone, though it runs tasks: its connection is ended, and it is heard again.
fake ss <<'SH'
[ ! -e /srv/heals ] || rm /srv/deaf
echo 'tcp 0 0 10.88.0.11:2377 10.88.0.12:4000'
SH
words() {
	frame '' | node 'step 1 0 tell_words crash t5'
}
echo 'node y02os1ecevz is not available' >/srv/deaf
: >/srv/heals
words
is "logs that the swarm does not hear: what was said all the same" "$(grep -c '^@stuck-says crash' "$work/out")" 2
has "logs that the swarm does not hear: the worker's connection is ended" /srv/asked '^ss -K -Htn dst 10.88.0.12 sport = :2377$'
has "logs that the swarm does not hear: said so" "$work/out" '^@note .* the logs of the node at 10.88.0.12; it was made to connect anew$'
rm /srv/heals
echo 'node y02os1ecevz is not available' >/srv/deaf
words
has "logs that stay unheard: why" "$work/out" "^@stuck-mute crash${T}node y02os1ecevz is not available\$"
hasnt "logs that stay unheard: docker's error is not taken for the program's words" "$work/out" '^@stuck-says crash'
: >/srv/asked
echo 'node m4n4ger is not available' >/srv/deaf
words
has "logs of a manager that stay unheard: why" "$work/out" "^@stuck-mute crash${T}node m4n4ger"
hasnt "logs of a manager that stay unheard: its connections, which bear the swarm itself, are not ended" /srv/asked '^ss '
rm /srv/deaf

# A member that is down and yet connected: the same is done to it, once for each look.
: >/srv/asked
: >/srv/swarm
printf '%s\n' 'm4n4ger Ready' 'm4n4ger Down' 'y02os1ecevz Ready' >/srv/members
settle
hasnt "members that are Ready, or managers: let be" /srv/asked '^ss '
echo 'y02os1ecevz Down' >>/srv/members
settle
has "a worker that is down and connected: its connection is ended" /srv/asked '^ss -K -Htn dst 10.88.0.12 sport = :2377$'
has "a worker that is down and connected: said so" "$work/out" '^@note the swarm took the node at 10.88.0.12 for gone, which is connected to it'
fake ss <<'SH'
SH
settle
is "a worker that is down and not connected: exit status" $? 0
hasnt "a worker that is down and not connected: nothing is claimed" "$work/out" '^@note'
rm /srv/members

echo 'img 1/1' >/srv/swarm
echo rollback_completed >/srv/update.img
settle
is "a rollback: exit status" $? 1
has "a rollback: why" "$work/out" "^@stuck img${T}rolled back, 1/1 running${T}img:1"
has "a rollback: said so" "$work/out" '^@log not all services run: img 1/1 (rolled back)$'

# Its reason is what failed by the specification that is not in force, though that is of an earlier run and
# what is in force has failed as well; and though both have the same image.
tasks img <<'TASKS'
-1 new t9 img.1 img:1 lab-2 Running Running 1 second ago
-1 new t8 img.2 img:1 lab-2 Shutdown Failed 2 seconds ago|task: non-zero exit (2)
90 bad t2 img.1 img:1 lab-1 Shutdown Failed 1 minute ago|task: non-zero exit (3)
99 bad t1 img.1 img:1 lab-1 Shutdown Failed 2 minutes ago|task: non-zero exit (4)
TASKS
settle
has "a rollback: by what was rolled back" "$work/out" "^@stuck img${T}rolled back, 1/1 running${T}img:1${T}2${T}lab-1${T}Failed 1 minute ago${T}\"task: non-zero exit (3)\"\$"

# ---- docker that does not answer ----------------------------------------------------------------
fresh
echo 'img 1/1' >/srv/swarm
cat >/srv/turn <<'TURN'
if [ "$look" -lt 4 ]; then
	echo 'Error response from daemon: the swarm does not have a leader' >&2
	exit 1
fi
TURN
settle
is "docker that does not answer: asked again" "$? $(looks)" "0 4"

# ---- services that wait for what does not come -----------------------------------------------------
# Of a global service nothing is wanted ("0/0") while its task waits, ready, for an earlier one that was
# never given a node and so never ends.
fresh
echo 'door 0/0 global' >/srv/swarm
echo 'door 1/1 global' >/srv/freed.door
tasks door <<'TASKS'
-3 new d3 door.n1 door:1 lab-1 Ready Ready 9 seconds ago
-2 bad d2 door.n1 door:2 lab-1 Shutdown Pending 9 seconds ago|no suitable node (host-mode port already in use on 1 node)
-1 bad d1 door.n1 door:2 lab-1 Shutdown Rejected 9 seconds ago|No such image: door:2
TASKS
settle
is "a dead end: exit status" $? 0
has "a dead end: the service gets another task" /srv/asked '^docker service update -d -q --force door$'
is "a dead end: once" "$(grep -c 'service update' /srv/asked)" 1
has "a dead end: said so" "$work/out" '^@note door: the swarm waits for a task that cannot end'

fresh
echo 'door 0/0 global' >/srv/swarm
echo 'door 1/1 global' >/srv/freed.door
echo rollback_started >/srv/update.door
tasks door <<'TASKS'
9 new d4 door.n2 door:1 lab-2 Running Running 9 seconds ago
-3 new d3 door.n1 door:1 lab-1 Ready Ready 9 seconds ago
-2 bad d2 door.n1 bad:1 lab-1 Shutdown Pending 9 seconds ago
-1 bad d1 door.n1 bad:1 lab-1 Shutdown Rejected 9 seconds ago|No such image: bad:1
TASKS
settle
is "a dead end of a rollback: exit status" $? 1
has "a dead end of a rollback: the service gets another task" /srv/asked '^docker service update -d -q --force door$'
has "a dead end of a rollback: it is not forgotten" "$work/out" "^@stuck door${T}rolled back, 1/1 running${T}bad:1"

# Neither a task that waits its delay before a restart, nor one that waits for its own place.
fresh
printf '%s\n' 'door 0/1 global' 'pool 1/2' >/srv/swarm
tasks door <<'TASKS'
-3 new d3 door.n1 door:1 lab-1 Ready Ready 1 second ago
-2 new d2 door.n1 door:1 lab-1 Shutdown Rejected 1 second ago|No such image: door:1
-1 new d1 door.n1 door:1 lab-1 Shutdown Pending 1 minute ago
TASKS
tasks pool <<'TASKS'
-3 new p3 pool.1 pool:1 lab-1 Ready Pending 1 second ago
-2 new p2 pool.1 pool:1 lab-1 Shutdown Pending 1 second ago
-1 new p1 pool.1 pool:1 lab-1 Shutdown Rejected 1 second ago|No such image: pool:1
-1 new p0 pool.2 pool:1 lab-2 Running Running 1 second ago
TASKS
settle
hasnt "no dead end: left alone" /srv/asked 'service update'
has "a global service's task that is due counts" "$work/out" '^@log not all services run: door 0/2, pool 1/2$'

# While a rollback has not brought back what ran, it is not given up, whatever its failed tasks say.
fresh
echo 'door 0/1' >/srv/swarm
echo rollback_started >/srv/update.door
echo '-1 bad d1 door.1 bad:1 lab-1 Shutdown Rejected 9 seconds ago|No such image: bad:1' | tasks door
cat >/srv/turn <<'TURN'
[ "$look" -lt 24 ] || echo 'door 1/1' >/srv/swarm
TURN
settle
has "a rollback at work is waited for" "$work/out" '^@log not all services run: door 1/1 (rolled back)$'

done_testing
