/*
 * `svarm queue`: what waits to be called and what was given up.  The gateway's program looks into
 * Redis, next to it; here its one JSON object is shown.
 */
#include <string.h>

#include "cli/cmds.h"
#include "cli/gateway.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "lib/base/quote.h"
#include "lib/ext/json.h"

/* Bits of the options, for struct verb. */
enum {
	QUEUE_DEAD = 1 << 0,
	QUEUE_CHOOSE = 1 << 1, /* replay, purge */
};

struct queue_options {
	bool all, bodies;
	const char *function;
	int limit; /* 0: not given */
};

#define AT(member) .offset = offsetof(struct queue_options, member)

static const struct option options[] = {
	{0, "all", OPTION_FLAG, NULL, "replay, purge: every dead call", AT(all),
		.bit = QUEUE_CHOOSE},
	{0, "function", OPTION_STRING, "NAME", "dead, replay, purge: only those of this function",
		AT(function), .bit = QUEUE_CHOOSE | QUEUE_DEAD},
	{0, "limit", OPTION_NUMBER, "N", "dead: at most N (default 100)", AT(limit), .min = 1,
		.max = 100000, .bit = QUEUE_DEAD},
	{0, "bodies", OPTION_FLAG, NULL, "dead: with their bodies, in base64; with --json",
		AT(bodies), .bit = QUEUE_DEAD},
	{0},
};

/* ---- asking ---- */

struct words {
	const char *list[10];
	size_t n;
};

static void add(struct words *w, const char *word)
{
	w->list[w->n++] = word;
}

/* A word travels as a line. */
static int check_word(const char *what, const char *word, struct err *err)
{
	for (const char *p = word; *p; p++)
		if (*p <= ' ' || *p > '~')
			return err_set(err, ERR_SPEC, "%s: holds what none has", what);
	return *word && *word != '-' && strlen(word) <= 200
		       ? 0
		       : err_set(err, ERR_SPEC, "%s: is none", what);
}

/* The gateway's answer; -ENOENT and the like of its own are ERR_REMOTE with its words. */
static int ask(
	const struct cli *cli, int own_args, const struct words *w, json_t **ret, struct err *err)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	_cleanup_(gateway_close) struct gateway g = {0};
	_cleanup_json_ json_t *o = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, said = BUF_INIT;
	const char *why;
	int r;

	r = verb_cluster(cli, own_args, &c, err);
	if (r >= 0)
		r = gateway_open(cli, c, &g, err);
	if (r >= 0)
		r = gateway_queue(&g, w->list, w->n, &text, err);
	if (r < 0)
		return r;
	r = json_parse(buf_str(&text), text.len, GATEWAY_MAX_ANSWER, &o, NULL);
	if (r < 0 || !json_is_object(o))
		return err_set(err, ERR_REMOTE,
			"the gateway's answer about the queue is none; does it run the version of "
			"this svarm? 'svarm up' updates it");
	if (!json_bool(o, "ok")) {
		why = json_str(o, "error");
		escape_text(&said, why ? why : "it does not say why",
			why ? MIN_OF(strlen(why), (size_t)300) : strlen("it does not say why"),
			false);
		return err_set(err, ERR_REMOTE, "queue: %s", buf_str(&said));
	}
	*ret = TAKE_PTR(o);
	return 0;
}

static void print_json(const json_t *o)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	json_print(o, &text);
	buf_addc(&text, '\n');
	output_text(&text);
}

/* ---- showing ---- */

static void text_cell(struct table *t, enum cell_style style, const char *text)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (text)
		escape_text(&shown, text, MIN_OF(strlen(text), (size_t)120), false);
	table_text(t, style, text && *text ? buf_str(&shown) : NULL);
}

static void number_cell(struct table *t, const json_t *o, const char *key)
{
	table_number(t, CELL_PLAIN, (double)json_int(o, key, 0), 0);
}

static void age_cell(struct table *t, const json_t *o, const char *key)
{
	json_int_t ms = json_int(o, key, -1);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (ms >= 0 && ms < INT64_MAX / 1000)
		clock_format(&text, (usec_t)ms * USEC_PER_MSEC);
	table_text(t, CELL_PLAIN, text.len ? buf_str(&text) : NULL);
}

static void print_status(const struct cli *cli, const json_t *o)
{
	static const struct table_column columns[] = {
		{"name", "QUEUE", false, false},
		{"waiting", "WAITING", true, false},
		{"pending", "TAKEN", true, false},
		{"consumers", "WORKERS", true, false},
		{"oldest_ms", "OLDEST", true, false},
		{0},
	};
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf out = BUF_INIT;
	json_int_t dead = json_int(o, "dead", 0);
	json_t *q;
	size_t i;

	json_array_foreach(json_arr(o, "queues"), i, q)
	{
		table_row(t);
		text_cell(t, CELL_STRONG, json_str(q, "name"));
		number_cell(t, q, "waiting");
		number_cell(t, q, "pending");
		number_cell(t, q, "consumers");
		age_cell(t, q, "oldest_ms");
	}
	table_render(t, &out, output_color(cli, stdout), output_width());
	buf_addf(&out, "\n%lld dead call%s%s\n", (long long)dead, dead == 1 ? "" : "s",
		dead ? "; 'svarm queue dead' lists them" : "");
	output_text(&out);
}

