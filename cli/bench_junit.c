/*
 * A run of `svarm bench` for CI servers: a case for each section, threshold and compared figure.  A
 * figure that is worse than before fails only where a threshold says so ("compare.worse > 0"), so
 * that the cases and the exit code agree.
 */
#include <math.h>
#include <string.h>

#include "cli/bench_print.h"
#include "lib/base/arena.h"
#include "lib/base/xalloc.h"
#include "lib/run/junit.h"
#include "probe/bench/document.h"

struct cases {
	struct arena arena;
	struct junit_case *list;
	size_t n, cap;
};

static void add(struct cases *c, const struct junit_case *one)
{
	xgrow(c->list, c->n, c->cap);
	c->list[c->n++] = *one;
}

static bool is(const json_t *o, const char *key, const char *word)
{
	const char *s = json_str(o, key);

	return s && !strcmp(s, word);
}

static void add_sections(struct cases *c, const json_t *doc)
{
	_cleanup_free_ const char **names = NULL;
	size_t n = document_sections(doc, &names);

	for (size_t i = 0; i < n; i++) {
		const json_t *s = json_at(doc, "sections", names[i], NULL);
		double seconds = document_number(s, "seconds");

		add(c, &(struct junit_case){
			       .group = "section",
			       .name = names[i],
			       .state = is(s, "state", "failed") ? JUNIT_FAILED
					: is(s, "state", "ok") || is(s, "state", "warning")
						? JUNIT_PASSED
						: JUNIT_SKIPPED,
			       .text = json_str(s, "text"),
			       .seconds = isfinite(seconds) ? seconds : 0,
		       });
	}
}

/* "2.46 ms" */
static const char *measured(struct cases *c, const json_t *o, const char *key)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	double value = document_number(o, key);
	const char *unit = json_str(o, "unit");

	if (!isfinite(value))
		return "not measured";
	document_show_unit(&text, value, unit ? unit : "");
	return arena_strdup(&c->arena, buf_str(&text));
}

static void add_thresholds(struct cases *c, const json_t *doc, bool *ret_worse_fails)
{
	const json_t *t;
	size_t i;

	json_array_foreach(json_arr(doc, "thresholds"), i, t)
	{
		bool passed = is(t, "state", "passed");
		const char *name = json_str(t, "text");

		*ret_worse_fails |= !passed && is(t, "figure", "compare.worse");
		add(c, &(struct junit_case){
			       .group = "threshold",
			       .name = name ? name : "?",
			       .state = passed ? JUNIT_PASSED : JUNIT_FAILED,
			       .text = arena_printf(&c->arena, "measured %s, limit %s, %.20s",
				       measured(c, t, "value"), measured(c, t, "limit"),
				       json_str(t, "source") ? json_str(t, "source") : "?"),
		       });
	}
}

static void add_compared(struct cases *c, const json_t *doc, bool worse_fails)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_at(doc, "comparison", "figures", NULL), i, f)
	{
		const char *name = json_str(f, "figure"), *verdict = json_str(f, "verdict");
		bool worse = is(f, "verdict", "worse");

		add(c, &(struct junit_case){
			       .group = "compare",
			       .name = name ? name : "?",
			       .state = worse && worse_fails           ? JUNIT_FAILED
					: is(f, "verdict", "unjudged") ? JUNIT_SKIPPED
								       : JUNIT_PASSED,
			       .text = arena_printf(&c->arena, "%.20s: %s before, %s now",
				       verdict ? verdict : "?", measured(c, f, "before"),
				       measured(c, f, "after")),
		       });
	}
}

void bench_junit(const json_t *doc, struct buf *out)
{
	struct cases c = {0};
	bool worse_fails = false;

	add_sections(&c, doc);
	add_thresholds(&c, doc, &worse_fails);
	add_compared(&c, doc, worse_fails);
	junit_print("svarm bench", c.list, c.n, out);
	free(c.list);
	arena_done(&c.arena);
}
