/* `svarm fn invoke`: one call, its answer byte for byte on standard output. */
#include "cli/fn.h"

#include <string.h>
#include <unistd.h>

#include "cli/headers.h"
#include "lib/base/base64.h"
#include "lib/base/quote.h"
#include "lib/run/report.h"
#include "lib/spec/source.h"

enum {
	MAX_DATA = 64 * 1024 * 1024,
	MAX_SHOWN = 1024 * 1024 * 1024, /* bytes of an answer */
	DEFAULT_TIMEOUT = 300,
};

/* ---- the request ---- */

static int check_method(const char *method, struct err *err)
{
	static const char *const known[] = {"POST", "GET", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(method, known[i]))
			return 0;
	return err_set(err, ERR_SPEC, "--method: POST, GET, PUT, PATCH or DELETE");
}

/* Nothing that ends a word of a request, or its line. */
static bool is_word(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p <= 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* Those that the gateway's client sends itself. */
static int check_header(const char *header, struct err *err)
{
	static const char *const own[] = {
		"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect"};
	const size_t n = strcspn(header, ":");

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (strlen(own[i]) == n && !strncasecmp(header, own[i], n))
			return err_set(
				err, ERR_SPEC, "--header: '%s' is not for you to set", own[i]);
	return 0;
}

static int check(const struct fn_options *o, const struct headers *h, struct err *err)
{
	int r = o->method ? check_method(o->method, err) : 0;

	for (size_t i = 0; r >= 0 && i < h->n; i++)
		r = check_header(h->items[i], err);
	if (r < 0)
		return r;
	if (o->path && ((*o->path != '/' && *o->path != '?') || !is_word(o->path) ||
			       strlen(o->path) > 8000))
		return err_set(err, ERR_SPEC, "--path: begins with '/' or '?' and holds no spaces");
	if (o->async && o->method && strcmp(o->method, "POST") != 0)
		return err_set(err, ERR_SPEC, "--async: queued calls are POST");
	return 0;
}

/* What reads standard input, so that headers cannot; NULL: nothing. */
static const char *takes_input(const struct cli *cli, const struct fn_options *o)
{
	if (o->data && (!strcmp(o->data, "-") || !strcmp(o->data, "@-")))
		return "the body";
	return cli->n_args > 1 && !strcmp(cli->args[1], "-") ? "the spec" : NULL;
}

static int read_data(const char *data, struct buf *ret, struct err *err)
{
	if (!data)
		return 0;
	if (!strcmp(data, "-") || !strcmp(data, "@-"))
		return buf_read_file(ret, "-", MAX_DATA, err);
	if (*data == '@')
		return buf_read_file(ret, data + 1, MAX_DATA, err);
	buf_adds(ret, data);
	return 0;
}

/* ---- the answer ---- */

struct shower {
	const struct cli *cli;
	struct buf rest; /* for a terminal: the beginning of a character that is not complete */
	bool escape;
};

/* How many bytes at the end of @b begin a character that goes on. */
static size_t broken_tail(const struct buf *b)
{
	for (size_t n = 1; n <= 3 && n <= b->len; n++) {
		const unsigned char c = (unsigned char)b->data[b->len - n];

		if (c >= 0xc0)
			return (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) > n ? n : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

static int show(
	void *arg, const struct gateway_answer *a, const char *data, size_t len, struct err *err)
{
	struct shower *s = arg;
	size_t keep;

	if (a->got > MAX_SHOWN)
		return err_set(err, ERR_REMOTE, "the answer is over %d MiB", MAX_SHOWN >> 20);
	if (!s->escape) {
		fn_print(data, len);
		fflush(stdout);
		return 0;
	}
	buf_add(&s->rest, data, len);
	keep = broken_tail(&s->rest);
	fn_print(s->rest.data, s->rest.len - keep);
	buf_consume(&s->rest, s->rest.len - keep);
	fflush(stdout);
	return 0;
}

static bool is_text(const struct buf *b)
{
	struct source s = {.name = "", .text = buf_str(b), .len = b->len};
	struct yaml_pos at;

	return b->len <= SPEC_MAX_BYTES && source_check(&s, &at, NULL) >= 0;
}

static json_t *headers_of(const struct gateway_answer *a)
{
	json_t *o = json_object();
	const char *line = buf_str(&a->head);

	while ((line = strstr(line, "\r\n")) && line[2]) {
		size_t n, value;
		_cleanup_buf_ struct buf name = BUF_INIT;

		line += 2;
		n = strcspn(line, ":\r\n");
		if (line[n] != ':')
			continue;
		escape_text(&name, line, n, false);
		value = n + 1 + strspn(line + n + 1, " \t");
		json_set_text(o, buf_str(&name), line + value, strcspn(line + value, "\r\n"));
	}
	return o;
}

static void print_json(const struct gateway_answer *a)
{
	_cleanup_json_ json_t *o = json_object();
	_cleanup_buf_ struct buf text = BUF_INIT, coded = BUF_INIT;

	json_object_set_new(o, "ok", json_boolean(a->status < 400));
	json_object_set_new(o, "status", json_integer(a->status));
	json_object_set_new(o, "headers", headers_of(a));
	if (is_text(&a->body)) {
		json_set_text(o, "body", buf_str(&a->body), a->body.len);
	} else {
		base64_encode(a->body.data, a->body.len, &coded);
		json_object_set_new(o, "body_base64", json_string(buf_str(&coded)));
	}
	json_print(o, &text);
	buf_addc(&text, '\n');
	output_text(&text);
}

static void print_status(const struct cli *cli, const struct gateway_answer *a, usec_t took)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	const char *head = buf_str(&a->head), *id;
	size_t len;

	if (cli->opt.verbosity < VERBOSITY_NORMAL)
		return;
	buf_adds(&line, "svarm: ");
	escape_text(&line, head + 9, MIN_OF(strcspn(head + 9, "\r\n"), (size_t)60), false);
	buf_addf(&line, ", %lld bytes, ", a->got);
	clock_format(&line, took);
	id = gateway_header(a, "X-Call-Id", &len);
	if (id && len && len <= 100) {
		buf_adds(&line, ", call ");
		escape_text(&line, id, len, false);
	}
	fprintf(stderr, "%s\n", buf_str(&line));
}

/* ---- the call ---- */

static int call(struct fn_session *s, const struct headers *h, const struct buf *data,
	struct gateway_answer *a, struct err *err)
{
	struct shower shower = {.cli = s->cli, .escape = isatty(STDOUT_FILENO)};
	const struct fn_options *o = s->cli->own;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const int seconds = o->timeout ? o->timeout : DEFAULT_TIMEOUT;
	struct gateway_request rq = {
		.method = o->method ? o->method : "POST",
		.headers = h->items,
		.n_headers = h->n,
		.body = buf_str(data),
		.len = data->len,
		.deadline = (usec_t)seconds * USEC_PER_SEC,
	};
	int r;

	buf_addf(&path, "/%s/%s%s", o->async ? "async-function" : "function", s->cli->args[0],
		o->path ? o->path : "");
	rq.path = buf_str(&path);
	r = gateway_ask(&s->gateway, &rq, s->cli->opt.json ? NULL : show, &shower, a, err);
	fn_print(buf_str(&shower.rest), shower.rest.len);
	buf_done(&shower.rest);
	return r;
}

int fn_invoke(const struct cli *cli, struct err *err)
{
	_cleanup_(fn_close) struct fn_session s = {0};
	_cleanup_(gateway_answer_done) struct gateway_answer a = {0};
	const struct fn_options *o = cli->own;
	_cleanup_(headers_done) struct headers headers = {0};
	_cleanup_buf_ struct buf data = BUF_INIT;
	usec_t start;
	int r;

	r = headers_read(cli, &o->headers, takes_input(cli, o), &headers, err);
	if (r >= 0)
		r = check(o, &headers, err);
	if (r >= 0)
		r = read_data(o->data, &data, err);
	if (r >= 0)
		r = fn_open(cli, 1, &s, err);
	if (r < 0)
		return r;
	start = clock_now();
	r = call(&s, &headers, &data, &a, err);
	if (r < 0)
		return r;
	if (cli->opt.json)
		print_json(&a);
	fflush(stdout);
	print_status(cli, &a, clock_now() - start);
	return a.status < 400 ? EXIT_FINE : EXIT_NODE;
}
