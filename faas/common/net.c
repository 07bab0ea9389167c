/* Sockets of the container programs: see net.h. */
#include "faas/common/net.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/macro.h"

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int net_listen(int port, int backlog, int *ret_fd, int *ret_port, struct err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(a);
	int one = 1;

	if (fd < 0)
		return err_errno(err, -errno, "unable to make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, backlog) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return err_errno(err, -errno, "unable to listen on port %d", port);
	if (ret_port)
		*ret_port = ntohs(a.sin_port);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int net_listen_unix(const char *path, int backlog, int *ret_fd, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(err, -errno, "unable to make a socket");
	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(err, -ENAMETOOLONG, "socket path '%s' is too long", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, 0666) < 0 ||
		listen(fd, backlog) < 0)
		return err_errno(err, -errno, "unable to listen on '%s'", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int wait_connected(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int e = 0, r = poll(&p, 1, timeout_ms);
	socklen_t len = sizeof(e);

	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
		return -errno;
	return -e;
}

static int resolve(const char *host, int port, int type, struct addrinfo **ret, struct err *err)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = type};
	char service[16];
	int r;

	snprintf(service, sizeof(service), "%d", port);
	r = getaddrinfo(host, service, &hints, ret);
	if (r)
		return err_set(err, -ENOENT, "unable to resolve '%s': %s", host, gai_strerror(r));
	return 0;
}

int net_connect(const char *host, int port, int timeout_ms, int *ret_fd, struct err *err)
{
	struct addrinfo *list = NULL;
	int r = resolve(host, port, SOCK_STREAM, &list, err);

	if (r < 0)
		return r;
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		_cleanup_(closep) int fd = -1;

		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		r = fd < 0 ? -errno : 0;
		if (r == 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0)
			r = errno == EINPROGRESS ? wait_connected(fd, timeout_ms) : -errno;
		if (r == 0) {
			*ret_fd = TAKE_FD(fd);
			break;
		}
	}
	freeaddrinfo(list);
	return r < 0 ? err_errno(err, r, "unable to connect to %s:%d", host, port) : 0;
}

int net_local_address(const char *host, int port, char *ret, size_t size, struct err *err)
{
	_cleanup_(closep) int fd = -1;
	struct addrinfo *list = NULL;
	struct sockaddr_in a = {0};
	socklen_t len = sizeof(a);
	int r = resolve(host, port, SOCK_DGRAM, &list, err);

	if (r < 0)
		return r;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0 ||
		!inet_ntop(AF_INET, &a.sin_addr, ret, (socklen_t)size))
		r = err_errno(err, -errno, "no route to '%s'", host);
	freeaddrinfo(list);
	return r;
}
