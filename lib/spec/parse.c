/* Walks a text's sections by a grammar table: known keys, each once, none missing, defaults for
 * the rest.  What stands behind a key is read in parse_value.c and parse_map.c.  See parse.h,
 * parser.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spec/parser.h"
#include "lib/spec/suggest.h"

enum { MAX_FIELDS = 32 };

static bool parse_field(struct parser *p, const struct field *f, char *base);
static void set_defaults(
	struct parser *p, const struct section *s, char *base, const struct yaml_pos *seen);

static const struct field *find_field(const struct section *s, const char *key)
{
	for (size_t i = 0; i < s->n_fields; i++)
		if (!strcmp(s->fields[i].key, key) ||
			(s->fields[i].also && !strcmp(s->fields[i].also, key)))
			return &s->fields[i];
	return NULL;
}

/* Report a key; the field that was probably meant, or NULL. */
static const struct field *unknown_key(struct parser *p, const struct section *s)
{
	_cleanup_buf_ struct buf key = BUF_INIT, known = BUF_INIT;
	const char *keys[MAX_FIELDS], *near;

	for (size_t i = 0; i < s->n_fields; i++) {
		keys[i] = s->fields[i].key;
		buf_addf(&known, "%s%s", i ? ", " : "", keys[i]);
	}
	value_quote(&key, p->ev.text);
	near = suggest(p->ev.text, keys, s->n_fields);
	if (near)
		diag_add(p->diag, p->ev.at, buf_str(&p->where),
			"unknown key %s; did you mean '%s'?", buf_str(&key), near);
	else
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "unknown key %s; known are: %s",
			buf_str(&key), buf_str(&known));
	return near ? find_field(s, near) : NULL;
}

/* Which keys of a section came up. */
struct seen {
	struct yaml_pos at[MAX_FIELDS]; /* line 0: not yet */
	bool meant[MAX_FIELDS];         /* by a key with a slip in it */
};

/* Step over a key that is not wanted, and its value. */
static bool skip_pair(struct parser *p, bool hide_value)
{
	return parser_skip(p, false) && parser_next(p) && parser_skip(p, hide_value);
}

/* Deal with the key at hand when it is none of the section's: 1; 0 when it is; -1 at a dead end. */
static int strange_key(struct parser *p, const struct section *s, struct seen *seen)
{
	bool hide = diag_secret_name(p->ev.text, strlen(p->ev.text));
	const struct field *near;

	if (parser_refused(p))
		return skip_pair(p, hide) ? 1 : -1;
	if (p->ev.kind != YAML_KIND_SCALAR) {
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "a key must be a single word");
		return skip_pair(p, hide) ? 1 : -1;
	}
	if (find_field(s, p->ev.text))
		return 0;
	if (p->ev.plain && !strcmp(p->ev.text, "<<")) {
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "%s", parser_merge_words);
		memset(seen->meant, true, sizeof(seen->meant));
		return skip_pair(p, hide) ? 1 : -1;
	}
	near = unknown_key(p, s);
	if (near)
		seen->meant[near - s->fields] = true;
	hide = hide || (near && near->type && near->type->secret);
	return skip_pair(p, hide) ? 1 : -1;
}

/* Read the key at hand and its value. */
static bool parse_pair(struct parser *p, const struct section *s, char *base, struct seen *seen)
{
	const struct field *f;
	size_t len = p->where.len;
	struct yaml_pos *first;
	int strange = strange_key(p, s, seen);

	if (strange)
		return strange > 0;
	f = find_field(s, p->ev.text);
	first = &seen->at[f - s->fields];
	if (first->line) {
		diag_add(p->diag, p->ev.at, buf_str(&p->where),
			"'%s' is given twice; first in line %d", f->key, first->line);
		return parser_next(p) && parser_skip(p, f->type && f->type->secret);
	}
	*first = p->ev.at.start;
	buf_addf(&p->where, "%s%s", len ? "." : "", f->key);
	if (!parser_next(p) || !parse_field(p, f, base))
		return false;
	parser_where_pop(p, len);
	return true;
}

static void report_missing(
	struct parser *p, const struct section *s, const struct seen *seen, struct yaml_pos at)
{
	_cleanup_buf_ struct buf keys = BUF_INIT;
	int n = 0;

