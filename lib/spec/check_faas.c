/* Cross-checks of the function platform. */
#include <unistd.h>

#include "lib/spec/checker.h"

static void check_image(struct checker *k, const struct spec_function *f, size_t i)
{
	const char *slash = strrchr(f->image, '/');
	const char *tag = strchr(slash ? slash : f->image, ':');
	int line = check_line(marks_find(k->marks, "faas.functions[%zu].image", i));

	if (strchr(f->image, '@'))
		return;
	if (!tag)
		check_warn(k, "warning", line,
			"faas.functions[%zu].image: '%s' has no tag, so what runs may change by "
			"itself; name a version",
			i, f->image);
	else if (!strcmp(tag, ":latest"))
		check_warn(k, "warning", line,
			"faas.functions[%zu].image: '%s' may mean another image tomorrow; name a "
			"version",
			i, f->image);
}

static void check_limits(struct checker *k, const struct spec_function *f, size_t i)
{
	_cleanup_buf_ struct buf where = BUF_INIT;
	const char *what = NULL;

	if (f->limits.memory && f->requests.memory > f->limits.memory)
		what = "memory";
	else if (f->limits.cpus > 0 && f->requests.cpus > f->limits.cpus)
		what = "cpus";
	if (!what)
		return;
	buf_addf(&where, "faas.functions[%zu].requests.%s", i, what);
	diag_add(k->diag, check_place(k, marks_find(k->marks, "%s", buf_str(&where))),
		buf_str(&where), "more is requested than the limit allows");
}

static void check_environment(struct checker *k, const struct spec_function *f, size_t i)
{
	for (size_t e = 0; e < f->n_env; e++)
		if (diag_secret_name(f->env[e].key, strlen(f->env[e].key)))
			check_warn(k, "warning", f->env[e].line,
				"faas.functions[%zu].environment: %s looks like a secret: "
				"everybody who can inspect the service can read it",
				i, f->env[e].key);
}

/* On which nodes its containers may run is the scheduler's business, but there must be one. */
static void check_function(struct checker *k, const struct spec_function *f, size_t i)
{
	if (f->image)
		check_image(k, f, i);
	check_limits(k, f, i);
	check_environment(k, f, i);
}

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

void check_faas(struct checker *k)
{
	const struct cluster *c = &k->draft->c;
	struct unique *names = arena_array(k->arena, struct unique, c->faas.n_functions + 1);
	size_t n = 0;

	for (size_t i = 0; i < c->faas.n_functions; i++) {
		const struct spec_function *f = &c->faas.functions[i];

		if (f->name)
			names[n++] = (struct unique){f->name, f->name, i, f->line};
		check_function(k, f, i);
	}
	check_unique(k, names, n, "faas.functions", "name", "name");
	check_archives(k);
	check_engine(k);
	if (c->faas.redis.persistence == REDIS_NONE)
		check_warn(k, "warning", check_line(marks_find(k->marks, "faas.redis.persistence")),
			"faas.redis.persistence: without aof a restart of Redis loses the queued "
			"calls");
}
