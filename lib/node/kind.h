/* What change.c needs of each kind of resource; the kinds stand in kind_*.c, the table in
 * resource.c. */
#pragma once

#include "lib/node/change.h"

struct kind {
	const char *name;
	/* Append the changes and steps that bring @r about.  Called in the order of the set.  A
	 * kind with @merge gets a whole run of neighbouring resources of its kind at once (@n > 1).
	 */
	int (*diff)(const struct resource *r, size_t n, const struct facts *facts,
		struct change_set *ret, struct err *err);
	bool merge;
};

extern const struct kind kind_package;
extern const struct kind kind_directory;
extern const struct kind kind_file;
extern const struct kind kind_sysctl;
extern const struct kind kind_unit;
extern const struct kind kind_daemon;
extern const struct kind kind_swarm;
extern const struct kind kind_label;
extern const struct kind kind_network;
extern const struct kind kind_image;
extern const struct kind kind_secret;
extern const struct kind kind_config;
extern const struct kind kind_stack;
extern const struct kind kind_functions;

/* The kind of @kind; never NULL. */
const struct kind *kind_of(enum resource_kind kind);
