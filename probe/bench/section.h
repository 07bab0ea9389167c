/*
 * Inside probe/bench: what a section is, what it gets, and what it gives.  A section measures in
 * rounds, puts figures (all rounds, the median counts) and a detail object into its result, and
 * judges: one line of text with numbers, and a remedy when it is not well.
 */
#pragma once

#include "lib/base/arena.h"
#include "probe/bench/agents.h"
#include "probe/bench/bench.h"
#include "probe/evidence.h"
#include "probe/health.h"

enum bench_need {
	BENCH_CLUSTER = 1 << 0, /* a fleet, and what its nodes show of themselves (evidence) */
	BENCH_AGENTS = 1 << 1,  /* svarm-probe on every node */
};

/* What all sections of one run share.  Sections run one after the other, so that they do not
 * disturb each other; one section may use several threads. */
struct bench {
	const struct bench_options *o;
	const struct cluster *cluster;   /* NULL: none */
	const struct evidence *evidence; /* seen at the start; NULL: no cluster */
	struct agents *agents;           /* NULL unless a section of the run needs them */
	unsigned rounds;                 /* at least 1 */
	const char *section;             /* the name of the one that runs now */
};

/* Has the operator had enough? */
bool bench_cancelled(const struct bench *b);
/* What is going on, for the operator; the text is escaped here. */
void bench_say(const struct bench *b, const char *fmt, ...) _printf_(2, 3);

enum better { BETTER_NONE, BETTER_LOWER, BETTER_HIGHER };

struct figure {
	const char *name; /* "p99": static */
	const char *unit; /* "ms", "us", "%", "1/s", "Mbit/s", "ratio", "count": static */
	enum better better;
	double *rounds; /* in the arena; finite */
	size_t n;
};

struct section_result {
	struct arena arena; /* owns text, remedy and figures */
	enum health_state state;
	const char *text;   /* one escaped line with numbers */
	const char *remedy; /* escaped; NULL unless failed or a warning */
	struct figure *figures;
	size_t n_figures, cap_figures;
	json_t *detail; /* an object; owned.  See docs/bench.md for what each section puts there */
};

struct section {
	const char *name, *summary;
	unsigned needs; /* enum bench_need */
	/* Where it depends on the options, instead of needs; else NULL. */
	unsigned (*needs_of)(const struct bench_options *o);
	bool only_named; /* it takes long: not part of "all" */
	/* Negative only for ERR_INTR and faults of this machine; all else is a state.  @ret is
	 * zeroed but for its detail, which is an empty object. */
	int (*run)(struct bench *b, struct section_result *ret, struct err *err);
	/* For people: append lines about @section, the section's object in a document, indented by
	 * two blanks.  It may be an old or a hostile document.  May be NULL. */
	void (*print)(const json_t *section, struct buf *out);
};

extern const struct section *const bench_sections[];
extern const size_t n_bench_sections;

extern const struct section section_http, section_cold, section_async, section_disk, section_cpu,
	section_network, section_redis, section_tuning;

/* Set state and text (printf-like, escaped: arguments may be hostile). */
void section_found(struct section_result *r, enum health_state state, const char *fmt, ...)
	_printf_(3, 4);
void section_remedy(struct section_result *r, const char *fmt, ...) _printf_(2, 3);
/* Add a value of one round to figure @name, making the figure when it is new.  What is not finite
 * is left out. */
void section_figure(struct section_result *r, const char *name, const char *unit,
	enum better better, double value);
/* The median over the rounds of figure @name; NAN when there is none. */
double section_median(const struct section_result *r, const char *name);
/* The median of @n values, which are left as they are; NAN of none. */
double median_of(const double *values, size_t n);
void sort_values(double *values, size_t n);
