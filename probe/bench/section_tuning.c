/*
 * What each setting buys on this cluster: measured before and after on a stage of its own on the
 * first ingress node (probe/tool/stage.h), with the values of the spec.  What runs there is not
 * touched, but shares the processors: the numbers are for comparing, with each other and in turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/quote.h"
#include "probe/bench/tuning.h"

enum { SECONDS_EACH = 40 }; /* what a round of all trials may take */

/* argv of the tool: every value is a number of the spec. */
struct words {
	char keepalive[16], buffer[24], backlog[16], somaxconn[16], tw_reuse[8], rounds[8];
	const char *argv[16];
};

/* A sysctl of the spec as a number, so that nothing else can be in it. */
static long sysctl_number(const struct cluster *c, const char *key, long otherwise)
{
	const char *text = cluster_sysctl(c, key);
	char *end;
	long value = text ? strtol(text, &end, 10) : otherwise;

	return text && (end == text || *end) ? otherwise : value;
}

static void make_words(const struct bench *b, struct words *w)
{
	const struct cluster *c = b->cluster;
	long somaxconn = sysctl_number(c, "net.core.somaxconn", 4096);
	size_t n = 0;

	snprintf(w->keepalive, sizeof(w->keepalive), "%d", c->tune.nginx.upstream_keepalive);
	snprintf(w->buffer, sizeof(w->buffer), "%llu",
		(unsigned long long)c->tune.nginx.client_body_buffer_size);
	snprintf(w->backlog, sizeof(w->backlog), "%ld", somaxconn);
	snprintf(w->somaxconn, sizeof(w->somaxconn), "%ld", somaxconn);
	snprintf(w->tw_reuse, sizeof(w->tw_reuse), "%ld",
		sysctl_number(c, "net.ipv4.tcp_tw_reuse", 2));
	snprintf(
		w->rounds, sizeof(w->rounds), "%u", MIN_OF(b->rounds, (unsigned)TUNING_MAX_ROUNDS));
	w->argv[n++] = "tuning";
	w->argv[n++] = "--keepalive";
	w->argv[n++] = w->keepalive;
	w->argv[n++] = "--body-buffer";
	w->argv[n++] = w->buffer;
	w->argv[n++] = "--backlog";
	w->argv[n++] = w->backlog;
	w->argv[n++] = "--somaxconn";
	w->argv[n++] = w->somaxconn;
	w->argv[n++] = "--tw-reuse";
	w->argv[n++] = w->tw_reuse;
	w->argv[n++] = "--rounds";
	w->argv[n++] = w->rounds;
	w->argv[n] = NULL;
}

static void take_line(
	const struct bench *b, const char *line, json_t *rows, struct section_result *ret)
{
	_cleanup_json_ json_t *object = NULL;
	json_t *row = NULL;

	if (json_parse(line, strlen(line), 64 * 1024, &object, NULL) >= 0)
		row = tuning_row(object, ret);
	if (!row)
		return;
	bench_say(b, "%s: %s", json_str(row, "setting"), json_str(row, "text"));
	json_array_append_new(rows, row);
}

static int follow(struct bench *b, struct agent_job *job, json_t *rows, struct section_result *ret,
	struct err *err)
{
	const char *line;
	int r;

	while ((r = agent_job_line(job, 2 * SECONDS_EACH * USEC_PER_SEC, &line, err)) == 1)
		take_line(b, line, rows, ret);
	return r;
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	const struct spec_node *node = cluster_first(b->cluster, ROLE_INGRESS);
	_cleanup_(agent_job_endp) struct agent_job *job = NULL;
	_cleanup_err_ struct err why = ERR_INIT;
	struct words words;
	struct agent_command command = {.argv = words.argv};
	json_t *rows = json_array();
	struct agent *agent;
	int r;

	json_object_set_new(ret->detail, "settings", rows);
	if (!node) {
		section_found(ret, HEALTH_SKIP, "no node has the role ingress");
		return 0;
	}
	json_object_set_new(ret->detail, "node", json_string(node->name));
	agent = agents_at(b->agents, node->index);
	if (agent_error(agent)) {
		section_found(ret, HEALTH_SKIP, "%s: %s", node->name, agent_error(agent));
		return 0;
	}
	make_words(b, &words);
	command.deadline = SECONDS_EACH * b->rounds * USEC_PER_SEC;
	r = agent_start(agent, &command, &job, &why);
	if (r >= 0)
		r = follow(b, job, rows, ret, &why);
	if (r == ERR_INTR)
		return err_move(err, &why);
	if (r < 0 || !json_array_size(rows)) {
		section_found(ret, HEALTH_FAIL, "%s: %s", node->name,
			r < 0 ? err_msg(&why) : "nothing was measured");
		section_remedy(
			ret, "nginx must be installed there, and 100 MB free below /var/tmp");
		return 0;
	}
	tuning_verdict(rows, ret);
	return 0;
}

static void add_value(struct buf *out, double v)
{
	buf_addf(out, v >= 1000 ? "%.0f" : "%.4g", v);
}

static void print_row(const json_t *row, struct buf *out)
{
	const json_t *before = json_object_get(row, "before"),
		     *after = json_object_get(row, "after");
	const char *setting = json_str(row, "setting"), *unit = json_str(row, "unit");
	const char *text = json_str(row, "text"), *note = json_str(row, "note");
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addf(&line, "%-20s ", setting ? setting : "?");
	if (json_is_number(before) && json_is_number(after)) {
		add_value(&line, json_number_value(before));
		buf_adds(&line, " -> ");
		add_value(&line, json_number_value(after));
		buf_addf(&line, " %s, ", unit ? unit : "");
	}
	buf_addf(&line, "%s%s%s%s", text ? text : "", note ? " (" : "", note ? note : "",
		note ? ")" : "");
	buf_adds(out, "  ");
	escape_text(out, buf_str(&line), line.len, false);
	buf_addc(out, '\n');
}

static void print(const json_t *section, struct buf *out)
{
	const json_t *rows = json_arr(json_obj(section, "detail"), "settings");

	for (size_t i = 0; i < json_array_size(rows) && i < 100; i++)
		print_row(json_array_get(rows, i), out);
}

const struct section section_tuning = {
	.name = "tuning",
	.summary = "what each setting buys on this cluster, before and after",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.only_named = true,
	.run = run,
	.print = print,
};
