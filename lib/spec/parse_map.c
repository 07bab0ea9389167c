/* Reads mappings whose keys are free, as sysctl and environment: no key may come twice, and telling
 * so must not take long however many there are. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "lib/spec/parser.h"

struct map_entry {
	struct spec_pair pair;
	struct yaml_span at;
};

struct map {
	struct map_entry *list; /* owned */
	size_t n, cap;
};

static void map_done(struct map *m)
{
	free(m->list);
}

static int by_key(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;
	int r = strcmp(x->pair.key, y->pair.key);

	if (r)
		return r;
	if (x->at.start.line != y->at.start.line)
		return x->at.start.line < y->at.start.line ? -1 : 1;
	return x->at.start.col - y->at.start.col;
}

static void map_refuse_twins(struct parser *p, const struct map *m)
{
	_cleanup_free_ struct map_entry *sorted = xmemdup(m->list, m->n * sizeof(*m->list));

	qsort(sorted, m->n, sizeof(*sorted), by_key);
	for (size_t i = 1; i < m->n; i++)
		if (!strcmp(sorted[i - 1].pair.key, sorted[i].pair.key))
			diag_add(p->diag, sorted[i].at, buf_str(&p->where),
				"'%s' is given twice; first in line %d", sorted[i].pair.key,
				sorted[i - 1].at.start.line);
}

/* The key at hand; NULL when it cannot be one. */
static const char *map_key(struct parser *p, const struct field *f)
{
	_cleanup_err_ struct err err = ERR_INIT;
	const char *key = NULL;

	if (parser_refused(p))
		return NULL;
	if (p->ev.kind != YAML_KIND_SCALAR)
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "a key must be a single word");
	else if (p->ev.plain && !strcmp(p->ev.text, "<<"))
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "%s", parser_merge_words);
	else if (parser_run_type(p, f, f->key_type, p->ev.text, &key, &err) < 0)
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "%s", err_msg(&err));
	return key;
}

static bool map_pair(struct parser *p, const struct field *f, struct map *m)
{
	size_t len = p->where.len, before = p->diag->total;
	bool hide = diag_secret_name(p->ev.text, strlen(p->ev.text)), ok;
	const char *key = map_key(p, f), *value = NULL;
	struct yaml_span at = p->ev.at, value_at;

	if (!parser_skip(p, false) || !parser_next(p))
		return false;
	if (!key || m->n >= f->most)
		return parser_skip(p, hide);
	value_at = p->ev.at;
	if (hide)
		diag_mask(p->diag, p->ev.at);
	buf_addf(&p->where, ".%s", key);
	ok = parse_value(p, f, &value);
	marks_add(p->marks, buf_str(&p->where), value_at, p->diag->total > before);
	parser_where_pop(p, len);
	xgrow(m->list, m->n, m->cap);
	m->list[m->n++] = (struct map_entry){{key, value, at.start.line}, at};
	return ok;
}

bool parse_map(struct parser *p, const struct field *f, char *base)
{
	_cleanup_(map_done) struct map m = {0};
	struct spec_pair *pairs;
	size_t seen = 0;
	bool ok;

	if (parser_is_null(&p->ev))
		return true;
	if (p->ev.kind != YAML_KIND_MAP)
		return parser_wrong_kind(p, "a mapping", false);
	while ((ok = parser_next(p)) && p->ev.kind != YAML_KIND_MAP_END) {
		if (seen++ == f->most)
			diag_add(p->diag, p->ev.at, buf_str(&p->where), "has more than %zu entries",
				f->most);
		if (!map_pair(p, f, &m))
			return false;
	}
	if (m.n)
		map_refuse_twins(p, &m);
	pairs = arena_array(p->arena, struct spec_pair, m.n + 1);
	for (size_t i = 0; i < m.n; i++)
		pairs[i] = m.list[i].pair;
	array_store(f, base, &(struct array){.data = (char *)pairs, .n = m.n});
	return ok;
}
