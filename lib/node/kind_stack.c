/*
 * Stacks: all services of one compose file.  Each service carries a hash of what was wanted of it
 * (label svarm.hash), so that one changed service is one change; the deploy itself is one step.
 */
#include "lib/base/quote.h"
#include "lib/node/kind.h"

/* Is it as many as it may be?  A function that follows its load has a range. */
static bool number_fits(int replicas, const struct stack_service *want)
{
	return !want->max || replicas < 0 || (replicas >= want->min && replicas <= want->max);
}

static bool service_differs(const struct fact_service *have, const struct stack_service *want)
{
	return !have || !have->hash || strcmp(have->hash, want->hash) != 0 ||
	       !number_fits(have->replicas, want);
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

static const char *describe_wanted(struct arena *a, const struct stack_service *want)
{
	if (want->replicas < 0 || want->min == want->max)
		return describe(a, want->image, want->replicas);
	return arena_printf(
		a, "%s x %d (%d to %d)", want->image, want->replicas, want->min, want->max);
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
			describe_wanted(a, want));
	}
	for (size_t i = 0; i < facts->n_services; i++)
		if (is_stale(r, &facts->services[i]))
			add_change(
				ret, CHANGE_REMOVE, r, facts->services[i].name, "deployed", NULL);
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	const char **stale;
	size_t n_stale = 0;
	struct step *s;

	if (!count_changes(r, facts))
		return 0;
	stale = arena_array(ret->arena, const char *, facts->n_services + 1);
	for (size_t i = 0; i < facts->n_services; i++)
		if (is_stale(r, &facts->services[i]))
			stale[n_stale++] = facts->services[i].name;
	if (!r->stack.n_services) {
		s = step_add(ret, 120 * USEC_PER_SEC, "remove stack %s", r->name);
		step_call_list(ret, s, "services_remove", NULL, stale, n_stale);
	} else {
		s = step_add(ret, 240 * USEC_PER_SEC, "deploy stack %s", r->name);
		step_call_list(ret, s, "stack_deploy", r->name, stale, n_stale);
		for (size_t i = 0; i < r->stack.n_promises; i++)
			step_await(ret, s, r->stack.promises[i]);
		step_data(ret, s, r->stack.content, r->stack.len, false);
	}
	add_changes(r, facts, ret);
	return 0;
}

const struct kind kind_stack = {.name = "service", .diff = diff};
