/* The arena: zeroed, aligned, and whole until the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdalign.h>
#include <string.h>

#include "lib/base/arena.h"

static void test_zeroed_and_aligned(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;

	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(&a, size);

		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xaa, size);
	}
}

static void test_large(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	char *small = arena_strdup(&a, "small"), *large = arena_alloc(&a, 1 << 20);

	memset(large, 'x', 1 << 20);
	assert_string_equal(arena_strdup(&a, "after"), "after");
	assert_string_equal(small, "small");
}

static void test_strings(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;

	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&a, "ab", 9), "ab");
	assert_string_equal(arena_printf(&a, "%s-%05d", "n", 42), "n-00042");
	assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_memdup(&a, NULL, 0));
}

static void test_push(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct pair {
		int n;
		const char *s;
	} *list = NULL;
	size_t n = 0, cap = 0;

	for (int i = 0; i < 1000; i++) {
		struct pair *p = arena_push(&a, list, n, cap);

		assert_int_equal(p->n, 0);
		assert_null(p->s);
		p->n = i;
		p->s = arena_printf(&a, "%d", i);
	}
	assert_int_equal(n, 1000);
	assert_true(cap >= n);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(list[i].n, i);
		assert_string_equal(list[i].s, arena_printf(&a, "%d", i));
	}
}

static void test_done_twice(void **state)
{
	struct arena a = ARENA_INIT;

	arena_done(&a);
	arena_strdup(&a, "x");
	arena_done(&a);
	arena_done(&a);
	assert_null(a.head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_and_aligned),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_done_twice),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
