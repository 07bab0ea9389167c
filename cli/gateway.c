/* The gateway's API by way of the leader: see gateway.h.  Every byte of an answer is foreign. */
#include "cli/gateway.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/signals.h"
#include "lib/base/quote.h"
#include "lib/node/template.h"
#include "lib/run/report.h"

enum {
	PORT = 8080,
	MAX_HEAD = 64 * 1024,
	CONNECT_SECONDS = 20, /* nobody waits here for machines that boot */
};

/* ---- the link ---- */

static void on_notice(void *arg, const char *text)
{
	const struct cli *cli = arg;

	if (cli->opt.verbosity >= VERBOSITY_MORE)
		fprintf(stderr, "svarm: %s\n", text);
}

int gateway_open(
	const struct cli *cli, const struct cluster *c, struct gateway *ret, struct err *err)
{
	const struct link_options options = {
		.policy = cli->opt.accept_new_host_keys ? HOST_KEY_LEARN : HOST_KEY_STRICT,
		.cancel = cli_cancel,
		.notice = on_notice,
		.arg = (void *)cli,
	};
	struct cluster brief = *c;
	int r;

	signals_defer();
	ret->cli = cli;
	ret->leader = cluster_leader(c);
	brief.ssh.connect_timeout = MIN_OF(
		brief.ssh.connect_timeout, CONNECT_SECONDS * USEC_PER_SEC);
	r = link_open_ssh(&brief, ret->leader, &options, &ret->link, err);
	return r < 0 ? err_wrap(err, "%s", ret->leader->name) : 0;
}

void gateway_close(struct gateway *g)
{
	link_free(g->link);
	g->link = NULL;
}

/* ---- one exchange ---- */

struct exchange {
	struct buf question; /* all but the body */
	const char *body;
	size_t len;
	int sent; /* parts */
	struct gateway_answer *answer;
	bool headed; /* the head is complete */
	gateway_body_fn *fn;
	void *arg;
};

static void exchange_done(struct exchange *x)
{
	buf_wipe(&x->question);
}

/* The input stays open: its end would tell the node that nobody listens. */
static enum link_input give(void *arg, const char **data, size_t *len, struct err *err)
{
	struct exchange *x = arg;

	x->sent++;
	*data = x->sent == 1 ? buf_str(&x->question) : x->body;
	*len = x->sent == 1 ? x->question.len : x->len;
	if (x->sent > 2 || !*len)
		return LINK_INPUT_WAIT;
	return LINK_INPUT_DATA;
}

static int take_body(struct exchange *x, const char *data, size_t len, struct err *err)
{
	struct gateway_answer *a = x->answer;

	a->got += (long long)len;
	if (x->fn)
		return len ? x->fn(x->arg, a, data, len, err) : 0;
	if (a->body.len + len > GATEWAY_MAX_ANSWER)
		return err_set(
			err, ERR_REMOTE, "the answer is over %d MiB", GATEWAY_MAX_ANSWER >> 20);
	buf_add(&a->body, data, len);
	return 0;
}

/* "HTTP/1.1 200 OK": the number; 0 when it is no such line. */
static int status_of(const char *head)
{
	if (strncmp(head, "HTTP/1.", 7) || !isdigit((unsigned char)head[7]) || head[8] != ' ' ||
		strspn(head + 9, "0123456789") != 3)
		return 0;
	return (int)strtol(head + 9, NULL, 10);
}

static int read_head(struct gateway_answer *a, struct err *err)
{
	const char *text;
	size_t len;

	a->status = status_of(buf_str(&a->head));
	if (!a->status)
		return err_set(err, ERR_REMOTE, "the gateway's answer is not HTTP");
	a->length = -1;
	if (gateway_header(a, "Transfer-Encoding", &len))
		return err_set(err, ERR_REMOTE, "the gateway's answer has an unexpected form");
	text = gateway_header(a, "Content-Length", &len);
	if (text && len && len < 16 && strspn(text, "0123456789") >= len)
		a->length = strtoll(text, NULL, 10);
	return 0;
}

static int take(void *arg, const char *data, size_t len, struct err *err)
{
	struct exchange *x = arg;
	struct gateway_answer *a = x->answer;
	const char *end;
	size_t before = a->head.len, used;
	int r;

	if (!a)
		return 0;
	if (x->headed)
		return take_body(x, data, len, err);
	buf_add(&a->head, data, MIN_OF(len, MAX_HEAD + 4 - before));
	end = memmem(a->head.data, a->head.len, "\r\n\r\n", 4);
	if (!end && a->head.len > MAX_HEAD)
		return err_set(err, ERR_REMOTE, "the head of the gateway's answer has no end");
	if (!end)
		return 0;
	a->head.len = (size_t)(end - a->head.data) + 2;
	a->head.data[a->head.len] = '\0';
	used = a->head.len + 2 - before;
	x->headed = true;
	if (memchr(a->head.data, '\0', a->head.len))
		return err_set(err, ERR_REMOTE, "the gateway's answer is not HTTP");
	r = read_head(a, err);
	return r < 0 ? r : take_body(x, data + used, len - used, err);
}

