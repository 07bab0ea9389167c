/* `svarm fn`: functions for people without faas-cli, through the leader. */
#include "cli/fn.h"

#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "lib/base/quote.h"

#define AT(member) .offset = offsetof(struct fn_options, member)

static const struct option options[] = {
	{'d', "data", OPTION_STRING, "TEXT|@FILE|-",
		"invoke: what is sent; @FILE: a file's content; -: standard input", AT(data),
		.bit = FN_INVOKE},
	{'H', "header", OPTION_LIST, "NAME:VALUE",
		"invoke: one more header; @FILE: those of a file, one a line; @-: of standard "
		"input; may be repeated",
		AT(headers), .bit = FN_INVOKE},
	{0, "path", OPTION_STRING, "PATH", "invoke: path and query behind the function's name",
		AT(path), .bit = FN_INVOKE},
	{'X', "method", OPTION_STRING, "VERB", "invoke: GET, PUT, PATCH or DELETE instead of POST",
		AT(method), .bit = FN_INVOKE},
	{'a', "async", OPTION_FLAG, NULL, "invoke: queue the call and go on", AT(async),
		.bit = FN_INVOKE},
	{'t', "timeout", OPTION_NUMBER, "SECONDS", "invoke: wait no longer (default 300)",
		AT(timeout), .min = 1, .max = 86400, .bit = FN_INVOKE},
	{'f', "follow", OPTION_FLAG, NULL, "logs: go on with what is written from now on",
		AT(follow), .bit = FN_LOGS},
	{0, "tail", OPTION_NUMBER, "N", "logs: only the last N lines of each container", AT(tail),
		.min = 1, .max = 1000000, .bit = FN_LOGS},
	{0, "since", OPTION_STRING, "TIME",
		"logs: nothing older; 10m ago, or a time like 2024-05-01T12:00:00Z", AT(since),
		.bit = FN_LOGS},
	{0},
};

static const struct verb verbs[] = {
	{"list", "", "show the functions", 0, 0, 0, fn_list},
	{"invoke", "NAME", "call one and print its answer", 1, 0, FN_INVOKE, fn_invoke},
	{"logs", "NAME", "show what it wrote", 1, 0, FN_LOGS, fn_logs},
	{"scale", "NAME N", "let N containers run", 2, 0, 0, fn_scale},
	{"remove", "NAME", "remove one that the spec does not have", 1, 0, 0, fn_remove},
	{0},
};

/* ---- what the verbs share ---- */

static int check_name(const char *name, struct err *err)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (*name && *name != '.' && strlen(name) <= 200 && !name[strspn(name, chars)])
		return 0;
	escape_text(&shown, name, MIN_OF(strlen(name), (size_t)80), false);
	return err_set(err, ERR_SPEC, "'%s' is not the name of a function", buf_str(&shown));
}

int fn_open(const struct cli *cli, int n, struct fn_session *ret, struct err *err)
{
	int r = n ? check_name(cli->args[0], err) : 0;

	ret->cli = cli;
	if (r < 0)
		return r;
	r = verb_cluster(cli, n, &ret->cluster, err);
	return r < 0 ? r : gateway_open(cli, ret->cluster, &ret->gateway, err);
}

void fn_close(struct fn_session *s)
{
	gateway_close(&s->gateway);
	cluster_free(s->cluster);
}

const struct spec_function *fn_in_spec(const struct cluster *c, const char *name)
{
	for (size_t i = 0; i < c->faas.n_functions; i++)
		if (!strcmp(c->faas.functions[i].name, name))
			return &c->faas.functions[i];
	return NULL;
}

void fn_print(const char *text, size_t len)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (isatty(STDOUT_FILENO))
		escape_text(&out, text, len, true);
	else
		buf_add(&out, text, len);
	output_text(&out);
}

static int run(const struct cli *cli, struct err *err)
{
	const struct fn_options *own = cli->own;
	struct option_list headers = own->headers; /* its array is ours to free */
	int r = verb_run(cli, err);

	option_list_done(&headers);
	return r;
}

const struct cmd cmd_fn = {
	.name = "fn",
	.usage = "VERB [NAME…] [FILE]",
	.summary = "list, call and scale functions, read their logs",
	.about = "Asks the gateway on the leader, over SSH: it needs neither faas-cli nor a way to "
		 "the gateway, and no password, which stays on the leader.\n"
		 "'invoke' prints the function's answer on standard output and its status on "
		 "standard error, and ends with exit code 1 when the status is 400 or more. "
		 "'scale' holds until the load or the next 'up' wants another number; 'remove' is "
		 "for functions that did not come from the spec.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_LINK | COMMON_TEMPLATES,
	.min_args = 1,
	.max_args = 4,
	.own = options,
	.own_size = sizeof(struct fn_options),
	.verbs = verbs,
	.run = run,
};
