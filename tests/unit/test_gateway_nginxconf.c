/* The picture of the functions from Docker's lists: only what really runs; and nginx.conf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/model.h"
#include "faas/gateway/nginxconf.h"
#include "faas/gateway/planetext.h"

static const char services[] =
	"[{\"ID\":\"s2\",\"Spec\":{\"Name\":\"fn_echo\",\"Labels\":{\"com.openfaas.function\":"
	"\"echo\"},"
	"\"Mode\":{\"Replicated\":{\"Replicas\":2}}}},"
	"{\"ID\":\"s1\",\"Spec\":{\"Name\":\"zero\",\"Labels\":{\"com.openfaas.function\":"
	"\"asleep\"},"
	"\"Mode\":{\"Replicated\":{\"Replicas\":0}}}},"
	"{\"ID\":\"s9\",\"Spec\":{\"Name\":\"twin\",\"Labels\":{\"com.openfaas.function\":\"echo\"}"
	","
	"\"Mode\":{\"Replicated\":{\"Replicas\":1}}}},"
	"{\"ID\":\"s3\",\"Spec\":{\"Labels\":{\"com.openfaas.function\":\"no; good\"}}},"
	"{\"ID\":\"s5\",\"Spec\":{\"Labels\":{\"com.openfaas.function\":\"everywhere\"},"
	"\"Mode\":{\"Global\":{}}}},"
	"{\"ID\":\"s4\",\"Spec\":{\"Labels\":{}}},7]";

#define TASK(service, want, state, net, addr)                                                      \
	"{\"ID\":\"t-" addr "\",\"ServiceID\":\"" service "\",\"DesiredState\":\"" want            \
	"\",\"Status\":{\"State\":\"" state "\"},\"NetworksAttachments\":[{\"Network\":{\"Spec\":" \
	"{\"Name\":\"ingress\"}},\"Addresses\":[\"10.255.0.9/16\"]},{\"Network\":{\"Spec\":"       \
	"{\"Name\":\"" net "\"}},\"Addresses\":[\"" addr "\"]}]}"

static const char tasks[] = "[" TASK("s2", "running", "running", "svarm", "10.0.1.9/24") "," TASK(
	"s2", "running", "running", "svarm", "10.0.1.7/24") "," /* below: none of these counts */
	TASK("s2", "shutdown", "running", "svarm", "10.0.1.1/24") "," TASK(
		"s2", "running", "starting", "svarm", "10.0.1.2/24") "," TASK("s2", "running",
		"running", "other", "10.0.1.3/24") "," TASK("s2", "running", "running", "svarm",
		"1.2.3.4;evil/24") "," TASK("s2", "running", "running", "svarm",
		"fd00::1/64") "," TASK("nobody", "running", "running", "svarm",
		"10.0.1.4/24") "," TASK("s5", "running", "running", "svarm",
		"10.0.1.5/24") ",[],{}]";

static struct model *model_of(const char *s, const char *t)
{
	_cleanup_json_ json_t *js = NULL, *jt = NULL;
	struct model *m = NULL;

	assert_int_equal(json_parse(s, strlen(s), 1 << 20, &js, NULL), 0);
	assert_int_equal(json_parse(t, strlen(t), 1 << 20, &jt, NULL), 0);
	assert_int_equal(model_build(js, jt, "svarm", &m, NULL), 0);
	return m;
}

static void test_model(void **state)
{
	_cleanup_(model_unrefp) struct model *m = model_of(services, tasks);
	const struct function *f;

	assert_int_equal(m->functions_n, 3);
	assert_string_equal(m->skipped_why, "s9: another service is this function: 'echo'");
	f = model_find(m, "echo");
	assert_non_null(f);
	assert_string_equal(f->service_id, "s2"); /* not its twin: the lower id */
	assert_int_equal(f->replicas, 2);
	assert_int_equal(f->addresses_n, 2);
	assert_string_equal(f->addresses[0], "10.0.1.7");
	assert_string_equal(f->addresses[1], "10.0.1.9");
	assert_int_equal(model_find(m, "asleep")->addresses_n, 0);
	assert_int_equal(model_find(m, "everywhere")->replicas, 1);
	assert_null(model_find(m, "nobody"));
	assert_null(model_find(m, "no; good"));
	assert_null(model_find(NULL, "echo"));
	assert_true(model_converging(m)); /* five of echo's tasks run, two are wanted */
}

