/* Labels on swarm nodes, from the roles of the spec: what placement constraints refer to. */
#include "lib/base/quote.h"
#include "lib/node/kind.h"

static const char *have(const struct resource *r, const struct facts *facts)
{
	const struct fact_swarm_node *n = facts_swarm_node_by_address(facts, r->label.address);

	for (size_t i = 0; n && i < n->n_labels; i++)
		if (!strcmp(n->labels[i].key, r->name))
			return n->labels[i].value;
	return NULL;
}

static bool differs(const struct resource *r, const struct facts *facts)
{
	const char *value = have(r, facts);

	return !value || strcmp(value, r->label.value) != 0;
}

/* A node that joins in this run: its id is not known yet, it comes with the promise. */
static bool is_joining(const struct resource *r, const struct facts *facts)
{
	return r->label.promise && !facts_swarm_node_by_address(facts, r->label.address);
}

/* How labels_set is to find the node: its id, the promise whose frame brings the id, or "self". */
static const char *node_word(const struct resource *r, const struct facts *facts)
{
	const struct fact_swarm_node *n = facts_swarm_node_by_address(facts, r->label.address);

	if (n)
		return n->id;
	return r->label.promise ? r->label.promise : "self";
}

/* For each joining node once, although several labels go to one: wait for all of them before the
 * step begins, then hand over their ids. */
static void add_promises(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct step *s,
	void (*add)(struct change_set *set, struct step *s, const char *promise))
{
	const char *last = "";

	for (size_t i = 0; i < n; i++) {
		if (!is_joining(&r[i], facts) || !differs(&r[i], facts) ||
			!strcmp(last, r[i].label.promise))
			continue;
		last = r[i].label.promise;
		add(ret, s, last);
	}
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	_cleanup_buf_ struct buf call = BUF_INIT;
	struct step *s;
	size_t many = 0;

	buf_adds(&call, "labels_set");
	for (size_t i = 0; i < n; i++) {
		if (!differs(&r[i], facts))
			continue;
		buf_addc(&call, ' ');
		quote_sh(&call, node_word(&r[i], facts));
		buf_addc(&call, ' ');
		quote_sh(&call, r[i].name);
		buf_addc(&call, ' ');
		quote_sh(&call, r[i].label.value);
		many++;
	}
	if (!many)
		return 0;
	s = step_add(ret, 120 * USEC_PER_SEC, "label the swarm's nodes");
	s->call = arena_strdup(ret->arena, buf_str(&call));
	add_promises(r, n, facts, ret, s, step_await);
	add_promises(r, n, facts, ret, s, step_promise);
	for (size_t i = 0; i < n; i++)
		if (differs(&r[i], facts))
			change_add(ret, have(&r[i], facts) ? CHANGE_UPDATE : CHANGE_CREATE, &r[i],
				have(&r[i], facts),
				arena_printf(
					ret->arena, "%s on %s", r[i].label.value, r[i].label.node));
	return 0;
}

const struct kind kind_label = {.name = "node label", .diff = diff, .merge = true};