static void print_dead(const struct cli *cli, const json_t *o)
{
	static const struct table_column columns[] = {
		{"id", "ID", false, false},
		{"function", "FUNCTION", false, false},
		{"queue", "QUEUE", false, false},
		{"status", "STATUS", true, false},
		{"attempts", "ATTEMPTS", true, false},
		{"bytes", "BYTES", true, false},
		{"died", "DIED", false, false},
		{"reason", "REASON", false, false},
		{0},
	};
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf out = BUF_INIT;
	json_t *d;
	size_t i;

	json_array_foreach(json_arr(o, "dead"), i, d)
	{
		table_row(t);
		text_cell(t, CELL_STRONG, json_str(d, "id"));
		text_cell(t, CELL_PLAIN, json_str(d, "function"));
		text_cell(t, CELL_PLAIN, json_str(d, "queue"));
		number_cell(t, d, "status");
		number_cell(t, d, "attempts");
		number_cell(t, d, "bytes");
		text_cell(t, CELL_PLAIN, json_str(d, "died"));
		text_cell(t, CELL_PLAIN, json_str(d, "reason"));
	}
	table_render(t, &out, output_color(cli, stdout), output_width());
	if (json_bool(o, "more"))
		buf_adds(&out, "\nthere are more; --limit N shows more of them\n");
	output_text(&out);
}

/* ---- verbs ---- */

static int status(const struct cli *cli, struct err *err)
{
	const struct words w = {.list = {"status"}, .n = 1};
	_cleanup_json_ json_t *o = NULL;
	int r = ask(cli, 0, &w, &o, err);

	if (r < 0)
		return r;
	if (cli->opt.json)
		print_json(o);
	else
		print_status(cli, o);
	return EXIT_FINE;
}

static int add_function(const struct queue_options *own, struct words *w, struct err *err)
{
	if (!own->function)
		return 0;
	add(w, "--function");
	add(w, own->function);
	return check_word("--function", own->function, err);
}

static int dead(const struct cli *cli, struct err *err)
{
	const struct queue_options *own = cli->own;
	struct words w = {.list = {"dead"}, .n = 1};
	_cleanup_json_ json_t *o = NULL;
	char limit[16];
	int r;

	snprintf(limit, sizeof(limit), "%d", own->limit);
	if (own->limit) {
		add(&w, "--limit");
		add(&w, limit);
	}
	if (own->bodies && !cli->opt.json)
		return err_set(err, ERR_SPEC, "--bodies: only with --json");
	if (own->bodies)
		add(&w, "--bodies");
	r = add_function(own, &w, err);
	if (r >= 0)
		r = ask(cli, 0, &w, &o, err);
	if (r < 0)
		return r;
	if (cli->opt.json)
		print_json(o);
	else
		print_dead(cli, o);
	return EXIT_FINE;
}

/* "1718000000000-0": what an ID looks like and no file's name does. */
static bool is_id(const char *s)
{
	const size_t n = strspn(s, "0123456789");

	return n && s[n] == '-' && s[n + 1] && !s[n + 1 + strspn(s + n + 1, "0123456789")];
}

/* Replay or purge: an ID, the calls of a function, or all of them; never all by omission. */
static int work_off(const struct cli *cli, const char *verb, const char *count, const char *done,
	struct err *err)
{
	const struct queue_options *own = cli->own;
	struct words w = {.list = {verb}, .n = 1};
	const char *id = cli->n_args && is_id(cli->args[0]) ? cli->args[0] : NULL;
	_cleanup_json_ json_t *o = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT;
	json_int_t n;
	int r;

	if ((id != NULL) + own->all + (own->function != NULL) != 1)
		return err_set(err, ERR_SPEC,
			"'svarm queue %s' needs an ID of 'svarm queue dead', --function NAME, or "
			"--all",
			verb);
	if (cli->n_args > (id ? 2 : 1))
		return err_set(
			err, ERR_SPEC, "'%.80s' is no ID of 'svarm queue dead'", cli->args[0]);
	if (id)
		add(&w, id);
	if (own->all)
		add(&w, "--all");
	r = add_function(own, &w, err);
	if (r >= 0)
		r = ask(cli, id ? 1 : 0, &w, &o, err);
	if (r < 0)
		return r;
	n = json_int(o, count, 0);
	buf_addf(&out, "%lld dead call%s %s\n", (long long)n, n == 1 ? "" : "s", done);
	if (cli->opt.json)
		print_json(o);
	else
		output_text(&out);
	return EXIT_FINE;
}

static int replay(const struct cli *cli, struct err *err)
{
	return work_off(cli, "replay", "replayed", "queued again", err);
}

static int purge(const struct cli *cli, struct err *err)
{
	return work_off(cli, "purge", "purged", "removed", err);
}

static const struct verb verbs[] = {
	{"status", "", "show the queues and what waits in them", 0, 0, 0, status},
	{"dead", "", "list the calls that were given up, the newest first", 0, 0, QUEUE_DEAD, dead},
	{"replay", "[ID]", "queue dead calls again", 0, 1, QUEUE_CHOOSE, replay},
	{"purge", "[ID]", "remove dead calls for good", 0, 1, QUEUE_CHOOSE, purge},
	{0},
};

const struct cmd cmd_queue = {
	.name = "queue",
	.usage = "VERB [ID] [FILE]",
	.summary = "show the queue; list, replay and purge dead calls",
	.about = "Asynchronous calls wait in Redis until a worker makes them. One that failed too "
		 "often is kept as a dead call, with the reason. 'replay' queues it again, as a "
		 "new call with the same call id; 'purge' removes it. Both need an ID, --function "
		 "or --all.\n"
		 "Asks the gateway on the leader, over SSH.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_LINK | COMMON_TEMPLATES,
	.min_args = 1,
	.max_args = 3,
	.own = options,
	.own_size = sizeof(struct queue_options),
	.verbs = verbs,
	.run = verb_run,
};
