/* The sections disk and cpu, of nodes that say what they like: three that answer every command with
 * the same text, or are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "probe/bench/node_tool.h"
#include "tests/unit/local_link.h"

static const char spec[] =
	"cluster: test\n"
	"nodes:\n"
	"  - {name: a, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, ingress]}\n"
	"  - {name: b, address: 192.0.2.2, private: 10.0.0.2, roles: [worker]}\n"
	"  - {name: c, address: 192.0.2.3, private: 10.0.0.3, roles: [worker, database]}\n";

enum { NODES = 3 };

struct world {
	struct cluster *cluster;
	struct fleet_options fleet_options;
	struct fleet *fleet;
	struct buf scripts[NODES];
	struct bench_options options;
	struct bench bench;
	struct section_result result;
	struct buf progress;
	bool cancel;
};

static void on_progress(void *arg, const char *section, const char *line)
{
	struct world *w = arg;

	buf_addf(&w->progress, "%s: %s\n", section, line);
}

/* Each node answers with its of @says; NULL: it is not connected. */
static void world_open(struct world *w, const char *const says[NODES])
{
	_cleanup_err_ struct err err = ERR_INIT;

	*w = (struct world){0};
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(cluster_parse("test.yaml", spec, strlen(spec), &w->cluster, &err), 0);
	w->fleet = fleet_new(w->cluster, &w->fleet_options);
	for (size_t i = 0; i < NODES; i++) {
		struct local_link *l;

		if (!says[i])
			continue;
		buf_addf(&w->scripts[i],
			"read -r a b packed; head -c \"$packed\" >/dev/null; printf 'hello 0 "
			"0\\n'; "
			"while read -r word id len; do head -c \"$len\" >/dev/null; "
			"[ $word = start ] || continue; "
			"printf 'out %%d %%d\\n%%send %%d 1\\n0' $id %zu '%s' $id; done",
			strlen(says[i]), says[i]);
		l = local_link_open(&w->cluster->nodes[i]);
		l->instead = buf_str(&w->scripts[i]);
		fleet_node(w->fleet, i)->link = &l->base;
	}
	w->options = (struct bench_options){
		.progress = on_progress, .arg = w, .cancel = &w->cancel};
	w->bench = (struct bench){
		.o = &w->options, .cluster = w->cluster, .rounds = 3, .section = "test"};
	if (agents_open(w->fleet, &w->cancel, &w->bench.agents, &err) < 0)
		fail_msg("%s", err_msg(&err));
	w->result.detail = json_object();
}

static void world_done(struct world *w)
{
	agents_close(w->bench.agents);
	fleet_free(w->fleet);
	cluster_free(w->cluster);
	json_decref(w->result.detail);
	free(w->result.figures);
	arena_done(&w->result.arena);
	buf_done(&w->progress);
	for (size_t i = 0; i < NODES; i++)
		buf_done(&w->scripts[i]);
}

