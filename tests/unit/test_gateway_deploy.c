/* Deployments: what is refused, what Docker is told, and what is reported back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/auth.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/quantity.h"

static const char full[] =
	"{\"service\":\"env\",\"image\":\"functions/env:1\",\"envProcess\":\"cat -\","
	"\"envVars\":{\"A\":\"1\",\"B\":\"x=y\"},\"constraints\":[\"node.role == worker\"],"
	"\"secrets\":[\"api-key\"],\"labels\":{\"team\":\"a\",\"com.openfaas.scale.min\":\"2\","
	"\"com.openfaas.function\":\"forged\",\"svarm.limits.cpu\":\"forged\"},"
	"\"annotations\":{\"topic\":\"t\"},\"limits\":{\"memory\":\"5Mi\",\"cpu\":\"100m\"},"
	"\"requests\":{\"memory\":\"1Mi\"},\"readOnlyRootFilesystem\":true,"
	"\"namespace\":\"openfaas-fn\",\"registryAuth\":\"dXNlcjpwYXNz\",\"network\":\"ignored\"}";

static json_t *spec_of(const char *text, const json_t *old)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *secrets = json_pack(
		"{s:{s:s, s:s}}", "api-key", "id", "id1", "name", "api-key.3");
	const struct deploy_place place = {.network = "svarm", .secrets = secrets, .somaxconn = 99};
	_cleanup_err_ struct err err = ERR_INIT;
	struct deploy d;

	if (deploy_parse(text, strlen(text), &a, &d, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return deploy_spec(&d, &place, old);
}

static void assert_json(const json_t *got, const char *want)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	json_print(got, &text);
	assert_string_equal(buf_str(&text), want);
}

static void test_spec(void **state)
{
	_cleanup_json_ json_t *s = spec_of(full, NULL);

	assert_json(json_obj(s, "Labels"),
		"{\"com.openfaas.annotations.topic\":\"t\",\"com.openfaas.function\":\"env\","
		"\"com.openfaas.scale.min\":\"2\",\"function\":\"true\","
		"\"svarm.image\":\"functions/env:1\",\"svarm.limits.cpu\":\"100m\","
		"\"svarm.limits.memory\":\"5Mi\",\"svarm.requests.memory\":\"1Mi\","
		"\"team\":\"a\"}");
	assert_true(json_equal(json_obj(s, "Labels"),
		json_at(s, "TaskTemplate", "ContainerSpec", "Labels", NULL)));
	assert_json(json_at(s, "TaskTemplate", "ContainerSpec", "Env", NULL),
		"[\"fprocess=cat -\",\"A=1\",\"B=x=y\"]");
	assert_json(json_at(s, "TaskTemplate", "ContainerSpec", "Secrets", NULL),
		"[{\"File\":{\"GID\":\"0\",\"Mode\":292,\"Name\":\"/var/openfaas/secrets/api-key\","
		"\"UID\":\"0\"},\"SecretID\":\"id1\",\"SecretName\":\"api-key.3\"}]");
	assert_json(json_at(s, "TaskTemplate", "Resources", NULL),
		"{\"Limits\":{\"MemoryBytes\":5242880,\"NanoCPUs\":100000000},"
		"\"Reservations\":{\"MemoryBytes\":1048576}}");
	assert_json(json_at(s, "TaskTemplate", "RestartPolicy", NULL),
		"{\"Condition\":\"any\",\"Delay\":1000000000}");
	assert_json(json_at(s, "TaskTemplate", "Placement", NULL),
		"{\"Constraints\":[\"node.role == worker\"]}");
	assert_json(json_at(s, "TaskTemplate", "Networks", NULL), "[{\"Target\":\"svarm\"}]");
	assert_json(json_obj(s, "Mode"), "{\"Replicated\":{\"Replicas\":2}}");
	assert_json(json_obj(s, "EndpointSpec"), "{\"Mode\":\"dnsrr\"}");
	assert_string_equal(json_str(json_obj(s, "UpdateConfig"), "Order"), "start-first");
	assert_string_equal(json_str(json_obj(s, "UpdateConfig"), "FailureAction"), "rollback");
	assert_true(json_bool(json_at(s, "TaskTemplate", "ContainerSpec", NULL), "ReadOnly"));
	assert_null(json_at(s, "TaskTemplate", "ForceUpdate", NULL));
	assert_json(json_at(s, "TaskTemplate", "ContainerSpec", "Sysctls", NULL),
		"{\"net.core.somaxconn\":\"99\"}");
}

/* Small deployments, and one member of their containers or placements. */
static json_t *container_of(const json_t *spec)
{
	return json_at(spec, "TaskTemplate", "ContainerSpec", NULL);
}

