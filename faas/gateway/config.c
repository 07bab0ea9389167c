/* Settings of svarm-gateway: see config.h. */
#include "faas/gateway/config.h"

#include <sys/param.h>
#include <unistd.h>

#include "faas/common/allow.h"
#include "faas/common/env.h"
#include "faas/common/keys.h"

static int load_numbers(struct config *c, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct env_setting settings[] = {
		{"SVARM_PORT", &c->port, 8080, .min = 1, .max = 65535},
		{"SVARM_METRICS_PORT", &c->metrics_port, 8082, .min = 1, .max = 65535},
		{"SVARM_PEER_PORT", &c->peer_port, PEER_PORT, .min = 0, .max = 65535},
		{"SVARM_FUNCTION_PORT", &c->function_port, FUNCTION_PORT, .min = 1, .max = 65535},
		{"SVARM_LISTEN_BACKLOG", &c->backlog, 65535, .min = 1, .max = 65535},
		{"SVARM_KEEPALIVE", &c->keepalive, 128, .min = 1, .max = 10000},
		{"SVARM_WORKER_PROCESSES", &c->worker_processes, MAX(1, MIN(cpus, 4)), .min = 1,
			.max = 128},
		{"SVARM_WORKER_CONNECTIONS", &c->worker_connections, 16384, .min = 64,
			.max = 1 << 20},
		{"SVARM_ASYNC_BUDGET", &c->async_budget, 32 << 20, .min = 1 << 20, .max = 1L << 40},
		{"SVARM_READ_TIMEOUT", &c->read_timeout_ms, 300000, .duration = true},
		{"SVARM_CONNECT_TIMEOUT", &c->connect_timeout_ms, 1500, .duration = true},
		{"SVARM_UPSTREAM_IDLE", &c->upstream_idle_ms, 4000, .duration = true},
		{"SVARM_RESYNC", &c->resync_ms, 2000, .duration = true},
		{"SVARM_STOP_TIMEOUT", &c->stop_timeout_ms, 25000, .duration = true},
	};

	return env_load(settings, ARRAY_SIZE(settings), err);
}

/* What goes into nginx' configuration as a word must be one. */
static int check_word(const char *name, const char *value, const char *allowed, struct err *err)
{
	if (!value[strspn(value, allowed)])
		return 0;
	return err_set(err, -EINVAL, "%s: '%s' holds a character that is not allowed", name, value);
}

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int load_words(struct config *c, struct err *err)
{
	int r;

	c->network = env_str("SVARM_NETWORK", "svarm");
	c->docker_host = env_str("DOCKER_HOST", NULL);
	c->run_dir = env_str("SVARM_RUN", "/run/svarm");
	c->tmp_dir = env_str("SVARM_TMP", "/tmp/svarm");
	c->nginx = env_str("SVARM_NGINX", "/usr/sbin/nginx");
	c->max_body_size = env_str("SVARM_MAX_BODY", "50m");
	c->access_log = !strcmp(env_str("SVARM_ACCESS_LOG", "0"), "1");
	c->callback_allow = env_str("SVARM_CALLBACK_ALLOW", "");
	r = allow_check(c->callback_allow, err);
	if (r < 0)
		return err_wrap(err, "SVARM_CALLBACK_ALLOW");
	r = check_word("SVARM_RUN", c->run_dir, WORD "/._-", err);
	if (r == 0)
		r = check_word("SVARM_TMP", c->tmp_dir, WORD "/._-", err);
	if (r == 0)
		r = check_word("SVARM_MAX_BODY", c->max_body_size, "0123456789kKmMgG", err);
	if (r == 0)
		r = redis_address_parse(env_str("SVARM_REDIS", "redis:6379"), &c->redis, err);
	return r;
}

static int load_secrets(struct config *c, struct err *err)
{
	int r;

	r = secret_read("basic-auth-user", &c->user, err);
	if (r == 0)
		r = secret_read("basic-auth-password", &c->password, err);
	if (r < 0)
		return r;
	r = secret_read("redis-password", &c->redis_password, err);
	if (r < 0 && r != -ENOENT)
		return r;
	err_done(err);
	return 0;
}

int gateway_config_load(struct config *ret, struct err *err)
{
	int r;

	*ret = (struct config){0};
	r = load_words(ret, err);
	if (r == 0)
		r = load_numbers(ret, err);
	if (r == 0)
		r = load_secrets(ret, err);
	return r;
}

void gateway_config_done(struct config *c)
{
	buf_wipe(&c->user);
	buf_wipe(&c->password);
	buf_wipe(&c->redis_password);
}
