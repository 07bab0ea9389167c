/* The second word of a command: see verb.h. */
#include "cli/verb.h"

#include <string.h>

#include "cli/output.h"
#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "lib/spec/suggest.h"

enum { MAX_VERBS = 16 };

static const struct verb *find(const struct cmd *cmd, const char *name)
{
	for (const struct verb *v = cmd->verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static int unknown(const struct cmd *cmd, const char *name, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT, known = BUF_INIT;
	const char *words[MAX_VERBS], *near;
	size_t n = 0;

	for (; cmd->verbs[n].name && n < MAX_VERBS; n++) {
		words[n] = cmd->verbs[n].name;
		buf_addf(&known, "%s%s", n ? ", " : "", words[n]);
	}
	escape_text(&shown, name, strlen(name), false);
	near = suggest(name, words, n);
	if (near)
		return err_set(err, ERR_SPEC, "'svarm %s' does not know '%s'; did you mean '%s'?",
			cmd->name, buf_str(&shown), near);
	return err_set(err, ERR_SPEC, "'svarm %s' does not know '%s', only: %s", cmd->name,
		buf_str(&shown), buf_str(&known));
}

/* Was the option given?  All of them are zero when they were not. */
static bool is_given(const struct option *o, const void *own)
{
	static const unsigned char none[sizeof(void *)];
	size_t size = sizeof(void *);

	if (o->kind == OPTION_FLAG)
		size = sizeof(bool);
	else if (o->kind == OPTION_NUMBER || o->kind == OPTION_MORE || o->kind == OPTION_LESS)
		size = sizeof(int);
	else if (o->kind == OPTION_LIST)
		return ((const struct option_list *)(const void *)((const char *)own + o->offset))
			->n;
	return memcmp((const char *)own + o->offset, none, size) != 0;
}

static int check_options(const struct cli *cli, const struct verb *v, struct err *err)
{
	for (const struct option *o = cli->cmd->own; o && o->name; o++)
		if (is_given(o, cli->own) && !(o->bit & v->options))
			return err_set(err, ERR_SPEC, "'svarm %s %s' does not know --%s",
				cli->cmd->name, v->name, o->name);
	return 0;
}

int verb_run(const struct cli *cli, struct err *err)
{
	struct cli own = *cli;
	const struct verb *v = find(cli->cmd, cli->args[0]);
	int r;

	if (!v)
		return unknown(cli->cmd, cli->args[0], err);
	own.args++;
	own.n_args--;
	if (own.n_args < v->args)
		return err_set(err, ERR_SPEC, "'svarm %s %s' needs more arguments: %s",
			cli->cmd->name, v->name, v->usage);
	if (own.n_args > v->args + v->optional + 1)
		return err_set(err, ERR_SPEC, "unexpected argument '%s'",
			own.args[v->args + v->optional + 1]);
	r = check_options(cli, v, err);
	return r < 0 ? r : v->run(&own, err);
}

int verb_cluster(const struct cli *cli, int n, struct cluster **ret, struct err *err)
{
	struct cli behind = *cli;

	behind.args += n;
	behind.n_args -= n;
	return output_load_cluster(&behind, ret, err);
}

void verb_help(const struct cmd *cmd, struct buf *out)
{
	for (const struct verb *v = cmd->verbs; v && v->name; v++) {
		_cleanup_buf_ struct buf left = BUF_INIT;

		buf_addf(&left, "%s%s%s", v->name, *v->usage ? " " : "", v->usage);
		buf_addf(out, "  %-18s %s\n", buf_str(&left), v->summary);
	}
}

void verb_words(const struct cmd *cmd, struct buf *out)
{
	for (const struct verb *v = cmd->verbs; v && v->name; v++)
		buf_addf(out, "%s\n", v->name);
}
