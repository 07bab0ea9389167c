/* Settings of svarm-queue-worker: see config.h. */
#include "faas/worker/config.h"

#include "faas/common/env.h"
#include "faas/common/keys.h"

static int load_numbers(struct config *c, struct err *err)
{
	const struct {
		const char *name;
		long *ret;
		long def, min, max;
	} numbers[] = {
		{"SVARM_MAX_INFLIGHT", &c->max_inflight, 32, 1, 10000},
		{"SVARM_MAX_HELD", &c->max_held, 1024, 1, 100000},
		{"SVARM_MAX_HELD_BYTES", &c->max_held_bytes, 64 << 20, 1, 1L << 40},
		{"SVARM_MAX_ATTEMPTS", &c->max_attempts, 5, 1, 1000},
		{"SVARM_MAX_DELIVERIES", &c->max_deliveries, 10, 1, 1000000},
		{"SVARM_MAX_DEAD", &c->max_dead, 10000, 1, 10000000},
		{"SVARM_PEER_PORT", &c->peer_port, PEER_PORT, 0, 65535},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && r == 0; i++)
		r = env_num(numbers[i].name, numbers[i].def, numbers[i].min, numbers[i].max,
			numbers[i].ret, err);
	return r;
}

static int load_times(struct config *c, struct err *err)
{
	const struct {
		const char *name;
		long *ret;
		long def;
	} times[] = {
		{"SVARM_EXEC_TIMEOUT", &c->exec_timeout_ms, 310000},
		{"SVARM_CALLBACK_TIMEOUT", &c->callback_timeout_ms, 30000},
		{"SVARM_RETRY", &c->retry_ms, 500},
		{"SVARM_RETRY_MAX", &c->retry_max_ms, 30000},
		{"SVARM_CLAIM_IDLE", &c->claim_idle_ms, 30000},
		{"SVARM_MAX_WAIT", &c->max_wait_ms, 600000},
		{"SVARM_STOP_TIMEOUT", &c->stop_timeout_ms, 25000},
		{"SVARM_USAGE_INTERVAL", &c->usage_interval_ms, 5000},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(times) && r == 0; i++)
		r = env_ms(times[i].name, times[i].def, times[i].ret, err);
	return r;
}

int worker_config_load(struct config *ret, struct err *err)
{
	int r;

	*ret = (struct config){0};
	ret->cgroup = env_str("SVARM_CGROUP", "/host/cgroup");
	ret->gateway = env_str("SVARM_GATEWAY", "http://gateway:8080");
	if (strncmp(ret->gateway, "http://", 7) || ret->gateway[strlen(ret->gateway) - 1] == '/')
		return err_set(
			err, -EINVAL, "SVARM_GATEWAY: '%s' is not http://HOST:PORT", ret->gateway);
	r = redis_address_parse(env_str("SVARM_REDIS", "redis:6379"), &ret->redis, err);
	if (r == 0)
		r = load_numbers(ret, err);
	if (r == 0)
		r = load_times(ret, err);
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
