/* Inside probe/tool: numbers on a command line. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Exit codes of tools: see tool.h. */
enum { TOOL_BAD = 1, TOOL_USAGE = 2, TOOL_FAULT = 3 };

/* 0 to @most, and nothing behind it. */
static inline bool parse_number(const char *s, double most, double *ret)
{
	char *end;
	double value = strtod(s, &end);

	if (end == s || *end || !isfinite(value) || value < 0 || value > most)
		return false;
	*ret = value;
	return true;
}

static inline bool parse_whole(const char *s, double most, double *ret)
{
	return parse_number(s, most, ret) && *ret == (double)(uint64_t)*ret;
}
