/* Which containers belong to a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/model.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define TASK(state, id)                                                                     \
	"{\"ServiceID\":\"s1\",\"DesiredState\":\"running\",\"Status\":{\"State\":\"" state \
	"\",\"ContainerStatus\":{\"ContainerID\":\"" id "\"}}}"

static struct model *model_of(const char *tasks)
{
	static const char services[] =
		"[{\"ID\":\"s1\",\"Spec\":{\"Labels\":{\"com.openfaas.function\":\"busy\"},"
		"\"Mode\":{\"Replicated\":{\"Replicas\":2}}}}]";
	_cleanup_json_ json_t *s = json_loads(services, 0, NULL), *t = json_loads(tasks, 0, NULL);
	struct model *m = NULL;

	assert_int_equal(model_build(s, t, "svarm", &m, NULL), 0);
	return m;
}

static void containers(void **state)
{
	_cleanup_(model_unrefp) struct model *m = model_of(
		"[" TASK("running", ID_A) "," TASK("running", ID_B) "," TASK("starting",
			ID_A) "," TASK("running", "../../etc") "," TASK("running", "") "]");
	const struct function *f = model_find(m, "busy");

	assert_int_equal(f->containers_n, 2);
	assert_string_equal(f->containers[0], ID_A);
	assert_string_equal(f->containers[1], ID_B);
	assert_int_equal(f->running, 4);
	assert_int_equal(f->addresses_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
