/*
 * Do the nodes get the processors they have?  All work at once, but nodes that are one machine
 * (several virtual servers without kernels of their own, a lab) take turns: at once they would
 * measure each other.
 */
#include <math.h>

#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"
#include "probe/bench/node_judge.h"
#include "probe/bench/node_tool.h"

static json_t *detail_of(const struct node_answer *a, const struct node_verdict *v)
{
	static const char *const numbers[] = {
		"steal", "slowdown", "work_start_ms", "work_end_ms", "seconds", "got", "idle"};
	json_t *o = node_detail(a, v);

	if (!a->result)
		return o;
	json_object_set_new(o, "cores", json_integer(json_int(a->result, "cores", 0)));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		clean_set(o, numbers[i], node_number(a->result, numbers[i]));
	return o;
}

static void judge(const struct node_answer *answers, size_t n, struct section_result *ret)
{
	json_t *nodes = json_array();
	struct node_summary sum = {0};
	double steal = NAN, slower = NAN;
	char figures[120];

	for (size_t i = 0; i < n; i++) {
		const struct node_answer *a = &answers[i];
		struct node_verdict v = {0};

		if (a->result) {
			judge_cpu(a->result, &ret->arena, &v);
			node_summary_add(&sum, a->node, v.state, v.reason, v.remedy);
			steal = fmax(steal, node_number(a->result, "steal"));
			slower = fmax(slower, node_number(a->result, "slowdown"));
		} else {
			node_summary_error(&sum, a->node, a->error);
		}
		json_array_append_new(nodes, detail_of(a, &v));
	}
	json_object_set_new(ret->detail, "nodes", nodes);
	section_figure(ret, "steal", "%", BETTER_LOWER, steal);
	section_figure(ret, "slowdown", "%", BETTER_LOWER, slower);
	if (isfinite(slower))
		snprintf(figures, sizeof(figures), "at most: steal %.1f %%, slowdown %.0f %%",
			steal, slower);
	else
		snprintf(figures, sizeof(figures), "at most: steal %.1f %%", steal);
	node_summary_found(&sum, ret, "every node gets its processors", figures);
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	static const char *const argv[] = {"cpu", "--seconds", "10", NULL};
	static const char *const argv_shared[] = {"cpu", "--seconds", "3", NULL};
	const struct node_tool tool = {argv, argv_shared, 60 * USEC_PER_SEC};
	const size_t n = b->cluster->n_nodes;
	struct node_answer *answers = xcalloc(n, sizeof(*answers));
	int r = node_tool_run(b, &tool, answers, err);

	if (r == 0)
		judge(answers, n, ret);
	node_answers_done(answers, n);
	free(answers);
	return r;
}

static void print_numbers(struct table *t, const json_t *node)
{
	node_table_number(t, node_number(node, "cores"), 0);
	node_table_number(t, node_number(node, "steal"), 1);
	node_table_number(t, node_number(node, "slowdown"), 1);
	node_table_number(t, node_number(node, "work_start_ms"), 2);
	node_table_number(t, node_number(node, "work_end_ms"), 2);
}

static void print(const json_t *section, struct buf *out)
{
	static const struct table_column columns[] = {
		{"node", "NODE", .right = false},
		{"verdict", "VERDICT", .right = false},
		{"cores", "CORES", .right = true},
		{"steal", "STEAL %", .right = true},
		{"slowdown", "SLOWDOWN %", .right = true},
		{"start", "WORK MS", .right = true},
		{"end", "AT THE END", .right = true},
		{"reason", "WHY", .right = false},
		{0},
	};

	node_table(section, columns, print_numbers, out);
}

const struct section section_cpu = {
	.name = "cpu",
	.summary = "whether the nodes get the processors they have",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
	.print = print,
};
