/*
 * svarm-probe load: the load engine on a command line of its own, for nodes, benchmarks and tests.
 *
 *	svarm-probe load -c 32 -d 10 [--json] http://HOST/function/NAME
 *
 * Exit: 0 every request was answered with a status below 400, 1 some were not, 2 usage, 3 this
 * machine could not do its part.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/load/header.h"
#include "probe/load/report.h"
#include "probe/load/request.h"
#include "probe/load/rounds.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

enum { MAX_DATA = 256 * 1024 * 1024 };

static const char usage[] =
	"usage: svarm-probe load [OPTIONS] URL\n"
	"  -c, --connections N   at most so many at once (1)\n"
	"  -t, --threads N       (1)\n"
	"  -d, --duration TIME   seconds, or 500ms, 10s, 2m (10s; with -n: no limit)\n"
	"  -n, --count N         stop after so many requests\n"
	"  -r, --rate R          open loop: so many requests a second are due\n"
	"  -w, --warmup TIME     before what counts (0)\n"
	"      --timeout TIME    of one request (10s)\n"
	"  -X, --method METHOD   GET; POST with a body\n"
	"  -H, --header LINE     'Name: value'; @FILE: see probe/load/header.h; may be repeated\n"
	"      --data TEXT       body\n"
	"      --data-file FILE  body; - is standard input\n"
	"      --request FILE    all of the request: see probe/load/request.h; no URL then\n"
	"  -k, --insecure        https: take any certificate\n"
	"      --fresh           a new connection for every request\n"
	"      --ramp-to R       from --rate to this one in ten steps, which share the duration\n"
	"      --until-stable    rounds until the last three agree to 5 %, ten at most\n"
	"      --json            all figures as JSON\n"
	"      --progress        before that, each second a line of JSON; means --json\n";

struct arguments {
	struct load_options o;
	struct request request; /* its text holds the body alone, or all of it */
	size_t cap_headers;
	struct header_file *files; /* owned; what the headers point into */
	size_t n_files, cap_files;
	const char *url, *request_file;
	double ramp_to;
	bool until_stable, json, input_taken;
};

static volatile sig_atomic_t cancel;

static void on_signal(int sig)
{
	(void)sig;
	__atomic_store_n(&cancel, 1, __ATOMIC_RELAXED); /* threads read it */
}

static void set_body(struct arguments *a)
{
	a->request.rq.body = buf_str(&a->request.text);
	a->request.rq.body_len = a->request.text.len;
}

/* May @path be read?  Standard input, "-", can be only once. */
static int take_path(struct arguments *a, const char *path, struct err *err)
{
	if (strcmp(path, "-") != 0)
		return 0;
	if (a->input_taken)
		return err_set(err, -EINVAL, "two things cannot come from standard input");
	a->input_taken = true;
	return 0;
}

/* The body, or all of the request, out of a file. */
static int read_text(struct arguments *a, const char *path, bool all)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	buf_clear(&a->request.text);
	r = take_path(a, path, &err);
	if (r == 0)
		r = buf_read_file(&a->request.text, path, MAX_DATA, &err);
	if (r == 0 && all)
		r = request_parse(&a->request, &err);
	if (r < 0) {
		fprintf(stderr, "svarm-probe load: %s\n", err_msg(&err));
		return r == -EINVAL ? TOOL_USAGE : TOOL_FAULT;
	}
	if (all)
		a->url = a->request.url;
	else
		set_body(a);
	return 0;
}

static void add_header(struct arguments *a, const char *line)
{
	xgrow(a->request.headers, a->request.rq.n_headers, a->cap_headers);
	a->request.headers[a->request.rq.n_headers++] = line;
}

