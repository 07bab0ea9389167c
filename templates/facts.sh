# What a node says about itself.  Read-only: it writes nothing, starts nothing, installs nothing.
# Standard input is the question, one line each: "file PATH", "read PATH", "sysctl KEY",
# "package NAME", "unit NAME", "firewall TABLE".  Standard output is the answer, tab-separated lines, closed by
# "end ok"; lib/node/facts.c parses it.  Few forks: on a converged node this is most of a run.
set -uf
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
tab=$(printf '\t')
nl='
'
blank=" $tab$nl"
say() {
	saved=$IFS
	IFS=$tab
	printf '%s\n' "$*"
	IFS=$saved
}

say svarm-facts 1
say time "$(date +%s.%N)"

files='' reads='' packages='' units='' sysctls='' firewall=''
while read -r what name; do
	case $what in
	file) files=$files$name$nl ;;
	read) files=$files$name$nl reads=$reads$name$nl ;;
	package) packages=$packages$name$nl ;;
	unit) units=$units$name$nl ;;
	firewall) firewall=$name ;;
	sysctl)
		IFS=.
		# shellcheck disable=SC2086
		set -- $name
		IFS=/
		sysctls="$sysctls/proc/sys/$*$nl"
		IFS=$blank
		;;
	esac
done

# --- the machine -------------------------------------------------------------------------------
ID='' VERSION_ID='' VERSION_CODENAME=''
[ -r /etc/os-release ] && . /etc/os-release
say os "$ID" "$VERSION_ID" "$VERSION_CODENAME"
read -r kernel </proc/sys/kernel/osrelease
read -r hostname </proc/sys/kernel/hostname
say kernel "$kernel"
say hostname "$hostname"
say arch "$(dpkg --print-architecture 2>/dev/null || uname -m)"
cpus=0
while read -r word _; do
	case $word in cpu[0-9]*) cpus=$((cpus + 1)) ;; esac
done </proc/stat
while read -r word value _; do
	case $word in MemTotal:) break ;; esac
done </proc/meminfo
say cpus "$cpus"
say memory_kb "$value"
# shellcheck disable=SC2046
set -- $(df -Pk /var | tail -n 1)
say var_free_kb "${4:-0}"
apparmor=N
[ -r /sys/module/apparmor/parameters/enabled ] && read -r apparmor </sys/module/apparmor/parameters/enabled
say apparmor "$apparmor"
if [ -e /run/cloud-init/enabled ]; then
	if [ ! -e /run/cloud-init/result.json ]; then
		say cloud_init running
	elif grep -q '"errors": \[\]' /run/cloud-init/result.json; then
		say cloud_init ended
	else
		say cloud_init failed
	fi
fi
ip -o addr show | while read -r _ interface _ address _; do
	mtu=0
	read -r mtu <"/sys/class/net/${interface%%@*}/mtu"
	say address "${interface%%@*}" "${address%/*}" "$mtu"
done

# --- what was asked about ----------------------------------------------------------------------
IFS=$nl
if [ -n "$sysctls" ]; then
	# Not by the shell's read: it takes a byte at a time, and these files answer the first only.
	# shellcheck disable=SC2086
	grep -sH '' -- $sysctls | while IFS=: read -r path value; do say sysctl "$path" "$value"; done
fi
if [ -n "$packages" ]; then
	# shellcheck disable=SC2086
	dpkg-query -W -f 'package\t${Package}\t${db:Status-Status}\t${Version}\n' $packages 2>/dev/null
fi
if [ -n "$units" ]; then
	# shellcheck disable=SC2086
	systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState -- $units 2>/dev/null |
		while read -r line; do say unit "$line"; done
fi
# The unit that loads it stays active when somebody flushes the rules.
if [ -n "$firewall" ]; then
	case $(nft list table inet "$firewall" 2>/dev/null) in
	*'daddr type local drop'*'hook prerouting'*'goto outside'*) say firewall loaded ;;
	*) say firewall absent ;;
	esac
fi
if [ -n "$files" ]; then
	# shellcheck disable=SC2086
	stat -c "stat$tab%n$tab%a$tab%F" -- $files 2>/dev/null
	# shellcheck disable=SC2086
	sha256sum -- $files 2>/dev/null | while IFS=' ' read -r sum path; do say sha256 "$path" "$sum"; done
fi
IFS=$nl
for path in $reads; do
	[ -f "$path" ] && say content "$path" "$(head -c 262144 -- "$path" | base64 -w 0)"
done

# --- docker ------------------------------------------------------------------------------------
# The Engine API over its socket, by perl (Essential on Debian and Ubuntu): a tenth of what the
# docker command costs.  Skipped when dockerd does not run: a connect would start it.
pid=''
[ ! -r /run/docker.pid ] || read -r pid </run/docker.pid || :   # no newline at its end
if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then
	perl -MSocket -e '
		use strict;
		my $asking = "";
		sub failed { # half an answer would be taken for a node that lacks the rest
			my $text = substr("@_", 0, 300);
			$text =~ s/[^ -~]+/ /g;
			print "docker_failed\t$asking\t$text\n";
			exit;
		}
		sub get {
			my ($name, $path) = @_;
			$asking = $name;
			socket(my $s, PF_UNIX, SOCK_STREAM, 0) or failed("$!");
			connect($s, sockaddr_un("/run/docker.sock")) or failed("$!");
			syswrite($s, "GET $path HTTP/1.0\r\nHost: docker\r\n\r\n");
			local $/;
			my $answer = <$s> // "";
			my ($head, $body) = split(/\r\n\r\n/, $answer, 2);
			failed($body // "nothing") unless $head =~ m{^HTTP/1\.[01] 200 };
			$body =~ s/[\r\n\t]+//g;
			print "json\t$name\t$body\n";
			return $body;
		}
		$| = 1;
		$SIG{ALRM} = sub { failed("no answer within 20 s") };
		alarm 20;
		my $info = get("info", "/info");
		get("images", "/images/json");
		if ($info =~ /"ControlAvailable":true/) {
			get("nodes", "/nodes");
			get("services", "/services?status=true");
			get("networks", "/networks?filters=%7B%22driver%22%3A%5B%22overlay%22%5D%7D");
			get("secrets", "/secrets");
			# Only ours: they come with their content.
			get("configs", "/configs?filters=%7B%22label%22%3A%5B%22svarm.managed%3Dtrue%22%5D%7D");
		}
	'
fi 2>/dev/null
say end ok