/* Run gateway.sh; its own complaints become the error. */
static int run(struct gateway *g, struct exchange *x, usec_t deadline, struct link_result *result,
	struct err *err)
{
	_cleanup_buf_ struct buf script = BUF_INIT, said = BUF_INIT;
	struct link_exec exec = {
		.input = give,
		.output = x->answer ? take : NULL,
		.arg = x,
		.deadline = deadline,
		.max_output = GATEWAY_MAX_ANSWER,
		.cancel = cli_cancel,
	};
	int r;

	r = template_text("gateway.sh", &script, err);
	if (r < 0)
		return r;
	exec.script = buf_str(&script);
	r = link_exec(g->link, &exec, result, err);
	if (r < 0)
		return err_wrap(err, "%s", g->leader->name);
	if (result->status == 0 || (!x->answer && result->status == 1))
		return 0;
	escape_text(&said, buf_str(&result->err), MIN_OF(result->err.len, (size_t)400), false);
	return err_set(err, ERR_REMOTE, "%s: %s", g->leader->name,
		said.len ? buf_str(&said) : "the question could not be asked");
}

/* ---- HTTP ---- */

static void add_request(
	const struct gateway *g, const struct gateway_request *rq, struct buf *question)
{
	_cleanup_buf_ struct buf head = BUF_INIT;

	buf_addf(&head, "%s %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: svarm\r\n", rq->method, rq->path,
		g->leader->name);
	if (rq->len || strcmp(rq->method, "GET"))
		buf_addf(&head, "Content-Length: %zu\r\n", rq->len);
	for (size_t i = 0; i < rq->n_headers; i++)
		buf_addf(&head, "%s\r\n", rq->headers[i]);
	buf_addf(question, "http %s %d %d %zu %zu\n", g->leader->private, PORT, rq->system,
		head.len, rq->len);
	buf_add(question, head.data, head.len);
	buf_wipe(&head);
}

int gateway_ask(struct gateway *g, const struct gateway_request *rq, gateway_body_fn *fn, void *arg,
	struct gateway_answer *ret, struct err *err)
{
	_cleanup_(exchange_done) struct exchange x = {
		.body = rq->body,
		.len = rq->len,
		.answer = ret,
		.fn = fn,
		.arg = arg,
	};
	_cleanup_(link_result_done) struct link_result result = {0};
	int r;

	add_request(g, rq, &x.question);
	r = run(g, &x, rq->deadline, &result, err);
	if (r < 0)
		return r;
	if (!x.headed)
		return err_set(err, ERR_REMOTE, "%s: the gateway hung up without an answer",
			g->leader->name);
	if (ret->length >= 0 && ret->got < ret->length && strcmp(rq->method, "HEAD"))
		return err_set(err, ERR_REMOTE, "%s: the answer came short: %lld of %lld bytes",
			g->leader->name, ret->got, ret->length);
	return 0;
}

void gateway_answer_done(struct gateway_answer *a)
{
	buf_done(&a->head);
	buf_done(&a->body);
}

const char *gateway_header(const struct gateway_answer *a, const char *name, size_t *ret_len)
{
	const size_t n = strlen(name);
	const char *line = buf_str(&a->head);

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (strncasecmp(line, name, n) || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " \t");
		*ret_len = strcspn(line, "\r\n");
		return line;
	}
	return NULL;
}

int gateway_refused(const struct gateway_answer *a, const char *what, struct err *err)
{
	_cleanup_buf_ struct buf said = BUF_INIT;

	escape_text(&said, buf_str(&a->body), MIN_OF(a->body.len, (size_t)300), false);
	buf_rtrim(&said);
	if (a->status == 401)
		return err_set(err, ERR_REMOTE,
			"%s: the gateway does not take the password that the leader keeps; 'svarm "
			"up' brings them together",
			what);
	if (a->status == 404)
		return err_set(err, ERR_REMOTE, "%s: there is no such function", what);
	return err_set(err, ERR_REMOTE, "%s: the gateway answers %d%s%s", what, a->status,
		said.len ? ": " : "", buf_str(&said));
}

/* ---- queue ---- */

int gateway_queue(
	struct gateway *g, const char *const *words, size_t n, struct buf *out, struct err *err)
{
	_cleanup_(exchange_done) struct exchange x = {0};
	_cleanup_(link_result_done) struct link_result result = {0};
	int r;

	buf_addf(&x.question, "queue %zu\n", n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&x.question, "%s\n", words[i]);
	r = run(g, &x, 10 * 60 * USEC_PER_SEC, &result, err);
	if (r >= 0)
		buf_add(out, result.out.data, result.out.len);
	return r;
}
