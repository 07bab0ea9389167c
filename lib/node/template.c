/*
 * The texts that land on nodes, and the small strict language that fills them: see template.h.
 * Strict, because a template ends up as somebody's nginx.conf: a name nobody set, a section nobody
 * closed or a stray brace is an error with its line, never an empty string.
 */
#include "lib/node/template.h"

#include <ctype.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

enum {
	MAX_TEMPLATE = 1 << 20, /* bytes of an overriding file */
	MAX_OUTPUT = 16 << 20,  /* bytes of one rendering */
	MAX_DEPTH = 16,         /* nested sections */
	MAX_NAME = 64,
};

struct variable {
	char *name, *value;
};

struct list {
	char *name;
	struct template_scope **rows;
	size_t n, cap;
};

struct template_scope {
	const struct template_scope *parent;
	struct variable *variables;
	size_t n_variables, cap_variables;
	struct list *lists;
	size_t n_lists, cap_lists;
};

static const char *override_dir;

void template_set_dir(const char *dir)
{
	override_dir = dir;
}

/* ---- texts ---- */

/* 1 when the folder has the file and it was read, 0 when it has not. */
static int text_from_dir(const char *name, struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (!override_dir || strchr(name, '/'))
		return 0;
	buf_addf(&path, "%s/%s", override_dir, name);
	if (access(buf_str(&path), F_OK) < 0 && errno == ENOENT)
		return 0;
	r = buf_read_file(&text, buf_str(&path), MAX_TEMPLATE, err);
	if (r < 0)
		return r;
	if (memchr(buf_str(&text), '\0', text.len))
		return err_set(err, -EBADMSG, "template '%s' holds a NUL byte", buf_str(&path));
	buf_add(out, buf_str(&text), text.len);
	return 1;
}

int template_text(const char *name, struct buf *out, struct err *err)
{
	int r;

	r = text_from_dir(name, out, err);
	if (r != 0)
		return r < 0 ? r : 0;
	for (const struct template *t = template_table; t->name; t++) {
		if (strcmp(t->name, name))
			continue;
		buf_add(out, t->text, t->len);
		return 0;
	}
	return err_set(err, -ENOENT, "no template is called '%s'", name);
}

/* ---- scopes ---- */

struct template_scope *template_scope_new(void)
{
	return xcalloc(1, sizeof(struct template_scope));
}

void template_scope_free(struct template_scope *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_variables; i++) {
		free(s->variables[i].name);
		free(s->variables[i].value);
	}
	for (size_t i = 0; i < s->n_lists; i++) {
		for (size_t j = 0; j < s->lists[i].n; j++)
			template_scope_free(s->lists[i].rows[j]);
		free(s->lists[i].rows);
		free(s->lists[i].name);
	}
	free(s->variables);
	free(s->lists);
	free(s);
}

static struct variable *own_variable(const struct template_scope *s, const char *name)
{
	for (size_t i = 0; i < s->n_variables; i++)
		if (!strcmp(s->variables[i].name, name))
			return &s->variables[i];
	return NULL;
}

static const char *find_value(const struct template_scope *s, const char *name)
{
	for (; s; s = s->parent) {
		const struct variable *v = own_variable(s, name);

		if (v)
			return v->value;
	}
	return NULL;
}

static struct list *own_list(const struct template_scope *s, const char *name)
{
	for (size_t i = 0; i < s->n_lists; i++)
		if (!strcmp(s->lists[i].name, name))
			return &s->lists[i];
	return NULL;
}

static const struct list *find_list(const struct template_scope *s, const char *name)
{
	for (; s; s = s->parent) {
		const struct list *l = own_list(s, name);

		if (l)
			return l;
	}
	return NULL;
}

void template_set(struct template_scope *s, const char *name, const char *fmt, ...)
{
	struct variable *v = own_variable(s, name);
	va_list ap;
	char *value;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	if (v) {
		free(v->value);
		v->value = value;
		return;
	}
	xgrow(s->variables, s->n_variables, s->cap_variables);
	s->variables[s->n_variables++] = (struct variable){xstrdup(name), value};
}

void template_list(struct template_scope *s, const char *name)
{
	if (own_list(s, name))
		return;
	xgrow(s->lists, s->n_lists, s->cap_lists);
	s->lists[s->n_lists++] = (struct list){.name = xstrdup(name)};
}

struct template_scope *template_row(struct template_scope *s, const char *name)
{
	struct template_scope *row = template_scope_new();
	struct list *l;

	template_list(s, name);
	l = own_list(s, name);
	row->parent = s;
	xgrow(l->rows, l->n, l->cap);
	l->rows[l->n++] = row;
	return row;
}

/* ---- rendering ---- */

struct render {
	const char *name; /* of the template, for messages */
	const char *text, *end;
	struct buf *out;
	size_t start; /* length of out before this rendering */
	struct err *err;
};

struct tag {
	char sigil; /* '#', '^', '/', or 0 for a variable */
	char name[MAX_NAME + 1];
	const char *from, *next; /* first byte of the tag, first byte after it */
};

/* The innermost open section, NULL at the top. */
struct section {
	const char *name;
	int line;
};

static int line_of(const struct render *r, const char *at)
{
	int line = 1;

	for (const char *c = r->text; c < at; c++)
		line += *c == '\n';
	return line;
}

static int _printf_(3, 4) fail(const struct render *r, const char *at, const char *fmt, ...)
{
	_cleanup_free_ char *msg = NULL;
	va_list ap;

	va_start(ap, fmt);
	msg = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(r->err, -EINVAL, "%s:%d: %s", r->name, line_of(r, at), msg);
}

