/* stack.yml files that a spec includes: see include.h. */
#include "lib/spec/include.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/xalloc.h"
#include "lib/spec/parse.h"

enum { MAX_FUNCTIONS = 2000, MAX_ENV_FILES = 200 };

/* Only a regular file: reading a pipe or a device might never end. */
static int read_text(const char *path, struct buf *ret, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(err, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "it is not a file");
	if (st.st_size > SPEC_MAX_BYTES)
		return err_set(err, -EFBIG, "it is larger than 1 MiB");
	return buf_read_file(ret, path, SPEC_MAX_BYTES, err);
}

/* True when it was read to its end. */
static bool parse(struct include *in, struct arena *arena, const char *path,
	const struct section *root, void *base)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct parse_input input = {
		.source = &in->source,
		.path = path,
		.root = root,
		.empty = "the file is empty",
		.arena = arena,
		.diag = &in->diag,
		.marks = &in->marks,
		.expand = &in->expand,
	};
	struct yaml_pos at;

	in->source = source_of(path, buf_str(&in->text), in->text.len);
	in->diag = DIAG_INIT(&in->source);
	in->expand.arena = arena;
	if (source_check(&in->source, &at, &err) < 0) {
		diag_add(&in->diag, (struct yaml_span){at, at}, "", "%s", err_msg(&err));
		return false;
	}
	return parse_file(&input, base);
}

/* ---- environment_file ---- */

static bool has_pair(const struct spec_pair *list, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].key, key))
			return true;
	return false;
}

/* What the function itself says wins, then the file that is named first. */
static void merge_env(struct arena *a, struct spec_function *fn, const struct stack_env *more)
{
	struct spec_pair *all = arena_array(a, struct spec_pair, fn->n_env + more->n_env + 1);
	size_t n = fn->n_env;

	if (n)
		memcpy(all, fn->env, n * sizeof(*all));
	for (size_t i = 0; i < more->n_env; i++)
		if (!has_pair(fn->env, fn->n_env, more->env[i].key))
			all[n++] = more->env[i];
	fn->env = all;
	fn->n_env = n;
}

static void read_env_file(
	struct include *in, struct arena *a, struct spec_function *fn, const char *path)
{
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf where = BUF_INIT;
	struct include *file = xcalloc(1, sizeof(*file));
	struct stack_env env = {0};
	const struct mark *m;
	int r;

	file->next = in->next;
	in->next = file;
	if (in->n_env_files++ < MAX_ENV_FILES)
		r = read_text(path, &file->text, &err);
	else
		r = err_set(&err, -E2BIG, "there are more than %d", MAX_ENV_FILES);
	if (r >= 0) {
		if (parse(file, a, path, &grammar_stack_env, &env))
			merge_env(a, fn, &env);
		return;
	}
	buf_addf(&where, "functions.%s.environment_file", fn->name);
	m = marks_find(&in->marks, "%s", buf_str(&where));
	diag_add(&in->diag, m ? m->at : (struct yaml_span){{1, 1}, {1, 1}}, buf_str(&where),
		"a file cannot be read: %s", err_msg(&err));
}

/* ---- functions ---- */

static void take_functions(
	struct draft *draft, struct include *in, const char *path, struct stack_yml *yml)
{
	struct arena *a = &draft->c.arena;
	struct spec_faas *faas = &draft->c.faas;
	struct spec_function *all = arena_array(
		a, struct spec_function, faas->n_functions + yml->n_functions + 1);

	if (faas->n_functions)
		memcpy(all, faas->functions, faas->n_functions * sizeof(*all));
	in->first = faas->n_functions;
	for (size_t i = 0; i < yml->n_functions; i++) {
		struct stack_function *f = &yml->functions[i];

		for (size_t e = 0; f->fn.name && e < f->n_env_files; e++)
			if (f->env_files[e])
				read_env_file(in, a, &f->fn, f->env_files[e]);
		if (f->fn.fprocess && !*f->fn.fprocess)
			f->fn.fprocess = NULL;
		f->fn.replicas = 1;
		f->fn.file = path;
		all[in->first + in->n++] = f->fn;
	}
	faas->functions = all;
	faas->n_functions += in->n;
}

static void read_one(
	struct draft *draft, size_t i, struct diag *diag, struct marks *marks, struct include *in)
{
	const char *path = draft->c.faas.includes[i].path;
	const struct mark *m = marks_find(marks, "faas.functions_from[%zu]", i);
	_cleanup_err_ struct err err = ERR_INIT;
	struct stack_yml yml = {0};

	in->first = draft->c.faas.n_functions;
	if (!path)
		return; /* reported */
	if (!m)
		m = marks_find(marks, "faas.functions_from");
	if (read_text(path, &in->text, &err) < 0)
		diag_add(diag, m->at, m->path, "cannot be read: %s", err_msg(&err));
	else if (parse(in, &draft->c.arena, path, &grammar_stack, &yml))
		take_functions(draft, in, path, &yml);
	if (draft->c.faas.n_functions > MAX_FUNCTIONS)
		diag_add(diag, m->at, m->path, "makes more than %d functions", MAX_FUNCTIONS);
}

void includes_read(
	struct draft *draft, struct diag *diag, struct marks *marks, struct includes *ret)
{
	ret->n = draft->c.faas.n_includes;
	ret->list = xcalloc(ret->n + 1, sizeof(*ret->list));
	for (size_t i = 0; i < ret->n && draft->c.faas.n_functions <= MAX_FUNCTIONS; i++)
		read_one(draft, i, diag, marks, &ret->list[i]);
}

int includes_result(struct includes *in, int r, struct err *err)
{
	for (size_t i = 0; i < in->n; i++) {
		for (struct include *file = &in->list[i]; file; file = file->next) {
			_cleanup_err_ struct err more = ERR_INIT;
			_cleanup_buf_ struct buf text = BUF_INIT;

			if (!file->diag.source || diag_result(&file->diag, &more) >= 0)
				continue;
			if (r < 0)
				buf_addf(&text, "%s\n\n", err_msg(err));
			buf_adds(&text, err_msg(&more));
			r = err_set(err, ERR_SPEC, "%s", buf_str(&text));
		}
	}
	return r;
}

static void include_done(struct include *in)
{
	if (in->diag.source)
		diag_done(&in->diag);
	marks_done(&in->marks);
	expansion_done(&in->expand);
	buf_done(&in->text);
}

void includes_done(struct includes *in)
{
	for (size_t i = 0; i < in->n; i++) {
		struct include *file = in->list[i].next;

		include_done(&in->list[i]);
		while (file) {
			struct include *next = file->next;

			include_done(file);
			free(file);
			file = next;
		}
	}
	free(in->list);
	*in = (struct includes){0};
}
