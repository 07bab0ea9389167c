/* Cross-checks of the tuning: kernel settings svarm knows the meaning of, and nginx's memory. */
#include <stdlib.h>

#include "lib/spec/checker.h"

/* Body buffers that could take more than this get a warning. */
#define MUCH_MEMORY (UINT64_C(4) << 30)

/* Ports below the range's usual start that svarm or the swarm listen on. */
static const struct {
	int first, last;
	const char *what;
} service_ports[] = {
	{2377, 2377, "2377"},
	{4789, 4789, "4789"},
	{7946, 7946, "7946"},
	{8080, 8082, "8080-8082"},
	{30000, 32767, "30000-32767"},
};

/* Exactly @n whole numbers in @s. */
static bool numbers(const char *s, long *ret, int n)
{
	for (int i = 0; i < n; i++) {
		char *end;

		if (*s < '0' || *s > '9')
			return false;
		errno = 0;
		ret[i] = strtol(s, &end, 10);
		if (errno || (*end != ' ' && *end))
			return false;
		s = *end ? end + 1 : end;
	}
	return !*s;
}

static void bad_sysctl(struct checker *k, const struct spec_sysctl *s, const char *what)
{
	_cleanup_buf_ struct buf where = BUF_INIT, value = BUF_INIT;

	buf_addf(&where, "tune.sysctl.%s", s->key);
	value_quote(&value, s->value);
	diag_add(k->diag, check_place(k, marks_find(k->marks, "%s", buf_str(&where))),
		buf_str(&where), "%s %s", buf_str(&value), what);
}

static void check_port_range(struct checker *k, const struct spec_sysctl *s)
{
	_cleanup_buf_ struct buf covered = BUF_INIT;
	long port[2];

	if (!numbers(s->value, port, 2)) {
		bad_sysctl(k, s, "is not a range: two numbers, as in 1024 65000");
		return;
	}
	if (port[0] < 1 || port[1] > 65535 || port[0] >= port[1]) {
		bad_sysctl(k, s, "is not a range of ports: the lower one first, 1 to 65535");
		return;
	}
	if (!s->line)
		return; /* the default needs no comment */
	for (size_t i = 0; i < ARRAY_SIZE(service_ports); i++)
		if (port[0] <= service_ports[i].last && port[1] >= service_ports[i].first)
			buf_addf(&covered, "%s%s", covered.len ? ", " : "", service_ports[i].what);
	if (covered.len)
		check_warn(k, "note", s->line,
			"tune.sysctl.%s: the range covers ports that services listen on (%s): "
			"svarm reserves them",
			s->key, buf_str(&covered));
	if (port[0] % 2 == port[1] % 2)
		check_warn(k, "note", s->line,
			"tune.sysctl.%s: the kernel prefers one even and one odd end: %ld %ld",
			s->key, port[0], port[1] < 65535 ? port[1] + 1 : port[1] - 1);
}

static void check_number(struct checker *k, const struct spec_sysctl *s, long min, long max)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	long n;

	if (numbers(s->value, &n, 1) && n >= min && n <= max)
		return;
	buf_addf(&what, "is not a number from %ld to %ld", min, max);
	bad_sysctl(k, s, buf_str(&what));
}

static void check_sysctl(struct checker *k, const struct spec_sysctl *s)
{
	if (!strcmp(s->key, "net.ipv4.ip_local_port_range"))
		check_port_range(k, s);
	else if (!strcmp(s->key, "net.core.somaxconn"))
		check_number(k, s, 1, 65535);
	else if (!strcmp(s->key, "net.ipv4.tcp_tw_reuse"))
		check_number(k, s, 0, 2);
}

static const struct spec_pair *given(const struct draft *d, const char *key)
{
	for (size_t i = 0; i < d->n_sysctl; i++)
		if (!strcmp(d->sysctl[i].key, key))
			return &d->sysctl[i];
	return NULL;
}

static bool is_default(const char *key)
{
	for (const struct sysctl_default *s = grammar_sysctls; s->key; s++)
		if (!strcmp(s->key, key))
			return true;
	return false;
}

/* The defaults, each with the spec's value where it gives one, then the spec's others. */
static void merge_sysctls(struct checker *k)
{
	struct draft *d = k->draft;
	size_t n = 0;

	for (const struct sysctl_default *s = grammar_sysctls; s->key; s++)
		n++;
	d->c.tune.sysctl = arena_array(k->arena, struct spec_sysctl, n + d->n_sysctl);
	n = 0;
	for (const struct sysctl_default *s = grammar_sysctls; s->key; s++) {
		const struct spec_pair *p = given(d, s->key);

		d->c.tune.sysctl[n++] = p && p->value
						? (struct spec_sysctl){s->key, p->value, p->line}
						: (struct spec_sysctl){s->key, s->value, 0};
	}
	for (size_t i = 0; i < d->n_sysctl; i++) {
		const struct spec_pair *p = &d->sysctl[i];

		if (p->value && !is_default(p->key))
			d->c.tune.sysctl[n++] = (struct spec_sysctl){p->key, p->value, p->line};
	}
	d->c.tune.n_sysctl = n;
}

/* Each connection may hold a whole buffer: an operator should know what that comes to. */
static void check_body_memory(struct checker *k, int line)
{
	const struct spec_tune *t = &k->draft->c.tune;
	uint64_t connections = (uint64_t)t->nginx.worker_connections;
	uint64_t held = MIN_OF(t->nginx.client_body_buffer_size, t->nginx.client_max_body_size);
	_cleanup_buf_ struct buf buffer = BUF_INIT, worst = BUF_INIT, fits = BUF_INIT;
	uint64_t bound = 1024;

	if (held * connections <= MUCH_MEMORY)
		return;
	while (bound * 2 * connections <= MUCH_MEMORY)
		bound *= 2;
	value_show_size(&buffer, held);
	value_show_size(&worst, held * connections);
	value_show_size(&fits, bound);
	check_warn(k, "warning", line,
		"tune.nginx: at worst, %d connections x %s of body buffer take %s of memory per "
		"nginx worker; to bound it, lower client_body_buffer_size (to %s: larger bodies "
		"then go through a file) or worker_connections",
		t->nginx.worker_connections, buf_str(&buffer), buf_str(&worst), buf_str(&fits));
}

static void check_nginx(struct checker *k)
{
	const struct spec_tune *t = &k->draft->c.tune;
	int line = check_line(marks_find(k->marks, "tune.nginx.client_body_buffer_size"));
	_cleanup_buf_ struct buf body = BUF_INIT, buffer = BUF_INIT;

	value_show_size(&body, t->nginx.client_max_body_size);
	value_show_size(&buffer, t->nginx.client_body_buffer_size);
	if (t->nginx.client_body_buffer_size > t->nginx.client_max_body_size)
		check_warn(k, "warning", line,
			"tune.nginx: client_body_buffer_size %s is more than client_max_body_size "
			"%s: no body ever fills it",
			buf_str(&buffer), buf_str(&body));
	check_body_memory(k, line);
}

void check_tune(struct checker *k)
{
	merge_sysctls(k);
	for (size_t i = 0; i < k->draft->c.tune.n_sysctl; i++)
		check_sysctl(k, &k->draft->c.tune.sysctl[i]);
	check_nginx(k);
}
