/*
 * A test program: reads a spec and prints what became of it, for comparison with a golden file.
 *
 *	spec_dump FILE        the struct as JSON, warnings included; or the error text, and exit 2
 *	spec_dump --usage …   and on stderr: milliseconds and peak KiB
 *	spec_dump --schema    the JSON Schema
 */
#include <stdio.h>
#include <sys/resource.h>

#include "lib/base/quote.h"
#include "lib/spec/cluster.h"
#include "lib/spec/schema.h"

static void text(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "\"%s\": ", key);
	if (value)
		quote_json(b, value);
	else
		buf_adds(b, "null");
}

static void texts(struct buf *b, const char *key, const char *const *list, size_t n)
{
	buf_addf(b, "\"%s\": [", key);
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? ", " : "");
		quote_json(b, list[i]);
	}
	buf_addc(b, ']');
}

static void number(struct buf *b, const char *key, uint64_t n)
{
	buf_addf(b, "\"%s\": %llu", key, (unsigned long long)n);
}

static void pairs(struct buf *b, const char *key, const struct spec_pair *list, size_t n)
{
	buf_addf(b, "\"%s\": {", key);
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? ", " : "");
		quote_json(b, list[i].key);
		buf_adds(b, ": ");
		quote_json(b, list[i].value);
	}
	buf_addc(b, '}');
}

static void node(struct buf *b, const struct spec_node *n)
{
	static const enum node_role roles[] = {
		ROLE_MANAGER, ROLE_WORKER, ROLE_INGRESS, ROLE_DATABASE};
	const char *names[4];
	size_t n_names = 0;

	for (size_t i = 0; i < 4; i++)
		if (n->roles & roles[i])
			names[n_names++] = role_name(roles[i]);
	buf_addf(b, "    {\"index\": %zu, \"line\": %d, ", n->index, n->line);
	text(b, "name", n->name);
	buf_adds(b, ", ");
	text(b, "address", n->address);
	buf_adds(b, ", ");
	text(b, "private", n->private);
	buf_adds(b, ", ");
	text(b, "host_key", n->host_key);
	buf_adds(b, ", ");
	text(b, "user", n->user);
	buf_addf(b, ", \"port\": %d, ", n->port);
	texts(b, "roles", names, n_names);
	buf_addc(b, '}');
}

static void limits(struct buf *b, const char *key, const struct spec_limits *l)
{
	buf_addf(b, "\"%s\": {\"memory\": %llu, \"cpus\": %g}", key, (unsigned long long)l->memory,
		l->cpus);
}

static void scale(struct buf *b, const struct spec_scale *s)
{
	buf_addf(b, "\"scale\": {\"moves\": %d, \"in_labels\": %d, \"min\": %d, \"max\": %d, ",
		s->moves, s->in_labels, s->min, s->max);
	buf_addf(b, "\"type\": %d, \"target\": %d, \"factor\": %d, \"zero\": %d, ", (int)s->type,
		s->target, s->factor, s->zero);
	buf_addf(b, "\"zero_after_us\": %llu}", (unsigned long long)s->zero_after);
}

static void secrets(struct buf *b, const struct cluster *c)
{
	buf_adds(b, "\"secrets\": [");
	for (size_t i = 0; i < c->faas.n_secrets; i++) {
		const struct spec_secret *s = &c->faas.secrets[i];

		buf_adds(b, i ? ", {" : "{");
		text(b, "name", s->name);
		buf_addf(b, ", \"from\": %d, ", (int)s->from.from);
		text(b, "value", s->from.value);
		buf_addf(b, ", \"line\": %d}", s->line);
	}
	buf_addc(b, ']');
}

static void queue(struct buf *b, const struct spec_queue *q)
{
	buf_addf(b, "\"queue\": {\"max_inflight\": %d, \"attempts\": %d, \"retry_wait\": %llu, ",
		q->max_inflight, q->attempts, (unsigned long long)q->retry_wait);
	buf_addf(b, "\"retry_max_wait\": %llu, \"dead\": %d, \"callbacks\": %d, ",
		(unsigned long long)q->retry_max_wait, q->dead, q->callbacks);
	number(b, "memory", q->memory);
	buf_addc(b, '}');
}

static void function(struct buf *b, const struct spec_function *f)
{
	buf_addf(b, "    {\"line\": %d, ", f->line);
	text(b, "name", f->name);
	buf_adds(b, ", ");
	text(b, "image", f->image);
	buf_addf(b, ", \"replicas\": %d, ", f->replicas);
	text(b, "fprocess", f->fprocess);
	buf_adds(b, ",\n     ");
	pairs(b, "environment", f->env, f->n_env);
	buf_adds(b, ", ");
	pairs(b, "labels", f->labels, f->n_labels);
	buf_adds(b, ", ");
	texts(b, "constraints", f->constraints, f->n_constraints);
	buf_adds(b, ",\n     ");
	limits(b, "limits", &f->limits);
	buf_adds(b, ", ");
	limits(b, "requests", &f->requests);
	buf_addf(b, ", \"read_only\": %s,\n     ", f->read_only ? "true" : "false");
	pairs(b, "annotations", f->annotations, f->n_annotations);
	buf_adds(b, ", ");
	texts(b, "secrets", f->secrets, f->n_secrets);
	buf_addf(b, ", \"timeout_us\": %llu, \"healthcheck\": %d,\n     ",
		(unsigned long long)f->timeout, (int)f->healthcheck);
	scale(b, &f->scale);
	buf_adds(b, ", ");
	text(b, "file", f->file);
	buf_addc(b, '}');
}

