/*
 * Feeds arbitrary bytes to what the container programs read from outside: a deployment's JSON and,
 * when it is one, the way to a Docker service and back; Docker's lists; and a queue entry, whose
 * fields are the input's lines in turn.
 */
#include <stddef.h>
#include <stdint.h>

#include "faas/common/entry.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/nginxconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_deploy(const char *text, size_t size)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *secrets = json_object(), *service = NULL, *status = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf auth = BUF_INIT;
	struct deploy_place place = {.network = "svarm"};
	struct deploy d;

	if (deploy_parse(text, size, &a, &d, &err) < 0) {
		if (!err.msg)
			abort(); /* a failure says why */
		return;
	}
	for (size_t i = 0; i < d.secrets.n; i++)
		json_object_set_new(
			secrets, d.secrets.v[i], json_pack("{s:s, s:s}", "id", "i", "name", "n"));
	deploy_registry_auth(&d, &auth);
	place.secrets = secrets;
	service = json_pack("{s:s, s:o}", "ID", "x", "Spec", deploy_spec(&d, &place, NULL));
	status = deploy_status(service, 1);
	if (!json_str(status, "name") || strcmp(json_str(status, "name"), d.name))
		abort(); /* what was deployed is what is reported */
}

static void try_lists(const char *text, size_t size)
{
	static const struct config c = {
		.run_dir = "/r", .tmp_dir = "/t", .max_body_size = "1m", .function_port = 8080};
	static const struct nginx_env env = {.nofile = 1024};
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *j = NULL, *status = NULL;
	_cleanup_buf_ struct buf conf = BUF_INIT;

	if (json_parse(text, size, 1 << 20, &j, NULL) < 0 || !json_is_array(j))
		return;
	if (model_build(j, j, "svarm", &m, NULL) < 0)
		return;
	nginx_conf(&c, &env, m, &conf);
	status = deploy_status(json_array_get(j, 0), 0);
}

static void try_entry(const char *text, size_t size)
{
	static const char *const names[] = {"id", "fn", "path", "qs", "method", "headers", "cb",
		"t", "q", "ra", "rmin", "rmax", "rc", "n", "body"};
	redisReply items[2 * ARRAY_SIZE(names)], *pointers[2 * ARRAY_SIZE(names)];
	redisReply list = {.type = REDIS_REPLY_ARRAY, .element = pointers};
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct entry e;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *end = size ? memchr(text, '\n', size) : NULL;
		size_t n = end && i + 1 < ARRAY_SIZE(names) ? (size_t)(end - text) : size;
		redisReply *k = &items[2 * i], *v = &items[2 * i + 1];

		*k = (redisReply){.type = REDIS_REPLY_STRING,
			.str = (char *)names[i],
			.len = strlen(names[i])};
		*v = (redisReply){
			.type = REDIS_REPLY_STRING, .str = (char *)(n ? text : ""), .len = n};
		pointers[list.elements++] = k;
		pointers[list.elements++] = v;
		if (n < size)
			n++;
		text += n;
		size -= n;
	}
	if (entry_decode(&list, &a, &e, &err) < 0 && !err.msg)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_deploy((const char *)data, size);
	try_lists((const char *)data, size);
	try_entry((const char *)data, size);
	return 0;
}
