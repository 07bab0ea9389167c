/* What both ends and all parts of the network tools use: see net.h. */
#include "probe/tool/net.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool net_token_parse(const char *text, uint8_t ret[NET_TOKEN])
{
	if (strspn(text, "0123456789abcdef") != NET_TOKEN_TEXT ||
		text[NET_TOKEN_TEXT + strspn(text + NET_TOKEN_TEXT, " \r\n")])
		return false;
	for (int i = 0; i < NET_TOKEN; i++)
		ret[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return true;
}

int net_address(const char *host, int port, struct net_target *t, struct err *err)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found = NULL;
	char service[16];
	int r;

	snprintf(service, sizeof(service), "%d", port);
	r = getaddrinfo(host, service, &hints, &found);
	if (r || !found)
		return err_set(err, -EINVAL, "'%s' is no IP address", host);
	memcpy(&t->address, found->ai_addr, found->ai_addrlen);
	t->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int net_family(const struct net_target *t)
{
	return t->address.ss_family;
}

int net_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0;
	struct timespec wait = {(time_t)(left / 1000000000), (long)(left % 1000000000)};

	return ppoll(&p, 1, &wait, NULL) > 0;
}

/* Why a connection that was under way did not come about. */
static int connect_result(int fd, uint64_t deadline)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!net_wait(fd, POLLOUT, deadline))
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

static int start(int fd, const struct net_target *t, const struct net_head *head)
{
	uint64_t deadline = clock_ns() + NET_CONNECT_MS * 1000000ull;
	int r = 0;

	if (connect(fd, (const struct sockaddr *)&t->address, t->len) < 0)
		r = errno == EINPROGRESS ? connect_result(fd, deadline) : -errno;
	if (r < 0)
		return r;
	return send(fd, head, sizeof(*head), MSG_NOSIGNAL) == (ssize_t)sizeof(*head) ? 0 : -EPIPE;
}

int net_connect(
	const struct net_target *t, enum net_mode mode, uint64_t skip_ms, int *ret, struct err *err)
{
	struct net_head head = {.seq = mode, .skip_ms = skip_ms};
	int fd = socket(net_family(t), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, r;

	if (fd < 0)
		return err_errno(err, -errno, "making a socket");
	memcpy(head.token, t->token, NET_TOKEN);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r = start(fd, t, &head);
	if (r < 0) {
		close(fd);
		return err_errno(err, r, "connecting by TCP");
	}
	*ret = fd;
	return 0;
}
