/* Where the time of a first call went: see cold_split.h. */
#include "probe/bench/cold_split.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Differences between clocks that were not noticed, and rounding. */
#define SLACK 0.02

static double between(double from, double to)
{
	return (to > from ? to - from : 0) * 1000;
}

/* Times that come one after the other, within the call; those that do are set right to the
 * microsecond. */
static bool in_order(double *times, size_t n, double begin, double end)
{
	double least = begin;

	for (size_t i = 0; i < n; i++) {
		if (times[i] < least - SLACK || times[i] > end + SLACK)
			return false;
		times[i] = fmin(fmax(times[i], least), end);
		least = times[i];
	}
	return true;
}

/* Both ends of the call are known; what is between? */
static void split(const struct cold_times *t, struct cold_parts *ret)
{
	double begin = t->begin, end = t->begin + t->seconds;
	double times[] = {t->created - t->ahead, t->made - t->ahead, t->started - t->ahead};
	bool no_made = !isfinite(times[1]);

	if (no_made)
		times[1] = times[0];
	if (!in_order(times, 3, begin, end)) {
		ret->awake = times[2] < begin - SLACK;
		ret->missing = ret->awake ? "it was awake already"
					  : "the times that Docker notes are out of order";
		return;
	}
	ret->schedule = between(begin, times[0]);
	if (no_made) {
		ret->missing = "Docker told of no event for the container";
	} else {
		ret->create = between(times[0], times[1]);
		ret->start = between(times[1], times[2]);
	}
	ret->answer = fmin(ret->answer, between(times[2], end));
	ret->ready = between(times[2], end) - ret->answer;
}

void cold_split(const struct cold_times *t, struct cold_parts *ret)
{
	*ret = (struct cold_parts){.total = NAN,
		.schedule = NAN,
		.create = NAN,
		.start = NAN,
		.ready = NAN,
		.answer = t->warm * 1000};
	if (!isfinite(t->begin) || !isfinite(t->seconds) || t->seconds < 0) {
		ret->missing = "the call was not timed";
		return;
	}
	ret->total = t->seconds * 1000;
	if (!isfinite(t->created) || !isfinite(t->started) || !isfinite(t->ahead))
		ret->missing = "the container that answered was not found";
	else if (!isfinite(t->warm))
		ret->missing = "it did not answer once it was awake";
	else
		split(t, ret);
}

json_t *cold_parts_json(const struct cold_parts *p)
{
	const struct {
		const char *key;
		double value;
	} parts[] = {{"total", p->total}, {"schedule", p->schedule}, {"create", p->create},
		{"start", p->start}, {"ready", p->ready}, {"answer", p->answer}};
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (isfinite(parts[i].value))
			json_object_set_new(o, parts[i].key, json_real(parts[i].value));
	return o;
}

/* ---- Docker's own words ---- */

/* ".123456789" in seconds, and how many characters it takes. */
static double fraction(const char *s, int *ret_len)
{
	double value = 0, unit = 0.1;
	int len = 0;

	if (s[len] == '.')
		for (len = 1; s[len] >= '0' && s[len] <= '9' && len < 20; len++, unit /= 10)
			value += (s[len] - '0') * unit;
	*ret_len = len;
	return value;
}

double cold_time(const char *text)
{
	struct tm tm = {0};
	int len = 0, hours = 0, minutes = 0, all = 0;
	double parts;

	if (!text ||
		sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			&tm.tm_hour, &tm.tm_min, &tm.tm_sec, &len) != 6 ||
		!len)
		return NAN;
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12)
		return NAN;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	text += len;
	parts = fraction(text, &len);
	text += len;
	if (!strcmp(text, "Z"))
		return (double)timegm(&tm) + parts;
	if ((*text != '+' && *text != '-') ||
		sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &all) != 2 ||
		(size_t)all != strlen(text + 1))
		return NAN;
	hours = hours * 60 + minutes;
	return (double)timegm(&tm) + parts - (*text == '-' ? -1 : 1) * hours * 60.0;
}

static double event_time(const char *line, size_t len, const char *id)
{
	_cleanup_json_ json_t *event = NULL;
	const char *action, *of;

	if (json_parse(line, len, 64 * 1024, &event, NULL) < 0)
		return NAN;
	action = json_str(event, "Action");
	of = json_str(json_obj(event, "Actor"), "ID");
	if (!action || !of || strcmp(action, "create") || strcmp(of, id))
		return NAN;
	return (double)json_int(event, "timeNano", 0) / 1e9;
}

double cold_event_created(const char *text, const char *id)
{
	double found = NAN;

	while (*text && !(found > 0)) {
		size_t len = strcspn(text, "\n");

		found = event_time(text, len, id);
		text += len + (text[len] == '\n');
	}
	return found > 0 ? found : NAN;
}

void cold_container(const json_t *inspected, struct cold_times *ret)
{
	ret->created = cold_time(json_str(inspected, "Created"));
	ret->started = cold_time(json_str(json_obj(inspected, "State"), "StartedAt"));
}