static int add_headers_of(struct arguments *a, const char *path)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct header_file *f;
	int r;

	xgrow(a->files, a->n_files, a->cap_files);
	f = &a->files[a->n_files++];
	*f = (struct header_file){0};
	r = take_path(a, path, &err);
	if (r == 0)
		r = header_file_read(path, f, &err);
	if (r < 0) {
		fprintf(stderr, "svarm-probe load: %s\n", err_msg(&err));
		return r == -EINVAL ? TOOL_USAGE : TOOL_FAULT;
	}
	for (size_t i = 0; i < f->n; i++)
		add_header(a, f->lines[i]);
	return 0;
}

static void print_progress(void *arg, const struct load_progress *p)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	load_report_progress(p, &line);
	fputs(buf_str(&line), stdout);
	fflush(stdout);
}

enum {
	OPT_TIMEOUT = 256,
	OPT_DATA,
	OPT_DATA_FILE,
	OPT_REQUEST,
	OPT_FRESH,
	OPT_RAMP_TO,
	OPT_UNTIL_STABLE,
	OPT_JSON,
	OPT_PROGRESS,
};

static const struct option options[] = {
	{"connections", required_argument, NULL, 'c'},
	{"threads", required_argument, NULL, 't'},
	{"duration", required_argument, NULL, 'd'},
	{"count", required_argument, NULL, 'n'},
	{"rate", required_argument, NULL, 'r'},
	{"warmup", required_argument, NULL, 'w'},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"method", required_argument, NULL, 'X'},
	{"header", required_argument, NULL, 'H'},
	{"data", required_argument, NULL, OPT_DATA},
	{"data-file", required_argument, NULL, OPT_DATA_FILE},
	{"insecure", no_argument, NULL, 'k'},
	{"request", required_argument, NULL, OPT_REQUEST},
	{"ramp-to", required_argument, NULL, OPT_RAMP_TO},
	{"until-stable", no_argument, NULL, OPT_UNTIL_STABLE},
	{"fresh", no_argument, NULL, OPT_FRESH},
	{"json", no_argument, NULL, OPT_JSON},
	{"progress", no_argument, NULL, OPT_PROGRESS},
	{0},
};

/* A number's option. */
static bool set_number(struct arguments *a, int option, const char *value)
{
	double n;

	switch (option) {
	case 'c': return parse_unsigned(value, 1, 100000, &a->o.connections);
	case 't': return parse_unsigned(value, 1, 64, &a->o.threads);
	case 'n':
		if (!parse_whole(value, 1e12, &n) || n < 1)
			return false;
		a->o.count = (uint64_t)n;
		return true;
	case OPT_RAMP_TO: return parse_number(value, 1e7, &a->ramp_to) && a->ramp_to > 0;
	default: return parse_number(value, 1e7, &a->o.rate) && a->o.rate > 0;
	}
}

static bool set_time(struct arguments *a, int option, const char *value)
{
	double seconds;
	usec_t time;

	if (!parse_time(value, &seconds))
		return false;
	time = (usec_t)(seconds * 1e6);
	switch (option) {
	case 'd': a->o.duration = time; return time > 0;
	case 'w': a->o.warmup = time; return true;
	default: a->o.timeout = time; return time > 0;
	}
}

static int set_option(struct arguments *a, int option, char *value)
{
	switch (option) {
	case 'c':
	case 't':
	case 'n':
	case OPT_RAMP_TO:
	case 'r': return set_number(a, option, value) ? 0 : TOOL_USAGE;
	case 'd':
	case 'w':
	case OPT_TIMEOUT: return set_time(a, option, value) ? 0 : TOOL_USAGE;
	case 'k': a->o.insecure = true; return 0;
	case 'X': a->request.rq.method = value; return 0;
	case 'H':
		if (*value == '@')
			return add_headers_of(a, value + 1);
		add_header(a, value);
		return 0;
	case OPT_DATA:
		buf_clear(&a->request.text);
		buf_adds(&a->request.text, value);
		set_body(a);
		return 0;
	case OPT_DATA_FILE: return read_text(a, value, false);
	case OPT_REQUEST: a->request_file = value; return 0;
	case OPT_UNTIL_STABLE: a->until_stable = true; return 0;
	case OPT_FRESH: a->o.fresh = a->request.rq.fresh = true; return 0;
	case OPT_JSON: a->json = true; return 0;
	case OPT_PROGRESS:
		a->json = true;
		a->o.progress = print_progress;
		return 0;
	default: return TOOL_USAGE;
	}
}

