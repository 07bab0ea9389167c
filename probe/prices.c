/*
 * Reads a file of prices, and checks what one row cannot know of another: prices that begin twice,
 * meters without a price, rates of exchange that cannot be.  See prices.h.
 */
#include "probe/prices.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"
#include "lib/spec/parse.h"
#include "probe/prices_grammar.h"

struct check {
	struct prices *prices;
	struct diag *diag;
	struct marks *marks;
};

/* Note a mistake at the place of the path, which a spec-like path of keys names. */
static void _printf_(3, 4) complain(struct check *k, const char *path, const char *fmt, ...)
{
	const struct mark *m = marks_find(k->marks, "%s", path);
	struct yaml_span at = m ? m->at : (struct yaml_span){{1, 1}, {1, 1}};
	_cleanup_free_ char *msg = NULL;
	va_list ap;

	va_start(ap, fmt);
	msg = xvasprintf(fmt, ap);
	va_end(ap);
	diag_add(k->diag, at, path, "%s", msg);
}

static int by_meter(const void *a, const void *b)
{
	const struct price_row *x = a, *y = b;

	if (x->meter != y->meter)
		return x->meter - y->meter;
	if (x->above != y->above)
		return x->above < y->above ? -1 : 1;
	return x->line - y->line;
}

/* The first row of @meter among sorted ones, or NULL. */
static const struct price_row *first_of(const struct price_provider *p, enum meter meter)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (p->rows[i].meter == (int)meter)
			return &p->rows[i];
	return NULL;
}

/* The rows of one meter: the first begins at 0 and alone gives something away. */
static void check_meter(
	struct check *k, const struct price_provider *p, enum meter meter, const char *path)
{
	const struct price_row *first = first_of(p, meter), *end;
	bool needed = meter == METER_REQUESTS || meter == METER_GB_SECONDS;

	if (!first && (needed || (meter == METER_FRONT && p->front)))
		complain(k, path, "no price of '%s'", meter_name(meter));
	if (!first)
		return;
	end = p->rows + p->n_rows;
	if (first->above > 0)
		complain(k, path, "the first price of '%s' (line %d) must begin at 0",
			meter_name(meter), first->line);
	for (const struct price_row *r = first + 1; r < end && r->meter == (int)meter; r++) {
		if (r->above == r[-1].above)
			complain(k, path,
				"two prices of '%s' begin at the same amount: lines %d and %d",
				meter_name(meter), r[-1].line, r->line);
		if (r->free > 0)
			complain(k, path, "line %d: only the first price of '%s' can have 'free'",
				r->line, meter_name(meter));
	}
}

static void check_provider(struct check *k, size_t index)
{
	struct price_provider *p = &k->prices->providers[index];
	_cleanup_free_ char *path = xasprintf("providers[%zu]", index);
	_cleanup_free_ char *prices = xasprintf("%s.prices", path);

	for (size_t i = 0; i < index; i++)
		if (!strcmp(k->prices->providers[i].name, p->name))
			complain(k, path, "the name '%s' is taken; first in line %d", p->name,
				k->prices->providers[i].line);
	if (p->n_rows)
		qsort(p->rows, p->n_rows, sizeof(*p->rows), by_meter);
	for (int m = 0; m < N_METERS; m++)
		check_meter(k, p, (enum meter)m, prices);
	if (first_of(p, METER_FRONT) && !p->front)
		complain(
			k, prices, "has a price of 'front', but 'front' does not say what that is");
	if ((p->max_ms > 0 && p->max_ms < p->min_ms) || (p->max_mb > 0 && p->max_mb < p->min_mb))
		complain(k, path, "a maximum is below its minimum");
}

static void check_rate(struct check *k, size_t index)
{
	const struct price_rate *r = &k->prices->rates[index];
	_cleanup_free_ char *path = xasprintf("rates[%zu]", index);

	if (!strcmp(r->of, r->in))
		complain(k, path, "'of' and 'in' are the same currency");
	if (r->rate <= 0)
		complain(k, path, "a rate of 0");
	for (size_t i = 0; i < index; i++)
		if (!strcmp(k->prices->rates[i].of, r->of) &&
			!strcmp(k->prices->rates[i].in, r->in))
			complain(k, path, "%s in %s is given twice; first in line %d", r->of, r->in,
				k->prices->rates[i].line);
}

static void check_all(struct check *k)
{
	if (!k->prices->n_providers)
		complain(k, "providers", "must have at least one");
	for (size_t i = 0; i < k->prices->n_providers; i++)
		check_provider(k, i);
	for (size_t i = 0; i < k->prices->n_rates; i++)
		check_rate(k, i);
}

static void read_prices(
	const struct source *source, struct prices *p, struct diag *diag, struct marks *marks)
{
	const struct parse_target to = {
		.root = &prices_root,
		.object = p,
		.arena = &p->arena,
		.noun = "file of prices",
		.needs = "providers",
	};
	struct check k = {p, diag, marks};
	_cleanup_err_ struct err err = ERR_INIT;
	struct yaml_pos at;

	if (source_check(source, &at, &err) < 0) {
		diag_add(diag, (struct yaml_span){at, at}, "", "%s", err_msg(&err));
		return;
	}
	/* What is compared below is only there when the rows are right. */
	if (grammar_parse(source, &to, diag, marks) && !diag->total)
		check_all(&k);
}

int prices_parse(
	const char *name, const char *text, size_t len, struct prices **ret, struct err *err)
{
	struct source source = source_of(name, text, len);
	_cleanup_(diag_done) struct diag diag = DIAG_INIT(&source);
	_cleanup_(marks_done) struct marks marks = MARKS_INIT;
	_cleanup_(prices_freep) struct prices *p = xcalloc(1, sizeof(*p));
	int r;

	read_prices(&source, p, &diag, &marks);
	r = diag_result(&diag, err);
	if (r < 0)
		return r;
	p->path = arena_strdup(&p->arena, name);
	*ret = TAKE_PTR(p);
	return 0;
}

int prices_load(const char *path, struct prices **ret, struct err *err)
{
	static const char builtin[] = "prices.yaml";
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (path)
		r = buf_read_file(&text, path, SPEC_MAX_BYTES, err);
	else
		r = template_text(builtin, &text, err);
	if (r == -ENOENT || r == -EISDIR || r == -EFBIG)
		r = err->code = ERR_SPEC;
	if (r < 0)
		return r;
	if (!path)
		path = builtin;
	return prices_parse(
		strcmp(path, "-") ? path : "<stdin>", buf_str(&text), text.len, ret, err);
}

void prices_free(struct prices *p)
{
	if (!p)
		return;
	arena_done(&p->arena);
	free(p);
}
