/* The command line of `svarm bench`, and what it means: see bench_job.h. */
#include "cli/bench_job.h"

#include <string.h>
#include <unistd.h>

#include "cli/bench_cost.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/spec/suggest.h"
#include "probe/bench/document.h"

/* ---- sections and the spec ---- */

static bool is_section(const char *word)
{
	for (size_t i = 0; i < bench_n_sections(); i++)
		if (!strcmp(bench_section_at(i).name, word))
			return true;
	return false;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && !strcmp(s + n - k, end);
}

static bool looks_like_file(const char *word)
{
	return !strcmp(word, "-") || strchr(word, '/') || ends_with(word, ".yaml") ||
	       ends_with(word, ".yml") || access(word, F_OK) == 0;
}

static int take_arguments(const struct cli *cli, struct bench_job *j, struct err *err)
{
	j->sections = xcalloc((size_t)cli->n_args + 1, sizeof(*j->sections));
	for (int i = 0; i < cli->n_args; i++) {
		char *word = cli->args[i];

		if (is_section(word) || !looks_like_file(word)) {
			j->sections[j->n_sections++] =
				word; /* bench_check_sections() knows if it is one */
			continue;
		}
		if (j->file[0])
			return err_set(err, ERR_SPEC, "two specs are given: '%s' and '%s'",
				j->file[0], word);
		j->file[0] = word;
	}
	j->o.sections = j->sections;
	j->o.n_sections = j->n_sections;
	return 0;
}

bool bench_job_cluster(const struct bench_job *j)
{
	if (j->file[0] || j->own->save || bench_job_saved(j))
		return true;
	if (j->input)
		return false;
	if (!j->own->url || j->own->from.n)
		return true;
	for (size_t i = 0; i < j->n_sections; i++)
		if (strcmp(j->sections[i], "http") != 0)
			return true;
	return false;
}

bool bench_job_measures(const struct bench_job *j, const char *section)
{
	for (size_t i = 0; i < j->n_sections; i++)
		if (!strcmp(j->sections[i], section))
			return true;
	if (j->n_sections)
		return false;
	if (j->input)
		return json_at(j->input, "sections", section, NULL) != NULL;
	if (!bench_job_cluster(j))
		return !strcmp(section, "http");
	for (size_t i = 0; i < bench_n_sections(); i++)
		if (!strcmp(bench_section_at(i).name, section))
			return !bench_section_at(i).only_named;
	return false;
}

/* ---- values of options ---- */

static void take_plain(struct bench_job *j)
{
	const struct bench_own *own = j->own;
	struct bench_options *o = &j->o;

	o->url = own->url;
	o->method = own->method;
	o->from = own->from.items;
	o->n_from = own->from.n;
	o->connections = (unsigned)own->connections;
	o->threads = (unsigned)own->threads;
	o->rounds = (unsigned)own->rounds;
	o->calls = (unsigned)own->calls;
	o->fresh = own->fresh;
	o->insecure = own->insecure;
	o->until_stable = own->until_stable;
	o->ab = own->ab;
}

/* ---- documents ---- */

static int read_document(const char *option, const char *path, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = buf_read_file(&text, path, DOCUMENT_MAX, err);

	if (r < 0)
		return err_wrap(err, "--%s", option);
	r = document_parse(buf_str(&text), text.len, ret, err);
	if (r < 0) {
		_cleanup_buf_ struct buf shown = BUF_INIT;

		escape_text(&shown, path, strlen(path), false);
		err_wrap(err, "--%s: '%s'", option, buf_str(&shown));
		return err->code = ERR_SPEC;
	}
	return 0;
}

bool bench_job_saved(const struct bench_job *j)
{
	return j->own->compare && !strcmp(j->own->compare, "saved");
}

static int read_documents(struct bench_job *j, struct err *err)
{
	const struct bench_own *own = j->own;
	int r;

	if (own->input) {
		if (own->url || own->save || j->n_sections || own->from.n)
			return err_set(err, ERR_SPEC,
				"--input shows what was measured already: no section, --url, "
				"--from or --save with it");
		r = read_document("input", own->input, &j->input, err);
		if (r < 0)
			return r;
	}
	if (own->compare && !bench_job_saved(j))
		return read_document("compare", own->compare, &j->earlier, err);
	return 0;
}

/* ---- thresholds ---- */

static struct bench_threshold *add_threshold(
	struct bench_job *j, const char *text, const char *source)
{
	struct bench_threshold *b;

