/* `svarm fn list`, `scale` and `remove`: questions to the gateway's API with short answers. */
#include "cli/fn.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/quote.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define SCALE      "com.openfaas.scale."

enum { DEFAULT_MAX = 20 }; /* the gateway's, for a function that names none */

static const struct table_column columns[] = {
	{"name", "NAME", false, false},
	{"image", "IMAGE", false, false},
	{"available", "READY", true, false},
	{"replicas", "WANTED", true, false},
	{"calls", "CALLS", true, false},
	{"min", "MIN", true, false},
	{"max", "MAX", true, false},
	{"spec", "IN SPEC", false, false},
	{0},
};

static void text_cell(struct table *t, enum cell_style style, const char *text)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (text)
		escape_text(&shown, text, MIN_OF(strlen(text), (size_t)200), false);
	table_text(t, style, text ? buf_str(&shown) : NULL);
}

/* As the gateway reads it. */
static int scale_label(const json_t *labels, const char *key, int dflt)
{
	const char *text = json_str(labels, key);
	long n = text && strspn(text, "0123456789") == strlen(text) ? strtol(text, NULL, 10) : 0;

	return n >= 1 && n <= 1000 ? (int)n : dflt;
}

static void add_row(struct table *t, const struct cluster *c, const json_t *fn)
{
	const char *name = json_str(fn, "name");
	const json_t *labels = json_obj(fn, "labels");
	json_int_t ready = json_int(fn, "availableReplicas", 0);
	json_int_t wanted = json_int(fn, "replicas", 0);
	int min = scale_label(labels, SCALE "min", 1);

	table_row(t);
	text_cell(t, CELL_STRONG, name);
	text_cell(t, CELL_PLAIN, json_str(fn, "image"));
	table_number(t, ready < wanted ? CELL_BAD : CELL_GOOD, (double)ready, 0);
	table_number(t, CELL_PLAIN, (double)wanted, 0);
	table_number(t, CELL_PLAIN, (double)json_int(fn, "invocationCount", 0), 0);
	table_number(t, CELL_PLAIN, min, 0);
	table_number(t, CELL_PLAIN, MAX_OF(min, scale_label(labels, SCALE "max", DEFAULT_MAX)), 0);
	table_bool(t, CELL_PLAIN, name && fn_in_spec(c, name));
}

static int show_list(struct fn_session *s, const struct gateway_answer *a, struct err *err)
{
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_json_ json_t *list = NULL;
	json_t *fn;
	size_t i;
	int r;

	if (a->status != 200)
		return gateway_refused(a, "functions", err);
	r = json_parse(buf_str(&a->body), a->body.len, GATEWAY_MAX_ANSWER, &list, err);
	if (r < 0 || !json_is_array(list))
		return err_set(err, ERR_REMOTE, "the gateway's list of functions is none");
	json_array_foreach(list, i, fn) add_row(t, s->cluster, fn);
	output_table(s->cli, t);
	return EXIT_FINE;
}

int fn_list(const struct cli *cli, struct err *err)
{
	_cleanup_(fn_close) struct fn_session s = {0};
	_cleanup_(gateway_answer_done) struct gateway_answer a = {0};
	const struct gateway_request rq = {
		.method = "GET",
		.path = "/system/functions",
		.system = true,
		.deadline = SECONDS(60),
	};
	int r = fn_open(cli, 0, &s, err);

	if (r >= 0)
		r = gateway_ask(&s.gateway, &rq, NULL, NULL, &a, err);
	return r < 0 ? r : show_list(&s, &a, err);
}

/* ---- orders ---- */

/* Send @body, and say @done when the gateway has taken it. */
static int order(struct fn_session *s, const char *method, const char *path, const json_t *body,
	const char *done, struct err *err)
{
	_cleanup_(gateway_answer_done) struct gateway_answer a = {0};
	static const char *const json[] = {"Content-Type: application/json"};
	_cleanup_buf_ struct buf text = BUF_INIT, out = BUF_INIT;
	struct gateway_request rq = {
		.method = method,
		.path = path,
		.system = true,
		.headers = json,
		.n_headers = 1,
		.deadline = SECONDS(60),
	};
	int r;

	json_print(body, &text);
	rq.body = buf_str(&text);
	rq.len = text.len;
	r = gateway_ask(&s->gateway, &rq, NULL, NULL, &a, err);
	if (r < 0)
		return r;
	if (a.status < 200 || a.status > 299)
		return gateway_refused(&a, s->cli->args[0], err);
	if (s->cli->opt.json)
		buf_addf(&out, "{\"ok\": true, \"name\": \"%s\"}\n", s->cli->args[0]);
	else
		buf_addf(&out, "%s: %s\n", s->cli->args[0], done);
	output_text(&out);
	return EXIT_FINE;
}

/* The spec has the last word; better said now than at the next run. */
static void warn_of_spec(struct fn_session *s, const char *name, long n)
{
	const struct spec_function *f = fn_in_spec(s->cluster, name);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int min;

	if (!f)
		return;
	min = f->scale.zero || !f->replicas ? 0 : f->scale.min;
	if (n >= min && n <= f->scale.max)
		return;
	buf_addf(&text, "the spec says %d to %d for '%s': the next 'svarm up' brings it back there",
		min, f->scale.max, name);
	output_warning(s->cli, buf_str(&text));
}

int fn_scale(const struct cli *cli, struct err *err)
{
	_cleanup_(fn_close) struct fn_session s = {0};
	_cleanup_buf_ struct buf path = BUF_INIT, done = BUF_INIT;
	_cleanup_json_ json_t *body = NULL;
	const char *name = cli->args[0], *number = cli->args[1];
	char *end;
	long n = strtol(number, &end, 10);
	int r;

	if (*number < '0' || *number > '9' || *end || n > 1000)
		return err_set(err, ERR_SPEC, "'%.40s' is not a number from 0 to 1000", number);
	r = fn_open(cli, 2, &s, err);
	if (r < 0)
		return r;
	warn_of_spec(&s, name, n);
	buf_addf(&path, "/system/scale-function/%s", name);
	buf_addf(&done, "%ld container%s wanted", n, n == 1 ? "" : "s");
	body = json_pack("{s:s, s:i}", "serviceName", name, "replicas", (int)n);
	return order(&s, "POST", buf_str(&path), body, buf_str(&done), err);
}

int fn_remove(const struct cli *cli, struct err *err)
{
	_cleanup_(fn_close) struct fn_session s = {0};
	_cleanup_json_ json_t *body = NULL;
	const char *name = cli->args[0];
	int r = fn_open(cli, 1, &s, err);

	if (r < 0)
		return r;
	/* It may still be another one of that name, which is in the way of the spec's. */
	if (fn_in_spec(s.cluster, name))
		output_warning(cli, "the spec has a function of that name: the next 'svarm up' "
				    "deploys it");
	body = json_pack("{s:s}", "functionName", name);
	return order(&s, "DELETE", "/system/functions", body, "removed", err);
}
