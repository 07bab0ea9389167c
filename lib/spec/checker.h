/* What the parts of the cross-checks share; used by check*.c only. */
#pragma once

#include "lib/base/quote.h"
#include "lib/spec/check.h"
#include "lib/spec/include.h"

struct warning {
	const char *text;
	size_t file; /* 0: the spec; then what it includes */
	int line;
	size_t order;
};

struct checker {
	struct draft *draft;
	struct arena *arena; /* the cluster's */
	struct diag *diag;   /* of the file at hand */
	struct marks *marks; /* of the file at hand */
	size_t file;         /* 0: the spec; then what it includes */
	struct includes *includes;
	struct warning *warnings;
	size_t n_warnings, cap_warnings;
};

/* Keep "FILE:LINE: KIND: …" (without a line when it is 0); @kind is "warning" or "note". */
void check_warn(struct checker *k, const char *kind, int line, const char *fmt, ...) _printf_(4, 5);
/* Where a mark points; the top of the file without one. */
struct yaml_span check_place(struct checker *k, const struct mark *m);
int check_line(const struct mark *m);

/* A value that must not occur twice among the items of a list. */
struct unique {
	const char *text;  /* what is compared */
	const char *shown; /* what the message names */
	size_t index;      /* of the item */
	int line;
};
/* Report each repetition of @member among the items of the list @of ("nodes", "name"). */
void check_unique(struct checker *k, struct unique *list, size_t n, const char *of,
	const char *member, const char *what);

void check_tune(struct checker *k);
void check_faas(struct checker *k);
void check_functions(struct checker *k);
void check_verify(struct checker *k);
