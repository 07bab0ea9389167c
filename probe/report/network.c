/* The network as a matrix, from row to column: round trips and throughput in each cell, darker the
 * slower beside the others. */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

#include "probe/chart/fluid.h"

enum { MAX_NETWORKS = 4, MAX_PAIRS = PAGE_NODES * PAGE_NODES, SHADES = 6 };

struct matrix {
	const json_t *network;
	const char *names[PAGE_NODES];
	size_t n;
	double low, high; /* of the round trips' medians */
	size_t skipped;   /* pairs with nodes there is no room for */
};

static size_t place(struct matrix *m, const char *name)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->names[i], name) != 0)
		i++;
	if (i == m->n && m->n < PAGE_NODES)
		m->names[m->n++] = name;
	return i;
}

static double rtt(const json_t *pair)
{
	return page_num(json_obj(pair, "rtt_ms"), "p50");
}

static struct matrix gather(const json_t *network)
{
	struct matrix m = {.network = network, .low = INFINITY, .high = -INFINITY};
	const json_t *pair;
	size_t at = 0;

	while (page_next(network, "pairs", MAX_PAIRS, &at, &pair)) {
		const char *from = json_str(pair, "from"), *to = json_str(pair, "to");

		if (!from || !to)
			continue;
		if (place(&m, from) == PAGE_NODES || place(&m, to) == PAGE_NODES)
			m.skipped++;
		if (rtt(pair) > 0) {
			m.low = fmin(m.low, rtt(pair));
			m.high = fmax(m.high, rtt(pair));
		}
	}
	return m;
}

static const json_t *find(const struct matrix *m, const char *from, const char *to)
{
	const json_t *pair;
	size_t at = 0;

	while (page_next(m->network, "pairs", MAX_PAIRS, &at, &pair))
		if (page_same(json_str(pair, "from"), from) && page_same(json_str(pair, "to"), to))
			return pair;
	return NULL;
}

/* By how much it is slower than the fastest, in doublings; neighbours in noise look alike. */
static int shade(const struct matrix *m, double ms)
{
	double doublings = ms > 0 && m->low > 0 ? log2(ms / m->low) : 0;

	return (int)fmax(0, fmin(SHADES - 1, floor(doublings * 3)));
}

/* ---- cells ---- */

static void add_faults(struct buf *out, const json_t *pair, double mtu)
{
	double path = page_num(pair, "path_mtu"), lost = page_num(pair, "lost");
	double own = page_num(pair, "interface_mtu"), most = isfinite(own) ? own : mtu;

	if (lost > 0) {
		buf_adds(out, "<span class=\"fault\">✗ ");
		page_number(out, lost);
		buf_adds(out, " lost</span>");
	}
	if (path < most) {
		buf_adds(out, "<span class=\"fault\">! path MTU ");
		page_number(out, path);
		buf_adds(out, "</span>");
	}
}

static void add_cell(const struct matrix *m, const json_t *pair, struct buf *out)
{
	if (!pair) {
		buf_adds(out, "<td class=\"self\">–</td>");
		return;
	}
	if (json_str(pair, "error")) {
		buf_adds(out, "<td><span class=\"fault\">✗ ");
		page_clip(out, json_str(pair, "error"), PAGE_NAME);
		buf_adds(out, "</span></td>");
		return;
	}
	buf_addf(out, "<td class=\"h%d\"><b>", shade(m, rtt(pair)));
	page_value(out, rtt(pair), "ms");
	buf_adds(out, "</b><span>p99 ");
	page_value(out, page_num(json_obj(pair, "rtt_ms"), "p99"), "ms");
	buf_adds(out, "</span><span>");
	page_value(out, page_num(pair, "throughput_mbit"), "Mbit/s");
	buf_adds(out, "</span>");
	add_faults(out, pair, page_num(m->network, "mtu"));
	buf_adds(out, "</td>");
}

static void add_matrix(const struct part *p, const struct matrix *m)
{
	buf_adds(p->out, "<div class=\"scroll\"><table class=\"matrix\">\n<caption>");
	page_clip(p->out, json_str(m->network, "name"), PAGE_NAME);
	buf_adds(p->out, " network, MTU ");
	page_number(p->out, page_num(m->network, "mtu"));
	buf_adds(p->out, ": from row to column</caption>\n"
			 "<thead><tr><th scope=\"col\">from ↓ to →</th>");
	for (size_t i = 0; i < m->n; i++) {
		buf_adds(p->out, "<th scope=\"col\">");
		page_clip(p->out, m->names[i], PAGE_NAME);
		buf_adds(p->out, "</th>");
	}
	buf_adds(p->out, "</tr></thead>\n<tbody>\n");
	for (size_t row = 0; row < m->n; row++) {
		row_open(p->out, m->names[row]);
		for (size_t column = 0; column < m->n; column++)
			add_cell(m, find(m, m->names[row], m->names[column]), p->out);
		row_close(p->out);
	}
	table_close(p->out);
}

void report_network(const struct part *p)
{
	const json_t *network;
	size_t at = 0;

	buf_adds(p->out, "<div class=\"charts\">\n");
	while (page_next(p->detail, "networks", MAX_NETWORKS, &at, &network)) {
		struct matrix m = gather(network);

		if (m.n)
			add_matrix(p, &m);
		page_more(p->out, m.skipped, 0);
	}
	buf_adds(p->out,
		"</div>\n<p class=\"note\">Median round trip, its p99, throughput. Darker is "
		"slower than the fastest pair of the same network.</p>\n");
}
