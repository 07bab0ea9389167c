/* `svarm fn logs`: the gateway's lines of JSON, one for each line that a function wrote, as they
 * come. */
#include "cli/fn.h"

#include <string.h>
#include <time.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/spec/values.h"

enum { MAX_LINE = 1024 * 1024, SHORT_INSTANCE = 12 };

/* ---- the question ---- */

/* A time as it is, or a duration ago, as RFC 3339. */
static int add_since(const char *since, struct buf *path, struct err *err)
{
	const struct value_context x = {0};
	usec_t ago = 0;

	if (strlen(since) >= 20 && strlen(since) <= 35 && since[4] == '-' &&
		!since[strspn(since, "0123456789-:.TZ+")]) {
		buf_adds(path, "&since=");
		for (const char *p = since; *p; p++)
			buf_addf(path, *p == '+' ? "%%2B" : "%c", *p);
		return 0;
	}
	if (value_duration(&x, since, &ago, NULL) < 0)
		return err_set(err, ERR_SPEC,
			"--since: write it as in 10m, 1h30m or 2024-05-01T12:00:00Z");
	buf_adds(path, "&since=");
	clock_rfc3339(path, (time_t)(clock_wall() - (double)ago / 1e6));
	return 0;
}

static int make_path(
	const struct fn_options *o, const char *name, struct buf *path, struct err *err)
{
	buf_addf(path, "/system/logs?name=%s&follow=%s", name, o->follow ? "true" : "false");
	if (o->tail)
		buf_addf(path, "&tail=%d", o->tail);
	return o->since ? add_since(o->since, path, err) : 0;
}

/* ---- the answer ---- */

struct printer {
	bool json;
	struct buf line; /* what has come of the next one */
};

static void add_escaped(struct buf *out, const char *text, size_t max)
{
	if (text)
		escape_text(out, text, MIN_OF(strlen(text), max), false);
}

/* TIME INSTANCE TEXT; without INSTANCE what the gateway itself has to say. */
static void print_line(struct printer *p)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_json_ json_t *o = NULL;

	if (!p->line.len || json_parse(p->line.data, p->line.len, MAX_LINE, &o, NULL) < 0 ||
		!json_is_object(o))
		return; /* nothing, or not a line of a log */
	if (p->json) {
		json_print(o, &out);
	} else {
		const char *text = json_str(o, "text"), *instance = json_str(o, "instance");
		size_t len = text ? strlen(text) : 0;

		while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
			len--;
		add_escaped(&out, json_str(o, "timestamp"), 40);
		buf_addc(&out, ' ');
		add_escaped(&out, instance, SHORT_INSTANCE);
		if (instance && *instance)
			buf_addc(&out, ' ');
		if (len)
			escape_text(&out, text, len, false);
	}
	buf_addc(&out, '\n');
	output_text(&out);
}

static int take(
	void *arg, const struct gateway_answer *a, const char *data, size_t len, struct err *err)
{
	struct printer *p = arg;

	for (const char *end = data + len; data < end;) {
		const char *nl = memchr(data, '\n', (size_t)(end - data)), *stop = nl ? nl : end;

		buf_add(&p->line, data, (size_t)(stop - data));
		if (p->line.len > MAX_LINE)
			return err_set(err, ERR_REMOTE, "a line of the log is over 1 MiB");
		data = nl ? nl + 1 : end;
		if (nl && a->status == 200)
			print_line(p);
		if (nl)
			buf_clear(&p->line);
	}
	fflush(stdout);
	return ferror(stdout) ? err_set(err, -EPIPE, "nobody reads the log any more") : 0;
}

int fn_logs(const struct cli *cli, struct err *err)
{
	_cleanup_(fn_close) struct fn_session s = {0};
	_cleanup_(gateway_answer_done) struct gateway_answer a = {0};
	const struct fn_options *o = cli->own;
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct printer p = {.json = cli->opt.json};
	struct gateway_request rq = {
		.method = "GET",
		.system = true,
		.deadline = o->follow ? 0 : 300 * USEC_PER_SEC,
	};
	int r;

	r = make_path(o, cli->args[0], &path, err);
	if (r >= 0)
		r = fn_open(cli, 1, &s, err);
	rq.path = buf_str(&path);
	if (r >= 0)
		r = gateway_ask(&s.gateway, &rq, take, &p, &a, err);
	if (r >= 0 && a.status == 200)
		print_line(&p);
	else if (r >= 0)
		buf_add(&a.body, buf_str(&p.line), p.line.len);
	buf_done(&p.line);
	if (r < 0)
		return r;
	return a.status == 200 ? EXIT_FINE : gateway_refused(&a, cli->args[0], err);
}
