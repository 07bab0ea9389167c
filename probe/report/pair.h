/* Inside probe/report: rows of two values, one bar below the other on one scale. */
#pragma once

#include "probe/report/page.h"

/* @caption, @before and @after are ours. */
void pairs_open(struct buf *out, const char *caption, const char *before, const char *after);
/* The row's head, bars and values; the caller adds the cells of ratio and verdict, and closes. */
void pairs_row(struct buf *out, const char *head, const char *what, double before, double after,
	const char *unit);
