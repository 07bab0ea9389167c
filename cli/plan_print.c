/* How a plan is shown: see plan_print.h. */
#include "cli/plan_print.h"

#include "lib/base/quote.h"
#include "lib/base/table.h"

static const struct table_column columns[] = {
	{"action", "", false, false},
	{"kind", "KIND", false, false},
	{"name", "NAME", false, false},
	{"before", "BEFORE", false, false},
	{"after", "AFTER", false, false},
	{"why", "WHY", false, false},
	{0},
};

static const struct {
	const char *sign, *word;
	enum cell_style style;
} actions[] = {
	[CHANGE_CREATE] = {"+", "create", CELL_GOOD},
	[CHANGE_UPDATE] = {"~", "update", CELL_WARN},
	[CHANGE_REMOVE] = {"-", "remove", CELL_BAD},
};

static struct table *table_of(const struct change_set *set, bool words)
{
	struct table *t = table_new(columns);

	for (size_t i = 0; i < set->n; i++) {
		const struct change *c = &set->changes[i];

		table_row(t);
		table_text(t, actions[c->action].style,
			words ? actions[c->action].word : actions[c->action].sign);
		table_text(t, CELL_PLAIN, resource_kind_name(c->kind));
		table_text(t, CELL_STRONG, c->name);
		table_text(t, CELL_DIM, c->before);
		table_text(t, CELL_PLAIN, c->after);
		table_text(t, CELL_DIM, c->why);
	}
	return t;
}

static void print_roles(struct buf *out, unsigned roles)
{
	const char *comma = "";

	for (unsigned role = 1; role <= ROLE_DATABASE; role <<= 1) {
		if (!(roles & role))
			continue;
		buf_addf(out, "%s%s", comma, role_name(role));
		comma = ", ";
	}
}

static void print_node(struct node_run *nr, struct buf *out, bool color, size_t width)
{
	const char *strong = color ? style_on(CELL_STRONG) : "", *off = color ? STYLE_OFF : "";
	_cleanup_(table_freep) struct table *t = NULL;

	buf_addf(out, "%s%s%s  %s  ", strong, nr->node->name, off, nr->node->address);
	print_roles(out, nr->node->roles);
	buf_addf(out, "  (%zu change%s)\n", nr->changes.n, nr->changes.n == 1 ? "" : "s");
	t = table_of(&nr->changes, false);
	table_render(t, out, color, width);
	buf_addc(out, '\n');
}

void plan_print(struct fleet *f, struct buf *out, bool color, size_t width)
{
	size_t changes = 0, nodes = 0;

	for (size_t i = 0; i < fleet_size(f); i++) {
		struct node_run *nr = fleet_node(f, i);

		if (!nr->planned || !nr->changes.n)
			continue;
		print_node(nr, out, color, width);
		changes += nr->changes.n;
		nodes++;
	}
	if (!changes)
		buf_adds(out, "0 changes\n");
	else
		buf_addf(out, "%zu change%s on %zu node%s\n", changes, changes == 1 ? "" : "s",
			nodes, nodes == 1 ? "" : "s");
}

static void json_steps(const struct change_set *set, struct buf *out)
{
	buf_adds(out, "\"steps\":[");
	for (size_t i = 0; i < set->n_steps; i++) {
		if (i)
			buf_addc(out, ',');
		quote_json(out, set->steps[i].title);
	}
	buf_addc(out, ']');
}

static void json_node(struct node_run *nr, struct buf *out)
{
	buf_adds(out, "{\"name\":");
	quote_json(out, nr->node->name);
	buf_addf(out, ",\"planned\":%s", nr->planned ? "true" : "false");
	if (nr->err.code) {
		buf_adds(out, ",\"error\":");
		quote_json(out, err_msg(&nr->err));
	}
	if (nr->planned) {
		_cleanup_(table_freep) struct table *t = table_of(&nr->changes, true);

		buf_adds(out, ",\"changes\":");
		table_json(t, out);
		buf_addc(out, ',');
		json_steps(&nr->changes, out);
		buf_addf(out, ",\"steps_done\":%zu", nr->steps_done);
	}
	buf_addf(out, ",\"seconds\":%.3f,\"connect_seconds\":%.3f,\"facts_seconds\":%.3f}",
		nr->seconds, nr->connect_seconds, nr->facts_seconds);
}

void plan_json(struct fleet *f, const char *error, struct buf *out)
{
	buf_addf(out, "{\"changes\":%zu,\"nodes\":[", fleet_changes(f));
	for (size_t i = 0; i < fleet_size(f); i++) {
		if (i)
			buf_addc(out, ',');
		json_node(fleet_node(f, i), out);
	}
	buf_addc(out, ']');
	if (error) {
		buf_adds(out, ",\"error\":");
		quote_json(out, error);
	}
	buf_addc(out, '}');
}
