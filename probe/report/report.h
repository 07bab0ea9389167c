/*
 * The report: one HTML page about a run of `svarm bench`, self-contained, without scripts that it
 * needs, without network.  Made from the JSON document alone, which may be old, partial or hostile:
 * what is missing is left out, every text is escaped.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/ext/json.h"

/* Append the page.  @earlier: another document to set it beside; may be NULL. */
void report_html(const json_t *doc, const json_t *earlier, struct buf *out);
