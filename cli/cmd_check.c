/*
 * `svarm check`: is this spec right?  Reads nothing but the spec and touches no node, so it fits
 * an editor's save hook and a CI job without secrets.
 */
#include "cli/cmds.h"

#include "cli/output.h"
#include "lib/base/quote.h"

/* A message of the spec reader, taken apart. */
struct remark {
	long line, column; /* 0: not told */
	const char *text;
};

/* Read ":NUMBER" at @s; the place behind it, or NULL. */
static const char *read_number(const char *s, long *ret)
{
	char *end;

	if (s[0] != ':' || s[1] < '0' || s[1] > '9')
		return NULL;
	*ret = strtol(s + 1, &end, 10);
	return end;
}

/* "file[:line]: warning: text" */
static struct remark warning_parse(const char *s)
{
	static const char word[] = ": warning: ";
	const char *at = strstr(s, word), *line = at;
	struct remark r = {.text = at ? at + strlen(word) : s};

	while (line > s && line[-1] >= '0' && line[-1] <= '9')
		line--;
	if (at && line > s && line < at && line[-1] == ':')
		r.line = strtol(line, NULL, 10);
	return r;
}

/* "file:line:column: text", then maybe an excerpt of the file on lines of its own. */
static struct remark error_parse(const char *s)
{
	struct remark whole = {.text = s};

	for (const char *colon = strchr(s, ':'); colon; colon = strchr(colon + 1, ':')) {
		struct remark r = {0};
		const char *p = read_number(colon, &r.line);

		p = p ? read_number(p, &r.column) : NULL;
		if (!p || strncmp(p, ": ", 2) != 0)
			continue;
		r.text = p + 2;
		return r;
	}
	return whole;
}

static void add_number(struct buf *out, const char *key, long value)
{
	if (value > 0)
		buf_addf(out, ", \"%s\": %ld", key, value);
	else
		buf_addf(out, ", \"%s\": null", key);
}

/* One remark as a JSON object. */
static void add_remark(struct buf *out, const char *path, struct remark r)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	size_t len = strcspn(r.text, "\n");

	buf_add(&message, r.text, len);
	buf_adds(out, "{\"file\": ");
	quote_json(out, path);
	add_number(out, "line", r.line);
	add_number(out, "column", r.column);
	buf_adds(out, ", \"message\": ");
	quote_json(out, buf_str(&message));
	buf_adds(out, ", \"excerpt\": ");
	if (r.text[len])
		quote_json(out, r.text + len + 1);
	else
		buf_adds(out, "null");
	buf_addc(out, '}');
}

/* All mistakes in @msg (an empty line stands between them) as a JSON array. */
static void add_errors(struct buf *out, const char *path, const char *msg)
{
	const char *sep = "";

	buf_addc(out, '[');
	while (*msg) {
		const char *end = strstr(msg, "\n\n");
		size_t len = end ? (size_t)(end - msg) : strlen(msg);
		_cleanup_buf_ struct buf one = BUF_INIT;

		buf_add(&one, msg, len);
		buf_adds(out, sep);
		add_remark(out, path, error_parse(buf_str(&one)));
		sep = ", ";
		msg += len;
		msg += strspn(msg, "\n");
	}
	buf_addc(out, ']');
}

static void add_warnings(struct buf *out, const char *path, const struct cluster *c)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < c->n_warnings; i++) {
		buf_adds(out, i ? ", " : "");
		add_remark(out, path, warning_parse(c->warnings[i]));
	}
	buf_addc(out, ']');
}

static void answer_json(const char *path, const struct cluster *c, const struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_addf(&out, "{\"ok\": %s, \"file\": ", c ? "true" : "false");
	quote_json(&out, path);
	buf_adds(&out, ", \"cluster\": ");
	if (c) {
		quote_json(&out, c->name);
		buf_addf(&out, ", \"nodes\": %zu, \"functions\": %zu", c->n_nodes,
			c->faas.n_functions);
	} else {
		buf_adds(&out, "null, \"nodes\": null, \"functions\": null");
	}
	buf_adds(&out, ", \"warnings\": ");
	if (c)
		add_warnings(&out, path, c);
	else
		buf_adds(&out, "[]");
	buf_adds(&out, ", \"errors\": ");
	add_errors(&out, path, err_msg(err));
	buf_adds(&out, "}\n");
	output_text(&out);
}

static void answer_text(const char *path, const struct cluster *c)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	escape_text(&out, path, strlen(path), false);
	buf_addf(&out, ": ok: cluster '%s', %zu node%s, %zu function%s\n", c->name, c->n_nodes,
		c->n_nodes == 1 ? "" : "s", c->faas.n_functions,
		c->faas.n_functions == 1 ? "" : "s");
	output_text(&out);
}

static int run(const struct cli *cli, struct err *err)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	int r = output_load_cluster(cli, &c, err);

	if (r < 0 && !cli->opt.json)
		return r;
	if (!cli->opt.json) {
		answer_text(output_spec_path(cli), c);
		return EXIT_FINE;
	}
	if (r < 0)
		output_error(false, output_color(cli, stderr), err, exit_of(r));
	answer_json(output_spec_path(cli), c, err);
	return exit_of(r);
}

const struct cmd cmd_check = {
	.name = "check",
	.usage = "[FILE]",
	.summary = "validate a cluster.yaml without touching any node",
	.about = "Read FILE (default: cluster.yaml; '-': standard input), and report every mistake "
		 "with its place, and warnings about what is allowed but hardly meant.\n"
		 "Nothing is connected to, and no secret is resolved.",
	.common = COMMON_JSON | COMMON_COLOR,
	.max_args = 1,
	.run = run,
};
