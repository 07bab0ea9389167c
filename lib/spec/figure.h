/*
 * The figures that `svarm bench` measures: the words a threshold may use ("http.p99 > 50ms"), with
 * the unit each is given in.  They stand here, below the benchmarks themselves, so that a wrong
 * name in a spec is found when it is read, not when everything has been measured.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct figure_name {
	const char *section, *name;
	const char *unit; /* "ms", "us", "%", "1/s", "Mbit/s", "ratio", "count" */
	const char *what;
};

/* By section, in the order sections run; "compare" last, which is no section. */
extern const struct figure_name figure_names[];
extern const size_t n_figure_names;

/* Figure @name of @section, neither of which needs a NUL at its end; NULL when there is none. */
const struct figure_name *figure_find(
	const char *section, size_t section_len, const char *name, size_t name_len);
/* Is there a figure of that section? */
bool figure_section(const char *section, size_t len);
