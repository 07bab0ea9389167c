/*
 * The cluster as a picture: who calls, the nodes that take calls in, the nodes that work.  Each
 * node is a card with its roles and versions; arrows are the way of a call, dashed to the database.
 */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

#include "lib/base/quote.h"

enum {
	WIDTH = 960,
	CARD = 270,
	TALL = 128,
	GAP = 22,
	ROLE_HEIGHT = 20,
	LETTER = 7,
	MAX_CARDS = 12
};
enum { LEFT = 12, MIDDLE = 330, RIGHT = WIDTH - CARD - 12 };

struct card {
	const json_t *node;
	int x, y;
	bool ingress, worker, database;
};

struct picture {
	struct card cards[MAX_CARDS];
	size_t n, left_out;
	int height;
	struct buf *out;
};

static bool has_role(const json_t *node, const char *role)
{
	const json_t *roles = json_arr(node, "roles");

	for (size_t i = 0; i < json_array_size(roles); i++)
		if (page_same(json_string_value(json_array_get(roles, i)), role))
			return true;
	return false;
}

/* ---- places ---- */

/* What takes calls in stands in the middle, all else to the right; each column around the middle of
 * the height. */
static void lay_out(struct picture *s)
{
	int rows[2] = {0, 0}, most, top[2];

	for (size_t i = 0; i < s->n; i++)
		rows[!s->cards[i].ingress]++;
	most = MAX_OF(MAX_OF(rows[0], rows[1]), 1);
	s->height = most * (TALL + GAP) + GAP;
	for (int c = 0; c < 2; c++)
		top[c] = (s->height - rows[c] * (TALL + GAP) + GAP) / 2;
	for (size_t i = 0; i < s->n; i++) {
		int c = !s->cards[i].ingress;

		s->cards[i].x = c ? RIGHT : MIDDLE;
		s->cards[i].y = top[c];
		top[c] += TALL + GAP;
	}
}

static struct picture gather(const struct page *p)
{
	struct picture s = {.out = p->out};
	const json_t *node;
	size_t at = 0;

	while (page_next(p->doc, "nodes", 1000, &at, &node)) {
		struct card *c = &s.cards[s.n];

		if (s.n == MAX_CARDS) {
			s.left_out++;
			continue;
		}
		*c = (struct card){.node = node,
			.ingress = has_role(node, "ingress"),
			.worker = has_role(node, "worker"),
			.database = has_role(node, "database")};
		s.n++;
	}
	lay_out(&s);
	return s;
}

/* ---- cards ---- */

