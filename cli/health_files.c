/* Findings of health for CI servers and for Prometheus: see health_files.h. */
#include "cli/health_files.h"

#include "lib/base/arena.h"
#include "lib/run/junit.h"

/* ---- JUnit ---- */

static void add_where(struct buf *out, const struct health_result *r, const char *before)
{
	if (r->node)
		buf_addf(out, "%s%s", before, r->node);
	if (r->subject)
		buf_addf(out, "%s%s", before, r->subject);
}

static struct junit_case case_of(const struct health_result *r, struct arena *arena)
{
	static const enum junit_state states[] = {
		[HEALTH_OK] = JUNIT_PASSED,
		[HEALTH_NOTE] = JUNIT_PASSED,
		[HEALTH_WARN] = JUNIT_PASSED,
		[HEALTH_FAIL] = JUNIT_FAILED,
		[HEALTH_SKIP] = JUNIT_SKIPPED,
	};
	_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;

	buf_adds(&name, r->id);
	add_where(&name, r, " ");
	if (r->state == HEALTH_NOTE || r->state == HEALTH_WARN)
		buf_addf(&text, "%s: ", health_state_name(r->state));
	buf_adds(&text, r->text);
	if (r->remedy)
		buf_addf(&text, " → %s", r->remedy);
	return (struct junit_case){
		.group = r->group,
		.name = arena_strdup(arena, buf_str(&name)),
		.state = states[r->state],
		.text = arena_strdup(arena, buf_str(&text)),
		.seconds = r->seconds,
	};
}

void health_junit(const struct health *h, const char *cluster, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct junit_case *cases = arena_array(&arena, struct junit_case, health_size(h) + 1);

	for (size_t i = 0; i < health_size(h); i++)
		cases[i] = case_of(health_at(h, i), &arena);
	junit_print(arena_printf(&arena, "svarm health %s", cluster), cases, health_size(h), out);
	arena_done(&arena);
}

/* ---- Prometheus ---- */

/* A label's value: what would end it, or its line, is escaped. */
static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (*value == '\\' || *value == '"')
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
	buf_addc(out, '"');
}

static int value_of(enum health_state state)
{
	static const int values[] = {
		[HEALTH_OK] = 0,
		[HEALTH_NOTE] = 0,
		[HEALTH_WARN] = 1,
		[HEALTH_FAIL] = 2,
		[HEALTH_SKIP] = -1,
	};

	return values[state];
}

/* Two containers of a service on one node make two rows: the worst is told, at the first's place.
 */
static bool worst_of_series(const struct health *h, size_t i, int *ret)
{
	const struct health_result *r = health_at(h, i);

	for (size_t k = 0; k < i; k++)
		if (health_same(r, health_at(h, k)))
			return false;
	*ret = value_of(r->state);
	for (size_t k = i + 1; k < health_size(h); k++)
		if (health_same(r, health_at(h, k)))
			*ret = MAX_OF(*ret, value_of(health_at(h, k)->state));
	return true;
}

static void add_head(struct buf *out, const char *name, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void add_one(
	struct buf *out, const char *name, const char *help, const char *cluster, double value)
{
	add_head(out, name, help);
	buf_addf(out, "%s{", name);
	add_label(out, "cluster", cluster);
	buf_addf(out, "} %.3f\n", value);
}

static void add_series(
	struct buf *out, const struct health_result *r, const char *cluster, int value)
{
	buf_adds(out, "svarm_health_probe{");
	add_label(out, "cluster", cluster);
	add_label(out, ",group", r->group);
	add_label(out, ",probe", r->id);
	add_label(out, ",severity", health_severity_name(r->severity));
	add_label(out, ",node", r->node ? r->node : "");
	add_label(out, ",subject", r->subject ? r->subject : "");
	buf_addf(out, "} %d\n", value);
}

void health_prometheus(const struct health *h, const char *cluster, double now, struct buf *out)
{
	int value;

	add_head(out, "svarm_health_probe",
		"State of a probe: 0 ok, 1 warning, 2 failed, -1 skipped.");
	for (size_t i = 0; i < health_size(h); i++)
		if (worst_of_series(h, i, &value))
			add_series(out, health_at(h, i), cluster, value);
	add_one(out, "svarm_health_healthy", "1 when no probe failed.", cluster,
		health_verdict(h) != HEALTH_FAIL);
	add_one(out, "svarm_health_seconds", "How long all probes took.", cluster,
		health_seconds(h));
	add_one(out, "svarm_health_timestamp_seconds", "When they ended.", cluster, now);
}
