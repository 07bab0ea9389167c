/* Throughput of one TCP stream, counted where it arrives: what was only buffered does not count. */
#include "probe/tool/net.h"

#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

enum { CHUNK = 128 * 1024, STALL_MS = 2000 };

/* Send until @end.  What does not get away at all is a stalled stream. */
static int pour(int fd, const char *chunk, uint64_t end)
{
	while (clock_ns() < end) {
		ssize_t n;

		if (!net_wait(fd, POLLOUT, clock_ns() + STALL_MS * 1000000ull))
			return -ETIMEDOUT;
		n = send(fd, chunk, CHUNK, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return -errno;
	}
	return 0;
}

static int read_count(int fd, struct net_count *ret)
{
	uint64_t deadline = clock_ns() + STALL_MS * 1000000ull;
	size_t got = 0;

	if (shutdown(fd, SHUT_WR) < 0)
		return -errno;
	while (got < sizeof(*ret)) {
		ssize_t n;

		if (!net_wait(fd, POLLIN, deadline))
			return -ETIMEDOUT;
		n = recv(fd, (char *)ret + got, sizeof(*ret) - got, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		got += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int net_stream(const struct net_target *t, struct net_count *ret, struct err *err)
{
	_cleanup_free_ char *chunk = xcalloc(1, CHUNK);
	int fd = -1, r;

	r = net_connect(t, NET_SINK, t->duration / 4 / USEC_PER_MSEC, &fd, err);
	if (r < 0)
		return r;
	r = pour(fd, chunk, clock_ns() + t->duration * 1000);
	if (r == 0)
		r = read_count(fd, ret);
	close(fd);
	if (r == -ETIMEDOUT)
		return err_set(err, r, "the stream stalled for %d s", STALL_MS / 1000);
	if (r < 0)
		return err_errno(err, r, "the stream broke");
	if (!ret->ns || !ret->bytes)
		return err_set(err, -ENODATA, "too little of the stream arrived to tell its speed");
	return 0;
}
