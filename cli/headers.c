/* Headers of the command line and of files: see headers.h. */
#include "cli/headers.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/spec/diag.h"

static void add(struct headers *h, const char *header)
{
	xgrow(h->items, h->n, h->cap);
	h->items[h->n++] = header;
}

/* The line with a caret, without its value: of what has no name, nothing can be told from one. */
static int draw(const char *name, const struct header_file *f, struct err *err)
{
	const struct source source = source_of(name, buf_str(&f->text), f->text.len);
	struct diag d = DIAG_INIT(&source);
	struct source_cursor line = {0};
	struct yaml_span at = {{f->line, f->column}, {f->line, f->column + 1}}, mask = at;
	int r;

	if (source_seek(&source, &line, f->line)) {
		const char *colon = memchr(line.text, ':', line.len);
		size_t fault;

		mask.start.col = 1;
		mask.end.col = (int)line.len + 1;
		if (colon && !header_fault(line.text, (size_t)(colon - line.text) + 1, &fault))
			mask.start.col = (int)(colon - line.text) + 2;
		diag_mask(&d, mask);
	}
	diag_add(&d, at, "", "%s", f->wrong);
	r = diag_result(&d, err);
	diag_done(&d);
	return r;
}

static void warn_of_others(const struct cli *cli, const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_addc(&text, '\'');
	escape_text(&text, path, strlen(path), false);
	buf_adds(&text, "' can be read by everybody on this machine; chmod 600");
	output_warning(cli, buf_str(&text));
}

static int read_file(const struct cli *cli, const char *path, struct headers *h, struct err *err)
{
	struct header_file *f;
	int r;

	xgrow(h->files, h->n_files, h->cap_files);
	f = &h->files[h->n_files++];
	*f = (struct header_file){0};
	r = header_file_read(path, f, err);
	if (r == -EINVAL)
		return draw(strcmp(path, "-") ? path : "standard input", f, err);
	if (r < 0)
		return err_wrap(err, "--header");
	if (f->others_may_read)
		warn_of_others(cli, path);
	for (size_t i = 0; i < f->n; i++)
		add(h, f->lines[i]);
	return 0;
}

int headers_read(const struct cli *cli, const struct option_list *given, const char *input_taken,
	struct headers *ret, struct err *err)
{
	const char *wrong;
	size_t at;
	int r;

	for (size_t i = 0; i < given->n; i++) {
		const char *h = given->items[i];

		if (!strcmp(h, "@-") && input_taken)
			return err_set(err, ERR_SPEC,
				"%s and headers cannot both come from standard input", input_taken);
		if (*h == '@') {
			if (!strcmp(h, "@-"))
				input_taken = "other headers";
			r = read_file(cli, h + 1, ret, err);
			if (r < 0)
				return r;
			continue;
		}
		wrong = header_fault(h, strlen(h), &at);
		if (wrong)
			return err_set(err, ERR_SPEC, "--header: number %zu: %s", i + 1, wrong);
		add(ret, h);
	}
	return 0;
}

void headers_done(struct headers *h)
{
	for (size_t i = 0; i < h->n_files; i++)
		header_file_done(&h->files[i]);
	free(h->files);
	free(h->items);
	*h = (struct headers){0};
}
