/* Tools on nodes: see remote.h. */
#include "probe/bench/remote.h"

#include <string.h>

enum { MAX_LINE = 4 * 1024 * 1024 };
/* Beyond its deadline; and tools that show progress do so every second. */
#define MARGIN (10 * USEC_PER_SEC)

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
