/*
 * svarm-probe tuning: what the settings buy on this machine, each measured with and without, in
 * turns.
 *
 *	svarm-probe tuning [--rounds 3] [--keepalive 32] [--backlog 65535] …
 *
 * Prints a line of JSON for each setting when it has been measured, and {"done": true} at the end.
 * Nothing that runs is touched: see stage.h.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"
#include "probe/tool/trial.h"

enum { MAX_ROUNDS = 25 };

static const char usage[] = "usage: svarm-probe tuning [OPTIONS]\n"
			    "  --nginx PATH      (/usr/sbin/nginx)\n"
			    "  --dir DIR         where files of the trials go (/var/tmp)\n"
			    "  --only SETTING    one of them\n"
			    "  --rounds N        with and without, in turns (3)\n"
			    "  --seconds S       of one measurement under load (1.5)\n"
			    "  --keepalive N     what is measured against the default (32)\n"
			    "  --body-buffer N   bytes (52428800)\n"
			    "  --backlog N       (65535)\n"
			    "  --somaxconn N     (65535)\n"
			    "  --tw-reuse N      (1)\n";

struct arguments {
	struct wanted w;
	const char *nginx, *dir, *only;
	unsigned rounds;
};

enum {
	OPT_NGINX = 256,
	OPT_DIR,
	OPT_ONLY,
	OPT_ROUNDS,
	OPT_SECONDS,
	OPT_KEEPALIVE,
	OPT_BODY_BUFFER,
	OPT_BACKLOG,
	OPT_SOMAXCONN,
	OPT_TW_REUSE,
};

static const struct option options[] = {
	{"nginx", required_argument, NULL, OPT_NGINX},
	{"dir", required_argument, NULL, OPT_DIR},
	{"only", required_argument, NULL, OPT_ONLY},
	{"rounds", required_argument, NULL, OPT_ROUNDS},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"keepalive", required_argument, NULL, OPT_KEEPALIVE},
	{"body-buffer", required_argument, NULL, OPT_BODY_BUFFER},
	{"backlog", required_argument, NULL, OPT_BACKLOG},
	{"somaxconn", required_argument, NULL, OPT_SOMAXCONN},
	{"tw-reuse", required_argument, NULL, OPT_TW_REUSE},
	{0},
};

static bool set_option(struct arguments *a, int option, char *value)
{
	unsigned n;

	switch (option) {
	case OPT_NGINX: a->nginx = value; return true;
	case OPT_DIR: a->dir = value; return true;
	case OPT_ONLY: a->only = value; return true;
	case OPT_ROUNDS: return parse_unsigned(value, 1, MAX_ROUNDS, &a->rounds);
	case OPT_SECONDS: return parse_between(value, 0.1, 60, &a->w.seconds);
	case OPT_KEEPALIVE: return parse_unsigned(value, 0, 100000, &a->w.keepalive);
	case OPT_BODY_BUFFER: return parse_unsigned(value, 1024, 1000000000, &a->w.body_buffer);
	case OPT_BACKLOG: return parse_unsigned(value, 1, 1000000, &a->w.backlog);
	case OPT_SOMAXCONN: a->w.somaxconn = value; return parse_unsigned(value, 1, 10000000, &n);
	case OPT_TW_REUSE: a->w.tw_reuse = value; return parse_unsigned(value, 0, 2, &n);
	default: return false;
	}
}

static bool parse_arguments(struct arguments *a, int argc, char **argv)
{
	bool known = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set_option(a, option, optarg))
			return false;
	for (size_t i = 0; i < n_trials; i++)
		known |= !a->only || !strcmp(a->only, trials[i].setting);
	return known && optind == argc;
}

static void add_numbers(struct buf *out, const char *key, const double *values, unsigned n)
{
	buf_addf(out, ", \"%s\": [", key);
	for (unsigned i = 0; i < n; i++)
		buf_addf(out, "%s%.4f", i ? ", " : "", values[i]);
	buf_addc(out, ']');
}

static void say(const struct buf *line)
{
	puts(buf_str(line));
	fflush(stdout);
}

/* Both ways, in turns: what drifts meanwhile drifts for both. */
static int try_setting(
	struct stage *s, const struct trial *t, const struct arguments *a, struct err *err)
{
	double values[2][MAX_ROUNDS], notes[2][MAX_ROUNDS] = {0};
	_cleanup_buf_ struct buf line = BUF_INIT;

	for (unsigned i = 0; i < 2 * a->rounds; i++) {
		unsigned tuned = i % 2;
		int r = t->run(s, &a->w, tuned, &values[tuned][i / 2], &notes[tuned][i / 2], err);

		if (r < 0)
			return err_wrap(err, "%s", t->setting);
	}
	buf_addf(&line,
		"{\"setting\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", \"better\": \"%s\"",
		t->setting, t->what, t->unit, t->higher ? "higher" : "lower");
	add_numbers(&line, "before", values[0], a->rounds);
	add_numbers(&line, "after", values[1], a->rounds);
	if (t->note) {
		buf_addf(&line, ", \"note\": \"%s\"", t->note);
		add_numbers(&line, "note_before", notes[0], a->rounds);
		add_numbers(&line, "note_after", notes[1], a->rounds);
	}
	buf_addc(&line, '}');
	say(&line);
	return 0;
}

/* One that cannot be tried does not keep the others from it. */
static void say_why_not(const struct trial *t, const struct err *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addf(&line,
		"{\"setting\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", \"error\": ", t->setting,
		t->what, t->unit);
	quote_json(&line, err_msg(err));
	buf_addc(&line, '}');
	say(&line);
}

static int try_all(const struct arguments *a, struct err *err)
{
	struct stage stage = {0};
	int r = stage_open(a->nginx, a->dir, &stage, err);

	for (size_t i = 0; r >= 0 && i < n_trials; i++) {
		_cleanup_err_ struct err why = ERR_INIT;

		if (a->only && strcmp(a->only, trials[i].setting) != 0)
			continue;
		if (try_setting(&stage, &trials[i], a, &why) < 0)
			say_why_not(&trials[i], &why);
	}
	stage_close(&stage);
	return r;
}

int tool_tuning(int argc, char **argv)
{
	struct arguments a = {
		.w = {.keepalive = 32,
			.body_buffer = 50 * 1024 * 1024,
			.backlog = 65535,
			.somaxconn = "65535",
			.tw_reuse = "1",
			.seconds = 1.5},
		.nginx = "/usr/sbin/nginx",
		.dir = "/var/tmp",
		.rounds = 3,
	};
	_cleanup_err_ struct err err = ERR_INIT;

	if (!parse_arguments(&a, argc, argv)) {
		fputs(usage, stderr);
		return TOOL_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (try_all(&a, &err) < 0) {
		fprintf(stderr, "svarm-probe tuning: %s\n", err_msg(&err));
		return TOOL_FAULT;
	}
	puts("{\"done\": true}");
	return 0;
}
