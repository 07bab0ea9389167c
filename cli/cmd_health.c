/* `svarm health`: does the cluster do what it is for?  Probes effects, writes nothing. */
#include "cli/cmds.h"
#include "cli/health_print.h"
#include "cli/session.h"
#include "lib/base/quote.h"
#include "lib/spec/suggest.h"

/* A node that is down is a finding: no use in waiting for it as long as `up` does. */
static const usec_t connect_timeout = 10 * USEC_PER_SEC;

struct health_own {
	struct option_list only;
};

static const struct option options[] = {
	{0, "only", OPTION_LIST, "GROUP|ID",
		"only this group of probes (overlay) or this probe (overlay.data); may be repeated",
		.offset = offsetof(struct health_own, only)},
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

/* What stands instead of a finding that could not be had. */
static int fail(const struct cli *cli, struct session *s, struct err *failed, struct err *err)
{
	session_narrated(s, failed, NULL);
	return err_move(err, failed);
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
	_cleanup_(health_freep) struct health *h = NULL;
	_cleanup_err_ struct err failed = ERR_INIT;
	int r;

	r = health_check_only(o.only, o.n_only, err);
	if (r < 0)
		return err->code = ERR_SPEC; /* the command line is wrong, nothing else */
	r = session_open(cli, s, err);
	if (r < 0)
		return r;
	s->cluster->ssh.connect_timeout = MIN_OF(s->cluster->ssh.connect_timeout, connect_timeout);
	r = check_nodes(s, &cli->opt.nodes, &failed);
	if (r >= 0)
		r = health_run(s->fleet, &o, &h, &failed);
	if (r < 0)
		return fail(cli, s, &failed, err);
	session_narrated(s, NULL, NULL);
	print_answer(cli, h);
	return health_verdict(h) == HEALTH_FAIL ? EXIT_NODE : EXIT_FINE;
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
		"machine. "
		"Writes nothing but one short-lived key in Redis and calls of the spec's first "
		"function. Ends with exit code 1 when a probe failed; each says what can be done.\n"
		"The groups are node, docker, swarm, service, gateway, redis, overlay, sysctl, "
		"listen and public.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN | COMMON_NODES | COMMON_TEMPLATES,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct health_own),
	.run = run,
};
