/*
 * `svarm bench`: what does the cluster, or any URL, give?  Measures, judges by thresholds, compares
 * with an earlier run, and writes what others want to see.
 */
#include "cli/bench_cost.h"
#include "cli/bench_job.h"
#include "cli/bench_print.h"
#include "cli/cmds.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "lib/base/file.h"
#include "probe/bench/compare.h"
#include "probe/bench/document.h"
#include "probe/bench/saved.h"
#include "probe/report/report.h"

/* A node that is down is a finding: no use in waiting for it as long as `up` does. */
static const usec_t connect_timeout = 10 * USEC_PER_SEC;

#define AT(member) .offset = offsetof(struct bench_own, member)

static const struct option options[] = {
	{0, "url", OPTION_STRING, "URL",
		"http: call this, whatever it is; without --from no cluster is needed", AT(url)},
	{'c', "connections", OPTION_NUMBER, "N", "http: at most so many at once (default 64)",
		AT(connections), .min = 1, .max = 100000},
	{'t', "threads", OPTION_NUMBER, "N",
		"http: that share the connections (default: one for two processors)", AT(threads),
		.min = 1, .max = 64},
	{0, "rate", OPTION_STRING, "N",
		"http: so many calls a second are due, whatever the server does", AT(rate)},
	{0, "ramp-to", OPTION_STRING, "N", "http: from --rate to this one, in steps", AT(ramp_to)},
	{'d', "duration", OPTION_STRING, "TIME", "http: of one round, as in 10s", AT(duration)},
	{'w', "warmup", OPTION_STRING, "TIME", "http: calls before what counts", AT(warmup)},
	{0, "timeout", OPTION_STRING, "TIME", "http: of one call", AT(timeout)},
	{'X', "method", OPTION_STRING, "METHOD", "http: instead of GET, or of POST with a body",
		AT(method)},
	{'H', "header", OPTION_LIST, "LINE",
		"http: send 'Name: value'; @FILE: those of a file, one a line; @-: of standard "
		"input; values are never shown; may be repeated",
		AT(headers)},
	{0, "data", OPTION_STRING, "TEXT", "http: send this as the body", AT(data)},
	{0, "data-file", OPTION_STRING, "FILE", "http: the body from FILE; - is standard input",
		AT(data_file)},
	{0, "fresh", OPTION_FLAG, NULL, "http: a new connection for every call", AT(fresh)},
	{0, "insecure", OPTION_FLAG, NULL, "http: do not verify the server's certificate",
		AT(insecure)},
	{0, "until-stable", OPTION_FLAG, NULL, "http: more rounds until the medians agree",
		AT(until_stable)},
	{0, "from", OPTION_LIST, "NODE", "http: call from this node; may be repeated", AT(from)},
	{0, "rounds", OPTION_NUMBER, "N", "of each measurement; medians count (default 3)",
		AT(rounds), .min = 1, .max = 100},
	{0, "calls", OPTION_NUMBER, "N", "cold, async: so many (default 5, 1000)", AT(calls),
		.min = 1, .max = 1000000},
	{0, "sustain", OPTION_STRING, "TIME", "disk: go on so long, to see burst credits end",
		AT(sustain)},
	{0, "ab", OPTION_FLAG, NULL, "redis: without the tuning as well", AT(ab)},
	{0, "fail-if", OPTION_LIST, "EXPR",
		"exit with 1 if so, as in 'http.p99 > 50ms'; may be repeated", AT(fail_if)},
	{0, "compare", OPTION_STRING, "FILE",
		"set an earlier --json beside it; 'saved': the newest on the leader", AT(compare)},
	{0, "input", OPTION_STRING, "FILE",
		"measure nothing: show, judge and report this --json of an earlier run", AT(input)},
	{0, "cost", OPTION_LIST, "NAME=X",
		"what it costs by use and on servers, with an option of 'svarm cost': price=450; "
		"may be repeated",
		AT(cost)},
	{0, "html", OPTION_STRING, "FILE", "write the report, one self-contained page", AT(html)},
	{0, "junit", OPTION_STRING, "FILE", "write JUnit's XML for CI servers", AT(junit)},
	{0, "save", OPTION_FLAG, NULL, "keep the run on the leader, the newest 20 of them",
		AT(save)},
	{0},
};

