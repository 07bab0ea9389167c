/* Inside section cold: what the calls come to. */
#pragma once

#include "probe/bench/cold_split.h"
#include "probe/bench/section.h"

struct cold_found {
	struct cold_parts *calls; /* owned */
	size_t n, cap;
	unsigned awake;      /* calls that somebody else's had woken it for */
	const char *missing; /* why a part of some call is not known: static; NULL: none */
};

/* A call that found the function awake is no first call, and only counted. */
void cold_found_add(struct cold_found *f, const struct cold_parts *p);
void cold_found_done(struct cold_found *f);

/* Figures, detail, state and text. */
void cold_judge(const struct cold_found *f, const char *function, struct section_result *ret);
/* The calls ended before their time. */
void cold_judge_failed(const struct cold_found *f, const char *why, const char *service,
	struct section_result *ret);

/* struct section's print(). */
void cold_print(const json_t *section, struct buf *out);
