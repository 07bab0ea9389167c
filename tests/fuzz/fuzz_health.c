/*
 * Feeds arbitrary text to what reads health.sh's answer and the programs' own `probe` answers, then
 * lets every judge look at the result: a node may say anything.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cluster *load(void)
{
	static const char spec[] =
		"cluster: fuzz\n"
		"nodes:\n"
		"  - {name: a, address: 203.0.113.1, private: 10.0.0.1, roles: [manager, "
		"ingress]}\n"
		"  - {name: b, address: 203.0.113.2, private: 10.0.0.2, roles: [worker, "
		"database]}\n"
		"faas:\n"
		"  functions:\n"
		"    - {name: echo, image: 'registry.example/echo:1', replicas: 2}\n";
	struct cluster *c = NULL;

	if (cluster_parse("fuzz.yaml", spec, strlen(spec), &c, NULL) < 0)
		abort();
	return c;
}

/* What is shown is harmless for a terminal, whatever it was. */
static void check_shown(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			abort();
}

static void look(struct evidence *ev)
{
	struct health h = {0};

	actions_plan(ev, NEED_ACTIONS);
	for (size_t i = 0; i < ev->n; i++)
		for (size_t k = 0; k < ev->nodes[i].n_actions; k++)
			if (ev->nodes[i].answer.ran[0])
				action_read(&ev->nodes[i].actions[k], ev->nodes[i].answer.ran[0],
					&ev->nodes[i].arena);
	judge_all(&h, ev, &(struct health_options){0});
	for (size_t i = 0; i < h.n; i++) {
		check_shown(h.rows[i].text);
		check_shown(h.rows[i].subject);
		check_shown(h.rows[i].remedy);
		if (h.rows[i].state == HEALTH_FAIL && !h.rows[i].remedy)
			abort();
	}
	arena_done(&h.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cluster *cluster;
	struct evidence ev = {.n = 2};

	if (!cluster)
		cluster = load();
	ev.cluster = cluster;
	ev.nodes = xcalloc(ev.n, sizeof(*ev.nodes));
	for (size_t i = 0; i < ev.n; i++) {
		struct node_evidence *e = &ev.nodes[i];

		e->node = &cluster->nodes[i];
		e->connected = true;
		e->answer.n_ran = 1;
		/* Also what a cut-off answer left behind must not hurt. */
		e->answered = answer_parse((const char *)data, size, &e->answer, NULL) == 0 ||
			      (size && data[0] & 1);
		e->http[HTTP_HEALTHZ] = (struct http_seen){
			.status = 503,
			.body = arena_strndup(
				&e->arena, (const char *)data, MIN_OF(size, (size_t)400)),
		};
	}
	ev.now = 1770000000;
	/* What a server shows as its certificate is no better than what a node says. */
	ev.nodes[0].tls.tried = true;
	ev.nodes[0].tls.pem = ev.nodes[0].answer.certificate;
	look(&ev);
	evidence_done(&ev);
	return 0;
}