static void test_healthcheck(void **state)
{
	_cleanup_json_ json_t *s = spec_of("{\"service\":\"f\",\"image\":\"i\"}", NULL);
	_cleanup_json_ json_t *kept = spec_of("{\"service\":\"f\",\"image\":\"i\",\"annotations\":"
					      "{\"com.openfaas.healthcheck\":\"image\"}}",
		NULL);

	assert_json(json_obj(container_of(s), "Healthcheck"), "{\"Test\":[\"NONE\"]}");
	assert_null(json_obj(container_of(kept), "Healthcheck"));
}

static void test_placement(void **state)
{
	static const struct {
		const char *asked, *constraints, *reported;
	} cases[] = {
		{"[]", "[\"node.labels.svarm.worker == true\"]", NULL},
		{"[\"engine.labels.gpu == yes\"]",
			"[\"node.labels.svarm.worker == true\",\"engine.labels.gpu == yes\"]",
			"[\"engine.labels.gpu == yes\"]"},
		{"[\"node.role == manager\"]", "[\"node.role == manager\"]",
			"[\"node.role == manager\"]"},
		{"[\"node.labels.svarm.worker == true\"]", "[\"node.labels.svarm.worker == true\"]",
			"[\"node.labels.svarm.worker == true\"]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *service = NULL, *status = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text, "{\"service\":\"f\",\"image\":\"i\",\"constraints\":%s}",
			cases[i].asked);
		service = json_pack("{s:o}", "Spec", spec_of(text.data, NULL));
		assert_json(
			json_at(service, "Spec", "TaskTemplate", "Placement", "Constraints", NULL),
			cases[i].constraints);
		status = deploy_status(service, 0);
		if (cases[i].reported)
			assert_json(json_arr(status, "constraints"), cases[i].reported);
		else
			assert_null(json_arr(status, "constraints"));
	}
}

static void test_time_to_stop(void **state)
{
	static const struct {
		const char *timeout;
		long seconds;
	} cases[] = {{"1s", 10}, {"45s", 45}, {"10m", 60}, {"soon", 30}, {"", 30}};
	_cleanup_json_ json_t *unset = spec_of("{\"service\":\"f\",\"image\":\"i\"}", NULL);

	assert_int_equal(json_int(container_of(unset), "StopGracePeriod", 0), 30000000000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *s = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text,
			"{\"service\":\"f\",\"image\":\"i\",\"labels\":"
			"{\"com.openfaas.timeout\":\"%s\"}}",
			cases[i].timeout);
		s = spec_of(text.data, NULL);
		assert_int_equal(json_int(container_of(s), "StopGracePeriod", 0),
			cases[i].seconds * 1000000000);
	}
}

/* What runs may have another name than what was asked for. */
static void test_image_comes_back_verbatim(void **state)
{
	static const struct {
		const char *runs, *reported;
	} cases[] = {
		{"sha256:0123456789abcdef", "asked:1"},
		{"asked:1", "asked:1"},
		{"asked:1@sha256:0123", "asked:1"},
		{"asked:10", "asked:10"}, /* `docker service update` by hand */
		{"other:2", "other:2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *service = json_pack("{s:o}", "Spec",
			spec_of("{\"service\":\"f\",\"image\":\"asked:1\"}", NULL));
		_cleanup_json_ json_t *status = NULL;

		json_object_set_new(container_of(json_obj(service, "Spec")), "Image",
			json_string(cases[i].runs));
		status = deploy_status(service, 0);
		assert_string_equal(json_str(status, "image"), cases[i].reported);
	}
}

static void test_image_id(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	const struct deploy_place place = {.network = "n", .image_id = "sha256:01"};
	const struct deploy d = {.name = "f", .image = "asked:1"};
	_cleanup_json_ json_t *s = deploy_spec(&d, &place, NULL);

	assert_string_equal(json_str(container_of(s), "Image"), "sha256:01");
	assert_string_equal(json_str(json_obj(s, "Labels"), "svarm.image"), "asked:1");
	assert_null(json_obj(container_of(s), "Sysctls"));
}

