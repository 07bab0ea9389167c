/* Typed values, first part: numbers, sizes, durations, words, paths, secrets.  See values.h; names
 * and addresses are in values_name.c and values_net.c. */
#include "lib/spec/values.h"

#include <ctype.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/spec/cluster.h"
#include "lib/spec/source.h"
#include "lib/spec/suggest.h"

enum { MAX_QUOTED = 60 };

void value_quote(struct buf *out, const char *s)
{
	size_t len = strlen(s), end = 0;
	uint32_t c;

	for (int i = 0; i < MAX_QUOTED && end < len; i++)
		end += MAX_OF(utf8_decode(s + end, len - end, &c), (size_t)1);
	buf_addc(out, '\'');
	escape_text(out, s, end, false);
	buf_adds(out, end < len ? "…'" : "'");
}

int value_bad(struct err *err, const char *s, const char *fmt, ...)
{
	_cleanup_buf_ struct buf msg = BUF_INIT;
	va_list ap;

	value_quote(&msg, s);
	buf_addc(&msg, ' ');
	va_start(ap, fmt);
	buf_vaddf(&msg, fmt, ap);
	va_end(ap);
	return err_set(err, ERR_SPEC, "%s", buf_str(&msg));
}

void value_show_size(struct buf *out, uint64_t bytes)
{
	static const char units[] = "KMGT";
	double amount = (double)bytes;
	int unit = -1;

	while (amount >= 1024 && unit < 3) {
		amount /= 1024;
		unit++;
	}
	if (amount == (double)(uint64_t)amount)
		buf_addf(out, "%llu", (unsigned long long)amount);
	else
		buf_addf(out, "%.1f", amount);
	if (unit >= 0)
		buf_addc(out, units[unit]);
}

/* Digits at *@s; moves behind them.  False without any, or when they overflow. */
static bool take_number(const char **s, uint64_t *ret)
{
	uint64_t n = 0;
	const char *p = *s;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	*s = p;
	*ret = n;
	return true;
}

int value_int(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	uint64_t max = x->max ? x->max : INT32_MAX, n = 0;
	const char *p = s;

	if (!take_number(&p, &n) || *p) {
		p = s + strspn(s, "-0123456789");
		if (*s && !*p && isdigit((unsigned char)p[-1]))
			return value_bad(err, s, "is out of range: %llu to %llu",
				(unsigned long long)x->min, (unsigned long long)max);
		return value_bad(err, s, "is not a whole number");
	}
	if (s[0] == '0' && s[1])
		return value_bad(err, s, "begins with a zero; write plain decimal digits");
	if (n < x->min || n > max)
		return value_bad(err, s, "is out of range: %llu to %llu",
			(unsigned long long)x->min, (unsigned long long)max);
	*(int *)ret = (int)n;
	return 0;
}

static int size_range(
	const struct value_context *x, const char *s, uint64_t n, bool unit, struct err *err)
{
	_cleanup_buf_ struct buf limit = BUF_INIT;

	if (n < x->min) {
		value_show_size(&limit, x->min);
		return value_bad(err, s, "is too small: at least %s%s", buf_str(&limit),
			unit ? "" : "; is a unit (K, M, G) missing?");
	}
	if (x->max && n > x->max) {
		value_show_size(&limit, x->max);
		return value_bad(err, s, "is too large: at most %s", buf_str(&limit));
	}
	return 0;
}

