/*
 * The least that an HTTP client can do on Linux, as a measure for others: one thread, one request
 * sent and one answer read at a time on each connection, its status looked at and its end found by
 * Content-Length.  No timestamps, no histogram, no second thought: a server that does anything
 * unexpected ends it.
 *
 *	epoll_min PORT CONNECTIONS SECONDS
 *
 * Prints how many answers came.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#define REQUEST "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static volatile sig_atomic_t over;

static void on_alarm(int sig)
{
	(void)sig;
	over = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static void request(int fd)
{
	if (send(fd, REQUEST, sizeof(REQUEST) - 1, MSG_NOSIGNAL) != sizeof(REQUEST) - 1)
		die("send");
}

/* A whole answer? */
static void check(const char *data, size_t len)
{
	const char *length, *body;

	if (len < 12 || memcmp(data, "HTTP/1.1 200", 12))
		die("status");
	length = memmem(data, len, "\r\nContent-Length: ", 18);
	body = memmem(data, len, "\r\n\r\n", 4);
	if (!length || !body || body + 4 + strtoul(length + 18, NULL, 10) != data + len)
		die("answer");
}

static void answer(int fd)
{
	char data[4096];
	ssize_t n = recv(fd, data, sizeof(data) - 1, 0);

	if (n <= 0)
		die("recv");
	data[n] = '\0';
	check(data, (size_t)n);
}

static void connect_one(int epoll, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN};

	ev.data.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (ev.data.fd < 0 || connect(ev.data.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, ev.data.fd, &ev) < 0)
		die("epoll_ctl");
	request(ev.data.fd);
}

int main(int argc, char **argv)
{
	struct itimerval timer = {0};
	struct epoll_event events[128];
	unsigned long answers = 0;
	int epoll = epoll_create1(0);

	if (argc != 4 || epoll < 0)
		return 2;
	signal(SIGALRM, on_alarm);
	timer.it_value.tv_sec = strtol(argv[3], NULL, 10);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < strtol(argv[2], NULL, 10); i++)
		connect_one(epoll, (int)strtol(argv[1], NULL, 10));
	while (!over) {
		int n = epoll_wait(epoll, events, 128, -1);

		for (int i = 0; i < n; i++) {
			answer(events[i].data.fd);
			request(events[i].data.fd);
			answers++;
		}
	}
	printf("%lu\n", answers);
	return 0;
}
