/*
 * How fast a node's disk makes writes durable, and reads.  On every node at once, where the swarm's
 * raft log and Redis live.  Neighbours of a virtual disk disturb a short measurement, so there are
 * rounds, and a node is judged by its median one.
 */
#include <math.h>

#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"
#include "probe/bench/node_judge.h"
#include "probe/bench/node_tool.h"

enum { ROUND_SECONDS = 3, MOST_WINDOWS = 3600, MAX_ROUNDS = 100 };

struct disks {
	struct node_answer *answers; /* round by round, the nodes of each in their order */
	size_t rounds, nodes;
};

static double of(const struct node_answer *a, const char *what, const char *key)
{
	return node_number(json_obj(a->result, what), key);
}

/* ---- measuring ---- */

static int measure(struct bench *b, struct disks *d, struct err *err)
{
	char seconds[16], sustain[32];
	const char *argv[] = {"disk", "--dir", "/var/lib/docker", "--dir", "/var/lib", "--seconds",
		seconds, b->o->sustain ? "--sustain" : NULL, sustain, NULL};
	struct node_tool tool = {.argv = argv};

	snprintf(seconds, sizeof(seconds), "%d", ROUND_SECONDS);
	snprintf(sustain, sizeof(sustain), "%.1f", (double)b->o->sustain / 1e6);
	/* A write that hangs counts until it is done, but not for ever. */
	tool.deadline = b->o->sustain + 60 * USEC_PER_SEC;
	for (size_t i = 0; i < d->rounds; i++) {
		int r = node_tool_run(b, &tool, d->answers + i * d->nodes, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The round of @node that stands for it: the one with the median p99 of those that went well. */
static const struct node_answer *typical(const struct disks *d, size_t node)
{
	const struct node_answer *best = &d->answers[node];
	_cleanup_free_ double *p99 = xcalloc(d->rounds, sizeof(*p99));
	size_t n = 0;
	double middle;

	for (size_t i = 0; i < d->rounds; i++) {
		double value = of(&d->answers[i * d->nodes + node], "fdatasync_ms", "p99");

		if (isfinite(value))
			p99[n++] = value;
	}
	middle = median_of(p99, n);
	for (size_t i = 0; i < d->rounds; i++) {
		const struct node_answer *a = &d->answers[i * d->nodes + node];
		double off = fabs(of(a, "fdatasync_ms", "p99") - middle);
		double least = fabs(of(best, "fdatasync_ms", "p99") - middle);

		if (off < least || (isfinite(off) && !isfinite(least)))
			best = a;
	}
	return best;
}

/* ---- the result ---- */

/* Figures are of the worst node, round by round. */
static void add_figures(const struct disks *d, struct section_result *ret)
{
	static const struct {
		const char *name, *what, *key;
	} figures[] = {
		{"fdatasync_p50", "fdatasync_ms", "p50"},
		{"fdatasync_p99", "fdatasync_ms", "p99"},
		{"read_p50", "read_ms", "p50"},
		{"read_p99", "read_ms", "p99"},
	};

	for (size_t f = 0; f < ARRAY_SIZE(figures); f++)
		for (size_t i = 0; i < d->rounds; i++) {
			double worst = NAN;

			for (size_t k = 0; k < d->nodes; k++)
				worst = fmax(worst, of(&d->answers[i * d->nodes + k],
							    figures[f].what, figures[f].key));
			section_figure(ret, figures[f].name, "ms", BETTER_LOWER, worst);
		}
}

static json_t *windows_of(const json_t *seen)
{
	const json_t *from = json_arr(seen, "windows");
	json_t *ret = json_array();

	for (size_t i = 0; i < json_array_size(from) && i < MOST_WINDOWS; i++) {
		const json_t *w = json_array_get(from, i);
		json_t *one = json_object();

		clean_set(one, "t", node_number(w, "t"));
		json_object_set_new(one, "n", json_integer(json_int(w, "n", 0)));
		clean_set(one, "p50", node_number(w, "p50"));
		clean_set(one, "p99", node_number(w, "p99"));
		json_array_append_new(ret, one);
	}
	return ret;
}

static json_t *latency_of(const json_t *seen, const char *what)
{
	json_t *latency = clean_latency(json_obj(seen, what));

	return latency ? latency : json_null();
}

static json_t *detail_of(const struct node_answer *a, const struct node_verdict *v)
{
	json_t *o = node_detail(a, v);

	if (!a->result)
		return o;
	node_copy_text(o, a->result, "path");
	node_copy_text(o, a->result, "device");
	node_copy_text(o, a->result, "filesystem");
	json_object_set_new(o, "fdatasync_ms", latency_of(a->result, "fdatasync_ms"));
	json_object_set_new(o, "read_ms", latency_of(a->result, "read_ms"));
	json_object_set_new(o, "windows", windows_of(a->result));
	return o;
}

/* "NVMe-class", when all are. */
static const char *join_verdict(const char *so_far, const char *verdict)
{
	if (!so_far || !verdict)
		return verdict;
	return strcmp(so_far, verdict) ? "disks of several classes" : so_far;
}

static void judge(const struct disks *d, struct section_result *ret)
{
	json_t *nodes = json_array();
	struct node_summary sum = {0};
	const char *all = NULL;
	char figures[160];

	for (size_t i = 0; i < d->nodes; i++) {
		const struct node_answer *a = typical(d, i);
		struct node_verdict v = {0};

		if (a->result) {
			judge_disk(a->result, &ret->arena, &v);
			node_summary_add(&sum, a->node, v.state,
				arena_printf(&ret->arena, "%s: %s", v.verdict ? v.verdict : "-",
					v.reason),
				v.remedy);
			all = join_verdict(all, v.verdict);
		} else {
			node_summary_error(&sum, a->node, a->error);
		}
		json_array_append_new(nodes, detail_of(a, &v));
	}
	json_object_set_new(ret->detail, "nodes", nodes);
	snprintf(figures, sizeof(figures),
		"at most: fdatasync p50 %.2f ms, p99 %.2f ms, reads p50 %.2f ms, p99 %.2f ms",
		section_median(ret, "fdatasync_p50"), section_median(ret, "fdatasync_p99"),
		section_median(ret, "read_p50"), section_median(ret, "read_p99"));
	node_summary_found(&sum, ret, all ? all : "-", figures);
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	struct disks d = {.rounds = b->o->sustain ? 1 : MIN_OF(b->rounds, (unsigned)MAX_ROUNDS),
		.nodes = b->cluster->n_nodes};
	int r;

	d.answers = xcalloc(d.rounds * d.nodes, sizeof(*d.answers));
	r = measure(b, &d, err);
	if (r == 0) {
		add_figures(&d, ret);
		judge(&d, ret);
	}
	node_answers_done(d.answers, d.rounds * d.nodes);
	free(d.answers);
	return r;
}

/* ---- for people ---- */

static void print_ms(struct table *t, const json_t *o, const char *key)
{
	double value = node_number(o, key);

	node_table_number(t, value, value < 10 ? 3 : 1);
}

static void print_numbers(struct table *t, const json_t *node)
{
	const json_t *written = json_obj(node, "fdatasync_ms"), *read = json_obj(node, "read_ms");

	print_ms(t, written, "p50");
	print_ms(t, written, "p99");
	print_ms(t, read, "p50");
	print_ms(t, read, "p99");
}

static void print(const json_t *section, struct buf *out)
{
	static const struct table_column columns[] = {
		{"node", "NODE", .right = false},
		{"verdict", "VERDICT", .right = false},
		{"p50", "FDATASYNC P50", .right = true},
		{"p99", "P99", .right = true},
		{"read_p50", "READ P50", .right = true},
		{"read_p99", "P99 MS", .right = true},
		{"reason", "WHY", .right = false},
		{0},
	};

	node_table(section, columns, print_numbers, out);
}

const struct section section_disk = {
	.name = "disk",
	.summary = "how fast a node's disk makes writes durable, and reads",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
	.print = print,
};