int value_size(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	static const char units[] = "kmgt";
	const char *p = s, *unit = NULL;
	uint64_t n = 0;
	bool fits;
	int r;

	fits = take_number(&p, &n);
	if (!fits && !isdigit((unsigned char)*p))
		return value_bad(err, s, "is not a size; write bytes as in 50M, 512K or 2G");
	p += strspn(p, "0123456789");
	if (*p) {
		unit = strchr(units, tolower((unsigned char)*p));
		p += unit ? 1 : 0;
	}
	if (unit && *p == 'i')
		p++;
	if (*p == 'B' || *p == 'b')
		p++;
	if (*p)
		return value_bad(err, s, "is not a size; write bytes as in 50M, 512K or 2G");
	for (int i = unit ? (int)(unit - units) + 1 : 0; i > 0 && fits; i--)
		fits = !__builtin_mul_overflow(n, 1024, &n);
	r = size_range(x, s, fits ? n : UINT64_MAX, unit != NULL, err);
	if (r < 0)
		return r;
	if (!fits)
		return value_bad(err, s, "is too large");
	*(uint64_t *)ret = n;
	return 0;
}

/* The unit at *@s in microseconds, or 0; moves behind it. */
static usec_t take_unit(const char **s)
{
	static const struct {
		const char *text;
		usec_t usec;
	} units[] = {{"ms", USEC_PER_MSEC}, {"s", USEC_PER_SEC}, {"m", 60 * USEC_PER_SEC},
		{"h", 3600 * USEC_PER_SEC}, {"d", 86400 * USEC_PER_SEC}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i].text);

		if (strncmp(*s, units[i].text, n) || isalpha((unsigned char)(*s)[n]))
			continue;
		*s += n;
		return units[i].usec;
	}
	return 0;
}

static void show_duration(struct buf *out, usec_t t)
{
	if (t % USEC_PER_SEC)
		buf_addf(out, "%llums", (unsigned long long)(t / USEC_PER_MSEC));
	else if (t % (3600 * USEC_PER_SEC))
		buf_addf(out, "%llus", (unsigned long long)(t / USEC_PER_SEC));
	else
		buf_addf(out, "%lluh", (unsigned long long)(t / (3600 * USEC_PER_SEC)));
}

static int duration_range(const struct value_context *x, const char *s, usec_t t, struct err *err)
{
	_cleanup_buf_ struct buf limits = BUF_INIT;

	if (t >= x->min && (!x->max || t <= x->max))
		return 0;
	show_duration(&limits, x->min);
	if (x->max) {
		buf_adds(&limits, " to ");
		show_duration(&limits, x->max);
	}
	return value_bad(err, s, "is out of range: %s", buf_str(&limits));
}

int value_duration(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	usec_t total = 0, smallest = UINT64_MAX;
	const char *p = s;
	int r;

	do {
		uint64_t n = 0;
		usec_t unit;

		if (!take_number(&p, &n))
			return value_bad(
				err, s, "is not a duration; write it as in 60s, 5m30s or 500ms");
		if (!*p && p != s && total == 0)
			return value_bad(
				err, s, "needs a unit, as in %llus", (unsigned long long)n);
		unit = take_unit(&p);
		if (!unit || unit >= smallest)
			return value_bad(
				err, s, "is not a duration; write it as in 60s, 5m30s or 500ms");
		smallest = unit;
		if (__builtin_mul_overflow(n, unit, &unit) ||
			__builtin_add_overflow(total, unit, &total))
			total = UINT64_MAX;
	} while (*p);
	r = duration_range(x, s, total, err);
	if (r < 0)
		return r;
	*(usec_t *)ret = total;
	return 0;
}

/* "1.5" or "100m" in thousandths; false when it is neither, or too fine. */
static bool take_cpus(const char *s, uint64_t *ret)
{
	static const unsigned scale[] = {1000, 100, 10, 1};
	uint64_t whole = 0, part = 0;
	const char *begin;

	if (!take_number(&s, &whole) || whole > 1000000)
		return false;
	*ret = whole;
	if (!strcmp(s, "m"))
		return true;
	if (*s == '.') {
		begin = ++s;
		if (!take_number(&s, &part) || s - begin > 3)
			return false;
		part *= scale[s - begin];
	}
	*ret = whole * 1000 + part;
	return !*s;
}

