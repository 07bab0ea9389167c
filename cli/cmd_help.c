/* `svarm help`, and every command's --help: printed from the tables that the parser works by. */
#include "cli/cmds.h"

#include "cli/output.h"
#include "cli/verb.h"
#include "lib/base/width.h"

struct help_options {
	bool words;
};

static const char exit_codes[] = "exit codes:\n"
				 "  0   all is well\n"
				 "  1   a node or a probe failed\n"
				 "  2   the command line or the spec is wrong\n"
				 "  3   something failed on this machine\n"
				 "  4   interrupted\n"
				 "  5   another run holds the cluster's lock\n"
				 "  10  changes are pending (plan, status)\n";

static void add_usage(struct buf *out, const struct cmd *cmd)
{
	buf_addf(out, "usage: svarm %s [OPTIONS]%s%s\n", cmd->name, *cmd->usage ? " " : "",
		cmd->usage);
}

/* @text's paragraphs, an empty line between them. */
static void add_paragraphs(struct buf *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		_cleanup_buf_ struct buf one = BUF_INIT;

		buf_add(&one, text, len);
		buf_addc(out, '\n');
		text_wrap(out, buf_str(&one), HELP_WIDTH, 0, 0);
		buf_addc(out, '\n');
		text += len + (text[len] == '\n');
	}
}

void help_command(const struct cmd *cmd, struct buf *out)
{
	struct option_set own = {.options = cmd->own};
	struct option_set common = {.options = common_options, .bits = cmd->common | COMMON_HELP};

	add_usage(out, cmd);
	if (cmd->verbs) {
		buf_adds(out, "\nverbs:\n");
		verb_help(cmd, out);
	}
	add_paragraphs(out, cmd->about);
	buf_adds(out, "\noptions:\n");
	options_help(&own, out);
	options_help(&common, out);
}

void help_overview(struct buf *out)
{
	buf_adds(out,
		"svarm turns bare servers into a tuned, verified, private function platform.\n\n"
		"usage: svarm COMMAND [OPTIONS] [FILE]\n\ncommands:\n");
	for (size_t i = 0; cmd_table[i]; i++)
		buf_addf(out, "  %-9s %s\n", cmd_table[i]->name, cmd_table[i]->summary);
	buf_adds(out, "\nFILE is the cluster's spec, cluster.yaml when not given.\n"
		      "'svarm help COMMAND' explains a command and its options.\n\n");
	buf_adds(out, exit_codes);
}

static void add_words(struct buf *out, const struct option_set *set)
{
	for (const struct option *o = set->options; o && o->name; o++)
		if (option_in(set, o))
			buf_addf(out, "--%s\n", o->name);
}

/* What the shell may complete: the commands, or the long options of one. */
static void words(const struct cmd *cmd, struct buf *out)
{
	if (!cmd) {
		for (size_t i = 0; cmd_table[i]; i++)
			buf_addf(out, "%s\n", cmd_table[i]->name);
		return;
	}
	verb_words(cmd, out);
	add_words(out, &(struct option_set){.options = cmd->own});
	add_words(out,
		&(struct option_set){.options = common_options, .bits = cmd->common | COMMON_HELP});
}

static int run(const struct cli *cli, struct err *err)
{
	const struct help_options *own = cli->own;
	const struct cmd *about = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->n_args) {
		about = cmd_find(cli->args[0]);
		if (!about) {
			int r = cmd_unknown(cli->args[0], err);

			output_error(false, output_color(cli, stderr), err, EXIT_USAGE);
			return r < 0 ? EXIT_USAGE : EXIT_LOCAL;
		}
	}
	if (own->words)
		words(about, &out);
	else if (about)
		help_command(about, &out);
	else
		help_overview(&out);
	output_text(&out);
	return EXIT_FINE;
}

static const struct option options[] = {
	{0, "words", OPTION_FLAG, NULL, "print just the words that a shell may complete",
		.offset = offsetof(struct help_options, words)},
	{0},
};

const struct cmd cmd_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "explain svarm or one of its commands",
	.about = "Print what svarm can do, or what COMMAND does and its options.",
	.common = 0,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct help_options),
	.run = run,
};
