/* `svarm status`: where the cluster stands: its nodes, its services, and whether the spec is met.
 */
#include "cli/cmds.h"
#include "cli/session.h"
#include "lib/base/quote.h"

struct status_options {
	const char *images;
};

static const struct option options[] = {
	{0, "images", OPTION_STRING, "DIR", "where svarm's own image archives are",
		.offset = offsetof(struct status_options, images)},
	{0},
};

static const struct table_column node_columns[] = {
	{"node", "NODE", false, false},
	{"address", "ADDRESS", false, false},
	{"private", "PRIVATE", false, false},
	{"system", "SYSTEM", false, false},
	{"docker", "DOCKER", false, false},
	{"swarm", "SWARM", false, false},
	{"changes", "CHANGES", true, false},
	{0},
};

static const struct table_column service_columns[] = {
	{"service", "SERVICE", false, false},
	{"image", "IMAGE", false, false},
	{"running", "RUNNING", true, false},
	{"wanted", "WANTED", true, false},
	{0},
};

static void text_from_node(struct table *t, enum cell_style style, const char *text)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (text)
		escape_text(&shown, text, MIN_OF(strlen(text), 120), false);
	table_text(t, style, text ? buf_str(&shown) : NULL);
}

static const char *swarm_word(const struct facts *f)
{
	if (f->swarm != SWARM_ACTIVE)
		return f->swarm == SWARM_INACTIVE ? "none" : "in trouble";
	return f->swarm_manager ? "manager" : "worker";
}

static void node_row(struct table *t, const struct node_run *nr)
{
	const struct facts *f = &nr->facts;

	table_row(t);
	table_text(t, CELL_STRONG, nr->node->name);
	table_text(t, CELL_PLAIN, nr->node->address);
	table_text(t, CELL_PLAIN, nr->node->private);
	if (!nr->planned) {
		table_text(t, CELL_BAD, "failed");
		return;
	}
	table_textf(t, CELL_PLAIN, "%.20s %.20s", f->os_id, f->os_version);
	text_from_node(t, f->docker_running ? CELL_PLAIN : CELL_BAD,
		f->docker_running ? f->docker_version : "none");
	table_text(t, f->swarm == SWARM_ACTIVE ? CELL_GOOD : CELL_BAD, swarm_word(f));
	table_number(t, nr->changes.n ? CELL_WARN : CELL_GOOD, (double)nr->changes.n, 0);
}

static struct table *nodes_table(struct session *s)
{
	struct table *t = table_new(node_columns);

	for (size_t i = 0; i < fleet_size(s->fleet); i++)
		node_row(t, fleet_node(s->fleet, i));
	return t;
}

static struct table *services_table(struct session *s)
{
	const struct spec_node *leader = cluster_leader(s->cluster);
	const struct facts *f = &fleet_node(s->fleet, leader->index)->facts;
	struct table *t = table_new(service_columns);

	for (size_t i = 0; i < f->n_services; i++) {
		const struct fact_service *one = &f->services[i];
		bool whole = one->running == one->desired;

		table_row(t);
		text_from_node(t, CELL_STRONG, one->name);
		text_from_node(t, CELL_PLAIN, one->image);
		table_number(t, whole ? CELL_GOOD : CELL_BAD, one->running, 0);
		table_number(t, CELL_PLAIN, one->desired, 0);
	}
	return t;
}

static void print_answer(const struct cli *cli, struct session *s, const struct err *error)
{
	_cleanup_(table_freep) struct table *nodes = nodes_table(s), *services = services_table(s);
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t changes = fleet_changes(s->fleet);

	if (cli->opt.json) {
		buf_addf(&out, "{\"changes\":%zu,\"nodes\":", changes);
		table_json(nodes, &out);
		buf_adds(&out, ",\"services\":");
		table_json(services, &out);
		if (error->code) {
			buf_adds(&out, ",\"error\":");
			quote_json(&out, err_msg(error));
		}
		buf_adds(&out, "}\n");
	} else {
		table_render(nodes, &out, output_color(cli, stdout), output_width());
		if (table_rows(services)) {
			buf_addc(&out, '\n');
			table_render(services, &out, output_color(cli, stdout), output_width());
		}
		buf_addf(&out, "\n%zu change%s pending%s\n", changes, changes == 1 ? "" : "s",
			changes ? "; 'svarm plan' lists them" : "");
	}
	output_text(&out);
}

static int run(const struct cli *cli, struct err *err)
{
	const struct status_options *own = cli->own;

	return session_plan(cli, own->images, print_answer, err);
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = "[FILE]",
	.summary = "show nodes, services and drift",
	.about = "Reads every node and shows where it stands. Nothing is written. Ends with exit "
		 "code 10 when the nodes are not what the spec says.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct status_options),
	.run = run,
};