static void run(struct world *w, const struct section *s)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (s->run(&w->bench, &w->result, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

/* @text is a part of what the section says; it is one line, whatever a node said. */
static void assert_found(const struct world *w, enum health_state state, const char *text)
{
	if (w->result.state != state || !strstr(w->result.text, text))
		fail_msg("wanted %d, %s; got %d, %s", state, text, w->result.state, w->result.text);
	assert_null(strchr(w->result.text, '\033'));
	assert_null(strchr(w->result.text, '\n'));
	assert_int_equal(w->result.remedy == NULL, state == HEALTH_OK);
}

static const char *of_node(const struct world *w, size_t i, const char *key)
{
	return json_str(json_array_get(json_arr(w->result.detail, "nodes"), i), key);
}

static double latency_of_node(const struct world *w, size_t i, const char *key)
{
	const json_t *node = json_array_get(json_arr(w->result.detail, "nodes"), i);

	return node_number(json_obj(node, "fdatasync_ms"), key);
}

#define DISK(P50, P99, READ)                                                                       \
	"1 s: going\n{\"path\": \"/var/lib/docker\", \"device\": \"/dev/vda\\u001b\", "            \
	"\"fdatasync_ms\": {\"n\": 100, \"mean\": 1, \"p90\": -1, \"p50\": " P50 ", \"p99\": " P99 \
	"}, \"read_ms\": {\"n\": 100, \"mean\": 0.5, \"p50\": " READ ", \"p99\": 0.9}, "           \
	"\"windows\": [{\"t\": 1, \"n\": 100, \"p50\": 0.1, \"p99\": 0.2}, 7, \"x\"]}\n"

static void test_disk(void **state)
{
	static const char *const says[] = {
		DISK("0.2", "2", "0.1"), DISK("0.3", "1", "0.1"), DISK("0.1", "3", "0.1")};
	struct world w;

	world_open(&w, says);
	run(&w, &section_disk);
	assert_found(&w, HEALTH_OK, "NVMe-class; at most: fdatasync p50 0.30 ms, p99 3.00 ms");
	assert_true(section_median(&w.result, "fdatasync_p50") == 0.3);
	assert_true(section_median(&w.result, "read_p99") == 0.9);
	assert_int_equal(w.result.figures[0].n, 3);
	assert_string_equal(of_node(&w, 2, "node"), "c");
	assert_string_equal(of_node(&w, 2, "verdict"), "NVMe-class");
	assert_string_equal(of_node(&w, 0, "device"), "/dev/vda\\x1b");
	assert_true(latency_of_node(&w, 1, "p50") == 0.3 && latency_of_node(&w, 1, "n") == 100);
	assert_true(isnan(latency_of_node(&w, 1, "p90"))); /* no time is negative */
	assert_non_null(strstr(buf_str(&w.progress), "test: b: 1 s: going\n"));
	assert_null(strchr(buf_str(&w.progress), '{'));
	world_done(&w);
}

static void test_disk_worst(void **state)
{
	static const char *const says[] = {DISK("0.2", "2", "0.1"), DISK("0.2", "2", "2"), NULL};
	struct world w;

	world_open(&w, says);
	run(&w, &section_disk);
	assert_found(&w, HEALTH_WARN, "b: throttled: ");
	assert_string_equal(of_node(&w, 1, "verdict"), "throttled");
	assert_string_equal(of_node(&w, 2, "error"), "not connected");
	world_done(&w);
}

/* What is not there, is no JSON, or JSON of another kind. */
static void test_unmeasured(void **state)
{
	static const char *const says[] = {"{\"steal\": 0}\n", "\033[2J{\n", NULL};
	static const char *const nobody[] = {NULL, NULL, NULL};
	struct world w;

	world_open(&w, says);
	run(&w, &section_cpu);
	assert_found(&w, HEALTH_WARN, "b: 'cpu' printed no result: \\x1b[2J{");
	assert_string_equal(of_node(&w, 0, "verdict"), "ok");
	world_done(&w);
	world_open(&w, says);
	run(&w, &section_disk);
	assert_found(&w, HEALTH_FAIL, "a: -: no write was durable in time");
	world_done(&w);
	world_open(&w, nobody);
	run(&w, &section_disk);
	assert_found(&w, HEALTH_FAIL, "no node could be measured; a: not connected");
	assert_int_equal(w.result.n_figures, 0);
	world_done(&w);
}

static void test_cpu(void **state)
{
	static const char *const says[] = {
		"{\"cores\": 2, \"steal\": 1, \"slowdown\": 3, \"got\": 99, \"idle\": 0}\n",
		"{\"cores\": 2, \"steal\": 12, \"slowdown\": 2, \"got\": 80, \"idle\": 0}\n",
		"{\"cores\": \"two\", \"steal\": 7, \"slowdown\": null}\n"};
	struct world w;

	world_open(&w, says);
	run(&w, &section_cpu);
	assert_found(&w, HEALTH_FAIL, "b: 12.0 % of the processors' time went to others");
	assert_true(section_median(&w.result, "steal") == 12);
	assert_true(section_median(&w.result, "slowdown") == 3);
	assert_string_equal(of_node(&w, 2, "verdict"), "stolen");
	world_done(&w);
}

static void test_cancel(void **state)
{
	static const char *const says[] = {DISK("1", "1", "1"), DISK("1", "1", "1"), NULL};
	_cleanup_err_ struct err err = ERR_INIT;
	struct world w;

	world_open(&w, says);
	__atomic_store_n(&w.cancel, true, __ATOMIC_RELAXED);
	assert_int_equal(section_disk.run(&w.bench, &w.result, &err), ERR_INTR);
	assert_int_equal(section_cpu.run(&w.bench, &w.result, &err), ERR_INTR);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_disk_worst),
		cmocka_unit_test(test_unmeasured),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_cancel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
