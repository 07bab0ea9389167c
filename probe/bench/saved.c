/*
 * Runs that the leader keeps, so that whoever measures next has something to compare with: see
 * saved.h.  Two fixed scripts there, which only see a name made of digits and the document as data.
 */
#include "probe/bench/saved.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/node/template.h"
#include "probe/bench/document.h"

enum { SECONDS = 60, NOTHING_SAVED = 3 };

struct job {
	const char *template;
	const struct buf *input; /* NULL: none */
	bool sent, ran;
	struct link_result result;
};

static enum link_input give(void *arg, const char **data, size_t *len, struct err *err)
{
	struct job *j = arg;

	if (j->sent || !j->input)
		return LINK_INPUT_EOF;
	j->sent = true;
	*data = buf_str(j->input);
	*len = j->input->len;
	return LINK_INPUT_DATA;
}

static int run_on_leader(struct node_run *nr, void *arg, struct err *err)
{
	struct job *j = arg;
	_cleanup_buf_ struct buf script = BUF_INIT;
	struct link_exec exec = {
		.input = give,
		.arg = j,
		.deadline = SECONDS * USEC_PER_SEC,
		.max_output = DOCUMENT_MAX,
		.cancel = fleet_options_of(nr->fleet)->cancel,
	};
	int r;

	if (nr->node != cluster_leader(fleet_cluster(nr->fleet)))
		return 0;
	r = template_text(j->template, &script, err);
	if (r < 0)
		return r;
	exec.script = buf_str(&script);
	r = link_exec(nr->link, &exec, &j->result, err);
	j->ran = r >= 0;
	return r;
}

/* 0 and the exit status in j->result.  A node other than the leader may be down. */
static int run(struct fleet *f, struct job *j, struct err *err)
{
	const struct spec_node *leader = cluster_leader(fleet_cluster(f));
	_cleanup_err_ struct err why = ERR_INIT;
	int r = fleet_each(f, run_on_leader, j, &why);

	if (j->ran)
		return 0;
	return r < 0 ? err_move(err, &why)
		     : err_set(err, ERR_REMOTE, "%s: not connected", leader->name);
}

static int refused(const struct job *j, const char *what, struct err *err)
{
	_cleanup_buf_ struct buf said = BUF_INIT;

	escape_text(&said, buf_str(&j->result.err), MIN_OF(j->result.err.len, (size_t)300), false);
	return err_set(err, ERR_REMOTE, "%s on the leader: exit status %d: %s", what,
		j->result.status, buf_str(&said));
}

/* "20261125T120000Z-RUN.json": by name is by time. */
static void add_name(struct buf *out, const json_t *doc)
{
	const char *started = json_str(doc, "started"), *run_id = json_str(doc, "run");

	for (const char *p = started ? started : ""; *p; p++)
		if (isalnum((unsigned char)*p))
			buf_addc(out, *p);
	buf_addc(out, '-');
	for (const char *p = run_id ? run_id : ""; *p; p++)
		if (isalnum((unsigned char)*p))
			buf_addc(out, *p);
	buf_adds(out, ".json");
}

int saved_write(struct fleet *f, const json_t *doc, struct err *err)
{
	_cleanup_buf_ struct buf input = BUF_INIT, text = BUF_INIT;
	struct job j = {.template = "bench-save.sh", .input = &input};
	int r;

	json_print(doc, &text);
	add_name(&input, doc);
	buf_addf(&input, " %zu\n", text.len);
	buf_add(&input, text.data, text.len);
	r = run(f, &j, err);
	if (r >= 0 && j.result.status != 0)
		r = refused(&j, "saving", err);
	link_result_done(&j.result);
	return r;
}

int saved_read(struct fleet *f, json_t **ret, struct err *err)
{
	struct job j = {.template = "bench-saved.sh"};
	int r = run(f, &j, err);

	if (r >= 0 && j.result.status == NOTHING_SAVED)
		r = err_set(err, -ENOENT,
			"no run is saved on the leader; 'svarm bench --save' saves one");
	else if (r >= 0 && j.result.status != 0)
		r = refused(&j, "reading the saved run", err);
	else if (r >= 0)
		r = document_parse(buf_str(&j.result.out), j.result.out.len, ret, err);
	link_result_done(&j.result);
	return r;
}
