/* Inside section http: the views that were measured, and what they come to. */
#pragma once

#include "probe/bench/http_result.h"
#include "probe/bench/section.h"

/* The same load from one place along one path, a result for each round. */
struct http_view {
	const char *from, *path, *url; /* borrowed */
	struct http_result *rounds;    /* owned */
	size_t n, cap;
	const char *error; /* why it could not be measured: in an arena; NULL: it was.  Raw */
	bool unstable;     /* the rounds did not agree, though they should */
};

struct http_found {
	struct http_view *views; /* owned; the first is the main one */
	size_t n, cap;
	json_t *hops; /* owned; NULL: none */
};

/* Valid until the next one is added. */
struct http_view *http_found_add(
	struct http_found *f, const char *from, const char *path, const char *url);
void http_view_add(struct http_view *v, const struct http_result *r);
void http_found_done(struct http_found *f);

/* Figures of the main view, detail of all, the worst state of any and what it says. */
void http_judge(const struct http_found *f, struct section_result *ret);

/* struct section's print(). */
void http_print(const json_t *section, struct buf *out);
