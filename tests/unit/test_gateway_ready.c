/* Which tasks are ready: real sockets on loopback addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faas/gateway/ready.h"
#include "lib/base/clock.h"

/* A listening socket on @address; @port 0: any. */
static int listen_on(const char *address, int port, int *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(a);

	assert_int_equal(inet_pton(AF_INET, address, &a.sin_addr), 1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static struct task tasks[] = {{"one", "127.0.0.41"}, {"two", "127.0.0.42"}, {"bad", "no-address"}};
static struct function functions[] = {{.name = "f", .tasks = tasks, .tasks_n = 3}};
static struct model model = {.functions = functions, .functions_n = 1};

static void test_connect(void **state)
{
	int port, a = listen_on("127.0.0.41", 0, &port), b;
	_cleanup_(ready_freep) struct ready *r = ready_new(port);
	usec_t start;

	functions[0].tasks_n = 3;
	ready_follow(r, &model);
	assert_int_equal(ready_missing(r), 3);
	assert_false(ready_is(r, &tasks[0]));
	assert_true(ready_probe(r, 1000));
	assert_true(ready_is(r, &tasks[0]));
	assert_false(ready_is(r, &tasks[1]));
	assert_int_equal(ready_missing(r), 2);

	start = clock_now(); /* the others do not answer: it keeps to its time */
	assert_false(ready_probe(r, 60));
	assert_in_range(clock_now() - start, 50000, 900000);

	b = listen_on("127.0.0.42", port, &port);
	start = clock_now();
	assert_true(ready_probe(r, 1000));
	assert_in_range(clock_now() - start, 0, 900000);
	assert_true(ready_is(r, &tasks[1]));
	assert_false(ready_is(r, &tasks[2]));

	close(a); /* once ready, always ready: until Docker does not want it any more */
	ready_follow(r, &model);
	assert_false(ready_probe(r, 30));
	assert_true(ready_is(r, &tasks[0]));
	functions[0].tasks_n = 0;
	ready_follow(r, &model);
	assert_int_equal(ready_missing(r), 0);
	assert_false(ready_is(r, &tasks[0]));
	functions[0].tasks_n = 3;
	ready_follow(r, &model);
	assert_int_equal(ready_missing(r), 3);
	close(b);
}

/* Until there is something to read at @fd; the probe may have run out of its time before it got
 * there. */
static void await(struct ready *r, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, 0) == 0)
		assert_false(ready_probe(r, 40));
}

/* Take one request and answer it. */
static void answer(struct ready *r, int fd, const char *reply)
{
	char got[256] = "";
	ssize_t n;
	int c;

	await(r, fd);
	c = accept(fd, NULL, NULL);
	assert_true(c >= 0);
	await(r, c);
	n = recv(c, got, sizeof(got) - 1, 0);
	if (n > 0) {
		assert_non_null(strstr(got, "GET /_/ready HTTP/1.1\r\nHost: 127.0.0.41\r\n"));
		assert_true(send(c, reply, strlen(reply), MSG_NOSIGNAL) > 0);
	}
	close(c);
	if (n == 0) /* given up as too slow, and to be tried again */
		answer(r, fd, reply);
}

static void test_path(void **state)
{
	static const char *const no[] = {"HTTP/1.1 503 no\r\n\r\n", "HTTP/1.0 404\r\n\r\n",
		"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 301 Moved\r\n\r\n"};
	int port, fd = listen_on("127.0.0.41", 0, &port);
	_cleanup_(ready_freep) struct ready *r = ready_new(port);

	functions[0].tasks_n = 1;
	functions[0].settings.ready_path = "/_/ready";
	ready_follow(r, &model);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_false(ready_probe(r, 40)); /* listening is not enough */
		answer(r, fd, no[i]);
	}
	assert_false(ready_probe(r, 40));
	answer(r, fd, "HTTP/1.1 204 Fine\r\n\r\n");
	assert_true(ready_probe(r, 1000));
	assert_true(ready_is(r, &tasks[0]));
	functions[0].settings.ready_path = NULL;
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_path),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("gateway: readiness", tests, NULL, NULL);
}
