/*
 * What the parts of the parser share; used by parse*.c only.
 *
 * Each bool function that reads begins with the event at hand being the first of what it reads,
 * ends with it being the last, and returns false only when the text cannot be read any further;
 * every other mistake is noted and stepped over.
 */
#pragma once

#include "lib/spec/expand.h"
#include "lib/spec/parse.h"

struct parser {
	struct yaml_reader *reader;
	struct yaml_event ev; /* the event at hand */
	struct arena *arena;  /* of what is read; borrowed */
	const char *path;     /* of the file, for paths in it; borrowed */
	struct diag *diag;
	struct marks *marks;
	struct expansion *expand; /* NULL: a '$' is nothing special */
	struct buf where;         /* path of what is being read; owned */
};

/* ---- parse_event.c ---- */

bool parser_next(struct parser *p) _must_check_;
/* Step over a value of any kind; @hide keeps it out of the excerpts. */
bool parser_skip(struct parser *p, bool hide) _must_check_;
/* Make the path of what is being read as short as it was. */
void parser_where_pop(struct parser *p, size_t len);
bool parser_is_null(const struct yaml_event *ev);
/* "a list", "a mapping" … */
const char *parser_kind_words(const struct yaml_event *ev);
/* Note that the value should be @wanted, and step over it. */
bool parser_wrong_kind(struct parser *p, const char *wanted, bool hide) _must_check_;
/* Note a refused event; true when it was one. */
bool parser_refused(struct parser *p);
extern const char parser_merge_words[];

/* ---- parse_value.c ---- */

/* Run a type's parser on @text. */
int parser_run_type(struct parser *p, const struct field *f, const struct type *type,
	const char *text, void *out, struct err *err) _must_check_;
bool parse_value(struct parser *p, const struct field *f, void *out) _must_check_;
bool parse_flags(struct parser *p, const struct field *f, char *base) _must_check_;
bool parse_list(struct parser *p, const struct field *f, char *base) _must_check_;

/* An array growing in the cluster's arena. */
struct array {
	char *data;
	size_t n, cap;
};
/* Append an item of the field's size, its line set. */
void *array_push(struct parser *p, const struct field *f, struct array *a);
/* Put it where the field says. */
void array_store(const struct field *f, char *base, const struct array *a);

/* One item of a list; @arg is what parse_items() was given. */
typedef bool item_fn(struct parser *p, const struct field *f, size_t index, void *arg);
/* Call @fn for each item; a single value stands for a list of one where @or_one. */
bool parse_items(struct parser *p, const struct field *f, bool or_one, item_fn *fn, void *arg)
	_must_check_;

/* ---- parse_map.c ---- */

bool parse_map(struct parser *p, const struct field *f, char *base) _must_check_;
