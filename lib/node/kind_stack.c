/*
 * Stacks: all services of one compose file.  Each service carries a hash of what was wanted of it
 * (label svarm.hash), so that one changed service is one change; the deploy itself is one step.
 */
#include "lib/base/quote.h"
#include "lib/node/kind.h"

static bool service_differs(const struct fact_service *have, const struct stack_service *want)
{
	return !have || !have->hash || strcmp(have->hash, want->hash) != 0;
}

static bool is_wanted(const struct resource *r, const char *name)
{
	for (size_t i = 0; i < r->stack.n_services; i++)
		if (!strcmp(r->stack.services[i].name, name))
			return true;
	return false;
}

/* A service that svarm deployed in this stack and that the spec no longer has. */
static bool is_stale(const struct resource *r, const struct fact_service *s)
{
	return s->hash && s->stack && !strcmp(s->stack, r->name) && !is_wanted(r, s->name);
}

static size_t count_changes(const struct resource *r, const struct facts *facts)
{
	size_t many = 0;

	for (size_t i = 0; i < r->stack.n_services; i++) {
		const struct stack_service *want = &r->stack.services[i];

		many += service_differs(facts_service(facts, want->name), want);
	}
	for (size_t i = 0; i < facts->n_services; i++)
		many += is_stale(r, &facts->services[i]);
	return many;
}

static const char *describe(struct arena *a, const char *image, int replicas)
{
	if (replicas < 0)
		return arena_printf(a, "%s on each node", image);
	return arena_printf(a, "%s x %d", image, replicas);
}

static void add_change(struct change_set *ret, enum change_action action, const struct resource *r,
	const char *service, const char *before, const char *after)
{
	struct resource as_service = {.kind = RES_STACK, .name = service, .why = r->why};

	as_service.name = arena_strdup(ret->arena, service);
	change_add(ret, action, &as_service, before, after);
}

static void add_changes(const struct resource *r, const struct facts *facts, struct change_set *ret)
{
	struct arena *a = ret->arena;

	for (size_t i = 0; i < r->stack.n_services; i++) {
		const struct stack_service *want = &r->stack.services[i];
		const struct fact_service *have = facts_service(facts, want->name);
		const char *before = NULL;

		if (!service_differs(have, want))
			continue;
		if (have)
			before = describe(a, have->image ? have->image : "?", have->replicas);
		add_change(ret, have ? CHANGE_UPDATE : CHANGE_CREATE, r, want->name, before,
			describe(a, want->image, want->replicas));
	}
	for (size_t i = 0; i < facts->n_services; i++)
		if (is_stale(r, &facts->services[i]))
			add_change(
				ret, CHANGE_REMOVE, r, facts->services[i].name, "deployed", NULL);
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	struct step *s;

	if (!count_changes(r, facts))
		return 0;
	if (!r->stack.n_services) {
		s = step_add(ret, 120 * USEC_PER_SEC, "remove stack %s", r->name);
		step_call(ret, s, "stack_remove", r->name, NULL);
	} else {
		s = step_add(ret, 240 * USEC_PER_SEC, "deploy stack %s", r->name);
		step_call(ret, s, "stack_deploy", r->name, NULL);
		for (size_t i = 0; i < r->stack.n_promises; i++)
			step_await(ret, s, r->stack.promises[i]);
		step_data(ret, s, r->stack.content, r->stack.len, false);
	}
	add_changes(r, facts, ret);
	return 0;
}

const struct kind kind_stack = {.name = "service", .diff = diff};
