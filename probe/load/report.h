/* What a load run found, for programs and for people. */
#pragma once

#include "lib/base/buf.h"
#include "probe/load/load.h"

/* Append one JSON object and a newline. */
void load_report_json(const char *url, const struct load_options *o, const struct load_result *r,
	struct buf *out);
/* Append a few lines of text. */
void load_report_text(const char *url, const struct load_options *o, const struct load_result *r,
	struct buf *out);
