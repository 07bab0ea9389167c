/*
 * YAML as a stream of events: the one place that includes libyaml.
 *
 * Only the part of YAML that a spec needs comes through: one document of mappings, lists and
 * scalars.  What is well-formed but not wanted (anchors, aliases, tags, control characters) is
 * delivered with `refused` set, so that the caller can report it and go on; what makes going on
 * senseless or dangerous (a syntax error, a second document, too deep a nest) is a failure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/macro.h"

enum { YAML_MAX_DEPTH = 32 };

enum yaml_kind {
	YAML_KIND_SCALAR,
	YAML_KIND_ALIAS, /* always refused */
	YAML_KIND_LIST,
	YAML_KIND_LIST_END,
	YAML_KIND_MAP,
	YAML_KIND_MAP_END,
	YAML_KIND_END, /* of the document and of the stream */
};

/* Both count from 1; columns count characters, not bytes. */
struct yaml_pos {
	int line, col;
};

/* From the first character to just behind the last one. */
struct yaml_span {
	struct yaml_pos start, end;
};

struct yaml_event {
	enum yaml_kind kind;
	const char *text;    /* of a scalar, decoded; borrowed until the next event; else "" */
	bool plain;          /* a scalar written without quotes */
	const char *refused; /* why this must not be used; borrowed until the next event; or NULL */
	struct yaml_span at;
};

struct yaml_reader;

/* Read @text, which is borrowed until yaml_reader_free() and must be UTF-8 without a BOM. */
struct yaml_reader *yaml_reader_new(const char *text, size_t len);
void yaml_reader_free(struct yaml_reader *r);
static inline void yaml_reader_freep(struct yaml_reader **r)
{
	yaml_reader_free(*r);
}

/* The next event.  ERR_SPEC on failure: then there is no further event. */
int yaml_next(struct yaml_reader *r, struct yaml_event *ret, struct err *err) _must_check_;

struct yaml_failure {
	struct yaml_pos at;    /* the fault */
	struct yaml_pos since; /* where what holds the fault began; not behind `at` */
	bool in_scalar;        /* what holds it is a scalar (that no event ever delivered) */
};
/* Where yaml_next() failed. */
struct yaml_failure yaml_failed(const struct yaml_reader *r);
