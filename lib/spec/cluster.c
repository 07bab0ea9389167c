/* Loading a spec, and looking things up in it: see cluster.h. */
#include "lib/spec/cluster.h"

#include <assert.h>

#include "lib/base/xalloc.h"
#include "lib/spec/check.h"
#include "lib/spec/include.h"
#include "lib/spec/parse.h"

static const char *shown_name(const char *path)
{
	return strcmp(path, "-") ? path : "<stdin>";
}

static void read_spec(const struct source *source, struct draft *draft, struct diag *diag,
	struct marks *marks, struct includes *includes)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct yaml_pos at;

	if (source_check(source, &at, &err) < 0) {
		diag_add(diag, (struct yaml_span){at, at}, "", "%s", err_msg(&err));
		return;
	}
	if (!spec_parse(source, draft, diag, marks))
		return;
	for (size_t i = 0; i < draft->c.faas.n_functions; i++)
		draft->c.faas.functions[i].file = draft->c.path;
	includes_read(draft, diag, marks, includes);
	spec_check(draft, diag, marks, includes);
}

int cluster_parse(
	const char *path, const char *text, size_t len, struct cluster **ret, struct err *err)
{
	struct source source = source_of(shown_name(path), text, len);
	_cleanup_(diag_done) struct diag diag = DIAG_INIT(&source);
	_cleanup_(marks_done) struct marks marks = MARKS_INIT;
	_cleanup_(includes_done) struct includes includes = {0};
	struct draft draft = {0};
	int r;

	draft.c.path = arena_strdup(&draft.c.arena, path);
	read_spec(&source, &draft, &diag, &marks, &includes);
	r = diag_result(&diag, err);
	r = includes_result(&includes, r, err);
	if (r < 0) {
		arena_done(&draft.c.arena);
		return r;
	}
	*ret = xmemdup(&draft.c, sizeof(draft.c));
	return 0;
}

int cluster_load(const char *path, struct cluster **ret, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	r = buf_read_file(&text, path, SPEC_MAX_BYTES, err);
	if (r == -EFBIG)
		return err_set(err, ERR_SPEC, "%s: larger than 1 MiB; a spec is a few kilobytes",
			shown_name(path));
	if (r < 0)
		return r;
	return cluster_parse(path, buf_str(&text), text.len, ret, err);
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c);
}

const struct spec_node *cluster_first(const struct cluster *c, enum node_role role)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (c->nodes[i].roles & role)
			return &c->nodes[i];
	return NULL;
}

const struct spec_node *cluster_leader(const struct cluster *c)
{
	const struct spec_node *leader = cluster_first(c, ROLE_MANAGER);

	assert(leader);
	return leader;
}

size_t cluster_count(const struct cluster *c, enum node_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_nodes; i++)
		n += (c->nodes[i].roles & role) != 0;
	return n;
}

int cluster_max_inflight(const struct cluster *c)
{
	return c->faas.queue.max_inflight ? c->faas.queue.max_inflight : c->faas.max_inflight;
}

const char *cluster_sysctl(const struct cluster *c, const char *key)
{
	for (size_t i = 0; i < c->tune.n_sysctl; i++)
		if (!strcmp(c->tune.sysctl[i].key, key))
			return c->tune.sysctl[i].value;
	return NULL;
}

const char *role_name(enum node_role role)
{
	for (size_t i = 0; i < grammar_n_roles; i++)
		if (grammar_roles[i].value == (int)role)
			return grammar_roles[i].text;
	return "unknown";
}