int value_cpus(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	uint64_t milli = 0;

	if (!take_cpus(s, &milli))
		return value_bad(err, s, "is not a share of CPUs; write it as in 0.5, 2 or 250m");
	if (milli < x->min || (x->max && milli > x->max))
		return value_bad(err, s, "is out of range: %g to %g CPUs", (double)x->min / 1000,
			(double)x->max / 1000);
	*(double *)ret = (double)milli / 1000;
	return 0;
}

/* At most 15 digits before the point and 18 behind it: no double is out of reach of that. */
static bool is_amount(const char *s)
{
	size_t whole = strspn(s, "0123456789"), part;

	if (!whole || whole > 15)
		return false;
	if (s[whole] != '.')
		return !s[whole];
	part = strspn(s + whole + 1, "0123456789");
	return part && part <= 18 && !s[whole + 1 + part];
}

int value_amount(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	double amount;

	if (!is_amount(s))
		return value_bad(err, s, "is not an amount; write it as in 12 or 0.25");
	amount = strtod(s, NULL);
	if (amount < (double)x->min || (x->max && amount > (double)x->max))
		return value_bad(err, s, "is out of range: %llu to %llu",
			(unsigned long long)x->min, (unsigned long long)x->max);
	*(double *)ret = amount;
	return 0;
}

int value_bool(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	if (strcmp(s, "true") && strcmp(s, "false"))
		return value_bad(err, s, "is neither true nor false");
	*(bool *)ret = *s == 't';
	return 0;
}

int value_word(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	_cleanup_buf_ struct buf known = BUF_INIT;
	const char *texts[16], *near;

	for (size_t i = 0; i < x->n_words && i < ARRAY_SIZE(texts); i++) {
		texts[i] = x->words[i].text;
		buf_addf(&known, "%s%s", i ? ", " : "", texts[i]);
		if (!strcmp(s, texts[i])) {
			*(int *)ret = x->words[i].value;
			return 0;
		}
	}
	near = suggest(s, texts, MIN_OF(x->n_words, ARRAY_SIZE(texts)));
	if (near)
		return value_bad(err, s, "is not known; did you mean '%s'?", near);
	return value_bad(err, s, "is not known; it is one of: %s", buf_str(&known));
}

int value_text(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	*(const char **)ret = arena_strdup(x->arena, s);
	return 0;
}

int value_path(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (!strcmp(s, "-"))
		return value_bad(err, s, "is not a file");
	path_resolve(&path, s, x->base);
	*(const char **)ret = arena_strdup(x->arena, buf_str(&path));
	return 0;
}

static bool is_variable(const char *s)
{
	if (isdigit((unsigned char)*s))
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return !*s;
}

/* The value never appears in a message: it may be the secret itself. */
int value_secret(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	static const char forms[] = "write env:NAME, file:PATH or cmd:COMMAND";
	struct secret_ref ref = {0};
	size_t n = strcspn(s, ":");
	const char *rest = s[n] ? s + n + 1 : "";
	int r;

	if (!s[n])
		n = 0;
	if (n == 3 && !strncmp(s, "env", 3))
		ref.from = SECRET_ENV;
	else if (n == 4 && !strncmp(s, "file", 4))
		ref.from = SECRET_FILE;
	else if (n == 3 && !strncmp(s, "cmd", 3))
		ref.from = SECRET_CMD;
	else
		return err_set(
			err, ERR_SPEC, "a secret is given by reference, never as it is; %s", forms);
	rest += strspn(rest, " ");
	if (!*rest)
		return err_set(err, ERR_SPEC, "nothing follows the ':'; %s", forms);
	if (ref.from == SECRET_ENV && !is_variable(rest))
		return err_set(err, ERR_SPEC, "what follows 'env:' is not a variable's name");
	ref.value = rest;
	if (ref.from == SECRET_FILE) {
		r = value_path(x, rest, &ref.value, NULL);
		if (r < 0)
			return err_set(err, r, "what follows 'file:' is not a file");
	} else {
		ref.value = arena_strdup(x->arena, rest);
	}
	*(struct secret_ref *)ret = ref;
	return 0;
}
