/* One run of all probes: see everything, then judge it.  See health.h. */
#include "probe/health.h"

#include <pthread.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"
#include "lib/spec/suggest.h"
#include "probe/judge.h"

/* ---- what to probe ---- */

size_t health_n_probes(void)
{
	return n_probes;
}

struct health_probe health_probe_at(size_t i)
{
	const struct probe *p = &probes[i];

	return (struct health_probe){p->id, p->group, p->summary, p->severity, p->deadline};
}

static int check_name(const char *name, struct err *err)
{
	const struct health_options one = {.only = &name, .n_only = 1};
	_cleanup_free_ const char **words = xcalloc(2 * n_probes, sizeof(*words));
	_cleanup_buf_ struct buf shown_name = BUF_INIT, groups = BUF_INIT;
	const char *near, *last = "";

	for (size_t i = 0; i < n_probes; i++) {
		if (probe_wanted(&probes[i], &one))
			return 0;
		words[2 * i] = probes[i].id;
		words[2 * i + 1] = probes[i].group;
		if (strcmp(last, probes[i].group) != 0)
			buf_addf(&groups, "%s%s", groups.len ? ", " : "", probes[i].group);
		last = probes[i].group;
	}
	escape_text(&shown_name, name, MIN_OF(strlen(name), (size_t)60), false);
	near = suggest(name, words, 2 * n_probes);
	if (near)
		return err_set(err, -EINVAL,
			"no probe and no group of probes is named '%s'; did you mean "
			"'%s'?",
			buf_str(&shown_name), near);
	return err_set(err, -EINVAL, "no probe and no group of probes is named '%s'; groups are %s",
		buf_str(&shown_name), buf_str(&groups));
}

int health_check_only(const char *const *names, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = check_name(names[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static unsigned needs_of(const struct health_options *o)
{
	unsigned needs = 0;

	for (size_t i = 0; i < n_probes; i++)
		if (probe_wanted(&probes[i], o))
			needs |= probes[i].needs;
	return needs;
}

/* ---- the run ---- */

static bool node_wanted(const struct health_result *r, const struct health_options *o)
{
	for (size_t i = 0; i < o->n_nodes; i++)
		if (r->node && !strcmp(r->node, o->nodes[i]))
			return true;
	return !o->n_nodes;
}

static void keep_wanted(struct health *h, const struct health_options *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++)
		if (node_wanted(&h->rows[i], o))
			h->rows[kept++] = h->rows[i];
	h->n = kept;
}

static void tell_nodes(struct fleet *f, const struct evidence *ev, usec_t start)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct node_evidence *e = &ev->nodes[i];
		struct event event = {
			.kind = EVENT_NODE_DONE,
			.node = e->node->name,
			.node_index = i,
			.text = "probed",
			.error = e->connected ? NULL : "not reachable",
			.seconds = (double)(clock_now() - start) / 1e6,
		};

		if (e->connected || e->refused)
			events_emit(fleet_options_of(f)->events, &event);
	}
}

int health_run(
	struct fleet *f, const struct health_options *o, struct health **ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct evidence ev = {0};
	usec_t start = clock_now();
	struct health *h;
	int r;

	r = health_check_only(o->only, o->n_only, err);
	if (r < 0)
		return r;
	pthread_once(&once, http_global_init);
	r = evidence_collect(f, needs_of(o), &ev, err);
	if (r >= 0) {
		tell_nodes(f, &ev, start);
		h = xcalloc(1, sizeof(*h));
		judge_all(h, &ev, o);
		keep_wanted(h, o);
		h->seconds = (double)(clock_now() - start) / 1e6;
		*ret = h;
	}
	evidence_done(&ev);
	return r < 0 ? r : 0;
}

void health_free(struct health *h)
{
	if (!h)
		return;
	arena_done(&h->arena);
	free(h);
}

/* ---- the finding ---- */

size_t health_size(const struct health *h)
{
	return h->n;
}

const struct health_result *health_at(const struct health *h, size_t i)
{
	return &h->rows[i];
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

bool health_same(const struct health_result *a, const struct health_result *b)
{
	return a->id == b->id && same_text(a->node, b->node) && same_text(a->subject, b->subject);
}

size_t health_count(const struct health *h, enum health_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->rows[i].state == state;
	return n;
}

enum health_state health_verdict(const struct health *h)
{
	if (health_count(h, HEALTH_FAIL))
		return HEALTH_FAIL;
	return health_count(h, HEALTH_WARN) ? HEALTH_WARN : HEALTH_OK;
}

double health_seconds(const struct health *h)
{
	return h->seconds;
}

const char *health_state_name(enum health_state state)
{
	static const char *const names[] = {
		[HEALTH_OK] = "ok",
		[HEALTH_NOTE] = "note",
		[HEALTH_WARN] = "warning",
		[HEALTH_FAIL] = "failed",
		[HEALTH_SKIP] = "skipped",
	};

	return names[state];
}

const char *health_severity_name(enum health_severity severity)
{
	static const char *const names[] = {
		[HEALTH_INFO] = "info",
		[HEALTH_WARNING] = "warning",
		[HEALTH_CRITICAL] = "critical",
	};

	return names[severity];
}
