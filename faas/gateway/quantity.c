/* Amounts of memory and CPU: see quantity.h. */
#include "faas/gateway/quantity.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/macro.h"

static const int64_t NANO = 1000000000;

/* Digits at *@text as a number of at most 2^60; *@text then points behind them. */
static bool digits(const char **text, int64_t *ret)
{
	const char *p = *text;
	int64_t n = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return false;
	if (n > (int64_t)1 << 60)
		return false;
	*text = p;
	*ret = n;
	return true;
}

bool quantity_memory(const char *text, int64_t *ret)
{
	static const struct {
		const char *unit;
		int64_t factor;
	} units[] = {{"", 1}, {"b", 1}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000},
		{"T", 1000000000000}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30},
		{"t", (int64_t)1 << 40}, {"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30},
		{"Ti", (int64_t)1 << 40}};
	int64_t n;

	if (!digits(&text, &n) || n == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].unit, text))
			return !__builtin_mul_overflow(n, units[i].factor, ret) &&
			       *ret <= (int64_t)1 << 60;
	return false;
}

bool quantity_cpu(const char *text, int64_t *ret)
{
	int64_t whole, part = 0, scale = NANO;

	if (!digits(&text, &whole) || whole > 1000000)
		return false;
	if (!strcmp(text, "m")) {
		*ret = whole * (NANO / 1000);
		return whole > 0;
	}
	if (*text == '.') {
		if (!text[1])
			return false;
		for (text++; *text >= '0' && *text <= '9' && scale > 1; text++) {
			scale /= 10;
			part += (*text - '0') * scale;
		}
	}
	*ret = whole * NANO + part;
	return !*text && *ret > 0 && *ret <= 1000 * NANO;
}
