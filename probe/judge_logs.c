/*
 * Does the swarm hear its nodes?  After a network that was away for half a minute docker may take
 * a node for gone whenever a log is asked for, though the node is Ready and runs its tasks: their
 * lines are missing, until the node's agent connects anew.
 */
#include "probe/judge.h"

static const struct node_log *log_of(const struct answer *a, const char *node)
{
	for (size_t i = 0; i < a->n_logs; i++)
		if (!strcmp(a->logs[i].node, node))
			return &a->logs[i];
	return NULL;
}

/* Does @reason begin with "node ID …", and ID is not @node? */
static bool is_of_other(const char *reason, const char *node)
{
	size_t len;

	if (strncmp(reason, "node ", 5) != 0)
		return false;
	reason += 5;
	len = strcspn(reason, " ,");
	return len && (strlen(node) != len || strncmp(reason, node, len) != 0);
}

/* Docker joins its reasons, which may be about nodes that nobody asked for: the first that is not,
 * or NULL. */
static const char *reason_for(struct judge *j, const struct node_log *log)
{
	static const char head[] = "for the following reasons: ";
	const char *list = strstr(log->error, head), *end;

	if (!list)
		return log->error;
	for (list += strlen(head);; list = end + 2) {
		end = strstr(list, ", ");
		if (!is_of_other(list, log->node))
			return end ? arena_strndup(&j->health->arena, list, (size_t)(end - list))
				   : list;
		if (!end)
			return NULL;
	}
}

static void unheard(struct judge *j, const struct node_evidence *e, const char *reason)
{
	struct health_result *r = found(j, e->node, HEALTH_WARN,
		"its logs cannot be read from the swarm: %s", shown(j, reason, 200));

	/* A manager's connections bear the swarm itself. */
	if (strstr(reason, "not available") && !(e->node->roles & ROLE_MANAGER))
		remedy(j, r,
			"on the swarm's leader: 'ss -K -tn dst %s sport = :2377' (the node's agent "
			"comes back at once, no container is touched), or restart docker on the "
			"node",
			e->node->private);
	else
		remedy(j, r,
			"on a manager: 'docker service logs' of a service that runs there; if it "
			"stays so, restart docker on the node");
}

enum hearing { UNASKED, HEARD, UNREADABLE, UNHEARD };

static enum hearing judge_log(
	struct judge *j, const struct answer *manager, const struct node_evidence *e)
{
	const struct fact_swarm_node *s = swarm_node(&manager->facts, e);
	const struct node_log *log = s && s->ready ? log_of(manager, s->id) : NULL;
	const char *reason;

	if (!log)
		return UNASKED;
	if (log->state == LOG_READ)
		return HEARD;
	reason = log->state == LOG_LATE ? "no answer in time" : reason_for(j, log);
	if (!reason)
		return HEARD;
	if (strstr(reason, "does not support reading"))
		return UNREADABLE;
	unheard(j, e, *reason ? reason : "docker does not say why");
	return UNHEARD;
}

void judge_logs(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	_cleanup_buf_ struct buf unreadable = BUF_INIT;
	size_t n[UNHEARD + 1] = {0};

	if (!m) {
		found(j, NULL, HEALTH_SKIP, "no manager of the swarm answers");
		return;
	}
	for (size_t i = 0; i < j->ev->n; i++) {
		const struct node_evidence *e = &j->ev->nodes[i];
		enum hearing h = judge_log(j, &m->answer, e);

		n[h]++;
		if (h == UNREADABLE)
			buf_addf(&unreadable, "%s%s", unreadable.len ? ", " : "", e->node->name);
	}
	if (n[UNHEARD])
		return;
	if (n[HEARD] && !n[UNREADABLE])
		found(j, NULL, HEALTH_OK, "the logs of %zu node%s can be read", n[HEARD],
			n[HEARD] == 1 ? "" : "s");
	else if (n[HEARD])
		found(j, NULL, HEALTH_OK,
			"the logs of %zu node%s can be read; those of %s go where docker cannot "
			"read them",
			n[HEARD], n[HEARD] == 1 ? "" : "s", buf_str(&unreadable));
	else if (n[UNREADABLE])
		found(j, NULL, HEALTH_SKIP, "the logs go where docker cannot read them");
	else
		found(j, NULL, HEALTH_SKIP, "no node runs a task");
}
