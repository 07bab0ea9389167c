/* Settings and secrets of the container programs: see env.h. */
#include "faas/common/env.h"

#include <limits.h>

#include "lib/base/xalloc.h"

enum { SECRET_MAX = 4096 };

const char *env_str(const char *name, const char *def)
{
	const char *v = getenv(name);

	return v && *v ? v : def;
}

int env_num(const char *name, long def, long min, long max, long *ret, struct err *err)
{
	const char *v = env_str(name, NULL);
	char *end;
	long n;

	if (!v) {
		*ret = def;
		return 0;
	}
	errno = 0;
	n = strtol(v, &end, 10);
	if (errno || end == v || *end || n < min || n > max)
		return err_set(err, -EINVAL, "%s: '%s' is not a number from %ld to %ld", name, v,
			min, max);
	*ret = n;
	return 0;
}

/* Milliseconds in @unit of @len bytes ("": a second); 0: no such unit. */
static long unit_ms(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		long ms;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, unit, len))
			return units[i].ms;
	return 0;
}

bool duration_parse(const char *text, long *ret_ms)
{
	long total = 0;

	if (!*text)
		return false;
	while (*text) {
		size_t unit;
		long n, ms;
		char *end;

		if (*text < '0' || *text > '9')
			return false;
		errno = 0;
		n = strtol(text, &end, 10);
		unit = strspn(end, "hms");
		ms = unit_ms(end, unit);
		if (errno || !ms || __builtin_mul_overflow(n, ms, &n) ||
			__builtin_add_overflow(total, n, &total) || total > INT_MAX)
			return false;
		text = end + unit;
	}
	*ret_ms = total;
	return true;
}

int env_ms(const char *name, long def, long *ret, struct err *err)
{
	const char *v = env_str(name, NULL);

	*ret = def;
	if (!v || duration_parse(v, ret))
		return 0;
	return err_set(err, -EINVAL, "%s: '%s' is not a duration such as 250ms, 5s, 2m", name, v);
}

int env_load(const struct env_setting *settings, size_t n, struct err *err)
{
	int r = 0;

	for (const struct env_setting *s = settings; s < settings + n && r == 0; s++)
		r = s->duration ? env_ms(s->name, s->def, s->ret, err)
				: env_num(s->name, s->def, s->min, s->max, s->ret, err);
	return r;
}

int secret_read(const char *name, struct buf *ret, struct err *err)
{
	const char *dir = env_str("SVARM_SECRETS", "/run/secrets");
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	int r = buf_read_file(ret, path, SECRET_MAX, err);

	if (r < 0)
		return err_wrap(err, "secret '%s'", name);
	buf_rtrim(ret);
	while (ret->len && strchr(" \t\r\n", ret->data[0]))
		buf_consume(ret, 1);
	if (!ret->len)
		return err_set(err, -EINVAL, "secret '%s' is empty", name);
	return 0;
}
