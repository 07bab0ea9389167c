/* `svarm down`: give the nodes back as they were found.  Asks first. */
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/plan_print.h"
#include "cli/session.h"

struct down_options {
	bool yes;
};

static const struct option options[] = {
	{'y', "yes", OPTION_FLAG, NULL, "do not ask", .offset = offsetof(struct down_options, yes)},
	{0},
};

/* The operator types the cluster's name: the question cannot be answered by accident. */
static int confirm(const struct cli *cli, const struct cluster *c, struct err *err)
{
	const struct down_options *own = cli->own;
	char answer[128] = "";

	if (own->yes)
		return 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(err, ERR_SPEC,
			"'svarm down' removes cluster '%s' and its data; say --yes", c->name);
	fprintf(stderr,
		"This removes cluster '%s' from %zu nodes, with the data in its Redis.\n"
		"Type the cluster's name to go on: ",
		c->name, c->n_nodes);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, c->name) ? err_set(err, ERR_SPEC, "nothing was done") : 0;
}

static void print_answer(const struct cli *cli, struct session *s, const struct err *error)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.json)
		plan_json(s->fleet, error->code ? err_msg(error) : NULL, &out);
	else if (!error->code)
		buf_addf(&out, "cluster '%s' is down: %zu changes undone on %zu nodes",
			s->cluster->name, fleet_changes(s->fleet), fleet_size(s->fleet));
	if (out.len)
		buf_addc(&out, '\n');
	output_text(&out);
}

static int down(const struct cli *cli, struct session *s, struct err *err)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	struct fleet_flow flow = flow_down(&s->flow);
	_cleanup_err_ struct err failed = ERR_INIT;
	int r;

	/* Asked before the live terminal takes the screen. */
	if ((r = output_load_cluster(cli, &c, err)) < 0 || (r = confirm(cli, c, err)) < 0)
		return r;
	r = session_open(cli, s, err);
	if (r < 0)
		return r;
	r = fleet_converge(s->fleet, &flow, true, &failed);
	session_narrated(s, &failed, NULL);
	print_answer(cli, s, &failed);
	if (r < 0) {
		output_error(false, output_color(cli, stderr), &failed, exit_of(r));
		return exit_of(r);
	}
	return EXIT_FINE;
}

static int run(const struct cli *cli, struct err *err)
{
	struct session s = {0};
	int r = down(cli, &s, err);

	session_done(&s);
	return r;
}

const struct cmd cmd_down = {
	.name = "down",
	.usage = "[FILE]",
	.summary = "remove what svarm created, give back what it replaced",
	.about = "Removes services, network, secrets, the swarm, files and packages that svarm put "
		 "on "
		 "the nodes, and restores the original files. The data in Redis goes too. Asks for "
		 "the cluster's name first, or takes --yes.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct down_options),
	.run = run,
};