/* ---- a run ---- */

struct run {
	const struct cli *cli;
	struct bench_job job;
	struct session s;           /* with a cluster */
	struct narration narration; /* without one; owned */
	struct events *events;      /* of either; borrowed */
	char run_id[RUN_ID_SIZE];
	json_t *doc; /* owned */
};

static void tell_left_out(struct run *x, const char *which)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_addf(&text, "of verify.fail_if not judged, as this run does not measure it: %s", which);
	events_emit(x->events, &(struct event){.kind = EVENT_NOTICE, .text = buf_str(&text)});
}

static int open_cluster(struct run *x, struct err *err)
{
	struct cli cli = *x->cli;
	_cleanup_buf_ struct buf left_out = BUF_INIT;
	int r;

	cli.args = x->job.file;
	cli.n_args = x->job.file[0] ? 1 : 0;
	r = session_open(&cli, &x->s, err);
	x->s.cli = x->cli;
	if (r < 0)
		return r;
	x->events = x->s.narration.events;
	x->s.cluster->ssh.connect_timeout = MIN_OF(
		x->s.cluster->ssh.connect_timeout, connect_timeout);
	bench_job_spec(&x->job, x->s.cluster, &left_out);
	if (left_out.len)
		tell_left_out(x, buf_str(&left_out));
	return bench_job_check_from(&x->job, x->s.cluster, err);
}

static int open_alone(struct run *x, struct err *err)
{
	int r = narration_open(x->cli, NULL, 0, x->run_id, &x->narration, err);

	if (r < 0)
		return r;
	x->events = x->narration.events;
	events_emit(x->events, &(struct event){.kind = EVENT_RUN_STARTED, .text = "bench"});
	return 0;
}

static int measure(struct run *x, struct err *err)
{
	struct bench_options o = x->job.o;
	int r;

	if (bench_job_saved(&x->job) && (r = saved_read(x->s.fleet, &x->job.earlier, err)) < 0) {
		err_wrap(err, "--compare saved");
		return r == -ENOENT ? (err->code = ERR_SPEC) : r;
	}
	if (x->job.input) {
		x->doc = json_incref(x->job.input);
		return 0;
	}
	o.cancel = cli_cancel;
	o.progress = bench_progress;
	o.arg = x->events;
	r = bench_run(x->s.fleet, &o, &x->doc, err);
	if (r == -EINVAL)
		return err->code = ERR_SPEC; /* the command line asks for what is not */
	if (r >= 0)
		json_object_set_new(
			x->doc, "run", json_string(x->s.fleet ? x->s.run_id : x->run_id));
	return r;
}

static void judge(struct run *x)
{
	const struct bench_job *j = &x->job;

	if (j->earlier)
		compare_documents(x->doc, j->earlier);
	/* What an earlier run was judged by stands, unless there is something new to judge by. */
	if (!j->input || j->n_thresholds)
		thresholds_judge(x->doc, j->thresholds, j->n_thresholds);
	else
		document_judge(x->doc);
}

/* ---- where it goes ---- */

struct writing {
	struct run *x;
	bool failed;
	struct buf why; /* lines */
};

static void wrote(struct writing *w, int r, struct err *err)
{
	if (r >= 0)
		return;
	w->failed = true;
	buf_addf(&w->why, "%s\n", err_msg(err));
	err_done(err);
}

static void write_files(struct writing *w)
{
	struct run *x = w->x;
	const struct bench_own *own = x->job.own;
	_cleanup_buf_ struct buf html = BUF_INIT, xml = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	if (own->html) {
		report_html(x->doc, x->job.earlier, &html);
		wrote(w, file_write(own->html, buf_str(&html), html.len, &err), &err);
	}
	if (own->junit) {
		bench_junit(x->doc, &xml);
		wrote(w, file_write(own->junit, buf_str(&xml), xml.len, &err), &err);
	}
	if (own->save)
		wrote(w, saved_write(x->s.fleet, x->doc, &err), &err);
}

