/* Inside probe/report: the sections a report knows, in its order. */
#pragma once

#include "probe/report/page.h"

struct report_section {
	const char *name; /* in the document, and the id on the page */
	const char *title, *what;
	void (*write)(const struct part *p); /* its detail is there */
};
extern const struct report_section report_known[];
extern const size_t n_report_known;
