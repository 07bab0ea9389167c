/* The table of commands, and the options that several of them share. */
#include "cli/cmds.h"

#include "lib/base/quote.h"
#include "lib/spec/suggest.h"

const struct cmd *const cmd_table[] = {
	&cmd_check,
	&cmd_plan,
	&cmd_up,
	&cmd_health,
	&cmd_bench,
	&cmd_status,
	&cmd_fn,
	&cmd_queue,
	&cmd_render,
	&cmd_down,
	&cmd_cost,
	&cmd_schema,
	&cmd_version,
	&cmd_help,
	NULL,
};

#define AT(member) .offset = offsetof(struct common_options, member)

const struct option common_options[] = {
	{'n', "node", OPTION_LIST, "NAME", "only this node; may be repeated", AT(nodes),
		.bit = COMMON_NODES},
	{'j', "parallel", OPTION_NUMBER, "N", "work on at most N nodes at once (default 16)",
		AT(parallel), .min = 1, .max = 256, .bit = COMMON_RUN},
	{0, "accept-new-host-keys", OPTION_FLAG, NULL,
		"add the host keys of unknown nodes to known_hosts; a changed key is still refused",
		AT(accept_new_host_keys), .bit = COMMON_RUN | COMMON_LINK},
	{0, "events", OPTION_STRING, "FILE", "write what happens to FILE as JSON lines", AT(events),
		.bit = COMMON_RUN},
	{0, "templates", OPTION_STRING, "DIR", "use templates from DIR before the built-in ones",
		AT(templates), .bit = COMMON_TEMPLATES},
	{0, "json", OPTION_FLAG, NULL, "answer in JSON, also on failure", AT(json),
		.bit = COMMON_JSON},
	{0, "no-color", OPTION_FLAG, NULL, "no colours, as with NO_COLOR set", AT(no_color),
		.bit = COMMON_COLOR},
	{'v', "verbose", OPTION_MORE, NULL,
		"say more, in plain lines: what each node is doing; -vv: everything", AT(verbosity),
		.bit = COMMON_RUN | COMMON_LINK},
	{'q', "quiet", OPTION_LESS, NULL, "say nothing but failures", AT(verbosity),
		.bit = COMMON_RUN | COMMON_LINK},
	{'h', "help", OPTION_FLAG, NULL, "print this help", AT(help), .bit = COMMON_HELP},
	{0, "version", OPTION_FLAG, NULL, "print the version", AT(version), .bit = COMMON_TOP},
	{0},
};

const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (!strcmp(cmd_table[i]->name, name))
			return cmd_table[i];
	return NULL;
}

int cmd_unknown(const char *name, struct err *err)
{
	const char *words[ARRAY_SIZE(cmd_table)];
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *near;
	size_t n = 0;

	for (; cmd_table[n]; n++)
		words[n] = cmd_table[n]->name;
	near = suggest(name, words, n);
	escape_text(&shown, name, strlen(name), false);
	if (near)
		return err_set(err, -EINVAL, "unknown command '%s'; did you mean '%s'?",
			buf_str(&shown), near);
	return err_set(
		err, -EINVAL, "unknown command '%s'; 'svarm help' lists them", buf_str(&shown));
}
