#!/usr/bin/env bash
# templates/apply.sh waits for services: which of them only seem to run, and what failed long ago.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/system/apply.bash
. tests/system/apply.bash
# shellcheck source=tests/system/apply-swarm.bash
. tests/system/apply-swarm.bash

# ---- services that only seem to run ----------------------------------------------------------------
# A program that ends at once is running at every look, a new task each time.
fresh
printf '%s\n' 'brief 1/1' 'spread 3/3' >/srv/swarm
cat >/srv/turn <<'TURN'
now=$(date +%s)
printf "$now\tnew\tb$look\tbrief.1\tbrief:1\tlab-2\tRunning\tRunning 1 second ago\t\n" >/srv/tasks.brief
for i in 4 3 2 1; do
	printf "$now\tnew\ta$i\tbrief.1\tbrief:1\tlab-2\tShutdown\tFailed 2 seconds ago\t\"task: non-zero exit (1)\"\n"
done >>/srv/tasks.brief
{
	printf "100\tnew\ts1\tspread.1\tspread:1\tlab-2\tRunning\tRunning 9 days ago\t\n"
	printf "$now\tnew\tc$look\tspread.2\tspread:1\tlab-3\tRunning\tRunning 1 second ago\t\n"
	for i in 4 3 2 1; do printf "$now\tnew\td$i\tspread.2\tspread:1\tlab-3\tShutdown\tComplete 2 seconds ago\t\n"; done
	printf "100\tnew\ts3\tspread.3\tspread:1\tlab-2\tRunning\tRunning 9 days ago\t\n"
} >/srv/tasks.spread
TURN
settle
is "tasks that keep ending: exit status" $? 1
has "tasks that keep ending: do not count as running" "$work/out" '^@log not all services run: brief 0/1, spread 2/3$'
has "tasks that keep ending: why" "$work/out" "^@stuck brief${T}0/1 running${T}brief:1${T}4${T}lab-2${T}Failed 2 seconds ago${T}\"task: non-zero exit (1)\"\$"
has "tasks that keep ending: a program that ends well is none either" "$work/out" "^@stuck spread${T}2/3 running${T}spread:1${T}4${T}lab-3${T}Complete 2 seconds ago${T}task: exit (0)\$"
is "tasks that keep ending: its last words" "$(grep -c '^@stuck-says brief' "$work/out")" 2

# It is not forgotten when it happens to run as another one is given up.
echo 'img 0/1' >>/srv/swarm
tasks img <<'TASKS'
-1 new t1 img.1 img:1 lab-1 Shutdown Rejected 1 second ago|No such image: img:1
TASKS
settle
has "tasks that keep ending: told beside others" "$work/out" '^@log not all services run: brief 0/1, spread 2/3, img 0/1$'

# Docker counts before the task fails, or after the next one has come.
fresh
echo 'brief 1/1' >/srv/swarm
cat >/srv/turn <<'TURN'
now=$(date +%s)
if [ $((look % 2)) = 0 ]; then
	printf "$now\tnew\tx$look\tbrief.1\tbrief:1\tlab-2\tRunning\tFailed 1 second ago\t\"invalid mount config\"\n" >/srv/tasks.brief
else
	printf "$now\tnew\tx$look\tbrief.1\tbrief:1\tlab-2\tReady\tReady 1 second ago\t\n" >/srv/tasks.brief
	for i in 4 3 2 1; do printf "$now\tnew\ta$i\tbrief.1\tbrief:1\tlab-2\tShutdown\tFailed 2 seconds ago\t\"task: non-zero exit (1)\"\n"; done >>/srv/tasks.brief
fi
TURN
settle
has "a task that is not there any more when looked at does not run" "$work/out" '^@log not all services run: brief 0/1$'

# One that ended, and whose successor stays: that is seen for five seconds.
fresh
echo 'once 1/1' >/srv/swarm
tasks once <<'TASKS'
-1 new o2 once.1 once:1 lab-2 Running Running 9 days ago
1 new o1 once.1 once:1 lab-2 Shutdown Failed 1 second ago|task: non-zero exit (1)
TASKS
start=$(date +%s%N)
settle
is "a task that stays: exit status" $? 0
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -ge 5000 ]
report $? "a task that stays: watched for five seconds, whatever its node's clock says ($took ms)"
hasnt "a task that stays: nothing is told" "$work/out" '^@stuck'

