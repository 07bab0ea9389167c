# What a node shows of itself to `svarm health`.  It changes nothing and starts nothing.
# Standard input is the question, one line each:
#	read PATH                     a file below /proc/sys, on the host and in svarm's containers
#	listen PORT                   the host's listeners on that port, with their backlog
#	docker LIMIT                  what dockerd says, and a look into svarm's containers; on a manager
#	                              also whether the swarm can read each node's log
#	system                        memory, load, the clock, a wanted restart, IPv6 addresses, the firewall
#	private ADDRESS               the interface that has it, and how large its packets may be
#	disk LIMIT PATH               how full that file system is; one line for each path
#	journal LIMIT                 what dockerd and the kernel complained of
#	certificate                   the node's own one in the swarm
#	run N LIMIT CONTAINER ARG…    a command in a container, at most LIMIT seconds, all at once
# What may take long has a LIMIT in seconds; "late NAME" is the answer when it took longer.
# Standard output is the answer, closed by "end ok"; probe/answer.c parses it.  Tab-separated lines,
# but for "/proc/sys/…:VALUE" (grep's) and "LISTEN …" (ss's), which belong to the host, or after
# a line "json container …" to that container.
set -uf
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
tab=$(printf '\t')
nl='
'
say() {
	saved=$IFS
	IFS=$tab
	printf '%s\n' "$*"
	IFS=$saved
}

# The first thing to do: svarm holds it against its own clock.
say time "$(date +%s.%N)"
say svarm-health 1

# The sections run beside each other.  Each says what it has in one short write, so that no line ends
# up within another's; dockerd's long ones come last.
system_section() {
	memory='' containered=''
	while read -r name kb _; do
		case $name in MemTotal: | MemAvailable:) memory=$memory$tab$kb ;; esac
	done </proc/meminfo
	# Its clock is the host's, and so is the duty to keep it.
	[ ! -e /run/systemd/container ] || containered=container
	reboot=''
	[ ! -e /run/reboot-required ] ||
		reboot=$(head -c 600 /run/reboot-required.pkgs 2>/dev/null | sort -u | tr '\n\t' '  ')
	say memory "${memory#"$tab"}"
	read -r one five _ </proc/loadavg
	say load "$one" "$five" "$(getconf _NPROCESSORS_ONLN)"
	pressure_lines 2>/dev/null
	say ntp "${containered:-$(kernel_clock)}"
	[ ! -e /run/reboot-required ] || say reboot "$reboot"
	# Not the unit's word: it stays active when something flushes the rules.
	case $(nft list table inet svarm 2>/dev/null) in
	*'daddr type local drop'*'hook prerouting'*'goto outside'*) say firewall loaded ;;
	*) say firewall absent ;;
	esac
	[ -z "$private" ] || ip -o addr show to "$private" 2>/dev/null | while read -r _ interface _; do
		read -r mtu <"/sys/class/net/$interface/mtu" && say link "$interface" "$mtu"
	done
	ip -6 -o addr show scope global 2>/dev/null | head -n 16 | while read -r _ interface _ address _; do
		say address6 "$interface" "${address%/*}"
	done
}

# Which share of the latest 5 minutes some program, or all at once ("full"), waited for memory or disks: of
# kernels that count it.
pressure_lines() {
	for what in memory io; do
		[ ! -r "/proc/pressure/$what" ] || while read -r who _ _ long _; do
			say pressure "$what" "$who" "${long#avg300=}"
		done <"/proc/pressure/$what"
	done
}

# Does the kernel think that somebody keeps its clock right?  adjtimex(2) by number; the word at 24 is its
# largest possible error in µs, which grows to 16 s when nobody does.
kernel_clock() {
	case $(uname -m) in
	x86_64) number=159 ;;
	aarch64 | riscv64) number=171 ;;
	*) return ;;
	esac
	perl -e 'my $t = "\0" x 256; syscall(shift, $t) >= 0 or exit;
		print unpack("q", substr($t, 24, 8)) < 16000000 ? "synchronized" : "unsynchronized"' "$number"
}

# On two lines each: how full it is, and how it is mounted.
disk_section() { # LIMIT PATH…
	limit=$1
	shift
	table=$(timeout -k 1 "$limit" df -B 1 --output=fstype,size,used,avail,itotal,iavail,target -- "$@" 2>/dev/null)
	if [ $? -ge 124 ]; then
		say late disk
		return
	fi
	printf '%s\n' "$table" | head -c 3000 | while read -r type size used avail inodes free target; do
		case $size in '' | *[!0-9]*) continue ;; esac
		say disk "$type" "$size" "$used" "$avail" "$inodes" "$free" "$target"
		last=''
		while read -r _ mounted _ options _; do
			[ "$mounted" != "$target" ] || last=${options%%,*}
		done </proc/self/mounts
		say mount "$last" "$target"
	done
}

