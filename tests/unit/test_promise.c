/* Promises: settled once, by whoever comes first, seen by everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "lib/base/clock.h"
#include "lib/run/promise.h"

static void promises_freep(struct promises **p)
{
	promises_free(*p);
}

#define _promises_ _cleanup_(promises_freep) struct promises

static void test_pending(void **state)
{
	_promises_ *p = promises_new();
	const char *value = "untouched";
	size_t len = 7;

	assert_int_equal(promise_poll(p, "a", &value, &len, NULL), PROMISE_PENDING);
	assert_string_equal(value, "untouched");
	assert_int_equal(len, 7);
}

static void test_kept(void **state)
{
	_promises_ *p = promises_new();
	const char *value = NULL, *again = NULL;
	char token[] = "SWMTKN-1\0x";
	size_t len = 0;

	promise_keep(p, "token", token, 10);
	memset(token, 'x', sizeof(token)); /* it was copied */
	assert_int_equal(promise_poll(p, "token", &value, &len, NULL), PROMISE_KEPT);
	assert_int_equal(len, 10);
	assert_memory_equal(value, "SWMTKN-1\0x", 10);
	assert_int_equal(promise_wait(p, "token", NULL, NULL), 0);

	/* The value stays where it is, however many promises follow. */
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		promise_keep(p, name, "v", 1);
	}
	assert_int_equal(promise_poll(p, "token", &again, NULL, NULL), PROMISE_KEPT);
	assert_ptr_equal(again, value);
}

static void test_kept_without_value(void **state)
{
	_promises_ *p = promises_new();
	const char *value = "x";
	size_t len = 1;

	promise_keep(p, "lock", NULL, 0);
	assert_int_equal(promise_poll(p, "lock", &value, &len, NULL), PROMISE_KEPT);
	assert_null(value);
	assert_int_equal(len, 0);
	assert_int_equal(promise_poll(p, "lock", NULL, NULL, NULL), PROMISE_KEPT);
}

static void test_broken(void **state)
{
	_promises_ *p = promises_new();
	_cleanup_err_ struct err err = ERR_INIT;

	promise_break(p, "ready.n1", "n1 failed");
	assert_int_equal(promise_poll(p, "ready.n1", NULL, NULL, &err), PROMISE_BROKEN);
	assert_int_equal(err.code, ERR_PROMISE);
	assert_string_equal(err_msg(&err), "n1 failed");
	assert_int_equal(promise_wait(p, "ready.n1", NULL, NULL), ERR_PROMISE);
}

static void test_settled_once(void **state)
{
	_promises_ *p = promises_new();
	_cleanup_err_ struct err err = ERR_INIT;
	const char *value = NULL;

	promise_keep(p, "a", "first", 5);
	promise_keep(p, "a", "second", 6);
	promise_break(p, "a", "too late");
	assert_int_equal(promise_poll(p, "a", &value, NULL, NULL), PROMISE_KEPT);
	assert_memory_equal(value, "first", 5);

	promise_break(p, "b", "first");
	promise_break(p, "b", "second");
	promise_keep(p, "b", "too late", 8);
	assert_int_equal(promise_wait(p, "b", NULL, &err), ERR_PROMISE);
	assert_string_equal(err_msg(&err), "first");
}

static void test_names_are_whole(void **state)
{
	_promises_ *p = promises_new();

	promise_keep(p, "ready.n1", NULL, 0);
	assert_int_equal(promise_poll(p, "ready.n10", NULL, NULL, NULL), PROMISE_PENDING);
	assert_int_equal(promise_poll(p, "ready.n", NULL, NULL, NULL), PROMISE_PENDING);
}

static void test_cancelled(void **state)
{
	_promises_ *p = promises_new();
	_cleanup_err_ struct err err = ERR_INIT;
	const bool cancel = true;

	assert_int_equal(promise_wait(p, "never", &cancel, &err), ERR_INTR);
	/* What is settled is settled, cancelled or not. */
	promise_keep(p, "kept", NULL, 0);
	assert_int_equal(promise_wait(p, "kept", &cancel, NULL), 0);
}

/* ---- between threads ---- */

enum { WAITERS = 6, KEEPERS = 4, ROUNDS = 50 };

struct waiter {
	pthread_t thread;
	struct promises *p;
	const char *name;
	const bool *cancel;
	int r;
	usec_t took;
};

static void *wait_main(void *arg)
{
	struct waiter *w = arg;
	usec_t start = clock_now();

	w->r = promise_wait(w->p, w->name, w->cancel, NULL);
	w->took = clock_now() - start;
	return NULL;
}

static void start(struct waiter *w, struct promises *p, const char *name, const bool *cancel)
{
	*w = (struct waiter){.p = p, .name = name, .cancel = cancel, .r = 1};
	assert_int_equal(pthread_create(&w->thread, NULL, wait_main, w), 0);
}

static void test_wakes_all(void **state)
{
	_promises_ *p = promises_new();
	struct waiter kept[WAITERS], broken[WAITERS];

	for (int i = 0; i < WAITERS; i++) {
		start(&kept[i], p, "k", NULL);
		start(&broken[i], p, "b", NULL);
	}
	clock_sleep(20 * USEC_PER_MSEC);
	promise_keep(p, "k", "v", 1);
	promise_break(p, "b", "reason");
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(kept[i].thread, NULL);
		pthread_join(broken[i].thread, NULL);
		assert_int_equal(kept[i].r, 0);
		assert_int_equal(broken[i].r, ERR_PROMISE);
	}
}

static void test_cancel_wakes(void **state)
{
	_promises_ *p = promises_new();
	bool cancel = false;
	struct waiter w;

	start(&w, p, "never", &cancel);
	clock_sleep(30 * USEC_PER_MSEC);
	__atomic_store_n(&cancel, true, __ATOMIC_RELAXED);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.r, ERR_INTR);
	assert_true(w.took < 2 * USEC_PER_SEC);
}

struct keeper {
	pthread_t thread;
	struct promises *p;
	char value; /* a, b, c … */
};

static void *keep_main(void *arg)
{
	struct keeper *k = arg;
	char value[64];

	memset(value, k->value, sizeof(value));
	for (int i = 0; i < ROUNDS; i++) {
		const char *got = NULL;
		char name[16];
		size_t len = 0;

		snprintf(name, sizeof(name), "p%d", i);
		promise_keep(k->p, name, value, sizeof(value));
		if (promise_poll(k->p, name, &got, &len, NULL) != PROMISE_KEPT ||
			len != sizeof(value) || got[0] != got[len - 1])
			k->value = 0;
	}
	return NULL;
}

/* Whoever is first keeps it, and everybody sees one and the same value. */
static void test_race(void **state)
{
	_promises_ *p = promises_new();
	struct keeper keepers[KEEPERS];

	for (int i = 0; i < KEEPERS; i++) {
		keepers[i] = (struct keeper){.p = p, .value = (char)('a' + i)};
		assert_int_equal(
			pthread_create(&keepers[i].thread, NULL, keep_main, &keepers[i]), 0);
	}
	for (int i = 0; i < KEEPERS; i++) {
		pthread_join(keepers[i].thread, NULL);
		assert_int_equal(keepers[i].value, 'a' + i);
	}
}

static void test_free_null(void **state)
{
	promises_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_without_value),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_settled_once),
		cmocka_unit_test(test_names_are_whole),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_wakes_all),
		cmocka_unit_test(test_cancel_wakes),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_free_null),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
