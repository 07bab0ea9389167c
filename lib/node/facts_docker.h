/* The part of the facts that is Docker's own JSON (Engine API answers). */
#pragma once

#include "lib/node/facts.h"

/* Fill @f from the answer @json to the question @name ("info", "nodes", "services" …).  Unknown
 * names are skipped; JSON that does not parse, or is not of the expected shape, is an error. */
int facts_docker_parse(struct facts *f, const char *name, const char *json, struct err *err)
	_must_check_;
