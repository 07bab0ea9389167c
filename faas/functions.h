/* What both engines make of a function of the spec: see functions.c. */
#pragma once

#include "faas/parts.h"

#define FUNCTION_STACK   "fn" /* of engine svarm: its services are fn_NAME */
#define FUNCTION_SECRETS "/var/openfaas/secrets/"

/* ERR_SPEC when @fn asks for what no function may have; -EEXIST when somebody else's service runs a
 * function of that name. */
int function_check(const struct spec_function *fn, const struct facts *f, struct err *err)
	_must_check_;

struct function_labels {
	struct spec_pair *v;
	size_t n;
};
/* Its own labels, its annotations, scaling and time-out as labels; not those that svarm sets. */
void function_labels(
	const struct spec_function *fn, struct arena *arena, struct function_labels *ret);

/* How many it shall have: what it has, brought into its range; at first what the spec says. */
struct function_number {
	int now, min, max;
};
struct function_number function_number(
	const struct spec_function *fn, const struct fact_service *have);

/* Seconds it is given to end. */
unsigned function_grace(const struct spec_function *fn);

/* Swarm's name of the secret @name; -ENOENT when there is none. */
int function_secret(const struct spec_function *fn, const char *name, const struct facts *f,
	const struct resource_set *want, const char **ret_source, struct err *err) _must_check_;
