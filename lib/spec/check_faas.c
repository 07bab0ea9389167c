/* Cross-checks of the function platform; its functions are in check_function.c. */
#include <unistd.h>

#include "lib/spec/checker.h"

static void check_archives(struct checker *k)
{
	const struct cluster *c = &k->draft->c;

	for (size_t i = 0; i < c->n_images; i++) {
		_cleanup_buf_ struct buf shown = BUF_INIT;

		if (!c->images[i].archive || access(c->images[i].archive, R_OK) == 0)
			continue;
		value_quote(&shown, c->images[i].archive);
		check_warn(k, "warning", c->images[i].line,
			"images[%zu]: %s cannot be read (%s); up will need it", i, buf_str(&shown),
			strerror(errno));
	}
}

/* What is written down but will not happen. */
static void check_engine(struct checker *k)
{
	const struct cluster *c = &k->draft->c;
	const struct mark *own = marks_find(k->marks, "faas.openfaas");
	const struct mark *monitoring = marks_find(k->marks, "faas.monitoring");

	if (own && c->faas.engine != ENGINE_OPENFAAS)
		check_warn(k, "note", check_line(own),
			"faas.openfaas: without effect while faas.engine is 'svarm'");
	if (monitoring && c->faas.engine == ENGINE_OPENFAAS &&
		c->faas.monitoring == MONITORING_NONE)
		check_warn(k, "note", check_line(monitoring),
			"faas.monitoring: engine openfaas always has Prometheus: it scales by it");
}

static void check_secrets(struct checker *k)
{
	const struct cluster *c = &k->draft->c;
	struct unique *names = arena_array(k->arena, struct unique, c->faas.n_secrets + 1);
	size_t n = 0;

	for (size_t i = 0; i < c->faas.n_secrets; i++) {
		const struct spec_secret *s = &c->faas.secrets[i];

		if (s->name)
			names[n++] = (struct unique){s->name, s->name, i, s->line};
	}
	check_unique(k, names, n, "faas.secrets", "name", "name");
}

void check_faas(struct checker *k)
{
	const struct cluster *c = &k->draft->c;

	check_secrets(k);
	check_archives(k);
	check_engine(k);
	if (c->faas.redis.persistence == REDIS_NONE)
		check_warn(k, "warning", check_line(marks_find(k->marks, "faas.redis.persistence")),
			"faas.redis.persistence: without aof a restart of Redis loses the queued "
			"calls");
}
