/* Tools on nodes, and what they say: see remote.h. */
#include "probe/bench/remote.h"

#include <math.h>
#include <string.h>

enum { MAX_LINE = 4 * 1024 * 1024, MAX_NINES = 100 };
#define MOST_MS 1e9
/* Beyond its deadline; and tools that show progress do so every second. */
#define MARGIN  (10 * USEC_PER_SEC)

/* One line: progress, or *@ret_last. */
static void take_line(const char *line, void (*progress)(void *arg, const json_t *p), void *arg,
	json_t **ret_last)
{
	_cleanup_json_ json_t *o = NULL;
	const json_t *p;

	if (json_parse(line, strlen(line), MAX_LINE, &o, NULL) < 0 || !json_is_object(o))
		return;
	p = json_obj(o, "progress");
	if (p && progress)
		progress(arg, p);
	if (p)
		return;
	json_decref(*ret_last);
	*ret_last = TAKE_PTR(o);
}

int remote_run(struct agent *agent, const struct agent_command *c,
	void (*progress)(void *arg, const json_t *p), void *arg, json_t **ret, struct err *err)
{
	_cleanup_(agent_job_endp) struct agent_job *job = NULL;
	_cleanup_json_ json_t *last = NULL;
	usec_t patience = (c->deadline ? c->deadline : 60 * USEC_PER_SEC) + MARGIN;
	const char *line, *error;
	int r, status;

	r = agent_start(agent, c, &job, err);
	if (r < 0)
		return r;
	while ((r = agent_job_line(job, patience, &line, err)) > 0)
		take_line(line, progress, arg, &last);
	if (r < 0)
		return r;
	status = agent_job_end(TAKE_PTR(job));
	error = json_str(last, "error");
	if (error)
		return err_set(err, ERR_REMOTE, "%.500s", error);
	if (!last || status < 0 || status > 1)
		return err_set(err, ERR_REMOTE, "'svarm-probe %s' on '%s' ended with %d%s",
			c->argv[0], agent_node(agent)->name, status,
			last ? "" : " and printed no result");
	*ret = TAKE_PTR(last);
	return 0;
}

/* ---- bounds ---- */

static double within(const json_t *value, double least, double most)
{
	double n = json_is_number(value) ? json_number_value(value) : NAN;

	return n >= least && n <= most ? n : NAN;
}

double clean_number(const json_t *o, const char *key, double least, double most)
{
	return within(json_object_get(o, key), least, most);
}

void clean_copy(const json_t *from, json_t *to, const char *key, double most)
{
	double n = clean_number(from, key, 0, most);

	if (!isfinite(n))
		return;
	json_object_set_new(to, key,
		json_is_integer(json_object_get(from, key)) ? json_integer((json_int_t)n)
							    : json_real(n));
}

json_t *clean_latency(const json_t *o)
{
	static const char *const keys[] = {"min", "mean", "p50", "p90", "p99", "p999", "max"};
	_cleanup_json_ json_t *ret = json_object();

	clean_copy(o, ret, "n", 1e15);
	if (!(clean_number(o, "n", 1, 1e15) > 0))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		clean_copy(o, ret, keys[i], MOST_MS);
	return TAKE_PTR(ret);
}

json_t *clean_nines(const json_t *a)
{
	_cleanup_json_ json_t *ret = json_array();
	double last_q = -1, last_ms = 0;
	const json_t *pair;
	size_t i;

	json_array_foreach(a, i, pair)
	{
		double q = within(json_array_get(pair, 0), 0, 1);
		double ms = within(json_array_get(pair, 1), 0, MOST_MS);
		json_t *clean;

		if (!(q > last_q) || !(ms >= last_ms) || i >= MAX_NINES)
			break;
		clean = json_array();
		json_array_append_new(clean, json_real(q));
		json_array_append_new(clean, json_real(ms));
		json_array_append_new(ret, clean);
		last_q = q;
		last_ms = ms;
	}
	return json_array_size(ret) ? TAKE_PTR(ret) : NULL;
}
