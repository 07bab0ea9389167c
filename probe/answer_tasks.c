/* The swarm's tasks, as a manager lists them, and what became of reading their logs: see
 * answer_parts.h. */
#include <stdio.h>
#include <time.h>

#include "probe/answer_parts.h"

enum {
	MAX_SERVICES = 2000,
	MAX_TASKS = 20000,
	MAX_ERRORS = 1000,
	MAX_LOGS = 256,
};

struct task_error {
	const char *service, *when, *what;
};

/* Keep the latest error of each service.  Errors are few: a list will do. */
static void note_error(struct task_error *list, size_t *n, const struct task_error *one)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(list[i].service, one->service) != 0)
			continue;
		if (strcmp(one->when, list[i].when) > 0)
			list[i] = *one;
		return;
	}
	if (*n < MAX_ERRORS)
		list[(*n)++] = *one;
}

/* RFC 3339 in UTC, as docker writes it; 0 for what is none. */
static double seconds_of(const char *text)
{
	struct tm tm = {0};
	char utc = 0;

	if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%*[.0-9]%c", &tm.tm_year, &tm.tm_mon,
			     &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &utc) < 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (double)timegm(&tm);
}

/* How many tasks run that should.  What docker itself counts as running includes the tasks of nodes
 * that are down, for as long as it remembers them. */
static void count_running(struct facts *f, const char *service)
{
	for (size_t i = 0; i < f->n_services && i < MAX_SERVICES; i++)
		if (!strcmp(f->services[i].id, service))
			f->services[i].running++;
}

static bool is(const char *s, const char *word)
{
	return s && !strcmp(s, word);
}

static void take_task(struct answer *a, const json_t *task, const char *service)
{
	struct arena *arena = &a->facts.arena;
	const json_t *status = json_obj(task, "Status");
	const char *state = json_str(status, "State"), *node = json_str(task, "NodeID");
	const char *error = json_str(status, "Err");
	bool running = is(json_str(task, "DesiredState"), "running") && is(state, "running");
	struct task *t;

	if (running)
		count_running(&a->facts, service);
	if (!running && !is(state, "failed") && !is(state, "rejected"))
		return;
	t = arena_push(arena, a->tasks, a->n_tasks, a->cap_tasks);
	t->service = arena_strdup(arena, service);
	t->node = arena_strdup(arena, node ? node : "");
	t->running = running;
	t->at = seconds_of(json_str(status, "Timestamp"));
	t->error = arena_strdup(arena, error ? error : "");
}

/* The times are RFC 3339 in UTC and compare as text. */
void answer_tasks(struct answer *a, const json_t *root)
{
	struct arena *arena = &a->facts.arena;
	struct task_error *list = arena_array(arena, struct task_error, MAX_ERRORS);
	size_t n = 0, i;
	json_t *task;

	for (i = 0; i < a->facts.n_services; i++)
		a->facts.services[i].running = 0;
	json_array_foreach(root, i, task)
	{
		const json_t *status = json_obj(task, "Status");
		struct task_error one = {
			.service = json_str(task, "ServiceID"),
			.when = json_str(status, "Timestamp"),
			.what = json_str(status, "Err"),
		};

		if (i >= MAX_TASKS || !one.service)
			continue;
		take_task(a, task, one.service);
		if (one.when && one.what && *one.what)
			note_error(list, &n, &one);
	}
	for (i = 0; i < n; i++) {
		struct fact_pair *e = arena_push(
			arena, a->task_errors, a->n_task_errors, a->cap_task_errors);

		e->key = arena_strdup(arena, list[i].service);
		e->value = arena_strdup(arena, list[i].what);
	}
}

/* A state that nobody knows is no finding. */
void answer_log(struct answer *a, const char *node, const char *said)
{
	struct arena *arena = &a->facts.arena;
	static const char *const words[] = {
		[LOG_READ] = "read",
		[LOG_LATE] = "late",
		[LOG_ERROR] = "error",
	};
	size_t len = strcspn(said, "\t"), state = 0;
	struct node_log *log;

	while (state < ARRAY_SIZE(words) &&
		(strlen(words[state]) != len || strncmp(said, words[state], len) != 0))
		state++;
	if (!*node || state == ARRAY_SIZE(words) || a->n_logs == MAX_LOGS)
		return;
	log = arena_push(arena, a->logs, a->n_logs, a->cap_logs);
	log->node = arena_strdup(arena, node);
	log->state = state;
	log->error = arena_strdup(arena, said[len] ? said + len + 1 : "");
}