static void print_answer(const struct run *x)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (x->cli->opt.json) {
		json_print(x->doc, &out);
		buf_addc(&out, '\n');
	} else {
		bench_print(x->doc, &out, output_color(x->cli, stdout), output_width());
	}
	output_text(&out);
}

static void narrated(struct run *x, const struct err *error)
{
	const char *why = error && error->code ? err_msg(error) : NULL;

	if (x->s.fleet) {
		session_narrated(&x->s, error, NULL);
		return;
	}
	if (!x->narration.events)
		return;
	events_emit(x->narration.events, &(struct event){.kind = EVENT_RUN_FINISHED, .error = why});
	if (narration_close(&x->narration, NULL) < 0)
		output_warning(x->cli, "--events could not be written whole");
}

static int answer(struct run *x)
{
	struct writing w = {.x = x};
	const char *verdict;

	judge(x);
	bench_cost_finish(&x->job, x->doc);
	write_files(&w);
	narrated(x, NULL);
	print_answer(x);
	if (w.failed) {
		_cleanup_err_ struct err err = ERR_INIT;

		buf_rtrim(&w.why);
		(void)err_set(&err, -EIO, "%s", buf_str(&w.why));
		output_error(false, output_color(x->cli, stderr), &err, EXIT_LOCAL);
		buf_done(&w.why);
		return EXIT_LOCAL;
	}
	verdict = json_str(x->doc, "verdict");
	return verdict && strcmp(verdict, "failed") != 0 ? EXIT_FINE : EXIT_NODE;
}

static int bench(struct run *x, struct err *err)
{
	_cleanup_err_ struct err failed = ERR_INIT;
	int r = bench_job_make(x->cli, &x->job, err);

	if (r < 0)
		return r;
	run_id_make(x->run_id);
	r = bench_job_cluster(&x->job) ? open_cluster(x, &failed) : open_alone(x, &failed);
	if (r >= 0)
		r = measure(x, &failed);
	if (r >= 0)
		return answer(x);
	narrated(x, &failed);
	return err_move(err, &failed);
}

static int run(const struct cli *cli, struct err *err)
{
	const struct bench_own *own = cli->own;
	struct option_list headers = own->headers, from = own->from; /* their arrays are ours */
	struct option_list fail_if = own->fail_if, cost = own->cost;
	struct run x = {.cli = cli};
	int r = bench(&x, err);

	json_decref(x.doc);
	bench_job_done(&x.job);
	narration_done(&x.narration);
	session_done(&x.s);
	option_list_done(&headers);
	option_list_done(&from);
	option_list_done(&fail_if);
	option_list_done(&cost);
	return r;
}

const struct cmd cmd_bench = {
	.name = "bench",
	.usage = "[SECTION…] [FILE]",
	.summary = "measure what the cluster, or any URL, gives",
	.about =
		"Measures section by section and says what it found: cpu, disk, network, redis, "
		"http, async, cold, tuning; without a name all of them but tuning, which takes "
		"longer. cold puts the first function to sleep for its calls. Figures are medians "
		"of rounds. Ends with exit code 1 when a "
		"section failed, or a threshold of --fail-if or of the spec's verify.fail_if was "
		"exceeded or could not be judged.\n"
		"'svarm bench http --url URL' needs no cluster. With --rate calls are due at fixed "
		"times and their latency counts from then, so that a server that stalls cannot "
		"hide it.\n"
		"FILE is what has a '/' or ends in .yaml, or exists; other words are sections. "
		"docs/bench.md explains sections, figures and the JSON.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN | COMMON_TEMPLATES,
	.max_args = 20,
	.own = options,
	.own_size = sizeof(struct bench_own),
	.run = run,
};
