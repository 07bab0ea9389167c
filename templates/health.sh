# What a node shows of itself to `svarm health`.  It changes nothing and starts nothing.
# Standard input is the question, one line each:
#	read PATH                     a file below /proc/sys, on the host and in svarm's containers
#	listen PORT                   the host's listeners on that port, with their backlog
#	docker                        what dockerd says, and a look into svarm's containers
#	run N LIMIT CONTAINER ARG…    a command in a container, at most LIMIT seconds, all at once
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

run_in_container() {
	number=$1 limit=$2 container=$3
	shift 3
	answer=$(timeout "$limit" docker exec "$container" "$@" 2>&1 | head -c 4000 | tr '\t\n' '  ')
	say ran "$number" "$answer"
}

paths='' ports='' docker='' running=0
while read -r what rest; do
	case $what in
	read) paths=$paths$rest$nl ;;
	listen) ports=$ports$rest$nl ;;
	docker) docker=yes ;;
	run)
		# shellcheck disable=SC2086
		run_in_container $rest </dev/null &
		running=$((running + 1))
		[ $((running % 16)) -ne 0 ] || wait
		;;
	esac
done

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
		sub get {
			my ($path) = @_;
			socket(my $s, PF_UNIX, SOCK_STREAM, 0) or return undef;
			connect($s, sockaddr_un("/run/docker.sock")) or return undef;
			syswrite($s, "GET $path HTTP/1.0\r\nHost: docker\r\n\r\n");
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
		$SIG{ALRM} = sub { print "docker\tsilent\n"; exit };
		alarm 5;
		my $info = get("/info");
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
			say("tasks", get("/tasks" . ($odd ? "" : $present)));
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
		ask_docker $paths
	fi
fi 2>/dev/null
wait
say end ok
