/* Draws a chart: axes, lines with their names, marks.  See chart.h. */
#include "probe/chart/chart.h"

#include <math.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "probe/chart/scale.h"

enum { LEFT = 76, RIGHT = 176, TOP = 64, BOTTOM = 58, NAME_HEIGHT = 17, LETTER = 7 };

struct drawing {
	const struct chart *chart;
	struct scale x, y;
	struct buf *out;
};

/* ---- colours ---- */

enum { N_HUES = 4 };
static const char *const dashes[N_HUES] = {"", "9 5", "2 4", "14 4 2 4"};

/* No variables: not every viewer of SVG knows them. */
struct palette {
	const char *media; /* when it is used; NULL: always, unless a later one is */
	const char *paper, *ink, *soft, *grid;
	const char *hues[N_HUES];
};

static const struct palette palettes[] = {
	{NULL, "#fff", "#1d232a", "#5c6670", "#e3e6e9",
		{"#0b62c4", "#b3460b", "#0d7a4f", "#8036a8"}},
	{"(prefers-color-scheme:dark)", "#14181d", "#e8ebee", "#a3adb7", "#2b323a",
		{"#6cb0ff", "#ff9d5c", "#4fd39a", "#d49bf5"}},
	{"print", "#fff", "#000", "#333", "#ccc", {"#000", "#000", "#000", "#000"}},
};

/* The classes are under .svarm-chart, so that they touch nothing else of a page. */
#define IN_CHART ".svarm-chart "

static void add_palette(struct buf *out, const struct palette *p)
{
	if (p->media)
		buf_addf(out, "@media %s{\n", p->media);
	buf_addf(out,
		IN_CHART ".paper," IN_CHART ".mark{fill:%s}" IN_CHART ".halo{stroke:%s}\n" IN_CHART
			 "text{fill:%s}" IN_CHART ".mark{stroke:%s}" IN_CHART
			 ".soft{fill:%s}\n" IN_CHART ".axis{stroke:%s}" IN_CHART
			 ".grid{stroke:%s}\n",
		p->paper, p->paper, p->ink, p->ink, p->soft, p->soft, p->grid);
	for (int i = 0; i < N_HUES; i++)
		buf_addf(out, IN_CHART "path.c%d{stroke:%s}" IN_CHART "text.c%d{fill:%s}\n", i,
			p->hues[i], i, p->hues[i]);
	buf_adds(out, p->media ? "}\n" : "");
}

static void add_style(struct buf *out)
{
	buf_adds(out, "<style>\n.svarm-chart{font:13px "
		      "system-ui,sans-serif;max-width:100%;height:auto}\n" IN_CHART
		      ".title{font-size:17px;font-weight:600}" IN_CHART
		      ".name{font-weight:600}\n" IN_CHART
		      "path{fill:none;stroke-width:2.5;stroke-linejoin:round}\n" IN_CHART
		      ".mark{stroke-width:2}\n" IN_CHART
		      ".halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}\n");
	for (size_t i = 0; i < ARRAY_SIZE(palettes); i++)
		add_palette(out, &palettes[i]);
	buf_adds(out, "</style>\n");
}

/* ---- text and strokes ---- */

static void text_at(struct drawing *d, double x, double y, const char *attributes, const char *s)
{
	buf_addf(d->out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	quote_xml(d->out, s);
	buf_adds(d->out, "</text>\n");
}

static void line_at(
	struct drawing *d, const char *class, double x1, double y1, double x2, double y2)
{
	buf_addf(d->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		class, x1, y1, x2, y2);
}

/* ---- axes ---- */

static void draw_x(struct drawing *d)
{
	struct tick ticks[SCALE_MAX_TICKS];
	size_t n = scale_ticks(&d->chart->x, ticks);

	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf number = BUF_INIT;
		double x = scale_at(&d->x, ticks[i].value);

		if (!ticks[i].major)
			continue;
		line_at(d, "grid", x, d->y.from, x, d->y.to);
		chart_number(&number, ticks[i].value);
		text_at(d, x, d->y.from + 20, "class=\"soft\" text-anchor=\"middle\"",
			buf_str(&number));
	}
	line_at(d, "axis", d->x.from, d->y.from, d->x.to, d->y.from);
	text_at(d, (d->x.from + d->x.to) / 2, d->y.from + 44, "text-anchor=\"middle\"",
		d->chart->x.title);
}

static void draw_y(struct drawing *d)
{
	struct tick ticks[SCALE_MAX_TICKS];
	size_t n = scale_ticks(&d->chart->y, ticks);

	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf number = BUF_INIT;
		double y = scale_at(&d->y, ticks[i].value);

		if (!ticks[i].major)
			continue;
		line_at(d, "grid", d->x.from, y, d->x.to, y);
		chart_number(&number, ticks[i].value);
		text_at(d, d->x.from - 9, y + 4, "class=\"soft\" text-anchor=\"end\"",
			buf_str(&number));
	}
	line_at(d, "axis", d->x.from, d->y.from, d->x.from, d->y.to);
	text_at(d, 12, d->y.to - 12, "class=\"soft\"", d->chart->y.title);
}

/* ---- lines ---- */