static void dump_ssh(struct buf *b, const struct cluster *c)
{
	buf_adds(b, "  \"ssh\": {");
	text(b, "user", c->ssh.user);
	buf_adds(b, ", ");
	texts(b, "identities", c->ssh.identities, c->ssh.n_identities);
	buf_adds(b, ", ");
	text(b, "known_hosts", c->ssh.known_hosts);
	buf_addf(b, ", \"port\": %d, ", c->ssh.port);
	number(b, "connect_timeout_us", c->ssh.connect_timeout);
	buf_adds(b, "},\n  \"nodes\": [\n");
	for (size_t i = 0; i < c->n_nodes; i++) {
		node(b, &c->nodes[i]);
		buf_adds(b, i + 1 < c->n_nodes ? ",\n" : "\n");
	}
	buf_adds(b, "  ],\n");
}

static void dump_tune(struct buf *b, const struct cluster *c)
{
	buf_addf(b, "  \"docker_source\": %d,\n  \"sysctl\": [", (int)c->docker_source);
	for (size_t i = 0; i < c->tune.n_sysctl; i++) {
		const struct spec_sysctl *s = &c->tune.sysctl[i];

		buf_addf(b, "%s{\"line\": %d, ", i ? ", " : "", s->line);
		text(b, s->key, s->value);
		buf_addc(b, '}');
	}
	buf_adds(b, "],\n  \"nginx\": {");
	text(b, "server_name", c->tune.nginx.server_name);
	buf_adds(b, ", ");
	number(b, "client_max_body_size", c->tune.nginx.client_max_body_size);
	buf_adds(b, ", ");
	number(b, "client_body_buffer_size", c->tune.nginx.client_body_buffer_size);
	buf_addf(
		b, ", \"upstream_keepalive\": %d,\n            ", c->tune.nginx.upstream_keepalive);
	number(b, "proxy_read_timeout_us", c->tune.nginx.proxy_read_timeout);
	buf_adds(b, ", ");
	number(b, "proxy_connect_timeout_us", c->tune.nginx.proxy_connect_timeout);
	buf_addf(b, ", \"worker_connections\": %d},\n", c->tune.nginx.worker_connections);
}

static void dump_faas(struct buf *b, const struct cluster *c)
{
	buf_adds(b, "  \"images\": [");
	for (size_t i = 0; i < c->n_images; i++) {
		buf_addf(b, "%s{\"line\": %d, ", i ? ", " : "", c->images[i].line);
		text(b, "archive", c->images[i].archive);
		buf_addc(b, '}');
	}
	buf_addf(b, "],\n  \"faas\": {\"engine\": %d, ", (int)c->faas.engine);
	text(b, "user", c->faas.user);
	buf_addf(b, ", \"password\": {\"from\": %d, ", (int)c->faas.password.from);
	text(b, "value", c->faas.password.value);
	buf_addf(b, "}, \"max_inflight\": %d, ", c->faas.max_inflight);
	queue(b, &c->faas.queue);
	buf_adds(b, ", \"redis\": {");
	number(b, "memory", c->faas.redis.memory);
	buf_addf(b, ", \"persistence\": %d}, ", (int)c->faas.redis.persistence);
	secrets(b, c);
	buf_adds(b, ", \"functions\": [\n");
	for (size_t i = 0; i < c->faas.n_functions; i++) {
		function(b, &c->faas.functions[i]);
		buf_adds(b, i + 1 < c->faas.n_functions ? ",\n" : "\n");
	}
	buf_adds(b, "  ]},\n");
}

/* The engine that is not the default, and what it alone has. */
static void dump_openfaas(struct buf *b, const struct cluster *c)
{
	buf_addf(b, "  \"openfaas\": {\"monitoring\": %d, \"endpoints\": %d, ",
		(int)c->faas.monitoring, (int)c->faas.openfaas.endpoints);
	texts(b, "images", c->faas.openfaas.images, N_OPENFAAS_PARTS);
	buf_adds(b, "},\n");
}

static void dump(const struct cluster *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "{\n  ");
	text(&b, "path", c->path);
	buf_adds(&b, ", ");
	text(&b, "name", c->name);
	buf_adds(&b, ", ");
	text(&b, "leader", cluster_leader(c)->name);
	buf_adds(&b, ",\n");
	dump_ssh(&b, c);
	dump_tune(&b, c);
	dump_faas(&b, c);
	if (c->faas.engine != ENGINE_SVARM || c->faas.monitoring != MONITORING_NONE)
		dump_openfaas(&b, c);
	buf_adds(&b, "  ");
	texts(&b, "fail_if", c->fail_if, c->n_fail_if);
	buf_adds(&b, ",\n  \"warnings\": [");
	for (size_t i = 0; i < c->n_warnings; i++) {
		buf_adds(&b, i ? ",\n    " : "\n    ");
		quote_json(&b, c->warnings[i]);
	}
	buf_adds(&b, "]\n}\n");
	fwrite(b.data, 1, b.len, stdout);
}

static void print_usage(usec_t begin)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	fprintf(stderr, "%llu %ld\n", (unsigned long long)((clock_now() - begin) / USEC_PER_MSEC),
		u.ru_maxrss);
}

int main(int argc, char **argv)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t begin = clock_now();
	bool usage = argc > 2 && !strcmp(argv[1], "--usage");
	int r;

	if (argc == 2 && !strcmp(argv[1], "--schema")) {
		_cleanup_buf_ struct buf schema = BUF_INIT;

		schema_print(&schema);
		return fwrite(schema.data, 1, schema.len, stdout) != schema.len;
	}
	if (argc != 2 && !usage)
		return 64;
	r = cluster_load(argv[argc - 1], &c, &err);
	if (r < 0)
		puts(err_msg(&err));
	else
		dump(c);
	if (usage)
		print_usage(begin);
	return r < 0 ? 2 : 0;
}
