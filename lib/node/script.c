/* Compile a change set into an apply script: see script.h. */
#include "lib/node/script.h"

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"

static const struct frame go_lock = {.from = FRAME_PROMISE, .data = PROMISE_LOCK};
static const struct frame go_all_done = {.from = FRAME_PROMISE, .data = PROMISE_ALL_DONE};

static void add_frame(struct script *s, struct arena *arena, const struct frame *f)
{
	*arena_push(arena, s->frames, s->n_frames, s->cap_frames) = f;
}

/* Not the one that leaves it. */
/* Does the step bring the node into the swarm? */
static bool is_swarm_step(const struct change_set *set, const struct step *step)
{
	const struct change *c = &set->changes[step->first];

	return step->n && c->kind == RES_SWARM && c->action == CHANGE_CREATE;
}

static void add_step(struct script *s, const struct change_set *set, size_t i,
	const struct script_role *role, struct arena *arena)
{
	const struct step *step = &set->steps[i];

	buf_addf(&s->text, "step %zu %zu %s\n", i + 1, step->n_awaits, step->call);
	for (size_t f = 0; f < step->n_frames; f++)
		add_frame(s, arena, &step->frames[f]);
	if (!is_swarm_step(set, step))
		return;
	buf_adds(&s->text, "tell_joined\n");
	if (role->leader)
		buf_adds(&s->text, "swarm_tokens\n");
}

int script_compile(const struct change_set *set, const struct script_role *role,
	struct arena *arena, struct script *ret, struct err *err)
{
	int r = template_text("apply.sh", &ret->text, err);

	if (r < 0)
		return r;
	buf_adds(&ret->text, "\nbegin\n");
	if (role->leader) {
		buf_adds(&ret->text, "lock_take ");
		quote_sh(&ret->text, role->owner);
		buf_adds(&ret->text, "\ntell out lock\n");
		if (role->swarm_exists)
			buf_adds(&ret->text, "swarm_tokens\n");
	} else {
		buf_adds(&ret->text, "await 1\n");
		add_frame(ret, arena, &go_lock);
	}
	for (size_t i = 0; i < set->n_steps; i++)
		add_step(ret, set, i, role, arena);
	if (role->leader) {
		buf_adds(&ret->text, "tell out ready\n");
		if (role->settle)
			buf_addf(&ret->text, "step %zu 0 services_settle\n", set->n_steps + 1);
		else
			buf_adds(&ret->text, "await 1\n");
		add_frame(ret, arena, &go_all_done);
	}
	buf_adds(&ret->text, "tell end\n");
	return 0;
}

const char *script_step_title(const struct change_set *set, size_t number)
{
	if (number >= 1 && number <= set->n_steps)
		return set->steps[number - 1].title;
	return number == set->n_steps + 1 ? "wait for the services" : "?";
}

void script_done(struct script *s)
{
	buf_done(&s->text);
	*s = (struct script){0};
}
