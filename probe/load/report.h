/* What a load run found, for programs and for people. */
#pragma once

#include "lib/base/buf.h"
#include "probe/load/load.h"

/*
 * Append one JSON object and a newline: a run of section http in the document of `svarm bench`, as
 * far as the run itself knows it.
 */
void load_report_json(const char *url, const struct load_options *o, const struct load_result *r,
	struct buf *out);
/* Append {"progress": {…}} and a newline. */
void load_report_progress(const struct load_progress *p, struct buf *out);
/* Append the object of one second, without a newline. */
void load_report_point(const struct load_point *p, struct buf *out);
/* Append a few lines of text. */
void load_report_text(const char *url, const struct load_options *o, const struct load_result *r,
	struct buf *out);
