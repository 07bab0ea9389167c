/* The line of a section about all nodes: see node_tool.h. */
#include "probe/bench/node_tool.h"

void node_summary_add(struct node_summary *s, const struct spec_node *node, enum health_state state,
	const char *reason, const char *remedy)
{
	s->n++;
	s->measured++;
	if (state <= s->state)
		return;
	s->state = state;
	s->worst = node;
	s->reason = reason;
	s->remedy = remedy;
}

void node_summary_error(struct node_summary *s, const struct spec_node *node, const char *error)
{
	s->n++;
	if (s->state >= HEALTH_WARN)
		return;
	s->state = HEALTH_WARN;
	s->worst = node;
	s->reason = error;
	s->remedy = NULL;
}

void node_summary_found(const struct node_summary *s, struct section_result *r, const char *all,
	const char *figures)
{
	if (!s->measured) {
		section_found(r, HEALTH_FAIL, "no node could be measured; %s: %.300s",
			s->worst ? s->worst->name : "there is none", s->reason ? s->reason : "");
		section_remedy(r, "see `svarm health --only node` for why it cannot");
		return;
	}
	if (!s->worst) {
		section_found(r, HEALTH_OK, "%s; %s", all, figures);
		return;
	}
	section_found(r, s->state, "%s: %.300s; %s", s->worst->name, s->reason, figures);
	section_remedy(r, "%s", s->remedy ? s->remedy : "see why this node could not be measured");
}
