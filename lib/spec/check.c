/*
 * The checks across values: what cannot work is a mistake, what will disappoint is a warning.  The
 * nodes' part is here; tuning is in check_tune.c, functions in check_faas.c.
 */
#include "lib/spec/check.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/spec/addr.h"
#include "lib/spec/checker.h"

void check_warn(struct checker *k, const char *kind, int line, const char *fmt, ...)
{
	struct warning *w = arena_push(k->arena, k->warnings, k->n_warnings, k->cap_warnings);
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	escape_text(&text, k->diag->source->name, strlen(k->diag->source->name), false);
	if (line)
		buf_addf(&text, ":%d", line);
	buf_addf(&text, ": %s: ", kind);
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	*w = (struct warning){arena_strdup(k->arena, buf_str(&text)), k->file, line, k->n_warnings};
}

struct yaml_span check_place(struct checker *k, const struct mark *m)
{
	static const struct yaml_span top = {{1, 1}, {1, 1}};

	return m ? m->at : top;
}

int check_line(const struct mark *m)
{
	return m ? m->at.start.line : 0;
}

static int by_line(const void *a, const void *b)
{
	const struct warning *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- uniqueness ---- */

static int by_text(const void *a, const void *b)
{
	const struct unique *x = a, *y = b;
	int r = strcmp(x->text, y->text);

	return r ? r : x->index < y->index ? -1 : x->index > y->index;
}

void check_unique(struct checker *k, struct unique *list, size_t n, const char *of,
	const char *member, const char *what)
{
	size_t first = 0;

	if (n)
		qsort(list, n, sizeof(*list), by_text);
	for (size_t i = 1; i < n; i++) {
		_cleanup_buf_ struct buf where = BUF_INIT, shown = BUF_INIT;

		if (strcmp(list[i].text, list[first].text)) {
			first = i;
			continue;
		}
		buf_addf(&where, "%s[%zu].%s", of, list[i].index, member);
		value_quote(&shown, list[i].shown);
		diag_add(k->diag, check_place(k, marks_find(k->marks, "%s", buf_str(&where))),
			buf_str(&where), "%s %s is taken already, in line %d", what,
			buf_str(&shown), list[first].line);
	}
}

static void nodes_unique(struct checker *k)
{
	const struct cluster *c = &k->draft->c;
	struct unique *names = arena_array(k->arena, struct unique, c->n_nodes + 1);
	struct unique *privates = arena_array(k->arena, struct unique, c->n_nodes + 1);
	struct unique *addresses = arena_array(k->arena, struct unique, c->n_nodes + 1);
	size_t n_names = 0, n_privates = 0, n_addresses = 0;

	for (size_t i = 0; i < c->n_nodes; i++) {
		const struct spec_node *n = &c->nodes[i];

		if (n->name)
			names[n_names++] = (struct unique){n->name, n->name, i, n->line};
		if (n->private)
			privates[n_privates++] = (struct unique){
				n->private, n->private, i, n->line};
		if (n->address && n->port)
			addresses[n_addresses++] = (struct unique){
				arena_printf(k->arena, "%s %d", n->address, n->port), n->address, i,
				n->line};
	}
	check_unique(k, names, n_names, "nodes", "name", "name");
	check_unique(k, privates, n_privates, "nodes", "private", "address");
	check_unique(k, addresses, n_addresses, "nodes", "address", "with this port, address");
}

/* ---- roles ---- */

static bool roles_known(struct checker *k)
{
	for (size_t i = 0; i < k->draft->c.n_nodes; i++) {
		const struct mark *m = marks_find(k->marks, "nodes[%zu].roles", i);

		if (!m || m->bad)
			return false;
	}
	return true;
}

static void check_roles(struct checker *k)
{
	const struct cluster *c = &k->draft->c;
	size_t managers = cluster_count(c, ROLE_MANAGER), databases;
	struct yaml_span at = check_place(k, marks_find(k->marks, "nodes"));

	at.end = at.start;
	if (!managers)
		diag_add(k->diag, at, "nodes",
			"no node has the role 'manager'; the first one leads the swarm");
	if (!cluster_count(c, ROLE_WORKER))
		diag_add(k->diag, at, "nodes",
			"no node has the role 'worker', so no function could run; a manager may be "
			"both");
	if (!cluster_count(c, ROLE_INGRESS))
		diag_add(k->diag, at, "nodes",
			"no node has the role 'ingress', so no call could get in; give it to a "
			"manager");
	databases = cluster_count(c, ROLE_DATABASE);
	if (!databases)
		diag_add(k->diag, at, "nodes",
			"no node has the role 'database', which keeps the queue; give it to one");
	if (databases > 1)
		diag_add(k->diag, at, "nodes",
			"%zu nodes have the role 'database'; Redis runs on exactly one", databases);
	if (managers && managers % 2 == 0)
		check_warn(k, "warning", at.start.line,
			"nodes: %zu managers stand the loss of no more nodes than %zu would: make "
			"it an odd number",
			managers, managers - 1);
	if (managers > 7)
		check_warn(k, "warning", at.start.line,
			"nodes: %zu managers make every change slow: 3 or 5 are enough", managers);
}

/* ---- addresses ---- */

static void check_addresses(struct checker *k)
{
	const struct cluster *c = &k->draft->c;
	int families = 0;

	for (size_t i = 0; i < c->n_nodes; i++) {
		const struct spec_node *n = &c->nodes[i];
		struct addr a;

		if (!n->private || !addr_parse(&a, n->private))
			continue;
		families |= a.family == AF_INET ? 1 : 2;
		if (!addr_is_private(&a))
			check_warn(k, "warning",
				check_line(marks_find(k->marks, "nodes[%zu].private", i)),
				"nodes[%zu].private: %s is a public address: traffic between nodes "
				"would cross the internet unencrypted",
				i, n->private);
	}
	if (families == 3)
		diag_add(k->diag, check_place(k, marks_find(k->marks, "nodes")), "nodes",
			"private addresses are partly IPv4 and partly IPv6; a swarm needs one "
			"family");
}

static void complete_nodes(struct cluster *c)
{
	for (size_t i = 0; i < c->n_nodes; i++) {
		struct spec_node *n = &c->nodes[i];

		n->index = i;
		if (!n->user)
			n->user = c->ssh.user;
		if (!n->port)
			n->port = c->ssh.port;
	}
}

static void check_nodes(struct checker *k)
{
	const struct mark *m = marks_find(k->marks, "nodes");

	if (!m)
		return; /* reported as missing */
	if (!k->draft->c.n_nodes) {
		if (!m->bad)
			diag_add(k->diag, m->at, "nodes", "a cluster needs at least one node");
		return;
	}
	nodes_unique(k);
	check_addresses(k);
	if (roles_known(k))
		check_roles(k);
}

static void store_warnings(struct checker *k)
{
	struct cluster *c = &k->draft->c;

	if (!k->n_warnings)
		return;
	qsort(k->warnings, k->n_warnings, sizeof(*k->warnings), by_line);
	c->warnings = arena_array(k->arena, const char *, k->n_warnings);
	for (size_t i = 0; i < k->n_warnings; i++)
		c->warnings[i] = k->warnings[i].text;
	c->n_warnings = k->n_warnings;
}

void spec_check(
	struct draft *draft, struct diag *diag, struct marks *marks, struct includes *includes)
{
	struct checker k = {
		.draft = draft,
		.arena = &draft->c.arena,
		.diag = diag,
		.marks = marks,
		.includes = includes,
	};

	complete_nodes(&draft->c);
	check_nodes(&k);
	check_tune(&k);
	check_faas(&k);
	check_functions(&k);
	check_verify(&k);
	store_warnings(&k);
}