static void test_update_keeps(void **state)
{
	_cleanup_json_ json_t *old = NULL, *s = NULL;
	static const char text[] =
		"{\"ID\":\"x\",\"Spec\":{\"Name\":\"fn_env\",\"Labels\":{\"com.docker.stack."
		"namespace\":\"fn\",\"gone\":\"1\"},\"Mode\":{\"Replicated\":{\"Replicas\":7}},"
		"\"TaskTemplate\":{\"ForceUpdate\":4,\"Networks\":[{\"Target\":\"n7\"}]}}}";

	assert_int_equal(json_parse(text, strlen(text), 4096, &old, NULL), 0);
	s = spec_of(full, old);
	assert_string_equal(json_str(s, "Name"), "fn_env");
	assert_string_equal(json_str(json_obj(s, "Labels"), "com.docker.stack.namespace"), "fn");
	assert_null(json_str(json_obj(s, "Labels"), "gone"));
	assert_json(json_obj(s, "Mode"), "{\"Replicated\":{\"Replicas\":7}}");
	assert_json(json_at(s, "TaskTemplate", "Networks", NULL), "[{\"Target\":\"n7\"}]");
	assert_int_equal(json_int(json_obj(s, "TaskTemplate"), "ForceUpdate", 0), 5);
}

static void test_update_of_sleeping_stays_asleep(void **state)
{
	_cleanup_json_ json_t *old = json_pack("{s:{s:s, s:{s:{s:i}}}}", "Spec", "Name", "env",
		"Mode", "Replicated", "Replicas", 0);
	_cleanup_json_ json_t *s = spec_of(full, old);

	assert_json(json_obj(s, "Mode"), "{\"Replicated\":{\"Replicas\":0}}");
}

static void test_status_comes_back_verbatim(void **state)
{
	_cleanup_json_ json_t *service = json_pack(
		"{s:s, s:o}", "ID", "x", "Spec", spec_of(full, NULL));
	_cleanup_json_ json_t *status = deploy_status(service, 1);

	assert_json(status,
		"{\"annotations\":{\"topic\":\"t\"},\"availableReplicas\":1,"
		"\"constraints\":[\"node.role == worker\"],\"envProcess\":\"cat -\","
		"\"envVars\":{\"A\":\"1\",\"B\":\"x=y\"},\"image\":\"functions/env:1\","
		"\"invocationCount\":0,\"labels\":{\"com.openfaas.function\":\"env\","
		"\"com.openfaas.scale.min\":\"2\",\"function\":\"true\",\"team\":\"a\"},"
		"\"limits\":{\"cpu\":\"100m\",\"memory\":\"5Mi\"},\"name\":\"env\","
		"\"namespace\":\"openfaas-fn\",\"readOnlyRootFilesystem\":true,\"replicas\":2,"
		"\"requests\":{\"memory\":\"1Mi\"},\"secrets\":[\"api-key\"]}");
}

static void test_status_omits_what_nobody_asked_for(void **state)
{
	_cleanup_json_ json_t *service = json_pack("{s:s, s:o}", "ID", "x", "Spec",
		spec_of("{\"service\":\"f\",\"image\":\"i\",\"labels\":null,\"annotations\":null}",
			NULL));
	_cleanup_json_ json_t *status = deploy_status(service, 0);

	assert_json(status,
		"{\"annotations\":{},\"availableReplicas\":0,\"image\":\"i\","
		"\"invocationCount\":0,\"labels\":{\"com.openfaas.function\":\"f\",\"function\":"
		"\"true\"},\"name\":\"f\",\"namespace\":\"openfaas-fn\",\"replicas\":1}");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} bad[] = {
		{"", -EBADMSG},
		{"[]", -EBADMSG},
		{"{\"service\":\"f\",\"image\":\"i\"", -EBADMSG},
		{"{}", -EINVAL},
		{"{\"service\":\"f\"}", -EINVAL},
		{"{\"image\":\"i\"}", -EINVAL},
		{"{\"service\":7,\"image\":\"i\"}", -EBADMSG},
		{"{\"service\":\"../x\",\"image\":\"i\"}", -EINVAL},
		{"{\"service\":\"a b\",\"image\":\"i\"}", -EINVAL},
		{"{\"service\":\"-a\",\"image\":\"i\"}", -EINVAL},
		{"{\"service\":\"a.b\",\"image\":\"i\"}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i j\"}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"envVars\":[]}", -EBADMSG},
		{"{\"service\":\"f\",\"image\":\"i\",\"envVars\":{\"A\":1}}", -EBADMSG},
		{"{\"service\":\"f\",\"image\":\"i\",\"envVars\":{\"A=B\":\"1\"}}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"secrets\":[\"../etc\"]}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"secrets\":[7]}", -EBADMSG},
		{"{\"service\":\"f\",\"image\":\"i\",\"limits\":{\"memory\":\"lots\"}}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"limits\":{\"cpu\":\"0\"}}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"limits\":7}", -EBADMSG},
		{"{\"service\":\"f\",\"image\":\"i\",\"namespace\":\"kube-system\"}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"registryAuth\":\"!\"}", -EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"secrets\":[\"svarm-redis-password-1\"]}",
			-EINVAL},
		{"{\"service\":\"f\",\"image\":\"i\",\"readOnlyRootFilesystem\":\"yes\"}",
			-EBADMSG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(arena_done) struct arena a = ARENA_INIT;
		_cleanup_err_ struct err err = ERR_INIT;
		struct deploy d;
		int r = deploy_parse(bad[i].text, strlen(bad[i].text), &a, &d, &err);

		if (r != bad[i].code)
			fail_msg("%s: %d (%s)", bad[i].text, r, err_msg(&err));
	}
}

