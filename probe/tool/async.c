/*
 * svarm-probe async: calls through the queue, and their callbacks, on one clock.
 *
 *	svarm-probe async --listen ADDRESS -n 1000 http://127.0.0.1:8080/async-function/NAME
 *
 * ADDRESS is one of this machine's that the queue workers reach.  Prints a line of JSON a second
 * ({"progress": …}), and the account at the end.  Exit: 0 all came back, once; 1 some did not.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/quote.h"
#include "probe/async/async.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

enum { MAX_CONNECTIONS = 1000 };

static const char usage[] =
	"usage: svarm-probe async --listen ADDRESS [OPTIONS] URL\n"
	"      --listen ADDRESS   where callbacks come to: one of this machine's addresses\n"
	"  -n, --count N          calls (1000)\n"
	"  -c, --connections N    to send them with (16)\n"
	"      --timeout SECONDS  for a call to be accepted (10)\n"
	"      --patience SECONDS without a callback, then what is missing is lost (15)\n";

static volatile sig_atomic_t cancel;

static void on_signal(int sig)
{
	(void)sig;
	cancel = 1;
}

enum { OPT_LISTEN = 256, OPT_TIMEOUT, OPT_PATIENCE };

static const struct option options[] = {
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"count", required_argument, NULL, 'n'},
	{"connections", required_argument, NULL, 'c'},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"patience", required_argument, NULL, OPT_PATIENCE},
	{0},
};

static bool set_option(struct async_options *o, int option, const char *value)
{
	double n;

	switch (option) {
	case OPT_LISTEN: o->listen = value; return true;
	case 'n':
		if (!parse_between(value, 1, TALLY_MAX, &n))
			return false;
		o->count = (uint32_t)n;
		return true;
	case 'c':
		if (!parse_between(value, 1, MAX_CONNECTIONS, &n))
			return false;
		o->connections = (unsigned)n;
		return true;
	case OPT_TIMEOUT:
	case OPT_PATIENCE:
		if (!parse_between(value, 0.001, 3600, &n))
			return false;
		*(option == OPT_TIMEOUT ? &o->timeout : &o->patience) = (usec_t)(n * 1e6);
		return true;
	default: return false;
	}
}

static bool parse_arguments(struct async_options *o, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "n:c:", options, NULL)) != -1)
		if (!set_option(o, option, optarg))
			return false;
	if (optind != argc - 1 || !o->listen)
		return false;
	o->url = argv[optind];
	return true;
}

static void progress(void *arg, const struct tally *t)
{
	(void)arg;
	printf("{\"progress\": {\"sent\": %u, \"accepted\": %u, \"called_back\": %u}}\n", t->sent,
		t->accepted, t->called_back);
	fflush(stdout);
}

int tool_async(int argc, char **argv)
{
	struct async_options o = {.count = 1000,
		.connections = 16,
		.timeout = 10 * USEC_PER_SEC,
		.patience = 15 * USEC_PER_SEC,
		.linger = 300 * USEC_PER_MSEC,
		.cancel = &cancel,
		.progress = progress};
	_cleanup_(tally_done) struct tally t = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (!parse_arguments(&o, argc, argv)) {
		fputs(usage, stderr);
		return TOOL_USAGE;
	}
	r = async_run(&o, &t, &err);
	if (r < 0) {
		fprintf(stderr, "svarm-probe async: %s\n", err_msg(&err));
		buf_adds(&out, "{\"error\": ");
		quote_json(&out, err_msg(&err));
		buf_addc(&out, '}');
		puts(buf_str(&out)); /* for a reader of lines */
		return r == -EINVAL || r == -ENOENT ? TOOL_USAGE : TOOL_FAULT;
	}
	tally_json(&t, &out);
	fputs(buf_str(&out), stdout);
	return t.accepted_called_back == t.n && !t.duplicated ? 0 : TOOL_BAD;
}
