/*
 * Cross-checks of functions, of the spec and of the files that it includes; what `scale` and its
 * labels mean together becomes one answer here.  Where a function stands is a path of its file:
 * "faas.functions[3]", or "functions.NAME" in a stack.yml.
 */
#include <stdlib.h>

#include "lib/spec/checker.h"

#define SCALE "com.openfaas.scale."

/* Report what is wrong with member @what of the function at @at. */
static void wrong(struct checker *k, const char *at, const char *what, const char *fmt, ...)
	_printf_(4, 5);
static void wrong(struct checker *k, const char *at, const char *what, const char *fmt, ...)
{
	_cleanup_buf_ struct buf where = BUF_INIT, text = BUF_INIT;
	const struct mark *m;
	va_list ap;

	buf_addf(&where, "%s.%s", at, what);
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	m = marks_find(k->marks, "%s", buf_str(&where));
	if (!m)
		m = marks_find(k->marks, "%s", at);
	diag_add(k->diag, check_place(k, m), buf_str(&where), "%s", buf_str(&text));
}

static bool is_given(struct checker *k, const char *at, const char *what)
{
	return marks_find(k->marks, "%s.%s", at, what) != NULL;
}

/* ---- members by themselves ---- */

static void check_image(struct checker *k, const struct spec_function *f, const char *at)
{
	const char *slash = strrchr(f->image, '/');
	const char *tag = strchr(slash ? slash : f->image, ':');
	int line = check_line(marks_find(k->marks, "%s.image", at));

	if (strchr(f->image, '@'))
		return;
	if (!tag)
		check_warn(k, "warning", line,
			"%s.image: '%s' has no tag, so what runs may change by itself; name a "
			"version",
			at, f->image);
	else if (!strcmp(tag, ":latest"))
		check_warn(k, "warning", line,
			"%s.image: '%s' may mean another image tomorrow; name a version", at,
			f->image);
}

static void check_limits(struct checker *k, const struct spec_function *f, const char *at)
{
	if (f->limits.memory && f->requests.memory > f->limits.memory)
		wrong(k, at, "requests.memory", "more is requested than the limit allows");
	else if (f->limits.cpus > 0 && f->requests.cpus > f->limits.cpus)
		wrong(k, at, is_given(k, at, "requests.cpu") ? "requests.cpu" : "requests.cpus",
			"more is requested than the limit allows");
}

