/*
 * The largest packet that gets through, over the loopback interface: all of it; none when nobody
 * answers; and what somebody between lets pass, who is played by a thread that answers small
 * datagrams only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faas/common/mtu.h"

enum { ENOUGH_MS = 60000 };

struct server {
	int fd, port;
	ssize_t most; /* bytes of a datagram that it answers; 0: mtu_answer() does */
	bool stop;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	static char data[65536];

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n;

		if (poll(&p, 1, 50) <= 0)
			continue;
		if (!s->most) {
			mtu_answer(s->fd);
			continue;
		}
		n = recvfrom(s->fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len);
		if (n >= 12 && n <= s->most)
			sendto(s->fd, data, 12, 0, (struct sockaddr *)&from, len);
	}
	return NULL;
}

static void start(struct server *s)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	assert_int_equal(mtu_listen(0, &s->fd, &err), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static struct mtu ask(int port, int timeout_ms)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct mtu m = {0};

	if (mtu_probe("127.0.0.1", port, timeout_ms, &m, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return m;
}

static void test_whole(void **state)
{
	struct server s = {0};
	struct mtu m;

	start(&s);
	m = ask(s.port, ENOUGH_MS);
	stop(&s);
	assert_true(m.own >= 1280); /* of the loopback interface, usually 65536 */
	assert_int_equal(m.passes, m.own);
}

static void test_narrow(void **state)
{
	static const int sizes[] = {577, 1200, 1280};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct server s = {.most = sizes[i] - 28};
		struct mtu m;

		start(&s);
		m = ask(s.port, ENOUGH_MS);
		stop(&s);
		assert_int_equal(m.passes, sizes[i]);
	}
}

static void test_silent(void **state)
{
	struct server s = {.most = 1}; /* not even small ones */
	struct mtu m;

	start(&s);
	m = ask(s.port, 50);
	stop(&s);
	assert_true(m.own > 0);
	assert_int_equal(m.passes, 0);
	assert_int_equal(ask(s.port, 50).passes, 0); /* refused */
}

static void test_wrong(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct mtu m;

	assert_int_equal(mtu_probe("no-address", 1, 50, &m, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_wrong),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
