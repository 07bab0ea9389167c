/*
 * Functions whose service bears the function's own name, which a stack would put its prefix before.
 * Each is a service of the Engine API, compared by the hash it carries (label svarm.hash).  One
 * that svarm deployed and that is no longer wanted goes; one that somebody else deployed stays (a
 * spec that wants its name is refused before: faas/functions.c).
 */
#include "lib/node/kind.h"

static bool differs(const struct fact_service *have, const struct stack_service *want)
{
	return !have || !have->hash || strcmp(have->hash, want->hash) != 0 ||
	       (want->max && (have->replicas < want->min || have->replicas > want->max));
}

static bool is_wanted(const struct resource *r, const char *name)
{
	for (size_t i = 0; i < r->functions.n; i++)
		if (!strcmp(r->functions.items[i].service.name, name))
			return true;
	return false;
}

static void add_change(struct change_set *ret, enum change_action action, const struct resource *r,
	const char *name, const char *before, const char *after)
{
	struct resource one = {.kind = RES_FUNCTIONS, .why = r->why};

	one.name = arena_strdup(ret->arena, name);
	change_add(ret, action, &one, before, after);
}

static const char *describe(struct arena *a, const char *image, int replicas)
{
	return arena_printf(a, "%s x %d", image, replicas);
}

static void put(const struct resource *r, const struct function_service *f,
	const struct fact_service *have, struct change_set *ret)
{
	struct arena *a = ret->arena;
	const char *before = NULL;
	struct step *s;

	s = step_add(ret, 120 * USEC_PER_SEC, "deploy function %s", f->service.name);
	step_call_list(ret, s, "service_put", f->service.name, f->secrets, f->n_secrets);
	for (size_t i = 0; i < r->functions.n_promises; i++)
		step_await(ret, s, r->functions.promises[i]);
	step_data(ret, s, f->spec, strlen(f->spec), false);
	if (have)
		before = describe(a, have->image ? have->image : "?", have->replicas);
	add_change(ret, have ? CHANGE_UPDATE : CHANGE_CREATE, r, f->service.name, before,
		describe(a, f->service.image, f->service.replicas));
}

static void drop(const struct resource *r, const struct fact_service *have, struct change_set *ret)
{
	struct step *s = step_add(
		ret, 60 * USEC_PER_SEC, "remove function %s", change_text(ret->arena, have->name));

	step_call(ret, s, "services_remove", have->id, NULL);
	add_change(ret, CHANGE_REMOVE, r, have->name, "deployed", NULL);
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	for (size_t i = 0; i < r->functions.n; i++) {
		const struct function_service *f = &r->functions.items[i];
		const struct fact_service *have = facts_service(facts, f->service.name);

		if (differs(have, &f->service))
			put(r, f, have, ret);
	}
	for (size_t i = 0; i < facts->n_services; i++) {
		const struct fact_service *have = &facts->services[i];

		if (have->hash && !have->stack && !is_wanted(r, have->name))
			drop(r, have, ret);
	}
	return 0;
}

const struct kind kind_functions = {.name = "function", .diff = diff};