static void add_line(struct picture *s, int x, int y, const char *class, const char *text)
{
	buf_addf(s->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	page_clip(s->out, text, (CARD - 2 * 14) / LETTER);
	buf_adds(s->out, "</text>\n");
}

static void add_roles(struct picture *s, const struct card *c)
{
	const json_t *roles = json_arr(c->node, "roles");
	int x = c->x + 14;

	for (size_t i = 0; i < json_array_size(roles); i++) {
		const char *role = json_string_value(json_array_get(roles, i));
		int width = role ? (int)MIN_OF(strlen(role), 40) * LETTER + 16 : 0;

		if (!role || x + width > c->x + CARD - 8)
			continue;
		buf_addf(s->out,
			"<rect class=\"role\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"rx=\"10\"/>"
			"<text class=\"role\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
			x, c->y + 34, width, ROLE_HEIGHT, x + width / 2, c->y + 48);
		page_clip(s->out, role, PAGE_NAME);
		buf_adds(s->out, "</text>\n");
		x += width + 6;
	}
}

static void add_versions(struct picture *s, const struct card *c)
{
	const char *docker = json_str(c->node, "docker"), *nginx = json_str(c->node, "nginx");
	const char *os = json_str(c->node, "os"), *kernel = json_str(c->node, "kernel");
	double cores = page_num(c->node, "cores"), mb = page_num(c->node, "memory_mb");
	_cleanup_buf_ struct buf system = BUF_INIT, services = BUF_INIT, machine = BUF_INIT;

	buf_addf(&system, "%s · %s", os ? os : "?", kernel ? kernel : "?");
	if (docker)
		buf_addf(&services, "docker %s", docker);
	if (nginx)
		buf_addf(&services, "%snginx %s", docker ? " · " : "", nginx);
	if (json_str(c->node, "cpu"))
		buf_adds(&machine, json_str(c->node, "cpu"));
	if (isfinite(cores))
		buf_addf(&machine, " · %.4g cores", cores);
	if (isfinite(mb))
		buf_addf(&machine, " · %.1f GB", mb / 1024);
	add_line(s, c->x + 14, c->y + 74, "soft", buf_str(&system));
	add_line(s, c->x + 14, c->y + 93, "soft", buf_str(&services));
	add_line(s, c->x + 14, c->y + 112, "soft", buf_str(&machine));
}

static void add_card(struct picture *s, const struct card *c)
{
	buf_addf(s->out,
		"<rect class=\"card\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
		c->x, c->y, CARD, TALL);
	add_line(s, c->x + 14, c->y + 24, "name", json_str(c->node, "name"));
	add_roles(s, c);
	add_versions(s, c);
}

static void add_client(struct picture *s, const json_t *client)
{
	int y = s->height / 2 - 34;

	buf_addf(s->out,
		"<rect class=\"card\" x=\"%d\" y=\"%d\" width=\"190\" height=\"68\" rx=\"34\"/>\n",
		LEFT, y);
	buf_addf(s->out, "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
		LEFT + 95, y + 30);
	page_clip(s->out, client ? json_str(client, "host") : "callers", 20);
	buf_addf(s->out,
		"</text>\n<text class=\"soft\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">"
		"the operator’s side</text>\n",
		LEFT + 95, y + 50);
}

/* ---- arrows ---- */

static void add_arrow(struct picture *s, const char *class, int x1, int y1, int x2, int y2)
{
	int bend = (x2 - x1) / 2;

	buf_addf(s->out,
		"<path class=\"way %s\" d=\"M%d %dC%d %d %d %d %d %d\"/>"
		"<path class=\"tip\" d=\"M%d %dl-9 -5v10z\"/>\n",
		class, x1, y1, x1 + bend, y1, x2 - bend, y2, x2 - 6, y2, x2, y2);
}

static void add_arrows(struct picture *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct card *c = &s->cards[i];
		int from = c->y + TALL / 2;

		if (!c->ingress)
			continue;
		add_arrow(s, "", LEFT + 190, s->height / 2, c->x, from);
		for (size_t k = 0; k < s->n; k++) {
			const struct card *to = &s->cards[k];
			int at = to->y + TALL / 2;

			if (to->ingress)
				continue;
			if (to->worker)
				add_arrow(s, "", c->x + CARD, from, to->x, at - 10 * to->database);
			if (to->database)
				add_arrow(s, "data", c->x + CARD, from + 12, to->x,
					at + 10 * to->worker);
		}
	}
}

void report_topology(const struct page *p)
{
	struct picture s = gather(p);

	if (!s.n)
		return;
	buf_adds(p->out,
		"<section id=\"topology\">\n<h2>Cluster</h2>\n<p class=\"lead\">The way of a "
		"call: nginx and the gateway on nodes with the role ingress, functions on "
		"workers. Dashed: to the queue in the database.</p>\n"
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Cluster\">"
		"<svg class=\"topology\" role=\"img\" ");
	buf_addf(p->out,
		"viewBox=\"0 0 %d %d\"><title>The cluster and the way of a call</title><desc>%zu "
		"nodes: "
		"the client calls nodes with the role ingress, these call functions on "
		"workers.</desc>\n",
		WIDTH, s.height, s.n);
	add_arrows(&s);
	add_client(&s, json_obj(p->doc, "client"));
	for (size_t i = 0; i < s.n; i++)
		add_card(&s, &s.cards[i]);
	buf_adds(p->out, "</svg></div>\n");
	page_more(p->out, s.left_out + s.n, s.n);
	buf_adds(p->out, "</section>\n");
}