journal_section() { # LIMIT
	late=''
	docker=$(timeout -k 1 "$1" journalctl -q -u docker --since -1h -o cat -n 2000 2>/dev/null)
	[ $? -lt 124 ] || late=yes
	kernel=$(timeout -k 1 "$1" journalctl -q --since -1d -o cat -n 2000 SYSLOG_IDENTIFIER=kernel 2>/dev/null)
	[ $? -lt 124 ] || late=yes
	[ -z "$late" ] || say late journal
	# Where nothing at all is kept, or can be read, silence says nothing.
	[ -n "$docker$kernel$late" ] || [ -n "$(timeout -k 1 "$1" journalctl -q -n 1 -o cat 2>/dev/null)" ] || return
	# dockerd logs all with one priority: its own word for the level is in the text.  What every start
	# says about settings of kernels that lack IPVS or are shared is none of a node's faults.
	errors=$(printf '%s\n' "$docker" | grep -aE 'level=(error|fatal)' |
		grep -avE 'error reading the kernel parameter|default vlan on bridge|bridge default vlan failed')
	say errors "$(printf '%s' "$errors" | grep -ac '')" "$(printf '%s' "$errors" | tail -n 1 | head -c 600 | tr '\t' ' ')"
	killed=$(printf '%s\n' "$kernel" | grep -a 'ut of memory: Kill')
	say oom "$(printf '%s' "$killed" | grep -ac '')" "$(printf '%s' "$killed" | tail -n 1 | head -c 600 | tr '\t' ' ')"
}

run_in_container() {
	number=$1 limit=$2 container=$3
	shift 3
	answer=$(timeout "$limit" docker exec "$container" "$@" 2>&1 | head -c 4000 | tr '\t\n' '  ')
	say ran "$number" "$answer"
}

paths='' ports='' docker='' docker_said='' running=0 disks='' disk_limit='' journal='' system='' private='' certificate=''
while read -r what rest; do
	case $what in
	read) paths=$paths$rest$nl ;;
	listen) ports=$ports$rest$nl ;;
	docker) docker=$rest ;;
	system) system=yes ;;
	private) private=$rest ;;
	disk)
		disk_limit=${rest%% *}
		disks=$disks${rest#* }$nl
		;;
	journal) journal=$rest ;;
	certificate) certificate=yes ;;
	run)
		# shellcheck disable=SC2086
		run_in_container $rest </dev/null &
		running=$((running + 1))
		[ $((running % 16)) -ne 0 ] || wait
		;;
	esac
done

[ -z "$system" ] || system_section </dev/null &
# shellcheck disable=SC2086
[ -z "$disks" ] || disk_section "$disk_limit" $disks </dev/null &
[ -z "$journal" ] || journal_section "$journal" </dev/null &
[ -z "$certificate" ] || say certificate \
	"$(head -c 3500 /var/lib/docker/swarm/certificates/swarm-node.crt 2>/dev/null | tr '\n' '|')"
IFS=$nl
# shellcheck disable=SC2086
[ -z "$paths" ] || grep -sH '' -- $paths
for port in $ports; do
	ss -Hltn "sport = :$port"
done

