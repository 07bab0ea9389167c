/*
 * Diagnostics: every mistake of a spec, gathered with its place, shown together in the order of
 * the file as
 *
 *	cluster.yaml:12:5: nodes[1].private: '10.0.0.300' is not an IP address
 *	   12 |     private: 10.0.0.300
 *	      |              ^~~~~~~~~~
 *
 * Source lines are shown without what may be a secret: spans given to diag_mask(), and whatever
 * follows a key that looks like one.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/spec/source.h"

enum { DIAG_MAX_SHOWN = 50 };

struct diag_item {
	struct yaml_span at;
	const char *text; /* "where: what" */
	size_t order;
};

struct diag {
	const struct source *source; /* borrowed */
	struct arena arena;          /* owns the rest */
	struct diag_item *items;
	size_t n_items, cap_items;
	size_t total; /* also those too many to keep */
	struct yaml_span *masks;
	size_t n_masks, cap_masks;
};

#define DIAG_INIT(src) ((struct diag){.source = (src)})

/* Note a mistake at @at; @where is the path of the value ("nodes[1].private") or "". */
void diag_add(struct diag *d, struct yaml_span at, const char *where, const char *fmt, ...)
	_printf_(4, 5);
/* Never show this part of the text. */
void diag_mask(struct diag *d, struct yaml_span at);
/* 0 when nothing was noted; else ERR_SPEC with all of it. */
int diag_result(struct diag *d, struct err *err) _must_check_;
void diag_done(struct diag *d);

/* Does a key of this name hold a secret ("password", "api_token" …)? */
bool diag_secret_name(const char *s, size_t len);
