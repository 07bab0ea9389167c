/* Settings of svarm-queue-worker: see config.h. */
#include "faas/worker/config.h"

#include "faas/common/allow.h"
#include "faas/common/env.h"
#include "faas/common/keys.h"
#include "faas/common/name.h"

static int load_numbers(struct config *c, struct err *err)
{
	const struct env_setting settings[] = {
		{"SVARM_MAX_INFLIGHT", &c->max_inflight, 32, .min = 1, .max = 10000},
		{"SVARM_MAX_HELD", &c->max_held, 1024, .min = 1, .max = 100000},
		{"SVARM_MAX_HELD_BYTES", &c->max_held_bytes, 32 << 20, .min = 1, .max = 1L << 40},
		{"SVARM_MAX_ANSWER_BYTES", &c->max_answer_bytes, 32 << 20, .min = 1,
			.max = 1L << 40},
		{"SVARM_MAX_CALLBACKS", &c->max_callbacks, 64, .min = 1, .max = 10000},
		{"SVARM_CALLBACKS_PER_HOST", &c->per_host, 16, .min = 1, .max = 10000},
		{"SVARM_MAX_ATTEMPTS", &c->max_attempts, 5, .min = 1, .max = 1000},
		{"SVARM_MAX_DELIVERIES", &c->max_deliveries, 10, .min = 1, .max = 1000000},
		{"SVARM_MAX_DEAD", &c->max_dead, 10000, .min = 1, .max = 10000000},
		{"SVARM_PEER_PORT", &c->peer_port, PEER_PORT, .min = 0, .max = 65535},
		{"SVARM_EXEC_TIMEOUT", &c->exec_timeout_ms, 310000, .duration = true},
		{"SVARM_CALLBACK_TIMEOUT", &c->callback_timeout_ms, 30000, .duration = true},
		{"SVARM_RETRY", &c->retry_ms, 500, .duration = true},
		{"SVARM_RETRY_MAX", &c->retry_max_ms, 30000, .duration = true},
		{"SVARM_CLAIM_IDLE", &c->claim_idle_ms, 30000, .duration = true},
		{"SVARM_MAX_WAIT", &c->max_wait_ms, 600000, .duration = true},
		{"SVARM_STOP_TIMEOUT", &c->stop_timeout_ms, 25000, .duration = true},
	};

	return env_load(settings, ARRAY_SIZE(settings), err);
}

/* A list of names of queues; the common one is called "default" in it. */
static int check_queues(const char *list, struct err *err)
{
	char name[NAME_MAX_LEN + 1];
	size_t len;

	for (const char *p = list; *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		snprintf(name, sizeof(name), "%.*s", (int)MIN_OF(len, sizeof(name)), p);
		if (len > NAME_MAX_LEN || !name_is_function(name))
			return err_set(
				err, -EINVAL, "SVARM_QUEUES: '%s' is no list of names", list);
	}
	return 0;
}

int worker_config_load(struct config *ret, struct err *err)
{
	int r;

	*ret = (struct config){0};
	ret->gateway = env_str("SVARM_GATEWAY", "http://gateway:8080");
	if (strncmp(ret->gateway, "http://", 7) || ret->gateway[strlen(ret->gateway) - 1] == '/')
		return err_set(
			err, -EINVAL, "SVARM_GATEWAY: '%s' is not http://HOST:PORT", ret->gateway);
	ret->queues = env_str("SVARM_QUEUES", "");
	ret->callback_allow = env_str("SVARM_CALLBACK_ALLOW", "");
	r = check_queues(ret->queues, err);
	if (r < 0)
		return r;
	r = allow_check(ret->callback_allow, err);
	if (r < 0)
		return err_wrap(err, "SVARM_CALLBACK_ALLOW");
	r = redis_address_parse(env_str("SVARM_REDIS", "redis:6379"), &ret->redis, err);
	if (r == 0)
		r = load_numbers(ret, err);
	if (r < 0)
		return r;
	r = secret_read("redis-password", &ret->password, err);
	if (r < 0 && r != -ENOENT)
		return r;
	err_done(err); /* no such secret: Redis asks for no password */
	return 0;
}

void worker_config_done(struct config *c)
{
	buf_wipe(&c->password);
}
