/*
 * nginx on the nodes that are the public door.  The numbers come from the spec; what they need to
 * have any effect (HTTP/1.1 upstream, the backlog named a second time, a file limit) is in
 * templates/nginx.conf.
 */
#include "tune/parts.h"

#include <stdio.h>
#include <string.h>

#include "lib/node/template.h"

#define CONF "/etc/nginx/nginx.conf"
#define IPV6 "net.ipv6.conf.all.disable_ipv6" /* exists when the kernel has IPv6 at all */

enum {
	NOFILE_MAX = 1048576, /* the kernel's default fs.nr_open: a higher limit is refused */
	KERNEL_BACKLOG = 4096,
};

void nginx_ask(struct buf *question)
{
	facts_ask(question, "file", CONF);
	facts_ask(question, "sysctl", IPV6);
	facts_ask(question, "unit", "nginx.service");
}

/* "50m", "8k" or plain bytes: nginx's own units. */
static void set_size(struct template_scope *s, const char *name, uint64_t bytes)
{
	if (bytes && bytes % (1 << 20) == 0)
		template_set(s, name, "%llum", (unsigned long long)(bytes >> 20));
	else if (bytes && bytes % (1 << 10) == 0)
		template_set(s, name, "%lluk", (unsigned long long)(bytes >> 10));
	else
		template_set(s, name, "%llu", (unsigned long long)bytes);
}

static void set_duration(struct template_scope *s, const char *name, usec_t t)
{
	if (t % USEC_PER_SEC == 0)
		template_set(s, name, "%llus", (unsigned long long)(t / USEC_PER_SEC));
	else
		template_set(s, name, "%llums", (unsigned long long)(t / USEC_PER_MSEC));
}

static void set_gateways(const struct cluster *c, struct template_scope *s)
{
	template_list(s, "gateways");
	for (size_t i = 0; i < c->n_nodes; i++) {
		const char *address = c->nodes[i].private;

		if (c->nodes[i].roles & ROLE_MANAGER)
			template_set(template_row(s, "gateways"), "address",
				strchr(address, ':') ? "[%s]" : "%s", address);
	}
}

static void set_limits(const struct cluster *c, struct template_scope *s)
{
	const char *somaxconn = cluster_sysctl(c, "net.core.somaxconn");
	const int connections = c->tune.nginx.worker_connections;

	template_set(s, "worker_connections", "%d", connections);
	template_set(s, "nofile", "%d", MIN_OF(connections, NOFILE_MAX / 2) * 2);
	if (somaxconn)
		template_set(s, "backlog", "%s", somaxconn);
	else
		template_set(s, "backlog", "%d", KERNEL_BACKLOG);
}

/* Whether "keepalive_timeout" may stand in an upstream: since nginx 1.15.3; Ubuntu 18.04 has 1.14.
 */
static bool has_keepalive_limits(const struct facts *f)
{
	return strcmp(f->os_id, "ubuntu") != 0 || strcmp(f->os_version, "18.04") != 0;
}

static int render(const struct cluster *c, const struct facts *f, struct buf *out, struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();

	template_set(s, "cluster", "%s", c->name);
	template_set(s, "server_name", "%s", c->tune.nginx.server_name);
	template_set(s, "upstream_keepalive", "%d", c->tune.nginx.upstream_keepalive);
	set_size(s, "client_max_body_size", c->tune.nginx.client_max_body_size);
	set_size(s, "client_body_buffer_size", c->tune.nginx.client_body_buffer_size);
	set_duration(s, "read_timeout", c->tune.nginx.proxy_read_timeout);
	set_duration(s, "connect_timeout", c->tune.nginx.proxy_connect_timeout);
	set_limits(c, s);
	set_gateways(c, s);
	template_list(s, "keepalive_limits");
	if (has_keepalive_limits(f))
		template_row(s, "keepalive_limits");
	template_list(s, "ipv6");
	if (facts_sysctl(f, IPV6))
		template_row(s, "ipv6");
	return template_render("nginx.conf", s, out, err);
}

int nginx_want(
	const struct cluster *c, const struct facts *f, struct resource_set *want, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct resource *file;
	int r;

	r = render(c, f, &text, err);
	if (r < 0)
		return r;
	file = resource_add(want, RES_FILE, CONF, "the public door: limits, buffers, keepalive");
	file->file.content = arena_memdup(want->arena, buf_str(&text), text.len + 1);
	file->file.len = text.len;
	file->file.mode = 0644;
	file->file.check = "check_nginx";
	file->file.triggers = "nginx.service";

	resource_add(want, RES_UNIT, "nginx.service", "the public door");
	return 0;
}
