/*
 * Sections of svarm bench on the cluster of a spec, for trying them alone:
 *	bench_demo SPEC SECTION|start|inside|SECONDS…
 * Prints each section's state, text, figures and table.  Not a test by itself.
 */
#include <stdio.h>

#include "lib/base/xalloc.h"
#include "lib/spec/cluster.h"
#include "probe/bench/section.h"

static void progress(void *arg, const char *section, const char *line)
{
	printf("  … %s: %s\n", section, line);
}

static int nothing(struct node_run *nr, void *arg, struct err *err)
{
	return 0;
}

static const struct section *find(const char *name)
{
	for (size_t i = 0; i < n_bench_sections; i++)
		if (!strcmp(bench_sections[i]->name, name))
			return bench_sections[i];
	return NULL;
}

static int show(struct bench *b, const struct section *s, struct err *err)
{
	struct section_result result = {.detail = json_object()};
	_cleanup_json_ json_t *o = json_object();
	_cleanup_buf_ struct buf text = BUF_INIT;
	usec_t before = clock_now();
	int r = s->run(b, &result, err);

	json_object_set_new(o, "detail", result.detail);
	if (r == 0) {
		if (s->print)
			s->print(o, &text);
		json_print(result.detail, &text);
		printf("%s: %s in %.1f s: %s\n%s%s\n", s->name, health_state_name(result.state),
			(double)(clock_now() - before) / 1e6, result.text,
			result.remedy ? result.remedy : "", result.remedy ? "\n" : "");
		for (size_t i = 0; i < result.n_figures; i++)
			printf("  %s = %g %s (%zu rounds)\n", result.figures[i].name,
				section_median(&result, result.figures[i].name),
				result.figures[i].unit, result.figures[i].n);
		printf("%s\n", buf_str(&text));
	}
	free(result.figures);
	arena_done(&result.arena);
	return r;
}

/* How long a program takes that does nothing. */
static void show_start(struct agent *g)
{
	enum { TIMES = 20 };
	const char *argv[] = {"/bin/true", NULL};
	struct agent_command c = {.argv = argv};
	usec_t before = clock_now();

	for (int i = 0; i < TIMES; i++)
		if (agent_output(g, &c, 0, &(struct buf){0}, NULL) < 0)
			return;
	printf("%s: /bin/true in %.1f ms\n", agent_node(g)->name,
		(double)(clock_now() - before) / TIMES / 1e3);
}

/* The addresses in the network namespace of a container. */
static void show_inside(struct agent *g)
{
	const char *ps[] = {"/usr/bin/docker", "ps", "--no-trunc", "-q", NULL};
	const char *ip[] = {"/sbin/ip", "-br", "addr", NULL};
	struct agent_command c = {.argv = ps};
	_cleanup_buf_ struct buf id = BUF_INIT, out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	if (agent_output(g, &c, 64, &id, &err) >= 0) {
		buf_rtrim(&id);
		c = (struct agent_command){.argv = ip, .container = buf_str(&id)};
		if (agent_output(g, &c, 4096, &out, &err) < 0)
			buf_clear(&out);
	}
	printf("inside %s of %s: %s%s\n", buf_str(&id), agent_node(g)->name, err_msg(&err),
		buf_str(&out));
}

/* A section, something for each node, or so many seconds of nothing. */
static int show_one(struct bench *b, const char *what, struct err *err)
{
	void (*of_node)(struct agent * g) = !strcmp(what, "start")    ? show_start
					    : !strcmp(what, "inside") ? show_inside
								      : NULL;

	b->section = what;
	if (find(what))
		return show(b, find(what), err);
	for (size_t i = 0; of_node && i < b->cluster->n_nodes; i++)
		of_node(agents_at(b->agents, i));
	if (!of_node)
		clock_sleep(strtoul(what, NULL, 10) * USEC_PER_SEC);
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct fleet_options fo = {.accept_new_host_keys = true, .run_id = "demo", .owner = "demo"};
	struct bench_options o = {.progress = progress,
		.sustain = (usec_t)strtoul(getenv("SUSTAIN") ? getenv("SUSTAIN") : "0", NULL, 10) *
			   USEC_PER_SEC};
	struct bench b = {.o = &o, .rounds = 3};
	const char **names;
	struct cluster *c;
	struct fleet *f;
	usec_t before;
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || cluster_load(argv[1], &c, &err) < 0) {
		fprintf(stderr, "%s\n", err_msg(&err));
		return 2;
	}
	names = xcalloc(c->n_nodes, sizeof(*names));
	for (size_t i = 0; i < c->n_nodes; i++)
		names[i] = c->nodes[i].name;
	fo.events = events_new(names, c->n_nodes);
	f = fleet_new(c, &fo);
	r = fleet_each(f, nothing, NULL, &err);
	b.cluster = c;
	before = clock_now();
	if (r == 0)
		r = agents_open(f, NULL, &b.agents, &err);
	printf("agents: %.2f s\n", (double)(clock_now() - before) / 1e6);
	for (int i = 2; i < argc && r == 0; i++)
		r = show_one(&b, argv[i], &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err_msg(&err));
	agents_close(b.agents);
	fleet_free(f);
	events_free(fo.events);
	free(names);
	cluster_free(c);
	return r < 0;
}
