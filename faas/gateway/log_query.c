/* What GET /system/logs is asked for: see log_query.h. */
#include "faas/gateway/log_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "faas/common/docker.h"
#include "faas/common/env.h"
#include "faas/common/query.h"

static const int64_t NANO = 1000000000;

/* @n digits at *@p as a number within @min..@max. */
static bool digits(const char **p, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return v >= min && v <= max;
}

static bool expect(const char **p, const char *any)
{
	if (!**p || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

static bool fraction(const char **p, int64_t *ret_ns)
{
	int64_t scale = NANO / 10;

	*ret_ns = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
		*ret_ns += (**p - '0') * scale;
	return true;
}

/* "Z" or "+hh:mm", in seconds.  A '+' that nobody encoded has become a blank. */
static bool zone(const char **p, int *ret)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	*ret = 0;
	if (expect(p, "Zz"))
		return true;
	if (!expect(p, "+- ") || !digits(p, 2, 0, 23, &hours) || !expect(p, ":") ||
		!digits(p, 2, 0, 59, &minutes))
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool rfc3339_parse(const char *text, int64_t *ret_ns)
{
	struct tm tm = {0};
	int64_t ns;
	int offset;

	if (!digits(&text, 4, 1970, 2200, &tm.tm_year) || !expect(&text, "-") ||
		!digits(&text, 2, 1, 12, &tm.tm_mon) || !expect(&text, "-") ||
		!digits(&text, 2, 1, 31, &tm.tm_mday) || !expect(&text, "Tt") ||
		!digits(&text, 2, 0, 23, &tm.tm_hour) || !expect(&text, ":") ||
		!digits(&text, 2, 0, 59, &tm.tm_min) || !expect(&text, ":") ||
		!digits(&text, 2, 0, 60, &tm.tm_sec) || !fraction(&text, &ns) ||
		!zone(&text, &offset) || *text)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_ns = ((int64_t)timegm(&tm) - offset) * NANO + ns;
	return true;
}

static bool read_since(const char *text, int64_t now_ns, int64_t *ret)
{
	long ms;

	if (rfc3339_parse(text, ret))
		return true;
	if (!duration_parse(text, &ms) || ms < 0)
		return false;
	*ret = MAX_OF(now_ns - (int64_t)ms * 1000000, (int64_t)0);
	return true;
}

static bool read_tail(const char *text, long *ret)
{
	char *end;
	long n = strtol(text, &end, 10);

	*ret = n;
	return end != text && !*end && n >= -1 && n <= 1000000;
}

static bool is_task_id(const char *text)
{
	return strlen(text) <= 64 && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789")];
}

/* As Go's ParseBool; what it would refuse is false, as upstream has it. */
static bool is_true(const char *text)
{
	return !strcmp(text, "1") || !strcasecmp(text, "t") || !strcasecmp(text, "true");
}

static int read_members(const char *query, int64_t now_ns, struct log_query *q, struct err *err)
{
	_cleanup_buf_ struct buf follow = BUF_INIT, tail = BUF_INIT, since = BUF_INIT,
				 instance = BUF_INIT;

	q->follow = query_get(query, "follow", &follow) && is_true(buf_str(&follow));
	if (query_get(query, "tail", &tail) && tail.len && !read_tail(tail.data, &q->tail))
		return err_set(err, -EINVAL, "tail: not a number of lines");
	q->has_since = query_get(query, "since", &since) && since.len;
	if (q->has_since && !read_since(since.data, now_ns, &q->since))
		return err_set(err, -EINVAL,
			"since: neither a time as 2026-01-02T03:04:05Z nor a duration");
	if (query_get(query, "instance", &instance)) {
		if (!is_task_id(buf_str(&instance)))
			return err_set(err, -EINVAL, "instance: not the id of a task");
		snprintf(q->instance, sizeof(q->instance), "%s", buf_str(&instance));
	}
	return 0;
}

int log_query_parse(const char *query, int64_t now_ns, struct log_query *ret, struct err *err)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct log_query q = {.tail = -1};
	int r;

	if (!query_get(query, "name", &name) || !name.len)
		return err_set(err, -EINVAL, "name is missing");
	if (!name_split(name.data, name.len, q.name))
		return err_set(err, -ENOENT, "no such function");
	r = read_members(query, now_ns, &q, err);
	if (r == 0)
		*ret = q;
	return r;
}

void log_query_path(const struct log_query *q, const char *id, struct buf *out)
{
	buf_adds(out, "/services/");
	docker_escape(out, id);
	buf_addf(out, "/logs?stdout=1&stderr=1&timestamps=1&details=1&follow=%d", q->follow);
	if (q->tail >= 0)
		buf_addf(out, "&tail=%ld", q->tail);
	else
		buf_adds(out, "&tail=all");
	if (q->has_since)
		buf_addf(out, "&since=%lld.%09lld", (long long)(q->since / NANO),
			(long long)(q->since % NANO));
}
