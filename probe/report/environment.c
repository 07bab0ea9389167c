/* How this was measured: nodes and client to the last version, the command, and the document
 * itself, so that the page is all that somebody who doubts it needs. */
#include "probe/report/page.h"

#include <math.h>

#include "lib/base/base64.h"
#include "lib/base/quote.h"

/* A longer document is not put into the page. */
enum { MAX_DOCUMENT = 512 * 1024 };

static void add_roles(struct buf *out, const json_t *node)
{
	const json_t *roles = json_arr(node, "roles");

	buf_adds(out, "<td>");
	for (size_t i = 0; i < json_array_size(roles) && i < 8; i++) {
		if (i)
			buf_adds(out, ", ");
		page_clip(out, json_string_value(json_array_get(roles, i)), PAGE_NAME);
	}
	buf_adds(out, "</td>");
}

static void add_nodes(const struct page *p)
{
	static const struct column columns[] = {{"machine", false}, {"roles", false},
		{"system", false}, {"kernel", false}, {"docker", false}, {"nginx", false},
		{"processor", false}, {"cores", true}, {"memory MB", true}};
	static const char *const members[] = {"os", "kernel", "docker", "nginx", "cpu"};
	const json_t *node, *client = json_obj(p->doc, "client");
	size_t at = 0, all = json_array_size(json_arr(p->doc, "nodes"));

	table_open(p->out, "runs", "Machines", columns, ARRAY_SIZE(columns));
	if (client) {
		row_open(p->out, json_str(client, "host"));
		buf_adds(p->out, "<td>client</td><td>–</td>");
		cell_text(p->out, json_str(client, "kernel"));
		buf_adds(p->out, "<td>–</td><td>–</td>");
		cell_text(p->out, json_str(client, "cpu"));
		cell_number(p->out, page_num(client, "cores"));
		buf_adds(p->out, "<td class=\"n\">–</td>");
		row_close(p->out);
	}
	while (page_next(p->doc, "nodes", PAGE_ROWS, &at, &node)) {
		row_open(p->out, json_str(node, "name"));
		add_roles(p->out, node);
		for (size_t i = 0; i < ARRAY_SIZE(members); i++)
			cell_text(p->out, json_str(node, members[i]));
		cell_number(p->out, page_num(node, "cores"));
		cell_number(p->out, page_num(node, "memory_mb"));
		row_close(p->out);
	}
	table_close(p->out);
	page_more(p->out, all, at);
}

static void add_document(const struct page *p)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	json_print(p->doc, &text);
	if (text.len > MAX_DOCUMENT) {
		buf_adds(p->out, "<p>The document is too large to be in this page.</p>\n");
		return;
	}
	buf_adds(p->out, "<p><a class=\"download\" download=\"bench.json\" "
			 "href=\"data:application/json;base64,");
	base64_encode(text.data, text.len, p->out);
	buf_addf(p->out,
		"\">Download the document of this run</a> (JSON, %zu KB): everything above is made "
		"from it.</p>\n",
		(text.len + 1023) / 1024);
}

void report_environment(const struct page *p)
{
	buf_adds(p->out,
		"<section id=\"environment\">\n<h2>How this was measured</h2>\n<p>Every figure "
		"is the median of its rounds. Open loops are timed from when a call was "
		"due, so a stall of the server counts for every call that had to wait.</p>\n");
	add_nodes(p);
	add_document(p);
	buf_adds(p->out, "<p>To set the next run beside this one: "
			 "<code>svarm bench --compare bench.json --html report.html</code></p>\n"
			 "</section>\n");
}
