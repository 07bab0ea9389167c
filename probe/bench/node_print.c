/* Nodes in the document, and as the rows of a table: see node_tool.h. */
#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "probe/bench/node_judge.h"
#include "probe/bench/node_tool.h"

enum { MAX_TEXT = 400 };

json_t *node_detail(const struct node_answer *a, const struct node_verdict *v)
{
	json_t *o = json_object();

	json_object_set_new(o, "node", json_string(a->node->name));
	if (!a->result) {
		json_set_text(o, "error", a->error, strlen(a->error));
		return o;
	}
	json_object_set_new(o, "verdict", v->verdict ? json_string(v->verdict) : json_null());
	json_set_text(o, "reason", v->reason, strlen(v->reason));
	json_object_set_new(o, "error", json_null());
	return o;
}

/* The text @key of a node, escaped and of a bounded length; "-" for none. */
static void cell(struct table *t, enum cell_style style, const json_t *node, const char *key)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;
	const char *text = json_str(node, key);

	if (text)
		escape_text(&clean, text, MIN_OF(strlen(text), (size_t)MAX_TEXT), false);
	table_text(t, style, text ? buf_str(&clean) : "-");
}

void node_table(const json_t *section, const struct table_column *columns,
	void (*numbers)(struct table *t, const json_t *node), struct buf *out)
{
	_cleanup_(table_freep) struct table *t = table_new(columns);
	const json_t *nodes = json_arr(json_obj(section, "detail"), "nodes"), *n;
	size_t i;

	json_array_foreach(nodes, i, n)
	{
		const bool failed = json_str(n, "error");

		table_row(t);
		cell(t, CELL_STRONG, n, "node");
		cell(t, CELL_PLAIN, failed ? NULL : n, "verdict");
		numbers(t, n);
		cell(t, CELL_DIM, n, failed ? "error" : "reason");
	}
	table_indented(t, out, false, 0);
}

void node_table_number(struct table *t, double value, int decimals)
{
	if (isfinite(value))
		table_number(t, CELL_PLAIN, value, decimals);
	else
		table_text(t, CELL_DIM, "-");
}