/* Draw one line; the height at which it ends, or NAN when nothing of it can be seen. */
static double draw_line(struct drawing *d, size_t index)
{
	const struct chart_line *l = &d->chart->lines[index];
	struct chart_point last = {NAN, NAN}, before = {NAN, NAN};
	double end = NAN;

	/* Other dashes in each round of colours. */
	buf_addf(d->out, "<path class=\"c%zu\" stroke-dasharray=\"%s\" d=\"", index % N_HUES,
		dashes[(index + index / N_HUES) % N_HUES]);
	for (size_t i = 0; i < l->n; i++) {
		struct chart_point here = {
			scale_at(&d->x, l->points[i].x), scale_at(&d->y, l->points[i].y)};
		struct chart_point a = before, b = here;

		if (isnan(here.x) || isnan(here.y))
			continue;
		before = here;
		if (isnan(a.x) || !scale_clip(&d->x, &d->y, &a, &b))
			continue;
		if (!(last.x == a.x && last.y == a.y))
			buf_addf(d->out, "M%.1f %.1f", a.x, a.y);
		buf_addf(d->out, "L%.1f %.1f", b.x, b.y);
		last = b;
		end = b.y;
	}
	buf_adds(d->out, isnan(end) ? "M0 0\"/>\n" : "\"/>\n");
	return end;
}

/* Move names apart: from the top down, then back up where the bottom ran out. */
static void spread(double *y, const size_t *order, size_t n, double bottom)
{
	for (size_t i = 1; i < n; i++)
		y[order[i]] = fmax(y[order[i]], y[order[i - 1]] + NAME_HEIGHT);
	for (size_t i = n; i-- > 0;) {
		y[order[i]] = fmin(y[order[i]], bottom);
		bottom = y[order[i]] - NAME_HEIGHT;
	}
}

static void draw_lines(struct drawing *d)
{
	double ends[CHART_MAX_LINES], names[CHART_MAX_LINES];
	size_t order[CHART_MAX_LINES], n = 0;

	for (size_t i = 0; i < d->chart->n_lines && i < CHART_MAX_LINES; i++) {
		size_t at = n;

		names[i] = ends[i] = draw_line(d, i);
		if (isnan(ends[i]))
			continue;
		for (n++; at > 0 && ends[order[at - 1]] > ends[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	spread(names, order, n, d->y.from);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf attributes = BUF_INIT, name = BUF_INIT;

		text_clip(&name, d->chart->lines[order[i]].name, RIGHT / (LETTER + 1));
		buf_addf(&attributes, "class=\"name c%zu\"", order[i] % N_HUES);
		text_at(d, d->x.to + 10, names[order[i]] + 4, buf_str(&attributes), buf_str(&name));
	}
}

/* ---- marks ---- */

/* Where a mark's text stands: its left end, its baseline, its width. */
struct place {
	double x, y, width;
};

static bool in_paper(const struct drawing *d, double x, double y)
{
	return x >= d->x.from && x <= d->x.to && y >= d->y.to && y <= d->y.from;
}

static bool overlap(const struct place *a, const struct place *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && fabs(a->y - b->y) < NAME_HEIGHT;
}

/* Below its mark and to the side that has room, further down as long as others are there. */
static struct place find_place(const struct drawing *d, const char *text, double x, double y,
	const struct place *taken, size_t n)
{
	double width = (double)text_width(text) * LETTER;
	struct place p = {x + 14, y + 26, width};

	if (p.x + width > d->x.to)
		p.x = x - 14 - width;
	for (size_t i = 0; i < n; i++)
		if (overlap(&p, &taken[i])) {
			p.y = taken[i].y + NAME_HEIGHT;
			i = (size_t)-1; /* from the start: it may have met another */
		}
	if (p.y > d->y.from - 4)
		p.y = y - 12;
	return p;
}

/* The lines that lead to the texts come first, so that these cover them. */
static void draw_marks(struct drawing *d)
{
	const struct chart *c = d->chart;
	struct place taken[CHART_MAX_MARKS];
	const char *texts[CHART_MAX_MARKS];
	size_t n = 0;

	for (size_t i = 0; i < c->n_marks && n < CHART_MAX_MARKS; i++) {
		double x = scale_at(&d->x, c->marks[i].at.x), y = scale_at(&d->y, c->marks[i].at.y);
		struct place *p = &taken[n];

		if (!in_paper(d, x, y))
			continue;
		*p = find_place(d, c->marks[i].text, x, y, taken, n);
		texts[n++] = c->marks[i].text;
		line_at(d, "axis", x, y, p->x > x ? p->x - 2 : p->x + p->width + 2, p->y - 4);
		buf_addf(d->out, "<circle class=\"mark\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n", x,
			y);
	}
	for (size_t i = 0; i < n; i++)
		text_at(d, taken[i].x, taken[i].y, "class=\"halo\"", texts[i]);
}

static void draw_head(struct drawing *d)
{
	const struct chart *c = d->chart;

	buf_addf(d->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"svarm-chart\" role=\"img\" "
		"width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<title>",
		CHART_WIDTH, CHART_HEIGHT, CHART_WIDTH, CHART_HEIGHT);
	quote_xml(d->out, c->title);
	buf_adds(d->out, "</title>\n<desc>");
	quote_xml(d->out, c->description ? c->description : c->title);
	buf_adds(d->out, "</desc>\n");
	add_style(d->out);
	buf_addf(d->out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", CHART_WIDTH,
		CHART_HEIGHT);
	text_at(d, 12, 24, "class=\"title\"", c->title);
	/* Flush right, so that the height's title has the left. */
	if (c->subtitle)
		text_at(d, CHART_WIDTH - 12, 24, "class=\"soft\" text-anchor=\"end\"", c->subtitle);
}

void chart_svg(const struct chart *c, struct buf *out)
{
	struct drawing d = {
		.chart = c,
		.x = {&c->x, LEFT, CHART_WIDTH - RIGHT},
		.y = {&c->y, CHART_HEIGHT - BOTTOM, TOP},
		.out = out,
	};

	draw_head(&d);
	draw_x(&d);
	draw_y(&d);
	draw_lines(&d);
	draw_marks(&d);
	buf_adds(out, "</svg>\n");
}