/* The tag that begins at @at ("{{"). */
static int parse_tag(const struct render *r, const char *at, struct tag *ret)
{
	const char *c = at + 2;
	size_t n;

	*ret = (struct tag){.from = at};
	if (c < r->end && strchr("#^/", *c))
		ret->sigil = *c++;
	for (n = 0; c + n < r->end && (isalnum((unsigned char)c[n]) || c[n] == '_'); n++)
		if (n == MAX_NAME)
			return fail(r, at, "a name of over %d characters", MAX_NAME);
	if (!n || r->end - c < (ptrdiff_t)n + 2 || c[n] != '}' || c[n + 1] != '}')
		return fail(r, at,
			"'{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}");
	memcpy(ret->name, c, n);
	ret->next = c + n + 2;
	return 0;
}

/* A section tag alone on its line takes the whole line with it: widen @t to the line. */
static void widen(const struct render *r, struct tag *t)
{
	const char *from = t->from, *next = t->next;

	while (from > r->text && (from[-1] == ' ' || from[-1] == '\t'))
		from--;
	while (next < r->end && (*next == ' ' || *next == '\t'))
		next++;
	if ((from > r->text && from[-1] != '\n') || (next < r->end && *next != '\n'))
		return;
	t->from = from;
	t->next = next < r->end ? next + 1 : next;
}

static int render_body(struct render *r, const char **pos, const struct template_scope *scope,
	const struct section *open, int depth);

/* One section, from its opening tag on; *pos ends up after its closing tag.  @scope NULL: skipped,
 * only its shape is checked. */
static int render_section(struct render *r, const struct tag *t, const char **pos,
	const struct template_scope *scope, int depth)
{
	const struct section section = {t->name, line_of(r, t->from)};
	const struct list *list = scope ? find_list(scope, t->name) : NULL;
	size_t times = 0;
	int q;

	if (depth == MAX_DEPTH)
		return fail(r, t->from, "sections nested deeper than %d", MAX_DEPTH);
	if (scope && !list)
		return fail(r, t->from, "unknown list '%s'", t->name);
	if (list && t->sigil == '#')
		times = list->n;
	else if (list && !list->n)
		times = 1;

	for (size_t i = 0; i < times; i++) {
		*pos = t->next;
		q = render_body(
			r, pos, t->sigil == '#' ? list->rows[i] : scope, &section, depth + 1);
		if (q < 0)
			return q;
	}
	if (times)
		return 0;
	*pos = t->next;
	return render_body(r, pos, NULL, &section, depth + 1);
}

static int render_variable(
	struct render *r, const struct tag *t, const struct template_scope *scope)
{
	const char *value;

	if (!scope)
		return 0;
	value = find_value(scope, t->name);
	if (!value)
		return fail(r, t->from, "unknown name '%s'", t->name);
	buf_adds(r->out, value);
	return 0;
}

static int check_close(const struct render *r, const struct tag *t, const struct section *open)
{
	if (!open)
		return fail(r, t->from, "{{/%s}} closes nothing", t->name);
	if (strcmp(t->name, open->name))
		return fail(r, t->from, "{{/%s}} closes '%s', opened in line %d", t->name,
			open->name, open->line);
	return 0;
}

static const char *find_tag(const struct render *r, const char *from)
{
	const char *at = memmem(from, (size_t)(r->end - from), "{{", 2);

	return at ? at : r->end;
}

/* From *pos to the end of the section @open, or to the end of the text. */
static int render_body(struct render *r, const char **pos, const struct template_scope *scope,
	const struct section *open, int depth)
{
	struct tag t;
	int q;

	for (;;) {
		const char *at = find_tag(r, *pos);

		t = (struct tag){.from = at};
		q = at < r->end ? parse_tag(r, at, &t) : 0;
		if (q < 0)
			return q;
		if (t.sigil)
			widen(r, &t);
		if (scope && t.from > *pos)
			buf_add(r->out, *pos, (size_t)(t.from - *pos));
		if (r->out->len - r->start > MAX_OUTPUT)
			return fail(r, at, "renders to more than %d bytes", MAX_OUTPUT);
		if (at == r->end && open)
			return err_set(r->err, -EINVAL, "%s:%d: section '%s' is never closed",
				r->name, open->line, open->name);
		*pos = at < r->end ? t.next : at;
		if (at == r->end)
			return 0;
		if (t.sigil == '/')
			return check_close(r, &t, open);
		q = t.sigil ? render_section(r, &t, pos, scope, depth)
			    : render_variable(r, &t, scope);
		if (q < 0)
			return q;
	}
}

int template_render_text(const char *name, const char *text, size_t len,
	const struct template_scope *scope, struct buf *out, struct err *err)
{
	struct render r = {
		.name = name,
		.text = text,
		.end = text + len,
		.out = out,
		.start = out->len,
		.err = err,
	};
	const char *pos = text;
	int q;

	q = render_body(&r, &pos, scope, NULL, 0);
	if (q < 0 && out->data) {
		out->len = r.start; /* nothing of a failed rendering stays */
		out->data[out->len] = '\0';
	}
	return q;
}

int template_render(
	const char *name, const struct template_scope *scope, struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	r = template_text(name, &text, err);
	if (r < 0)
		return r;
	return template_render_text(name, buf_str(&text), text.len, scope, out, err);
}