	for (size_t i = 0; i < s->n_fields; i++)
		if (s->fields[i].required && !seen->at[i].line && !seen->meant[i])
			buf_addf(&keys, "%s'%s'", n++ ? ", " : "", s->fields[i].key);
	if (n)
		diag_add(p->diag, (struct yaml_span){at, at}, buf_str(&p->where), "%s %s missing",
			buf_str(&keys), n == 1 ? "is" : "are");
}

static bool parse_section(struct parser *p, const struct section *s, char *base)
{
	struct yaml_pos begin = p->ev.at.start;
	struct seen seen = {0};

	assert(s->n_fields <= MAX_FIELDS);
	for (;;) {
		if (!parser_next(p))
			return false;
		if (p->ev.kind == YAML_KIND_MAP_END)
			break;
		if (!parse_pair(p, s, base, &seen))
			return false;
	}
	report_missing(p, s, &seen, begin);
	set_defaults(p, s, base, seen.at);
	return true;
}

static void set_default(struct parser *p, const struct field *f, char *base)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (f->shape == SHAPE_SECTION)
		set_defaults(p, f->section, base + f->at, NULL);
	if (f->dflt && parser_run_type(p, f, f->type, f->dflt, base + f->at, &err) < 0)
		abort(); /* the grammar itself is wrong: every run would end here */
}

/* Of what was not @seen (NULL: of everything). */
static void set_defaults(
	struct parser *p, const struct section *s, char *base, const struct yaml_pos *seen)
{
	for (size_t i = 0; i < s->n_fields; i++)
		if (!seen || !seen[i].line)
			set_default(p, &s->fields[i], base);
}

/* What stands at hand is to be the section @item. */
static bool item_section(struct parser *p, const struct field *f, char *item)
{
	if (parser_refused(p))
		return parser_skip(p, false);
	if (p->ev.kind != YAML_KIND_MAP)
		return parser_wrong_kind(p, "a mapping", false);
	return parse_section(p, f->section, item);
}

static bool section_item(struct parser *p, const struct field *f, size_t index, void *arg)
{
	struct yaml_span at = p->ev.at;
	size_t before = p->diag->total;
	char *item = array_push(p, f, arg); /* also for a bad one: places stay true */
	bool ok = item_section(p, f, item);

	marks_add(p->marks, buf_str(&p->where), at, p->diag->total > before);
	return ok;
}

static bool parse_sections(struct parser *p, const struct field *f, char *base)
{
	struct array a = {0};
	bool ok = parse_items(p, f, false, section_item, &a);

	array_store(f, base, &a);
	return ok;
}

static bool parse_subsection(struct parser *p, const struct field *f, char *base)
{
	if (p->ev.kind == YAML_KIND_MAP)
		return parse_section(p, f->section, base + f->at);
	set_defaults(p, f->section, base + f->at, NULL);
	return parser_is_null(&p->ev) || parser_wrong_kind(p, "a mapping", false);
}

/* The line of the item with this name, or 0. */
static int named_line(const struct field *f, const struct array *a, const char *name)
{
	int line = 0;

	for (size_t i = 0; i < a->n && !line; i++) {
		const char *item = a->data + i * f->size, *other;

		memcpy(&other, item, sizeof(other));
		if (other && !strcmp(other, name))
			memcpy(&line, item + f->line_at, sizeof(line));
	}
	return line;
}

/* The name at hand; NULL when it cannot be one, which has been reported then. */
static const char *take_name(struct parser *p, const struct field *f, const struct array *a)
{
	_cleanup_err_ struct err err = ERR_INIT;
	const char *where = buf_str(&p->where), *name = NULL;
	int line;

	if (parser_refused(p))
		return NULL;
	if (p->ev.kind != YAML_KIND_SCALAR) {
		diag_add(p->diag, p->ev.at, where, "a key must be a single word");
		return NULL;
	}
	if (p->ev.plain && !strcmp(p->ev.text, "<<")) {
		diag_add(p->diag, p->ev.at, where, "%s", parser_merge_words);
		return NULL;
	}
	if (parser_run_type(p, f, f->key_type, p->ev.text, &name, &err) < 0) {
		diag_add(p->diag, p->ev.at, where, "%s", err_msg(&err));
		return NULL;
	}
	line = named_line(f, a, name);
	if (line)
		diag_add(p->diag, p->ev.at, where, "'%s' is given twice; first in line %d", name,
			line);
	return line ? NULL : name;
}

