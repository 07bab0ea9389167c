/* The queue worker's books: jobs by id and by time, fair shares, callback hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faas/worker/hosts.h"
#include "faas/worker/lane.h"
#include "faas/worker/share.h"
#include "lib/base/macro.h"

/* ---- jobs ---- */

static void test_lists(void **state)
{
	struct job a = {0}, b = {0}, c = {0};
	struct job_list l = {0};

	list_add(&l, &a);
	list_add(&l, &b);
	list_add(&l, &c);
	list_drop(&b);
	list_drop(&b); /* in none: nothing happens */
	assert_int_equal(l.n, 2);
	assert_ptr_equal(list_pop(&l), &a);
	assert_ptr_equal(list_pop(&l), &c);
	assert_null(list_pop(&l));
	assert_int_equal(l.n, 0);
}

static void test_found_by_id(void **state)
{
	static struct jobs js;
	static struct job jobs[5000];
	struct lane lanes[2] = {{.name = ""}, {.name = "b"}};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].lane = &lanes[i % 2];
		snprintf(jobs[i].id, sizeof(jobs[i].id), "17000000%zu-0", i / 2);
		jobs_add(&js, &jobs[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		assert_ptr_equal(jobs_find(&js, &lanes[i % 2], jobs[i].id), &jobs[i]);
	assert_null(jobs_find(&js, &lanes[0], "1-1"));
	for (struct job *j = jobs_next(&js, NULL), *next; j; j = next, n++) {
		next = jobs_next(&js, j);
		if (n % 2)
			jobs_drop(&js, j);
	}
	assert_int_equal(n, ARRAY_SIZE(jobs));
	assert_int_equal(js.n, ARRAY_SIZE(jobs) / 2);
	jobs_done(&js);
}

static void test_due_in_order(void **state)
{
	static struct jobs js;
	static struct job jobs[1000];
	struct lane lane = {.name = ""};
	unsigned random = 1;
	usec_t last = 0;
	struct job *j;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].lane = &lane;
		snprintf(jobs[i].id, sizeof(jobs[i].id), "%zu-0", i);
		random = random * 1103515245 + 12345;
		jobs[i].not_before = 1 + random % 500;
		jobs_add(&js, &jobs[i]);
		jobs_pause(&js, &jobs[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i += 3)
		jobs_drop(&js, &jobs[i]); /* out of the middle, too */
	assert_null(jobs_due(&js, 0));
	while ((j = jobs_due(&js, 600))) {
		assert_true(j->not_before >= last);
		assert_int_equal(j->heap_at, 0);
		last = j->not_before;
		n++;
	}
	assert_int_equal(n, 666);
	assert_int_equal(js.paused, 0);
	jobs_done(&js);
}

/* ---- shares ---- */

static void test_shares(void **state)
{
	/* alone: all of it */
	assert_int_equal(share_room(0, 0, 32, 1, 100), 32);
	assert_int_equal(share_room(30, 30, 32, 1, 100), 2);
	assert_int_equal(share_room(0, 0, 32, 1, 5), 5);
	/* one of two: three quarters */
	assert_int_equal(share_room(0, 0, 32, 2, 100), 24);
	/* the other one finds room, whatever the first one holds */
	for (size_t max = 2; max < 100; max++) {
		size_t first = share_room(0, 0, max, 2, 100);

		assert_true(first >= 1 && first < max);
		assert_true(share_allows(0, first, max, 2));
	}
	/* a slot that is taken is taken; the only one goes to whoever has none */
	assert_false(share_allows(0, 32, 32, 2));
	assert_false(share_allows(0, 40, 32, 1));
	assert_true(share_allows(0, 0, 1, 9));
	assert_true(share_allows(0, 31, 32, 9));
	assert_false(share_allows(1, 31, 32, 9));
}

/* Many busy queues share evenly, and there is still room for one more. */
static void test_many_shares(void **state)
{
	size_t own[8] = {0}, all = 0;

	for (bool any = true; any;) {
		any = false;
		for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
			if (!share_allows(own[i], all, 32, 9))
				continue;
			own[i]++;
			all++;
			any = true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		assert_in_range(own[i], 3, 4);
	assert_true(share_allows(0, all, 32, 9));
}

/* ---- hosts ---- */

static void test_host_names(void **state)
{
	static const char *const cases[][2] = {{"http://h", "h:80"},
		{"https://H.Example/p", "h.example:443"}, {"http://h:8080/p?a:b", "h:8080"},
		{"http://[::1]/x", "[::1]:80"}, {"HTTPS://[::1]:99", "[::1]:99"},
		{"http://h?x=http://y:1/", "h:80"}, {"http://10.0.0.1#a:b", "10.0.0.1:80"}};
	char name[264], tiny[4];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		host_name(cases[i][0], name, sizeof(name));
		assert_string_equal(name, cases[i][1]);
	}
	host_name("http://abcdefgh/", tiny, sizeof(tiny));
	assert_string_equal(tiny, "abc");
}

static const struct hosts_limits limits = {
	.total = 8, .per_host = 4, .line = 10, .unproven = 15, .bytes = 1000};

/* Jobs that wait for @h, as many as @n. */
static void line_up(struct hosts *hs, struct host *h, struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(hosts_enqueue(hs, h, &jobs[i], 0));
}

static size_t send_all(struct hosts *hs)
{
	size_t n = 0;

	while (hosts_next(hs))
		n++;
	return n;
}

static void test_new_hosts_get_little(void **state)
{
	struct hosts hs = {.limits = limits};
	struct job jobs[40] = {{0}};
	struct host *h[4];

	for (size_t i = 0; i < 4; i++) {
		char url[32];

		snprintf(url, sizeof(url), "http://h%zu/", i);
		h[i] = hosts_use(&hs, url, 0);
		line_up(&hs, h[i], jobs + 10 * i, 10);
	}
	assert_int_equal(send_all(&hs), 4); /* two each, together half of all */
	assert_int_equal(hs.running_unproven, 4);
	/* one is proven: it gets all that one may have, and the others still find theirs */
	for (size_t i = 0; i < 4; i++)
		if (h[i]->running) {
			hosts_ended(&hs, h[i], true, 0);
			assert_true(h[i]->state == HOST_PROVEN);
			break;
		}
	assert_true(send_all(&hs) >= 4);
	assert_true(hs.running <= limits.total);
	for (size_t i = 0; i < 4; i++)
		assert_true(h[i]->running <= limits.per_host);
	hosts_done(&hs);
}

static void test_failing_host(void **state)
{
	struct hosts hs = {.limits = limits};
	struct job jobs[8] = {{0}};
	struct host *h = hosts_use(&hs, "http://dead/", 0);
	size_t n = 0;

	line_up(&hs, h, jobs, 6);
	assert_int_equal(send_all(&hs), 2);
	hosts_ended(&hs, h, false, 1000);
	while (hosts_refused(h))
		n++;
	assert_int_equal(n, 4); /* fail with it */
	hosts_ended(&hs, h, false, 1000);
	assert_false(hosts_enqueue(&hs, h, &jobs[6], 2000)); /* too early */
	assert_true(hosts_enqueue(&hs, h, &jobs[6], 20 * USEC_PER_SEC));
	assert_false(hosts_enqueue(&hs, h, &jobs[7], 20 * USEC_PER_SEC)); /* one at a time */
	assert_ptr_equal(hosts_next(&hs), &jobs[6]);
	hosts_ended(&hs, h, true, 21 * USEC_PER_SEC); /* it is back */
	assert_true(hosts_enqueue(&hs, h, &jobs[7], 21 * USEC_PER_SEC));
	assert_int_equal(hs.running, 0);
	assert_int_equal(hs.running_unproven, 0);
	hosts_done(&hs);
}

static void test_lines(void **state)
{
	struct hosts hs = {.limits = limits};
	struct host *a = hosts_use(&hs, "http://a/", 0), *b = hosts_use(&hs, "http://b/", 0);
	struct job one = {0}, blocked = {0};

	for (size_t i = 0; i < 10; i++)
		assert_true(hosts_answer(&hs, a, 10));
	assert_false(hosts_answer(&hs, a, 10)); /* its line */
	assert_false(hosts_full(&hs, a));       /* but its calls go on */
	for (size_t i = 0; i < 5; i++)
		assert_true(hosts_answer(&hs, b, 10));
	assert_false(hosts_answer(&hs, b, 10)); /* all lines together */
	hosts_answer_gone(&hs, b, 10);
	assert_false(hosts_answer(&hs, b, 900)); /* their bytes */
	/* proven: nothing is given up, calls wait instead */
	line_up(&hs, a, &one, 1);
	assert_ptr_equal(hosts_next(&hs), &one);
	hosts_ended(&hs, a, true, 0);
	assert_true(hosts_answer(&hs, a, 100000));
	assert_true(hosts_full(&hs, a));
	assert_int_equal(hs.unproven, 4);
	assert_int_equal(hs.unproven_bytes, 40);
	list_add(&a->blocked, &blocked);
	assert_null(hosts_unblocked(&hs, a));
	hosts_answer_gone(&hs, a, 100000);
	hosts_answer_gone(&hs, a, 10);
	assert_ptr_equal(hosts_unblocked(&hs, a), &blocked);
	hosts_done(&hs);
}

/* Strangers' hosts do not pile up. */
static void test_hosts_forgotten(void **state)
{
	struct hosts hs = {.limits = limits};
	struct host *kept = hosts_use(&hs, "http://kept/", 0);
	usec_t now = USEC_PER_SEC;

	for (unsigned i = 0; i < 20000; i++) {
		char url[32];

		snprintf(url, sizeof(url), "http://h%u/", i);
		now += USEC_PER_MSEC;
		hosts_drop(&hs, hosts_use(&hs, url, now), now);
	}
	assert_in_range(hs.n, 1, 1000);
	assert_ptr_equal(hosts_use(&hs, "http://KEPT:80/x", now), kept);
	hosts_done(&hs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_found_by_id),
		cmocka_unit_test(test_due_in_order),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_many_shares),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_new_hosts_get_little),
		cmocka_unit_test(test_failing_host),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hosts_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