static void check_environment(struct checker *k, const struct spec_function *f, const char *at)
{
	for (size_t e = 0; e < f->n_env; e++) {
		const char *key = f->env[e].key;

		if (diag_secret_name(key, strlen(key)))
			check_warn(k, "warning", f->env[e].line,
				"%s.environment: %s looks like a secret: everybody who can inspect "
				"the service can read it",
				at, key);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_secrets(struct checker *k, const struct spec_function *f, const char *at)
{
	const char **sorted = arena_array(k->arena, const char *, f->n_secrets + 1);
	size_t n = 0;

	for (size_t i = 0; i < f->n_secrets; i++)
		if (f->secrets[i])
			sorted[n++] = f->secrets[i];
	if (n)
		qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			wrong(k, at, "secrets", "'%s' is named twice", sorted[i]);
}

/* ---- scaling ---- */

static const char *label_of(const struct spec_function *f, const char *key)
{
	for (size_t i = 0; i < f->n_labels; i++)
		if (!strcmp(f->labels[i].key, key))
			return f->labels[i].value;
	return NULL;
}

static bool has_scale_label(const struct spec_function *f)
{
	for (size_t i = 0; i < f->n_labels; i++)
		if (!strncmp(f->labels[i].key, SCALE, strlen(SCALE)))
			return true;
	return false;
}

/* As the gateway reads them: what is no number has its default. */
static int number_label(const struct spec_function *f, const char *key, int dflt)
{
	const char *text = label_of(f, key);
	char *end;
	long n;

	if (!text || *text < '0' || *text > '9')
		return dflt;
	n = strtol(text, &end, 10);
	return *end || n < 1 || n > 1000 ? dflt : (int)n;
}

static void scale_by_labels(struct spec_function *f)
{
	const char *zero = label_of(f, SCALE "zero");

	f->scale.moves = f->scale.in_labels = true;
	f->scale.min = number_label(f, SCALE "min", 1);
	f->scale.max = number_label(f, SCALE "max", 20);
	if (f->scale.max < f->scale.min)
		f->scale.max = f->scale.min;
	f->scale.zero = zero && !strcmp(zero, "true");
}

/* Without a word about scaling the number is what the spec says; 0: until a call wakes it. */
static void fixed_number(struct spec_function *f)
{
	int n = f->replicas > 0 ? f->replicas : 1;

	f->scale = (struct spec_scale){.min = n, .max = n};
}

static void check_scale(struct checker *k, struct spec_function *f, const char *at)
{
	struct spec_scale *s = &f->scale;
	bool section = is_given(k, at, "scale");

	if (section && has_scale_label(f)) {
		wrong(k, at, "labels", "'" SCALE "…' says again what 'scale' says; keep one");
		return;
	}
	if (!section && !has_scale_label(f)) {
		fixed_number(f);
		return;
	}
	if (!section)
		scale_by_labels(f);
	s->moves = true;
	if (s->min > s->max)
		wrong(k, at, is_given(k, at, "scale.min") ? "scale.min" : "scale.max",
			"min is %d and max is %d", s->min, s->max);
	else if (!is_given(k, at, "replicas"))
		f->replicas = s->min;
	else if (f->replicas > s->max || (f->replicas && f->replicas < s->min))
		wrong(k, at, "replicas", "%d is not between %d and %d, as scaling wants it",
			f->replicas, s->min, s->max);
	if (section && !s->zero && is_given(k, at, "scale.zero_after"))
		check_warn(k, "warning",
			check_line(marks_find(k->marks, "%s.scale.zero_after", at)),
			"%s.scale.zero_after: means nothing without 'zero: true'", at);
}

/* ---- all ---- */

/* On which nodes its containers may run is the scheduler's business, but there must be one. */
static void check_function(struct checker *k, struct spec_function *f, const char *at)
{
	const struct mark *m = marks_find(k->marks, "%s", at);

	if (f->image)
		check_image(k, f, at);
	check_limits(k, f, at);
	check_environment(k, f, at);
	check_secrets(k, f, at);
	if (!m || !m->bad)
		check_scale(k, f, at);
}

static const char *place_of(struct checker *k, const struct spec_function *f, size_t i)
{
	if (k->file)
		return arena_printf(k->arena, "functions.%s", f->name ? f->name : "?");
	return arena_printf(k->arena, "faas.functions[%zu]", i);
}

/* Functions @first to @first + @n belong to the file at hand. */
static void check_range(struct checker *k, size_t first, size_t n)
{
	struct spec_function *all = k->draft->c.faas.functions;

	for (size_t i = first; i < first + n; i++)
		if (all[i].name || !k->file)
			check_function(k, &all[i], place_of(k, &all[i], i));
}

static void check_unset(struct checker *k, const struct expansion *x)
{
	for (size_t i = 0; i < x->n_unset; i++)
		check_warn(k, "warning", x->unset[i].line,
			"variable %s is not set and has no default: nothing takes its place",
			x->unset[i].name);
}

/* Make @k look at the file with number @file: 0 is the spec. */
static void look_at(struct checker *k, const struct checker *spec, size_t file)
{
	struct include *in = file ? &k->includes->list[file - 1] : NULL;

	k->file = file;
	k->diag = in ? &in->diag : spec->diag;
	k->marks = in ? &in->marks : spec->marks;
}

static size_t file_of(const struct checker *k, size_t function)
{
	for (size_t i = 0; i < k->includes->n; i++)
		if (function >= k->includes->list[i].first &&
			function < k->includes->list[i].first + k->includes->list[i].n)
			return i + 1;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct unique *x = a, *y = b;
	int r = strcmp(x->text, y->text);

	return r ? r : x->index < y->index ? -1 : x->index > y->index;
}

/* A name counts for the spec and all files together: both places are told. */
static void check_names(struct checker *k, const struct checker *spec)
{
	const struct spec_faas *faas = &k->draft->c.faas;
	struct unique *names = arena_array(k->arena, struct unique, faas->n_functions + 1);
	size_t n = 0, first = 0;

	for (size_t i = 0; i < faas->n_functions; i++)
		if (faas->functions[i].name)
			names[n++] = (struct unique){.text = faas->functions[i].name, .index = i};
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n; i++) {
		const struct spec_function *f = &faas->functions[names[i].index], *taken;
		_cleanup_buf_ struct buf there = BUF_INIT;

		if (strcmp(names[i].text, names[first].text)) {
			first = i;
			continue;
		}
		taken = &faas->functions[names[first].index];
		look_at(k, spec, file_of(k, names[i].index));
		if (strcmp(taken->file, f->file))
			escape_text(&there, taken->file, strlen(taken->file), false);
		wrong(k, place_of(k, f, names[i].index), "name",
			"name '%s' is taken already, in %s%sline %d", f->name, buf_str(&there),
			there.len ? ", " : "", taken->line);
	}
}

void check_functions(struct checker *k)
{
	const struct spec_faas *faas = &k->draft->c.faas;
	const struct checker spec = *k;
	size_t own = faas->n_functions;

	for (size_t i = 0; i < k->includes->n; i++)
		own -= k->includes->list[i].n;
	check_range(k, 0, own);
	for (size_t i = 0; i < k->includes->n; i++) {
		struct include *in = &k->includes->list[i];

		if (!in->diag.source)
			continue;
		look_at(k, &spec, i + 1);
		check_range(k, in->first, in->n);
		check_unset(k, &in->expand);
	}
	check_names(k, &spec);
	look_at(k, &spec, 0);
}
