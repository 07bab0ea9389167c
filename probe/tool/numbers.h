/* Inside probe/tool: numbers on a command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* @least to @most, both finite, and nothing behind it. */
static inline bool parse_between(const char *s, double least, double most, double *ret)
{
	char *end;
	double value = strtod(s, &end);

	if (end == s || *end || !(value >= least && value <= most))
		return false;
	*ret = value;
	return true;
}

static inline bool parse_number(const char *s, double most, double *ret)
{
	return parse_between(s, 0, most, ret);
}

static inline bool parse_whole(const char *s, double most, double *ret)
{
	return parse_number(s, most, ret) && *ret == (double)(uint64_t)*ret;
}