/* --request stands alone: it is all of the request. */
static int set_request(struct arguments *a)
{
	bool fresh = a->request.rq.fresh;
	int r;

	if (a->request.rq.method || a->request.rq.n_headers || a->request.rq.body)
		return TOOL_USAGE;
	r = read_text(a, a->request_file, true);
	a->request.rq.fresh = fresh;
	return r;
}

static int check_arguments(struct arguments *a, int n, char **rest)
{
	if (n != (a->request_file ? 0 : 1) || a->o.threads > a->o.connections)
		return TOOL_USAGE;
	if (a->ramp_to > 0 && (a->until_stable || a->o.count || !(a->o.rate > 0)))
		return TOOL_USAGE;
	if (!a->o.duration && !a->o.count)
		a->o.duration = 10 * USEC_PER_SEC;
	if (a->request_file)
		return set_request(a);
	a->url = rest[0];
	a->request.rq.headers = a->request.headers;
	return 0;
}

static int parse_arguments(struct arguments *a, int argc, char **argv)
{
	int option, r;

	while ((option = getopt_long(argc, argv, "c:t:d:n:r:w:X:H:k", options, NULL)) != -1) {
		r = set_option(a, option, optarg);
		if (r == TOOL_USAGE && option != '?')
			fprintf(stderr, "svarm-probe load: '%s' is no value for that option\n",
				optarg);
		if (r)
			return r;
	}
	return check_arguments(a, argc - optind, argv + optind);
}
/* The run itself.  -EINVAL is the caller's mistake. */
static int run(struct arguments *a, struct load_result *result, struct err *err)
{
	struct target target = {0};
	int r;

	r = target_make(a->url, &a->request.rq, &target, err);
	a->o.target = &target;
	if (r == 0 && a->ramp_to > 0)
		r = load_ramp(&a->o, a->ramp_to, 0, result, err);
	else if (r == 0 && a->until_stable)
		r = load_until_stable(&a->o, &(struct load_rounds){0}, result, err);
	else if (r == 0)
		r = load_run(&a->o, result, err);
	target_done(&target);
	return r;
}

static int report(const struct arguments *a, const struct load_result *result, int code,
	const struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (code < 0 && a->json) {
		buf_adds(&out, "{\"error\": ");
		quote_json(&out, err_msg(err));
		buf_adds(&out, "}\n");
	} else if (code < 0) {
		fprintf(stderr, "svarm-probe load: %s\n", err_msg(err));
	} else if (a->json) {
		load_report_json(a->url, &a->o, result, &out);
	} else {
		load_report_text(a->url, &a->o, result, &out);
	}
	fputs(buf_str(&out), stdout);
	if (code < 0)
		return code == -EINVAL || code == -ENOENT ? TOOL_USAGE : TOOL_FAULT;
	return load_failed(result) || result->unsent ? TOOL_BAD : 0;
}

int tool_load(int argc, char **argv)
{
	struct arguments a = {.o = {.connections = 1,
				      .threads = 1,
				      .timeout = 10 * USEC_PER_SEC,
				      .cancel = &cancel}};
	_cleanup_free_ struct load_result *result = xcalloc(1, sizeof(*result));
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	r = parse_arguments(&a, argc, argv);
	if (r == TOOL_USAGE)
		fputs(usage, stderr);
	if (r == 0)
		r = report(&a, result, run(&a, result, &err), &err);
	load_result_done(result);
	request_done(&a.request);
	for (size_t i = 0; i < a.n_files; i++)
		header_file_done(&a.files[i]);
	free(a.files);
	return r;
}