static void test_memory(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {{"128Mi", 134217728}, {"128m", 134217728}, {"128M", 128000000},
		{"1Gi", 1073741824}, {"512k", 524288}, {"1024", 1024}, {"7b", 7}};
	static const char *const bad[] = {"", "0", "Mi", "-1", "1.5Gi", "1 Mi", "1Pi",
		"99999999999999999999", "2000000Ti", "1Mix", "0x10"};
	int64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(quantity_memory(good[i].text, &n));
		assert_int_equal(n, good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (quantity_memory(bad[i], &n))
			fail_msg("'%s' was taken", bad[i]);
}

static void test_cpu(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {{"100m", 100000000}, {"1", 1000000000}, {"1.5", 1500000000},
		{"0.25", 250000000}, {"0.000000001", 1}, {"1000", 1000000000000}};
	static const char *const bad[] = {"", "0", "0m", "0.0", ".5", "1.", "1.5m", "-1", "1,5",
		"1001", "0.0000000001", "1e3"};
	int64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(quantity_cpu(good[i].text, &n));
		assert_int_equal(n, good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (quantity_cpu(bad[i], &n))
			fail_msg("'%s' was taken", bad[i]);
}

static void test_basic_auth(void **state)
{
	_cleanup_buf_ struct buf user = BUF_INIT, password = BUF_INIT;

	buf_adds(&user, "admin");
	buf_adds(&password, "s3cret");
	assert_true(auth_matches("Basic YWRtaW46czNjcmV0", &user, &password));
	assert_true(auth_matches("basic  YWRtaW46czNjcmV0", &user, &password));
	assert_false(auth_matches(NULL, &user, &password));
	assert_false(auth_matches("", &user, &password));
	assert_false(auth_matches("Basic ", &user, &password));
	assert_false(auth_matches("Bearer YWRtaW46czNjcmV0", &user, &password));
	assert_false(auth_matches("Basic YWRtaW46czNjcmV1", &user, &password));     /* s3creu */
	assert_false(auth_matches("Basic YWRtaW46czNjcmV0cw==", &user, &password)); /* longer */
	assert_false(auth_matches("Basic YWRtaW46", &user, &password)); /* no password */
	assert_false(auth_matches(
		"Basic YWRtaW46czNjcmV0YWRtaW46czNjcmV0", &user, &password));  /* twice */
	assert_false(auth_matches("Basic YWRtaW46czNjcmV", &user, &password)); /* cut */
	assert_false(auth_matches("Basic YWRt!W46czNjcmV0", &user, &password));
	assert_false(auth_matches("Basic YW==aW46czNjcmV0", &user, &password));
}

static void test_registry_auth(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct deploy d = {.image = "registry.example/f:1", .registry_auth = "user:p:w"};

	deploy_registry_auth(&d, &out);
	/* {"password":"p:w","serveraddress":"registry.example","username":"user"} */
	assert_string_equal(buf_str(&out), "eyJwYXNzd29yZCI6InA6dyIsInNlcnZlcmFkZHJlc3MiOiJyZWdpc3R"
					   "yeS5leGFtcGxlIiwidXNlcm5hbWUi"
					   "OiJ1c2VyIn0=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_healthcheck),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_time_to_stop),
		cmocka_unit_test(test_image_comes_back_verbatim),
		cmocka_unit_test(test_image_id),
		cmocka_unit_test(test_update_keeps),
		cmocka_unit_test(test_update_of_sleeping_stays_asleep),
		cmocka_unit_test(test_status_comes_back_verbatim),
		cmocka_unit_test(test_status_omits_what_nobody_asked_for),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_basic_auth),
		cmocka_unit_test(test_registry_auth),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("gateway: deployments", tests, NULL, NULL);
}
