# The functions an apply script is made of.  svarm appends one call a step ("step 3 0 file_put …");
# what the calls need beyond their arguments (file contents, archives, secrets, join tokens) comes as
# frames on standard input: a line with the length, then that many bytes.  Lines beginning with "@"
# on standard output tell svarm how far it is; everything a step itself prints goes to a log that
# is shown when the step fails.  No secret is ever an argument, a variable of the environment or a file
# other than the one it is meant to be.
set -uf
exec 3>&1 1>&2
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022
state=/var/lib/svarm
tab=$(printf '\t')
work=$(mktemp -d /run/svarm.XXXXXX) || exit 1
log=$work/log
heartbeat=''

leave() {
	# KILL: a TERM that comes before the heartbeat has shed our traps would be lost.
	[ -z "$heartbeat" ] || kill -KILL "$heartbeat" 2>/dev/null
	rm -rf "$work"
}
trap leave EXIT
trap 'exit 129' HUP INT PIPE TERM

tell() { printf '@%s\n' "$*" >&3; }
note() { tell note "$*"; }
die() {
	printf '%s\n' "$*" >&2
	exit 1
}

# ---- frames -----------------------------------------------------------------------------------
frame_length() {
	IFS= read -r length || die 'the input ended early: the connection was lost'
	case $length in '' | *[!0-9]*) die 'the input is out of step' ;; esac
}
frame_to_file() {
	frame_length
	head -c "$length" >"$1" || die "unable to write '$1'"
	[ "$(stat -c %s "$1")" = "$length" ] || die "'$1' came short: the connection was lost"
}
frame_value() { # into $value; not for text with NUL bytes or newlines at its end
	frame_length
	value=$(head -c "$length")
	[ "${#value}" = "$length" ] || die 'a value came short: the connection was lost'
}

# ---- steps ------------------------------------------------------------------------------------
begin() {
	began=$(date +%s)
	mkdir -p "$state"
	chmod 700 "$state"
	(
		exec 9>&-
		# The sleep must not hold the answer open once this script has ended.
		while sleep 5 >/dev/null 2>&1 3>&- && kill -0 $$; do tell alive; done
	) &
	heartbeat=$!
}

# One at a time: flock is let go by the kernel when this script ends, however it ends.  Not below
# /run/lock, where everybody may write; and readable by root only, since to open a file is all it takes
# to hold its lock.
lock_take() {
	umask 077
	exec 9>>/run/svarm-lock
	umask 022
	if ! flock -n 9; then
		tell locked "$(head -c 300 /run/svarm-lock | tr -c '[:print:]' ' ')"
		exit 75
	fi
	printf '%s, since %s\n' "$1" "$(date -u +%FT%TZ)" >/run/svarm-lock
}

step() { # NUMBER AWAITS FUNCTION ARGUMENT…
	number=$1 awaits=$2
	shift 2
	while [ "$awaits" -gt 0 ]; do
		frame_value
		awaits=$((awaits - 1))
	done
	tell start "$number"
	(
		set -e
		"$@"
	) >"$log" 2>&1
	status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 12 "$log" | while IFS= read -r line; do tell log "$line"; done
		tell fail "$number" "$status"
		exit 1
	fi
	tell finish "$number"
}

await() { # COUNT
	awaits=$1
	while [ "$awaits" -gt 0 ]; do
		frame_value
		awaits=$((awaits - 1))
	done
}

# ---- packages ---------------------------------------------------------------------------------
# Who holds one of apt's or dpkg's locks: "name (pid N)", or nothing.  They are fcntl locks.
apt_lock_holder() {
	perl -MFcntl -e '
		for (qw(/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock)) {
			open(my $f, "+<", $_) or next;
			my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
			fcntl($f, F_GETLK, $lock) or next;
			my ($type, undef, undef, undef, $pid) = unpack("s s x4 q q l", $lock);
			next if $type == F_UNLCK;
			open(my $c, "<", "/proc/$pid/comm");
			chomp(my $name = $c ? <$c> // "?" : "?");
			print "$name (pid $pid)";
			exit;
		}'
}
# A fresh machine is busy with itself for minutes: wait, visibly, but not for ever.
wait_first_boot() {
	waited=0
	if [ -e /run/cloud-init/enabled ]; then
		while [ ! -e /run/cloud-init/result.json ]; do
			[ "$waited" -lt 600 ] || die 'cloud-init did not end within 10 minutes'
			[ $((waited % 15)) -ne 0 ] || note 'waiting for cloud-init to end'
			sleep 1
			waited=$((waited + 1))
		done
	fi
	while holder=$(apt_lock_holder) && [ -n "$holder" ]; do
		[ "$waited" -lt 900 ] || die "the package lock is still held by $holder after 15 minutes"
		[ $((waited % 15)) -ne 0 ] || note "waiting for the package lock held by $holder"
		sleep 1
		waited=$((waited + 1))
	done
}
apt_get() {
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a NEEDRESTART_SUSPEND=1 \
		apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
		--no-install-recommends "$@" </dev/null
}
installed_packages() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort
}
packages_install() {
	wait_first_boot
	# What an interrupted run left half-configured would make apt refuse.
	[ -z "$(dpkg --audit)" ] || DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null
	installed_packages >"$work/before"
	apt_get update
	# Remembered before they come: a run that is cut off here must not leave what `down` knows nothing of.
	apt_get -s install "$@" | sed -n 's/^Inst \([^ ]*\).*/\1/p' | sort -u |
		comm -13 "$work/before" - >>"$state/packages"
	apt_get install "$@"
	sort -u "$state/packages" >"$work/known"
	installed_packages | comm -13 "$work/before" - | comm -13 "$work/known" - >>"$state/packages"
}

