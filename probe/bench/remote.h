/*
 * Inside probe/bench: a tool of svarm-probe on a node, with its progress, and what it says made
 * harmless: whatever a node prints, only numbers within bounds go on into the document.
 */
#pragma once

#include "probe/bench/section.h"

/* Run @c to its end.  Lines {"progress": {…}} go to @progress (may be NULL); the last line is the
 * result, an object: *@ret is owned by the caller.  ERR_REMOTE: {"error": …}, or no result; the
 * result is otherwise as it came, hostile. */
int remote_run(struct agent *agent, const struct agent_command *c,
	void (*progress)(void *arg, const json_t *p), void *arg, json_t **ret, struct err *err)
	_must_check_;

/* Member @key of @o when it is a finite number of @least to @most; else NAN. */
double clean_number(const json_t *o, const char *key, double least, double most);
/* Copy member @key of @from to @to under the same condition. */
void clean_copy(const json_t *from, json_t *to, const char *key, double most);
/* A latency object of what is one in @o; NULL: nothing of it is.  Owned by the caller. */
json_t *clean_latency(const json_t *o);
/* Nines, as far as they are: pairs of a quantile and ms, rising.  Owned by the caller; NULL: none.
 */
json_t *clean_nines(const json_t *a);
