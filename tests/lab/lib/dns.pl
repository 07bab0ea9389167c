# The lab's name server: it knows no name, and says so at once.  A real server has one that answers;
# without any, docker's own resolver stays silent and a wrong name costs ten seconds a time.
use strict;
use warnings;
use IO::Socket::INET;

my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => $ARGV[0], LocalPort => 53)
	or die "port 53 of $ARGV[0]: $!\n";

while (1) {
	my $peer = $socket->recv(my $query, 1500) // next;
	my ($id, $flags, $questions) = unpack 'n3', $query . "\0" x 6;

	next if $flags & 0x8000 || $questions != 1;

	# The name runs label by label to the empty one; type and class follow.
	my $end = 12;
	$end += 1 + ord substr $query, $end, 1 while $end < length $query && ord substr $query, $end, 1;
	next if $end + 5 > length $query;

	# An answer, authoritative, no such name; recursion as it was asked for.
	my $header = pack 'n6', $id, 0x8483 | $flags & 0x0100, 1, 0, 0, 0;
	$socket->send($header . substr($query, 12, $end + 5 - 12), 0, $peer);
}
