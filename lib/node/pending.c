/* What an interrupted run left undone: see pending.h. */
#include "lib/node/pending.h"

#define PENDING "/var/lib/svarm/pending"

void pending_ask(struct buf *question)
{
	facts_ask(question, "read", PENDING);
}

/* One line is "UNIT VERB". */
static void add_line(struct change_set *set, char *line)
{
	struct resource r = {.kind = RES_UNIT, .why = "an earlier run was interrupted"};

	r.name = strsep(&line, " ");
	change_add(set, CHANGE_UPDATE, &r, "runs with its old configuration", line);
}

void pending_changes(const struct facts *facts, struct change_set *ret)
{
	const struct fact_file *f = facts_file(facts, PENDING);
	size_t first_step = ret->n_steps;
	struct step *s;
	char *text, *line;

	if (!f || f->type != FILE_REGULAR || !f->content_len)
		return;
	s = step_add(ret, 300 * USEC_PER_SEC, "finish what an interrupted run left");
	step_call(ret, s, "pending_finish", NULL);
	text = arena_strndup(ret->arena, f->content, f->content_len);
	while ((line = strsep(&text, "\n")))
		if (*line)
			add_line(ret, line);
	change_close(ret, first_step);
}
