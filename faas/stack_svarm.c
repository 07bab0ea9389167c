/* The stack of svarm's own services: what the template needs to know. */
#include "faas/stack.h"

#include <stdio.h>
#include <string.h>

#include "lib/spec/ports.h"

#define SOMAXCONN "net.core.somaxconn"
#define TW_REUSE  "net.ipv4.tcp_tw_reuse"
#define RANGE     "net.ipv4.ip_local_port_range"
#define RESERVED  "net.ipv4.ip_local_reserved_ports"

static const char *const secret_variables[N_SECRETS] = {
	[SECRET_USER] = "basic_auth_user",
	[SECRET_PASSWORD] = "basic_auth_password",
	[SECRET_REDIS] = "redis_password",
};

void stack_set_secrets(struct template_scope *s, const char *const secrets[N_SECRETS])
{
	for (int i = 0; i < N_SECRETS; i++) {
		stack_set(s, secret_variables[i], secrets[i]);
		stack_set(template_row(s, "secrets"), "source", secrets[i]);
	}
}

static void add_sysctl(
	const struct cluster *c, struct template_scope *s, const char *list, const char *key)
{
	const char *value = cluster_sysctl(c, key);

	if (value)
		stack_add_pair(s, list, key, value);
}

/* Redis only listens; gateway and workers also open connections, and many. */
void stack_set_sysctls(const struct cluster *c, struct template_scope *s)
{
	_cleanup_buf_ struct buf ports = BUF_INIT;

	template_list(s, "server_sysctls");
	add_sysctl(c, s, "server_sysctls", SOMAXCONN);
	add_sysctl(c, s, "server_sysctls", TW_REUSE);

	template_list(s, "client_sysctls");
	add_sysctl(c, s, "client_sysctls", SOMAXCONN);
	add_sysctl(c, s, "client_sysctls", TW_REUSE);
	add_sysctl(c, s, "client_sysctls", RANGE);
	if (cluster_sysctl(c, RANGE)) {
		for (size_t i = 0; i < n_service_ports; i++)
			if (service_ports[i].inside)
				ports_add(&ports, service_ports[i].first, service_ports[i].last);
		stack_add_pair(s, "client_sysctls", RESERVED, buf_str(&ports));
	}
}

void stack_set_redis(const struct cluster *c, struct template_scope *s)
{
	/* what the entry point of Redis' image takes: faas/images/redis-entry.c */
	static const char *const words[] = {
		[REDIS_AOF] = "aof", [REDIS_AOF_EVERYSEC] = "aof-everysec", [REDIS_NONE] = "none"};

	stack_set_number(s, "redis_memory", c->faas.redis.memory);
	stack_set(s, "redis_persistence", words[c->faas.redis.persistence]);
}

static void set_image(struct template_scope *s, const char *image_variable,
	const char *tag_variable, const struct image *image)
{
	stack_set(s, image_variable, image->id);
	stack_set(s, tag_variable, image->tag);
}

/* Besides what its own settings allow, a worker needs room for one answer of Redis, for the answer
 * that may exceed the bound, and for itself. */
enum { WORKER_BASE_BYTES = 192 << 20 };

static void set_duration(struct template_scope *s, const char *name, usec_t t)
{
	template_set(s, name, "%llums", (unsigned long long)(t / USEC_PER_MSEC));
}

static void set_queue(const struct cluster *c, struct template_scope *s)
{
	const struct spec_queue *q = &c->faas.queue;

	stack_set_number(s, "max_inflight", (uint64_t)cluster_max_inflight(c));
	stack_set_number(s, "max_attempts", (uint64_t)q->attempts);
	set_duration(s, "retry", q->retry_wait);
	set_duration(s, "retry_max", q->retry_max_wait);
	stack_set_number(s, "max_dead", (uint64_t)q->dead);
	stack_set_number(s, "max_callbacks", (uint64_t)q->callbacks);
	stack_set_number(s, "worker_bytes", q->memory);
	stack_set_number(s, "worker_memory", 2 * q->memory + WORKER_BASE_BYTES);
}

static void set_all(const struct cluster *c, const struct faas_context *x, struct template_scope *s)
{
	const char *backlog = cluster_sysctl(c, SOMAXCONN);

	template_set(s, "cluster", "%s", c->name);
	set_image(s, "gateway_image", "gateway_tag", &x->own[IMAGE_GATEWAY]);
	set_image(s, "worker_image", "worker_tag", &x->own[IMAGE_WORKER]);
	set_image(s, "redis_image", "redis_tag", &x->own[IMAGE_REDIS]);
	stack_set(s, "backlog", backlog ? backlog : "4096");
	stack_set_number(s, "max_body", c->tune.nginx.client_max_body_size);
	stack_set_redis(c, s);
	set_queue(c, s);
	stack_set_sysctls(c, s);
}

/* Prometheus, when the spec wants it; it stands last in the template. */
static int set_monitoring(const struct cluster *c, const struct faas_context *x,
	struct template_scope *s, struct resource_set *want, struct err *err)
{
	const char *name = NULL;
	int r;

	stack_set_if(s, "monitoring", c->faas.monitoring == MONITORING_PROMETHEUS);
	if (c->faas.monitoring != MONITORING_PROMETHEUS)
		return 0;
	set_image(s, "prometheus_image", "prometheus_tag", &x->own[IMAGE_PROMETHEUS]);
	stack_set(s, "cluster_quoted", c->name);
	template_list(s, "alerts");
	r = config_want("prometheus.yml", "what Prometheus collects", s, want, &name, err);
	if (r < 0)
		return r;
	stack_set(s, "prometheus_config", name);
	return 0;
}

int stack_svarm_want(const struct cluster *c, const struct faas_context *x,
	const char *const secrets[N_SECRETS], struct resource_set *want, struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	struct stack_section sections[] = {
		{.scope = s,
			.variable = "redis_hash",
			.key = "redis",
			.name = "svarm_redis",
			.image = x->own[IMAGE_REDIS].tag,
			.replicas = 1},
		{.scope = s,
			.variable = "gateway_hash",
			.key = "gateway",
			.name = "svarm_gateway",
			.image = x->own[IMAGE_GATEWAY].tag,
			.replicas = -1},
		{.scope = s,
			.variable = "queue_worker_hash",
			.key = "queue-worker",
			.name = "svarm_queue-worker",
			.image = x->own[IMAGE_WORKER].tag,
			.replicas = -1},
		{.scope = s,
			.variable = "prometheus_hash",
			.key = "prometheus",
			.name = "svarm_prometheus",
			.image = x->own[IMAGE_PROMETHEUS].tag,
			.replicas = 1},
	};
	const struct stack_file file = {
		.stack = "svarm",
		.why = "Redis, the gateway and the queue workers",
		.template = "stack-svarm.yml",
		.scope = s,
		.sections = sections,
		.n_sections = ARRAY_SIZE(sections) - (c->faas.monitoring != MONITORING_PROMETHEUS),
	};
	int r;

	set_all(c, x, s);
	stack_set_secrets(s, secrets);
	r = set_monitoring(c, x, s, want, err);
	if (r < 0)
		return r;
	return stack_add(c, &file, want, err);
}