	xgrow(j->thresholds, j->n_thresholds, j->cap_thresholds);
	b = &j->thresholds[j->n_thresholds++];
	*b = (struct bench_threshold){.text = text, .source = source};
	return b;
}

static int wrong_threshold(const char *text, const struct threshold_fault *fault, struct err *err)
{
	_cleanup_buf_ struct buf drawn = BUF_INIT;
	_cleanup_err_ struct err why = ERR_INIT;

	err_move(&why, err);
	threshold_caret(text, fault, &drawn);
	return err_set(err, ERR_SPEC, "--fail-if: %s\n%s", err_msg(&why), buf_str(&drawn));
}

static int unmeasured(const char *text, const struct figure_name *f, struct err *err)
{
	struct threshold_fault fault = {strspn(text, " \t"), strlen(f->section)};

	if (!strcmp(f->section, "compare"))
		err_set(err, ERR_SPEC, "nothing is compared; --compare names an earlier run");
	else
		err_set(err, ERR_SPEC, "this run does not measure '%s'", f->section);
	return wrong_threshold(text, &fault, err);
}

static bool judged(const struct bench_job *j, const struct figure_name *f)
{
	if (!strcmp(f->section, "compare"))
		return j->own->compare != NULL;
	return bench_job_measures(j, f->section);
}

static int take_thresholds(struct bench_job *j, struct err *err)
{
	for (size_t i = 0; i < j->own->fail_if.n; i++) {
		const char *text = j->own->fail_if.items[i];
		struct bench_threshold *b = add_threshold(j, text, "--fail-if");
		struct threshold_fault fault;

		if (threshold_parse(text, &b->t, &fault, err) < 0)
			return wrong_threshold(text, &fault, err);
		/* A document may lack what was asked for: that is "unknown". */
		if (!judged(j, b->t.figure) &&
			(!j->input || !strcmp(b->t.figure->section, "compare")))
			return unmeasured(text, b->t.figure, err);
	}
	return 0;
}

void bench_job_spec(struct bench_job *j, const struct cluster *c, struct buf *left_out)
{
	for (size_t i = 0; i < c->n_fail_if; i++) {
		struct bench_threshold *b = add_threshold(j, c->fail_if[i], "verify.fail_if");

		/* It was read with the spec, so it can be read. */
		if (threshold_parse(b->text, &b->t, NULL, NULL) >= 0 && judged(j, b->t.figure))
			continue;
		buf_addf(left_out, "%s'%s'", left_out->len ? ", " : "", b->text);
		j->n_thresholds--;
	}
}

int bench_job_check_from(const struct bench_job *j, const struct cluster *c, struct err *err)
{
	_cleanup_free_ const char **names = xcalloc(c->n_nodes + 1, sizeof(*names));

	for (size_t i = 0; i < c->n_nodes; i++)
		names[i] = c->nodes[i].name;
	for (size_t i = 0; i < j->own->from.n; i++) {
		const char *name = j->own->from.items[i], *near = suggest(name, names, c->n_nodes);
		bool known = false;

		for (size_t k = 0; k < c->n_nodes; k++)
			known |= !strcmp(names[k], name);
		if (!known)
			return err_set(err, ERR_SPEC, "--from: no node is named '%s'%s%s%s", name,
				near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

void bench_progress(void *events, const char *section, const char *line)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_addf(&text, "%s: %s", section, line);
	events_emit(events, &(struct event){.kind = EVENT_PROGRESS, .text = buf_str(&text)});
}

/* ---- all of it ---- */

int bench_job_make(const struct cli *cli, struct bench_job *ret, struct err *err)
{
	int r;

	ret->own = cli->own;
	take_plain(ret);
	if ((r = take_arguments(cli, ret, err)) < 0 || (r = bench_job_load(cli, ret, err)) < 0)
		return r;
	r = bench_check_sections(ret->sections, ret->n_sections, err);
	if (r < 0)
		return err->code = ERR_SPEC;
	if ((r = read_documents(ret, err)) < 0)
		return r;
	if ((r = bench_cost_begin(ret, err)) < 0)
		return r;
	return take_thresholds(ret, err);
}

void bench_job_done(struct bench_job *j)
{
	bench_cost_done(j);
	arena_done(&j->arena);
	buf_wipe(&j->body);
	headers_done(&j->headers);
	free(j->sections);
	free(j->thresholds);
	json_decref(j->input);
	json_decref(j->earlier);
}
