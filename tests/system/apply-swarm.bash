# shellcheck shell=bash
# A swarm in files, for the tests of what templates/apply.sh does about services that do not run.  To be sourced
# after apply.bash.

# A swarm of three nodes.  /srv/swarm: its services, "NAME RUNNING/WANTED [global]"; /srv/tasks.NAME: the tasks of
# one, as tasks() below writes them; /srv/update.NAME: how its update is.  /srv/turn, if there, is run at every look
# with the number of the look in $look.
fake docker <<'SH'
for last in "$@"; do :; done
case "$1 $2" in
"service ls")
	echo >>/srv/looks
	look=$(wc -l </srv/looks)
	[ ! -e /srv/turn ] || . /srv/turn
	awk '{ print $1, $1, ($3 ? $3 : "replicated"), $2 }' /srv/swarm
	;;
"service ps")
	shift 5
	cd /srv
	for name in "$@"; do cat "tasks.$name"; done 2>/dev/null |
		awk -F '\t' -v OFS='\t' '{ print $3, (many[$4]++ ? " \\_ " : "") $4, $5, $6, $7, $8, $9 }'
	;;
"inspect --type")
	shift 5
	for id in "$@"; do cat /srv/tasks.* | awk -F '\t' -v OFS='\t' -v id="$id" '$3 == id { print $3, $1, $2 }'; done
	;;
"service update")
	[ ! -e "/srv/freed.$last" ] || mv "/srv/freed.$last" /srv/swarm
	sed -i '/Ready/d' "/srv/tasks.$last"
	[ ! -e "/srv/update.$last" ] || echo completed >"/srv/update.$last"
	;;
"service logs")
	if [ -e /srv/deaf ]; then
		echo "error from daemon in stream: Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. some logs could not be retrieved for the following reasons: $(cat /srv/deaf)" >&2
		exit 1
	fi
	printf 'starting\nno \033[31mconfig\n'
	;;
"service inspect")
	case $* in
	*UpdateStatus*)
		shift 4
		for name in "$@"; do printf '%s\t%s\tnew\n' "$name" "$(cat "/srv/update.$name" 2>/dev/null)"; done
		;;
	*Constraints*) printf 'node.labels.svarm.worker == true\nnode.labels.zone==mars\nnode.role != worker\n' ;;
	*Reservations*) printf '8589934592\t0\n' ;;
	*svarm.image*) echo "$3:1" ;;
	esac
	;;
"node ls")
	case $* in
	*Status*) cat /srv/members 2>/dev/null ;;
	*) printf '%s\n' n1 n2 n3 ;;
	esac
	;;
"node inspect")
	case $* in
	*Status.Addr*) case $3 in y02*) echo 10.88.0.12 ;; *) echo ;; esac ;;
	*'"svarm.worker"'*) printf '%s\n' true true true ;;
	*Labels*) printf '%s\n' venus '<no value>' '<no value>' ;;
	*Role*) printf '%s\n' manager worker worker ;;
	*Resources*) printf '2147483648\t2000000000\n1073741824\t4000000000\n' ;;
	esac
	;;
esac
SH
# The tasks of a service, of each slot the newest first: "AGE SPEC ID SLOT IMAGE NODE DESIRED STATE|ERROR" lines, AGE
# in seconds (-1: after this run began), SPEC "new" for the service's own.
tasks() { # SERVICE
	awk -v now="$(date +%s)" -v OFS='\t' '{
		state = $0
		for (i = 0; i < 7; i++) sub(/^[^ ]+ /, "", state)
		error = state
		sub(/[|].*/, "", state)
		if (!sub(/^[^|]*[|]/, "", error)) error = ""
		print now - $1, $2, $3, $4, $5, ($6 == "-" ? "" : $6), $7, state, (error == "" ? "" : "\"" error "\"")
	}' >"/srv/tasks.$1"
}
settle() {
	frame '' | node 'step 1 0 services_settle'
}
looks() { # how often the services were listed
	wc -l </srv/looks
}
asked() { # COMMAND
	grep -c "^docker $1" /srv/asked
}