static void test_hostile_lists(void **state)
{
	static const char *const bad[] = {"[]", "[null,1,\"x\",[],{}]", "[{\"ID\":7,\"Spec\":[]}]",
		"[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"com.openfaas.function\":7}}}]",
		"[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"com.openfaas.function\":\"f\"},\"Mode\":"
		"{\"Replicated\":{\"Replicas\":-9223372036854775808}}}}]",
		"[{\"ServiceID\":\"s2\",\"DesiredState\":\"running\",\"Status\":{\"State\":"
		"\"running\"},\"NetworksAttachments\":{\"a\":1}}]",
		"[{\"ServiceID\":\"s2\",\"DesiredState\":\"running\",\"Status\":{\"State\":"
		"\"running\"},\"NetworksAttachments\":[{\"Network\":{\"Spec\":{\"Name\":"
		"\"svarm\"}},\"Addresses\":[]}]}]"};
	_cleanup_json_ json_t *object = json_object(), *list = json_array();
	struct model *m = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(model_unrefp) struct model *a = model_of(bad[i], "[]");
		_cleanup_(model_unrefp) struct model *b = model_of(services, bad[i]);

		assert_int_equal(model_find(b, "echo")->addresses_n, 0);
	}
	assert_int_equal(model_build(object, list, "svarm", &m, NULL), -EBADMSG);
	assert_int_equal(model_build(list, object, "svarm", &m, NULL), -EBADMSG);
}

static const struct config settings = {
	.run_dir = "/run/svarm",
	.tmp_dir = "/tmp/svarm",
	.nginx_module = "/usr/lib/nginx/modules/ngx_http_svarm_module.so",
	.max_body_size = "50m",
	.port = 8080,
	.metrics_port = 8082,
	.function_port = 8080,
	.backlog = 65535,
	.read_timeout_ms = 300000,
	.connect_timeout_ms = 2000,
	.upstream_idle_ms = 4000,
	.keepalive = 512,
	.worker_processes = 2,
	.worker_connections = 16384,
};

/* With SVARM_GOLDEN=1 in the environment the file is written instead. */
static void check_golden(const char *path, const struct buf *got)
{
	_cleanup_buf_ struct buf want = BUF_INIT;

	if (getenv("SVARM_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fwrite(got->data, 1, got->len, f);
		fclose(f);
	}
	assert_int_equal(buf_read_file(&want, path, 1 << 20, NULL), 0);
	assert_string_equal(buf_str(got), buf_str(&want));
}

static void test_golden(void **state)
{
	const struct nginx_env env = {.user = "nobody nogroup", .nofile = 33792};
	_cleanup_buf_ struct buf conf = BUF_INIT;

	nginx_conf(&settings, &env, &conf);
	check_golden("tests/unit/data/gateway.conf", &conf);
}

/* A call that has run into it is not sent to another task. */
static void test_short_read_timeout(void **state)
{
	const struct nginx_env env = {.nofile = 1024};
	_cleanup_buf_ struct buf conf = BUF_INIT;
	struct config c = settings;

	c.read_timeout_ms = 5000;
	nginx_conf(&c, &env, &conf);
	assert_non_null(strstr(buf_str(&conf), "\nproxy_read_timeout 5000ms;\n"));
	assert_non_null(strstr(buf_str(&conf), "\nproxy_next_upstream_timeout 5000ms;\n"));
}

static void test_order_does_not_matter(void **state)
{
	static const char turned[] = "[" TASK("s2", "running", "running", "svarm",
		"10.0.1.7/24") "," TASK("s2", "running", "running", "svarm",
		"10.0.1.9/24") "," TASK("s5", "running", "running", "svarm", "10.0.1.5/24") "]";
	_cleanup_(model_unrefp) struct model *a = model_of(services, tasks);
	_cleanup_(model_unrefp) struct model *b = model_of(services, turned);
	_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

	plane_table(a, 8080, &x);
	plane_table(b, 8080, &y);
	assert_string_equal(buf_str(&x), buf_str(&y));
}

static bool is_nine(void *arg, const struct task *t)
{
	return !strcmp(t->address, "10.0.1.9") && !strcmp(t->id, "t-10.0.1.9/24");
}

static void test_pick(void **state)
{
	struct model *all = model_of(services, tasks);
	_cleanup_(model_unrefp) struct model *m = model_pick(all, is_nine, NULL);

	assert_int_equal(model_find(all, "echo")->addresses_n, 2);
	model_unref(all); /* lives on in what was picked from it */
	assert_int_equal(m->functions_n, 3);
	assert_int_equal(model_find(m, "ECHO")->addresses_n, 1);
	assert_string_equal(model_find(m, "echo")->addresses[0], "10.0.1.9");
	assert_int_equal(model_find(m, "echo")->tasks_n, 2);
	assert_int_equal(model_find(m, "everywhere")->addresses_n, 0);
	assert_true(model_converging(m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_hostile_lists),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_short_read_timeout),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_pick),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("gateway: nginx.conf", tests, NULL, NULL);
}
