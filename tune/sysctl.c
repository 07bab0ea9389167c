/*
 * Kernel settings.  The spec's values are authoritative: a node has exactly those, neither more nor
 * less.  Two are added where the spec's would do harm on their own: a range of local ports that
 * covers the ports of services needs those reserved, or an outgoing connection takes one and the
 * service cannot start; and Redis needs memory overcommit, or its background save fails.
 */
#include "tune/parts.h"

#include <stdio.h>
#include <string.h>

#include "lib/node/template.h"
#include "lib/spec/ports.h"

#define FILE_PATH  "/etc/sysctl.d/90-svarm.conf"
#define RANGE      "net.ipv4.ip_local_port_range"
#define RESERVED   "net.ipv4.ip_local_reserved_ports"
#define OVERCOMMIT "vm.overcommit_memory"

static const struct {
	const char *key, *why;
} reasons[] = {
	{"net.core.somaxconn", "how many accepted connections may wait for a program"},
	{"net.ipv4.tcp_tw_reuse", "connections that were closed lend their port to new ones"},
	{RANGE, "ports that outgoing connections may use"},
	{RESERVED, "ports of services, kept free of outgoing connections"},
	{OVERCOMMIT, "lets Redis fork for its background save"},
	{"vm.swappiness", "how readily memory is swapped out"},
};

/* @first..@last as far as it lies within the range, with @port out of turn when it comes first. */
static void range_clip(struct buf *out, int first, int last, int low, int high)
{
	if (MAX_OF(first, low) <= MIN_OF(last, high))
		ports_add(out, MAX_OF(first, low), MIN_OF(last, high));
}

void tune_reserved_ports(struct buf *out, int low, int high, int ssh)
{
	bool done = ssh < 1024; /* never in a range worth having */

	for (size_t i = 0; i < n_service_ports; i++) {
		if (!done && ssh < service_ports[i].first) {
			range_clip(out, ssh, ssh, low, high);
			done = true;
		}
		if (ssh >= service_ports[i].first && ssh <= service_ports[i].last)
			done = true;
		range_clip(out, service_ports[i].first, service_ports[i].last, low, high);
	}
	if (!done)
		range_clip(out, ssh, ssh, low, high);
}

/* ---- the list of settings ---- */

typedef void (*setting_fn)(void *arg, const char *key, const char *value);

/* Call @fn for every setting of @n, the reserved ports before the range that needs them. */
static void each_setting(
	const struct cluster *c, const struct spec_node *n, setting_fn fn, void *arg)
{
	_cleanup_buf_ struct buf reserved = BUF_INIT;
	const char *range = cluster_sysctl(c, RANGE);
	int low = 32768, high = 60999; /* the kernel's default */

	if (range && sscanf(range, "%d %d", &low, &high) != 2)
		low = 1, high = 65535;
	tune_reserved_ports(&reserved, low, high, n->port);
	if (reserved.len && !cluster_sysctl(c, RESERVED))
		fn(arg, RESERVED, buf_str(&reserved));
	for (size_t i = 0; i < c->tune.n_sysctl; i++)
		fn(arg, c->tune.sysctl[i].key, c->tune.sysctl[i].value);
	if (n->roles & ROLE_DATABASE && !cluster_sysctl(c, OVERCOMMIT))
		fn(arg, OVERCOMMIT, "1");
}

static const char *reason(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].key, key))
			return reasons[i].why;
	return "asked for in the spec";
}

static void ask_one(void *arg, const char *key, const char *value)
{
	facts_ask(arg, "sysctl", key);
}

void sysctl_ask(const struct cluster *c, const struct spec_node *n, struct buf *question)
{
	facts_ask(question, "file", FILE_PATH);
	each_setting(c, n, ask_one, question);
}

static void render_one(void *arg, const char *key, const char *value)
{
	struct template_scope *row = template_row(arg, "settings");

	template_set(row, "key", "%s", key);
	template_set(row, "value", "%s", value);
	template_set(row, "why", "%s", reason(key));
}

static void want_one(void *arg, const char *key, const char *value)
{
	struct resource_set *want = arg;
	struct resource *r = resource_add(want, RES_SYSCTL, key, reason(key));

	r->sysctl.value = arena_strdup(want->arena, value);
}

int sysctl_want(const struct cluster *c, const struct spec_node *n, struct resource_set *want,
	struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct resource *file;
	int r;

	template_set(s, "cluster", "%s", c->name);
	template_list(s, "settings");
	each_setting(c, n, render_one, s);
	r = template_render("sysctl.conf", s, &text, err);
	if (r < 0)
		return r;

	/* Live first: a value the kernel refuses must not be in force at the next boot. */
	each_setting(c, n, want_one, want);
	file = resource_add(want, RES_FILE, FILE_PATH, "kernel settings, kept across boots");
	file->file.content = arena_memdup(want->arena, buf_str(&text), text.len + 1);
	file->file.len = text.len;
	file->file.mode = 0644;
	return 0;
}
