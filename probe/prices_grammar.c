/* The grammar of a file of prices, as a table for the parser that reads specs: see prices.h. */
#include "probe/prices_grammar.h"

#include <ctype.h>

#include "probe/prices.h"

#define AT(s, m)    .at = offsetof(struct s, m)
#define COUNT(s, m) .count_at = offsetof(struct s, m)
#define SECTION_OF(f)                                    \
	{                                                \
		.fields = (f), .n_fields = ARRAY_SIZE(f) \
	}

/* ---- types ---- */

int value_currency(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	if (strlen(s) != 3 || strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		return value_bad(
			err, s, "is not a currency; write its three letters: NOK, EUR, USD");
	*(const char **)ret = arena_strdup(x->arena, s);
	return 0;
}

/* Two digits at @s that make a number from 1 to @max. */
static bool two_digits(const char *s, int max)
{
	int n;

	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return false;
	n = (s[0] - '0') * 10 + (s[1] - '0');
	return n >= 1 && n <= max;
}

static bool is_day(const char *s)
{
	size_t len = strlen(s);

	if (strspn(s, "0123456789") < 4 || s[0] == '0')
		return false;
	if (len == 4)
		return true;
	if (s[4] != '-' || !two_digits(s + 5, 12))
		return false;
	return len == 7 || (len == 10 && s[7] == '-' && two_digits(s + 8, 31));
}

int value_day(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	if (!is_day(s))
		return value_bad(err, s, "is not a date; write it as in 2026-03-08 or 2026-03");
	*(const char **)ret = arena_strdup(x->arena, s);
	return 0;
}

static const struct type t_name = {.name = "a name", .parse = value_label};
static const struct type t_text = {.name = "text", .parse = value_text};
static const struct type t_bool = {.name = "true or false", .parse = value_bool};
static const struct type t_int = {.name = "a number", .parse = value_int};
static const struct type t_word = {.name = "a word", .parse = value_word};
static const struct type t_amount = {.name = "an amount", .parse = value_amount};
static const struct type t_currency = {.name = "a currency", .parse = value_currency};
static const struct type t_day = {.name = "a date", .parse = value_day};

/* ---- a provider ---- */

static const struct word meters[] = {
	{"requests", METER_REQUESTS},
	{"gb_seconds", METER_GB_SECONDS},
	{"front", METER_FRONT},
	{"egress_gb", METER_EGRESS},
};

const char *meter_name(enum meter m)
{
	return meters[m].text;
}

static const struct field row_fields[] = {
	{.key = "meter",
		.type = &t_word,
		.words = meters,
		.n_words = ARRAY_SIZE(meters),
		AT(price_row, meter),
		.required = true},
	{.key = "above", .type = &t_amount, AT(price_row, above), .dflt = "0"},
	{.key = "price", .type = &t_amount, AT(price_row, price), .max = 1000000, .required = true},
	{.key = "per",
		.type = &t_amount,
		AT(price_row, per),
		.min = 1,
		.max = 1000000000000,
		.dflt = "1"},
	{.key = "free", .type = &t_amount, AT(price_row, free), .dflt = "0"},
	{.key = "date", .type = &t_day, AT(price_row, date), .required = true},
	{.key = "source", .type = &t_text, AT(price_row, source), .required = true},
};
static const struct section row_section = SECTION_OF(row_fields);

static const struct field duration_fields[] = {
	{.key = "step_ms",
		.type = &t_amount,
		AT(price_provider, step_ms),
		.min = 1,
		.max = 3600000,
		.dflt = "1"},
	{.key = "min_ms",
		.type = &t_amount,
		AT(price_provider, min_ms),
		.max = 3600000,
		.dflt = "0"},
	{.key = "max_ms", .type = &t_amount, AT(price_provider, max_ms), .dflt = "0"},
};
static const struct section duration_section = SECTION_OF(duration_fields);

static const struct field memory_fields[] = {
	{.key = "step_mb",
		.type = &t_amount,
		AT(price_provider, step_mb),
		.min = 1,
		.max = 1048576,
		.dflt = "1"},
	{.key = "min_mb",
		.type = &t_amount,
		AT(price_provider, min_mb),
		.max = 1048576,
		.dflt = "0"},
	{.key = "max_mb", .type = &t_amount, AT(price_provider, max_mb), .dflt = "0"},
};
static const struct section memory_section = SECTION_OF(memory_fields);

static const struct field front_fields[] = {
	{.key = "title", .type = &t_text, AT(price_provider, front), .required = true},
	{.key = "step_kb", .type = &t_amount, AT(price_provider, front_step_kb), .dflt = "0"},
};
static const struct section front_section = SECTION_OF(front_fields);

/* The sections have no struct of their own: their members are the provider's. */
static const struct field provider_fields[] = {
	{.key = "name", .type = &t_name, AT(price_provider, name), .max = 32, .required = true},
	{.key = "title", .type = &t_text, AT(price_provider, title), .required = true},
	{.key = "region", .type = &t_text, AT(price_provider, region)},
	{.key = "currency", .type = &t_currency, AT(price_provider, currency), .required = true},
	{.key = "duration", .shape = SHAPE_SECTION, .section = &duration_section},
	{.key = "memory", .shape = SHAPE_SECTION, .section = &memory_section},
	{.key = "front", .shape = SHAPE_SECTION, .section = &front_section},
	{.key = "prices",
		.shape = SHAPE_SECTIONS,
		.section = &row_section,
		AT(price_provider, rows),
		COUNT(price_provider, n_rows),
		.size = sizeof(struct price_row),
		.line_at = offsetof(struct price_row, line),
		.most = 64,
		.required = true},
};
static const struct section provider_section = SECTION_OF(provider_fields);

/* ---- the rest ---- */

static const struct field servers_fields[] = {
	{.key = "count",
		.type = &t_int,
		AT(prices, servers.count),
		.min = 1,
		.max = 1000000,
		.dflt = "3"},
	{.key = "price",
		.type = &t_amount,
		AT(prices, servers.price),
		.max = 1000000000,
		.required = true},
	{.key = "currency", .type = &t_currency, AT(prices, servers.currency), .required = true},
	{.key = "date", .type = &t_day, AT(prices, servers.date), .required = true},
	{.key = "source", .type = &t_text, AT(prices, servers.source), .required = true},
	{.key = "example", .type = &t_bool, AT(prices, servers.example), .dflt = "false"},
};
static const struct section servers_section = SECTION_OF(servers_fields);

static const struct field rate_fields[] = {
	{.key = "of", .type = &t_currency, AT(price_rate, of), .required = true},
	{.key = "in", .type = &t_currency, AT(price_rate, in), .required = true},
	{.key = "rate",
		.type = &t_amount,
		AT(price_rate, rate),
		.max = 1000000000,
		.required = true},
	{.key = "date", .type = &t_day, AT(price_rate, date), .required = true},
	{.key = "source", .type = &t_text, AT(price_rate, source), .required = true},
};
static const struct section rate_section = SECTION_OF(rate_fields);

static const struct field root_fields[] = {
	{.key = "providers",
		.shape = SHAPE_SECTIONS,
		.section = &provider_section,
		AT(prices, providers),
		COUNT(prices, n_providers),
		.size = sizeof(struct price_provider),
		.line_at = offsetof(struct price_provider, line),
		.most = 16,
		.required = true},
	{.key = "servers", .shape = SHAPE_SECTION, .section = &servers_section},
	{.key = "rates",
		.shape = SHAPE_SECTIONS,
		.section = &rate_section,
		AT(prices, rates),
		COUNT(prices, n_rates),
		.size = sizeof(struct price_rate),
		.line_at = offsetof(struct price_rate, line),
		.most = 64},
};
const struct section prices_root = SECTION_OF(root_fields);