# What ended long ago, was rejected or told to end is no reason to wait.
fresh
printf '%s\n' 'past 1/1' 'rejected 1/1' 'told 1/1' >/srv/swarm
tasks past <<'TASKS'
3600 new p2 past.1 past:1 lab-2 Running Running 1 second ago
3700 new p1 past.1 past:1 lab-2 Shutdown Failed 1 second ago|task: non-zero exit (1)
TASKS
tasks rejected <<'TASKS'
-1 new r2 rejected.1 rejected:1 lab-2 Running Running 1 second ago
-1 new r1 rejected.1 rejected:1 lab-2 Shutdown Rejected 1 second ago|No such image: rejected:1
TASKS
tasks told <<'TASKS'
-1 new s2 told.1 told:2 lab-2 Running Running 1 second ago
-1 old s1 told.1 told:1 lab-2 Shutdown Shutdown 1 second ago
TASKS
settle
is "what ended long ago: exit status" $? 0
is "what ended long ago: looked at once" "$(looks)" 1
is "what ended long ago: one question about all tasks" "$(asked 'service ps')" 1
is "what ended long ago: one more about those" "$(asked 'inspect --type task')" 1

# ---- tasks of long ago ------------------------------------------------------------------------
# lab-2 was a manager once and could not get the image then; today a constraint is in the way.
fresh
printf '%s\n' 'door 0/1 global' 'edited 0/1' 'slots 0/2' 'none 0/1' >/srv/swarm
tasks door <<'TASKS'
3600 new d1 door.n2 door:1 lab-2 Shutdown Rejected 1 hour ago|No such image: door:1
3000 new d3 door.n1 door:1 lab-1 Running Pending 50 minutes ago|no suitable node (insufficient resources on 1 node)
3500 new d2 door.n1 door:1 lab-1 Shutdown Rejected 58 minutes ago|No such image: door:1
TASKS
tasks edited <<'TASKS'
-1 new e2 edited.1 edited:2 lab-3 Running Pending 1 second ago|no suitable node (scheduling constraints not satisfied on 3 nodes)
-1 old e1 edited.1 edited:1 lab-2 Shutdown Rejected 1 second ago|No such image: edited:1
TASKS
tasks slots <<'TASKS'
-2 new s2 slots.1 slots:1 lab-2 Running Preparing 1 second ago
-1 new s1 slots.1 slots:1 lab-2 Shutdown Rejected 3 seconds ago|No such image: slots:1
-4 new s4 slots.2 slots:1 lab-3 Running Preparing 1 second ago
-3 new s3 slots.2 slots:1 lab-3 Shutdown Rejected 2 seconds ago|invalid mount config for type "bind"
TASKS
tasks none <<'TASKS'
-1 new n1 none.1 none:1 lab-3 Running Pending 1 second ago|no suitable node (1 node not available for new tasks)
TASKS
settle
has "long ago: not what another node could not do then" "$work/out" \
	"^@stuck door${T}0/1 running${T}door:1${T}0${T}lab-1${T}Pending 50 minutes ago${T}\"no suitable node (insufficient"
has "another specification: not what that could not do" "$work/out" \
	"^@stuck edited${T}0/1 running${T}edited:2${T}0${T}lab-3${T}Pending 1 second ago${T}\"no suitable node (scheduling"
has "two slots: the newest of both" "$work/out" \
	"^@stuck slots${T}0/2 running${T}slots:1${T}2${T}lab-3${T}Rejected 2 seconds ago${T}\"invalid mount config"

# What failed before is no reason to give up what comes now.
fresh
echo 'slow 0/1' >/srv/swarm
{
	echo '-1 new w9 slow.1 slow:1 lab-2 Running Preparing 9 seconds ago'
	for i in 1 2 3 4; do echo "$((i + 300)) new w$i slow.1 slow:1 lab-2 Shutdown Rejected 5 minutes ago|No such image: slow:1"; done
} | tasks slow
cat >/srv/turn <<'TURN'
[ "$look" -lt 24 ] || echo 'slow 1/1' >/srv/swarm
TURN
settle
is "failures of long ago: what comes now is waited for" $? 0
sed -i /Preparing/d /srv/tasks.slow
echo 'slow 0/1' >/srv/swarm
: >/srv/looks
settle
is "failures of long ago: and what is still to come" $? 0

done_testing
