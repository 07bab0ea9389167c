/* Numbers on a command line: see numbers.h. */
#include "probe/tool/numbers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/macro.h"

enum { SECONDS_OF_A_DAY = 86400 };

bool parse_between(const char *s, double least, double most, double *ret)
{
	char *end;
	double value = strtod(s, &end);

	if (end == s || *end || !(value >= least && value <= most))
		return false;
	*ret = value;
	return true;
}

bool parse_number(const char *s, double most, double *ret)
{
	return parse_between(s, 0, most, ret);
}

bool parse_whole(const char *s, double most, double *ret)
{
	return parse_number(s, most, ret) && *ret == (double)(uint64_t)*ret;
}

bool parse_unsigned(const char *s, unsigned least, unsigned most, unsigned *ret)
{
	double value;

	if (!parse_whole(s, most, &value) || value < least)
		return false;
	*ret = (unsigned)value;
	return true;
}

bool parse_time(const char *s, double *ret_seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"ms", 1e-3}, {"s", 1}, {"m", 60}};
	char *end;
	double value = strtod(s, &end);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		value *= units[i].seconds;
		if (end == s || !(value >= 0 && value <= SECONDS_OF_A_DAY))
			return false;
		*ret_seconds = value;
		return true;
	}
	return false;
}
