/*
 * Prints the plan for recorded nodes, for golden files:
 *   plan_dump FOLDER           the plan for FOLDER/cluster.yaml and what each node once said
 *                              (FOLDER/facts.NODE; a node without one cannot be reached)
 *   plan_dump --ask SPEC NODE  the question that such an answer answers
 * The nodes are fake links below the real fleet, so that gathering, preflight and diff are those of
 * `svarm plan`.
 *
 * What a node has of ours (files, services) changes with every edit of a template.  So that a
 * recorded answer of a converged node stays one, it may say "@wanted@" where the wanted hash
 * stands: "sha256 PATH @wanted@" and "svarm.hash":"@SERVICE@".  Hashes are not shown, for the same
 * reason.
 */
#include <stdio.h>

#include "lib/node/link_fake.h"
#include "lib/node/pending.h"
#include "tests/unit/flow_make.h"

struct dump {
	const char *folder;
	struct cluster *cluster;
	struct test_flow flow;
};

/* ---- the recorded answers ---- */

static void replace(struct buf *text, const char *from, const char *to)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *at = buf_str(text), *hit;

	while ((hit = strstr(at, from))) {
		buf_add(&out, at, (size_t)(hit - at));
		buf_adds(&out, to);
		at = hit + strlen(from);
	}
	buf_adds(&out, at);
	buf_clear(text);
	buf_add(text, buf_str(&out), out.len);
}

static void fill_in_file(struct buf *text, const struct resource *r)
{
	_cleanup_free_ char *from = xasprintf("sha256\t%s\t@wanted@", r->name), *to = NULL;
	char hash[SHA256_HEX + 1];

	sha256_hex(r->file.content, r->file.len, hash);
	to = xasprintf("sha256\t%s\t%s", r->name, hash);
	replace(text, from, to);
}

/* "@NAME@" in quotes becomes @value in quotes. */
static void fill_in_name(struct buf *text, const char *name, size_t len, const char *value)
{
	_cleanup_free_ char *from = xasprintf("\"@%.*s@\"", (int)len, name);
	_cleanup_free_ char *to = xasprintf("\"%s\"", value);

	replace(text, from, to);
}

static void fill_in(struct buf *text, const struct resource *r)
{
	const char *dash = strrchr(r->name, '-');

	if (r->kind == RES_FILE)
		fill_in_file(text, r);
	if (r->kind == RES_SECRET && dash)
		fill_in_name(text, r->name, (size_t)(dash - r->name), r->name);
	for (size_t i = 0; r->kind == RES_STACK && i < r->stack.n_services; i++)
		fill_in_name(text, r->stack.services[i].name, strlen(r->stack.services[i].name),
			r->stack.services[i].hash);
}

/* Put in what is wanted now; an answer that cannot be read stays as it is. */
static void fill_in_wanted(struct dump *d, const struct spec_node *n, struct buf *text)
{
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set set = {.arena = &arena};

	if (facts_parse(buf_str(text), text->len, &f, NULL) < 0 ||
		test_flow_want(&d->flow, n, &f, &set, NULL) < 0)
		return;
	for (size_t i = 0; i < set.n; i++)
		fill_in(text, &set.items[i]);
}

struct recorded {
	struct buf text;
	struct link_fake_answer answer;
	struct link_fake fake;
};

static void open_recorded(struct dump *d, struct node_run *nr, struct recorded *ret)
{
	_cleanup_free_ char *path = xasprintf("%s/facts.%s", d->folder, nr->node->name);

	if (buf_read_file(&ret->text, path, 4 << 20, NULL) < 0) {
		ret->fake.fail_at = 1;
	} else if (!memchr(buf_str(&ret->text), '\0', ret->text.len)) {
		fill_in_wanted(d, nr->node, &ret->text);
		ret->answer = (struct link_fake_answer){.out = buf_str(&ret->text)};
		ret->fake.answers = &ret->answer;
		ret->fake.n_answers = 1;
	}
	nr->link = link_fake_open(&ret->fake, nr->node);
}

/* ---- print ---- */

/* Runs of twelve hexadecimal digits and more become "#". */
static void print_masked(const char *s)
{
	while (*s) {
		size_t n = strspn(s, "0123456789abcdef");

		if (n >= 12)
			putchar('#');
		else
			printf("%.*s", (int)n, s);
		s += n;
		n = strcspn(s, "0123456789abcdef");
		printf("%.*s", (int)n, s);
		s += n;
	}
}

