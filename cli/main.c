/*
 * The `svarm` command: finds the subcommand, parses its options by the tables, runs it, and turns
 * what comes back into one exit code.
 */
#include <sys/resource.h>

#include "cli/cmds.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"

enum { DEFAULT_PARALLEL = 16 };

/* Asked for in a command line that may be too wrong to be parsed? */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

/* An option before the command must be one that the command knows. */
static int check_early(const struct cmd *cmd, const struct common_options *o, struct err *err)
{
	unsigned used = (o->json ? COMMON_JSON : 0) | (o->no_color ? COMMON_COLOR : 0) |
			(o->templates ? COMMON_TEMPLATES : 0);

	if (o->events || o->nodes.n || o->parallel != DEFAULT_PARALLEL)
		used |= COMMON_RUN;
	if (o->verbosity || o->accept_new_host_keys)
		used |= cmd->common & COMMON_LINK ? COMMON_LINK : COMMON_RUN;
	if (used & ~cmd->common)
		return err_set(err, -EINVAL,
			"command '%s' does not know one of the options before it", cmd->name);
	return 0;
}

static int check_args(const struct cli *cli, struct err *err)
{
	const struct cmd *cmd = cli->cmd;

	if (cli->n_args < cmd->min_args)
		return err_set(err, -EINVAL, "command '%s' needs more arguments: %s", cmd->name,
			cmd->usage);
	if (cli->n_args > cmd->max_args)
		return err_set(err, -EINVAL, "unexpected argument '%s'", cli->args[cmd->max_args]);
	return 0;
}

/* Understand what stands before the command, and find the command: NULL when there is none. */
static int parse_top(struct cli *cli, int argc, char **argv, int *ret_at, struct err *err)
{
	struct option_set set = {.options = common_options, .values = &cli->opt};
	int r = options_parse(&set, 1, argc, argv, true, ret_at, err);

	if (r < 0 || *ret_at == argc)
		return r;
	cli->cmd = cmd_find(argv[*ret_at]);
	if (!cli->cmd)
		return cmd_unknown(argv[*ret_at], err);
	return check_early(cli->cmd, &cli->opt, err);
}

static int parse_command(struct cli *cli, void *own, int argc, char **argv, struct err *err)
{
	const struct option_set sets[] = {
		{.options = cli->cmd->own, .values = own},
		{.options = common_options,
			.values = &cli->opt,
			.bits = cli->cmd->common | COMMON_HELP},
	};
	int r;

	cli->own = own;
	cli->args = argv;
	r = options_parse(sets, ARRAY_SIZE(sets), argc, argv, false, &cli->n_args, err);
	if (r < 0 || cli->opt.help)
		return r;
	return check_args(cli, err);
}

/* Say what is wrong with the command line, and where to read on. */
static int usage_error(const struct cli *cli, bool json, const struct err *err)
{
	output_error(json, output_color(cli, stderr), err, EXIT_USAGE);
	if (cli->cmd)
		fprintf(stderr, "usage: svarm %s [OPTIONS]%s%s\n", cli->cmd->name,
			*cli->cmd->usage ? " " : "", cli->cmd->usage);
	else
		fprintf(stderr, "usage: svarm COMMAND [OPTIONS] [FILE]; see 'svarm help'\n");
	return EXIT_USAGE;
}

static int run_command(const struct cli *cli)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r = cli->cmd->run(cli, &err);
	int code = r < 0 ? (int)exit_of(r) : r;

	if (code != EXIT_FINE && signals_cancelled())
		code = EXIT_INTERRUPTED;
	if (r < 0)
		output_error(cli->opt.json, output_color(cli, stderr), &err, code);
	return code;
}

/* What needs no command, or only shows its help; -1: there is more to do. */
static int run_help(const struct cli *cli)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.version)
		return run_command(&(struct cli){.cmd = &cmd_version, .opt = cli->opt});
	if (!cli->opt.help && cli->cmd)
		return -1;
	if (cli->cmd)
		help_command(cli->cmd, &out);
	else
		help_overview(&out);
	if (cli->opt.help) {
		output_text(&out);
		return EXIT_FINE;
	}
	if (cli->opt.json) {
		_cleanup_err_ struct err err = ERR_INIT;

		return err_set(&err, -EINVAL, "no command given") < 0 ? usage_error(cli, true, &err)
								      : EXIT_FINE;
	}
	fwrite(out.data, 1, out.len, stderr);
	return EXIT_USAGE;
}

static int run_main(struct cli *cli, int argc, char **argv)
{
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_free_ void *own = NULL;
	int at = 0, code;
	int r = parse_top(cli, argc - 1, argv + 1, &at, &err);

	if (r < 0)
		return usage_error(cli, wants_json(argc, argv), &err);
	if (cli->cmd) {
		own = xcalloc(1, cli->cmd->own_size + 1);
		r = parse_command(cli, own, argc - at - 2, argv + at + 2, &err);
	}
	if (r < 0)
		return usage_error(cli, wants_json(argc, argv), &err);
	code = run_help(cli);
	if (code >= 0)
		return code;
	template_set_dir(cli->opt.templates);
	return run_command(cli);
}

/* A core file would hold the secrets of the run. */
static void leave_no_core(void)
{
	const struct rlimit none = {0};

	setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
	struct cli cli = {.opt.parallel = DEFAULT_PARALLEL};
	int code;

	leave_no_core();
	signals_init();
	code = run_main(&cli, argc, argv);
	option_list_done(&cli.opt.nodes);
	return output_finish(code);
}
