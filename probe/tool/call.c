/*
 * svarm-probe call: one call of a function that may sleep, and what a call of it takes once it is
 * awake.
 *
 *	svarm-probe call [--timeout SECONDS] [--warm N] URL
 *
 * Prints one JSON object: "begin" (wall clock, seconds since 1970), "seconds", "status", "warm_ms"
 * (the median of N calls afterwards), or "error".  Exit: 0 it was answered, 1 it was not.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/xalloc.h"
#include "probe/load/load.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

enum { MAX_WARM = 1000 };

struct arguments {
	double timeout, warm;
	const char *url;
};

static const struct option options[] = {
	{"timeout", required_argument, NULL, 't'},
	{"warm", required_argument, NULL, 'w'},
	{0},
};

static bool parse_arguments(struct arguments *a, int argc, char **argv)
{
	int option;
	bool ok;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		ok = option == 't'   ? parse_number(optarg, 3600, &a->timeout)
		     : option == 'w' ? parse_number(optarg, MAX_WARM, &a->warm)
				     : false;
		if (!ok)
			return false;
	}
	if (optind != argc - 1)
		return false;
	a->url = argv[optind];
	return true;
}

/* @count calls, one after the other. */
static int call(const struct target *target, const struct arguments *a, uint64_t count,
	struct load_result *ret, struct err *err)
{
	struct load_options o = {.target = target,
		.connections = 1,
		.threads = 1,
		.count = count,
		.timeout = (usec_t)(a->timeout * 1e6)};

	return load_run(&o, ret, err);
}

static int status_of(const struct load_result *r)
{
	for (int i = 0; i < LOAD_STATUSES; i++)
		if (r->statuses[i])
			return i;
	return 0;
}

static const char *error_of(const struct load_result *r)
{
	for (int i = 0; i < N_LOAD_ERRORS; i++)
		if (r->errors[i])
			return load_error_names[i];
	return "none";
}

static void report(double begin, const struct load_result *cold, const struct load_result *warm)
{
	int status = status_of(cold);

	printf("{\"begin\": %.6f, \"seconds\": %.6f, \"status\": %d", begin,
		status ? (double)cold->latency.max / 1e9 : cold->seconds, status);
	if (!status)
		printf(", \"error\": \"%s\"", error_of(cold));
	if (load_answers(warm))
		printf(", \"warm_ms\": %.4f", (double)hist_at(&warm->latency, 0.5) / 1e6);
	puts("}");
}

static int run(const struct arguments *a, bool *ret_answered, struct err *err)
{
	_cleanup_free_ struct load_result *cold = xcalloc(1, sizeof(*cold));
	_cleanup_free_ struct load_result *warm = xcalloc(1, sizeof(*warm));
	struct target target = {0};
	struct target_request rq = {0};
	double begin = 0;
	int r;

	r = target_make(a->url, &rq, &target, err);
	if (r == 0) {
		begin = clock_wall();
		r = call(&target, a, 1, cold, err);
	}
	if (r == 0 && status_of(cold) && a->warm >= 1)
		r = call(&target, a, (uint64_t)a->warm, warm, err);
	if (r == 0)
		report(begin, cold, warm);
	*ret_answered = status_of(cold) != 0;
	load_result_done(cold);
	load_result_done(warm);
	target_done(&target);
	return r;
}

int tool_call(int argc, char **argv)
{
	struct arguments a = {.timeout = 60, .warm = 5};
	_cleanup_err_ struct err err = ERR_INIT;
	bool answered = false;
	int r;

	if (!parse_arguments(&a, argc, argv)) {
		fputs("usage: svarm-probe call [--timeout SECONDS] [--warm N] URL\n", stderr);
		return TOOL_USAGE;
	}
	r = run(&a, &answered, &err);
	if (r < 0) {
		fprintf(stderr, "svarm-probe call: %s\n", err_msg(&err));
		return r == -EINVAL || r == -ENOENT ? TOOL_USAGE : TOOL_FAULT;
	}
	return answered ? 0 : TOOL_BAD;
}
