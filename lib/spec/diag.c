/* Diagnostics: gathering and sorting here, drawing in excerpt.c.  See diag.h. */
#include "lib/spec/diag.h"

#include <stdlib.h>

#include "lib/base/quote.h"
#include "lib/spec/excerpt.h"

/* Beyond this many only the count matters: a hostile file must not cost memory. */
enum { MAX_KEPT = 1000 };

void diag_add(struct diag *d, struct yaml_span at, const char *where, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct diag_item *item;
	va_list ap;

	if (d->total++ >= MAX_KEPT)
		return;
	if (*where)
		buf_addf(&text, "%s: ", where);
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	item = arena_push(&d->arena, d->items, d->n_items, d->cap_items);
	item->at = at;
	item->text = arena_strdup(&d->arena, buf_str(&text));
	item->order = d->n_items;
}

void diag_mask(struct diag *d, struct yaml_span at)
{
	*arena_push(&d->arena, d->masks, d->n_masks, d->cap_masks) = at;
}

static int by_place(const void *a, const void *b)
{
	const struct diag_item *x = a, *y = b;

	if (x->at.start.line != y->at.start.line)
		return x->at.start.line < y->at.start.line ? -1 : 1;
	if (x->at.start.col != y->at.start.col)
		return x->at.start.col < y->at.start.col ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

int diag_result(struct diag *d, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT, name = BUF_INIT;
	struct source_cursor cursor = {0};
	size_t shown = MIN_OF(d->n_items, (size_t)DIAG_MAX_SHOWN);

	if (!d->total)
		return 0;
	escape_text(&name, d->source->name, strlen(d->source->name), false);
	qsort(d->items, d->n_items, sizeof(*d->items), by_place);
	for (size_t i = 0; i < shown; i++) {
		const struct diag_item *item = &d->items[i];

		buf_addf(&out, "%s%s:%d:%d: %s\n", i ? "\n" : "", buf_str(&name),
			item->at.start.line, item->at.start.col, item->text);
		if (source_seek(d->source, &cursor, item->at.start.line))
			excerpt_draw(&out, d, &cursor, item->at);
	}
	if (d->total > shown)
		buf_addf(&out, "\n…and %zu more\n", d->total - shown);
	buf_rtrim(&out);
	return err_set(err, ERR_SPEC, "%s", buf_str(&out));
}

void diag_done(struct diag *d)
{
	arena_done(&d->arena);
	*d = (struct diag){0};
}

bool diag_secret_name(const char *s, size_t len)
{
	static const char *const words[] = {"pass", "pwd", "secret", "token", "credential",
		"apikey", "api_key", "api-key", "private_key", "privatekey"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= len; at++)
			if (!strncasecmp(s + at, words[i], n))
				return true;
	}
	return false;
}
