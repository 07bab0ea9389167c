/* Reads single values and lists of them, by the types of the grammar. */
#include <string.h>

#include "lib/spec/parser.h"

int parser_run_type(struct parser *p, const struct field *f, const struct type *type,
	const char *text, void *out, struct err *err)
{
	struct value_context x = {
		.arena = p->arena,
		.base = p->path,
		.min = f->min,
		.max = f->max,
		.words = f->words,
		.n_words = f->n_words,
	};

	if (x.base && !strcmp(x.base, "-"))
		x.base = NULL;
	return type->parse(&x, text, out, err);
}

static void take_scalar(struct parser *p, const struct field *f, void *out)
{
	_cleanup_err_ struct err err = ERR_INIT;
	const char *where = buf_str(&p->where), *text = p->ev.text;

	if (parser_is_null(&p->ev))
		diag_add(p->diag, p->ev.at, where, "needs a value%s",
			f->type->may_be_empty ? "; write \"\" for an empty one" : "");
	else if (!*text && !f->type->may_be_empty)
		diag_add(p->diag, p->ev.at, where, "must not be empty");
	else if (parser_run_type(p, f, f->type, text, out, &err) < 0)
		diag_add(p->diag, p->ev.at, where, "%s", err_msg(&err));
}

bool parse_value(struct parser *p, const struct field *f, void *out)
{
	if (parser_refused(p))
		return parser_skip(p, f->type->secret);
	if (p->ev.kind != YAML_KIND_SCALAR)
		return parser_wrong_kind(p, f->type->name, f->type->secret);
	if (f->type->secret &&
		parser_run_type(p, f, f->type, p->ev.text, &(struct secret_ref){0}, NULL) < 0)
		diag_mask(p->diag, p->ev.at);
	take_scalar(p, f, out);
	return true;
}

/* ---- lists ---- */

bool parse_items(struct parser *p, const struct field *f, bool or_one, item_fn *fn, void *arg)
{
	size_t len = p->where.len, n = 0;
	bool ok = true;

	if (parser_is_null(&p->ev))
		return true;
	if (or_one && p->ev.kind == YAML_KIND_SCALAR)
		return fn(p, f, 0, arg);
	if (p->ev.kind != YAML_KIND_LIST)
		return parser_wrong_kind(p, "a list", f->type && f->type->secret);
	while ((ok = parser_next(p)) && p->ev.kind != YAML_KIND_LIST_END) {
		if (f->most && n == f->most)
			diag_add(p->diag, p->ev.at, buf_str(&p->where), "has more than %zu entries",
				f->most);
		buf_addf(&p->where, "[%zu]", n);
		ok = f->most && n >= f->most ? parser_skip(p, false) : fn(p, f, n, arg);
		n++;
		parser_where_pop(p, len);
		if (!ok)
			return false;
	}
	return ok;
}

void *array_push(struct parser *p, const struct field *f, struct array *a)
{
	char *item;

	a->data = arena_grow_(p->arena, a->data, a->n, &a->cap, f->size);
	item = a->data + a->n++ * f->size;
	if (f->line_at != NOWHERE)
		memcpy(item + f->line_at, &p->ev.at.start.line, sizeof(int));
	return item;
}

void array_store(const struct field *f, char *base, const struct array *a)
{
	memcpy(base + f->at, &a->data, sizeof(a->data));
	memcpy(base + f->count_at, &a->n, sizeof(a->n));
}

static bool list_item(struct parser *p, const struct field *f, size_t index, void *arg)
{
	struct yaml_span at = p->ev.at;
	size_t before = p->diag->total;
	bool ok = parse_value(p, f, array_push(p, f, arg));

	marks_add(p->marks, buf_str(&p->where), at, p->diag->total > before);
	return ok;
}

bool parse_list(struct parser *p, const struct field *f, char *base)
{
	struct array a = {0};
	bool ok = parse_items(p, f, true, list_item, &a);

	array_store(f, base, &a);
	return ok;
}

static bool flag_item(struct parser *p, const struct field *f, size_t index, void *arg)
{
	size_t before = p->diag->total;
	unsigned *flags = arg;
	struct yaml_span at = p->ev.at;
	int flag = 0;

	if (!parse_value(p, f, &flag))
		return false;
	if (p->diag->total == before && (*flags & (unsigned)flag))
		diag_add(p->diag, at, buf_str(&p->where), "is named twice");
	*flags |= (unsigned)flag;
	return true;
}

bool parse_flags(struct parser *p, const struct field *f, char *base)
{
	struct yaml_span at = p->ev.at;
	size_t before = p->diag->total;
	unsigned flags = 0;

	if (!parse_items(p, f, true, flag_item, &flags))
		return false;
	if (!flags && p->diag->total == before)
		diag_add(p->diag, at, buf_str(&p->where), "must name at least one");
	memcpy(base + f->at, &flags, sizeof(flags));
	return true;
}
