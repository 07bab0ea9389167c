/* Ask a node for its facts: one read-only script, one answer. */
#include "lib/base/quote.h"
#include "lib/node/pending.h"
#include "lib/node/template.h"
#include "lib/run/fleet_impl.h"

struct question {
	struct buf text;
	bool sent;
};

static enum link_input give_question(void *arg, const char **data, size_t *len, struct err *err)
{
	struct question *q = arg;

	if (q->sent)
		return LINK_INPUT_EOF;
	q->sent = true;
	*data = buf_str(&q->text);
	*len = q->text.len;
	return LINK_INPUT_DATA;
}

static int check_status(const struct link_result *result, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (result->status == 0)
		return 0;
	escape_text(&text, buf_str(&result->err), MIN_OF(result->err.len, 400), false);
	return err_set(err, ERR_REMOTE, "the facts script failed (exit %d): %s", result->status,
		buf_str(&text));
}

int node_gather(struct node_run *nr, const struct fleet_flow *flow, struct err *err)
{
	_cleanup_(link_result_done) struct link_result result = {0};
	_cleanup_buf_ struct buf script = BUF_INIT;
	struct question question = {0};
	struct link_exec exec = {
		.input = give_question,
		.arg = &question,
		.idle_timeout = 60 * USEC_PER_SEC,
		.deadline = 120 * USEC_PER_SEC,
		.max_output = 16 * 1024 * 1024,
		.cancel = nr->fleet->options.cancel,
	};
	usec_t start = clock_now();
	int r;

	events_state(nr->fleet->options.events, nr->node->index, "reading facts");
	r = template_text("facts.sh", &script, err);
	if (r < 0)
		return r;
	exec.script = buf_str(&script);
	flow->ask(flow->arg, nr->node, &question.text);
	if (flow->want)
		pending_ask(&question.text);
	nr->facts.asked = clock_wall();
	r = link_exec(nr->link, &exec, &result, err);
	buf_done(&question.text);
	if (r >= 0)
		r = check_status(&result, err);
	if (r >= 0)
		r = facts_parse(buf_str(&result.out), result.out.len, &nr->facts, err);
	nr->facts.answered = clock_wall();
	nr->facts_seconds = (double)(clock_now() - start) / 1e6;
	return r < 0 ? err_wrap(err, "reading facts") : 0;
}
