/* `svarm plan`: what `svarm up` would do, without doing any of it.  Same executor, same order. */
#include "cli/cmds.h"
#include "cli/plan_print.h"
#include "cli/session.h"

struct plan_options {
	const char *images;
};

static const struct option options[] = {
	{0, "images", OPTION_STRING, "DIR", "where svarm's own image archives are",
		.offset = offsetof(struct plan_options, images)},
	{0},
};

static void print_answer(const struct cli *cli, struct session *s, const struct err *error)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.json) {
		plan_json(s->fleet, error->code ? err_msg(error) : NULL, &out);
		buf_addc(&out, '\n');
	} else {
		plan_print(s->fleet, &out, output_color(cli, stdout), output_width());
	}
	output_text(&out);
}

static int run(const struct cli *cli, struct err *err)
{
	const struct plan_options *own = cli->own;

	return session_plan(cli, own->images, print_answer, err);
}

const struct cmd cmd_plan = {
	.name = "plan",
	.usage = "[FILE]",
	.summary = "show what 'up' would change",
	.about = "Reads every node and prints, in order, each change that 'svarm up' would make. "
		 "Nothing is written anywhere. Ends with exit code 10 when there are changes.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN | COMMON_TEMPLATES,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct plan_options),
	.run = run,
};
