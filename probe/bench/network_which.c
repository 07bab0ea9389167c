/*
 * Naming pairs: of those in which something is wrong, what have they in common?  One bad link of a
 * node shows in all its pairs, and it is the node that the operator must look at.
 */
#include "probe/bench/network.h"

struct view {
	const struct network *net;
	const bool *bad; /* by pair */
};

static bool has_node(const struct network_pair *p, size_t node)
{
	return p->from == node || p->to == node;
}

static size_t count(const struct view *v, size_t node, bool bad_only)
{
	size_t n = 0;

	for (size_t i = 0; i < v->net->n_pairs; i++)
		n += has_node(&v->net->pairs[i], node) && (v->bad[i] || !bad_only);
	return n;
}

size_t network_count_bad(const struct network *net, const bool *bad)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_pairs; i++)
		n += bad[i];
	return n;
}

size_t network_first_bad(const bool *bad)
{
	size_t i = 0;

	while (!bad[i])
		i++;
	return i;
}

/* Is @node in every bad pair, and is every pair of it bad? */
static bool is_to_blame(const struct view *v, size_t node)
{
	return count(v, node, true) == network_count_bad(v->net, v->bad) &&
	       count(v, node, false) == network_count_bad(v->net, v->bad);
}

/* Are the bad pairs just those from @node (or, with @to, those that lead there)? */
static bool is_end(const struct view *v, size_t node, bool to)
{
	for (size_t i = 0; i < v->net->n_pairs; i++) {
		const struct network_pair *p = &v->net->pairs[i];

		if (((to ? p->to : p->from) == node) != v->bad[i])
			return false;
	}
	return true;
}

/* "lab-1 to lab-2", "every node to lab-2", "between lab-1 and lab-2", "every pair with lab-2",
 * "lab-1 to lab-2 and 3 other pairs". */
const char *network_which(
	const struct network *net, const bool *bad, const char *const *names, struct arena *arena)
{
	const struct view view = {net, bad}, *v = &view;
	const struct network_pair *p = &v->net->pairs[network_first_bad(v->bad)];
	const char *from = names[p->from], *to = names[p->to];
	bool blame_from = is_to_blame(v, p->from), blame_to = is_to_blame(v, p->to);
	size_t n = network_count_bad(v->net, v->bad);
	bool one = true;

	if (n == 1)
		return arena_printf(arena, "%s to %s", from, to);
	for (size_t i = 0; i < v->net->n_pairs; i++)
		if (v->bad[i] && !(has_node(&v->net->pairs[i], p->from) &&
					 has_node(&v->net->pairs[i], p->to)))
			one = false;
	if (one)
		return arena_printf(arena, "between %s and %s", from, to);
	if (is_end(v, p->from, false))
		return arena_printf(arena, "%s to every node", from);
	if (is_end(v, p->to, true))
		return arena_printf(arena, "every node to %s", to);
	if (blame_from != blame_to)
		return arena_printf(arena, "every pair with %s", blame_from ? from : to);
	if (n == v->net->n_pairs)
		return "every pair";
	return arena_printf(
		arena, "%s to %s and %zu other pair%s", from, to, n - 1, n > 2 ? "s" : "");
}
