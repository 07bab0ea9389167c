/* The matrix that people look at: from the node of the row to the node of the column, the median
 * round trip and the throughput. */
#include "probe/bench/network.h"

#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/table.h"
#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"

enum { MOST_NAMES = 8, MOST_ROWS = 100, MOST_NAME = 63 };

#define MOST 1e9

struct names {
	const char *raw[MOST_NAMES]; /* borrowed from the document */
	struct buf shown[MOST_NAMES];
	size_t n;
	bool too_many;
};

static size_t place_of(struct names *names, const char *name)
{
	size_t i = 0;

	while (i < names->n && strcmp(names->raw[i], name))
		i++;
	if (i == names->n && i == MOST_NAMES) {
		names->too_many = true;
		return i;
	}
	if (i == names->n) {
		names->raw[names->n++] = name;
		escape_text(&names->shown[i], name, MIN_OF(strlen(name), (size_t)MOST_NAME), false);
	}
	return i;
}

static const char *text_or_none(const json_t *pair, const char *key)
{
	const char *text = json_str(pair, key);

	return text ? text : "?";
}

static void cell(const json_t *pair, struct buf *out)
{
	double p50 = clean_number(json_obj(pair, "rtt_ms"), "p50", 0, MOST);
	double speed = clean_number(pair, "throughput_mbit", 0, MOST);

	if (isnan(p50))
		buf_adds(out, "no answer");
	else
		buf_addf(out, "%.2f", p50);
	if (!isnan(speed))
		buf_addf(out, " %6.0f", speed);
}

static const json_t *find(const json_t *pairs, const char *from, const char *to)
{
	for (size_t i = 0; i < json_array_size(pairs); i++) {
		const json_t *pair = json_array_get(pairs, i);

		if (!strcmp(text_or_none(pair, "from"), from) &&
			!strcmp(text_or_none(pair, "to"), to))
			return pair;
	}
	return NULL;
}

static struct table *matrix(const json_t *pairs, struct names *names, struct table_column *columns)
{
	struct table *t;

	columns[0] = (struct table_column){.key = "from", .title = "from / to"};
	for (size_t i = 0; i < names->n; i++)
		columns[i + 1] = (struct table_column){
			.key = "to", .title = buf_str(&names->shown[i]), .right = true};
	t = table_new(columns);
	for (size_t a = 0; a < names->n; a++) {
		table_row(t);
		table_text(t, CELL_PLAIN, buf_str(&names->shown[a]));
		for (size_t b = 0; b < names->n; b++) {
			const json_t *pair = find(pairs, names->raw[a], names->raw[b]);
			_cleanup_buf_ struct buf text = BUF_INIT;

			if (pair)
				cell(pair, &text);
			table_text(t, CELL_PLAIN, pair ? buf_str(&text) : "-");
		}
	}
	return t;
}

/* Of many nodes a matrix is wider than any terminal, and mostly empty. */
static struct table *list(const json_t *pairs)
{
	static const struct table_column columns[] = {{.key = "from", .title = "from"},
		{.key = "to", .title = "to"}, {.key = "way", .title = "ms Mbit/s", .right = true},
		{.key = NULL}};
	struct table *t = table_new(columns);

	for (size_t i = 0; i < MIN_OF(json_array_size(pairs), (size_t)MOST_ROWS); i++) {
		const json_t *pair = json_array_get(pairs, i);
		_cleanup_buf_ struct buf from = BUF_INIT, to = BUF_INIT, text = BUF_INIT;
		const char *a = text_or_none(pair, "from"), *b = text_or_none(pair, "to");

		escape_text(&from, a, MIN_OF(strlen(a), (size_t)MOST_NAME), false);
		escape_text(&to, b, MIN_OF(strlen(b), (size_t)MOST_NAME), false);
		cell(pair, &text);
		table_row(t);
		table_text(t, CELL_PLAIN, buf_str(&from));
		table_text(t, CELL_PLAIN, buf_str(&to));
		table_text(t, CELL_PLAIN, buf_str(&text));
	}
	return t;
}

static void print_pairs(const json_t *pairs, struct buf *out)
{
	struct table_column columns[MOST_NAMES + 2] = {0};
	struct names names = {.n = 0};
	struct table *t;

	for (size_t i = 0; i < json_array_size(pairs) && !names.too_many; i++) {
		(void)place_of(&names, text_or_none(json_array_get(pairs, i), "from"));
		(void)place_of(&names, text_or_none(json_array_get(pairs, i), "to"));
	}
	t = names.too_many ? list(pairs) : matrix(pairs, &names, columns);
	table_indented(t, out, false, 0);
	table_free(t);
	for (size_t i = 0; i < names.n; i++)
		buf_done(&names.shown[i]);
}

void network_print(const json_t *section, struct buf *out)
{
	const json_t *networks = json_arr(json_obj(section, "detail"), "networks");

	for (size_t i = 0; i < MIN_OF(json_array_size(networks), (size_t)4); i++) {
		const json_t *net = json_array_get(networks, i), *pairs = json_arr(net, "pairs");
		double mtu = clean_number(net, "mtu", 0, 65536);
		const char *name = text_or_none(net, "name");

		if (!json_array_size(pairs))
			continue;
		buf_adds(out, "  ");
		escape_text(out, name, MIN_OF(strlen(name), (size_t)MOST_NAME), false);
		buf_adds(out, ": median round trip in ms, throughput in Mbit/s");
		if (!isnan(mtu))
			buf_addf(out, ", packets of %.0f bytes", mtu);
		buf_addc(out, '\n');
		print_pairs(pairs, out);
	}
}
