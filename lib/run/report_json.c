/*
 * Events as JSON lines, for programs that follow a run.  Every line has the same members, null
 * where they say nothing, so that a reader needs no cases.
 */
#include "lib/run/report.h"

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

struct json {
	struct reporter reporter;
	FILE *f; /* borrowed */
	char *run_id;
};

struct words {
	const char *event, *state;
};

static struct words words_of(const struct event *e)
{
	switch (e->kind) {
	case EVENT_RUN_STARTED: return (struct words){"run", "started"};
	case EVENT_NODE_STATE: return (struct words){"node", "doing"};
	case EVENT_NODE_PLANNED: return (struct words){"node", "planned"};
	case EVENT_STEP_STARTED: return (struct words){"step", "started"};
	case EVENT_STEP_DONE: return (struct words){"step", "done"};
	case EVENT_STEP_FAILED: return (struct words){"step", "failed"};
	case EVENT_NODE_DONE: return (struct words){"node", e->error ? "failed" : "done"};
	case EVENT_PROGRESS: return (struct words){"progress", "doing"};
	case EVENT_NOTICE: return (struct words){"notice", "noted"};
	case EVENT_RUN_FINISHED: return (struct words){"run", e->error ? "failed" : "done"};
	}
	return (struct words){"unknown", "unknown"};
}

static bool has_seconds(enum event_kind kind)
{
	return kind == EVENT_STEP_DONE || kind == EVENT_STEP_FAILED || kind == EVENT_NODE_DONE ||
	       kind == EVENT_RUN_FINISHED;
}

static void add_string(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, ",\"%s\":", key);
	if (value)
		quote_json(out, value);
	else
		buf_adds(out, "null");
}

static void add_count(struct buf *out, const char *key, bool known, size_t value)
{
	if (known)
		buf_addf(out, ",\"%s\":%zu", key, value);
	else
		buf_addf(out, ",\"%s\":null", key);
}

/* RFC 3339 with milliseconds, as a JSON member. */
static void add_time(struct buf *out)
{
	double now = clock_wall();
	time_t whole = (time_t)now;

	buf_adds(out, "\"time\":\"");
	clock_rfc3339(out, whole);
	out->data[--out->len] = '\0'; /* the Z comes after the fraction */
	buf_addf(out, ".%03dZ\"", (int)((now - (double)whole) * 1000));
}

static void json_event(struct reporter *r, const struct event *e)
{
	struct json *j = (struct json *)r;
	struct words w = words_of(e);
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addc(&line, '{');
	add_time(&line);
	add_string(&line, "run", j->run_id);
	add_string(&line, "event", w.event);
	add_string(&line, "node", e->node);
	add_count(&line, "step", e->step > 0, e->step);
	add_count(&line, "total", e->total > 0 || e->kind == EVENT_NODE_PLANNED, e->total);
	add_string(&line, "state", w.state);
	if (has_seconds(e->kind))
		buf_addf(&line, ",\"seconds\":%.3f", e->seconds);
	else
		buf_adds(&line, ",\"seconds\":null");
	add_string(&line, "text", e->text);
	add_string(&line, "error", e->error);
	buf_adds(&line, "}\n");
	fwrite(line.data, 1, line.len, j->f);
	fflush(j->f);
}

static void json_close(struct reporter *r)
{
	struct json *j = (struct json *)r;

	free(j->run_id);
	free(j);
}

struct reporter *reporter_json(FILE *f, const char *run_id)
{
	struct json *j = xcalloc(1, sizeof(*j));

	j->reporter = (struct reporter){.event = json_event, .close = json_close};
	j->f = f;
	j->run_id = xstrdup(run_id);
	return &j->reporter;
}