# The Engine API over its socket, by perl (Essential on Debian and Ubuntu).  Not when dockerd does not
# run: a connect would start it.
ask_docker() {
	perl -MSocket -e '
		use strict;
		$| = 1;
		sub ask {
			my ($path) = @_;
			socket(my $s, PF_UNIX, SOCK_STREAM, 0) or return undef;
			connect($s, sockaddr_un("/run/docker.sock")) or return undef;
			syswrite($s, "GET $path HTTP/1.0\r\nHost: docker\r\n\r\n");
			return $s;
		}
		sub get {
			my $s = ask(shift) or return undef;
			local $/;
			my $answer = <$s> // "";
			my ($head, $body) = split(/\r\n\r\n/, $answer, 2);
			return undef unless $head =~ m{^HTTP/1\.[01] 200 };
			$body =~ s/[\r\n\t]+//g;
			return $body;
		}
		sub say {
			my ($name, $body) = @_;
			print "json\t$name\t$body\n" if defined $body;
			return $body // "";
		}
		# The task of each node that has been there longest, and is the least likely to go just now.
		sub oldest_tasks {
			my %oldest;
			for (split /(?<=[\[,])(?=\{"ID":"[0-9a-z]+","Version":)/, shift) {
				next unless /"ServiceID":"[0-9a-z]/ && /"State":"running"/ && /"DesiredState":"running"/;
				my ($id) = /^\{"ID":"([0-9a-z]+)"/ or next;
				my ($node) = /"NodeID":"([0-9a-z]+)"/ or next;
				my ($at) = /"CreatedAt":"([0-9T:.-]+)/ or next;
				$oldest{$node} = [$at, $id] unless $oldest{$node} && $oldest{$node}[0] le $at;
			}
			return map { [$_, $oldest{$_}[1]] } (sort keys %oldest)[0 .. (keys(%oldest) < 64 ? keys(%oldest) : 64) - 1];
		}
		# What became of a log.  It comes in frames: 1 byte for the kind, 3 of nothing, 4 for the length; kind 3
		# is an error of docker itself.  From a terminal it comes as it is.
		sub log_state {
			my ($head, $body) = split(/\r\n\r\n/, shift, 2);
			return unless defined $body && $head =~ m{^HTTP/1\.[01] (\d+)};
			return if $1 == 404; # the task is gone by now
			return ("error", $body) if $1 != 200;
			for (my $at = 0; $at + 8 <= length $body;) {
				my ($kind, $len) = unpack("Cx3N", substr($body, $at, 8));
				return ("error", substr($body, $at + 8, $len)) if $kind == 3;
				$at += 8 + $len;
			}
			return $body =~ /^Error grabbing logs: / ? ("error", $body) : "read";
		}
		# Of every node at once, at most so many seconds.
		sub say_logs {
			my ($tasks, $limit) = @_;
			my ($waiting, %log) = ("");
			for (oldest_tasks($tasks)) {
				my ($node, $task) = @$_;
				my $s = ask("/tasks/$task/logs?stdout=1&stderr=1&tail=0") or next;
				$log{fileno $s} = [$node, $s, ""];
				vec($waiting, fileno $s, 1) = 1;
			}
			while (%log && $limit > 0) {
				(my $n, $limit) = select(my $ready = $waiting, undef, undef, $limit);
				for (grep { $n > 0 && vec($ready, $_, 1) } keys %log) {
					my ($node, $s) = @{$log{$_}};
					next if sysread($s, $log{$_}[2], 65536, length $log{$_}[2]) && length $log{$_}[2] < 1 << 20;
					my ($state, $text) = log_state($log{$_}[2]);
					vec($waiting, $_, 1) = 0;
					delete $log{$_};
					say_log($node, $state, $text // "") if $state;
				}
			}
			say_log($_->[0], "late", "") for values %log;
		}
		sub say_log {
			my ($node, $state, $text) = @_;
			$text =~ s/[\0-\x1f\x7f]+/ /g;
			print "log\t$node\t$state\t" . substr($text, 0, 600) . "\n";
		}
		$SIG{ALRM} = sub { print "docker\tsilent\n"; exit };
		alarm shift;
		my ($info, $tasks) = (get("/info"), "");
		if (!defined $info) { print "docker\tsilent\n"; exit }
		print "docker\tanswers\n";
		say("info", $info);
		if ($info =~ /"ControlAvailable":true/) {
			say("nodes", get("/nodes"));
			my $services = say("services", get("/services?status=true"));
			my $odd = 0;
			while ($services =~ /"RunningTasks":(\d+),"DesiredTasks":(\d+)/g) { $odd ||= $1 != $2 }
			# Only those that should run, or, to know why one does not, the past ones too.
			my $present = "?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D";
			$tasks = get("/tasks$present") // "";
			# A task that came lately may have come in the place of one that failed.
			my @t = gmtime(time - 660);
			my $since = sprintf("%d-%02d-%02dT%02d:%02d", $t[5] + 1900, $t[4] + 1, @t[3, 2, 1]);
			while ($tasks =~ /"CreatedAt":"([0-9T:-]+)/g) { $odd ||= $1 gt $since }
			$tasks = get("/tasks") // "" if $odd;
			# What they were made of is most of it, and nobody reads it.
			$tasks =~ s/"Spec":(\{(?:[^{}"]++|"(?:[^"\\]++|\\.)*+"|(?1))*+\})/"Spec":{}/g;
			say("tasks", $tasks);
		}
		my $ours = get("/containers/json?filters=" .
			"%7B%22label%22%3A%5B%22com.docker.stack.namespace%3Dsvarm%22%5D%7D") // "";
		for my $id ($ours =~ /"Id":"([0-9a-f]{64})"/g) {
			my $container = say("container", get("/containers/$id/json"));
			$container =~ /"Pid":([1-9]\d*)/ or next;
			# With the tools of the host: the images hold the programs only.
			system("nsenter", "-t", $1, "-n", "grep", "-sH", "", "--", @ARGV) if @ARGV;
			system("nsenter", "-t", $1, "-n", "ss", "-Hltn");
		}
		# Last, so that it delays nothing and what is slow here makes nothing else unknown.
		my $left = alarm 0;
		say_logs($tasks, $left < 2 ? $left : 2);
	' "$@"
}

if [ -n "$docker" ]; then
	pid=''
	# No newline ends that file, so read fails having read it.
	[ ! -r /run/docker.pid ] || read -r pid </run/docker.pid || :
	if ! command -v dockerd >/dev/null; then
		say docker absent
	elif [ -z "$pid" ] || [ ! -d "/proc/$pid" ]; then
		say docker stopped
	else
		# shellcheck disable=SC2086
		docker_said=$(ask_docker "$docker" $paths)
	fi
fi 2>/dev/null
wait
[ -z "$docker_said" ] || printf '%s\n' "$docker_said"
say end ok