# ---- files ------------------------------------------------------------------------------------
# Before the first write to a path that is not ours: remember what was there, for `svarm down`.
keep_original() {
	if [ -e "$state/original$1" ] || [ -L "$state/original$1" ]; then
		return 0
	fi
	if [ -r "$state/created" ] && grep -qxF -- "$1" "$state/created"; then
		return 0
	fi
	if [ ! -e "$1" ] && [ ! -L "$1" ]; then
		printf '%s\n' "$1" >>"$state/created"
		return 0
	fi
	[ ! -d "$1" ] || return 0
	mkdir -p "$state/original${1%/*}"
	cp -a -- "$1" "$state/original$1.svarm-new"
	[ -L "$1" ] || sync "$state/original$1.svarm-new"
	mv -- "$state/original$1.svarm-new" "$state/original$1"
}
directory_make() { # PATH MODE
	[ ! -d "${1%/*}" ] && [ -n "${1%/*}" ] && directory_make "${1%/*}" 0755
	keep_original "$1"
	mkdir -p -- "$1"
	chmod "$2" "$1"
}
# Old content or new content, never half of it: temporary file in the same folder, fsync, rename,
# fsync of the folder.
file_put() { # PATH MODE CHECK UNIT VERB
	path=$1 mode=$2 check=$3 unit=$4 verb=$5
	folder=${path%/*}
	[ -d "$folder" ] || directory_make "$folder" 0755
	# What a run that was killed left; and nothing of this one when it fails.
	find "$folder" -maxdepth 1 -type f -name '.svarm.??????' -exec rm -f {} +
	fresh=$(umask 077 && mktemp "$folder/.svarm.XXXXXX") was=$folder/.svarm.before
	trap 'rm -f "$fresh" "$was"' EXIT
	frame_to_file "$fresh"
	chmod "$mode" "$fresh"
	if [ -n "$check" ] && ! "$check" "$fresh"; then
		die "$path was not replaced: the new one does not pass its check"
	fi
	keep_original "$path"
	if [ -n "$unit" ] && ! systemctl -q is-active "$unit"; then
		unit=''
	fi
	[ -z "$unit" ] || pending_add "$unit" "$verb"
	[ ! -e "$path" ] || ln -- "$path" "$was"
	sync "$fresh"
	mv -f -- "$fresh" "$path"
	sync "$folder"
	case $path in /etc/systemd/system/*) systemctl daemon-reload ;; esac
	if [ -n "$unit" ]; then
		if ! unit_tell "$unit" "$verb"; then
			file_back
			die "$unit did not take the new $path"
		fi
		pending_done "$unit"
	fi
}
# Who did not take a file runs on with the one before: that one is to be there when it starts again, and the
# next run is to try once more.  Who was to start anew does not run.
file_back() {
	[ "$verb" = reload ] && [ -e "$was" ] || return 0
	mv -f -- "$was" "$path"
	sync "$folder"
	case $path in /etc/systemd/system/*) systemctl daemon-reload ;; esac
	pending_done "$unit"
}
# The units whose file may be newer than what they run with: what an interruption leaves here, the
# next run finishes.
pending_add() { # UNIT VERB
	printf '%s %s\n' "$1" "$2" >>"$state/pending"
	sync "$state/pending"
}
pending_done() { # UNIT
	awk -v unit="$1" '$1 != unit' "$state/pending" >"$state/pending.new"
	mv -f "$state/pending.new" "$state/pending"
	[ -s "$state/pending" ] || rm -f "$state/pending"
}
pending_finish() {
	[ -r "$state/pending" ] || return 0
	systemctl daemon-reload
	while read -r unit verb; do
		if systemctl -q is-active "$unit"; then
			unit_tell "$unit" "$verb" </dev/null
		fi
	done <"$state/pending"
	rm -f "$state/pending"
}
unit_tell() { # UNIT VERB
	if [ "$1 $2" = 'nginx.service reload' ]; then
		nginx_reload
	else
		systemctl "$2" "$1"
	fi
}
# To nginx a reload is but a signal, which always succeeds: a master that cannot take the new configuration (a
# port that somebody else has) goes on with the old one, and only its log says so.  One that takes it makes
# new workers.
nginx_reload() {
	master=$(systemctl show -p MainPID nginx.service) master=${master#*=} waited=0
	before=$(nginx_workers)
	systemctl reload nginx.service || return 1
	[ -n "$before" ] || return 0
	while [ "$waited" -lt 150 ]; do
		for pid in $(nginx_workers); do
			case " $before " in *" $pid "*) ;; *) return 0 ;; esac
		done
		sleep 0.2
		waited=$((waited + 1))
	done
	why=$(grep -a '\[emerg\]' /var/log/nginx/error.log | grep -v 'still could not' | tail -n 1)
	printf 'nginx goes on with its old configuration: %s\n' "$why"
	return 1
}
nginx_workers() {
	cat "/proc/$master/task/$master/children" || :
}
check_nginx() { nginx -t -q -c "$1"; }
check_nft() { nft -c -f "$1"; }

# ---- kernel and units -------------------------------------------------------------------------
sysctl_set() { # KEY VALUE …
	while [ "$#" -gt 0 ]; do
		path=/proc/sys/$(printf %s "$1" | tr . /)
		[ -e "$path" ] || die "this kernel has no setting '$1'"
		before=$(tr '\t' ' ' <"$path")
		if ! grep -qs "^$1 " "$state/sysctl"; then
			printf '%s %s\n' "$1" "$before" >>"$state/sysctl"
		fi
		printf '%s\n' "$2" >"$path" || die "the kernel refuses '$2' for '$1'"
		after=$(tr '\t' ' ' <"$path")
		[ "$after" = "$2" ] || die "'$1' reads back as '$after', not '$2'"
		shift 2
	done
}
unit_up() { # UNIT
	systemctl -q is-enabled "$1" || printf '%s\n' "$1" >>"$state/enabled"
	systemctl -q enable "$1"
	if ! systemctl start "$1"; then
		systemctl --no-pager -n 8 status "$1"
		return 1
	fi
}
# One that is active and has lost what it loaded.
unit_load() { # UNIT
	unit_up "$1"
	systemctl reload "$1"
}

# ---- docker -----------------------------------------------------------------------------------
# One call of the Engine API with a JSON body from standard input: for what must not be an argument
# of the docker command.  Prints the answer's body; fails on a status that is not 2xx.
docker_api() { # METHOD PATH
	perl -MSocket -e '
		use strict;
		my ($method, $path) = @ARGV;
		local $/;
		my $body = <STDIN>;
		socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
		connect($s, sockaddr_un("/run/docker.sock")) or die "docker.sock: $!\n";
		syswrite($s, "$method $path HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n" .
			"Content-Length: " . length($body) . "\r\n\r\n" . $body);
		my $answer = <$s> // "";
		my ($head, $text) = split(/\r\n\r\n/, $answer, 2);
		print $text;
		exit($head =~ m{^HTTP/1\.[01] 2} ? 0 : 1);
	' "$1" "$2"
}
swarm_state() { docker info --format '{{.Swarm.LocalNodeState}}'; }
swarm_init() { # ADDRESS POOL
	case $1 in *:*) own="[$1]" ;; *) own=$1 ;; esac
	: >"$state/swarm" # before it is true: whoever is killed in between still knows the way back
	docker swarm init --advertise-addr "$1" --data-path-addr "$1" --listen-addr "$own:2377" \
		${2:+--default-addr-pool "$2"} >/dev/null
}
# The tokens, for those that wait to join.  They go to svarm, never to the log.
swarm_tokens() {
	tell out token.worker "$(docker swarm join-token -q worker | tr -d '\n' | base64 -w 0)"
	tell out token.manager "$(docker swarm join-token -q manager | tr -d '\n' | base64 -w 0)"
}
swarm_join() { # ADDRESS LEADER; the token is a frame
	frame_value
	case $value in '' | *[!A-Za-z0-9-]*) die 'what came is no join token' ;; esac
	case $2 in *:*) leader="[$2]" ;; *) leader=$2 ;; esac
	case $1 in *:*) own="[$1]" ;; *) own=$1 ;; esac
	: >"$state/swarm"
	printf '{"ListenAddr":"%s:2377","AdvertiseAddr":"%s","DataPathAddr":"%s","RemoteAddrs":["%s:2377"],"JoinToken":"%s"}' \
		"$own" "$1" "$1" "$leader" "$value" | docker_api POST /swarm/join || true
	waited=0
	until [ "$(swarm_state)" = active ]; do
		if [ "$waited" -ge 40 ]; then
			docker info --format '{{.Swarm.LocalNodeState}}: {{.Swarm.Error}}'
			return 1
		fi
		sleep 0.5
		waited=$((waited + 1))
	done
}
# The id this node got goes to svarm, for the leader's labels.
tell_joined() {
	tell out joined "$(docker info --format '{{.Swarm.NodeID}}' | tr -d '\n' | base64 -w 0)"
}
# The swarm knows a node that has just joined before the node is ready for anything.
swarm_await_node() { # ID
	waited=0
	until [ "$(docker node inspect -f '{{.Status.State}}' "$1" 2>/dev/null)" = ready ]; do
		[ "$waited" -lt 60 ] || die "swarm node $1 does not become ready"
		sleep 0.5
		waited=$((waited + 1))
	done
}
# Entries of a member that left and came back under a new id: gone for good, and in the way of counts.
swarm_bury_ghosts() { # ID
	address=$(docker node inspect -f '{{.Status.Addr}}' "$1")
	# shellcheck disable=SC2046
	docker node inspect $(docker node ls -q) --format '{{.Status.State}} {{.Status.Addr}} {{.ID}}' |
		while read -r status where ghost; do
			[ "$status $where" != "down $address" ] || docker node rm "$ghost" || true
		done
}
swarm_forget() { # ID of a member that is down for good
	docker node rm -- "$1"
}
labels_set() { # ID|self|joined.NAME KEY VALUE …; with joined.NAME the id is a frame
	while [ "$#" -gt 0 ]; do
		who=$1 options=''
		while [ "$#" -gt 0 ] && [ "$1" = "$who" ]; do
			options="$options --label-add $2=$3"
			shift 3
		done
		case $who in
		joined.*)
			frame_value
			id=$value
			swarm_await_node "$id"
			swarm_bury_ghosts "$id"
			;;
		self) id=$(docker info --format '{{.Swarm.NodeID}}') ;;
		*) id=$who ;;
		esac
		# shellcheck disable=SC2086
		docker node update $options "$id" >/dev/null
	done
}
network_create() { # NAME MTU SUBNET
	set -- "$1" "$2" "$3" --driver overlay --attachable --label openfaas=true --label svarm.managed=true
	name=$1 mtu=$2 subnet=$3
	shift 3
	[ "$mtu" = 0 ] || set -- "$@" --opt "com.docker.network.driver.mtu=$mtu"
	[ -z "$subnet" ] || set -- "$@" --subnet "$subnet"
	docker network create "$@" "$name" >/dev/null
}
image_load() { # TAG ID; the archive is a frame
	frame_length
	head -c "$length" | docker load -q
	found=$(docker image inspect --format '{{.Id}}' "$1")
	[ "$found" = "$2" ] || die "image '$1' is '$found' after loading, expected '$2'"
}
secret_create() { # NAME [LABEL=VALUE…]; the value is a frame, of any bytes
	frame_length
	value=$(head -c "$length" | base64 -w 0)
	bare=${value%%=*}
	[ "${#bare}" = $(((length * 4 + 2) / 3)) ] || die 'a secret came short: the connection was lost'
	name=$1
	shift
	for label in "$@"; do # appended in turn: the first ones go as the list is walked
		set -- "$@" --label "$label"
		shift
	done
	printf %s "$value" | base64 -d |
		docker secret create --label svarm.managed=true "$@" "$name" - >/dev/null
}

config_create() { # NAME; the content is a frame
	frame_to_file "$work/config"
	docker config create --label svarm.managed=true "$1" "$work/config" >/dev/null
}

# ---- stacks -----------------------------------------------------------------------------------
# What tells specifications of tasks apart, of a service and of a task alike.  Not the whole: `docker service
# inspect` adds defaults.
spec_words='{{.ForceUpdate}}{{with .ContainerSpec}} {{.Image}}{{json .Command}}{{json .Args}}{{json .Env}}'
spec_words=$spec_words'{{json .Mounts}}{{json .Secrets}}{{json .Configs}}{{end}}{{with .Placement}}{{range .Constraints}}'
spec_words=$spec_words'{{json .}}{{end}}{{end}}{{with .Resources}}'
spec_words=$spec_words'{{with .Reservations}}{{with .MemoryBytes}} {{.}}{{end}}{{with .NanoCPUs}}/{{.}}{{end}}{{end}}{{end}}'
# What docker says of every service of svarm's making, in two calls however many there are: $work/listed,
# "ID NAME MODE RUNNING/WANTED"; $work/specs, "NAME<tab>UPDATE-STATE<tab>SPECIFICATION"; and $work/services
# of both, "NAME RUNNING/WANTED UPDATE-STATE".  What was rolled back stays so, also once it was freed.
services_state() {
	docker service ls --filter label=svarm.managed=true \
		--format '{{.ID}} {{.Name}} {{.Mode}} {{.Replicas}}' >"$work/listed" || return 1
	ids=$(cut -d ' ' -f 1 "$work/listed")
	: >"$work/specs"
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker service inspect --format '{{.Spec.Name}}{{"\t"}}{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}{{"\t"}}{{with .Spec.TaskTemplate}}'"$spec_words{{end}}" \
		$ids >"$work/specs" || : # one may have gone meanwhile
	: >>"$work/kept"
	: >>"$work/undone"
	awk '
		{ word = $0; sub(/\t.*/, "", word) }
		FILENAME ~ /\/specs$/ { split($0, f, "\t"); update[word] = f[2]; told[word] = 1; next }
		FILENAME ~ /\/undone$/ { undone[word] = 1; next }
		FILENAME ~ /\/kept$/ { kept[word] = 1; next }
		{
			state = told[$2] ? update[$2] : "updating" # not known: look again
			if (state == "completed" && undone[$2]) state = "rollback_completed"
			print $2, $4, (kept[$2] ? "kept" : state)
		}' "$work/specs" "$work/undone" "$work/kept" "$work/listed" >"$work/services"
}
# Those that do not run as they should, of $work/services.
services_waiting() {
	awk '{ split($2, n, "/") } n[1] != n[2] || $3 ~ /^(updating|rollback|paused|kept)/ { print $1, $2, $3 }' \
		"$work/services" >"$work/waiting"
}
# The tasks of all services, of each slot the newest first: $work/tasks, lines of "SERVICE SLOT ID IMAGE
# NODE DESIRED STATE ERROR" with tabs between.  A program that ended well is no error to docker.
tasks_read() {
	: >"$work/tasks"
	[ -n "$ids" ] || return 0
	# shellcheck disable=SC2086
	docker service ps --no-trunc --format \
		'{{.ID}}\t{{.Name}}\t{{.Image}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t{{.Error}}' $ids \
		>"$work/ps" || return 1
	awk -F '\t' -v OFS='\t' '{
		slot = $2
		sub(/^ *\\_ /, "", slot)
		service = slot
		sub(/[.][^.]*$/, "", service)
		print service, slot, $1, $3, $4, $5, $6, ($7 == "" && $6 ~ /^Complete/ ? "task: exit (0)" : $7)
	}' "$work/ps" >"$work/tasks"
}
# Slots in which a task ended by itself and another one took its place: $work/restarted, "SERVICE<tab>SLOT<tab>ID".
# Whom the swarm told to end has another state, and one that was rejected never ran.
tasks_restarted() {
	awk -F '\t' -v OFS='\t' '
		{ age = ++many[$2]; ended = $7 ~ /^(Failed|Complete)/ }
		age == 1 { id = $3; live = $6 == "Running" || $6 == "Ready" }
		live && ended && age <= 2 { print $1, $2, id; live = 0 }' "$work/tasks" >"$work/restarted"
}
# When tasks were made and by which specification: $work/made, "ID<tab>SECONDS<tab>PRESENT", of services
# that are waited for or have restarted tasks; one call, or none when all is well.
tasks_made() {
	: >"$work/made"
	wanted=$(awk -F '\t' '
		FILENAME ~ /\/waiting$/ { sub(/ .*/, "", $1) }
		FILENAME !~ /\/tasks$/ { wanted[$1] = 1; next }
		wanted[$1] { print $3 }' "$work/waiting" "$work/restarted" "$work/tasks")
	[ -n "$wanted" ] || return 0
	# Old ones go while we ask.
	# shellcheck disable=SC2086
	docker inspect --type task \
		--format '{{.ID}}{{"\t"}}{{.CreatedAt.Unix}}{{"\t"}}{{with .Spec}}'"$spec_words{{end}}" \
		$wanted >"$work/inspected" 2>/dev/null || :
	awk -F '\t' -v OFS='\t' '
		FILENAME ~ /\/specs$/ { spec[$1] = $3; next }
		FILENAME ~ /\/tasks$/ { service[$3] = $1; next }
		{ print $1, $2, spec[service[$1]] == $3 }' \
		"$work/specs" "$work/tasks" "$work/inspected" >"$work/made"
}
# A program that ends soon after its start runs at some looks.  So where one ended lately, the task in
# its place counts once we have seen it run for five seconds, by our clock: nodes have their own.
# $work/unsettled: slots where that is still to come; $work/seen: "ID<tab>SINCE", tasks that we watch.
tasks_unsettled() {
	read -r now _ </proc/uptime
	: >>"$work/seen"
	: >"$work/unsettled"
	awk -F '\t' -v OFS='\t' -v now="$now" -v since=$((began - 60)) -v unsettled="$work/unsettled" '
		FILENAME ~ /\/seen$/ { seen[$1] = $2; next }
		FILENAME ~ /\/made$/ { made[$1] = $2; next }
		FILENAME ~ /\/tasks$/ { runs[$3] = $7 ~ /^Running/; next }
		($3 in made) && made[$3] < since { next }
		{
			if (runs[$3] && !($3 in seen)) seen[$3] = now
			if (!runs[$3] || now - seen[$3] < 5) print $2 >unsettled
			if (runs[$3]) print $3, seen[$3]
		}' "$work/seen" "$work/made" "$work/tasks" "$work/restarted" >"$work/seen.new"
	mv "$work/seen.new" "$work/seen"
}
# $work/services again, with what only the tasks show.  Docker counts as wanted of a global service what is to
# run now: 0/0 while its only task waits for its predecessor to end.  Unsettled tasks do not run.
services_recount() {
	awk '
		FILENAME ~ /\/listed$/ { global[$2] = $3 == "global"; next }
		FILENAME ~ /\/unsettled$/ { unsettled[$0] = 1; next }
		FILENAME ~ /\/tasks$/ {
			split($0, f, "\t")
			if (global[f[1]] && f[6] == "Ready") due[f[1]]++
			if (unsettled[f[2]]) odd[f[1]] = 1
			else if (f[6] == "Running" && f[7] ~ /^Running/ && !slots[f[2]]++) running[f[1]]++
			next
		}
		{
			split($2, n, "/")
			if (odd[$1] && running[$1] + 0 < n[1]) n[1] = running[$1] + 0
			print $1, n[1] "/" n[2] + due[$1], $3
		}' "$work/listed" "$work/unsettled" "$work/tasks" "$work/services" >"$work/recounted"
	mv "$work/recounted" "$work/services"
}
# $work/waiting: what does not run as it should.  Tasks are looked at when asked to, and before it is said
# that nothing is left to wait for.  Fails when docker does not answer: nobody leads the swarm, perhaps.
services_look() { # quick|close
	services_state || return 1
	services_waiting
	[ "$1" = close ] || [ ! -s "$work/waiting" ] || return 0
	tasks_read || return 1
	tasks_restarted
	tasks_made
	tasks_unsettled
	services_recount
	services_waiting
}
# Swarm's dead end (moby/moby#36699, any order but start-first): an update fails, its next try waits for
# the place that the task of the rollback already has; and that one, ready, waits for the try to end,
# which never began.  Swarm breaks it off after a minute in which nothing runs.
is_deadlocked() { # SERVICE: in one of its slots, the newest two tasks wait like that
	awk -F '\t' -v service="$1" '
		$1 != service { next }
		{ age = ++many[$2] }
		age == 1 && $6 == "Ready" && $7 ~ /^Ready/ { ready[$2] = 1 }
		age == 2 && $6 == "Shutdown" && $7 ~ /^(New|Allocated|Pending)/ && ready[$2] { found = 1 }
		END { exit !found }' "$work/tasks"
}
# A forced update makes a new task, which waits for the ready one; and that does end.
services_free() { # those in $work/waiting
	while read -r service _ update; do
		is_deadlocked "$service" || continue
		case $update in rollback*) printf '%s\n' "$service" >>"$work/undone" ;; esac
		note "$service: the swarm waits for a task that cannot end; it is made to start another"
		docker service update -d -q --force "$service" </dev/null >/dev/null || :
	done <"$work/waiting"
}
# Of one service, its most telling task, as "ID<tab>IMAGE<tab>FAILED-TASKS<tab>NODE<tab>STATE<tab>ERROR".  What ended
# before this run is history, on nodes that may not even be eligible any more; rather one of the present
# specification than of an earlier one; rather one that failed than one that waits for its place, or
# only comes; then the newest.  Of an update that was rolled back, what failed by another specification
# than the one in force again, whenever that was.
service_task() { # SERVICE [rollback]
	awk -F '\t' -v service="$1" -v rollback="${2:-}" -v began="$began" '
		FILENAME ~ /\/made$/ { made[$1] = $2; present[$1] = $3; next }
		$1 != service { next }
		{
			undone = rollback && !present[$3] && $8 != ""
			old = $6 !~ /^(Running|Ready)$/ && made[$3] < began
			if (old && !undone) next
			kind = undone * 8 + !old * 4 + present[$3] * 2
			if ($7 ~ /^(Failed|Rejected|Complete)/) many[kind]++
			waits = $8 ~ /already in use/ || ($7 ~ /^Pending/ && $6 == "Shutdown")
			rank = kind * 4 + ($8 == "" ? 1 : waits ? 2 : 3)
			if (rank < highest || (rank == highest && made[$3] <= newest)) next
			highest = rank
			newest = made[$3]
			best = kind
			id = $3; image = $4
			rest = $5 "\t" $7 "\t" $8
		}
		END { print id "\t" image "\t" many[best] + 0 "\t" (id == "" ? "\t\t" : rest) }' "$work/made" "$work/tasks"
}
# Waiting longer would not help: what these say does not pass by itself, or it has failed often.
is_hopeless() { # TASK, as service_task() has it
	case $1 in
	*'no suitable node'* | *'No such image'* | *'invalid mount config'*) return 0 ;;
	esac
	[ "$(printf %s "$1" | cut -f 3)" -ge 4 ]
}
# Of the services in $work/waiting; one whose update was rolled back has had its fate, but not before
# what ran until then runs again.
all_hopeless() {
	while read -r service count update; do
		case $update in
		rollback_completed | paused | rollback_paused | kept) continue ;;
		rollback_started)
			[ "${count%/*}" != "${count#*/}" ] || continue
			return 1
			;;
		esac
		is_hopeless "$(service_task "$service")" || return 1
	done <"$work/waiting"
}
# How many nodes meet a placement constraint: "MATCHING<tab>NODES"; nothing when it cannot be told.
constraint_count() { # CONSTRAINT
	key=$(printf %s "$1" | sed 's/ *[!=]=.*//') wanted=$(printf %s "$1" | sed 's/.*[!=]= *//')
	case $key in
	node.labels.*) field="{{index .Spec.Labels \"${key#node.labels.}\"}}" ;;
	engine.labels.*) field="{{index .Description.Engine.Labels \"${key#engine.labels.}\"}}" ;;
	node.role) field='{{.Spec.Role}}' ;;
	node.hostname) field='{{.Description.Hostname}}' ;;
	node.id) field='{{.ID}}' ;;
	node.platform.os) field='{{.Description.Platform.OS}}' ;;
	*) return 0 ;;
	esac
	# shellcheck disable=SC2046
	docker node inspect --format "$field" $(docker node ls -q) >"$work/nodes" 2>/dev/null || return 0
	total=$(wc -l <"$work/nodes") same=$(grep -cixF -- "$wanted" "$work/nodes" || :)
	case $1 in *!=*) same=$((total - same)) ;; esac
	printf '%s\t%s\n' "$same" "$total"
}
# Why no node suits: each constraint with the nodes that meet it, what is set aside for a task, and
# what the largest nodes have.
tell_placement() { # SERVICE
	docker service inspect "$1" --format \
		'{{with .Spec.TaskTemplate.Placement}}{{range .Constraints}}{{println .}}{{end}}{{end}}' |
		while IFS= read -r constraint; do
			[ -z "$constraint" ] ||
				tell "stuck-where $1$tab$constraint$tab$(constraint_count "$constraint")"
		done
	asks=$(docker service inspect "$1" --format \
		'{{with .Spec.TaskTemplate.Resources}}{{with .Reservations}}{{.MemoryBytes}}{{"\t"}}{{.NanoCPUs}}{{end}}{{end}}')
	# shellcheck disable=SC2046
	most=$(docker node inspect $(docker node ls -q) --format \
		'{{.Description.Resources.MemoryBytes}}{{"\t"}}{{.Description.Resources.NanoCPUs}}' | awk -F '\t' '
		$1 > m { m = $1 } $2 > c { c = $2 } END { printf "%.0f\t%.0f", m, c }')
	[ -z "$asks" ] || tell "stuck-asks $1$tab$asks$tab$most"
}
# The last words of a task, to $work/said; fails when the swarm cannot fetch them, with its reason there.
task_said() { # TASK
	# From whichever node it was; it must not take long about it.
	timeout 6 docker service logs --raw --tail 6 "$1" 2>&1 | head -c 2400 | tail -n 6 >"$work/said"
	deaf=$(sed -n 's/^error from daemon in stream: .*reasons: //p' "$work/said")
	[ -z "$deaf" ] || printf '%s\n' "$deaf" >"$work/said"
	[ -z "$deaf" ]
}
tell_words() { # SERVICE TASK
	if ! task_said "$2" && worker_reconnect "$(sed -n 's/^node \([a-z0-9]*\) is not available.*/\1/p' "$work/said")"; then
		note "the swarm could not read the logs of the node at $address; it was made to connect anew"
		for _ in 1 2 3 4 5; do
			sleep 1
			! task_said "$2" || break
		done
	fi
	if [ -n "$deaf" ]; then
		tell "stuck-mute $1$tab$deaf"
		return
	fi
	while IFS= read -r line || [ -n "$line" ]; do
		tell "stuck-says $1$tab$line"
	done <"$work/said"
}
# What svarm needs to say why a service does not run: lib/run/explain.c makes sentences of it.
tell_stuck() { # SERVICE RUNNING/WANTED UPDATE-STATE
	undone='' count="$2 running"
	case $3 in
	kept)
		why=$(grep -- "^$1$tab" "$work/kept" | tail -n 1 | head -c 2000)
		tell "stuck $1${tab}not replaced, $count$tab$(printf %s "$why" | cut -f 2)${tab}1$tab$(uname -n)$tab$tab${why##*"$tab"}"
		return 0
		;;
	rollback*) undone=rollback count="rolled back, $count" ;;
	paused) count="rolled back, $count" ;;
	esac
	task=$(service_task "$1" "$undone")
	image=$(printf %s "$task" | cut -f 2)
	case $image in
	sha256:*) image=$(docker service inspect "$1" --format '{{index .Spec.Labels "svarm.image"}}') ;;
	esac
	tell "stuck $1$tab$count$tab$image$tab$(printf %s "$task" | cut -f 3- | head -c 2000)"
	case $task in
	*'no suitable node'*) tell_placement "$1" ;;
	*'non-zero exit'* | *unhealthy*) tell_words "$1" "$(printf %s "$task" | cut -f 1)" ;;
	esac
}
# docker's leader can take a worker for gone whose agent is connected to it, until the agent comes back once
# more: for logs only, when the agent came back by a new connection before the old one was seen to end (moby
# issues 33183, 35011); altogether, when it came back in the moment in which its old session ended (moby
# issue 34827).  Here, on the leader, its connection can be ended, which stops no task.
worker_reconnect() { # ID; fails when there is no such connection; sets $address
	address=$(docker node inspect "$1" --format '{{if eq .Spec.Role "worker"}}{{.Status.Addr}}{{end}}' 2>/dev/null) &&
		[ -n "$address" ] && ss -K -Htn dst "$address" sport = :2377 2>/dev/null | grep . >/dev/null
}
# Members that are down and yet connected.
workers_revive() {
	docker node ls --format '{{.ID}} {{.Status}}' >"$work/members" 2>/dev/null || return 0
	while read -r id status; do
		if [ "$status" = Down ] && worker_reconnect "$id" </dev/null; then
			note "the swarm took the node at $address for gone, which is connected to it; it was made to connect anew"
		fi
	done <"$work/members"
}
# Wait until every service runs as many tasks as it should, by its newest specification.  `docker stack
# deploy` itself does not: its --detach=false even succeeds after a rollback.  Given up early when
# nothing can come of it, seen four times in eight seconds.
services_converge() {
	waited=0 hopeless=0
	: >"$work/waiting"
	while [ "$waited" -lt 180 ] && [ "$hopeless" -lt 4 ]; do
		look=quick
		[ $((waited % 4)) -ne 3 ] || look=close
		if services_look $look; then
			[ -s "$work/waiting" ] || return 0
			if [ $look = close ]; then
				workers_revive
				services_free
				hopeless=$((hopeless + 1))
				all_hopeless || hopeless=0
			fi
		fi
		[ $((waited % 12)) -ne 11 ] || note "waiting for $(waiting_names)"
		sleep 0.5
		waited=$((waited + 1))
	done
	[ -s "$work/waiting" ] || die 'docker does not tell how the services are'
	while read -r service count update; do
		tell_stuck "$service" "$count" "$update" </dev/null
	done <"$work/waiting"
	die "not all services run: $(waiting_names)"
}
waiting_names() {
	awk '{ printf "%s%s %s%s", (NR > 1 ? ", " : ""), $1, $2, \
		($3 ~ /^(rollback|paused)/ ? " (rolled back)" : $3 == "kept" ? " (not replaced)" : "") }' \
		"$work/waiting"
}
# The API version that a client from 2020 (faas-swarm, which negotiates none) is told to speak: the one
# it was written for, or the oldest this daemon still takes.
docker_api_for_old() {
	docker version --format '{{.Server.MinAPIVersion}}' | awk -F . '
		{ if ($1 == 1 && $2 <= 30) print "1.30"; else print $0 }'
}
# "replicas: N # MIN to MAX": as many as run now, when that is within; N is how many there were when
# the facts were read.
stack_keep_replicas() { # STACK
	{
		echo 'nothing 0/0'
		docker service ls --filter "label=com.docker.stack.namespace=$1" --format '{{.Name}} {{.Replicas}}'
	} >"$work/now"
	awk -v stack="$1" '
		NR == FNR { split($2, n, "/"); now[$1] = n[2]; next }
		/^  "[^"]*":$/ { name = stack "_" substr($0, 4, length($0) - 5) }
		/^      replicas: [0-9]+ # [0-9]+ to [0-9]+$/ && (name in now) {
			runs = now[name] + 0
			if (runs >= $4 + 0 && runs <= $6 + 0) sub(/[0-9]+/, runs)
		}
		{ print }
	' "$work/now" "$work/stack.yml" >"$work/stack.kept" && mv "$work/stack.kept" "$work/stack.yml"
}
# The services of $work/stack.yml whose old task goes before the new one comes: "NAME IMAGE", one line each.
stack_stopping() {
	awk '
		/^[^ ]/ { section = $1 }
		section != "services:" { next }
		/^  [^ #].*:$/ { name = $1; gsub(/[":]/, "", name); image = "" }
		/^    image: / { image = $2; gsub(/"/, "", image) }
		/order: stop-first/ && image != "" { print name, image; image = "" }
	' "$work/stack.yml"
}
# What runs on this node is not stopped for an image that the node cannot get: such a service is left out
# of what is deployed, and the run ends by saying so.  An image that can be had is there before its
# service is stopped.  Whether other nodes can get it, their tasks tell; those swarm rolls back.
stack_keep_running() { # STACK
	docker ps --filter "label=com.docker.stack.namespace=$1" \
		--format '{{.Label "com.docker.swarm.service.name"}}' >"$work/here"
	stack_stopping >"$work/stopping"
	while read -r name image; do
		case $image in sha256:*) continue ;; esac
		grep -qxF -- "$1_$name" "$work/here" || continue
		docker image inspect "$image" >/dev/null 2>&1 </dev/null && continue
		note "getting $image"
		docker pull -q "$image" >"$work/pull" 2>&1 </dev/null && continue
		printf '%s\t%s\tNo such image: %s\n' "$1_$name" "$image" "$(tail -n 1 "$work/pull" | tr '\t' ' ')" \
			>>"$work/kept"
		awk -v key="$name" '
			/^[^ ]/ { section = $1; out = 0 }
			/^  [^ #]/ { name = $1; gsub(/[":]/, "", name); out = section == "services:" && name == key }
			!out' "$work/stack.yml" >"$work/stack.less" && mv "$work/stack.less" "$work/stack.yml"
	done <"$work/stopping"
}
# Only what svarm deployed goes: no --prune, which takes whatever bears the stack's label.
stack_deploy() { # STACK [SERVICE to remove…]; the compose file is a frame
	frame_to_file "$work/stack.yml"
	SVARM_DOCKER_API=$(docker_api_for_old)
	export SVARM_DOCKER_API
	stack_keep_replicas "$1"
	stack_keep_running "$1"
	docker stack deploy --resolve-image never --compose-file "$work/stack.yml" "$1"
	shift
	services_remove "$@"
	# Not waited for here: all stacks come up at once, and services_settle ends the run.
}
# At the end of a run: what changed elsewhere (a node that joined, an image that came) may have started
# tasks.  The frame is empty when all other nodes ended well; else waiting would be in vain.
services_settle() {
	frame_value
	[ -z "$value" ] || return 0
	workers_revive
	services_converge
}
services_remove() { # SERVICE…
	for service in "$@"; do
		twin_await "$service"
		docker service rm "$service"
	done
}
# When a service that goes has a function which another service runs from now on, let that one come up.
twin_await() { # SERVICE
	docker service inspect --format '{{.ID}} {{index .Spec.Labels "com.openfaas.function"}}' "$1" >"$work/twin"
	read -r me fn <"$work/twin" || return 0
	[ -n "$fn" ] || return 0
	waited=0
	while [ "$waited" -lt 60 ] && docker service ls --filter "label=com.openfaas.function=$fn" \
		--format '{{.ID}} {{.Replicas}}' | awk -v me="$me" '
		{ split($2, n, "/") } index(me, $1) != 1 && n[1] != n[2] { exit(found = 1) }
		END { exit !found }'; do
		sleep 0.5
		waited=$((waited + 1))
	done
}
# A service in no stack, made or updated through the Engine API; its specification is a frame, with the
# names of secrets where Docker wants their ids.
service_put() { # NAME [SECRET…]
	frame_to_file "$work/service.json"
	name=$1
	shift
	for secret in "$@"; do
		id=$(docker secret inspect --format '{{.ID}}' "$secret")
		dotted=$(printf %s "$secret" | sed 's/[.]/[.]/g') # a.b is not a-b
		sed -i "s/\"SecretID\":\"$dotted\"/\"SecretID\":\"$id\"/g" "$work/service.json"
	done
	set -- "$name"
	at=$(docker service inspect --format '{{.ID}}/update?version={{.Version.Index}}' "$1" 2>/dev/null) ||
		at=create
	if ! docker_api POST "/services/$at" <"$work/service.json" >"$work/answer"; then
		die "$(head -c 600 "$work/answer")"
	fi
}

# ---- down: give the node back -----------------------------------------------------------------
# What is undone is what $state remembers, and what carries the label svarm.managed.
# Also what the gateway made for its clients: functions and their secrets, by the labels it gives them.
ours_of() { # service|secret
	docker "$1" ls -q --filter label=svarm.managed=true
	case $1 in
	service) docker service ls -q --filter label=com.openfaas.function ;;
	secret) docker secret ls -q --filter label=svarm.secret ;;
	esac
}
cluster_empty() { # STACK …
	for stack in "$@"; do
		docker stack rm "$stack"
	done
	for service in $(ours_of service | sort -u); do
		docker service rm "$service" || true
	done
	waited=0
	while [ -n "$(ours_of service)" ] ||
		[ -n "$(docker ps -q --filter label=com.docker.stack.namespace=svarm)" ]; do
		[ "$waited" -lt 120 ] || die 'the services do not end'
		sleep 0.5
		waited=$((waited + 1))
	done
	for network in $(docker network ls -q --filter label=svarm.managed=true); do
		network_remove "$network"
	done
	for secret in $(ours_of secret | sort -u); do
		docker secret rm "$secret"
	done
	for config in $(docker config ls -q --filter label=svarm.managed=true); do
		docker config rm "$config"
	done
	tell out emptied
}
# Tasks of services that are gone hold on to it until they have ended.
network_remove() { # ID
	waited=0
	while ! docker network rm "$1" >"$work/answer" 2>&1; do
		if [ "$waited" -ge 60 ]; then
			cat "$work/answer" >&2
			die 'the network svarm is still in use: by a service or container that svarm did not make?'
		fi
		sleep 1
		waited=$((waited + 1))
	done
}
swarm_leave() { # manager|worker
	if [ "$1" = manager ]; then
		docker swarm leave --force
	else
		docker swarm leave
	fi
	rm -f "$state/swarm"
}
# For a docker that stays: only what is ours goes.
images_remove() { # TAG …
	for tag in "$@"; do
		docker image rm -f "$tag" || true
	done
	for volume in $(docker volume ls -q --filter label=com.docker.stack.namespace=svarm); do
		docker volume rm "$volume"
	done
}
units_down() { # UNIT …
	for unit in "$@"; do
		systemctl -q disable --now "$unit" || true
	done
}
files_restore() {
	if [ -d "$state/original" ]; then
		(cd "$state/original" && find . ! -name '*.svarm-new' ! -type d) | while IFS= read -r path; do
			path=${path#.}
			cp -a -- "$state/original$path" "$path.svarm-restore"
			mv -f -- "$path.svarm-restore" "$path"
		done
	fi
	[ -r "$state/created" ] || return 0
	sort -r "$state/created" | while IFS= read -r path; do
		if [ -d "$path" ] && [ ! -L "$path" ]; then
			rmdir -- "$path" 2>/dev/null || true
		else
			rm -f -- "$path"
		fi
	done
	systemctl daemon-reload
}
sysctl_restore() {
	while read -r key value; do
		printf '%s\n' "$value" >"/proc/sys/$(printf %s "$key" | tr . /)" ||
			note "'$key' does not take back '$value', which it was before svarm came"
	done <"$state/sysctl"
}
packages_purge() { # PACKAGE …: what svarm installed
	wait_first_boot
	case " $* " in
	*' docker.io '* | *' docker-ce '*)
		systemctl -q stop docker.socket docker.service containerd.service || true
		;;
	esac
	apt_get purge "$@"
	case " $* " in *' docker.io '* | *' docker-ce '*) docker_sweep ;; esac
	case " $* " in *' nginx '*) nginx_sweep ;; esac
	apt_get update || true
}
# What the packages themselves leave behind.  Folders only when nothing else is in them.
docker_sweep() {
	for folder in /var/lib/docker /var/lib/containerd; do
		[ ! -d "$folder" ] || find "$folder" -mindepth 1 -delete
	done
	rm -rf /run/docker /run/containerd /run/docker.sock /etc/docker/key.json
	for folder in /var/lib/docker /var/lib/containerd /etc/docker /etc/cni/net.d /etc/cni; do
		rmdir "$folder" 2>/dev/null || true
	done
	for bridge in docker0 docker_gwbridge; do
		ip link del "$bridge" 2>/dev/null || true
	done
	if getent group docker | grep -q ':$'; then
		groupdel docker
	fi
}
nginx_sweep() {
	rm -f /var/www/html/index.nginx-debian.html
	rmdir /var/www/html /var/www 2>/dev/null || true
}
# The unit that something else still needs gets its own configuration back into force.
unit_reload() { # UNIT
	systemctl -q is-active "$1" && systemctl reload "$1"
}
state_forget() {
	rm -rf "$state"
}