static void print_change(const struct change *c)
{
	static const char signs[] = {
		[CHANGE_CREATE] = '+', [CHANGE_UPDATE] = '~', [CHANGE_REMOVE] = '-'};

	printf("    %c %s ", signs[c->action], resource_kind_name(c->kind));
	print_masked(c->name);
	printf(": ");
	print_masked(c->before ? c->before : "nothing");
	printf(" -> ");
	print_masked(c->after ? c->after : "nothing");
	printf(" (%s)\n", c->why ? c->why : "?");
}

static void print_step(const struct change_set *set, const struct step *s)
{
	printf("  step ");
	print_masked(s->title);
	for (size_t i = 0; i < s->n_frames; i++)
		if (s->frames[i].from == FRAME_PROMISE)
			printf(i < s->n_awaits ? ", after %s" : ", given %s", s->frames[i].data);
	putchar('\n');
	for (size_t i = 0; i < s->n; i++)
		print_change(&set->changes[s->first + i]);
}

static void print_node(struct node_run *nr)
{
	printf("%s: ", nr->node->name);
	if (nr->err.code) {
		printf("error %d: %s\n", nr->err.code, err_msg(&nr->err));
		return;
	}
	printf("%zu changes in %zu steps\n", nr->changes.n, nr->changes.n_steps);
	for (size_t i = 0; i < nr->changes.n_steps; i++)
		print_step(&nr->changes, &nr->changes.steps[i]);
}

/* Notices are part of what is shown; everything else goes by. */
static void on_event(struct reporter *r, const struct event *e)
{
	if (e->kind == EVENT_NOTICE)
		printf("%s: notice: %s\n", e->node, e->text);
}
static void on_close(struct reporter *r)
{
}

static int plan(struct dump *d, struct err *err)
{
	const size_t n = d->cluster->n_nodes;
	const char **names = xcalloc(n, sizeof(*names));
	struct recorded *recorded = xcalloc(n, sizeof(*recorded));
	struct reporter reporter = {.event = on_event, .close = on_close};
	struct fleet_flow flow = test_flow_up(&d->flow);
	struct fleet_options options = {.run_id = "plan", .owner = "plan_dump"};
	struct fleet *f;
	int r;

	for (size_t i = 0; i < n; i++)
		names[i] = d->cluster->nodes[i].name;
	options.events = events_new(names, n);
	events_add_reporter(options.events, &reporter);
	f = fleet_new(d->cluster, &options);
	for (size_t i = 0; i < n; i++)
		open_recorded(d, fleet_node(f, i), &recorded[i]);
	r = fleet_converge(f, &flow, false, err);
	for (size_t i = 0; i < n; i++)
		print_node(fleet_node(f, i));
	printf("exit %d\n", r < 0 ? 1 : fleet_changes(f) ? 10 : 0);
	fleet_free(f);
	events_free(options.events);
	for (size_t i = 0; i < n; i++) {
		buf_done(&recorded[i].text);
		link_fake_done(&recorded[i].fake);
	}
	free(recorded);
	free(names);
	return 0;
}

static int print_question(struct dump *d, const char *node, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	d->flow.cluster = d->cluster;
	for (size_t i = 0; i < d->cluster->n_nodes; i++)
		if (!strcmp(d->cluster->nodes[i].name, node))
			test_flow_ask(&d->flow, &d->cluster->nodes[i], &out);
	pending_ask(&out);
	fputs(buf_str(&out), stdout);
	return 0;
}

static int dump_folder(struct dump *d, struct err *err)
{
	_cleanup_free_ char *spec = xasprintf("%s/cluster.yaml", d->folder);
	int r;

	r = cluster_load(spec, &d->cluster, err);
	if (r < 0)
		return r;
	r = test_flow_load(&d->flow, d->cluster, err);
	if (r >= 0)
		r = plan(d, err);
	test_flow_done(&d->flow);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct dump d = {0};
	int r;

	if (argc == 4 && !strcmp(argv[1], "--ask")) {
		r = cluster_load(argv[2], &d.cluster, &err);
		if (r >= 0)
			r = print_question(&d, argv[3], &err);
	} else if (argc == 2) {
		d.folder = argv[1];
		r = dump_folder(&d, &err);
	} else {
		return 2;
	}
	if (r < 0)
		fprintf(stderr, "plan_dump: %s\n", err_msg(&err));
	cluster_free(d.cluster);
	return r < 0;
}
