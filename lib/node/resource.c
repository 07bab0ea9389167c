/* The set of wanted resources and the table of kinds: see resource.h, kind.h. */
#include "lib/node/resource.h"

#include <assert.h>

#include "lib/node/kind.h"

static const struct kind *const kinds[] = {
	[RES_PACKAGE] = &kind_package,
	[RES_DIRECTORY] = &kind_directory,
	[RES_FILE] = &kind_file,
	[RES_SYSCTL] = &kind_sysctl,
	[RES_UNIT] = &kind_unit,
	[RES_DAEMON] = &kind_daemon,
	[RES_SWARM] = &kind_swarm,
	[RES_LABEL] = &kind_label,
	[RES_NETWORK] = &kind_network,
	[RES_IMAGE] = &kind_image,
	[RES_SECRET] = &kind_secret,
	[RES_CONFIG] = &kind_config,
	[RES_STACK] = &kind_stack,
	[RES_FUNCTIONS] = &kind_functions,
};

struct resource *resource_add(
	struct resource_set *set, enum resource_kind kind, const char *name, const char *why)
{
	struct resource *r = arena_push(set->arena, set->items, set->n, set->cap);

	r->kind = kind;
	r->name = arena_strdup(set->arena, name);
	r->why = why ? arena_strdup(set->arena, why) : NULL;
	return r;
}

const struct kind *kind_of(enum resource_kind kind)
{
	assert(kind < ARRAY_SIZE(kinds));
	return kinds[kind];
}

const char *resource_kind_name(enum resource_kind kind)
{
	return kind_of(kind)->name;
}
