/* Findings of health for people and for programs: see health_print.h. */
#include "cli/health_print.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/table.h"
#include "lib/base/width.h"

static const struct {
	const char *mark;
	enum cell_style style;
} marks[] = {
	[HEALTH_OK] = {"✓", CELL_GOOD},
	[HEALTH_NOTE] = {"·", CELL_DIM},
	[HEALTH_WARN] = {"!", CELL_WARN},
	[HEALTH_FAIL] = {"✗", CELL_BAD},
	[HEALTH_SKIP] = {"-", CELL_DIM},
};

struct layout {
	struct buf *out;
	bool color;
	size_t width;               /* 0: no limit */
	size_t group, probe, where; /* widths of the columns */
	size_t text;                /* column where the text begins */
};

static void add_styled(struct layout *l, enum cell_style style, const char *s)
{
	bool on = l->color && *s && style != CELL_PLAIN;

	buf_adds(l->out, on ? style_on(style) : "");
	buf_adds(l->out, s);
	buf_adds(l->out, on ? STYLE_OFF : "");
}

static void add_cell(struct layout *l, enum cell_style style, const char *s, size_t width)
{
	size_t w = text_width(s);

	add_styled(l, style, s);
	text_pad(l->out, (width > w ? width - w : 0) + 2);
}

static const char *probe_of(const struct health_result *r)
{
	const char *point = strchr(r->id, '.');

	return point ? point + 1 : r->id;
}

/* What the row is about: the node, or the thing. */
static const char *where_of(const struct health_result *r)
{
	if (r->subject)
		return r->subject;
	return r->node ? r->node : "";
}

static void measure(const struct health *h, struct layout *l)
{
	for (size_t i = 0; i < health_size(h); i++) {
		const struct health_result *r = health_at(h, i);

		l->group = MAX_OF(l->group, text_width(r->group));
		l->probe = MAX_OF(l->probe, text_width(probe_of(r)));
		l->where = MAX_OF(l->where, text_width(where_of(r)));
	}
	l->text = l->group + 2 + 2 + l->probe + 2 + l->where + 2;
	/* No room beside the columns: let the terminal break lines as it likes. */
	if (l->width < l->text + 24)
		l->width = SIZE_MAX;
}

/* Neighbours with the same trouble share its remedy, below the last of them. */
static bool shares_remedy(const struct health *h, size_t i)
{
	const char *next = i + 1 < health_size(h) ? health_at(h, i + 1)->remedy : NULL;

	return next && !strcmp(next, health_at(h, i)->remedy);
}

static void add_row(struct layout *l, const struct health_result *r, bool first_of_group)
{
	static const char skipped[] = "skipped: ";

	add_cell(l, CELL_STRONG, first_of_group ? r->group : "", l->group);
	add_styled(l, marks[r->state].style, marks[r->state].mark);
	buf_addc(l->out, ' ');
	add_cell(l, CELL_PLAIN, probe_of(r), l->probe);
	add_cell(l, CELL_PLAIN, where_of(r), l->where);
	buf_adds(l->out, r->state == HEALTH_SKIP ? skipped : "");
	text_wrap(l->out, r->text, l->width,
		l->text + (r->state == HEALTH_SKIP ? strlen(skipped) : 0), l->text);
	buf_addc(l->out, '\n');
}

static void add_remedy(struct layout *l, const char *remedy)
{
	text_pad(l->out, l->text);
	add_styled(l, CELL_DIM, "→ ");
	text_wrap(l->out, remedy, l->width, l->text + 2, l->text + 2);
	buf_addc(l->out, '\n');
}

static void add_count(struct buf *out, size_t n, const char *word, const char *plural)
{
	buf_addf(out, ", %zu %s%s", n, word, n == 1 ? "" : plural);
}

/* "healthy: 42 probes, 0 failed, 1 warning (2.3s)" */
static void add_verdict(struct layout *l, const struct health *h)
{
	bool healthy = health_verdict(h) != HEALTH_FAIL;
	size_t n = health_size(h), skipped = health_count(h, HEALTH_SKIP);

	add_styled(l, healthy ? CELL_GOOD : CELL_BAD, healthy ? "healthy" : "not healthy");
	buf_addf(l->out, ": %zu probe%s", n, n == 1 ? "" : "s");
	add_count(l->out, health_count(h, HEALTH_FAIL), "failed", "");
	add_count(l->out, health_count(h, HEALTH_WARN), "warning", "s");
	if (health_count(h, HEALTH_NOTE))
		add_count(l->out, health_count(h, HEALTH_NOTE), "note", "s");
	if (skipped)
		add_count(l->out, skipped, "skipped", "");
	buf_addf(l->out, " (%.1fs)\n", health_seconds(h));
}

void health_print(const struct health *h, struct buf *out, bool color, size_t width)
{
	struct layout l = {.out = out, .color = color, .width = width};
	const char *group = "";

	measure(h, &l);
	for (size_t i = 0; i < health_size(h); i++) {
		const struct health_result *r = health_at(h, i);

		add_row(&l, r, strcmp(group, r->group) != 0);
		if (r->remedy && !shares_remedy(h, i))
			add_remedy(&l, r->remedy);
		group = r->group;
	}
	if (health_size(h))
		buf_addc(out, '\n');
	add_verdict(&l, h);
}

/* ---- JSON ---- */

static void add_member(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, ",\"%s\":", key);
	if (value)
		quote_json(out, value);
	else
		buf_adds(out, "null");
}

static void add_probe(struct buf *out, const struct health_result *r)
{
	buf_adds(out, "{\"id\":");
	quote_json(out, r->id);
	add_member(out, "group", r->group);
	add_member(out, "severity", health_severity_name(r->severity));
	buf_addf(out, ",\"deadline\":%d", r->deadline);
	add_member(out, "node", r->node);
	add_member(out, "subject", r->subject);
	add_member(out, "state", health_state_name(r->state));
	add_member(out, "text", r->text);
	add_member(out, "remedy", r->remedy);
	buf_addf(out, ",\"seconds\":%.6f}", r->seconds);
}

void health_json(const struct health *h, struct buf *out)
{
	buf_addf(out, "{\"healthy\":%s,\"probes\":[",
		health_verdict(h) != HEALTH_FAIL ? "true" : "false");
	for (size_t i = 0; i < health_size(h); i++) {
		buf_adds(out, i ? "," : "");
		add_probe(out, health_at(h, i));
	}
	buf_addf(out,
		"],\"counts\":{\"total\":%zu,\"ok\":%zu,\"notes\":%zu,\"warnings\":%zu,"
		"\"failed\":%zu,\"skipped\":%zu},\"seconds\":%.3f}",
		health_size(h), health_count(h, HEALTH_OK), health_count(h, HEALTH_NOTE),
		health_count(h, HEALTH_WARN), health_count(h, HEALTH_FAIL),
		health_count(h, HEALTH_SKIP), health_seconds(h));
}
