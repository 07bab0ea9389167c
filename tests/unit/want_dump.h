/* Prints resources for people and for golden files. */
#pragma once

#include <string.h>

#include "lib/base/path.h"
#include "lib/node/resource.h"

static inline void indent(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;

		buf_adds(out, stop > text ? "    | " : "    |");
		buf_add(out, text, (size_t)(stop - text));
		buf_adds(out, nl ? "\n" : "\n    \\ no newline at the end\n");
		text = nl ? nl + 1 : end;
	}
}

static inline const char *or_none(const char *s)
{
	return s ? s : "none";
}

static inline void dump_file(const struct resource *r, struct buf *out)
{
	buf_addf(out, "    mode %04o, check %s, triggers %s%s%s\n", r->file.mode,
		or_none(r->file.check), or_none(r->file.triggers),
		r->file.restart ? ", restart" : "", r->file.secret ? ", secret" : "");
	indent(out, r->file.content, r->file.len);
}

static inline void dump_stack(const struct resource *r, struct buf *out)
{
	for (size_t i = 0; i < r->stack.n_services; i++)
		buf_addf(out, "    service %s hash %s image %s replicas %d (%d to %d)\n",
			r->stack.services[i].name, r->stack.services[i].hash,
			r->stack.services[i].image, r->stack.services[i].replicas,
			r->stack.services[i].min, r->stack.services[i].max);
	for (size_t i = 0; i < r->stack.n_promises; i++)
		buf_addf(out, "    awaits %s\n", r->stack.promises[i]);
	indent(out, r->stack.content, r->stack.len);
}

static inline void dump_functions(const struct resource *r, struct buf *out)
{
	for (size_t i = 0; i < r->functions.n; i++) {
		const struct function_service *f = &r->functions.items[i];

		buf_addf(out, "    service %s hash %s image %s replicas %d\n", f->service.name,
			f->service.hash, f->service.image, f->service.replicas);
		indent(out, f->spec, strlen(f->spec));
		buf_addc(out, '\n');
	}
}

static inline void dump_details(const struct resource *r, struct buf *out)
{
	switch (r->kind) {
	case RES_PACKAGE: break;
	case RES_DIRECTORY: buf_addf(out, "    mode %04o\n", r->directory.mode); break;
	case RES_FILE: dump_file(r, out); break;
	case RES_SYSCTL: buf_addf(out, "    = %s\n", r->sysctl.value); break;
	case RES_UNIT: break;
	case RES_DAEMON: indent(out, r->daemon.wanted, strlen(r->daemon.wanted)); break;
	case RES_SWARM:
		buf_addf(out, "    init %d manager %d address %s leader %s pool %s\n",
			r->swarm.init, r->swarm.manager, r->swarm.address, r->swarm.leader,
			r->swarm.pool ? r->swarm.pool : "-");
		break;
	case RES_LABEL:
		buf_addf(out, "    %s on %s (%s), awaits %s\n", r->label.value, r->label.node,
			r->label.address, or_none(r->label.promise));
		break;
	case RES_NETWORK:
		buf_addf(out, "    subnet %s mtu %d\n", or_none(r->network.subnet), r->network.mtu);
		break;
	case RES_IMAGE:
		buf_addf(out, "    %s from %s, %llu bytes\n", r->image.id,
			path_base(r->image.archive), (unsigned long long)r->image.bytes);
		break;
	case RES_SECRET: indent(out, r->secret.value, r->secret.len); break;
	case RES_CONFIG: indent(out, r->config.content, r->config.len); break;
	case RES_STACK: dump_stack(r, out); break;
	case RES_FUNCTIONS: dump_functions(r, out); break;
	}
}

static const char *const want_words[] = {
	[RES_PACKAGE] = "package",
	[RES_DIRECTORY] = "directory",
	[RES_FILE] = "file",
	[RES_SYSCTL] = "sysctl",
	[RES_UNIT] = "unit",
	[RES_DAEMON] = "daemon",
	[RES_SWARM] = "swarm",
	[RES_LABEL] = "label",
	[RES_NETWORK] = "network",
	[RES_IMAGE] = "image",
	[RES_SECRET] = "secret",
	[RES_CONFIG] = "config",
	[RES_STACK] = "stack",
	[RES_FUNCTIONS] = "functions",
};

static inline void want_dump(const struct resource_set *want, struct buf *out)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct resource *r = &want->items[i];

		buf_addf(out, "%s %s: %s\n", want_words[r->kind], r->name, or_none(r->why));
		dump_details(r, out);
	}
}
