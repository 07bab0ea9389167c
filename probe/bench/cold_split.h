/*
 * Inside section cold: where the time of a first call went, from the times that Docker notes
 * itself.  They come from other machines, may be missing, and clocks differ: what cannot be right
 * is not known, never a guess.
 */
#pragma once

#include <stdbool.h>

#include "lib/ext/json.h"

/* Wall clocks in seconds since 1970; NAN: not known. */
struct cold_times {
	double begin, seconds; /* of the call, on the caller's clock */
	double warm;           /* what a call takes once the function is awake; seconds */
	/* Of the container that was first to run, on its node's clock. */
	double created; /* Docker began to make it */
	double made;    /* and had made it */
	double started; /* its program ran */
	double ahead;   /* how much that clock is ahead of the caller's; seconds */
};

/* In ms; NAN: not known. */
struct cold_parts {
	double total;
	double schedule;     /* gateway and Swarm, until a node begins to make the container */
	double create;       /* until it is made */
	double start;        /* until its program runs */
	double ready;        /* until the gateway has found it ready */
	double answer;       /* what a call takes once it is awake */
	const char *missing; /* why a part is not known: static; NULL: all are */
	bool awake;          /* it ran before the call: not a first call at all */
};

void cold_split(const struct cold_times *t, struct cold_parts *ret);
/* A call for detail.calls. */
json_t *cold_parts_json(const struct cold_parts *p);

/* "2026-11-25T16:38:32.180933098Z", also with another offset than Z, in seconds since 1970.  NAN:
 * it is none, or the year 1, which is Go's way to say never. */
double cold_time(const char *text);
/* The time of event "create" of container @id among @text, lines of `docker events --format
 * '{{json .}}'`; NAN when it is not among them. */
double cold_event_created(const char *text, const char *id);
/* Read @created and @started out of what `docker inspect` says of a container. */
void cold_container(const json_t *inspected, struct cold_times *ret);
