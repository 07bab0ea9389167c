/* Secrets of functions: their versions in Swarm, and what clients send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/secrets.h"
#include "lib/base/xalloc.h"

static const char listed[] =
	"[{\"ID\":\"i1\",\"Spec\":{\"Name\":\"key.9\",\"Labels\":{\"svarm.secret\":\"key\"}}},"
	"{\"ID\":\"i2\",\"Spec\":{\"Name\":\"key.10\",\"Labels\":{\"svarm.secret\":\"key\"}}},"
	"{\"ID\":\"i3\",\"Spec\":{\"Name\":\"key\",\"Labels\":{\"com.openfaas.owner\":\"openfaas\"}"
	"}},"
	"{\"ID\":\"i4\",\"Spec\":{\"Name\":\"hand\",\"Labels\":{}}},"
	"{\"ID\":\"i5\",\"Spec\":{\"Name\":\"svarm-redis-password-1\",\"Labels\":"
	"{\"com.openfaas.owner\":\"openfaas\"}}},"
	"{\"ID\":\"i6\",\"Spec\":{\"Name\":\"other.x\",\"Labels\":{\"svarm.secret\":\"other\"}}},"
	"{\"ID\":\"i7\",\"Spec\":{\"Name\":\"x.1\",\"Labels\":{\"svarm.secret\":\"../x\"}}},"
	"{\"ID\":\"i8\",\"Spec\":{\"Name\":\"foreign\",\"Labels\":{\"com.openfaas.owner\":\"me\"}}}"
	","
	"{\"ID\":7,\"Spec\":{\"Name\":\"noid\"}},{\"Spec\":7},null,[],"
	"{\"ID\":\"i9\",\"Spec\":{\"Name\":\"old\",\"Labels\":{\"com.openfaas.owner\":\"openfaas\"}"
	"}}]";

static void test_versions(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *j = NULL;
	struct secret_list l;
	static const struct {
		const char *name, *id;
		unsigned number;
		bool ours;
	} want[] = {{"foreign", "i8", 0, false}, {"hand", "i4", 0, false}, {"key", "i2", 10, true},
		{"key", "i1", 9, true}, {"key", "i3", 0, true}, {"old", "i9", 0, true}};

	assert_int_equal(json_parse(listed, strlen(listed), 1 << 20, &j, NULL), 0);
	secrets_read(j, &a, &l);
	assert_int_equal(l.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < l.n; i++) {
		assert_string_equal(l.v[i].name, want[i].name);
		assert_string_equal(l.v[i].id, want[i].id);
		assert_int_equal(l.v[i].number, want[i].number);
		assert_int_equal(l.v[i].ours, want[i].ours);
	}
	assert_string_equal(secrets_newest(&l, "key")->swarm_name, "key.10");
	assert_null(secrets_newest(&l, "key.10"));
	assert_null(secrets_newest(&l, "svarm-redis-password-1"));
}

static void test_no_list(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *j = json_object();
	struct secret_list l;

	secrets_read(j, &a, &l);
	assert_int_equal(l.n, 0);
	assert_null(secrets_newest(&l, "key"));
}

static int parse(const char *text, bool want_value, struct secret_request *rq, struct err *err)
{
	*rq = (struct secret_request){0};
	return secret_request_parse(text, strlen(text), want_value, rq, err);
}

static void test_values(void **state)
{
	static const struct {
		const char *text, *value;
		size_t len;
	} cases[] = {
		{"{\"name\":\"a\",\"value\":\"plain\\n\"}", "plain\n", 6},
		{"{\"name\":\"a\",\"rawValue\":\"AAH/\"}", "\0\1\377", 3},
		{"{\"name\":\"a\",\"value\":\"\",\"rawValue\":\"eA==\"}", "x", 1},
		{"{\"name\":\"a\",\"value\":\"v\",\"rawValue\":\"eA==\"}", "v", 1},
		{"{\"name\":\"a\",\"value\":\"v\",\"rawValue\":null,\"namespace\":\"openfaas-fn\"}",
			"v", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct secret_request rq;

		assert_int_equal(parse(cases[i].text, true, &rq, NULL), 0);
		assert_string_equal(rq.name, "a");
		assert_int_equal(rq.value.len, cases[i].len);
		assert_memory_equal(rq.value.data, cases[i].value, cases[i].len);
		secret_request_done(&rq);
		assert_null(rq.value.data);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} bad[] = {
		{"", -EBADMSG},
		{"[]", -EBADMSG},
		{"{\"name\":\"a\",\"value\":\"hunter2", -EBADMSG},
		{"{}", -EINVAL},
		{"{\"name\":\"a\"}", -EINVAL},
		{"{\"name\":7,\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"\",\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"../a\",\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"a/b\",\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\".a\",\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"a.\",\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"svarm-redis-password\",\"value\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"a\",\"value\":\"hunter2\",\"namespace\":\"other\"}", -EINVAL},
		{"{\"name\":\"a\",\"value\":\"\"}", -EINVAL},
		{"{\"name\":\"a\",\"rawValue\":\"hunter2\"}", -EINVAL},
		{"{\"name\":\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffff\","
		 "\"value\":\"hunter2\"}",
			-EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		struct secret_request rq;
		int r = parse(bad[i].text, true, &rq, &err);

		if (r != bad[i].code)
			fail_msg("%s: %d (%s)", bad[i].text, r, err_msg(&err));
		if (strstr(err_msg(&err), "hunter"))
			fail_msg("the message tells: %s", err_msg(&err));
	}
}

static void test_size(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct secret_request rq;

	for (int more = 0; more < 2; more++) {
		buf_clear(&text);
		buf_adds(&text, "{\"name\":\"a\",\"value\":\"");
		for (int i = 0; i < SECRET_MAX_BYTES + more; i++)
			buf_addc(&text, 'x');
		buf_adds(&text, "\"}");
		assert_int_equal(parse(text.data, true, &rq, NULL), more ? -EINVAL : 0);
		secret_request_done(&rq);
	}
}

static void test_delete_needs_no_value(void **state)
{
	struct secret_request rq;

	assert_int_equal(parse("{\"name\":\"a.b_c-d\"}", false, &rq, NULL), 0);
	assert_string_equal(rq.name, "a.b_c-d");
}

static void test_spec(void **state)
{
	struct secret_request rq = {.name = "key"};
	_cleanup_json_ json_t *s = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_add(&rq.value, "\0\1\377>", 4);
	s = secret_spec(&rq, 12);
	json_print(s, &text);
	assert_string_equal(text.data,
		"{\"Data\":\"AAH/Pg==\",\"Labels\":{\"com.openfaas.owner\":\"openfaas\","
		"\"svarm.secret\":\"key\"},\"Name\":\"key.12\"}");
	secret_request_done(&rq);
}

static void test_in_use(void **state)
{
	static const char text[] =
		"[null,{\"Spec\":{\"Name\":\"s1\",\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":"
		"[{\"SecretID\":\"a\"},7]}}},\"PreviousSpec\":{\"Name\":\"s1\",\"TaskTemplate\":"
		"{\"ContainerSpec\":{\"Secrets\":[{\"SecretID\":\"b\"}]}}}}]";
	_cleanup_json_ json_t *j = NULL;
	const char *service = NULL;

	assert_int_equal(json_parse(text, strlen(text), 4096, &j, NULL), 0);
	assert_true(secret_in_use(j, "a", &service));
	assert_string_equal(service, "s1");
	assert_true(secret_in_use(j, "b", NULL)); /* to roll back to */
	assert_false(secret_in_use(j, "c", NULL));
	assert_false(secret_in_use(NULL, "a", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_delete_needs_no_value),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_in_use),
	};

	json_wipe_freed();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("gateway: secrets", tests, NULL, NULL);
}
