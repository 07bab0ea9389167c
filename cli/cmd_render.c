/*
 * `svarm render`: print what would land on a node, without touching one.  What depends on a node's
 * own facts (the name of its private interface) is assumed and said so.
 */
#include "cli/cmds.h"
#include "cli/session.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/node/template.h"

struct render_options {
	const char *images;
	const char *node;
};

static const struct option options[] = {
	{0, "images", OPTION_STRING, "DIR", "where svarm's own image archives are",
		.offset = offsetof(struct render_options, images)},
	{0, "node", OPTION_STRING, "NAME", "render for this node (default: the first that has it)",
		.offset = offsetof(struct render_options, node)},
	{0},
};

/* The secrets that functions name and that clients are to make. */
static void assume_secrets(const struct cluster *c, struct facts *f)
{
	size_t cap = 0;

	for (size_t i = 0; i < c->faas.n_functions; i++) {
		const struct spec_function *fn = &c->faas.functions[i];

		for (size_t k = 0; k < fn->n_secrets; k++)
			*arena_push(
				&f->arena, f->secrets, f->n_secrets, cap) = (struct fact_secret){
				.id = "",
				.name = arena_printf(&f->arena, "%s.1", fn->secrets[k]),
				.function = fn->secrets[k],
			};
	}
}

/* A node as we imagine it: Debian 12, its private address on eth1. */
static void assume_facts(const struct spec_node *n, struct facts *f)
{
	f->os_id = "debian";
	f->os_version = "12";
	f->os_codename = "bookworm";
	f->kernel = f->hostname = "";
	f->arch = "amd64";
	f->n_addresses = 1;
	f->addresses = arena_new(&f->arena, struct fact_address);
	f->addresses[0] = (struct fact_address){"eth1", n->private, 1500};
}

struct rendered {
	const char *node, *name;
	const char *text;
	size_t len;
};

struct rendering {
	struct arena arena;
	struct rendered *items;
	size_t n, cap;
};

static void add(struct rendering *all, const struct spec_node *n, const char *name,
	const char *text, size_t len)
{
	struct rendered *one = arena_push(&all->arena, all->items, all->n, all->cap);

	*one = (struct rendered){n->name, name, text, len};
}

/* As the Engine API gets it. */
static void add_function(
	struct rendering *all, const struct spec_node *n, const struct function_service *f)
{
	add(all, n, arena_printf(&all->arena, "function-%s.json", f->service.name), f->spec,
		strlen(f->spec));
}

static int render_node(
	struct flow_context *x, const struct spec_node *n, struct rendering *all, struct err *err)
{
	struct fleet_flow flow = flow_converge(x);
	struct resource_set want = {.arena = &all->arena};
	struct facts facts = {0};
	int r;

	assume_facts(n, &facts);
	assume_secrets(x->cluster, &facts);
	r = flow.want(flow.arg, n, &facts, &want, err);
	for (size_t i = 0; r >= 0 && i < want.n; i++) {
		const struct resource *res = &want.items[i];

		if (res->kind == RES_FILE && !res->file.secret)
			add(all, n, res->name, res->file.content, res->file.len);
		if (res->kind == RES_DAEMON)
			add(all, n, res->name, res->daemon.wanted, strlen(res->daemon.wanted));
		if (res->kind == RES_CONFIG)
			add(all, n, res->name, res->config.content, res->config.len);
		for (size_t k = 0; res->kind == RES_FUNCTIONS && k < res->functions.n; k++)
			add_function(all, n, &res->functions.items[k]);
		if (res->kind == RES_STACK)
			add(all, n, arena_printf(&all->arena, "stack-%s.yml", res->name),
				res->stack.content, res->stack.len);
	}
	facts_done(&facts);
	return r < 0 ? err_wrap(err, "node '%s'", n->name) : 0;
}

static bool is_named(const struct rendered *one, const char *name)
{
	return !strcmp(one->name, name) || !strcmp(path_base(one->name), name);
}

/* The texts that are the same for every node and every spec. */
static const char *const fixed[] = {
	"facts.sh", "apply.sh", "health.sh", "gateway.sh", "grafana-svarm.json"};

static int print_script(const char *name, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = template_text(name, &out, err);

	if (r >= 0)
		output_text(&out);
	return r;
}

static int print_named(const struct rendering *all, const char *name, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (size_t i = 0; i < all->n; i++) {
		if (!is_named(&all->items[i], name))
			continue;
		buf_add(&out, all->items[i].text, all->items[i].len);
		output_text(&out);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!strcmp(name, fixed[i]))
			return print_script(name, err);
	return err_set(
		err, ERR_SPEC, "nothing of that name; 'svarm render' without a name lists all");
}

static void print_list(const struct cli *cli, const struct rendering *all)
{
	static const struct table_column columns[] = {
		{"node", "NODE", false, false},
		{"name", "NAME", false, false},
		{"bytes", "BYTES", true, false},
		{0},
	};
	_cleanup_(table_freep) struct table *t = table_new(columns);

	for (size_t i = 0; i < all->n; i++) {
		table_row(t);
		table_text(t, CELL_PLAIN, all->items[i].node);
		table_text(t, CELL_STRONG, all->items[i].name);
		table_number(t, CELL_PLAIN, (double)all->items[i].len, 0);
	}
	output_table(cli, t);
}

static int render(const struct cli *cli, struct session *s, struct rendering *all, struct err *err)
{
	const struct render_options *own = cli->own;
	int r;

	template_set_dir(cli->opt.templates);
	if ((r = output_load_cluster(cli, &s->cluster, err)) < 0)
		return r;
	s->flow.cluster = s->cluster;
	if ((r = session_load_faas(s, own->images, err)) < 0)
		return r;
	for (size_t i = 0; i < s->cluster->n_nodes; i++) {
		if (own->node && strcmp(own->node, s->cluster->nodes[i].name))
			continue;
		if ((r = render_node(&s->flow, &s->cluster->nodes[i], all, err)) < 0)
			return r;
	}
	if (own->node && !all->n)
		return err_set(err, ERR_SPEC, "the spec has no such node");
	for (int i = 1; i < cli->n_args; i++)
		if ((r = print_named(all, cli->args[i], err)) < 0)
			return err_wrap(err, "'%s'", cli->args[i]);
	if (cli->n_args < 2)
		print_list(cli, all);
	return EXIT_FINE;
}

static int run(const struct cli *cli, struct err *err)
{
	struct rendering all = {0};
	struct session s = {.cli = cli};
	int r = render(cli, &s, &all, err);

	session_done(&s);
	arena_wipe(&all.arena);
	return r;
}

const struct cmd cmd_render = {
	.name = "render",
	.usage = "[FILE [NAME…]]",
	.summary = "print what would land on a node, without touching one",
	.about = "Without a name lists the files and stacks of each node; with names prints them, "
		 "by "
		 "path or base name (nginx.conf, firewall.nft, stack-svarm.yml), or one of the "
		 "scripts "
		 "(facts.sh, apply.sh, health.sh, gateway.sh), or grafana-svarm.json, a dashboard "
		 "for Grafana. What depends on a node's facts is assumed: Debian 12, the "
		 "private address on eth1. Secrets are never printed.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_TEMPLATES,
	.max_args = 64,
	.own = options,
	.own_size = sizeof(struct render_options),
	.run = run,
};
