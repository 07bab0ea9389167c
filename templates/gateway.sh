# One question to the gateway, asked on the leader.  Standard input is a line that says what, then data:
#	http ADDRESS PORT AUTH HEAD BODY   a request: HEAD bytes up to the empty line without it, then BODY bytes
#	queue N                            N lines, the arguments of `svarm-gateway queue`
# With AUTH 1 the request gets the password that the leader keeps; it never leaves this machine.
# Standard output is the gateway's whole answer.  cli/gateway.c asks and reads.
set -uf
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
die() {
	printf '%s\n' "$*" >&2
	exit 3
}

# HTTP/1.0: the answer ends with the connection, in one piece.  The end of standard input means that
# nobody listens any more.
ask_http() { # ADDRESS PORT AUTH HEAD BODY
	exec perl -MSocket=:DEFAULT,getaddrinfo -MIO::Handle -e '
		use strict;
		my ($host, $port, $auth, $head, $left) = @ARGV;
		$| = 1;
		$SIG{PIPE} = "IGNORE";
		sub failed { print STDERR "@_\n"; exit 3 }
		sub secret {
			open(my $f, "<", "/etc/svarm/secrets/basic-auth-$_[0]")
				or failed("no password of a gateway is kept here: $!");
			local $/;
			my $value = <$f> // "";
			$value =~ s/\n\z//;
			return $value;
		}
		sub base64 {
			my ($text) = @_;
			my $code = pack("u", $text);
			$code =~ s/^.//mg;
			$code =~ s/\n//g;
			$code =~ tr|` -_|AA-Za-z0-9+/|;
			my $pad = (3 - length($text) % 3) % 3;
			$code =~ s/.{$pad}$/"=" x $pad/e if $pad;
			return $code;
		}
		sub put {
			my ($text) = @_;
			while (length $text) {
				my $n = syswrite(STDOUT, $text) // exit 4;
				substr($text, 0, $n, "");
			}
		}
		my $out = "";
		while (length($out) < $head) {
			sysread(STDIN, $out, $head - length($out), length($out)) or failed("the question came short");
		}
		$out .= "Authorization: Basic " . base64(secret("user") . ":" . secret("password")) . "\r\n" if $auth;
		$out .= "\r\n";
		my ($bad, @found) = getaddrinfo($host, $port, {socktype => SOCK_STREAM});
		failed("$host is no address") if $bad || !@found;
		socket(my $s, $found[0]{family}, SOCK_STREAM, 0) or failed("$!");
		$SIG{ALRM} = sub { failed("the gateway does not answer on $host:$port") };
		alarm 10;
		connect($s, $found[0]{addr}) or failed("the gateway does not answer on $host:$port: $!");
		alarm 0;
		$s->blocking(0);
		while (1) {
			my ($r, $w) = ("", "");
			vec($r, fileno($s), 1) = 1;
			vec($r, 0, 1) = 1 if $left <= 0 || !length($out);
			vec($w, fileno($s), 1) = 1 if length($out);
			select($r, $w, undef, undef);
			if (vec($w, fileno($s), 1)) {
				my $n = syswrite($s, $out);
				if (defined $n) { substr($out, 0, $n, "") }
				elsif (!$!{EAGAIN}) { $out = ""; $left = 0 } # it has answered already
			}
			if (vec($r, 0, 1)) {
				my $n = sysread(STDIN, my $chunk, $left > 0 && $left < 65536 ? $left : 65536);
				exit 4 unless $n;
				if ($left > 0) { $out = $chunk; $left -= $n }
			}
			if (vec($r, fileno($s), 1)) {
				my $n = sysread($s, my $chunk, 65536);
				next if !defined $n && $!{EAGAIN};
				last unless $n;
				put($chunk);
			}
		}
	' "$@"
}

ask_queue() { # COUNT
	count=$1
	set --
	while [ "$count" -gt 0 ]; do
		IFS= read -r word || die 'the question came short'
		set -- "$@" "$word"
		count=$((count - 1))
	done
	container=$(docker ps -q --filter label=com.docker.swarm.service.name=svarm_gateway | head -n 1)
	[ -n "$container" ] || die 'no gateway of svarm runs on the leader'
	docker exec "$container" /svarm-gateway queue "$@" </dev/null
}

read -r what rest || die 'no question came'
# shellcheck disable=SC2086
case $what in
http) ask_http $rest ;;
queue) ask_queue $rest ;;
*) die 'not a question' ;;
esac
