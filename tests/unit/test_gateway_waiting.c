/* Who waits for which function: order, limits, deadlines, and one question per function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/waiting.h"

static struct waiting book(size_t each, size_t total)
{
	return (struct waiting){.max_each = each, .max_total = total};
}

static size_t drop(struct waiter *list)
{
	size_t n = 0;

	for (struct waiter *one = list; one; one = one->next)
		n++;
	waiting_free(list);
	return n;
}

static void single_flight(void **state)
{
	struct waiting w = book(10, 100);
	struct sleeper *s;
	int who[3];

	assert_true(waiting_add(&w, "f", &who[0], 5, 100));
	assert_false(waiting_add(&w, "F", &who[1], 6, 100));
	s = waiting_next_to_ask(&w, 6);
	assert_string_equal(s->name, "f");
	assert_int_equal(s->state, SLEEPER_BUSY);
	assert_int_equal(s->since, 5);
	assert_null(waiting_next_to_ask(&w, 6));
	assert_false(waiting_add(&w, "f", &who[2], 7, 100));
	assert_null(waiting_next_to_ask(&w, 7));
	assert_int_equal(w.total, 3);

	struct waiter *list = waiting_take(&w, waiting_find(&w, "f"));

	assert_ptr_equal(list->who, &who[0]);
	assert_ptr_equal(list->next->who, &who[1]);
	assert_ptr_equal(list->next->next->who, &who[2]);
	assert_int_equal(drop(list), 3);
	assert_int_equal(w.total, 0);
	assert_null(waiting_find(&w, "f"));
	assert_true(waiting_add(&w, "f", &who[0], 8, 100)); /* a new wait, a new question */
	drop(waiting_take(&w, waiting_find(&w, "f")));
}

static void limits(void **state)
{
	struct waiting w = book(3, 5);
	char name[32];

	for (unsigned i = 0; i < 3; i++) {
		assert_false(waiting_full(&w, "f"));
		waiting_add(&w, "f", NULL, 0, 100);
	}
	assert_true(waiting_full(&w, "f"));
	assert_false(waiting_full(&w, "g"));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		assert_false(waiting_full(&w, name));
		waiting_add(&w, name, NULL, 0, 100);
	}
	assert_true(waiting_full(&w, "h"));
	assert_int_equal(drop(waiting_take(&w, waiting_find(&w, "f"))), 3);
	assert_false(waiting_full(&w, "h"));
	drop(waiting_take(&w, waiting_find(&w, "g0")));
	drop(waiting_take(&w, waiting_find(&w, "g1")));
	assert_null(w.sleepers);
}

static void deadlines(void **state)
{
	struct waiting w = book(10, 100);
	char name[NAME_MAX_LEN + 1];

	assert_true(waiting_due(&w) == WAITING_NEVER);
	waiting_add(&w, "f", NULL, 1, 50);
	assert_int_equal(waiting_due(&w), 1); /* the question is due */
	waiting_next_to_ask(&w, 1);
	assert_int_equal(waiting_due(&w), 50);
	waiting_add(&w, "f", NULL, 2, 40); /* its timeout was made shorter meanwhile */
	waiting_add(&w, "f", NULL, 3, 60);
	assert_int_equal(waiting_due(&w), 40);
	assert_null(waiting_expire(&w, 39, name));
	assert_int_equal(drop(waiting_expire(&w, 50, name)), 2);
	assert_string_equal(name, "f");
	assert_int_equal(w.total, 1);
	assert_null(waiting_expire(&w, 50, name));
	waiting_add(&w, "f", NULL, 51, 70); /* still the same wait */
	assert_int_equal(waiting_find(&w, "f")->since, 1);
	assert_int_equal(waiting_find(&w, "f")->n, 2);
	assert_int_equal(drop(waiting_expire(&w, 1000, name)), 2);
	assert_null(waiting_find(&w, "f"));
	assert_true(waiting_due(&w) == WAITING_NEVER);
}

/* A question that failed is put again, not at once. */
static void asked_again(void **state)
{
	struct waiting w = book(10, 100);
	struct sleeper *s;

	waiting_add(&w, "f", NULL, 0, 1000);
	waiting_add(&w, "g", NULL, 0, 1000);
	s = waiting_next_to_ask(&w, 0);
	assert_non_null(waiting_next_to_ask(&w, 0)); /* the other one */
	assert_null(waiting_next_to_ask(&w, 0));
	s->state = SLEEPER_NEW;
	s->ask_at = 10;
	assert_null(waiting_next_to_ask(&w, 9));
	assert_int_equal(waiting_due(&w), 10);
	assert_ptr_equal(waiting_next_to_ask(&w, 10), s);
	drop(waiting_take(&w, waiting_find(&w, "f")));
	drop(waiting_take(&w, waiting_find(&w, "g")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_flight),
		cmocka_unit_test(limits),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(asked_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
