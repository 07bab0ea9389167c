/* `svarm health`: does the cluster do what it is for?  Probes effects, writes nothing. */
#include "cli/cmds.h"
#include "cli/health_files.h"
#include "cli/health_print.h"
#include "cli/health_watch.h"
#include "cli/session.h"
#include "lib/base/file.h"
#include "lib/base/quote.h"
#include "lib/spec/suggest.h"

/* A node that is down is a finding: no use in waiting for it as long as `up` does. */
static const usec_t connect_timeout = HEALTH_CONNECT_SECONDS * USEC_PER_SEC;

enum { WATCH_SECONDS = 10 };

struct health_own {
	struct option_list only;
	bool list;
	int watch; /* seconds; 0: once */
	const char *junit, *prometheus;
};

#define AT(member) .offset = offsetof(struct health_own, member)

static const struct option options[] = {
	{0, "only", OPTION_LIST, "GROUP|ID",
		"only this group of probes (overlay) or this probe (overlay.data); may be repeated",
		AT(only)},
	{0, "list", OPTION_FLAG, NULL,
		"list the probes, with severity and deadline, and touch no node", AT(list)},
	{0, "watch", OPTION_NUMBER, "SECONDS",
		"probe until interrupted, so many seconds apart (default 10)", AT(watch), .min = 1,
		.max = 86400, .alone = WATCH_SECONDS},
	{0, "junit", OPTION_STRING, "FILE", "write the finding as JUnit's XML, too", AT(junit)},
	{0, "prometheus", OPTION_STRING, "FILE",
		"write it as metrics for node_exporter's textfile collector", AT(prometheus)},
	{0},
};

static int check_nodes(const struct session *s, const struct option_list *nodes, struct err *err)
{
	for (size_t i = 0; i < nodes->n; i++) {
		const char *near = suggest(nodes->items[i], s->names, s->cluster->n_nodes);
		size_t k = 0;

		while (k < s->cluster->n_nodes && strcmp(s->names[k], nodes->items[i]) != 0)
			k++;
		if (k < s->cluster->n_nodes)
			continue;
		return err_set(err, ERR_SPEC, "no node is named '%s'%s%s%s", nodes->items[i],
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

static void print_answer(const struct cli *cli, const struct health *h)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.json) {
		health_json(h, &out);
		buf_addc(&out, '\n');
	} else {
		health_print(h, &out, output_color(cli, stdout), output_width());
	}
	output_text(&out);
}

static int save_files(struct session *s, const struct health *h, struct err *err)
{
	const struct health_own *own = s->cli->own;
	const char *cluster = s->cluster->name;
	_cleanup_buf_ struct buf junit = BUF_INIT, metrics = BUF_INIT;
	int r = 0;

	if (own->junit) {
		health_junit(h, cluster, &junit);
		r = file_write(own->junit, buf_str(&junit), junit.len, err);
	}
	if (r >= 0 && own->prometheus) {
		health_prometheus(h, cluster, clock_wall(), &metrics);
		r = file_write(own->prometheus, buf_str(&metrics), metrics.len, err);
	}
	return r;
}

static int list_probes(const struct cli *cli)
{
	_cleanup_(table_freep) struct table *t = table_new((const struct table_column[]){
		{"id", "PROBE", .right = false}, {"group", "GROUP", .json_only = true},
		{"severity", "SEVERITY", .right = false}, {"deadline", "DEADLINE", .right = true},
		{"summary", "WHAT IT SHOWS", .right = false}, {0}});

	for (size_t i = 0; i < health_n_probes(); i++) {
		const struct health_probe p = health_probe_at(i);

		table_row(t);
		table_text(t, CELL_STRONG, p.id);
		table_text(t, CELL_PLAIN, p.group);
		table_text(t, CELL_PLAIN, health_severity_name(p.severity));
		table_number(t, CELL_PLAIN, p.deadline, 0);
		table_text(t, CELL_PLAIN, p.summary);
	}
	output_table(cli, t);
	return EXIT_FINE;
}

/* What stands instead of a finding that could not be had. */
static int fail(const struct cli *cli, struct session *s, struct err *failed, struct err *err)
{
	session_narrated(s, failed, NULL);
	return err_move(err, failed);
}

static int exit_code(enum health_state verdict)
{
	return verdict == HEALTH_FAIL ? EXIT_NODE : EXIT_FINE;
}

static int watch(struct session *s, const struct health_options *o, struct err *err)
{
	const struct health_own *own = s->cli->own;
	struct health_watch w = {
		.session = s,
		.options = o,
		.seconds = own->watch,
		.each = save_files,
	};
	enum health_state verdict = HEALTH_OK;
	_cleanup_err_ struct err failed = ERR_INIT;
	int r = health_watch(&w, &verdict, &failed);

	return r < 0 ? err_move(err, &failed) : exit_code(verdict);
}

static int once(struct session *s, const struct health_options *o, struct err *err)
{
	_cleanup_(health_freep) struct health *h = NULL;
	_cleanup_err_ struct err failed = ERR_INIT;
	int r = health_run(s->fleet, o, &h, &failed);

	if (r < 0)
		return fail(s->cli, s, &failed, err);
	session_narrated(s, NULL, NULL);
	print_answer(s->cli, h);
	r = save_files(s, h, err);
	return r < 0 ? r : exit_code(health_verdict(h));
}

static int health(const struct cli *cli, struct session *s, struct err *err)
{
	const struct health_own *own = cli->own;
	const struct health_options o = {
		.only = own->only.items,
		.n_only = own->only.n,
		.nodes = cli->opt.nodes.items,
		.n_nodes = cli->opt.nodes.n,
	};
	_cleanup_err_ struct err failed = ERR_INIT;
	int r;

	r = health_check_only(o.only, o.n_only, err);
	if (r < 0)
		return err->code = ERR_SPEC; /* the command line is wrong, nothing else */
	if (own->list)
		return list_probes(cli);
	r = session_open(cli, s, err);
	if (r < 0)
		return r;
	s->cluster->ssh.connect_timeout = MIN_OF(s->cluster->ssh.connect_timeout, connect_timeout);
	r = check_nodes(s, &cli->opt.nodes, &failed);
	if (r < 0)
		return fail(cli, s, &failed, err);
	return own->watch ? watch(s, &o, err) : once(s, &o, err);
}

static int run(const struct cli *cli, struct err *err)
{
	const struct health_own *own = cli->own;
	struct option_list only = own->only; /* its array is ours to free */
	struct session s = {0};
	int r = health(cli, &s, err);

	session_done(&s);
	option_list_done(&only);
	return r;
}

const struct cmd cmd_health = {
	.name = "health",
	.usage = "[FILE]",
	.summary = "probe whether the cluster does what it is for",
	.about =
		"Looks at effects: calls through nginx and through the queue, bytes between nodes, "
		"settings and backlogs where they apply, ports that must be closed to this "
		"machine; and at what will stop them: disks, memory, certificates, restart loops. "
		"Writes nothing but one short-lived key in Redis and calls of the spec's first "
		"function. A probe fails when the platform does not do its work, and each says "
		"what can be done; one that gives no answer by its deadline has failed, too.\n"
		"Ends with exit code 1 when a probe failed; with --watch, in the last round.\n"
		"The groups are node, time, disk, docker, swarm, functions, ingress, gateway, "
		"queue, redis, overlay, tuning, tls and exposure.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN | COMMON_NODES | COMMON_TEMPLATES,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct health_own),
	.run = run,
};