/* The name at hand, and the section behind it. */
static bool named_item(struct parser *p, const struct field *f, struct array *a)
{
	size_t before = p->diag->total;
	struct yaml_span at = p->ev.at;
	const char *name = take_name(p, f, a);
	char *item;
	bool ok;

	if (!name)
		return skip_pair(p, false);
	item = array_push(p, f, a);
	memcpy(item, &name, sizeof(name));
	buf_addf(&p->where, ".%s", name);
	if (!parser_next(p))
		return false;
	ok = item_section(p, f, item);
	marks_add(p->marks, buf_str(&p->where), at, p->diag->total > before);
	return ok;
}

static bool parse_named(struct parser *p, const struct field *f, char *base)
{
	size_t len = p->where.len;
	struct array a = {0};
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
		ok = seen > f->most ? skip_pair(p, false) : named_item(p, f, &a);
		parser_where_pop(p, len);
		if (!ok)
			return false;
	}
	array_store(f, base, &a);
	return ok;
}

static bool parse_shape(struct parser *p, const struct field *f, char *base)
{
	switch (f->shape) {
	case SHAPE_VALUE: return parse_value(p, f, base + f->at);
	case SHAPE_FLAGS: return parse_flags(p, f, base);
	case SHAPE_LIST: return parse_list(p, f, base);
	case SHAPE_MAP: return parse_map(p, f, base);
	case SHAPE_SECTION: return parse_subsection(p, f, base);
	case SHAPE_SECTIONS: return parse_sections(p, f, base);
	case SHAPE_NAMED: return parse_named(p, f, base);
	case SHAPE_IGNORED: return parser_skip(p, false);
	}
	return false;
}

static bool parse_field(struct parser *p, const struct field *f, char *base)
{
	struct yaml_span at = p->ev.at;
	size_t before = p->diag->total;
	bool ok;

	if (p->ev.refused && f->shape != SHAPE_VALUE && f->shape != SHAPE_IGNORED) {
		parser_refused(p);
		ok = parser_skip(p, false);
	} else {
		ok = parse_shape(p, f, base);
	}
	marks_add(p->marks, buf_str(&p->where), at, p->diag->total > before);
	return ok;
}

static void say_empty(struct parser *p)
{
	const struct yaml_span start = {{1, 1}, {1, 1}};

	if (p->to->needs)
		diag_add(p->diag, start, "", "the %s is empty; it needs at least '%s'", p->to->noun,
			p->to->needs);
	else
		diag_add(p->diag, start, "", "the %s is empty", p->to->noun);
}

static bool parse_root(struct parser *p)
{
	if (!parser_next(p))
		return false;
	if (p->ev.kind == YAML_KIND_END || parser_is_null(&p->ev)) {
		say_empty(p);
		return false;
	}
	if (parser_refused(p))
		return false;
	if (p->ev.kind != YAML_KIND_MAP) {
		diag_add(p->diag, (struct yaml_span){p->ev.at.start, p->ev.at.start}, "",
			"the %s must be a mapping ('key: value' lines), not %s", p->to->noun,
			parser_kind_words(&p->ev));
		return false;
	}
	return parse_section(p, p->to->root, p->to->object) && parser_next(p);
}

bool grammar_parse(const struct source *source, const struct parse_target *to, struct diag *diag,
	struct marks *marks)
{
	struct parser p = {
		.reader = yaml_reader_new(source->text, source->len),
		.to = to,
		.diag = diag,
		.marks = marks,
	};
	bool complete = parse_root(&p);

	buf_done(&p.where);
	yaml_reader_free(p.reader);
	return complete;
}

bool spec_parse(
	const struct source *source, struct draft *draft, struct diag *diag, struct marks *marks)
{
	const struct parse_target to = {
		.root = &grammar_root,
		.object = draft,
		.arena = &draft->c.arena,
		.path = draft->c.path,
		.noun = "spec",
		.needs = "nodes",
	};

	return grammar_parse(source, &to, diag, marks);
}
