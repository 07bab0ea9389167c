/* The parser's hands: the next event, stepping over values, mistakes every part can meet. */
#include <limits.h>
#include <string.h>

#include "lib/spec/parser.h"

const char parser_merge_words[] = "merge keys ('<<') are not accepted; write the keys out";

/* A syntax error can be in the middle of a secret, or be what a careless quote left of it. */
static void hide_broken(struct parser *p, const struct yaml_failure *f)
{
	const struct diag *d = p->diag;
	struct yaml_pos end = {f->at.line, INT_MAX}, last = {0};

	if (f->in_scalar && f->since.line < f->at.line) {
		diag_mask(p->diag, (struct yaml_span){f->since, end});
		return;
	}
	if (d->n_masks)
		last = d->masks[d->n_masks - 1].end;
	if (last.line == f->at.line && f->at.col >= last.col && f->at.col - last.col <= 1)
		diag_mask(p->diag, (struct yaml_span){last, end});
}

/* The text stays as it was when it cannot be replaced. */
static void replace_variables(struct parser *p)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (expand_text(p->expand, p->ev.text, p->ev.at.start.line, &err) < 0) {
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "%s", err_msg(&err));
		return;
	}
	p->ev.text = buf_str(&p->expand->text);
	p->ev.plain =
		false; /* nothing in it is YAML's any more: it is text, also when it is empty */
}

bool parser_next(struct parser *p)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct yaml_failure failure;

	if (yaml_next(p->reader, &p->ev, &err) >= 0) {
		if (p->expand && p->ev.kind == YAML_KIND_SCALAR && strchr(p->ev.text, '$'))
			replace_variables(p);
		return true;
	}
	failure = yaml_failed(p->reader);
	hide_broken(p, &failure);
	diag_add(p->diag, (struct yaml_span){failure.at, failure.at}, "", "%s", err_msg(&err));
	return false;
}

void parser_where_pop(struct parser *p, size_t len)
{
	p->where.len = len;
	if (p->where.data)
		p->where.data[len] = '\0';
}

bool parser_skip(struct parser *p, bool hide)
{
	struct yaml_span at = p->ev.at;
	int depth = 0;

	for (;;) {
		if (p->ev.kind == YAML_KIND_LIST || p->ev.kind == YAML_KIND_MAP)
			depth++;
		else if (p->ev.kind == YAML_KIND_LIST_END || p->ev.kind == YAML_KIND_MAP_END)
			depth--;
		if (depth == 0)
			break;
		if (!parser_next(p))
			return false;
	}
	at.end = p->ev.at.end;
	if (hide)
		diag_mask(p->diag, at);
	return true;
}

bool parser_is_null(const struct yaml_event *ev)
{
	return ev->kind == YAML_KIND_SCALAR && ev->plain && !ev->refused &&
	       (!*ev->text || !strcmp(ev->text, "~") || !strcmp(ev->text, "null"));
}

const char *parser_kind_words(const struct yaml_event *ev)
{
	if (ev->kind == YAML_KIND_LIST)
		return "a list";
	if (ev->kind == YAML_KIND_MAP)
		return "a mapping";
	return parser_is_null(ev) ? "nothing" : "a single value";
}

bool parser_wrong_kind(struct parser *p, const char *wanted, bool hide)
{
	diag_add(p->diag, p->ev.at, buf_str(&p->where), "must be %s, not %s", wanted,
		parser_kind_words(&p->ev));
	return parser_skip(p, hide);
}

bool parser_refused(struct parser *p)
{
	if (p->ev.refused)
		diag_add(p->diag, p->ev.at, buf_str(&p->where), "%s", p->ev.refused);
	return p->ev.refused != NULL;
}
